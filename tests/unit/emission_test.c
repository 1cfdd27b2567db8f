/* emission_test: lists and tickets of what is under way, heartbeats under way, and answers remembered. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#include "producer/answers.h"
#include "producer/beats.h"
#include "producer/emission.h"
#include <stdlib.h>

#define MANY 5000

static struct curfew_emission *make(const char *name)
{
    struct curfew_emission *emission = curfew_emission_create(curfew_slice_of("bytes"), name);
    assert_non_null(emission);
    return emission;
}

static void an_emission_owns_its_bytes(void **state)
{
    /* Goal: value and name are copies, and a new emission has no receipt. */
    (void)state;
    char name[] = "emitting it";
    uint8_t bytes[] = {1, 2, 3};
    struct curfew_emission *emission = curfew_emission_create((struct curfew_slice){bytes, 3}, name);
    assert_non_null(emission);
    name[0] = 'X';
    bytes[0] = 9;
    assert_string_equal(emission->name, "emitting it");
    assert_int_equal(emission->value.size, 3);
    assert_int_equal(emission->value.at[0], 1);
    assert_int_equal(emission->receipt.offset, -1);
    curfew_emission_destroy(emission);
    curfew_emission_destroy(NULL);
}

static void assert_order(const struct curfew_emissions *list, const char *names)
{
    const struct curfew_emission *at = list->first;
    for (; *names != '\0'; names++, at = at->next) {
        assert_non_null(at);
        assert_int_equal(at->name[0], *names);
        assert_true(at->next == NULL ? list->last == at : at->next->before == at);
    }
    assert_null(at);
}

static void a_list_keeps_its_order(void **state)
{
    /* Goal: append, insert at both ends and between, and remove from anywhere keep both directions whole. */
    (void)state;
    struct curfew_emissions list = {NULL, NULL};
    struct curfew_emission *a = make("a");
    struct curfew_emission *b = make("b");
    struct curfew_emission *c = make("c");
    struct curfew_emission *d = make("d");
    curfew_emissions_append(&list, b);
    curfew_emissions_insert(&list, NULL, a);
    curfew_emissions_append(&list, d);
    curfew_emissions_insert(&list, b, c);
    assert_order(&list, "abcd");
    curfew_emissions_remove(&list, b);
    assert_order(&list, "acd");
    curfew_emissions_remove(&list, a);
    curfew_emissions_remove(&list, d);
    assert_order(&list, "c");
    curfew_emissions_remove(&list, c);
    assert_order(&list, "");
    struct curfew_emission *all[] = {a, b, c, d};
    for (size_t i = 0; i < 4; i++) {
        curfew_emission_destroy(all[i]);
    }
}

static void a_ticket_counts_once(void **state)
{
    /* Goal: a ticket gives its emission once; old tickets and invented ones give nothing, whoever has the place now. */
    (void)state;
    struct curfew_tickets tickets = {0};
    struct curfew_error error;
    struct curfew_emission *a = make("a");
    struct curfew_emission *b = make("b");
    uint64_t first = 0;
    uint64_t second = 0;
    assert_null(curfew_tickets_take(&tickets, 0));
    assert_int_equal(curfew_tickets_give(&tickets, a, &first, &error), CURFEW_OK);
    assert_ptr_equal(curfew_tickets_take(&tickets, first), a);
    assert_null(curfew_tickets_take(&tickets, first));
    assert_int_equal(curfew_tickets_give(&tickets, b, &second, &error), CURFEW_OK);
    assert_int_not_equal(first, second);
    assert_null(curfew_tickets_take(&tickets, first));
    assert_null(curfew_tickets_take(&tickets, UINT64_MAX));
    assert_ptr_equal(curfew_tickets_take(&tickets, second), b);
    curfew_emission_destroy(a);
    curfew_emission_destroy(b);
    curfew_tickets_clear(&tickets);
}

static void many_tickets_are_told_apart(void **state)
{
    /* Goal: thousands of tickets, given and taken in different orders, each give their own emission. */
    (void)state;
    struct curfew_tickets tickets = {0};
    struct curfew_error error;
    static struct curfew_emission emissions[MANY];
    static uint64_t ticket[MANY];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(curfew_tickets_give(&tickets, &emissions[i], &ticket[i], &error), CURFEW_OK);
        }
        for (int i = 0; i < MANY; i++) {
            int at = i * 7 % MANY;
            assert_ptr_equal(curfew_tickets_take(&tickets, ticket[at]), &emissions[at]);
        }
    }
    assert_int_equal(tickets.used, MANY);
    curfew_tickets_clear(&tickets);
}

