/* authority: a certificate authority for tests of TLS: EC P-256 keys, certificates good for a day. Failing aborts. */
#ifndef CURFEW_TESTS_AUTHORITY_H
#define CURFEW_TESTS_AUTHORITY_H

struct authority;

/* Writes DIRECTORY/NAME.pem. */
struct authority *authority_create(const char *directory, const char *name);
void authority_destroy(struct authority *authority);

struct authority_wish {
    const char *name; /* of the files NAME.pem and NAME.key (mode 0600) */
    const char *names; /* subjectAltName as OpenSSL writes it: "URI:spiffe://acme/etl,DNS:etl.acme"; NULL: none */
    const char *usage; /* "serverAuth" or "clientAuth" */
    int from_s; /* its life, from now on */
    int to_s;
};
void authority_sign(struct authority *authority, const struct authority_wish *wish);

#endif
