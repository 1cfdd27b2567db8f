/* plan_work: what is done in a world, right and wrong: pipelines, fan-outs, retries with zombies, escalations, mints
 * that race ends, users revoked while their jobs run. */
#include "tests/sim/plan.h"

#include "core/clock.h"
#include <string.h>

#define MS CURFEW_US_PER_MS
#define S CURFEW_US_PER_S
#define SMALL_FAN_MOST 200
#define LARGE_FAN 10000
#define ATTEMPTS_MOST 12 /* of one task */

/* What the plan has said so far of one session. */
struct story {
    int32_t session, actor, other, lane, life_s;
    int32_t tasks;
    int32_t parents[SIM_TASKS_MAX + 1], attempts[SIM_TASKS_MAX + 1], depths[SIM_TASKS_MAX + 1];
    int64_t ends_us;
};

struct author {
    struct sim_plan *plan;
    struct sim_dice *dice;
    struct story stories[SIM_SESSIONS_MAX + 1];
    int32_t sessions;
    int32_t tokens;
    bool large_fan;
    int64_t now_us;
};

static int32_t pick(struct author *author, int64_t least, int64_t most)
{
    return (int32_t)sim_dice_between(author->dice, least, most);
}

static bool chance(struct author *author, int permille)
{
    return sim_dice_chance(author->dice, permille);
}

static void say(struct author *author, struct sim_action action, int64_t after_us)
{
    action.at_us = author->now_us + after_us;
    sim_plan_add(author->plan, &action);
}

/* One of the two that work on it. */
static int32_t someone(struct author *author, const struct story *story)
{
    return chance(author, 700) ? story->actor : story->other;
}

static void start_session(struct author *author)
{
    const struct sim_size *size = &author->plan->size;
    if (author->sessions == SIM_SESSIONS_MAX) {
        return;
    }
    struct story *story = &author->stories[++author->sessions];
    memset(story, 0, sizeof *story);
    story->session = author->sessions;
    story->actor = pick(author, 1, size->actors);
    story->other = pick(author, 1, size->actors);
    story->lane = pick(author, 1, size->lanes - 1);
    story->life_s = pick(author, 20, size->session_life_ms / 1000 - 5);
    story->ends_us = author->now_us + story->life_s * S;
    struct sim_action action = {
        .act = SIM_SESSION_START,
        .actor = story->actor,
        .session = story->session,
        .lane = story->lane,
        .user = pick(author, 1, SIM_USERS_MAX),
        .holder = chance(author, 300) ? story->actor : 0,
        .life_s = story->life_s,
        .value =
            chance(author, 900) ? sim_dice_between(author->dice, 0, 4 * S) : -sim_dice_between(author->dice, 0, 60 * S),
    };
    say(author, action, 0);
}

static void start_task(struct author *author, struct story *story)
{
    if (story->tasks == SIM_TASKS_MAX) {
        return;
    }
    const int32_t task = ++story->tasks;
    const int32_t parent =
        task > 1 && chance(author, 750) ? (chance(author, 500) ? task - 1 : pick(author, 1, task - 1)) : 0;
    story->parents[task] = parent;
    story->attempts[task] = chance(author, 980) ? 1 : pick(author, 900, 1100);
    story->depths[task] = parent == 0 ? 1 : story->depths[parent] + 1;
    say(author,
        (struct sim_action){.act = SIM_TASK_START,
                            .actor = someone(author, story),
                            .session = story->session,
                            .task = task,
                            .attempt = story->attempts[task],
                            .parent = parent,
                            .parent_attempt = parent == 0 ? 0 : story->attempts[parent],
                            .holder = chance(author, 300) ? story->actor : 0},
        0);
}

/* Under the newest attempt, or as a zombie under the one before. */
static void mint(struct author *author, struct story *story, int32_t task, int64_t after_us)
{
    if (author->tokens + 1 >= SIM_TOKENS_MAX) {
        return;
    }
    const int32_t newest = story->attempts[task];
    const struct sim_action action = {
        .act = SIM_MINT,
        .actor = someone(author, story),
        .token = ++author->tokens,
        .session = story->session,
        .task = task,
        .attempt = task == 0                           ? 0
                   : newest > 1 && chance(author, 150) ? newest - 1
                                                       : newest,
        .life_s = chance(author, 950) ? pick(author, 10, author->plan->size.token_life_ms / 1000)
                                      : author->plan->size.token_life_ms / 1000 + pick(author, 1, 60),
        .value = chance(author, 950) ? 0 : sim_dice_between(author->dice, -60 * S, 60 * S),
    };
    say(author, action, after_us);
}

static void fan_out(struct author *author, struct story *story, int32_t task)
{
    const bool large = author->large_fan && author->tokens + LARGE_FAN < SIM_TOKENS_MAX;
    const int32_t count = large ? LARGE_FAN : pick(author, 10, SMALL_FAN_MOST);
    if (author->tokens + count + 1 >= SIM_TOKENS_MAX) {
        return;
    }
    author->large_fan = author->large_fan && !large;
    say(author,
        (struct sim_action){.act = SIM_FAN_OUT,
                            .actor = story->actor,
                            .token = author->tokens + 1,
                            .session = story->session,
                            .task = task,
                            .attempt = story->attempts[task],
                            .count = count,
                            .life_s = author->plan->size.token_life_ms / 1000},
        0);
    author->tokens += count;
}

