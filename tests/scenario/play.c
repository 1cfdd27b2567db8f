/* play: a cluster at work. */
#include "tests/scenario/play.h"

#include "core/json.h"
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 40

struct waiting {
    struct play *play;
    const char *token;
    long status;
};

static const char *play_coordinator(const struct play *play)
{
    return rig_text(play->rig, "c1-%s", play->prefix);
}

static void must(struct rig_output output, const char *what)
{
    if (output.status != 0) {
        fail_msg("%s ended with %d: %s%s", what, output.status, output.out, output.err);
    }
}

static struct rig_output run(const struct play *play, const char *const *first, const char *const *second)
{
    const char *argv[ARGUMENTS_MAX] = {rig_command};
    size_t count = 1;

    for (; *first != NULL && count + 1 < ARGUMENTS_MAX; first++) {
        argv[count++] = *first;
    }
    for (; second != NULL && *second != NULL && count + 1 < ARGUMENTS_MAX; second++) {
        argv[count++] = *second;
    }
    return rig_run(play->rig, NULL, argv);
}

const char *play_add_writer(const struct play *play, const char *name, const char *const *options)
{
    const char *file = rig_text(play->rig, "%s/%s.key", rig_keys(play->rig, play->prefix), name);
    const char *const arguments[] = {"writer", "add", name, "--out", file, NULL};

    must(run(play, arguments, options), "writer add");
    return file;
}

const char *play_add_hop(const struct play *play, const char *name)
{
    const char *const options[] = {"--role", "hop", "--wait", "durable", NULL};

    return play_add_writer(play, name, options);
}

struct rig_process *play_guard(struct play *play, const char *name, const char *const *more)
{
    struct rig *rig = play->rig;
    const char *settings[RIG_SETTINGS_MAX + 1] = {
        rig_text(rig, "hop.key_file=%s", play_add_hop(play, name)),
        "hop.issuer=" PLAY_ISSUER,
        "hop.algorithms=ES256",
        "hop.tenants=acme",
        "hop.audience=" PLAY_AUDIENCE,
        rig_text(rig, "hop.jwks_file=%s/%s.jwks", rig_directory(rig), play->prefix),
        "guard.class=strict",
        rig_text(rig, "cache.address=%s", rig_process_address(play->redis)),
        rig_text(rig, "cache.prefix=curfew:{%s}", play->prefix),
    };
    size_t count = 9;

    for (; more != NULL && *more != NULL && count < RIG_SETTINGS_MAX; more++) {
        settings[count++] = *more;
    }
    return rig_guard(rig, name, settings);
}

static void start_services(struct play *play, int guards)
{
    static const char *const names[] = {"hop-a", "hop-b", "hop-c"};
    struct rig *rig = play->rig;

    play->coordinator = rig_coordinator(rig, play_coordinator(play), NULL);
    for (int i = 0; i < guards; i++) {
        play->guards[i] = play_guard(play, rig_text(rig, "%s-%s", names[i], play->prefix), NULL);
    }
    play->guard_count = guards;
    rig_await_ready(rig, play->coordinator);
    for (int i = 0; i < guards; i++) {
        rig_await_ready(rig, play->guards[i]);
    }
}

struct play play_begin(struct rig *rig, int guards)
{
    struct play play = {.rig = rig};

    (void)rig_kafka(rig);
    play.prefix = rig_new_topics(rig);
    play.redis = rig_redis(rig, rig_text(rig, "redis-%s", play.prefix), false);
    play.key = rig_text(rig, "%s/%s.pem", rig_directory(rig), play.prefix);
    rig_found(rig, play.prefix,
              (const char *const[]){"--lanes", "2", "--lease-ms", rig_text(rig, "%d", PLAY_LEASE_MS), "--coordinator",
                                    play_coordinator(&play), NULL});
    must(rig_curfew(rig, NULL, "token", "keygen", "--out", play.key, "--jwks",
                    rig_text(rig, "%s/%s.jwks", rig_directory(rig), play.prefix)),
         "token keygen");
    rig_set(rig, "CURFEW_ISSUER_NAME", PLAY_ISSUER);
    rig_set(rig, "CURFEW_ISSUER_KEY_FILE", play.key);
    start_services(&play, guards);
    return play;
}

