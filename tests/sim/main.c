/* main: curfew-sim, the simulator's program. */
#include "core/log.h"
#include "tests/sim/crew.h"
#include "tests/sim/minimise.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "Usage: tests/sim/run [OPTION]...\n"
    "Lives simulated worlds: the real coordinators, hops and producers among brokers, clocks and networks that fail,\n"
    "each world from one seed, and holds every answer against the truth (tests/sim/oracle.h).\n"
    "\n"
    "  --seeds N          live N worlds (default 100), from a fresh seed that is printed\n"
    "  --from S           the first seed, to do the same again\n"
    "  --jobs J           as many at a time (default: one a core)\n"
    "  --twice            live each twice: the same seed must give the same world\n"
    "  --stop-at-first    end at the first violation\n"
    "  --seed S           live this one world\n"
    "  --plan FILE        live the world of a plan file\n"
    "      --trace        and print what happens, a line an event\n"
    "      --print-plan   print its plan and do nothing else\n"
    "      --minimise     cut a failing world down to the shortest plan that still fails; prints plan and trace\n"
    "  --list-bugs        the bugs planted on purpose, one a line, with the invariant each breaks\n"
    "  --bug NAME         build with that bug; status 1 when it is caught, 0 when it is not\n"
    "  --bugs             try them all, and print the table\n"
    "  --regressions      live every plan kept in tests/sim/regressions\n"
    "\n"
    "The last line is `seeds N, violations V`; the status is 0 only when V is 0.\n"
    "\n"
    "  tests/sim/run --seeds 1000 --jobs 2          a thousand new worlds\n"
    "  tests/sim/run --seed 4711 --trace | less     what happened in one\n"
    "  tests/sim/run --seed 4711 --minimise         the shortest plan that still fails\n";

struct run {
    struct sim_crew_options crew;
    bool one, trace, print, minimise;
    uint64_t seed;
    const char *plan;
    /* What came of it. */
    uint64_t done, failed;
    int64_t simulated_us, records, late_calls;
    int64_t faults[SIM_ACT_COUNT];
    struct sim_findings sum;
    double begun_s;
    bool terminal;
    uint64_t shown;
};

static double clock_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double hours(const struct run *run)
{
    return (double)run->simulated_us / 3.6e9;
}

static void show_progress(struct run *run)
{
    const double spent_s = clock_s() - run->begun_s;
    const double ratio = spent_s > 0 ? (double)run->simulated_us / 1e6 / spent_s : 0;
    if (run->terminal) {
        char bar[31];
        const size_t full = (size_t)(30 * run->done / run->crew.seeds);
        memset(bar, ' ', sizeof bar - 1);
        memset(bar, '#', full < 30 ? full : 30);
        bar[30] = '\0';
        fprintf(stderr, "\r[%s] %" PRIu64 "/%" PRIu64 " worlds, %.1f h, %.0fx real time, %" PRIu64 " violations ", bar,
                run->done, run->crew.seeds, hours(run), ratio, run->failed);
    } else if (run->done >= run->shown) {
        run->shown += run->crew.seeds / 10 + 1;
        fprintf(stderr, "%" PRIu64 "/%" PRIu64 " worlds, %.1f h, %.0fx real time, %" PRIu64 " violations\n", run->done,
                run->crew.seeds, hours(run), ratio, run->failed);
    }
}

static void told(void *context, uint64_t seed, const struct sim_result *result)
{
    struct run *run = context;
    run->done++;
    run->simulated_us += result->simulated_us;
    run->records += result->records;
    for (int i = 0; i < SIM_ACT_COUNT; i++) {
        run->faults[i] += result->faults[i];
    }
    run->sum.allows += result->findings.allows;
    run->sum.denies += result->findings.denies;
    run->sum.unavailable += result->findings.unavailable;
    run->sum.not_valid += result->findings.not_valid;
    run->sum.ended += result->findings.ended;
    run->sum.released += result->findings.released;
    run->sum.reads += result->findings.reads;
    run->sum.read_allows += result->findings.read_allows;
    run->sum.read_denies += result->findings.read_denies;
    run->sum.read_ended += result->findings.read_ended;
    run->late_calls += result->late_calls;
    if (result->findings.violations > 0) {
        run->failed++;
        printf("%sseed %" PRIu64 ": %s: %s\n", run->terminal ? "\r\033[K" : "", seed, result->findings.invariant,
               result->findings.text);
        (void)fflush(stdout);
    }
    show_progress(run);
}

static void summary(const struct run *run)
{
    const double spent_s = clock_s() - run->begun_s;
    printf("%ssimulated %.1f h in %.1f s, %.0f times faster than real time; %" PRId64 " records\n",
           run->terminal ? "\n" : "", hours(run), spent_s, (double)run->simulated_us / 1e6 / spent_s, run->records);
    printf("tokens released %" PRId64 "; verdicts: allow %" PRId64 ", deny %" PRId64 ", unavailable %" PRId64
           ", not valid %" PRId64 "; of tokens that were over %" PRId64 "\n",
           run->sum.released, run->sum.allows, run->sum.denies, run->sum.unavailable, run->sum.not_valid,
           run->sum.ended);
    printf("readers of Redis asked %" PRId64 ": allow %" PRId64 ", deny %" PRId64
           "; of tokens that were over, while it "
           "was fresh, %" PRId64 "; calls to it that were done after they were given up %" PRId64 "\n",
           run->sum.reads, run->sum.read_allows, run->sum.read_denies, run->sum.read_ended, run->late_calls);
    printf("faults:");
    for (int i = 0; i < SIM_ACT_COUNT; i++) {
        if (sim_act_is_fault((enum sim_act)i)) {
            printf(" %s %" PRId64, sim_act_name((enum sim_act)i), run->faults[i]);
        }
    }
    printf("\nseeds %" PRIu64 ", violations %" PRIu64 "\n", run->done, run->failed);
}

