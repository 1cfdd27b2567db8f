/* lane_revocation: what operators adopt and revoke on the control lane, and which of it takes two of them. */
#include "services/coordinator/lane_state.h"
#include "services/coordinator/revoked.h"
#include "services/coordinator/target.h"

/* What one record asks for. */
struct wish {
    struct curfew_target target;
    struct curfew_subject subject;
    int64_t said_us;
    bool break_glass;
    int64_t floor;
    int64_t expires_us;
};

/* A wrong clock must not decide who is locked out; and what two operators said at different times, each alone, must not
 * be put together by whoever says it again. */
static bool clock_right(int64_t said_us, const struct curfew_moment *moment)
{
    return said_us - moment->timestamp_us <= moment->skew_us && moment->timestamp_us - said_us <= moment->skew_us;
}

/* What holds already needs nobody's word: a repeat, or a floor that does not depend on when it was said. */
static bool holds(const struct curfew_lane *lane, const struct wish *wish, const struct curfew_moment *moment)
{
    if (curfew_control_repeats(lane->control, &wish->subject, wish->said_us,
                               moment->timestamp_us - 2 * moment->skew_us)) {
        return true; /* before_us is fixed once */
    }
    return wish->expires_us == CURFEW_FOR_EVER_US && curfew_ledger_floor(lane->ledger, &wish->subject) >= wish->floor;
}

/* The proposal that makes this record the second of two: another's, who may still say so. NULL: this is the first. */
static const struct curfew_proposal *proposal_by_another(const struct curfew_lane *lane,
                                                         const struct curfew_proposal_key *key,
                                                         const struct curfew_moment *moment)
{
    const struct curfew_proposal *proposal = curfew_proposals_find(lane->proposals, key);
    if (proposal == NULL || curfew_slice_equal(curfew_proposal_by(proposal), moment->author->right->name)) {
        return NULL;
    }
    const struct curfew_writer *proposer = curfew_writers_find(lane->writers, curfew_proposal_by(proposal));
    return curfew_right_has(proposer->right, CURFEW_ROLE_OPERATOR) ? proposal : NULL;
}

static struct curfew_ruling propose(struct curfew_lane *lane, const struct curfew_proposal_key *key, int64_t said_us,
                                    const struct curfew_moment *moment)
{
    const struct curfew_slice name = moment->author->right->name;
    struct curfew_proposal proposal = {
        .key = *key, .said_us = said_us, .good_us = moment->good_us, .name_size = name.size};
    memcpy(proposal.name, name.at, name.size);
    if (!curfew_proposals_put(lane->proposals, &proposal)) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    return (struct curfew_ruling){.pending = true};
}

static void take_effect(struct curfew_lane *lane, const struct wish *wish, int64_t proposed_us,
                        const struct curfew_moment *moment)
{
    struct curfew_floor floor = {
        .kind = (int32_t)wish->target.kind, .floor = wish->floor, .expires_us = wish->expires_us};
    memcpy(floor.subject, wish->subject.digest, sizeof floor.subject);
    const struct curfew_cause cause = {moment->offset, moment->good_us};
    curfew_ledger_raise(lane->ledger, &floor, cause);
    const bool stays = wish->expires_us == CURFEW_FOR_EVER_US;
    const struct curfew_fact fact = {
        .offset = moment->offset,
        .kind = CURFEW_FACT_REVOKED,
        .revoked = {.kind = wish->target.kind,
                    .subject = wish->subject,
                    .floor = wish->floor,
                    .until_us = wish->expires_us + (stays ? 0 : CURFEW_SESSION_LIFE_MAX_MS * INT64_C(1000)),
                    .said_us = wish->said_us,
                    .proposed_us = proposed_us},
        .timestamp_us = moment->timestamp_us};
    curfew_control_add(lane->control, &fact);
}

/* What one operator may say alone takes effect; what takes two does when the second says it, or the first breaks the
 * glass. */
