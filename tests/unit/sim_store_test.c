/* sim_store: the simulated Redis does what the script does, and its reader answers by docs/key-layout.md alone. */
#include "core/digest.h"
#include "core/id.h"
#include "tests/sim/store.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define S INT64_C(1000000)
#define MS INT64_C(1000)
#define T0 (1800000000 * S)
#define GENESIS (T0 - 3600 * S)
#define SKEW (250 * MS)
#define LONGEST (30 * S)
#define LOG_ID "abababababababababababababababab"
#define ARGUMENTS_MAX 64
#define WORD_SIZE 96
#define LANE 2 /* of the session asked about */

/* One script call, word for word. */
struct words {
    char text[ARGUMENTS_MAX][WORD_SIZE];
    struct curfew_slice slices[ARGUMENTS_MAX];
    size_t count;
};

/* What a hop that writes knows of its own calls. */
struct writer {
    const char *name;
    int sequence, answered;
    int sweep; /* first of the 64 buckets it looks at */
    int prune; /* bucket */
    int64_t prune_us;
    char epoch[WORD_SIZE];
};

struct floor {
    int subject;
    int64_t floor, expires_us;
};

static struct sim_store *store;

static int set_up(void **state)
{
    (void)state;
    store = sim_store_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sim_store_destroy(store);
    return 0;
}

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
    va_list arguments;
    assert_true(words->count < ARGUMENTS_MAX);
    va_start(arguments, format);
    assert_in_range(vsnprintf(words->text[words->count], WORD_SIZE, format, arguments), 0, WORD_SIZE - 1);
    va_end(arguments);
    words->slices[words->count] = curfew_slice_of(words->text[words->count]);
    words->count++;
}

/* Subjects 0x10 apart share no bucket; 0 and 1 do. */
static struct curfew_subject subject(int number)
{
    struct curfew_subject made = {{0}};
    made.digest[0] = (uint8_t)(number / 16);
    made.digest[CURFEW_DIGEST_SIZE - 1] = (uint8_t)number;
    return made;
}

static int bucket(int number)
{
    return number / 16 * 16;
}

static const char *run(const struct words *words, int64_t now_us)
{
    return sim_store_call(store, &(struct curfew_cache_call){words->slices, words->count}, now_us);
}

static void begin(struct words *words, struct writer *writer, const char *what)
{
    words->count = 0;
    add(words, "1");
    add(words, "curfew:{0}:meta");
    add(words, "%s", what);
    add(words, "curfew:{0}");
    add(words, "%s", writer->name);
    add(words, "%s %d", writer->name, ++writer->sequence);
}

/* Joins, in place of the epoch it found void if it did. */
static void join(struct writer *writer, const char *found_void)
{
    struct words words;
    begin(&words, writer, "join");
    add(&words, "%s", found_void);
    add(&words, "%s.%d", writer->name, writer->sequence);
    const char *answer = run(&words, T0);
    assert_memory_equal(answer, "joined ", 7);
    snprintf(writer->epoch, sizeof(writer->epoch), "%.90s", answer + 7);
    writer->answered = writer->sequence;
}

static void add_fresh(struct words *words, int lane, int64_t as_of_us)
{
    add(words, "%d", lane);
    add(words, "%" PRId64, as_of_us);
    add(words, "%s %" PRId64 " %" PRId64, LOG_ID, GENESIS, SKEW);
    add(words, "%" PRId64, (as_of_us + LONGEST) / MS);
}

/* The words of a write of one floor (NULL: none), and freshness of control and LANE as of `as_of_us` (0: none). */
static void write_words(struct words *words, struct writer *writer, const struct floor *floor, int64_t as_of_us)
{
    begin(words, writer, "write");
    add(words, "%s %d", writer->name, writer->answered);
    add(words, "%s", writer->epoch);
    add(words, "%d", writer->sweep);
    add(words, "64");
    add(words, "%d", writer->prune);
    add(words, "%" PRId64, writer->prune_us);
    add(words, "%d", floor == NULL ? 0 : 1);
    if (floor != NULL) {
        char hex[2 * CURFEW_DIGEST_SIZE + 1];
        const struct curfew_subject of = subject(floor->subject);
        curfew_hex(of.digest, sizeof(of.digest), hex);
        add(words, "%s", hex);
        add(words, "%" PRId64, floor->floor);
        add(words, "%" PRId64, floor->expires_us);
    }
    for (int lane = 0; as_of_us != 0 && lane <= LANE; lane += LANE) {
        add_fresh(words, lane, as_of_us);
    }
}

