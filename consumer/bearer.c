/* bearer: the part of a token's claims that says for which task it was given. */
#include "consumer/bearer.h"

static void copy(struct curfew_slice from, char to[CURFEW_ID_MAX + 1])
{
    const size_t size = from.size > CURFEW_ID_MAX ? CURFEW_ID_MAX : from.size; /* claims hold ids of at most that */
    if (size > 0) {
        memcpy(to, from.at, size);
    }
    to[size] = '\0';
}

void curfew_bearer_of(const struct curfew_claims *claims, struct curfew_bearer *bearer)
{
    *bearer = (struct curfew_bearer){.known = claims != NULL};
    if (claims == NULL) {
        return;
    }
    copy(claims->tenant, bearer->tenant);
    copy(claims->session, bearer->session);
    if (claims->path.count > 0) {
        const struct curfew_path_step *last =
            (const struct curfew_path_step *)claims->path.items + claims->path.count - 1;
        copy(last->task, bearer->task);
        bearer->attempt = last->attempt;
    }
}
