/* codec_test: fingerprints, names, round trips and JSON of every event, and what encode refuses. */
#include "codec_samples.h"
#include "core/json.h"
#include "schemas/fingerprint.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define CANONICAL_MAX (2 * CURFEW_CANONICAL_MAX)

static _Alignas(max_align_t) uint8_t memory[CURFEW_CODEC_MEMORY];
static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];

/* Encodes, decodes from exactly as many bytes, and compares. Returns the size. */
static size_t round_trip(const struct curfew_event *event)
{
    struct curfew_error error = {.text = ""};
    struct curfew_arena arena = {memory, sizeof(memory), 0};
    struct curfew_event back;
    enum curfew_reason reason = CURFEW_REASON_COUNT;
    size_t size = 0;
    if (curfew_codec_encode(event, bytes, sizeof(bytes), &size, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    uint8_t *copy = samples_copy(bytes, size);
    if (curfew_codec_decode((struct curfew_slice){copy, size}, &arena, &back, &reason, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    assert_true(samples_equal(event, &back));
    free(copy);
    return size;
}

static void nothing_works_before_init(void **state)
{
    /* Goal: a forgotten init is told, not a crash or an empty record. */
    (void)state;
    struct curfew_error error;
    struct curfew_arena arena = {memory, sizeof(memory), 0};
    struct curfew_event event = samples_all()[0].event;
    enum curfew_reason reason;
    size_t size = 0;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof(bytes), &size, &error), CURFEW_INTERNAL);
    assert_int_equal(curfew_codec_decode((struct curfew_slice){bytes, 10}, &arena, &event, &reason, &error),
                     CURFEW_INTERNAL);
    assert_null(curfew_codec_json(&samples_all()[0].event));
    assert_int_equal(curfew_codec_fingerprint(CURFEW_EVENT_TICK), 0);
    assert_int_equal(curfew_codec_init(&error), CURFEW_OK);
    assert_int_equal(curfew_codec_init(NULL), CURFEW_OK);
}

static void fingerprints_are_those_published(void **state)
{
    /* Goal: CRC-64-AVRO agrees with the vectors that other implementations publish. */
    (void)state;
    assert_int_equal(curfew_fingerprint_rabin(curfew_slice_of("\"null\"")), UINT64_C(0x63dd24e7cc258f8a));
    assert_int_equal(curfew_fingerprint_rabin(curfew_slice_of("\"int\"")), UINT64_C(0x7275d51a3f395c8f));
    assert_int_equal(curfew_fingerprint_rabin(curfew_slice_of("\"string\"")), UINT64_C(0x8f014872634503c7));
    assert_int_equal(curfew_fingerprint_rabin(curfew_slice_of("")), UINT64_C(0xc15d213aa4d7a795));
}

static void each_schema_keeps_its_fingerprint(void **state)
{
    /* Goal: what is on the wire stays readable; changing a schema's shape is a new schema, never an edit. */
    (void)state;
    static const uint64_t pinned[CURFEW_EVENT_COUNT] = {
        [CURFEW_EVENT_GENESIS] = UINT64_C(0x7b676f97ede023aa),
        [CURFEW_EVENT_SETTINGS] = UINT64_C(0x27e7f8fe4499418e),
        [CURFEW_EVENT_SUBJECT_REVOKED] = UINT64_C(0x9229248ff292cb63),
        [CURFEW_EVENT_WRITER_SET] = UINT64_C(0x6c04075b0e6f75ff),
        [CURFEW_EVENT_POLICY_ADOPTED] = UINT64_C(0xe7e20dca7d194014),
        [CURFEW_EVENT_POLICY_RAISED] = UINT64_C(0x209d0e9c305c94e6),
        [CURFEW_EVENT_RECORDS_SKIPPED] = UINT64_C(0x0d264ea9ba6c3abb),
        [CURFEW_EVENT_RESYNC] = UINT64_C(0x3d3a9dd004c5c424),
        [CURFEW_EVENT_SESSION_STARTED] = UINT64_C(0x6d7bf07dbbad4324),
        [CURFEW_EVENT_SESSION_ENDED] = UINT64_C(0xbd72134c794887c0),
        [CURFEW_EVENT_TASK_STARTED] = UINT64_C(0xcdaf3bbe25fbe9f5),
        [CURFEW_EVENT_ATTEMPT_ENDED] = UINT64_C(0x5b6b6cbc48c10f4d),
        [CURFEW_EVENT_TASK_ENDED] = UINT64_C(0x1c679e999401749a),
        [CURFEW_EVENT_HOLDER_HEARTBEAT] = UINT64_C(0x21bde6f175a9b090),
        [CURFEW_EVENT_TOKEN_CREATED] = UINT64_C(0xe312a9ae26a6d1f4),
        [CURFEW_EVENT_TOKEN_REVOKED] = UINT64_C(0xaa91fd32924bf963),
        [CURFEW_EVENT_TICK] = UINT64_C(0x3d75eb4730de6d4e),
        [CURFEW_EVENT_FLOORS] = UINT64_C(0x630b202eec543776),
        [CURFEW_EVENT_BEACON] = UINT64_C(0xce8b25a589c8ae7d),
        [CURFEW_EVENT_ACCEPTED] = UINT64_C(0x4897854a8762d1a3),
        [CURFEW_EVENT_HOP_STATUS] = UINT64_C(0x9962afa3d11710cc),
        [CURFEW_EVENT_DEAD_LETTER] = UINT64_C(0x74c5dea1e4d9ec16),
    };
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        if (curfew_codec_fingerprint(type) != pinned[type]) {
            fail_msg("%s: fingerprint %016llx", curfew_event_name(type),
                     (unsigned long long)curfew_codec_fingerprint(type));
        }
    }
}

static const char *text_of(const struct curfew_json *json, const char *member)
{
    struct curfew_slice text = {0};
    return curfew_json_string(curfew_json_member(json, member), &text) ? (const char *)text.at : NULL;
}

static void canonical(const struct curfew_json *type, char *out);

static void canonical_record(const struct curfew_json *type, char *out)
{
    const struct curfew_json *fields = curfew_json_member(type, "fields");
    strcat(out, ",\"fields\":[");
    for (size_t i = 0; i < curfew_json_count(fields); i++) {
        const struct curfew_json *field = curfew_json_item(fields, i);
        sprintf(out + strlen(out), "%s{\"name\":\"%s\",\"type\":", i == 0 ? "" : ",", text_of(field, "name"));
        canonical(curfew_json_member(field, "type"), out);
        strcat(out, "}");
    }
    strcat(out, "]}");
}

/* The Parsing Canonical Form again, from the JSON instead of Avro-C's tree; every name of ours is in curfew.v1. */
static void canonical(const struct curfew_json *type, char *out)
{
    struct curfew_slice name;
    if (curfew_json_string(type, &name)) {
        bool ours = name.at[0] >= 'A' && name.at[0] <= 'Z';
        sprintf(out + strlen(out), "\"%s%.*s\"", ours ? "curfew.v1." : "", CURFEW_SLICE_ARGS(name));
        return;
    }
    const char *kind = text_of(type, "type");
    if (strcmp(kind, "array") == 0) {
        strcat(out, "{\"type\":\"array\",\"items\":");
        canonical(curfew_json_member(type, "items"), out);
        strcat(out, "}");
        return;
    }
    sprintf(out + strlen(out), "{\"name\":\"curfew.v1.%s\",\"type\":\"%s\"", text_of(type, "name"), kind);
    if (strcmp(kind, "record") == 0) {
        canonical_record(type, out);
    } else if (strcmp(kind, "fixed") == 0) {
        int64_t size = 0;
        assert_true(curfew_json_int(curfew_json_member(type, "size"), &size));
        sprintf(out + strlen(out), ",\"size\":%lld}", (long long)size);
    } else {
        char *symbols = curfew_json_print(curfew_json_member(type, "symbols"));
        sprintf(out + strlen(out), ",\"symbols\":%s}", symbols);
        free(symbols);
    }
}

static void fingerprints_are_of_the_canonical_form(void **state)
{
    /* Goal: the form made from Avro-C's tree is the one the specification derives from the JSON. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        struct curfew_json *json = NULL;
        struct curfew_error error;
        char expected[CANONICAL_MAX] = "";
        char made[CURFEW_CANONICAL_MAX];
        assert_int_equal(curfew_json_parse(curfew_slice_of(curfew_codec_schema(type)), &json, &error), CURFEW_OK);
        canonical(json, expected);
        assert_int_equal(curfew_schema_canonical(curfew_codec_schema(type), made, &error), CURFEW_OK);
        assert_string_equal(made, expected);
        assert_int_equal(curfew_fingerprint_rabin(curfew_slice_of(expected)), curfew_codec_fingerprint(type));
        curfew_json_destroy(json);
    }
}

static void expect_docs(const struct curfew_json *type, const char *event)
{
    if (!curfew_json_is_object(type)) {
        return;
    }
    const char *kind = text_of(type, "type");
    const struct curfew_json *fields = curfew_json_member(type, "fields");
    if (strcmp(kind, "array") == 0) {
        expect_docs(curfew_json_member(type, "items"), event);
    } else if (text_of(type, "doc") == NULL || strlen(text_of(type, "doc")) < 20) {
        fail_msg("%s: %s has no doc", event, text_of(type, "name"));
    }
    for (size_t i = 0; i < curfew_json_count(fields); i++) {
        const struct curfew_json *field = curfew_json_item(fields, i);
        const char *name = text_of(field, "name");
        const char *doc = text_of(field, "doc");
        const char *inner = text_of(field, "type");
        if (doc == NULL || strlen(doc) < 20) {
            fail_msg("%s: field %s has no doc", event, name);
        }
        if (strstr(name, "_us") != NULL && strstr(doc, "icroseconds") == NULL) {
            fail_msg("%s: field %s does not say its unit", event, name);
        }
        if (strstr(name, "_ms") != NULL && strstr(doc, "illiseconds") == NULL) {
            fail_msg("%s: field %s does not say its unit", event, name);
        }
        if (inner != NULL && strcmp(inner, "string") == 0 && strstr(doc, " bytes") == NULL) {
            fail_msg("%s: field %s does not say its bound", event, name);
        }
        expect_docs(curfew_json_member(field, "type"), event);
    }
}

static void every_field_says_what_it_is(void **state)
{
    /* Goal: the schemas are the public contract: each record and field has a doc, with its unit and bound. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        struct curfew_json *json = NULL;
        struct curfew_error error;
        assert_int_equal(curfew_json_parse(curfew_slice_of(curfew_codec_schema(type)), &json, &error), CURFEW_OK);
        assert_string_equal(text_of(json, "namespace"), "curfew.v1");
        expect_docs(json, curfew_event_name(type));
        curfew_json_destroy(json);
    }
}

static void json_shows_every_field_under_its_name(void **state)
{
    /* Goal: each schema field is tied to the struct member of its meaning, and prints as documented. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        const struct sample *sample = &samples_all()[type];
        assert_int_equal(sample->event.type, type);
        char *text = curfew_codec_json(&sample->event);
        assert_non_null(text);
        assert_string_equal(text, sample->json);
        free(text);
    }
}

static void json_refuses_what_is_no_text(void **state)
{
    /* Goal: a string that is not UTF-8 gives no JSON at all, wherever it stands; bytes and odd enums print. */
    (void)state;
    static const struct curfew_slice bad[] = {{(const uint8_t *)"a\xff", 2}};
    struct curfew_event event = samples_all()[CURFEW_EVENT_TASK_ENDED].event;
    event.as.task_ended.task = bad[0];
    assert_null(curfew_codec_json(&event));
    event = samples_all()[CURFEW_EVENT_TOKEN_CREATED].event;
    event.as.token_created.claims.agents = (struct curfew_list){bad, 1};
    assert_null(curfew_codec_json(&event));
    event = (struct curfew_event){.type = CURFEW_EVENT_COUNT};
    assert_null(curfew_codec_json(&event));
    event = samples_all()[CURFEW_EVENT_DEAD_LETTER].event;
    event.as.dead_letter.reason = CURFEW_REASON_COUNT;
    char *text = curfew_codec_json(&event);
    assert_non_null(strstr(text, "\"reason\":27"));
    free(text);
}

static void full_events_come_back(void **state)
{
    /* Goal: what was encoded decodes to the same values, for every type. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        round_trip(&samples_all()[type].event);
    }
}

static void empty_events_come_back(void **state)
{
    /* Goal: zeros, empty strings and empty lists survive, for every type. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        struct curfew_event event = {.type = type};
        const struct curfew_schema *schema = samples_schema(type);
        assert_int_equal(round_trip(&event), 10 + schema->ops[0].least);
    }
}

static void the_largest_events_fit(void **state)
{
    /* Goal: an event with every field at its bound fits the record size and the arena that the header names. */
    (void)state;
    size_t most = 0;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        struct curfew_event event;
        samples_largest(type, &event);
        size_t size = round_trip(&event);
        most = size > most ? size : most;
    }
    assert_true(most > CURFEW_CODEC_RECORD_MAX / 2);
}