static const char *put(struct writer *writer, const struct floor *floor, int64_t as_of_us, int64_t now_us)
{
    struct words words;
    write_words(&words, writer, floor, as_of_us);
    const char *answer = run(&words, now_us);
    if (strcmp(answer, "ok") == 0) {
        writer->answered = writer->sequence;
    }
    return answer;
}

/* A hop whose every floor is in, vouching as of `as_of_us`. */
static struct writer ready(const char *name, int64_t as_of_us)
{
    struct writer writer = {.name = name, .sweep = 0, .prune = 4095};
    join(&writer, "");
    assert_string_equal(put(&writer, NULL, as_of_us, as_of_us), "ok");
    return writer;
}

/* What a token that presents `value` for the subject gets; changed by whoever asks something else. */
static struct sim_store_question question(struct curfew_lineage *lineage, int number, int64_t value, int64_t now_us)
{
    lineage->count = 1;
    lineage->entries[0] = (struct curfew_lineage_entry){subject(number), CURFEW_KIND_TASK, value};
    return (struct sim_store_question){
        .lineage = lineage,
        .lane = LANE,
        .issued_us = T0 - S,
        .expires_us = T0 + 3600 * S,
        .wall_us = now_us,
        .now_us = now_us,
        .longest_age_us = LONGEST,
    };
}

static bool allows(int number, int64_t value, int64_t now_us)
{
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    const struct sim_store_question asked = question(&lineage, number, value, now_us);
    return sim_store_allows(store, &asked, &age_us);
}

static void test_an_empty_redis_allows_nothing(void **state)
{
    /* Goal: no freshness is no answer, before anybody wrote and after a join that wrote sentinels alone. */
    (void)state;
    struct writer hop = {.name = "hop-0"};
    assert_false(allows(0x10, 1, T0));
    join(&hop, "");
    assert_string_equal(hop.epoch, "hop-0.1");
    assert_false(allows(0x10, 1, T0));
    assert_string_equal(put(&hop, NULL, T0, T0), "ok");
    assert_true(allows(0x10, 1, T0));
}

static void test_a_floor_denies_what_is_below_it(void **state)
{
    /* Goal: a value is held against the floor of its own subject, one of many in the lineage, in a shared bucket too.
     */
    (void)state;
    struct writer hop = ready("hop-0", T0);
    assert_string_equal(put(&hop, &(struct floor){1, 3, T0 + 900 * S}, T0 + S, T0 + S), "ok");
    assert_false(allows(1, 2, T0 + S));
    assert_true(allows(1, 3, T0 + S));
    assert_true(allows(0, 0, T0 + S)); /* same bucket */
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    struct sim_store_question asked = question(&lineage, 0, 0, T0 + S);
    lineage.entries[lineage.count++] = (struct curfew_lineage_entry){subject(1), CURFEW_KIND_TASK, 2};
    assert_false(sim_store_allows(store, &asked, &age_us));
}

static void test_floors_join_by_the_greater(void **state)
{
    /* Goal: neither floor nor expiry goes down, whoever writes, up to the greatest number there is. */
    (void)state;
    struct writer a = ready("hop-0", T0);
    struct writer b = ready("hop-1", T0);
    assert_string_equal(b.epoch, a.epoch); /* it takes up the epoch it finds */
    assert_string_equal(put(&a, &(struct floor){0x20, 7, T0 + 100 * S}, 0, T0), "ok");
    assert_string_equal(put(&b, &(struct floor){0x20, 5, T0 + 200 * S}, 0, T0), "ok");
    assert_false(allows(0x20, 6, T0));
    assert_true(allows(0x20, 7, T0));
    a.prune = bucket(0x20);
    a.prune_us = T0 + 150 * S; /* above the first expiry, below the joined one */
    assert_string_equal(put(&a, NULL, 0, T0), "ok");
    assert_false(allows(0x20, 6, T0));
    assert_string_equal(put(&b, &(struct floor){0x20, INT64_MAX, T0 + S}, 0, T0), "ok");
    assert_false(allows(0x20, INT64_MAX - 1, T0));
    assert_true(allows(0x20, INT64_MAX, T0));
    assert_string_equal(put(&a, NULL, 0, T0), "ok"); /* prunes again, and the last expiry written was a short one */
    assert_false(allows(0x20, INT64_MAX - 1, T0));
}

