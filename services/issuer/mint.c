/* mint: nothing leaves before the coordinator has accepted it. */
#include "services/issuer/mint.h"
#include "core/clock.h"

enum curfew_status curfew_mint_token(struct curfew_producer *producer, const struct curfew_signer *signer,
                                     const struct curfew_mint *mint, int timeout_ms, char **token,
                                     struct curfew_outcome *outcome)
{
    struct curfew_draft draft;
    *token = NULL;
    *outcome = (struct curfew_outcome){.receipt = {.lane = -1, .offset = -1}};
    enum curfew_status status = curfew_draft_make(&draft, signer, mint, curfew_clock_now().wall_us, &outcome->error);
    if (status != CURFEW_OK) {
        outcome->status = status;
        return status;
    }
    struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_CREATED, .as.token_created.claims = draft.claims};
    status = curfew_producer_emit_and_wait(producer, &event, CURFEW_LANE_OF_EVENT, CURFEW_WAIT_ACCEPTED, timeout_ms,
                                           outcome);
    /* Anything but a plain yes, a time-out included, leaves open whether the coordinator knows this token. */
    if (status == CURFEW_OK) {
        status = outcome->status;
    }
    if (status == CURFEW_OK) {
        *token = draft.token;
        draft.token = NULL;
    }
    curfew_draft_wipe(&draft);
    return status;
}
