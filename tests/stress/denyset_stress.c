/* denyset_stress: readers on all cores against one writer at full speed, on one region: deny set, freshness, guard.
 *
 * The writer works in rounds. In each it raises every steady subject, joins floors that must change nothing, lets
 * passing subjects come and expire, so that the table is pruned, rebuilt, grown and now and then full, and then marks
 * its lanes; offsets are round numbers. What any floor or mark may be follows from its number and the round, so a
 * reader needs nothing of the writer but what the region itself shows it.
 *
 * Goals, from the readers' side:
 *   a floor once seen is never seen lower while it lives; no floor is another's or one never raised;
 *   whoever saw a mark sees every floor of its round (what DESIGN calls past the receipt);
 *   no mark is half of one and half of another, void or not; as_of never goes back within a log;
 *   a token whose attempt was fenced is denied, by judge and by decide; one that was not is never called revoked. */
#include "consumer/denyset.h"
#include "consumer/freshness.h"
#include "consumer/guard.h"
#include "consumer/region_layout.h"
#include "tests/stress/stress.h"
#include "tests/unit/forge.h"
#include <pthread.h>
#include <stdatomic.h>

#define BLIND_ONE_IN 1000 /* looks at a mark may find no quiet moment so seldom */
#define LANE 3 /* of FORGE_SESSION */
#define LANES 8
#define STEADY 1000 /* subjects that live for ever */
#define BOUND 8192 /* floors the region holds */
#define LIFE_MAX 8 /* rounds a passing subject lives, at most */
#define PASSING_MAX 200 /* in a round */
#define FULL_EVERY 32 /* rounds: in these it is filled to its bound and past it */
#define OLD_EVERY 5 /* rounds: in these a mark of an older as_of is stored too, and must be ignored */
#define VOID_EVERY 7
#define LOG_ROUNDS 1024 /* a new log begins after so many, with an as_of in the past of the last one's */
#define LOG_BACK_US 100
#define EACH_EVERY 4096 /* reads between two walks over all floors */
#define DECIDE_EVERY 256 /* judgements between two with signature and all */
#define JOBS 16
#define ATTEMPTS 4 /* of a job, a token each */

#define BASE_US (INT64_C(1000000) * FORGE_ISSUED_S + INT64_C(10000000)) /* wall time of round 0; a round is 1 us */
#define BOOT_US INT64_C(5000000000)
#define GENESIS_US (BASE_US - INT64_C(4000000000))
#define SKEW_US INT64_C(250000)
#define FOREVER_US INT64_C(4000000000000000000)
#define PASSING (UINT64_C(1) << 62) /* numbers of passing subjects: this | round << 20 | index */
#define ROUND_SHIFT 20
#define SURPLUS (UINT64_C(1) << 19) /* in an index: expires with its round */
#define NOBODY UINT64_C(77000000) /* numbers never raised */
#define OLD_OFFSET INT64_C(-1)

struct world {
    struct curfew_region *region;
    uint64_t seed;
    struct curfew_issuers *issuers;
    struct curfew_guard guard;
    char *texts[JOBS][ATTEMPTS];
    struct curfew_token *tokens[JOBS][ATTEMPTS];
    struct curfew_subject jobs[JOBS];
    _Atomic int64_t begun; /* the round under way */
    _Atomic int64_t fence_begun[JOBS]; /* a floor on its way */
    _Atomic int64_t fence[JOBS]; /* a floor raised */
    _Atomic bool over;
};

struct reader {
    struct world *world;
    uint64_t dice;
    uint64_t reads;
    uint64_t judgements;
    uint64_t denials;
    uint64_t walked; /* floors */
    uint64_t blind; /* looks at a mark that found no quiet moment: unsynced, as it must be */
    int64_t round; /* of the newest mark seen */
    uint8_t log_id[CURFEW_LOG_ID_SIZE];
    int64_t as_of_us; /* the newest, of that log */
    int64_t last[STEADY];
    bool denied[JOBS][ATTEMPTS];
};