static void the_envelope_is_single_object_encoding(void **state)
{
    /* Goal: any Avro reader finds C3 01, the fingerprint little-endian, and the body, byte for byte. */
    (void)state;
    static const uint8_t expected[] = {0xc3, 0x01, 0x4e, 0x6d, 0xde, 0x30, 0x47, 0xeb,
                                       0x75, 0x3d, 0x02, 'w',  0xe8, 0x0f, 0x9a, 0x01};
    size_t size = round_trip(&samples_all()[CURFEW_EVENT_TICK].event);
    assert_int_equal(size, sizeof(expected));
    assert_memory_equal(bytes, expected, size);
}

static void a_field_over_its_bound_is_named(void **state)
{
    /* Goal: encode refuses every field that is one over its bound, and says which. */
    (void)state;
    static const uint8_t long_text[CURFEW_TEXT_MAX + 1];
    int tried = 0;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        const struct curfew_schema *schema = samples_schema(type);
        for (size_t i = 1; i < schema->count; i++) {
            const struct curfew_op *op = &schema->ops[i];
            struct curfew_event event = {.type = type};
            uint8_t *at = (uint8_t *)&event.as + op->offset;
            if (op->type == CURFEW_OP_ARRAY) {
                *(struct curfew_list *)(void *)at = (struct curfew_list){long_text, op->bound + 1};
            } else if (op->type == CURFEW_OP_STRING || op->type == CURFEW_OP_BYTES) {
                *(struct curfew_slice *)(void *)at = (struct curfew_slice){long_text, op->bound + 1};
            } else if (op->type == CURFEW_OP_ENUM) {
                *(int32_t *)(void *)at = (int32_t)op->bound;
            } else {
                continue;
            }
            struct curfew_error error;
            size_t size = 0;
            assert_int_equal(curfew_codec_encode(&event, bytes, sizeof(bytes), &size, &error), CURFEW_INVALID);
            assert_non_null(strstr(error.text, schema->name));
            assert_non_null(strstr(error.text, op->name));
            assert_false(error.retriable);
            tried++;
            i += op->type == CURFEW_OP_ARRAY ? op->inside : 0;
        }
    }
    assert_true(tried > 50);
}