void play_end(struct play *play)
{
    rig_process_kill(play->coordinator);
    for (int i = 0; i < play->guard_count; i++) {
        rig_process_kill(play->guards[i]);
    }
    rig_process_kill(play->redis);
}

static const char *member(struct play *play, const char *json, const char *name)
{
    struct curfew_json *parsed = NULL;
    struct curfew_slice text = {0};
    int64_t number = 0;
    const char *found = NULL;

    assert_int_equal(curfew_json_parse(curfew_slice_of(json), &parsed, NULL), CURFEW_OK);
    if (curfew_json_string(curfew_json_member(parsed, name), &text)) {
        found = rig_text(play->rig, "%.*s", CURFEW_SLICE_ARGS(text));
    } else if (curfew_json_int(curfew_json_member(parsed, name), &number)) {
        found = rig_text(play->rig, "%lld", (long long)number);
    }
    curfew_json_destroy(parsed);
    assert_non_null(found);
    return found;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

struct play_session play_session_with(struct play *play, const char *user, const char *const *more)
{
    const char *const arguments[] = {"session", "start", "--tenant", "acme", "--user", user, "--json", NULL};
    struct rig_output output = run(play, arguments, more);

    must(output, "session start");
    struct play_session session = {.id = member(play, output.out, "session")};
    session.file = rig_text(play->rig, "%s/%s.json", rig_directory(play->rig), session.id);
    write_file(session.file, output.out);
    return session;
}

struct play_session play_session(struct play *play, const char *user)
{
    return play_session_with(play, user, NULL);
}

void play_task(struct play *play, const char *session, const char *task, const char *const *more)
{
    const char *const arguments[] = {"task", "start", session, task, NULL};

    must(run(play, arguments, more), "task start");
}

const char *play_mint(struct play *play, struct play_session session, const char *const *path)
{
    const char *arguments[ARGUMENTS_MAX] = {"token",      "mint",       "--session-file",
                                            session.file, "--audience", PLAY_AUDIENCE};
    size_t count = 6;

    for (; *path != NULL; path++) {
        arguments[count++] = "--path";
        arguments[count++] = *path;
    }
    struct rig_output output = run(play, arguments, NULL);
    must(output, "token mint");
    return rig_text(play->rig, "%.*s", (int)strcspn(output.out, "\n"), output.out);
}

int64_t play_emit(struct play *play, const char *const *arguments)
{
    const char *const json[] = {"--json", NULL};
    struct rig_output output = run(play, arguments, json);

    must(output, arguments[0]);
    return strtoll(member(play, output.out, "durable_us"), NULL, 10);
}

long play_check(struct play *play, int guard, const char *token, const char *strictness, const char **body)
{
    const char *const headers[] = {rig_text(play->rig, "Authorization: Bearer %s", token), NULL};
    struct rig_response response =
        rig_get(play->rig, play->guards[guard], rig_text(play->rig, "/v1/check?class=%s", strictness), headers);

    if (body != NULL) {
        *body = response.body;
    }
    return response.status;
}

static bool all_say(void *context)
{
    struct waiting *waiting = context;

    for (int i = 0; i < waiting->play->guard_count; i++) {
        if (play_check(waiting->play, i, waiting->token, "strict", NULL) != waiting->status) {
            return false;
        }
    }
    return true;
}

void play_until(struct play *play, const char *token, long status, const char *what)
{
    struct waiting waiting = {play, token, status};

    rig_until(all_say, &waiting, PLAY_SOON_MS, what);
}

void play_all(struct play *play, const char *token, long status)
{
    for (int i = 0; i < play->guard_count; i++) {
        const char *body = NULL;
        const long said = play_check(play, i, token, "strict", &body);
        if (said != status) {
            fail_msg("guard %d said %ld where %ld was due: %s", i, said, status, body);
        }
    }
}
