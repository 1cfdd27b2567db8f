/* codec_samples: one event of each type with the JSON it prints as, and random events made from the op lists. */
#include "codec_samples.h"
#include <stdlib.h>

#define POOL_SIZE 4096
#define MEMORY_SIZE (256 * 1024)

static uint8_t pool[POOL_SIZE];
static _Alignas(max_align_t) uint8_t memory[MEMORY_SIZE];
static size_t memory_used;

/* clang-format off */
#define TEXT(text) {(const uint8_t *)(text), sizeof(text) - 1}
#define LIST(array) {array, sizeof(array) / sizeof((array)[0])}
#define ID_1 {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
#define ID_1_HEX "0102030405060708090a0b0c0d0e0f10"
#define ID_2 {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf}
#define ID_2_HEX "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define CHAIN_1 {0xc1, [31] = 0x1c}
#define CHAIN_1_HEX "c10000000000000000000000000000000000000000000000000000000000001c"
#define CHAIN_2 {0xd2, [31] = 0x2d}
#define CHAIN_2_HEX "d20000000000000000000000000000000000000000000000000000000000002d"
#define SETTINGS {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
#define SETTINGS_JSON "{\"rules\":1,\"skew_ms\":2,\"tick_ms\":3,\"lease_ms\":4,\"heartbeat_age_ms\":5,"             \
    "\"attempt_step\":6,\"token_life_ms\":7,\"session_life_ms\":8,\"restate_ms\":9,\"sessions_max\":10,"              \
    "\"tasks_max\":11,\"floors_max\":12,\"schemas\":13}"

static const struct curfew_first_writer first_writers[] = {
    {TEXT("op"), CURFEW_ROLE_OPERATOR}, {TEXT("c1"), CURFEW_ROLE_COORDINATOR}};
static const int32_t roles[] = {CURFEW_ROLE_ORCHESTRATOR, CURFEW_ROLE_ISSUER};
static const struct curfew_slice tenants[] = {TEXT("acme"), TEXT("books")};
static const struct curfew_slice issuers[] = {TEXT("https://id")};
static const struct curfew_slice orchestrators[] = {TEXT("etl")};
static const struct curfew_slice agents[] = {TEXT("spiffe://acme/planner"), TEXT("spiffe://books/poster")};
static const struct curfew_path_step path[] = {
    {TEXT("acme"), TEXT("nightly-close"), 1}, {TEXT("books"), TEXT("post-invoices"), 2}};
static const struct curfew_slice approvals[] = {TEXT("a-9")};
static const struct curfew_policy_version policies[] = {{TEXT("payments"), 7}};
static const struct curfew_floor floors[] = {
    {ID_2, CURFEW_KIND_TASK, CURFEW_FLOOR_MAX, 41}, {ID_1, CURFEW_KIND_USER, 42, 43}};
static const uint8_t digests[][CURFEW_RECORD_DIGEST_SIZE] = {{1, 2, 3, 4, 5, 6, 7, 8}, {0xff}, {0}};
static const struct curfew_refusal refused[] = {
    {51, CURFEW_REASON_TASK_OVER, false}, {52, CURFEW_REASON_UNKNOWN_SESSION, true}};
static const struct curfew_lane_status lanes[] = {
    {0, ID_1, 61, 62, 63, TEXT("")}, {1, ID_2, -1, 0, -1, TEXT("unsynced")}};

