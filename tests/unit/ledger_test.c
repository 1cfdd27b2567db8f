/* ledger_test: how live floors join, age, are stated again and are handed out. */
#include "services/coordinator/ledger.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#define MANY (CURFEW_RESTATE_MAX + 100)

static struct curfew_floor floor_of(int id, int64_t value, int64_t expires_us)
{
    struct curfew_floor floor = {.kind = CURFEW_KIND_TASK, .floor = value, .expires_us = expires_us};
    memcpy(floor.subject, &id, sizeof id);
    return floor;
}

static void raise(struct curfew_ledger *ledger, int id, int64_t value, int64_t expires_us, int64_t offset)
{
    const struct curfew_floor floor = floor_of(id, value, expires_us);
    const struct curfew_cause cause = {offset, 1000 * offset};
    curfew_ledger_raise(ledger, &floor, cause);
}

static size_t taken(struct curfew_ledger *ledger)
{
    size_t count = 0;
    (void)curfew_ledger_take(ledger, &count);
    return count;
}

static void assert_floor(const struct curfew_floor *floor, int id, int64_t value, int64_t expires_us)
{
    const struct curfew_floor wanted = floor_of(id, value, expires_us);
    assert_memory_equal(floor->subject, wanted.subject, sizeof wanted.subject);
    assert_true(floor->floor == value);
    assert_true(floor->expires_us == expires_us);
}

static void an_empty_ledger_holds_nothing(void **state)
{
    (void)state; /* goal: nothing to take, no oldest cause, and neither pruning nor restating minds */
    struct curfew_ledger *ledger = curfew_ledger_create();
    const struct curfew_cause cause = {1, 1};
    curfew_ledger_prune(ledger, INT64_MAX);
    curfew_ledger_restate(ledger, 0, cause);
    assert_int_equal(taken(ledger), 0);
    assert_true(curfew_ledger_oldest(ledger) == -1);
    assert_true(curfew_ledger_count(ledger) == 0);
    curfew_ledger_destroy(ledger);
    curfew_ledger_destroy(NULL);
}

static void floors_of_one_subject_join_by_max_and_max(void **state)
{
    (void)state; /* goal: whatever the order, value and expiry each only rise, and what is not above raises nothing */
    struct curfew_ledger *ledger = curfew_ledger_create();
    size_t count = 0;
    raise(ledger, 7, 3, 500, 1);
    assert_int_equal(taken(ledger), 1);
    raise(ledger, 7, 3, 500, 2);
    raise(ledger, 7, 2, 500, 3);
    raise(ledger, 7, 3, 499, 4);
    raise(ledger, 7, INT64_MIN, INT64_MIN, 5);
    assert_int_equal(taken(ledger), 0);
    assert_true(curfew_ledger_oldest(ledger) == 1);
    raise(ledger, 7, 9, 10, 6);
    assert_floor(curfew_ledger_take(ledger, &count), 7, 9, 500);
    assert_int_equal(count, 1);
    raise(ledger, 7, 1, 800, 7);
    assert_floor(curfew_ledger_take(ledger, &count), 7, 9, 800);
    raise(ledger, 7, CURFEW_FLOOR_MAX, INT64_MAX, 8);
    assert_floor(curfew_ledger_take(ledger, &count), 7, CURFEW_FLOOR_MAX, INT64_MAX);
    assert_true(curfew_ledger_count(ledger) == 1);
    assert_true(curfew_ledger_oldest(ledger) == 8);
    const struct curfew_floor known = floor_of(7, 0, 0);
    const struct curfew_floor unknown = floor_of(8, 0, 0);
    struct curfew_subject subject;
    memcpy(subject.digest, known.subject, sizeof subject.digest);
    assert_true(curfew_ledger_expiry(ledger, &subject) == INT64_MAX);
    memcpy(subject.digest, unknown.subject, sizeof subject.digest);
    assert_true(curfew_ledger_expiry(ledger, &subject) == 0);
    curfew_ledger_destroy(ledger);
}

