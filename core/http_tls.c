/* http_tls: PEM files in, names of verified certificates out. */
#include "core/http_tls.h"
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define NAME_MAX_SIZE 1024 /* bytes of one name; longer ones are nobody's */

enum curfew_status curfew_http_tls_load(const struct curfew_http_tls *tls, struct curfew_http_tls_files *files,
                                        struct curfew_error *error)
{
    const struct curfew_file_request certificate = {tls->certificate_file, "certificate", CURFEW_HTTP_TLS_FILE_MAX,
                                                    CURFEW_FILE_PUBLIC};
    const struct curfew_file_request key = {tls->key_file, "key of the certificate", CURFEW_HTTP_TLS_FILE_MAX,
                                            CURFEW_FILE_PRIVATE};
    const struct curfew_file_request client_ca = {tls->client_ca_file, "clients' CA", CURFEW_HTTP_TLS_FILE_MAX,
                                                  CURFEW_FILE_PUBLIC};
    enum curfew_status status = curfew_file_read(&certificate, &files->certificate, error);
    if (status == CURFEW_OK) {
        status = curfew_file_read(&key, &files->key, error);
    }
    if (status == CURFEW_OK && tls->client_ca_file != NULL) {
        status = curfew_file_read(&client_ca, &files->client_ca, error);
    }
    return status;
}

void curfew_http_tls_unload(struct curfew_http_tls_files *files)
{
    curfew_file_wipe(&files->certificate);
    curfew_file_wipe(&files->key);
    curfew_file_wipe(&files->client_ca);
}

/* Whether a CA of ours vouches for the client's certificate, for this use and now. */
static bool is_verified(gnutls_session_t session)
{
    unsigned int problems = 0;
    gnutls_typed_vdata_st client = {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    return gnutls_certificate_type_get2(session, GNUTLS_CTYPE_CLIENT) == GNUTLS_CRT_X509 &&
           gnutls_certificate_verify_peers(session, &client, 1, &problems) == 0 && problems == 0;
}

static bool visit_names(gnutls_x509_crt_t certificate, curfew_http_visit_name *visit, void *context)
{
    for (unsigned int i = 0; i < CURFEW_HTTP_TLS_NAMES_MAX; i++) {
        uint8_t name[NAME_MAX_SIZE];
        size_t size = sizeof name;
        int kind = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);
        if (kind == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) {
            return false;
        }
        if ((kind != GNUTLS_SAN_URI && kind != GNUTLS_SAN_DNSNAME) || memchr(name, 0, size) != NULL) {
            continue;
        }
        if (visit(context, kind == GNUTLS_SAN_URI ? CURFEW_HTTP_NAME_URI : CURFEW_HTTP_NAME_DNS,
                  (struct curfew_slice){name, size})) {
            return true;
        }
    }
    return false;
}

bool curfew_http_tls_names(void *session, curfew_http_visit_name *visit, void *context)
{
    unsigned int count = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate = NULL;
    bool found = false;
    if (chain == NULL || count == 0 || !is_verified(session) || gnutls_x509_crt_init(&certificate) != 0) {
        return false;
    }
    if (gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == 0) {
        found = visit_names(certificate, visit, context);
    }
    gnutls_x509_crt_deinit(certificate);
    return found;
}