/* A new attempt. At times its children's parents were told of the old one. */
static void retry(struct author *author, struct story *story, int32_t task)
{
    if (story->attempts[task] > 900 || story->attempts[task] == ATTEMPTS_MOST) {
        return;
    }
    const int32_t parent = story->parents[task];
    story->attempts[task]++;
    say(author,
        (struct sim_action){.act = SIM_TASK_START,
                            .actor = someone(author, story),
                            .session = story->session,
                            .task = task,
                            .attempt = story->attempts[task],
                            .parent = parent,
                            .parent_attempt = parent == 0 ? 0 : story->attempts[parent],
                            .holder = chance(author, 300) ? story->actor : 0},
        0);
    mint(author, story, task, sim_dice_between(author->dice, 0, 300 * MS));
}

/* An end, and now and then a mint that races it, or the same end said again. */
static void end_something(struct author *author, struct story *story, int32_t task)
{
    const int kind = pick(author, 0, 9);
    struct sim_action action = {.act = SIM_TASK_END, .actor = someone(author, story), .session = story->session};
    action.task = task;
    if (kind < 4) {
        action.attempt = chance(author, 500) ? 0 : story->attempts[task];
    } else if (kind < 7) {
        action.act = SIM_ATTEMPT_END;
        action.attempt =
            story->attempts[task] > 1 && chance(author, 300) ? story->attempts[task] - 1 : story->attempts[task];
    } else if (kind == 7) {
        action.act = SIM_SESSION_END;
        action.task = 0;
    } else {
        action.act = SIM_TOKEN_REVOKE;
        action.task = 0;
        action.token =
            author->tokens == 0 ? 1 : pick(author, author->tokens > 20 ? author->tokens - 20 : 1, author->tokens);
    }
    if (action.act != SIM_SESSION_END && action.act != SIM_TOKEN_REVOKE && task == 0) {
        return;
    }
    if (chance(author, 400)) {
        mint(author, story, task, sim_dice_between(author->dice, 0, 20 * MS));
    }
    say(author, action, sim_dice_between(author->dice, 0, 20 * MS));
    if (chance(author, 200)) {
        say(author, action, sim_dice_between(author->dice, 0, 5 * S));
    }
}

/* What spans sessions, and what should not be said at all. */
static void disturb(struct author *author)
{
    const struct sim_size *size = &author->plan->size;
    struct sim_action action = {.actor = pick(author, 1, size->actors)};
    switch (pick(author, 0, 7)) {
    case 0:
    case 1:
    case 2:
        action.act = SIM_USER_REVOKE;
        action.user = pick(author, 1, SIM_USERS_MAX);
        action.value = chance(author, 900) ? 0 : sim_dice_between(author->dice, -5 * S, 5 * S);
        break;
    case 3:
        action.act = SIM_SETTINGS;
        action.value = pick(author, size->lease_ms / 1000, 25) * 1000; /* holders beat by the first one */
        action.count = size->token_life_ms;
        break;
    case 4:
    case 5:
        action.act = SIM_SILENCE;
        action.value = sim_dice_between(author->dice, S, 2 * size->lease_ms * MS);
        break;
    case 6:
        action.act = SIM_GARBAGE;
        action.lane = pick(author, 0, size->lanes - 1);
        break;
    default: { /* a task of a session nobody started */
        action.act = SIM_TASK_END;
        action.session = SIM_SESSIONS_MAX;
        action.task = 1;
        break;
    }
    }
    say(author, action, 0);
}

/* A session that still lives, mostly one of the newest; NULL: none. */
static struct story *any_story(struct author *author)
{
    for (int tries = 0; author->sessions > 0 && tries < 4; tries++) {
        const int32_t newest = author->sessions > 8 ? author->sessions - 8 : 1;
        struct story *story = &author->stories[pick(author, chance(author, 900) ? newest : 1, author->sessions)];
        if (story->ends_us + 10 * S > author->now_us) {
            return story;
        }
    }
    return NULL;
}

static void one_thing(struct author *author)
{
    struct story *story = any_story(author);
    const int what = pick(author, 0, 99);
    if (story == NULL || what < 6) {
        start_session(author);
        return;
    }
    const int32_t task = story->tasks == 0 ? 0 : pick(author, story->tasks > 6 ? story->tasks - 6 : 1, story->tasks);
    if (what < 26) {
        start_task(author, story);
    } else if (what < 66) {
        mint(author, story, task, 0);
    } else if (what < 69) {
        fan_out(author, story, task);
    } else if (what < 78 && task != 0) {
        retry(author, story, task);
    } else if (what < 94) {
        end_something(author, story, task);
    } else {
        disturb(author);
    }
}

void sim_plan_work(struct sim_plan *plan, struct sim_dice *dice)
{
    static struct author author; /* too large for a stack; one plan is made at a time */
    memset(&author, 0, sizeof author);
    author.plan = plan;
    author.dice = dice;
    author.large_fan = chance(&author, 25);
    const int64_t pause_us = S / sim_dice_between(dice, 2, 6);
    for (author.now_us = S / 2; author.now_us < plan->size.end_us - 12 * S;) {
        one_thing(&author);
        author.now_us += sim_dice_between(dice, 0, 2 * pause_us);
    }
}