static void one_record_gives_each_subject_once_in_order(void **state)
{
    (void)state; /* goal: what is raised twice by one record stands where it was first raised, at its last value */
    struct curfew_ledger *ledger = curfew_ledger_create();
    size_t count = 0;
    raise(ledger, 1, 1, 100, 4);
    raise(ledger, 2, 1, 100, 4);
    raise(ledger, 1, 5, 200, 4);
    raise(ledger, 3, 1, 100, 4);
    const struct curfew_floor *floors = curfew_ledger_take(ledger, &count);
    assert_int_equal(count, 3);
    assert_floor(&floors[0], 1, 5, 200);
    assert_floor(&floors[1], 2, 1, 100);
    assert_floor(&floors[2], 3, 1, 100);
    assert_int_equal(taken(ledger), 0);
    raise(ledger, 1, 6, 200, 5);
    assert_int_equal(taken(ledger), 1);
    curfew_ledger_destroy(ledger);
}

static void all_that_lives_is_stated_again_at_once(void **state)
{
    (void)state; /* goal: in order, by one cause; what expired is forgotten wherever it stands; what this record raised
                    already is stated once */
    struct curfew_ledger *ledger = curfew_ledger_create();
    size_t count = 0;
    const struct curfew_cause cause = {9, 9000};
    curfew_ledger_restate_all(ledger, cause);
    assert_int_equal(taken(ledger), 0);
    raise(ledger, 1, 1, 100000, 4);
    raise(ledger, 2, 1, 8999, 5);
    raise(ledger, 3, 1, 9000, 6);
    assert_int_equal(taken(ledger), 3);
    raise(ledger, 4, 1, 50000, 9);
    curfew_ledger_restate_all(ledger, cause);
    const struct curfew_floor *floors = curfew_ledger_take(ledger, &count);
    assert_int_equal(count, 3);
    assert_floor(&floors[0], 4, 1, 50000);
    assert_floor(&floors[1], 1, 1, 100000);
    assert_floor(&floors[2], 3, 1, 9000);
    assert_true(curfew_ledger_oldest(ledger) == 9 && curfew_ledger_count(ledger) == 3);
    for (int i = 0; i < MANY; i++) {
        raise(ledger, 100 + i, 1, 100000, 10);
    }
    (void)taken(ledger);
    const struct curfew_cause later = {11, 11000};
    curfew_ledger_restate_all(ledger, later);
    assert_int_equal(taken(ledger), MANY + 2);
    curfew_ledger_destroy(ledger);
}

static void subjects_that_differ_in_any_byte_stay_apart(void **state)
{
    (void)state; /* goal: the whole digest is the key, its last byte as much as its first */
    struct curfew_ledger *ledger = curfew_ledger_create();
    const struct curfew_cause cause = {1, 1};
    for (size_t i = 0; i < CURFEW_DIGEST_SIZE; i++) {
        struct curfew_floor floor = floor_of(0, 1, 100);
        floor.subject[i] = 1;
        curfew_ledger_raise(ledger, &floor, cause);
    }
    assert_int_equal(taken(ledger), CURFEW_DIGEST_SIZE);
    assert_true(curfew_ledger_count(ledger) == CURFEW_DIGEST_SIZE);
    curfew_ledger_destroy(ledger);
}

static void pruning_takes_the_expired_and_nothing_that_lives(void **state)
{
    (void)state; /* goal: a floor goes after its expiry, not at it, and never while what is due is not taken */
    struct curfew_ledger *ledger = curfew_ledger_create();
    raise(ledger, 1, 1, 100, 1);
    raise(ledger, 2, 1, 300, 2);
    curfew_ledger_prune(ledger, 1000);
    assert_true(curfew_ledger_count(ledger) == 2);
    assert_int_equal(taken(ledger), 2);
    curfew_ledger_prune(ledger, 100);
    assert_true(curfew_ledger_count(ledger) == 2);
    curfew_ledger_prune(ledger, 101);
    assert_true(curfew_ledger_count(ledger) == 1);
    assert_true(curfew_ledger_oldest(ledger) == 2);
    curfew_ledger_prune(ledger, 301);
    assert_true(curfew_ledger_oldest(ledger) == -1);
    raise(ledger, 1, 1, 400, 3); /* forgotten: it may come anew */
    assert_int_equal(taken(ledger), 1);
    curfew_ledger_destroy(ledger);
}