static void test_only_expired_floors_of_one_bucket_are_pruned(void **state)
{
    /* Goal: pruning takes what expired before the limit, from the bucket named, and nothing else. */
    (void)state;
    struct writer hop = ready("hop-0", T0);
    const struct floor floors[] = {
        {0, 9, T0 + S}, {1, 9, T0 + 3 * S}, {2, 9, T0 + 2 * S}, {3, 9, T0 + S}, {0x30, 9, T0 + S}};
    for (size_t i = 0; i < sizeof(floors) / sizeof(floors[0]); i++) {
        assert_string_equal(put(&hop, &floors[i], 0, T0), "ok");
    }
    hop.prune = bucket(0);
    hop.prune_us = T0 + 2 * S;
    assert_string_equal(put(&hop, NULL, 0, T0), "ok");
    assert_true(allows(0, 1, T0));
    assert_true(allows(3, 1, T0));
    assert_false(allows(1, 1, T0));
    assert_false(allows(2, 1, T0)); /* it expires at the limit, not before */
    assert_false(allows(0x30, 1, T0)); /* another bucket */
}

static void test_a_writer_out_of_turn_is_refused(void **state)
{
    /* Goal: a call is done at most once in effect, and one that another call overtook writes nothing. */
    (void)state;
    struct words late;
    struct words again;
    struct writer hop = ready("hop-0", T0);
    write_words(&late, &hop, &(struct floor){0x40, 9, T0 + 900 * S}, T0 + 5 * S);
    assert_string_equal(put(&hop, NULL, T0 + S, T0 + S), "ok");
    assert_string_equal(run(&late, T0 + S), "sequence");
    assert_true(allows(0x40, 1, T0 + S));

    write_words(&again, &hop, &(struct floor){0x50, 9, T0 + 900 * S}, 0);
    assert_string_equal(run(&again, T0 + S), "ok");
    assert_string_equal(run(&again, T0 + S), "ok"); /* word for word: its answer was lost */
    hop.answered = hop.sequence;
    struct writer other = ready("hop-1", T0 + S);
    assert_string_equal(put(&hop, NULL, T0 + S, T0 + S), "ok"); /* others' sequences are their own */
    hop.sequence = hop.answered = 90;
    assert_string_equal(put(&hop, NULL, T0 + S, T0 + S), "sequence");
    assert_string_equal(put(&other, NULL, T0 + S, T0 + S), "ok");
    struct writer stranger = {.name = "hop-2"};
    snprintf(stranger.epoch, sizeof(stranger.epoch), "%.90s", other.epoch);
    assert_string_equal(put(&stranger, NULL, T0 + S, T0 + S), "sequence"); /* never joined */
}

static void test_a_lost_bucket_is_never_an_empty_one(void **state)
{
    /* Goal: what is evicted is missed by readers at once, by a writer that looks, and by nobody after a new epoch. */
    (void)state;
    struct sim_dice dice = sim_dice_of(1, "evict");
    struct writer a = ready("hop-0", T0);
    struct writer b = ready("hop-1", T0);
    assert_string_equal(put(&a, &(struct floor){0x60, 9, T0 + 900 * S}, 0, T0), "ok");
    do { /* the only bucket that holds anything; again while freshness went too */
        assert_string_equal(put(&a, NULL, T0, T0), "ok");
        sim_store_evict(store, &dice, 1);
        assert_false(allows(0x60, 9, T0)); /* would pass the floor: the bucket is gone */
    } while (!allows(0x70, 1, T0));

    a.sweep = bucket(0x60) - 64;
    assert_string_equal(put(&a, NULL, T0 + S, T0 + S), "ok"); /* it looked elsewhere */
    a.sweep = bucket(0x60) - 63;
    assert_string_equal(put(&a, NULL, T0 + 2 * S, T0 + 2 * S), "lost");
    a.sweep = 0;
    assert_string_equal(put(&a, &(struct floor){0x60, 9, T0 + 900 * S}, T0 + 2 * S, T0 + 2 * S), "lost");
    assert_false(allows(0x60, 9, T0 + 2 * S));

    char old[WORD_SIZE];
    memcpy(old, a.epoch, sizeof(old));
    join(&a, old);
    assert_string_not_equal(a.epoch, old);
    assert_false(allows(0x70, 1, T0 + S)); /* old freshness, new sentinels */
    assert_string_equal(put(&b, NULL, T0 + 3 * S, T0 + 3 * S), "epoch");
    join(&b, old); /* it too found the old one void; the new one stays */
    assert_string_equal(b.epoch, a.epoch);
    assert_string_equal(put(&a, NULL, T0 + S, T0 + 3 * S), "ok"); /* no newer than the old epoch's, and it counts */
    assert_true(allows(0x60, 1, T0 + 3 * S)); /* the floor went with its bucket */
    assert_string_equal(put(&a, &(struct floor){0x60, 9, T0 + 900 * S}, T0 + 3 * S, T0 + 3 * S), "ok");
    assert_false(allows(0x60, 8, T0 + 3 * S));
    assert_true(allows(0x60, 9, T0 + 3 * S));
}