struct tally {
    uint64_t rounds, raises, rebuilds, fulls;
};

/* ---- what follows from a number ------------------------------------------------------------------------------- */

static int64_t steady_floor(int64_t round, uint64_t number)
{
    return round * STEADY + (int64_t)number;
}

static uint64_t passing_count(uint64_t seed, int64_t round)
{
    return 1 + stress_mix(seed ^ 5, (uint64_t)round) % PASSING_MAX;
}

static uint64_t passing_number(int64_t round, uint64_t index)
{
    return PASSING | (uint64_t)round << ROUND_SHIFT | index;
}

static int64_t passing_expires_us(uint64_t number)
{
    int64_t round = (int64_t)((number ^ PASSING) >> ROUND_SHIFT);
    uint64_t life = (number & SURPLUS) != 0 ? 0 : 1 + stress_mix(number, 9) % LIFE_MAX;
    return BASE_US + round + (int64_t)life;
}

static struct curfew_freshness_mark mark_of(uint64_t seed, int64_t round)
{
    int64_t log = round / LOG_ROUNDS;
    struct curfew_freshness_mark mark = {
        .as_of_us = BASE_US + round - (log % 2) * LOG_BACK_US,
        .offset = round,
        .genesis_us = GENESIS_US + round,
        .skew_us = SKEW_US + round % 13,
        .arrived = {BASE_US + round, BOOT_US + round},
    };
    uint64_t words[2] = {stress_mix(seed, (uint64_t)log), stress_mix((uint64_t)log, seed)};
    memcpy(mark.log_id, words, sizeof(words));
    return mark;
}

/* ---- the writer ------------------------------------------------------------------------------------------------ */

/* Raises; true unless the deny set was full. */
static bool raise_floor(struct world *world, uint64_t number, int64_t floor, int64_t expires_us)
{
    struct curfew_subject subject = stress_subject(number);
    struct curfew_error error;
    enum curfew_status status = curfew_denyset_raise(world->region, &subject, floor, expires_us, &error);
    if (status != CURFEW_OK && status != CURFEW_FULL) {
        stress_broken("raising a floor: %s", error.text);
    }
    return status == CURFEW_OK;
}

static void must_raise(struct world *world, uint64_t number, int64_t floor, int64_t expires_us)
{
    if (!raise_floor(world, number, floor, expires_us)) {
        stress_broken("the deny set is full with %lld floors, of %d", (long long)curfew_denyset_count(world->region),
                      BOUND);
    }
}

static void raise_round(struct world *world, int64_t round, struct tally *tally)
{
    for (uint64_t i = 0; i < STEADY; i++) {
        must_raise(world, i, steady_floor(round, i), FOREVER_US + (int64_t)i);
    }
    uint64_t joins = stress_mix(world->seed, (uint64_t)round) % 64;
    for (uint64_t i = 0; i < joins; i++) { /* neither a lower floor nor an earlier expiry changes anything */
        uint64_t number = stress_mix(world->seed + i, (uint64_t)round) % STEADY;
        must_raise(world, number, 1 + (int64_t)(i % 2) * steady_floor(round - 1, number), BASE_US);
    }
    uint64_t passing = passing_count(world->seed, round);
    for (uint64_t i = 0; i < passing; i++) {
        uint64_t number = passing_number(round, i);
        must_raise(world, number, (int64_t)number, passing_expires_us(number));
    }
    tally->raises += STEADY + joins + passing;
    if (round % FULL_EVERY == 1) {
        uint64_t surplus = 0;
        for (; raise_floor(world, passing_number(round, SURPLUS | surplus), (int64_t)passing_number(round, surplus),
                           passing_expires_us(passing_number(round, SURPLUS)));
             surplus++) {
        }
        tally->raises += surplus + 1;
        tally->fulls++;
    }
}

