/* coordinator_oracle_control: what operators say by chance, and what it should lead to on both lanes. */
#include "coordinator_oracle.h"
#include "services/coordinator/proposals.h"
#include "services/coordinator/revoked.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

bool run_stands(const struct o_standing *standing, const struct o_session *session, const struct o_token *token)
{
    return session->auth >= standing->user[session->user] && session->auth >= standing->tenant &&
           (token->agent == NOBODY || session->auth >= standing->agent[token->agent]) &&
           (token->key == NOBODY || standing->key[token->key] == 0) &&
           (token->policy == NOBODY || token->version >= standing->policy[token->policy]);
}

static int64_t *floor_of(struct o_standing *standing, enum o_kind kind, int index)
{
    switch (kind) {
    case O_USER:
        return &standing->user[index];
    case O_AGENT:
        return &standing->agent[index];
    case O_TENANT:
        return &standing->tenant;
    case O_KEY:
        return &standing->key[index];
    case O_POLICY:
        return &standing->policy[index];
    default:
        return &standing->adopted[index];
    }
}

static void raise(int64_t *floor, int64_t to)
{
    *floor = to > *floor ? to : *floor;
}

static void note(struct run *run, const struct o_fact *fact)
{
    assert_true(run->fact_count < STEPS);
    run->facts[run->fact_count++] = *fact;
    if (fact->kind != O_SETTINGS) {
        raise(floor_of(&run->on_control, fact->kind, fact->index), fact->floor);
    }
}

static void change_settings(struct run *run)
{
    const int64_t lives[] = {20000, 300000, 600000, 0, INT64_MIN, INT64_MAX};
    const int32_t leases[] = {3000, 8000, 1, -1};
    struct o_fact fact = {.kind = O_SETTINGS, .settings = run->settings};
    fact.settings.session_life_ms = lives[run_dice(run, 4) == 0 ? run_dice(run, 6) : run_dice(run, 3)];
    fact.settings.lease_ms = leases[run_dice(run, run_dice(run, 4) == 0 ? 4 : 2)];
    const bool right =
        fact.settings.lease_ms > 0 && fact.settings.session_life_ms > 0 && fact.settings.session_life_ms < INT64_MAX;
    const struct curfew_event event = {.type = CURFEW_EVENT_SETTINGS, .as.settings = {.settings = fact.settings}};
    run_expect(run, true, &event, right);
    fact.offset = run->world->control_next - 1;
    if (right) {
        note(run, &fact);
    }
}

static void adopt(struct run *run)
{
    struct o_fact fact = {.kind = O_ADOPTED, .index = run_pick(run, POLICIES)};
    const int64_t known = run->on_control.adopted[fact.index];
    const int64_t versions[] = {known, known + 1, known - 1, 0, -1, INT64_MAX};
    const int64_t version = versions[run_dice(run, run_dice(run, 4) == 0 ? 6 : 2)];
    const bool right = version >= 0 && version < INT64_MAX;
    const struct curfew_event event = {.type = CURFEW_EVENT_POLICY_ADOPTED,
                                       .as.policy_adopted = {.tenant = curfew_slice_of("acme"),
                                                             .name = run_name("policy-%d", fact.index),
                                                             .version = version}};
    run_expect(run, true, &event, right);
    fact.offset = run->world->control_next - 1;
    fact.floor = right ? version + 1 : 0;
    if (right && version >= known) {
        note(run, &fact);
    }
}

static struct curfew_event revocation_of(const struct o_fact *fact, int64_t version, int by, bool break_glass)
{
    static const char *const operators[] = {"w", "tester"};
    struct curfew_event event = {.type = CURFEW_EVENT_SUBJECT_REVOKED,
                                 .as.subject_revoked = {.tenant = curfew_slice_of("acme"), .break_glass = break_glass}};
    struct curfew_subject_revoked *revoked = &event.as.subject_revoked;
    if (fact->kind == O_POLICY) {
        event = (struct curfew_event){.type = CURFEW_EVENT_POLICY_RAISED,
                                      .as.policy_raised = {.tenant = curfew_slice_of("acme"),
                                                           .name = run_name("policy-%d", fact->index),
                                                           .version = version,
                                                           .break_glass = break_glass}};
    } else if (fact->kind == O_USER) {
        revoked->kind = CURFEW_KIND_USER;
        revoked->scope = curfew_slice_of("i");
        revoked->id = run_name("user-%d", fact->index);
    } else if (fact->kind == O_AGENT) {
        revoked->kind = CURFEW_KIND_AGENT;
        revoked->scope = curfew_slice_of("acme");
        revoked->id = run_name("spiffe://acme/%d", fact->index);
    } else if (fact->kind == O_TENANT) {
        revoked->kind = CURFEW_KIND_TENANT;
        revoked->id = revoked->tenant;
    } else {
        revoked->kind = CURFEW_KIND_KEY;
        revoked->tenant = (struct curfew_slice){0};
        revoked->id = run_name(RUN_KEY, fact->index);
    }
    event.as.session_ended.writer = curfew_slice_of(operators[by]);
    event.as.session_ended.said_us = fact->said;
    return event;
}