static void an_item_over_its_bound_is_named(void **state)
{
    /* Goal: a bad value deep in a list is found, and the error counts to it. */
    (void)state;
    static const uint8_t long_text[CURFEW_ID_MAX + 1];
    struct curfew_path_step steps[3] = {{.attempt = 1}, {.attempt = 1}, {.task = {long_text, sizeof(long_text)}}};
    struct curfew_event event = {.type = CURFEW_EVENT_TOKEN_CREATED};
    struct curfew_error error;
    size_t size = 0;
    event.as.token_created.claims.path = (struct curfew_list){steps, 3};
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof(bytes), &size, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "field path, item 2, task is longer than its bound (bound 256)"));
    struct curfew_floor floor = {.kind = -1};
    event = (struct curfew_event){.type = CURFEW_EVENT_FLOORS, .as.floors.floors = {&floor, 1}};
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof(bytes), &size, &error), CURFEW_INVALID);
    assert_non_null(strstr(error.text, "field floors, item 0, kind"));
}

static void sizes_without_bytes_are_refused(void **state)
{
    /* Goal: a slice or list that claims a size and has nothing behind it is an error, not a crash. */
    (void)state;
    struct curfew_event event = {.type = CURFEW_EVENT_TICK, .as.tick.writer = {NULL, 3}};
    size_t size = 7;
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof(bytes), &size, NULL), CURFEW_INVALID);
    event = (struct curfew_event){.type = CURFEW_EVENT_FLOORS, .as.floors.floors = {NULL, 1}};
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof(bytes), &size, NULL), CURFEW_INVALID);
    event = (struct curfew_event){.type = CURFEW_EVENT_COUNT};
    assert_int_equal(curfew_codec_encode(&event, bytes, sizeof(bytes), &size, NULL), CURFEW_INVALID);
    assert_int_equal(size, 7);
}