/* The next attempt of some job; after the last the job is left alone. */
static void raise_fence(struct world *world, int64_t round)
{
    size_t job = stress_mix(world->seed ^ 11, (uint64_t)round) % JOBS;
    int64_t floor = atomic_load_explicit(&world->fence[job], memory_order_relaxed) + 1; /* the writer's own */
    if (floor > ATTEMPTS) {
        return;
    }
    /* relaxed: who sees the floor itself, by its acquire, sees this too */
    atomic_store_explicit(&world->fence_begun[job], floor, memory_order_relaxed);
    struct curfew_error error;
    if (curfew_denyset_raise(world->region, &world->jobs[job], floor, FOREVER_US, &error) != CURFEW_OK) {
        stress_broken("fencing: %s", error.text);
    }
    /* release: who sees this has the floor to see */
    atomic_store_explicit(&world->fence[job], floor, memory_order_release);
}

static void mark_round(struct world *world, int64_t round)
{
    struct curfew_freshness_mark mark = mark_of(world->seed, round);
    struct curfew_freshness_mark old = mark;
    old.as_of_us--;
    old.offset = OLD_OFFSET;
    for (int32_t lane = 0; lane <= LANE; lane += LANE) {
        curfew_freshness_store(world->region, lane, &mark);
        if (round % OLD_EVERY == 0) {
            curfew_freshness_store(world->region, lane, &old);
        }
        if (round % VOID_EVERY == 0) {
            curfew_freshness_void(world->region, lane, CURFEW_FRESH_UNPROVEN);
        }
    }
}

static void write_round(struct world *world, int64_t round, struct tally *tally)
{
    uint64_t generation = atomic_load_explicit(&world->region->generation, memory_order_relaxed);
    /* relaxed: who sees anything of this round, by its acquire, sees that the round began */
    atomic_store_explicit(&world->begun, round, memory_order_relaxed);
    curfew_denyset_prune(world->region, BASE_US + round);
    if (round % 16 == 0) { /* before the round can fill the table: a fence must find room */
        raise_fence(world, round);
    }
    raise_round(world, round, tally);
    mark_round(world, round);
    tally->rounds++;
    tally->rebuilds += atomic_load_explicit(&world->region->generation, memory_order_relaxed) - generation;
}

/* ---- the readers ----------------------------------------------------------------------------------------------- */

static int64_t floor_of(const struct reader *reader, uint64_t number)
{
    struct curfew_subject subject = stress_subject(number);
    return curfew_denyset_floor(reader->world->region, &subject);
}

static uint64_t roll(struct reader *reader, uint64_t sides)
{
    return stress_mix(reader->dice++, 1) % sides;
}

static int64_t begun(const struct reader *reader)
{
    return atomic_load_explicit(&reader->world->begun, memory_order_relaxed); /* see write_round */
}

/* Looks at one lane's mark, checks all of it, and takes its round for what must be visible from now on. */
static void read_mark(struct reader *reader, int32_t lane)
{
    struct curfew_freshness_mark mark;
    int64_t age_us;
    int64_t round = begun(reader);
    struct curfew_now now = {BASE_US + round, BOOT_US + round};
    enum curfew_fresh fresh = curfew_freshness_read(reader->world->region, lane, now, &age_us, &mark);
    if (fresh == CURFEW_FRESH_UNSYNCED && mark.genesis_us == 0) { /* the writer was off its processor all the while */
        reader->blind++;
        return;
    }
    struct curfew_freshness_mark expected = mark_of(reader->world->seed, mark.offset);
    if (mark.offset < 0 || memcmp(mark.log_id, expected.log_id, sizeof(mark.log_id)) != 0 ||
        mark.as_of_us != expected.as_of_us || mark.genesis_us != expected.genesis_us ||
        mark.skew_us != expected.skew_us || mark.arrived.wall_us != expected.arrived.wall_us ||
        mark.arrived.boot_us != expected.arrived.boot_us) {
        stress_broken("lane %d: the mark of offset %lld is not one that was stored", lane, (long long)mark.offset);
    }
    if (fresh != CURFEW_FRESH && fresh != CURFEW_FRESH_UNPROVEN) {
        stress_broken("lane %d is said to be %s", lane, curfew_fresh_name(fresh));
    }
    if (fresh == CURFEW_FRESH && age_us < 2 * SKEW_US) {
        stress_broken("lane %d: an age of %lld us is younger than two skews", lane, (long long)age_us);
    }
    if (lane != LANE) {
        return;
    }
    bool same = memcmp(mark.log_id, reader->log_id, sizeof(mark.log_id)) == 0;
    if (mark.offset < reader->round || (same && mark.as_of_us < reader->as_of_us)) {
        stress_broken("the mark went back from round %lld to %lld, or its as_of did", (long long)reader->round,
                      (long long)mark.offset);
    }
    memcpy(reader->log_id, mark.log_id, sizeof(mark.log_id));
    reader->as_of_us = mark.as_of_us;
    reader->round = mark.offset;
}

