/* guard_proof: when a floor denies, and what knowledge may be believed enough to allow. */
#include "core/lineage.h"
#include "guard_world.h"
#include <pthread.h>
#include <stdatomic.h>

/* ---- floors ---- */

static void every_subject_of_the_lineage_denies(void **state)
{
    /* Goal: for each subject a floor above the token's value denies and names it, one at the value does not. */
    struct world *world = *state;
    struct curfew_token *token = NULL;
    struct curfew_error error;
    struct curfew_lineage lineage;
    unsigned kinds = 0;
    assert_int_equal(curfew_token_verify(curfew_slice_of(world->token), world->issuers, &token, &error),
                     CURFEW_TOKEN_GOOD);
    curfew_lineage_of(curfew_token_claims(token), &lineage);
    assert_int_equal(lineage.count, 12);
    for (size_t i = 0; i < lineage.count; i++) {
        const struct curfew_lineage_entry *entry = &lineage.entries[i];
        begin_at(world, NOW_US);
        if (entry->value > 0) {
            raise_floor(world, &entry->subject, entry->value);
            assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
        }
        raise_floor(world, &entry->subject, entry->value + 1);
        struct curfew_verdict verdict = decide(world, CURFEW_CLASS_STRICT);
        assert_verdict(verdict, CURFEW_DENY, "revoked");
        assert_int_equal(verdict.kind, entry->kind);
        assert_memory_equal(verdict.subject, entry->subject.digest, CURFEW_DIGEST_SIZE);
        assert_int_equal(verdict.age_us, 2 * SKEW_US);
        kinds |= 1U << entry->kind;
    }
    /* all but clean-up, which no token of this version carries */
    assert_int_equal(kinds, (1U << CURFEW_KIND_COUNT) - 1 - (1U << CURFEW_KIND_CLEANUP));
    curfew_token_destroy(token);
}

static void floors_of_others_do_not_deny(void **state)
{
    /* Goal: the same ids under another tenant or session, and another attempt's task, leave a token alone. */
    struct world *world = *state;
    struct curfew_slice acme = curfew_slice_of("acme");
    struct curfew_slice books = curfew_slice_of("books");
    struct curfew_slice session = curfew_slice_of(FORGE_SESSION);
    struct curfew_slice other = curfew_slice_of("3.AAECAwQFBgcICQoLDA0ODg");
    struct curfew_slice task = curfew_slice_of("nightly-close");
    struct curfew_subject subjects[] = {
        curfew_subject_session(books, session),
        curfew_subject_session(acme, other),
        curfew_subject_task(acme, other, task),
        curfew_subject_task(books, session, task),
        curfew_subject_cleanup(acme, session, task),
        curfew_subject_token(acme, curfew_slice_of("x"), curfew_slice_of("t-1")),
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        raise_floor(world, &subjects[i], CURFEW_FLOOR_MAX);
    }
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
}

static void a_floor_denies_whatever_the_age(void **state)
{
    /* Goal: stale, void, or never synced: a floor that is there denies in every class. */
    struct world *world = *state;
    struct curfew_subject subject = session_subject();
    for (size_t i = 0; i < 3; i++) {
        begin_at(world, NOW_US);
        raise_floor(world, &subject, CURFEW_FLOOR_MAX);
        world->now.wall_us += 100000000;
        world->now.boot_us += 100000000;
        struct curfew_verdict verdict = decide(world, classes[i]);
        assert_verdict(verdict, CURFEW_DENY, "revoked");
        assert_int_equal(verdict.age_us, 100000000 + 2 * SKEW_US);

        curfew_freshness_void(world->region, 0, CURFEW_FRESH_FULL);
        curfew_freshness_void(world->region, LANE, CURFEW_FRESH_LOG);
        verdict = decide(world, classes[i]);
        assert_verdict(verdict, CURFEW_DENY, "revoked");
        assert_int_equal(verdict.age_us, -1);

        curfew_region_destroy(world->region);
        world->region = make_region();
        world->guard.region = world->region;
        raise_floor(world, &subject, CURFEW_FLOOR_MAX);
        assert_verdict(decide(world, classes[i]), CURFEW_DENY, "revoked");
    }
}

static void not_valid_comes_before_revoked(void **state)
{
    /* Goal: an expired token under an ended session is not valid rather than denied, as the order says. */
    struct world *world = *state;
    struct curfew_subject subject = session_subject();
    begin_at(world, EXPIRES_US);
    raise_floor(world, &subject, CURFEW_FLOOR_MAX);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_NOT_VALID, "expired");
}