static void every_capacity_too_small_is_told(void **state)
{
    /* Goal: encode never writes past the buffer, whichever byte it ends at, and says that room is lacking. */
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        const struct curfew_event *event = &samples_all()[type].event;
        size_t size = round_trip(event);
        for (size_t capacity = 0; capacity <= size; capacity++) {
            uint8_t *small = samples_copy(bytes, capacity);
            size_t took = 0;
            struct curfew_error error;
            enum curfew_status status = curfew_codec_encode(event, small, capacity, &took, &error);
            assert_int_equal(status, capacity < size ? CURFEW_FULL : CURFEW_OK);
            assert_int_equal(took, capacity < size ? 0 : size);
            free(small);
        }
    }
}

static void names_are_those_of_the_wire(void **state)
{
    /* Goal: names are as documented, and a number that is none has a name too. */
    (void)state;
    assert_string_equal(curfew_event_name(CURFEW_EVENT_GENESIS), "genesis");
    assert_string_equal(curfew_event_name(CURFEW_EVENT_DEAD_LETTER), "dead-letter");
    assert_string_equal(curfew_event_name(CURFEW_EVENT_COUNT), "unknown");
    assert_string_equal(curfew_kind_name(CURFEW_KIND_TOKEN), "token");
    assert_string_equal(curfew_kind_name(CURFEW_KIND_POLICY), "policy");
    assert_string_equal(curfew_kind_name(CURFEW_KIND_COUNT), "unknown");
    assert_string_equal(curfew_reason_name(CURFEW_REASON_UNDECODABLE), "undecodable");
    assert_string_equal(curfew_reason_name(CURFEW_REASON_UNSUPPORTED), "unsupported");
    assert_string_equal(curfew_reason_name(CURFEW_REASON_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_works_before_init), /* first: the others need what it does last */
        cmocka_unit_test(fingerprints_are_those_published),
        cmocka_unit_test(each_schema_keeps_its_fingerprint),
        cmocka_unit_test(fingerprints_are_of_the_canonical_form),
        cmocka_unit_test(every_field_says_what_it_is),
        cmocka_unit_test(json_shows_every_field_under_its_name),
        cmocka_unit_test(json_refuses_what_is_no_text),
        cmocka_unit_test(full_events_come_back),
        cmocka_unit_test(empty_events_come_back),
        cmocka_unit_test(the_largest_events_fit),
        cmocka_unit_test(the_envelope_is_single_object_encoding),
        cmocka_unit_test(a_field_over_its_bound_is_named),
        cmocka_unit_test(an_item_over_its_bound_is_named),
        cmocka_unit_test(sizes_without_bytes_are_refused),
        cmocka_unit_test(every_capacity_too_small_is_told),
        cmocka_unit_test(names_are_those_of_the_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