static void read_steady(struct reader *reader)
{
    uint64_t number = roll(reader, STEADY);
    int64_t floor = floor_of(reader, number);
    if (floor < steady_floor(reader->round, number) || floor > steady_floor(begun(reader), number)) {
        stress_broken("subject %llu: floor %lld, of round %lld; the mark was of round %lld", (unsigned long long)number,
                      (long long)floor, (long long)(floor / STEADY), (long long)reader->round);
    }
    if (floor % STEADY != (int64_t)number || floor < reader->last[number]) {
        stress_broken("subject %llu: floor %lld after %lld", (unsigned long long)number, (long long)floor,
                      (long long)reader->last[number]);
    }
    reader->last[number] = floor;
}

/* A passing subject of a round whose mark was seen is there unless it may have been pruned. */
static void read_passing(struct reader *reader)
{
    int64_t back = (int64_t)roll(reader, LIFE_MAX + 2);
    int64_t round = reader->round > back ? reader->round - back : 1;
    uint64_t number = passing_number(round, roll(reader, passing_count(reader->world->seed, round)));
    int64_t floor = floor_of(reader, number);
    if (floor != (int64_t)number && (floor != 0 || passing_expires_us(number) >= BASE_US + begun(reader))) {
        stress_broken("a subject of round %lld: floor %lld, though it expires in round %lld and this is round %lld",
                      (long long)round, (long long)floor, (long long)(passing_expires_us(number) - BASE_US),
                      (long long)begun(reader));
    }
    uint64_t nobody = NOBODY + roll(reader, 1000000);
    if (floor_of(reader, nobody) != 0) {
        stress_broken("subject %llu has a floor and was never raised", (unsigned long long)nobody);
    }
}

static bool walk(void *context, const struct curfew_subject *subject, int64_t floor, int64_t expires_us)
{
    struct reader *reader = context;
    bool passing = ((uint64_t)floor & PASSING) != 0;
    uint64_t number = passing ? (uint64_t)floor : (uint64_t)(floor % STEADY);
    struct curfew_subject expected = stress_subject(number);
    reader->walked++;
    if (curfew_subject_equal(subject, &expected)) {
        if (expires_us != (passing ? passing_expires_us(number) : FOREVER_US + (int64_t)number)) {
            stress_broken("a walk met subject %llu with the expiry of another", (unsigned long long)number);
        }
        return true;
    }
    for (size_t job = 0; job < JOBS; job++) {
        if (curfew_subject_equal(subject, &reader->world->jobs[job]) && floor <= ATTEMPTS && expires_us == FOREVER_US) {
            return true;
        }
    }
    if (passing) { /* surplus: its floor is its number without the mark of surplus */
        expected = stress_subject(number | SURPLUS);
        if (curfew_subject_equal(subject, &expected) && expires_us == passing_expires_us(number | SURPLUS)) {
            return true;
        }
    }
    stress_broken("a walk met floor %lld on a subject that is not its own", (long long)floor);
}