/* ---- freshness ---- */

/* Moves now so that a proof marked at begin_at is `age_us` old. */
static void age_to(struct world *world, int64_t age_us)
{
    world->now.wall_us += age_us - 2 * SKEW_US;
    world->now.boot_us += age_us - 2 * SKEW_US;
}

static void each_class_has_its_limit(void **state)
{
    /* Goal: at its limit a class allows, a microsecond later it is stale; best effort says it is one. */
    struct world *world = *state;
    static const struct {
        enum curfew_class strictness;
        int64_t age_us;
        enum curfew_decision decision;
        const char *reason;
    } rows[] = {
        {CURFEW_CLASS_STRICT, 2000000, CURFEW_ALLOW, "fresh"},
        {CURFEW_CLASS_STRICT, 2000001, CURFEW_UNAVAILABLE_NOW, "stale"},
        {CURFEW_CLASS_STANDARD, 2000001, CURFEW_ALLOW, "fresh"},
        {CURFEW_CLASS_STANDARD, 30000000, CURFEW_ALLOW, "fresh"},
        {CURFEW_CLASS_STANDARD, 30000001, CURFEW_UNAVAILABLE_NOW, "stale"},
        {CURFEW_CLASS_BEST_EFFORT, 30000000, CURFEW_ALLOW, "fresh"},
        {CURFEW_CLASS_BEST_EFFORT, 30000001, CURFEW_ALLOW, "best_effort"},
        {CURFEW_CLASS_BEST_EFFORT, 200000000, CURFEW_ALLOW, "best_effort"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin_at(world, NOW_US);
        age_to(world, rows[i].age_us);
        struct curfew_verdict verdict = decide(world, rows[i].strictness);
        assert_verdict(verdict, rows[i].decision, rows[i].reason);
        assert_int_equal(verdict.age_us, rows[i].age_us);
    }
}

static void the_older_lane_counts(void **state)
{
    /* Goal: a token rests on control and on its lane: whichever is older makes the age, and is named when stale. */
    struct world *world = *state;
    static const int32_t others[] = {LANE, 0};
    for (size_t i = 0; i < 2; i++) {
        int32_t old = i == 0 ? 0 : LANE;
        begin_at(world, NOW_US);
        age_to(world, 2000001);
        mark_lane(world, others[i], world->now);
        struct curfew_verdict verdict = decide(world, CURFEW_CLASS_STRICT);
        assert_verdict(verdict, CURFEW_UNAVAILABLE_NOW, "stale");
        assert_int_equal(verdict.stale_lane, old);
        assert_int_equal(verdict.age_us, 2000001);
        mark_lane(world, old, world->now);
        verdict = decide(world, CURFEW_CLASS_STRICT);
        assert_verdict(verdict, CURFEW_ALLOW, "fresh");
        assert_int_equal(verdict.age_us, 2 * SKEW_US);
    }
}

static void another_lanes_trouble_is_not_ours(void **state)
{
    /* Goal: a lane a token does not rest on may be stale or void. */
    struct world *world = *state;
    curfew_freshness_void(world->region, 5, CURFEW_FRESH_UNPROVEN);
    assert_verdict(decide(world, CURFEW_CLASS_STRICT), CURFEW_ALLOW, "fresh");
}

static void without_a_proof_no_class_allows(void **state)
{
    /* Goal: whatever voids either lane makes every class unavailable, by its name and lane. */
    struct world *world = *state;
    for (enum curfew_fresh why = CURFEW_FRESH_UNSYNCED; why <= CURFEW_FRESH_UNREADABLE; why++) {
        for (size_t i = 0; i < 6; i++) {
            int32_t lane = i < 3 ? 0 : LANE;
            begin_at(world, NOW_US);
            curfew_freshness_void(world->region, lane, why);
            struct curfew_verdict verdict = decide(world, classes[i % 3]);
            assert_verdict(verdict, CURFEW_UNAVAILABLE_NOW, curfew_fresh_name(why));
            assert_int_equal(verdict.stale_lane, lane);
            assert_int_equal(verdict.lane, LANE);
            assert_int_equal(verdict.age_us, -1);
            mark_lane(world, lane, world->now);
            assert_verdict(decide(world, classes[i % 3]), CURFEW_ALLOW, "fresh");
        }
    }
}

static void before_the_first_sync_no_class_allows(void **state)
{
    /* Goal: a region nothing was ever stored in, and one that knows only one of the two lanes, allow nothing. */
    struct world *world = *state;
    for (size_t i = 0; i < 9; i++) {
        curfew_region_destroy(world->region);
        world->region = make_region();
        world->guard.region = world->region;
        if (i >= 3) {
            mark_lane(world, i < 6 ? 0 : LANE, world->now);
        }
        struct curfew_verdict verdict = decide(world, classes[i % 3]);
        assert_verdict(verdict, CURFEW_UNAVAILABLE_NOW, "unsynced");
        assert_int_equal(verdict.stale_lane, i >= 3 && i < 6 ? LANE : 0);
    }
    assert_verdict(decide_swapped(world, "\"books\",\"client_id\"", "\"x\",\"client_id\""), CURFEW_NOT_VALID,
                   "audience");
}

static void a_clock_that_jumped_is_not_believed(void **state)
{
    /* Goal: the wall clock moved by the skew against the boot clock is borne, by more it is unavailable. */
    struct world *world = *state;
    static const int sides[] = {-1, 1};
    for (size_t i = 0; i < 2; i++) {
        begin_at(world, NOW_US);
        world->now.wall_us += sides[i] * SKEW_US;
        assert_verdict(decide(world, CURFEW_CLASS_BEST_EFFORT), CURFEW_ALLOW, "fresh");
        world->now.wall_us += sides[i];
        assert_verdict(decide(world, CURFEW_CLASS_BEST_EFFORT), CURFEW_UNAVAILABLE_NOW, "clock");
    }
}

/* ---- racing with the writer ---- */

#define RACES 300

struct race {
    struct world *world;
    atomic_bool go;
    atomic_bool over;
};

/* What the feed does: the floor first, then the beacon that vouches for it. */
static void *write_floor_then_beacon(void *context)
{
    struct race *race = context;
    struct curfew_subject subject = session_subject();
    struct curfew_error error;
    while (!atomic_load(&race->go)) {
    }
    enum curfew_status status =
        curfew_denyset_raise(race->world->region, &subject, CURFEW_FLOOR_MAX, EXPIRES_US + SKEW_US, &error);
    mark_lane(race->world, 0, race->world->now);
    mark_lane(race->world, LANE, race->world->now);
    atomic_store(&race->over, true);
    return status == CURFEW_OK ? race : NULL;
}

static void a_proof_never_vouches_for_floors_read_before_it(void **state)
{
    /* Goal: while a stale hop catches up, a token whose session ended goes from unavailable to denied, never through
     * allowed. */
    struct world *world = *state;
    for (int i = 0; i < RACES; i++) {
        pthread_t thread;
        void *result = NULL;
        struct race race = {.world = world};
        begin_at(world, NOW_US);
        age_to(world, 3000000);
        assert_int_equal(pthread_create(&thread, NULL, write_floor_then_beacon, &race), 0);
        atomic_store(&race.go, true);
        bool last = false;
        while (!last) {
            last = atomic_load(&race.over);
            struct curfew_verdict verdict = decide(world, CURFEW_CLASS_STRICT);
            assert_int_not_equal(verdict.decision, CURFEW_ALLOW);
            assert_true(!last || verdict.decision == CURFEW_DENY);
        }
        assert_int_equal(pthread_join(thread, &result), 0);
        assert_non_null(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_subject_of_the_lineage_denies, begin),
        cmocka_unit_test_setup(floors_of_others_do_not_deny, begin),
        cmocka_unit_test_setup(a_floor_denies_whatever_the_age, begin),
        cmocka_unit_test_setup(not_valid_comes_before_revoked, begin),
        cmocka_unit_test_setup(each_class_has_its_limit, begin),
        cmocka_unit_test_setup(the_older_lane_counts, begin),
        cmocka_unit_test_setup(another_lanes_trouble_is_not_ours, begin),
        cmocka_unit_test_setup(without_a_proof_no_class_allows, begin),
        cmocka_unit_test_setup(before_the_first_sync_no_class_allows, begin),
        cmocka_unit_test_setup(a_clock_that_jumped_is_not_believed, begin),
        cmocka_unit_test_setup(a_proof_never_vouches_for_floors_read_before_it, begin),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