static void test_the_last_buckets_are_looked_at_around_the_end(void **state)
{
    /* Goal: a sweep that begins near the last bucket goes on at the first. */
    (void)state;
    struct sim_dice dice = sim_dice_of(2, "evict");
    struct writer hop = ready("hop-0", T0);
    assert_string_equal(put(&hop, &(struct floor){0, 1, T0 + 900 * S}, 0, T0), "ok");
    sim_store_evict(store, &dice, 1);
    hop.sweep = 4032;
    assert_string_equal(put(&hop, NULL, T0, T0), "ok");
    hop.sweep = 4033;
    assert_string_equal(put(&hop, NULL, T0, T0), "lost");
}

static void test_a_flushed_redis_must_be_joined_anew(void **state)
{
    /* Goal: after a flush nothing is believed, no old call is taken, and a join begins another epoch. */
    (void)state;
    struct writer hop = ready("hop-0", T0);
    assert_string_equal(put(&hop, &(struct floor){0x10, 9, T0 + 900 * S}, 0, T0), "ok");
    sim_store_flush(store);
    assert_false(allows(0x20, 1, T0));
    assert_string_equal(put(&hop, NULL, T0 + S, T0 + S), "epoch");
    assert_false(allows(0x20, 1, T0 + S));
    char old[WORD_SIZE];
    memcpy(old, hop.epoch, sizeof(old));
    join(&hop, "");
    assert_string_not_equal(hop.epoch, old);
    assert_string_equal(put(&hop, NULL, T0 + S, T0 + S), "ok");
    assert_true(allows(0x10, 1, T0 + S)); /* the floor went, and only the hop could write it again */
}

static void test_a_replica_that_lags_says_so(void **state)
{
    /* Goal: a fail-over shows an older whole: its floors, its freshness with its age, and sequences that tell. */
    (void)state;
    struct writer hop = ready("hop-0", T0);
    assert_string_equal(put(&hop, &(struct floor){0x10, 9, T0 + 900 * S}, T0 + S, T0 + S), "ok");
    sim_store_replicate(store, T0 + S);
    assert_string_equal(put(&hop, &(struct floor){0x20, 9, T0 + 900 * S}, T0 + 8 * S, T0 + 8 * S), "ok");
    sim_store_replicate(store, T0 + 8 * S);
    assert_false(allows(0x20, 1, T0 + 9 * S));

    sim_store_failover(store, T0 + 9 * S, 2 * S); /* the copy of 1 s ago is too new */
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    struct sim_store_question asked = question(&lineage, 0x20, 1, T0 + 9 * S);
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, 8 * S + 2 * SKEW); /* as of T0 + 1 s */
    asked.longest_age_us = 2 * S;
    assert_false(sim_store_allows(store, &asked, &age_us));
    assert_false(allows(0x10, 1, T0 + 9 * S)); /* it was in the copy */
    assert_string_equal(put(&hop, NULL, T0 + 9 * S, T0 + 9 * S), "sequence");
    join(&hop, "");
    assert_string_equal(put(&hop, &(struct floor){0x20, 9, T0 + 900 * S}, T0 + 9 * S, T0 + 9 * S), "ok");
    assert_false(allows(0x20, 1, T0 + 9 * S));
}

static void test_old_copies_make_room_and_the_oldest_is_the_last_resort(void **state)
{
    /* Goal: the ring of copies is bounded; asked for one older than all, it gives the oldest. */
    (void)state;
    struct writer hop = ready("hop-0", T0);
    for (int i = 0; i < 100; i++) {
        assert_string_equal(put(&hop, NULL, T0 + i * S, T0 + i * S), "ok");
        sim_store_replicate(store, T0 + i * S);
    }
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    struct sim_store_question asked = question(&lineage, 0x20, 1, T0 + 99 * S);
    sim_store_failover(store, T0 + 99 * S, 1000 * S);
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_in_range(age_us - 2 * SKEW, 10 * S, 29 * S); /* some copies back, and not the first of all */
    sim_store_failover(store, T0 + 99 * S, 0);
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, 2 * SKEW);
}