static void what_was_not_stated_for_long_is_stated_again_oldest_first(void **state)
{
    (void)state; /* goal: exactly those of the age, in the order they were stated, with the new cause */
    struct curfew_ledger *ledger = curfew_ledger_create();
    size_t count = 0;
    raise(ledger, 1, 1, INT64_MAX, 10);
    raise(ledger, 2, 1, INT64_MAX, 11);
    raise(ledger, 3, 1, INT64_MAX, 20);
    raise(ledger, 1, 2, INT64_MAX, 12);
    assert_int_equal(taken(ledger), 3);
    struct curfew_cause cause = {30, 30000};
    curfew_ledger_restate(ledger, 19001, cause);
    assert_int_equal(taken(ledger), 0);
    curfew_ledger_restate(ledger, 19000, cause);
    const struct curfew_floor *floors = curfew_ledger_take(ledger, &count);
    assert_int_equal(count, 1);
    assert_floor(&floors[0], 2, 1, INT64_MAX);
    assert_true(curfew_ledger_oldest(ledger) == 20);
    cause.offset = 31;
    curfew_ledger_restate(ledger, 1, cause);
    floors = curfew_ledger_take(ledger, &count);
    assert_int_equal(count, 2);
    assert_floor(&floors[0], 3, 1, INT64_MAX);
    assert_floor(&floors[1], 1, 2, INT64_MAX);
    assert_true(curfew_ledger_oldest(ledger) == 30);
    curfew_ledger_restate(ledger, 0, cause); /* what this very cause stated is not stated twice by it */
    assert_int_equal(taken(ledger), 1);
    curfew_ledger_restate(ledger, 0, cause);
    assert_int_equal(taken(ledger), 0);
    curfew_ledger_destroy(ledger);
}

static void one_restatement_is_bounded_and_the_next_goes_on(void **state)
{
    (void)state; /* goal: no tick states more than the bound; two ticks state all, each once */
    struct curfew_ledger *ledger = curfew_ledger_create();
    size_t count = 0;
    for (int i = 0; i < MANY; i++) {
        raise(ledger, i, 1, INT64_MAX, 1);
    }
    assert_int_equal(taken(ledger), MANY);
    const struct curfew_cause first = {2, 5000};
    const struct curfew_cause second = {3, 5100};
    curfew_ledger_restate(ledger, 4000, first);
    assert_int_equal(taken(ledger), CURFEW_RESTATE_MAX);
    assert_true(curfew_ledger_oldest(ledger) == 1);
    curfew_ledger_restate(ledger, 4000, second);
    const struct curfew_floor *floors = curfew_ledger_take(ledger, &count);
    assert_int_equal(count, MANY - CURFEW_RESTATE_MAX);
    assert_floor(&floors[0], CURFEW_RESTATE_MAX, 1, INT64_MAX);
    assert_true(curfew_ledger_oldest(ledger) == 2);
    assert_true(curfew_ledger_count(ledger) == MANY);
    curfew_ledger_destroy(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_ledger_holds_nothing),
        cmocka_unit_test(floors_of_one_subject_join_by_max_and_max),
        cmocka_unit_test(one_record_gives_each_subject_once_in_order),
        cmocka_unit_test(all_that_lives_is_stated_again_at_once),
        cmocka_unit_test(subjects_that_differ_in_any_byte_stay_apart),
        cmocka_unit_test(pruning_takes_the_expired_and_nothing_that_lives),
        cmocka_unit_test(what_was_not_stated_for_long_is_stated_again_oldest_first),
        cmocka_unit_test(one_restatement_is_bounded_and_the_next_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