static bool load_plan(const struct run *run, struct sim_plan *plan)
{
    struct curfew_error error = {.status = CURFEW_OK};
    if (run->plan == NULL) {
        sim_plan_of(run->seed, plan);
        return true;
    }
    FILE *in = fopen(run->plan, "r");
    if (in == NULL) {
        fprintf(stderr, "curfew-sim: cannot read %s: %m\n", run->plan);
        return false;
    }
    const bool read = sim_plan_read(in, plan, &error) == CURFEW_OK;
    (void)fclose(in);
    if (!read) {
        fprintf(stderr, "curfew-sim: %s: %s\n", run->plan, error.text);
    }
    return read;
}

/* One world. */
static int live_one(struct run *run)
{
    struct sim_plan plan;
    struct sim_result result;
    if (!load_plan(run, &plan)) {
        return 2;
    }
    if (run->print) {
        sim_plan_print(&plan, stdout);
        sim_plan_free(&plan);
        return 0;
    }
    if (run->minimise) {
        const bool failed = sim_minimise(&plan, stdout);
        sim_plan_free(&plan);
        return failed ? 1 : 0;
    }
    run->crew.seeds = 1;
    run->shown = 2;
    sim_world_run(&plan, run->crew.stop_at_first, run->trace ? stdout : NULL, &result);
    told(run, plan.size.seed, &result);
    printf("hash %016" PRIx64 "\n", result.hash);
    summary(run);
    sim_plan_free(&plan);
    return run->failed == 0 ? 0 : 1;
}

static bool number(const char *text, uint64_t *value)
{
    char *end = NULL;
    *value = strtoull(text, &end, 10);
    const bool good = text[0] >= '0' && text[0] <= '9' && *end == '\0';
    if (!good) {
        fprintf(stderr, "curfew-sim: %s is not a number; --help tells what there is\n", text);
    }
    return good;
}

enum {
    OPT_SEEDS = 1,
    OPT_FROM,
    OPT_JOBS,
    OPT_TWICE,
    OPT_STOP,
    OPT_SEED,
    OPT_PLAN,
    OPT_TRACE,
    OPT_PRINT,
    OPT_MINIMISE,
    OPT_HELP
};

static const struct option options[] = {
    {"seeds", required_argument, NULL, OPT_SEEDS},  {"from", required_argument, NULL, OPT_FROM},
    {"jobs", required_argument, NULL, OPT_JOBS},    {"twice", no_argument, NULL, OPT_TWICE},
    {"stop-at-first", no_argument, NULL, OPT_STOP}, {"seed", required_argument, NULL, OPT_SEED},
    {"plan", required_argument, NULL, OPT_PLAN},    {"trace", no_argument, NULL, OPT_TRACE},
    {"print-plan", no_argument, NULL, OPT_PRINT},   {"minimise", no_argument, NULL, OPT_MINIMISE},
    {"help", no_argument, NULL, OPT_HELP},          {NULL, 0, NULL, 0}};

/* False: not understood, and said so. */
static bool take(struct run *run, int option)
{
    uint64_t value = 0;
    switch (option) {
    case OPT_SEEDS:
        return number(optarg, &run->crew.seeds) && run->crew.seeds > 0;
    case OPT_FROM:
        return number(optarg, &run->crew.from);
    case OPT_JOBS:
        run->crew.jobs = number(optarg, &value) && value >= 1 && value <= 1024 ? (int)value : 0;
        return run->crew.jobs > 0;
    case OPT_TWICE:
        run->crew.twice = true;
        return true;
    case OPT_STOP:
        run->crew.stop_at_first = true;
        return true;
    case OPT_SEED:
        run->one = true;
        return number(optarg, &run->seed);
    case OPT_PLAN:
        run->one = true;
        run->plan = optarg;
        return true;
    case OPT_TRACE:
        run->trace = true;
        return true;
    case OPT_PRINT:
        run->print = true;
        return true;
    case OPT_MINIMISE:
        run->minimise = true;
        return true;
    case OPT_HELP:
        fputs(help, stdout);
        exit(0);
    default:
        return false;
    }
}

int main(int argc, char **argv)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct run run = {.crew = {.seeds = 100, .jobs = cores > 0 ? (int)cores : 1, .from = (uint64_t)time(NULL) * 1000},
                      .begun_s = clock_s(),
                      .terminal = isatty(STDERR_FILENO) == 1};
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (!take(&run, option)) {
            return 2;
        }
    }
    curfew_log_level_set(CURFEW_LOG_OFF);
    if (run.one) {
        return live_one(&run);
    }
    printf("seeds from %" PRIu64 " (--from %" PRIu64 " does the same again)\n", run.crew.from, run.crew.from);
    (void)fflush(stdout);
    sim_crew_run(&run.crew, told, &run);
    summary(&run);
    return run.failed == 0 ? 0 : 1;
}
