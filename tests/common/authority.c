/* authority: keys and certificates by OpenSSL, as PEM files. */
#include "tests/common/authority.h"
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DAY_S 86400

struct authority {
    const char *directory;
    EVP_PKEY *key;
    X509 *certificate;
    long serial;
};

static void require(bool held, const char *what)
{
    if (!held) {
        (void)fprintf(stderr, "authority: %s failed\n", what);
        abort();
    }
}

static FILE *open_file(const struct authority *authority, const char *name, const char *end)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s.%s", authority->directory, name, end);
    FILE *file = fopen(path, "w");
    require(file != NULL && chmod(path, 0600) == 0, path);
    return file;
}

static void write_certificate(const struct authority *authority, const char *name, X509 *certificate)
{
    FILE *file = open_file(authority, name, "pem");
    require(PEM_write_X509(file, certificate) == 1 && fclose(file) == 0, "writing a certificate");
}

static void extend(struct authority *authority, X509 *certificate, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, authority->certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    require(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static X509 *make(struct authority *authority, EVP_PKEY *key, const char *name, int from_s, int to_s)
{
    X509 *made = X509_new();
    require(made != NULL && X509_set_version(made, 2) == 1, "making a certificate");
    require(ASN1_INTEGER_set(X509_get_serialNumber(made), ++authority->serial) == 1, "numbering it");
    require(X509_gmtime_adj(X509_getm_notBefore(made), from_s) != NULL &&
                X509_gmtime_adj(X509_getm_notAfter(made), to_s) != NULL,
            "giving it a life");
    require(X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                       -1, 0) == 1,
            "naming it");
    require(X509_set_pubkey(made, key) == 1, "giving it a key");
    X509 *signer = authority->certificate == NULL ? made : authority->certificate;
    require(X509_set_issuer_name(made, X509_get_subject_name(signer)) == 1, "naming its signer");
    return made;
}

struct authority *authority_create(const char *directory, const char *name)
{
    struct authority *authority = calloc(1, sizeof *authority);
    require(authority != NULL, "memory");
    authority->directory = directory;
    authority->key = EVP_EC_gen("P-256");
    require(authority->key != NULL, "making a key");
    X509 *made = make(authority, authority->key, name, -DAY_S, DAY_S);
    extend(authority, made, NID_basic_constraints, "critical,CA:TRUE");
    extend(authority, made, NID_key_usage, "critical,keyCertSign");
    require(X509_sign(made, authority->key, EVP_sha256()) > 0, "signing");
    authority->certificate = made;
    write_certificate(authority, name, made);
    return authority;
}

void authority_destroy(struct authority *authority)
{
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    free(authority);
}

void authority_sign(struct authority *authority, const struct authority_wish *wish)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    require(key != NULL, "making a key");
    X509 *made = make(authority, key, wish->name, wish->from_s, wish->to_s);
    if (wish->names != NULL) {
        extend(authority, made, NID_subject_alt_name, wish->names);
    }
    extend(authority, made, NID_ext_key_usage, wish->usage);
    require(X509_sign(made, authority->key, EVP_sha256()) > 0, "signing");
    write_certificate(authority, wish->name, made);
    FILE *file = open_file(authority, wish->name, "key");
    require(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0, "writing a key");
    X509_free(made);
    EVP_PKEY_free(key);
}