static void test_freshness_expires_and_never_goes_back(void **state)
{
    /* Goal: the key goes at as_of + the longest age by Redis's clock; an older as_of replaces none but a dead key. */
    (void)state;
    struct writer hop = ready("hop-0", T0 + 5 * S);
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    struct sim_store_question asked = question(&lineage, 0x10, 1, T0 + 6 * S);
    assert_string_equal(put(&hop, NULL, T0, T0 + 6 * S), "ok");
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, S + 2 * SKEW);

    asked.now_us = T0 + 35 * S - MS; /* the reader's own clock stands still: only the key's end can tell */
    assert_true(sim_store_allows(store, &asked, &age_us));
    asked.now_us = T0 + 35 * S + MS;
    assert_false(sim_store_allows(store, &asked, &age_us));
    assert_string_equal(put(&hop, NULL, T0 + 4 * S, T0 + 36 * S), "ok"); /* of a key that is no more, any is newer */
    asked.now_us = T0 + 34 * S - MS;
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, 2 * S + 2 * SKEW);
}

/* Freshness of one lane alone. */
static void vouch(struct writer *writer, int lane, int64_t as_of_us)
{
    struct words words;
    write_words(&words, writer, NULL, 0);
    add_fresh(&words, lane, as_of_us);
    assert_string_equal(run(&words, as_of_us), "ok");
    writer->answered = writer->sequence;
}

static void test_both_lanes_must_be_fresh_under_one_epoch(void **state)
{
    /* Goal: control and the session's lane each count, the older gives the age, and one nobody vouched for denies. */
    (void)state;
    struct writer hop = ready("hop-0", T0);
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    struct sim_store_question asked = question(&lineage, 0x10, 1, T0 + 3 * S);
    asked.lane = 1;
    assert_false(sim_store_allows(store, &asked, &age_us));
    asked.lane = LANE;

    for (int lane = 0; lane <= LANE; lane += LANE) { /* one is renewed, and the other still gives the age */
        vouch(&hop, lane, T0 + 3 * S);
        assert_true(sim_store_allows(store, &asked, &age_us));
        assert_int_equal(age_us, (lane == 0 ? 3 * S : 0) + 2 * SKEW);
    }
    asked.wall_us = asked.now_us = T0 + 10 * S;
    vouch(&hop, LANE, T0 + 10 * S);
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, 7 * S + 2 * SKEW); /* control's */
}

static void test_a_reader_judges_time_by_the_layout(void **state)
{
    /* Goal: too old, as_of too far ahead, run out, and issued within skew of genesis are each no allow, at the exact
     * bound. */
    (void)state;
    (void)ready("hop-0", T0);
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    struct sim_store_question asked = question(&lineage, 0x10, 1, T0);
    asked.wall_us = T0 + 2 * S - 2 * SKEW;
    asked.longest_age_us = 2 * S;
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, 2 * S);
    asked.wall_us++;
    assert_false(sim_store_allows(store, &asked, &age_us));

    asked.wall_us = T0 - 2 * SKEW;
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, 2 * SKEW);
    asked.wall_us--;
    assert_false(sim_store_allows(store, &asked, &age_us));

    asked.wall_us = T0 - SKEW; /* behind: expiry is judged by as_of */
    asked.expires_us = T0;
    assert_false(sim_store_allows(store, &asked, &age_us));
    asked.expires_us = T0 + 1;
    assert_true(sim_store_allows(store, &asked, &age_us));
    asked.wall_us = T0 + 1; /* ahead: by the clock */
    assert_false(sim_store_allows(store, &asked, &age_us));
    asked.wall_us = T0;

    asked.issued_us = GENESIS + SKEW;
    assert_true(sim_store_allows(store, &asked, &age_us));
    asked.issued_us = GENESIS + SKEW - 1;
    assert_false(sim_store_allows(store, &asked, &age_us));
}

/* What a reader answers that saw freshness before, and sees the buckets now. */
static enum sim_store_answer decided(const struct sim_store_question *asked, const struct sim_store_glance *glance)
{
    struct sim_store_verdict verdict;
    sim_store_decide(store, asked, glance, &verdict);
    assert_true(verdict.answer != SIM_STORE_DENY || verdict.kind == CURFEW_KIND_TASK);
    return verdict.answer;
}

