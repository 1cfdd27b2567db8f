/* play: a cluster at work for scenario tests: topics, a coordinator, Redis and guards on a rig, and the few moves a
 * test makes: sessions, tasks, mints, ends, checks. Moves go through the `curfew` command, as a user's would, and fail
 * the test when they should have worked. */
#ifndef PLAY_H
#define PLAY_H

#include "tests/scenario/rig.h"

#define PLAY_GUARDS_MAX 3
#define PLAY_ISSUER "https://as.acme.example"
#define PLAY_AUDIENCE "https://hops.acme.example"
#define PLAY_LEASE_MS 3000
#define PLAY_SOON_MS 15000

struct play {
    struct rig *rig;
    struct rig_process *redis;
    struct rig_process *coordinator;
    struct rig_process *guards[PLAY_GUARDS_MAX];
    int guard_count;
    const char *prefix; /* of the topics */
    const char *key; /* the issuer's private key */
};

/* Topics with two lanes and a lease of PLAY_LEASE_MS, and everything ready. */
struct play play_begin(struct rig *rig, int guards);
/* Ends what play_begin started, except the broker. */
void play_end(struct play *play);

/* One more guard, with more settings: started, not awaited, not one of play->guards and not ended by play_end. */
struct rig_process *play_guard(struct play *play, const char *name, const char *const *more);
/* Adds a writer with these options (NULL-ended), such as its role; gives its key file. */
const char *play_add_writer(const struct play *play, const char *name, const char *const *options);
/* Puts a hop on the roster; gives its key file. */
const char *play_add_hop(const struct play *play, const char *name);

struct play_session {
    const char *id;
    const char *file; /* as token mint takes it */
};

struct play_session play_session(struct play *play, const char *user);
/* The same with more options (NULL-ended). */
struct play_session play_session_with(struct play *play, const char *user, const char *const *more);
void play_task(struct play *play, const char *session, const char *task, const char *const *more);
/* A token for "task:attempt" steps (NULL-ended). */
const char *play_mint(struct play *play, struct play_session session, const char *const *path);
/* A command that must succeed; gives its durable_us. */
int64_t play_emit(struct play *play, const char *const *arguments);

/* What a guard says of a token: the HTTP status. `body` may be NULL. */
long play_check(struct play *play, int guard, const char *token, const char *strictness, const char **body);
/* Waits until every guard gives this status for the token, asked strictly. */
void play_until(struct play *play, const char *token, long status, const char *what);
/* Every guard gives this status now. */
void play_all(struct play *play, const char *token, long status);

#endif