static void read_verdict(struct reader *reader)
{
    struct world *world = reader->world;
    size_t job = roll(reader, JOBS);
    size_t i = roll(reader, ATTEMPTS);
    int64_t attempt = (int64_t)i + 1;
    int64_t round = begun(reader);
    struct curfew_now now = {BASE_US + round, BOOT_US + round};
    struct curfew_request request = {
        .size = sizeof(request), .token = world->texts[job][i], .strictness = CURFEW_CLASS_STRICT};
    struct curfew_verdict verdict;
    request.token_size = strlen(request.token);
    /* acquire: the floor it tells of must be seen below */
    int64_t least = atomic_load_explicit(&world->fence[job], memory_order_acquire);
    if (reader->judgements++ % DECIDE_EVERY == 0) {
        curfew_guard_decide(&world->guard, &request, now, &verdict);
    } else {
        curfew_guard_judge(&world->guard, world->tokens[job][i], &request, now, &verdict);
    }
    int64_t most = atomic_load_explicit(&world->fence_begun[job], memory_order_relaxed); /* see raise_fence */
    bool denied = verdict.decision == CURFEW_DENY;
    bool excused = verdict.decision == CURFEW_UNAVAILABLE_NOW && strcmp(verdict.reason, "unproven") == 0;
    if (!denied && !excused && verdict.decision != CURFEW_ALLOW) {
        stress_broken("the guard says %s: %s", curfew_decision_name(verdict.decision), verdict.reason);
    }
    if (!denied && (attempt < least || reader->denied[job][i])) {
        stress_broken("job %zu attempt %lld is fenced at %lld, and the guard says %s", job, (long long)attempt,
                      (long long)least, curfew_decision_name(verdict.decision));
    }
    if (denied && attempt >= most) {
        stress_broken("job %zu attempt %lld is denied with its fence at %lld", job, (long long)attempt,
                      (long long)most);
    }
    reader->denied[job][i] = denied;
    reader->denials += denied ? 1 : 0;
}

