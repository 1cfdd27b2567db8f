/* http_tls: what a server with TLS is made of, and what a client's certificate says (over GnuTLS, which the HTTP
 * server's library speaks TLS with). */
#ifndef CURFEW_CORE_HTTP_TLS_H
#define CURFEW_CORE_HTTP_TLS_H

#include "core/file.h"
#include "core/http.h"

#define CURFEW_HTTP_TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define CURFEW_HTTP_TLS_FILE_MAX (256 * 1024) /* bytes */
#define CURFEW_HTTP_TLS_NAMES_MAX 64 /* of a certificate; more are not looked at */

/* As PEM. All zero: none. */
struct curfew_http_tls_files {
    struct curfew_file certificate;
    struct curfew_file key;
    struct curfew_file client_ca;
};

/* What was loaded is to be unloaded also when it fails. */
enum curfew_status curfew_http_tls_load(const struct curfew_http_tls *tls, struct curfew_http_tls_files *files,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_http_tls_unload(struct curfew_http_tls_files *files);

/* As curfew_http_peer_names says; `session` is the library's. */
bool curfew_http_tls_names(void *session, curfew_http_visit_name *visit, void *context);

#endif