static void one_heartbeat_a_holder_and_lane(void **state)
{
    /* Goal: a second heartbeat of the same holder and lane is full; of another holder or lane, or on behalf of another
     * worker, it is not. */
    (void)state;
    struct curfew_beats beats = {0};
    struct curfew_error error;
    struct curfew_beat *first = NULL;
    struct curfew_beat *other = NULL;
    struct curfew_beat *lane = NULL;
    struct curfew_beat *again = NULL;
    const struct curfew_holder_heartbeat holder = {.holder = curfew_slice_of("airflow")};
    const struct curfew_holder_heartbeat second = {.holder = curfew_slice_of("airflow2")};
    assert_int_equal(curfew_beats_add(&beats, &holder, 1, &first, &error), CURFEW_OK);
    assert_int_equal(curfew_beats_add(&beats, &holder, 1, &again, &error), CURFEW_FULL);
    assert_non_null(strstr(error.text, "airflow"));
    assert_true(error.retriable);
    assert_int_equal(curfew_beats_add(&beats, &second, 1, &other, &error), CURFEW_OK);
    assert_int_equal(curfew_beats_add(&beats, &holder, 2, &lane, &error), CURFEW_OK);
    curfew_beats_remove(&beats, first);
    assert_int_equal(curfew_beats_add(&beats, &holder, 1, &again, &error), CURFEW_OK);
    curfew_beats_remove(&beats, again);
    struct curfew_holder_heartbeat worker = holder;
    struct curfew_holder_heartbeat stranger = holder;
    struct curfew_beat *workers[2] = {NULL, NULL};
    worker.by_task = curfew_slice_of("mine");
    worker.session = curfew_slice_of("1.a");
    stranger.by_task = curfew_slice_of("mine");
    stranger.session = curfew_slice_of("1.b");
    assert_int_equal(curfew_beats_add(&beats, &worker, 1, &workers[0], &error), CURFEW_OK);
    assert_int_equal(curfew_beats_add(&beats, &stranger, 1, &workers[1], &error), CURFEW_OK);
    assert_int_equal(curfew_beats_add(&beats, &worker, 1, &again, &error), CURFEW_FULL);
    stranger.by_tenant = curfew_slice_of("books");
    assert_int_equal(curfew_beats_add(&beats, &stranger, 1, &again, &error), CURFEW_OK);
    curfew_beats_remove(&beats, again);
    curfew_beats_remove(&beats, workers[0]);
    curfew_beats_remove(&beats, workers[1]);
    curfew_beats_remove(&beats, other);
    curfew_beats_remove(&beats, lane);
    curfew_beats_remove(&beats, NULL);
}

static void heartbeats_that_share_a_bucket_are_told_apart(void **state)
{
    /* Goal: more heartbeats than buckets are all kept, found and removed. */
    (void)state;
    struct curfew_beats beats = {0};
    struct curfew_error error;
    static struct curfew_beat *beat[4 * CURFEW_BEATS_BUCKETS];
    for (int i = 0; i < 4 * CURFEW_BEATS_BUCKETS; i++) {
        const struct curfew_holder_heartbeat holder = {.holder = {(const uint8_t *)&i, sizeof i}};
        assert_int_equal(curfew_beats_add(&beats, &holder, 1, &beat[i], &error), CURFEW_OK);
    }
    for (int i = 0; i < 4 * CURFEW_BEATS_BUCKETS; i++) {
        const struct curfew_holder_heartbeat holder = {.holder = {(const uint8_t *)&i, sizeof i}};
        struct curfew_beat *again = NULL;
        assert_int_equal(curfew_beats_add(&beats, &holder, 1, &again, &error), CURFEW_FULL);
        curfew_beats_remove(&beats, beat[i]);
        assert_int_equal(curfew_beats_add(&beats, &holder, 1, &again, &error), CURFEW_OK);
        curfew_beats_remove(&beats, again);
    }
}

/* The record at `offset` in the `log`th log of a test. */
static void digest_of(int64_t offset, int log, uint8_t digest[CURFEW_RECORD_DIGEST_SIZE])
{
    memset(digest, log, CURFEW_RECORD_DIGEST_SIZE);
    digest[0] = (uint8_t)offset;
    digest[1] = (uint8_t)(offset >> 8);
}

static void take(struct curfew_answers *answers, int log, int64_t from, int64_t to, struct curfew_list refused)
{
    static uint8_t digests[CURFEW_ANSWERED_MAX][CURFEW_RECORD_DIGEST_SIZE];
    const size_t count = (size_t)(to - from) + 1;
    for (size_t i = 0; i < count; i++) {
        digest_of(from + (int64_t)i, log, digests[i]);
    }
    const struct curfew_accepted accepted = {.from = from, .to = to, .digests = {digests, count}, .refused = refused};
    curfew_answers_take(answers, &accepted);
}

static enum curfew_verdict_of_record find(const struct curfew_answers *answers, int log, int64_t offset,
                                          struct curfew_refusal *refusal)
{
    uint8_t digest[CURFEW_RECORD_DIGEST_SIZE];
    digest_of(offset, log, digest);
    return curfew_answers_find(answers, offset, digest, refusal);
}