static const struct sample samples[CURFEW_EVENT_COUNT] = {
    {{CURFEW_EVENT_GENESIS, .as.genesis = {TEXT("w"), 1001, ID_1, ID_2, 1, 9, SETTINGS, ID_2, LIST(first_writers)}},
     "{\"type\":\"genesis\",\"writer\":\"w\",\"said_us\":1001,\"log_id\":\"" ID_1_HEX "\",\"control_log\":\"" ID_2_HEX
     "\",\"lane\":1,\"lanes\":9,\"settings\":" SETTINGS_JSON ",\"master_check\":\"" ID_2_HEX
     "\",\"writers\":[{\"name\":\"op\",\"role\":\"operator\"},{\"name\":\"c1\",\"role\":\"coordinator\"}]}"},
    {{CURFEW_EVENT_SETTINGS, .as.settings = {TEXT("w"), 1002, SETTINGS}},
     "{\"type\":\"settings\",\"writer\":\"w\",\"said_us\":1002,\"settings\":" SETTINGS_JSON "}"},
    {{CURFEW_EVENT_SUBJECT_REVOKED,
      .as.subject_revoked = {TEXT("w"), 1003, CURFEW_KIND_USER, TEXT("acme"), TEXT("https://id"), TEXT("ann"),
                             TEXT("left"), true}},
     "{\"type\":\"subject-revoked\",\"writer\":\"w\",\"said_us\":1003,\"kind\":\"user\",\"tenant\":\"acme\","
     "\"scope\":\"https://id\",\"id\":\"ann\",\"reason\":\"left\",\"break_glass\":true}"},
    {{CURFEW_EVENT_WRITER_SET,
      .as.writer_set = {TEXT("op"), 1103, TEXT("etl"), LIST(roles), LIST(tenants), LIST(issuers), 2, 1}},
     "{\"type\":\"writer-set\",\"writer\":\"op\",\"said_us\":1103,\"name\":\"etl\","
     "\"roles\":[\"orchestrator\",\"issuer\"],"
     "\"tenants\":[\"acme\",\"books\"],\"issuers\":[\"https://id\"],\"epoch\":2,\"least_epoch\":1}"},
    {{CURFEW_EVENT_POLICY_ADOPTED, .as.policy_adopted = {TEXT("op"), 1203, TEXT("acme"), TEXT("payments"), 7}},
     "{\"type\":\"policy-adopted\",\"writer\":\"op\",\"said_us\":1203,\"tenant\":\"acme\",\"name\":\"payments\","
     "\"version\":7}"},
    {{CURFEW_EVENT_POLICY_RAISED,
      .as.policy_raised = {TEXT("op"), 1303, TEXT("acme"), TEXT("payments"), 8, TEXT("wide"), true}},
     "{\"type\":\"policy-raised\",\"writer\":\"op\",\"said_us\":1303,\"tenant\":\"acme\",\"name\":\"payments\","
     "\"version\":8,\"reason\":\"wide\",\"break_glass\":true}"},
    {{CURFEW_EVENT_RECORDS_SKIPPED, .as.records_skipped = {TEXT("op"), 1353, 3, ID_1, 47, 49, TEXT("clock")}},
     "{\"type\":\"records-skipped\",\"writer\":\"op\",\"said_us\":1353,\"lane\":3,\"log_id\":\"" ID_1_HEX
     "\",\"from\":47,\"to\":49,\"reason\":\"clock\"}"},
    {{CURFEW_EVENT_RESYNC, .as.resync = {TEXT("c1"), 1403, TEXT("cut")}},
     "{\"type\":\"resync\",\"writer\":\"c1\",\"said_us\":1403,\"reason\":\"cut\"}"},
    {{CURFEW_EVENT_SESSION_STARTED,
      .as.session_started = {TEXT("w"), 1004, TEXT("3.x"), TEXT("acme"), TEXT("https://id"), TEXT("ann"), 2004, 3004,
                             TEXT("h"), LIST(orchestrators)}},
     "{\"type\":\"session-started\",\"writer\":\"w\",\"said_us\":1004,\"session\":\"3.x\",\"tenant\":\"acme\","
     "\"issuer\":\"https://id\",\"user\":\"ann\",\"auth_us\":2004,\"deadline_us\":3004,\"holder\":\"h\","
     "\"orchestrators\":[\"etl\"]}"},
    {{CURFEW_EVENT_SESSION_ENDED, .as.session_ended = {TEXT("w"), 1005, TEXT("3.x"), TEXT("done")}},
     "{\"type\":\"session-ended\",\"writer\":\"w\",\"said_us\":1005,\"session\":\"3.x\",\"reason\":\"done\"}"},
    {{CURFEW_EVENT_TASK_STARTED,
      .as.task_started = {TEXT("w"), 1006, TEXT("3.x"), TEXT("clean"), 2, TEXT("extract"), 1, TEXT("h")}},
     "{\"type\":\"task-started\",\"writer\":\"w\",\"said_us\":1006,\"session\":\"3.x\",\"task\":\"clean\","
     "\"attempt\":2,\"parent\":\"extract\",\"parent_attempt\":1,\"holder\":\"h\"}"},
    {{CURFEW_EVENT_ATTEMPT_ENDED,
      .as.attempt_ended = {TEXT("w"), 1007, TEXT("3.x"), TEXT("clean"), 3, TEXT("crashed"), TEXT("extract"),
                           5, TEXT("acme")}},
     "{\"type\":\"attempt-ended\",\"writer\":\"w\",\"said_us\":1007,\"session\":\"3.x\",\"task\":\"clean\","
     "\"attempt\":3,\"reason\":\"crashed\",\"by_task\":\"extract\",\"by_attempt\":5,\"by_tenant\":\"acme\"}"},
    {{CURFEW_EVENT_TASK_ENDED,
      .as.task_ended = {TEXT("w"), 1008, TEXT("3.x"), TEXT("clean"), 4, TEXT("d\xc3\xb6ne"), TEXT("extract"),
                        6, TEXT("books")}},
     "{\"type\":\"task-ended\",\"writer\":\"w\",\"said_us\":1008,\"session\":\"3.x\",\"task\":\"clean\","
     "\"attempt\":4,\"reason\":\"d\xc3\xb6ne\",\"by_task\":\"extract\",\"by_attempt\":6,\"by_tenant\":\"books\"}"},
    {{CURFEW_EVENT_HOLDER_HEARTBEAT,
      .as.holder_heartbeat = {TEXT("w"), 1009, TEXT("h"), TEXT("3.x"), TEXT("clean"), 8, TEXT("acme")}},
     "{\"type\":\"holder-heartbeat\",\"writer\":\"w\",\"said_us\":1009,\"holder\":\"h\",\"session\":\"3.x\","
     "\"by_task\":\"clean\",\"by_attempt\":8,\"by_tenant\":\"acme\"}"},
    {{CURFEW_EVENT_TOKEN_CREATED,
      .as.token_created = {TEXT("w"), 1010,
                           {TEXT("3.x"), TEXT("acme"), TEXT("https://id"), TEXT("ann"), TEXT("j-1"), 2010, 3010, 4010,
                            LIST(agents), LIST(path), LIST(approvals), LIST(policies), true, TEXT("k-1")}}},
     "{\"type\":\"token-created\",\"writer\":\"w\",\"said_us\":1010,\"session\":\"3.x\",\"tenant\":\"acme\","
     "\"issuer\":\"https://id\",\"user\":\"ann\",\"jti\":\"j-1\",\"auth_us\":2010,\"issued_us\":3010,"
     "\"expires_us\":4010,\"agents\":[\"spiffe://acme/planner\",\"spiffe://books/poster\"],"
     "\"path\":[{\"tenant\":\"acme\",\"task\":\"nightly-close\",\"attempt\":1},"
     "{\"tenant\":\"books\",\"task\":\"post-invoices\",\"attempt\":2}],\"approvals\":[\"a-9\"],"
     "\"policies\":[{\"name\":\"payments\",\"version\":7}],\"supervised\":true,\"key\":\"k-1\"}"},
    {{CURFEW_EVENT_TOKEN_REVOKED,
      .as.token_revoked = {TEXT("w"), 1011, TEXT("3.x"), TEXT("https://id"), TEXT("j-1"), TEXT("lost")}},
     "{\"type\":\"token-revoked\",\"writer\":\"w\",\"said_us\":1011,\"session\":\"3.x\",\"issuer\":\"https://id\","
     "\"jti\":\"j-1\",\"reason\":\"lost\"}"},
    {{CURFEW_EVENT_TICK, .as.tick = {TEXT("w"), 1012, 77}},
     "{\"type\":\"tick\",\"writer\":\"w\",\"said_us\":1012,\"control_offset\":77}"},
    {{CURFEW_EVENT_FLOORS, .as.floors = {ID_1, 3, 31, 1, 30, CHAIN_1, CHAIN_2, LIST(floors)}},
     "{\"type\":\"floors\",\"log_id\":\"" ID_1_HEX "\",\"lane\":3,\"cause\":31,\"part\":1,\"cause_before\":30,"
     "\"chain_before\":\"" CHAIN_1_HEX "\",\"chain\":\"" CHAIN_2_HEX "\",\"floors\":[{\"subject\":\"" ID_2_HEX
     "\",\"kind\":\"task\",\"floor\":9223372036854775807,\"expires_us\":41},{\"subject\":\"" ID_1_HEX
     "\",\"kind\":\"user\",\"floor\":42,\"expires_us\":43}]}"},
    {{CURFEW_EVENT_BEACON,
      .as.beacon = {ID_2, 3, 9, 1014, 32, 31, 30, CHAIN_2, 900, 250, TEXT("k-2"), TEXT("\xff\x00\x01")}},
     "{\"type\":\"beacon\",\"log_id\":\"" ID_2_HEX "\",\"lane\":3,\"lanes\":9,\"as_of_us\":1014,\"offset\":32,"
     "\"last_cause\":31,\"oldest_cause\":30,\"chain\":\"" CHAIN_2_HEX "\",\"genesis_us\":900,\"skew_ms\":250,"
     "\"key_id\":\"k-2\",\"signature\":\"ff0001\"}"},
    {{CURFEW_EVENT_ACCEPTED, .as.accepted = {ID_1, 3, 50, 52, LIST(digests), LIST(refused), TEXT("k-2"), TEXT("\x80")}},
     "{\"type\":\"accepted\",\"log_id\":\"" ID_1_HEX "\",\"lane\":3,\"from\":50,\"to\":52,"
     "\"digests\":[\"0102030405060708\",\"ff00000000000000\",\"0000000000000000\"],\"refused\":["
     "{\"offset\":51,\"reason\":\"task_over\",\"retriable\":false},"
     "{\"offset\":52,\"reason\":\"unknown_session\",\"retriable\":true}],\"key_id\":\"k-2\",\"signature\":\"80\"}"},
    {{CURFEW_EVENT_HOP_STATUS, .as.hop_status = {TEXT("hop-1"), TEXT("b-1"), 1016, TEXT("0.1.0"), 64, LIST(lanes)}},
     "{\"type\":\"hop-status\",\"hop\":\"hop-1\",\"boot\":\"b-1\",\"said_us\":1016,\"version\":\"0.1.0\","
     "\"floors\":64,"
     "\"lanes\":[{\"lane\":0,\"log_id\":\"" ID_1_HEX "\",\"offset\":61,\"as_of_us\":62,\"age_ms\":63,"
     "\"problem\":\"\"},"
     "{\"lane\":1,\"log_id\":\"" ID_2_HEX "\",\"offset\":-1,\"as_of_us\":0,\"age_ms\":-1,"
     "\"problem\":\"unsynced\"}]}"},
    {{CURFEW_EVENT_DEAD_LETTER,
      .as.dead_letter = {TEXT("curfew.lifecycle"), 2, 71, 72, 73, CHAIN_1, CURFEW_REASON_UNSUPPORTED}},
     "{\"type\":\"dead-letter\",\"topic\":\"curfew.lifecycle\",\"partition\":2,\"offset\":71,\"timestamp_us\":72,"
     "\"length\":73,\"digest\":\"" CHAIN_1_HEX "\",\"reason\":\"unsupported\"}"},
};
/* clang-format on */