static void test_floors_deny_whatever_else_is_lost(void **state)
{
    /* Goal: a floor that is there denies, by its kind, though nobody vouches; what passes it is unavailable. */
    (void)state;
    struct curfew_lineage lineage;
    struct sim_store_glance glance;
    struct writer hop = {.name = "hop-0", .prune = 4095};
    join(&hop, "");
    assert_string_equal(put(&hop, &(struct floor){0x10, 9, T0 + 900 * S}, 0, T0), "ok");
    const struct sim_store_question asked = question(&lineage, 0x10, 8, T0);
    sim_store_look(store, &asked, &glance);
    assert_int_equal(decided(&asked, &glance), SIM_STORE_DENY);
    lineage.entries[0].value = 9;
    assert_int_equal(decided(&asked, &glance), SIM_STORE_UNAVAILABLE);
}

static void test_freshness_first_and_buckets_later(void **state)
{
    /* Goal: without a transaction, what is lost or begun anew in between, or a broken connection, is no allow. */
    (void)state;
    struct curfew_lineage lineage;
    struct sim_store_glance glance;
    struct writer hop = ready("hop-0", T0);
    sim_store_replicate(store, T0);
    const struct sim_store_question asked = question(&lineage, 0x10, 1, T0);
    sim_store_look(store, &asked, &glance);
    assert_int_equal(decided(&asked, &glance), SIM_STORE_ALLOW);
    assert_string_equal(put(&hop, &(struct floor){0x10, 9, T0 + 900 * S}, 0, T0), "ok");
    assert_int_equal(decided(&asked, &glance), SIM_STORE_DENY); /* newer buckets than freshness do no harm */
    sim_store_flush(store);
    assert_int_equal(decided(&asked, &glance), SIM_STORE_UNAVAILABLE);
    join(&hop, ""); /* every bucket is there, empty, under a new epoch */
    assert_int_equal(decided(&asked, &glance), SIM_STORE_UNAVAILABLE);
    sim_store_failover(store, T0, 0); /* to just what it saw */
    assert_int_equal(decided(&asked, &glance), SIM_STORE_UNAVAILABLE);
    assert_true(allows(0x10, 1, T0));
}

static void test_a_replica_is_an_older_redis(void **state)
{
    /* Goal: a reader of the replica sees the newest copy whole. */
    (void)state;
    struct curfew_lineage lineage;
    int64_t age_us = 0;
    struct writer hop = ready("hop-0", T0);
    struct sim_store_question asked = question(&lineage, 0x10, 1, T0 + S);
    asked.replica = true;
    sim_store_replicate(store, T0);
    assert_string_equal(put(&hop, &(struct floor){0x10, 9, T0 + 900 * S}, T0 + S, T0 + S), "ok");
    assert_true(sim_store_allows(store, &asked, &age_us));
    assert_int_equal(age_us, S + 2 * SKEW);
    assert_false(allows(0x10, 1, T0 + S));
    sim_store_replicate(store, T0 + S);
    assert_false(sim_store_allows(store, &asked, &age_us));
}

static void test_meta_may_be_lost_alone(void **state)
{
    /* Goal: without meta no writer is where it was, and the next epoch is a new one. */
    (void)state;
    struct sim_dice dice = sim_dice_of(3, "evict");
    struct writer hop = ready("hop-0", T0);
    const char *answer = "ok";
    for (int i = 0; i < 200 && strcmp(answer, "ok") == 0; i++) {
        sim_store_evict(store, &dice, 0); /* freshness at times, or meta */
        answer = put(&hop, NULL, T0 + i * MS, T0 + i * MS);
    }
    assert_string_equal(answer, "epoch");
    join(&hop, "");
    assert_false(allows(0x10, 1, T0)); /* freshness is of the old epoch */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_empty_redis_allows_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_floor_denies_what_is_below_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_floors_join_by_the_greater, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_only_expired_floors_of_one_bucket_are_pruned, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_writer_out_of_turn_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_lost_bucket_is_never_an_empty_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_last_buckets_are_looked_at_around_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_flushed_redis_must_be_joined_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_replica_that_lags_says_so, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_old_copies_make_room_and_the_oldest_is_the_last_resort, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_freshness_expires_and_never_goes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_both_lanes_must_be_fresh_under_one_epoch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_reader_judges_time_by_the_layout, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_floors_deny_whatever_else_is_lost, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_freshness_first_and_buckets_later, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_replica_is_an_older_redis, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_meta_may_be_lost_alone, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
