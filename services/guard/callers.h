/* callers: who may use the guard's door without a token of Curfew, by what each is known, and whose key speaks for it.
 * Immutable once made: any thread may look things up in it. Read from a file (docs/door.md):
 *
 *   {"callers":[{"name":"nightly","uid":1001,"key_file":"etl.key"},
 *               {"name":"etl","tls_client_auth_san_uri":"spiffe://acme/etl","key_file":"etl.key"},
 *               {"name":"etl-2","tls_client_auth_san_dns":"etl.acme.example","key_file":"etl.key"},
 *               {"name":"cron","secret_sha256":"64 hex digits","key_file":"cron.key"}]}
 *
 * Each is known by one of: its user (SO_PEERCRED), a name in its certificate (RFC 8705, 2.1.2), or a bearer secret
 * (RFC 6750), of which the file has the SHA-256 alone. key_file is relative to the file's directory. Refused: unknown
 * members, a file that the group or others may write, none or two ways to know one, a name or a way given twice, more
 * than the bounds. */
#ifndef CURFEW_GUARD_CALLERS_H
#define CURFEW_GUARD_CALLERS_H

#include "core/http.h"

#define CURFEW_CALLERS_FILE_MAX (256 * 1024) /* bytes */
#define CURFEW_CALLERS_MAX 256
#define CURFEW_CALLERS_KEYS_MAX 16 /* different key files: each has a connection to Kafka of its own */

struct curfew_callers;

struct curfew_caller {
    const char *name;
    const char *key_file;
    bool by_user; /* known by its user */
    bool by_certificate; /* known by its certificate */
};

enum curfew_status curfew_callers_load(const char *path, struct curfew_callers **callers,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_callers_destroy(struct curfew_callers *callers);

/* Leaves one out, by number: it is nobody from then on, and those behind it move up. Before others look things up. */
void curfew_callers_drop(struct curfew_callers *callers, size_t index);

/* By number; NULL past the last. What is found lives as long as the set. */
const struct curfew_caller *curfew_callers_at(const struct curfew_callers *callers, size_t index);
/* NULL: nobody. */
const struct curfew_caller *curfew_callers_of_user(const struct curfew_callers *callers, uid_t user);
const struct curfew_caller *curfew_callers_of_name(const struct curfew_callers *callers, enum curfew_http_name kind,
                                                   struct curfew_slice name);
const struct curfew_caller *curfew_callers_of_secret(const struct curfew_callers *callers, struct curfew_slice secret);

#endif