const struct sample *samples_all(void)
{
    return samples;
}

const struct curfew_schema *samples_schema(enum curfew_event_type type)
{
    static struct curfew_schema schemas[CURFEW_EVENT_COUNT];
    struct curfew_error error;
    if (schemas[type].count == 0 && curfew_schema_load(curfew_event_shape(type), &schemas[type], &error) != CURFEW_OK) {
        abort();
    }
    return &schemas[type];
}

uint64_t samples_next(uint64_t *seed)
{
    uint64_t mixed = *seed += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

/* Where values come from: a seed, or NULL for the largest of each. */
static uint64_t pick(uint64_t *seed, uint64_t largest)
{
    if (seed == NULL) {
        return largest;
    }
    switch (samples_next(seed) % 8) {
    case 0:
        return 0;
    case 1:
        return largest;
    default:
        return samples_next(seed) % (largest + 1);
    }
}

static int64_t pick_number(uint64_t *seed, int64_t least, int64_t most)
{
    if (seed == NULL) {
        return least;
    }
    switch (samples_next(seed) % 8) {
    case 0:
        return least;
    case 1:
        return most;
    case 2:
    case 3:
        return (int64_t)(samples_next(seed) % 256) - 128;
    default: /* every width from 1 bit up */
        return (int64_t)(samples_next(seed) & (uint64_t)most) >> (samples_next(seed) % 63);
    }
}

static void fill(const struct curfew_op *op, const struct curfew_op *end, uint64_t *seed, uint8_t *base);

static void fill_array(const struct curfew_op *op, uint64_t *seed, struct curfew_list *list)
{
    uint64_t most = seed != NULL && samples_next(seed) % 8 != 0 ? (op->bound < 6 ? op->bound : 6) : op->bound;
    size_t count = (size_t)pick(seed, most);
    uint8_t *items = memory + memory_used;
    memory_used += (count * op[1].size + 15) / 16 * 16;
    if (memory_used > MEMORY_SIZE) {
        abort();
    }
    *list = (struct curfew_list){count == 0 ? NULL : items, count};
    for (size_t i = 0; i < count; i++) {
        fill(op + 1, op + 1 + op->inside, seed, items + i * op[1].size);
    }
}

static void fill(const struct curfew_op *op, const struct curfew_op *end, uint64_t *seed, uint8_t *base)
{
    for (; op < end; op += op->type == CURFEW_OP_ARRAY ? 1 + op->inside : 1) {
        void *at = base + op->offset;
        if (op->type == CURFEW_OP_BOOLEAN) {
            *(bool *)at = pick(seed, 1) == 1;
        } else if (op->type == CURFEW_OP_INT) {
            *(int32_t *)at = (int32_t)pick_number(seed, INT32_MIN, INT32_MAX);
        } else if (op->type == CURFEW_OP_LONG) {
            *(int64_t *)at = pick_number(seed, INT64_MIN, INT64_MAX);
        } else if (op->type == CURFEW_OP_ENUM) {
            *(int32_t *)at = (int32_t)pick(seed, op->bound - 1);
        } else if (op->type == CURFEW_OP_STRING || op->type == CURFEW_OP_BYTES) {
            size_t size = (size_t)pick(seed, op->bound);
            *(struct curfew_slice *)at = (struct curfew_slice){pool + pick(seed, POOL_SIZE - size), size};
        } else if (op->type == CURFEW_OP_FIXED) {
            memcpy(at, pool + pick(seed, POOL_SIZE - op->size), op->size);
        } else if (op->type == CURFEW_OP_ARRAY) {
            fill_array(op, seed, at);
        }
    }
}

static void make(enum curfew_event_type type, uint64_t *seed, struct curfew_event *event)
{
    const struct curfew_schema *schema = samples_schema(type);
    for (size_t i = 0; i < POOL_SIZE; i++) {
        pool[i] = (uint8_t)(i * 7 + i / 256);
    }
    memory_used = 0;
    *event = (struct curfew_event){.type = type};
    fill(schema->ops, schema->ops + schema->count, seed, (uint8_t *)&event->as);
}

void samples_random(enum curfew_event_type type, uint64_t *seed, struct curfew_event *event)
{
    make(type, seed, event);
}

void samples_largest(enum curfew_event_type type, struct curfew_event *event)
{
    make(type, NULL, event);
}

static bool same(const struct curfew_op *op, const struct curfew_op *end, const uint8_t *a, const uint8_t *b)
{
    for (; op < end; op += op->type == CURFEW_OP_ARRAY ? 1 + op->inside : 1) {
        const void *left = a + op->offset;
        const void *right = b + op->offset;
        if (op->type == CURFEW_OP_STRING || op->type == CURFEW_OP_BYTES) {
            if (!curfew_slice_equal(*(const struct curfew_slice *)left, *(const struct curfew_slice *)right)) {
                return false;
            }
        } else if (op->type == CURFEW_OP_ARRAY) {
            const struct curfew_list *one = left;
            const struct curfew_list *two = right;
            const struct curfew_op *item = op + 1;
            bool alike = one->count == two->count;
            for (size_t i = 0; alike && i < one->count; i++) {
                alike = same(item, item + op->inside, (const uint8_t *)one->items + i * item->size,
                             (const uint8_t *)two->items + i * item->size);
            }
            if (!alike) {
                return false;
            }
        } else if (op->type != CURFEW_OP_RECORD && memcmp(left, right, op->size) != 0) {
            return false;
        }
    }
    return true;
}

bool samples_equal(const struct curfew_event *a, const struct curfew_event *b)
{
    if (a->type != b->type) {
        return false;
    }
    const struct curfew_schema *schema = samples_schema(a->type);
    return same(schema->ops, schema->ops + schema->count, (const uint8_t *)&a->as, (const uint8_t *)&b->as);
}

uint8_t *samples_copy(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    if (copy == NULL) {
        abort();
    }
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}
