/* secrets_door: what is said at the door. */
#include "tests/scenario/secrets_door.h"
#include "core/digest.h"
#include "tests/scenario/secured.h"
#include <signal.h>
#include <string.h>

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

struct saying {
    long status; /* that is due */
    const char *bearer, *query, *body;
};

static const char *name_caller(struct play *play)
{
    uint8_t digest[CURFEW_SHA256_SIZE];
    char hex[2 * CURFEW_SHA256_SIZE + 1];
    const char *path = rig_text(play->rig, "%s/callers.json", rig_keys(play->rig, play->prefix));
    const struct curfew_slice secret = curfew_slice_of(SECRETS_DOOR_SECRET);
    curfew_sha256(&secret, 1, digest);
    curfew_hex(digest, sizeof digest, hex);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fprintf(file, "{\"callers\":[{\"name\":\"cron\",\"secret_sha256\":\"%s\",\"key_file\":\"etl.key\"}]}",
                        hex) > 0);
    assert_int_equal(fclose(file), 0);
    return path;
}

static struct rig_process *open_door(struct play *play, const char *socket)
{
    struct rig *rig = play->rig;
    secured_be(rig, "admin");
    const char *key = rig_text(rig, "guard.door_key_file=%s",
                               play_add_writer(play, "door-1", LIST("--role", "door", "--tenant", "acme")));
    (void)play_add_writer(play, "etl", LIST("--role", "orchestrator", "--tenant", "acme"));
    const char *hop_key = rig_text(rig, "hop.key_file=%s", play_add_hop(play, "hop-2"));
    secured_be(rig, "door");
    struct rig_process *door =
        rig_guard(rig, "hop-2",
                  LIST("hop.issuer=" PLAY_ISSUER, "hop.algorithms=ES256", "hop.tenants=acme",
                       "hop.audience=" PLAY_AUDIENCE, rig_text(rig, "hop.jwks_file=%s/issuer.json", rig_directory(rig)),
                       hop_key, key, rig_text(rig, "guard.callers_file=%s", name_caller(play)),
                       rig_text(rig, "guard.events_listen=unix:%s", socket)));
    rig_await_ready(rig, door);
    return door;
}

void secrets_door_is_used(struct play *play, const struct secrets_door *what, bool (*clean)(const char *text))
{
    struct rig *rig = play->rig;
    const char *socket = rig_text(rig, "%s/planted-door.sock", rig_directory(rig));
    struct rig_process *door = open_door(play, socket);
    const char *const plain = "{\"type\":\"task-ended\",\"task\":\"no-such-task\"}";
    const struct saying all[] = {
        {409, what->live, what->query, plain},
        {400, what->live, what->query, "{\"type\":\"task-ended\",\"" SECRETS_DOOR_BODY "\":1}"},
        {400, what->live, what->query, "{\"type\":\"" SECRETS_DOOR_BODY "\"}"},
        {400, what->live, what->query, SECRETS_DOOR_BODY},
        {400, what->live, "?wait=" SECRETS_DOOR_BODY, plain},
        {403, what->live, what->query, "{\"type\":\"session-ended\"}"},
        {403, what->ended, what->query, plain},
        {401, what->foreign, what->query, plain},
        {401, SECRETS_DOOR_SECRET "-", what->query, plain},
        {403, SECRETS_DOOR_SECRET, what->query,
         rig_text(rig, "{\"type\":\"task-ended\",\"session\":\"%s\",\"task\":\"%s\"}", what->session, what->task)},
        {200, what->live, what->query, "{\"type\":\"task-ended\"}"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        const struct rig_request request = {
            .url = rig_text(rig, "http://door/v1/events%s", all[i].query),
            .headers = LIST(rig_text(rig, "Authorization: Bearer %s", all[i].bearer)),
            .body = all[i].body,
            .socket = socket,
        };
        const struct rig_response response = rig_http(rig, &request);
        if (response.status != all[i].status || !clean(response.body)) {
            fail_msg("%zu: %ld was due, and no secret: %ld: %s", i, all[i].status, response.status, response.body);
        }
    }
    rig_process_signal(door, SIGTERM);
    assert_int_equal(rig_process_wait(door, RIG_END_MS), 0);
}