static void *read_on(void *context)
{
    struct reader *reader = context;
    while (!atomic_load_explicit(&reader->world->over, memory_order_relaxed)) {
        if (reader->reads % 8 == 0) {
            read_mark(reader, reader->reads % 16 == 0 ? LANE : 0);
        }
        if (reader->reads % 64 == 0) {
            read_verdict(reader);
        }
        if (reader->reads % EACH_EVERY == 0) {
            curfew_denyset_each(reader->world->region, walk, reader);
        }
        read_steady(reader);
        read_passing(reader);
        reader->reads++;
    }
    return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

static void make_token(struct world *world, const struct curfew_jose_key *key, size_t job, size_t i)
{
    char step[64];
    char jti[32];
    snprintf(step, sizeof(step), "\"job-%zu\",%zu]", job, i + 1);
    snprintf(jti, sizeof(jti), "\"t-%zu-%zu\"", job, i);
    char *named = forge_swap(FORGE_PAYLOAD, "\"nightly-close\",1]", step);
    char *payload = forge_swap(named, "\"t-1\"", jti);
    world->texts[job][i] = forge_token(key, FORGE_HEADER, payload);
    struct curfew_error error;
    if (curfew_token_verify(curfew_slice_of(world->texts[job][i]), world->issuers, &world->tokens[job][i], &error) !=
        CURFEW_TOKEN_GOOD) {
        stress_broken("forging a token: %s", error.text);
    }
    free(named);
    free(payload);
}

static void open_world(struct world *world, const struct stress_options *options)
{
    struct curfew_region_options region = {.floors_max = BOUND};
    struct curfew_error error;
    uint64_t key[2] = {stress_mix(options->seed, 1), stress_mix(options->seed, 2)};
    memcpy(region.key, key, sizeof(region.key));
    if (curfew_region_create(&region, &world->region, &error) != CURFEW_OK) {
        stress_broken("%s", error.text);
    }
    curfew_freshness_lanes_set(world->region, LANES);
    struct curfew_jose_key *signer = forge_key();
    world->seed = options->seed;
    world->issuers = forge_issuers(&signer, 1);
    world->guard = (struct curfew_guard){.region = world->region,
                                         .issuers = world->issuers,
                                         .audience = "books",
                                         .longest_life_us = INT64_C(900000000),
                                         .strict_us = INT64_C(2000000),
                                         .standard_us = INT64_C(30000000)};
    for (size_t job = 0; job < JOBS; job++) {
        char task[32];
        snprintf(task, sizeof(task), "job-%zu", job);
        world->jobs[job] =
            curfew_subject_task(curfew_slice_of("acme"), curfew_slice_of(FORGE_SESSION), curfew_slice_of(task));
        for (size_t i = 0; i < ATTEMPTS; i++) {
            make_token(world, signer, job, i);
        }
    }
    curfew_jose_key_destroy(signer);
}

static void close_world(struct world *world)
{
    for (size_t job = 0; job < JOBS; job++) {
        for (size_t i = 0; i < ATTEMPTS; i++) {
            curfew_token_destroy(world->tokens[job][i]);
            free(world->texts[job][i]);
        }
    }
    curfew_issuers_destroy(world->issuers);
    curfew_region_destroy(world->region);
}

static void say(const struct reader *readers, int count, const struct tally *tally, int64_t us)
{
    struct reader all = {.world = readers[0].world};
    for (int i = 0; i < count; i++) {
        all.reads += readers[i].reads;
        all.judgements += readers[i].judgements;
        all.denials += readers[i].denials;
        all.walked += readers[i].walked;
        all.blind += readers[i].blind;
    }
    printf("%d readers; %llu rounds, %llu rebuilds, %llu times full, %llu denials\n", count,
           (unsigned long long)tally->rounds, (unsigned long long)tally->rebuilds, (unsigned long long)tally->fulls,
           (unsigned long long)all.denials);
    stress_rate("floors raised", tally->raises, us);
    stress_rate("floors read and checked", 3 * all.reads, us);
    stress_rate("verdicts", all.judgements, us);
    stress_rate("floors walked over", all.walked, us);
    stress_rate("looks that found no quiet moment", all.blind, us);
    if (all.blind > all.reads / BLIND_ONE_IN) {
        stress_broken("%llu looks of %llu found no quiet moment", (unsigned long long)all.blind,
                      (unsigned long long)all.reads);
    }
    if (tally->rebuilds == 0 || all.denials == 0 || all.walked == 0) {
        stress_broken("too little happened to mean anything: give it more time");
    }
}

int main(int count, char **arguments)
{
    struct stress_options options = stress_options_parse(count, arguments);
    struct world world = {0};
    struct tally tally = {0};
    open_world(&world, &options);
    write_round(&world, 1, &tally); /* the readers begin with a mark and a full table */
    struct reader *readers = calloc((size_t)options.readers, sizeof(*readers));
    pthread_t *threads = calloc((size_t)options.readers, sizeof(*threads));
    int64_t began_us = stress_clock_us();
    for (int i = 0; i < options.readers; i++) {
        readers[i] = (struct reader){.world = &world, .dice = stress_mix(options.seed, (uint64_t)i + 100)};
        if (pthread_create(&threads[i], NULL, read_on, &readers[i]) != 0) {
            stress_broken("no thread");
        }
    }
    for (int64_t round = 2; stress_clock_us() < began_us + options.seconds * INT64_C(1000000); round++) {
        write_round(&world, round, &tally);
    }
    atomic_store_explicit(&world.over, true, memory_order_relaxed); /* the joins order the rest */
    for (int i = 0; i < options.readers; i++) {
        pthread_join(threads[i], NULL);
    }
    say(readers, options.readers, &tally, stress_clock_us() - began_us);
    free(threads);
    free(readers);
    close_world(&world);
    return 0;
}