/* Who proposed exactly that; `proposal_count` when nobody did. */
static size_t find_proposal(const struct run *run, const struct o_fact *fact, int64_t version)
{
    size_t i = 0;
    while (i < run->proposal_count && (run->proposals[i].kind != fact->kind || run->proposals[i].index != fact->index ||
                                       run->proposals[i].version != version)) {
        i++;
    }
    return i;
}

/* A record that is right: whether it has effect now. What waits for a second is put down. */
static bool has_effect(struct run *run, struct o_fact *fact, int64_t version, int by, bool break_glass)
{
    const bool stays = fact->kind == O_KEY || fact->kind == O_POLICY;
    for (size_t i = 0; i < run->fact_count; i++) {
        const struct o_fact *known = &run->facts[i];
        if (known->kind == fact->kind && known->index == fact->index &&
            known->timestamp >= fact->timestamp - 2 * SKEW &&
            (known->said == fact->said || known->proposed == fact->said)) {
            return false;
        }
    }
    if (stays && *floor_of(&run->on_control, fact->kind, fact->index) >= fact->floor) {
        return false;
    }
    const size_t at = find_proposal(run, fact, version);
    const bool known = at < run->proposal_count;
    if ((fact->kind == O_TENANT || stays) && !break_glass && (!known || run->proposals[at].by == by)) {
        assert_true(at < PROPOSALS);
        run->proposals[at] = (struct o_proposal){fact->kind, fact->index, by, version, fact->said, run->good};
        run->proposal_count += known ? 0 : 1;
        run->pending++;
        assert_true(run->world->effects.pending);
        return false;
    }
    if (known) {
        fact->proposed = break_glass ? 0 : run->proposals[at].said;
        run->proposals[at] = run->proposals[--run->proposal_count];
    }
    return true;
}

static void revoke(struct run *run, enum o_kind kind)
{
    static const int many[] = {
        [O_USER] = USERS, [O_AGENT] = AGENTS, [O_TENANT] = 1, [O_KEY] = KEYS, [O_POLICY] = POLICIES};
    const int64_t now = run->world->now_us;
    const int64_t lateness[] = {0, SKEW, -SKEW, SKEW + 1, -SKEW - 1, now - 1, now - INT64_MAX};
    struct o_fact fact = {.kind = kind, .index = run_pick(run, many[kind]), .timestamp = now};
    const int by = run_pick(run, 2);
    const bool break_glass = run_dice(run, 6) == 0;
    const bool again = run->fact_count > 0 && run_dice(run, 4) == 0;
    const int64_t newest = kind == O_POLICY ? run->on_control.adopted[fact.index] - 1 : 0;
    const int64_t version = kind != O_POLICY ? 0 : newest + run_pick(run, 3) - 1;
    fact.said = again && run->facts[run->fact_count - 1].said != 0 ? run->facts[run->fact_count - 1].said
                                                                   : now - lateness[run_dice(run, 7)];
    const bool right = fact.said >= now - SKEW && fact.said <= now + SKEW && version >= 0 && version <= newest;
    const struct curfew_event event = revocation_of(&fact, version, by, break_glass);
    run_expect(run, true, &event, right);
    fact.offset = run->world->control_next - 1;
    fact.floor = kind == O_KEY ? CURFEW_FLOOR_MAX : kind == O_POLICY ? version : now + 2 * SKEW + 1;
    if (right && has_effect(run, &fact, version, by, break_glass)) {
        assert_false(run->world->effects.pending);
        note(run, &fact);
        run->revoked[kind]++;
    }
}

void run_control(struct run *run)
{
    const uint64_t kind = run_dice(run, 20);
    if (kind < 5) {
        change_settings(run);
    } else if (kind < 8) {
        adopt(run);
    } else if (kind < 12) {
        revoke(run, O_USER);
    } else if (kind < 15) {
        revoke(run, O_AGENT);
    } else {
        revoke(run, kind == 15 ? O_TENANT : kind == 16 ? O_KEY : O_POLICY);
    }
}

void run_take_facts(struct run *run, int64_t upto)
{
    for (; run->facts_taken < run->fact_count && run->facts[run->facts_taken].offset <= upto; run->facts_taken++) {
        const struct o_fact *fact = &run->facts[run->facts_taken];
        if (fact->kind == O_SETTINGS) {
            run->settings = fact->settings;
            continue;
        }
        raise(floor_of(&run->on_lane, fact->kind, fact->index), fact->floor);
        for (size_t i = 0; i < run->session_count; i++) {
            struct o_session *session = &run->sessions[i];
            const bool theirs = fact->kind == O_TENANT || (fact->kind == O_USER && session->user == fact->index);
            session->over = session->over || (theirs && session->auth < fact->floor);
        }
    }
}

void run_drop_proposals(struct run *run)
{
    for (size_t i = run->proposal_count; i > 0; i--) {
        if (run->good - run->proposals[i - 1].good > CURFEW_PROPOSAL_LIFE_US) {
            run->proposals[i - 1] = run->proposals[--run->proposal_count];
        }
    }
}