static struct curfew_ruling rule(struct curfew_lane *lane, const struct wish *wish, const struct curfew_moment *moment)
{
    if (!clock_right(wish->said_us, moment)) {
        return curfew_ruling_refused(CURFEW_REASON_CLOCK);
    }
    if (holds(lane, wish, moment)) {
        return curfew_ruling_accepted();
    }
    const struct curfew_proposal_key key = {wish->subject, wish->target.version};
    const bool needs_second = curfew_target_needs_second(wish->target.kind);
    int64_t proposed_us = 0;
    if (needs_second && !wish->break_glass) {
        const struct curfew_proposal *proposal = proposal_by_another(lane, &key, moment);
        if (proposal == NULL) {
            return propose(lane, &key, wish->said_us, moment);
        }
        proposed_us = proposal->said_us;
    }
    take_effect(lane, wish, proposed_us, moment);
    curfew_proposals_drop(lane->proposals, &key);
    return (struct curfew_ruling){.break_glass = needs_second && wish->break_glass};
}

struct curfew_ruling curfew_lane_subject_revoked(struct curfew_lane *lane, const struct curfew_subject_revoked *event,
                                                 const struct curfew_moment *moment)
{
    const enum curfew_kind kind = (enum curfew_kind)event->kind;
    struct wish wish = {.target = {kind, event->tenant, event->scope, event->id, 0},
                        .said_us = event->said_us,
                        .break_glass = event->break_glass};
    if (!curfew_target_revocable(kind) || kind == CURFEW_KIND_POLICY) {
        return curfew_ruling_refused(CURFEW_REASON_UNSUPPORTED);
    }
    if (!curfew_target_subject(&wish.target, &wish.subject)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    if (kind == CURFEW_KIND_KEY) {
        wish.floor = CURFEW_FLOOR_MAX;
        wish.expires_us = CURFEW_FOR_EVER_US;
    } else {
        wish.floor = moment->timestamp_us + 2 * moment->skew_us + 1;
        wish.expires_us = moment->timestamp_us + lane->longest_life_ms * INT64_C(1000) + 3 * moment->skew_us;
    }
    return rule(lane, &wish, moment);
}

struct curfew_ruling curfew_lane_policy_adopted(struct curfew_lane *lane, const struct curfew_policy_adopted *event,
                                                const struct curfew_moment *moment)
{
    const struct curfew_target target = {CURFEW_KIND_POLICY, event->tenant, (struct curfew_slice){0}, event->name,
                                         event->version};
    struct curfew_fact fact = {.offset = moment->offset,
                               .kind = CURFEW_FACT_POLICY_ADOPTED,
                               .version = event->version,
                               .timestamp_us = moment->timestamp_us};
    if (!curfew_target_subject(&target, &fact.policy)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    if (curfew_policies_newest(lane->policies, &fact.policy) >= event->version) {
        return curfew_ruling_accepted();
    }
    if (!curfew_policies_adopt(lane->policies, &fact.policy, event->version)) {
        return curfew_ruling_refused(CURFEW_REASON_BOUND);
    }
    curfew_control_add(lane->control, &fact);
    return curfew_ruling_accepted();
}

struct curfew_ruling curfew_lane_policy_raised(struct curfew_lane *lane, const struct curfew_policy_raised *event,
                                               const struct curfew_moment *moment)
{
    struct wish wish = {
        .target = {CURFEW_KIND_POLICY, event->tenant, (struct curfew_slice){0}, event->name, event->version},
        .said_us = event->said_us,
        .break_glass = event->break_glass,
        .floor = event->version,
        .expires_us = CURFEW_FOR_EVER_US};
    if (!curfew_target_subject(&wish.target, &wish.subject)) {
        return curfew_ruling_refused(CURFEW_REASON_INVALID);
    }
    if (event->version > curfew_policies_newest(lane->policies, &wish.subject)) {
        return curfew_ruling_refused(CURFEW_REASON_UNKNOWN_POLICY); /* nothing could be minted any more */
    }
    return rule(lane, &wish, moment);
}
