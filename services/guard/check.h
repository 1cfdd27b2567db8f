/* check: the side-car's HTTP face: a bearer token in, a verdict out.
 *
 *   any method  /v1/check, /v1/check/...   200 allow, 401 no valid token, 403 deny, 503 cannot decide, 400 bad question
 *   GET         /v1/status /livez /readyz /metrics
 *
 * The class of the check comes from `class=` in the query or the header X-Curfew-Class, else from guard.class. Of two,
 * the stricter counts. On /v1/check/... path and query are those of the request a proxy asks about, chosen by whoever
 * sent it: there the query has no say, and method and path are told to the
 * audit.
 *
 * It answers from a hop through a small ops table. Handlers run on the server's threads, many at once. */
#ifndef CURFEW_GUARD_CHECK_H
#define CURFEW_GUARD_CHECK_H

#include "core/http.h"
#include <curfew/hop.h>

/* What curfew/hop.h offers, with the hop as `context`. Any thread. */
struct curfew_check_hop {
    enum curfew_status (*authorize)(void *context, const struct curfew_request *request, struct curfew_verdict *verdict,
                                    struct curfew_error *error);
    enum curfew_status (*ready)(void *context, struct curfew_error *error);
    char *(*status_json)(void *context); /* malloc'ed */
    char *(*metrics)(void *context); /* malloc'ed */
    void *context;
};

struct curfew_check {
    struct curfew_check_hop hop;
    bool has_class; /* guard.class is set */
    enum curfew_class strictness; /* guard.class */
};

/* For curfew_http_open, with a struct curfew_check as context. */
extern const struct curfew_http_route curfew_check_routes[];

#endif
