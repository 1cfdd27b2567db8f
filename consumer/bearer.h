/* bearer: who holds a token, as the token itself proved it: for programs that act on behalf of its task. */
#ifndef CURFEW_CONSUMER_BEARER_H
#define CURFEW_CONSUMER_BEARER_H

#include <curfew/event.h>
#include <curfew/hop.h>

/* Strings end with NUL. */
struct curfew_bearer {
    bool known; /* the token proved what follows, whatever the verdict: it may be revoked, expired or for another */
    char tenant[CURFEW_ID_MAX + 1]; /* of the session, as the token has it: one that its issuer may speak for */
    char session[CURFEW_ID_MAX + 1];
    char task[CURFEW_ID_MAX + 1]; /* the last step of its path; empty: it has none */
    int64_t attempt; /* of the task; 0: it has none */
};

/* Of claims that a token proved; NULL: it proved nothing. */
void curfew_bearer_of(const struct curfew_claims *claims, struct curfew_bearer *bearer);

/* As curfew_hop_authorize; tells whose token it was too. */
enum curfew_status curfew_hop_authorize_bearer(struct curfew_hop *hop, const struct curfew_request *request,
                                               struct curfew_verdict *verdict, struct curfew_bearer *bearer,
                                               struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