static void an_answer_speaks_only_for_its_range(void **state)
{
    /* Goal: offsets below, above and beside the range are unanswered; those in it are accepted or refused. */
    (void)state;
    struct curfew_answers answers = {0};
    struct curfew_refusal refusal;
    const struct curfew_refusal refused[] = {{12, CURFEW_REASON_BOUND, true}, {14, CURFEW_REASON_CLOCK, false}};
    assert_int_equal(find(&answers, 1, 0, &refusal), CURFEW_ANSWER_NONE);
    take(&answers, 1, 10, 15, (struct curfew_list){refused, 2});
    assert_int_equal(find(&answers, 1, -1, &refusal), CURFEW_ANSWER_NONE);
    assert_int_equal(find(&answers, 1, 9, &refusal), CURFEW_ANSWER_NONE);
    assert_int_equal(find(&answers, 1, 16, &refusal), CURFEW_ANSWER_NONE);
    assert_int_equal(find(&answers, 1, 10 + CURFEW_ANSWERS_KEPT, &refusal), CURFEW_ANSWER_NONE);
    assert_int_equal(find(&answers, 1, 10, &refusal), CURFEW_ANSWER_ACCEPTED);
    assert_int_equal(find(&answers, 1, 15, &refusal), CURFEW_ANSWER_ACCEPTED);
    assert_int_equal(find(&answers, 1, 14, &refusal), CURFEW_ANSWER_REFUSED);
    assert_int_equal(refusal.reason, CURFEW_REASON_CLOCK);
    assert_true(refusal.offset == 14);
    assert_int_equal(find(&answers, 1, 12, &refusal), CURFEW_ANSWER_REFUSED);
    assert_true(refusal.retriable);
    curfew_answers_clear(&answers);
    assert_int_equal(find(&answers, 1, 10, &refusal), CURFEW_ANSWER_NONE);
}

static void an_answer_speaks_only_for_its_records(void **state)
{
    /* Goal: another record at an answered offset is another, accepted or refused; the newest answer is the one kept. */
    (void)state;
    struct curfew_answers answers = {0};
    struct curfew_refusal refusal;
    const struct curfew_refusal refused[] = {{6, CURFEW_REASON_BOUND, false}};
    take(&answers, 1, 5, 7, (struct curfew_list){refused, 1});
    assert_int_equal(find(&answers, 2, 5, &refusal), CURFEW_ANSWER_OTHER);
    assert_int_equal(find(&answers, 2, 6, &refusal), CURFEW_ANSWER_OTHER);
    take(&answers, 2, 6, 6, (struct curfew_list){NULL, 0});
    assert_int_equal(find(&answers, 1, 5, &refusal), CURFEW_ANSWER_ACCEPTED);
    assert_int_equal(find(&answers, 1, 6, &refusal), CURFEW_ANSWER_OTHER);
    assert_int_equal(find(&answers, 2, 6, &refusal), CURFEW_ANSWER_ACCEPTED);
    curfew_answers_clear(&answers);
}

static void beyond_the_bound_nothing_refused_becomes_accepted(void **state)
{
    /* Goal: of more answers than are remembered the oldest become unanswered, never accepted. */
    (void)state;
    struct curfew_answers answers = {0};
    struct curfew_refusal refusal;
    const int64_t last = 3 * CURFEW_ANSWERS_KEPT;
    for (int64_t offset = 0; offset <= last; offset++) {
        const struct curfew_refusal one = {offset, CURFEW_REASON_BOUND, false};
        take(&answers, 1, offset, offset, (struct curfew_list){&one, 1});
    }
    int64_t remembered = 0;
    for (int64_t offset = 0; offset <= last; offset++) {
        enum curfew_verdict_of_record verdict = find(&answers, 1, offset, &refusal);
        assert_int_equal(verdict, offset > last - CURFEW_ANSWERS_KEPT ? CURFEW_ANSWER_REFUSED : CURFEW_ANSWER_NONE);
        remembered += verdict == CURFEW_ANSWER_REFUSED;
    }
    assert_true(remembered == CURFEW_ANSWERS_KEPT);
    curfew_answers_clear(&answers);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(an_emission_owns_its_bytes),
    cmocka_unit_test(a_list_keeps_its_order),
    cmocka_unit_test(a_ticket_counts_once),
    cmocka_unit_test(many_tickets_are_told_apart),
    cmocka_unit_test(one_heartbeat_a_holder_and_lane),
    cmocka_unit_test(heartbeats_that_share_a_bucket_are_told_apart),
    cmocka_unit_test(an_answer_speaks_only_for_its_range),
    cmocka_unit_test(an_answer_speaks_only_for_its_records),
    cmocka_unit_test(beyond_the_bound_nothing_refused_becomes_accepted),
};

int main(void)
{
    return cmocka_run_group_tests_name("emission", tests, NULL, NULL);
}
