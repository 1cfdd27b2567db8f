/* codec: any bytes, decoded by our reader, by a small walker written apart from it, and by Avro-C.
 *
 * What must hold. Ours accepts exactly what the walker finds well formed and within the schema's bounds. What it
 * accepts, Avro-C accepts with the same values and the same end. It encodes again, decodes to the same values, and is
 * byte for byte what came in unless that had a number written too long or an array in more than one plain block. A
 * buffer one byte too small, and an arena one byte too small, are refused and not written past. Its JSON parses.
 *
 * Input: a record's bytes; or, where the first byte is a type of event, that and a body. */
#include "codec_samples.h"
#include "core/json.h"
#include "input.h"
#include <avro.h>
#include <stdlib.h>

#define ENVELOPE 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static avro_schema_t avro_schemas[CURFEW_EVENT_COUNT];
static avro_value_iface_t *classes[CURFEW_EVENT_COUNT];
static uint8_t memory[CURFEW_CODEC_MEMORY] __attribute__((aligned(16)));
static uint8_t memory_back[CURFEW_CODEC_MEMORY] __attribute__((aligned(16)));
static uint8_t record[CURFEW_CODEC_RECORD_MAX + ENVELOPE];
static uint8_t encoded[CURFEW_CODEC_RECORD_MAX];

/* ---- the walker ---- */

struct walk {
    const uint8_t *at;
    const uint8_t *end;
    bool good; /* within the bytes and the bounds so far */
    bool canonical; /* each number as short as it can be, each array one block without a size */
};

static int64_t walk_number(struct walk *walk, int64_t least, int64_t most)
{
    __uint128_t raw = 0;
    int count = 0;
    uint8_t byte = 0x80;
    while (walk->good && (byte & 0x80) != 0) {
        if (walk->at == walk->end || count == 10) {
            walk->good = false;
            return 0;
        }
        byte = *walk->at++;
        raw |= (__uint128_t)(byte & 0x7f) << (7 * count++);
    }
    if (raw > UINT64_MAX) {
        walk->good = false;
    }
    walk->canonical = walk->canonical && (count == 1 || byte != 0);
    int64_t value = raw % 2 == 0 ? (int64_t)(raw / 2) : -(int64_t)(raw / 2) - 1;
    walk->good = walk->good && value >= least && value <= most;
    return walk->good ? value : 0;
}

static void walk_over(struct walk *walk, size_t size)
{
    if (!walk->good || size > (size_t)(walk->end - walk->at)) {
        walk->good = false;
        return;
    }
    walk->at += size;
}

static void walk_op(struct walk *walk, const struct curfew_op *op);

static void walk_array(struct walk *walk, const struct curfew_op *op)
{
    int64_t room = op->bound;
    for (int blocks = 0;; blocks++) {
        int64_t count = walk_number(walk, -room, room);
        const uint8_t *stop = NULL;
        if (!walk->good || count == 0) {
            return;
        }
        walk->canonical = walk->canonical && count > 0 && blocks == 0;
        if (count < 0) {
            count = -count;
            stop = walk->at; /* until its size is known */
            int64_t size = walk_number(walk, 0, walk->end - walk->at);
            walk->good = walk->good && size <= walk->end - walk->at;
            stop = walk->good ? walk->at + size : NULL;
        }
        room -= count;
        for (; walk->good && count > 0; count--) {
            walk_op(walk, op + 1);
        }
        walk->good = walk->good && (stop == NULL || stop == walk->at);
    }
}

static void walk_op(struct walk *walk, const struct curfew_op *op)
{
    switch (op->type) {
    case CURFEW_OP_BOOLEAN:
        if (walk->at == walk->end || *walk->at > 1) {
            walk->good = false;
        }
        walk_over(walk, 1);
        break;
    case CURFEW_OP_INT:
        (void)walk_number(walk, INT32_MIN, INT32_MAX);
        break;
    case CURFEW_OP_LONG:
        (void)walk_number(walk, INT64_MIN, INT64_MAX);
        break;
    case CURFEW_OP_ENUM:
        (void)walk_number(walk, 0, (int64_t)op->bound - 1);
        break;
    case CURFEW_OP_STRING:
    case CURFEW_OP_BYTES:
        walk_over(walk, (size_t)walk_number(walk, 0, op->bound));
        break;
    case CURFEW_OP_FIXED:
        walk_over(walk, op->size);
        break;
    case CURFEW_OP_RECORD:
        for (const struct curfew_op *field = op + 1; walk->good && field <= op + op->inside;
             field += 1 + field->inside) {
            walk_op(walk, field);
        }
        break;
    case CURFEW_OP_ARRAY:
        walk_array(walk, op);
        break;
    }
}

/* ---- Avro-C's values against ours ---- */

static void match(const struct curfew_op *op, const uint8_t *base, const avro_value_t *value);

static void match_record(const struct curfew_op *op, const uint8_t *base, const avro_value_t *value)
{
    for (const struct curfew_op *at = op + 1; at <= op + op->inside; at += 1 + at->inside) {
        avro_value_t field;
        input_require(avro_value_get_by_name(value, at->name, &field, NULL) == 0, "Avro-C has the field");
        match(at, base, &field);
    }
}

static void match_array(const struct curfew_op *op, const struct curfew_list *list, const avro_value_t *value)
{
    size_t count = 0;
    input_require(avro_value_get_size(value, &count) == 0 && count == list->count, "Avro-C has as many items");
    for (size_t i = 0; i < count; i++) {
        avro_value_t item;
        input_require(avro_value_get_by_index(value, i, &item, NULL) == 0, "Avro-C has the item");
        match(op + 1, (const uint8_t *)list->items + i * op[1].size, &item);
    }
}

static bool match_scalar(const struct curfew_op *op, const void *at, const avro_value_t *value)
{
    const void *data = NULL;
    const char *text = NULL;
    size_t size = 0;
    int64_t wide = 0;
    int number = 0;
    switch (op->type) {
    case CURFEW_OP_BOOLEAN:
        return avro_value_get_boolean(value, &number) == 0 && *(const bool *)at == (number != 0);
    case CURFEW_OP_INT:
        return avro_value_get_int(value, &number) == 0 && *(const int32_t *)at == number;
    case CURFEW_OP_ENUM:
        return avro_value_get_enum(value, &number) == 0 && *(const int32_t *)at == number;
    case CURFEW_OP_LONG:
        return avro_value_get_long(value, &wide) == 0 && *(const int64_t *)at == wide;
    case CURFEW_OP_STRING: /* theirs counts a NUL */
        return avro_value_get_string(value, &text, &size) == 0 &&
               curfew_slice_equal(*(const struct curfew_slice *)at,
                                  (struct curfew_slice){(const uint8_t *)text, size - 1});
    case CURFEW_OP_BYTES:
        return avro_value_get_bytes(value, &data, &size) == 0 &&
               curfew_slice_equal(*(const struct curfew_slice *)at, (struct curfew_slice){data, size});
    default:
        return avro_value_get_fixed(value, &data, &size) == 0 && size == op->size && memcmp(at, data, size) == 0;
    }
}

static void match(const struct curfew_op *op, const uint8_t *base, const avro_value_t *value)
{
    const void *at = base + op->offset;
    if (op->type == CURFEW_OP_RECORD) {
        match_record(op, base, value);
    } else if (op->type == CURFEW_OP_ARRAY) {
        match_array(op, at, value);
    } else {
        input_require(match_scalar(op, at, value), "Avro-C reads the same value");
    }
}

/* Only for what the walker found whole: Avro-C takes the memory that a length claims before it looks at the bytes. */
static void ask_avro(const struct curfew_event *event, struct curfew_slice body)
{
    avro_value_t value;
    char more = 0;
    input_require(avro_generic_value_new(classes[event->type], &value) == 0, "Avro-C makes a value");
    avro_reader_t reader = avro_reader_memory((const char *)body.at, (int64_t)body.size);
    input_require(avro_value_read(reader, &value) == 0, "Avro-C reads what ours reads");
    input_require(avro_read(reader, &more, 1) != 0, "Avro-C ends where ours ends");
    match(samples_schema(event->type)->ops, (const uint8_t *)&event->as, &value);
    avro_reader_free(reader);
    avro_value_decref(&value);
}

/* ---- what was accepted ---- */

static void encode_again(const struct curfew_event *event, struct curfew_slice bytes, bool canonical)
{
    struct curfew_arena arena = {memory_back, sizeof memory_back, 0};
    struct curfew_event back;
    enum curfew_reason reason;
    size_t size = 0;
    input_require(curfew_codec_encode(event, encoded, sizeof encoded, &size, NULL) == CURFEW_OK,
                  "what was decoded encodes");
    input_require(canonical == (size == bytes.size && memcmp(encoded, bytes.at, size) == 0),
                  "canonical bytes, and only they, encode to themselves");
    input_require(curfew_codec_decode((struct curfew_slice){encoded, size}, &arena, &back, &reason, NULL) == CURFEW_OK,
                  "what was encoded decodes");
    input_require(samples_equal(event, &back), "encoding and decoding change no value");

    uint8_t *tight = malloc(size); /* of exact size: a write past it shows */
    size_t unused = 0;
    input_require(tight != NULL, "there is memory");
    input_require(curfew_codec_encode(event, tight, size - 1, &unused, NULL) == CURFEW_FULL,
                  "a buffer one byte too small is full");
    input_require(curfew_codec_encode(event, tight, size, &unused, NULL) == CURFEW_OK, "an exact one is not");
    free(tight);
}

static void decode_tightly(struct curfew_slice bytes, size_t used)
{
    struct curfew_event event;
    enum curfew_reason reason;
    struct curfew_arena arena = {memory_back, used - 1, 0};
    input_require(curfew_codec_decode(bytes, &arena, &event, &reason, NULL) == CURFEW_FULL && arena.used == 0,
                  "an arena one byte too small is full, and left as it was");
}

static void print(const struct curfew_event *event)
{
    struct curfew_json *json = NULL;
    char *text = curfew_codec_json(event); /* NULL: some string is not UTF-8 */
    if (text != NULL) {
        bool parsed = curfew_json_parse(curfew_slice_of(text), &json, NULL) == CURFEW_OK;
        input_require(parsed || strstr(text, "\\u0000") != NULL, "its JSON parses");
        curfew_json_destroy(json);
        free(text);
    }
}

static void try_record(struct curfew_slice bytes)
{
    struct curfew_arena arena = {memory, sizeof memory, 0};
    struct curfew_event event;
    struct curfew_error error = {.text = ""};
    enum curfew_reason reason;
    enum curfew_status status = curfew_codec_decode(bytes, &arena, &event, &reason, &error);
    input_require(status == CURFEW_OK || status == CURFEW_INVALID, "bytes decode or are invalid, no more");
    if (status != CURFEW_OK) {
        input_require(error.text[0] != '\0' && arena.used == 0, "a refusal says why, and takes no memory");
        input_require(reason == CURFEW_REASON_UNDECODABLE || reason == CURFEW_REASON_UNKNOWN_SCHEMA, "with a reason");
    }
    if (bytes.size < ENVELOPE || reason == CURFEW_REASON_UNKNOWN_SCHEMA || bytes.at[0] != 0xc3 || bytes.at[1] != 1) {
        input_require(status != CURFEW_OK, "an envelope is asked for");
        return;
    }
    struct curfew_slice body = {bytes.at + ENVELOPE, bytes.size - ENVELOPE};
    struct walk walk = {body.at, body.at + body.size, true, true};
    walk_op(&walk, samples_schema(event.type)->ops);
    walk.good = walk.good && walk.at == walk.end;
    input_require(walk.good == (status == CURFEW_OK), "ours accepts what the walker finds good, and nothing else");
    if (status == CURFEW_OK) {
        ask_avro(&event, body);
        encode_again(&event, bytes, walk.canonical);
        print(&event);
        if (arena.used > 0) {
            decode_tightly(bytes, arena.used);
        }
    }
}

static void open_schemas(void)
{
    input_require(curfew_codec_init(NULL) == CURFEW_OK, "the schemas load");
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        const char *text = curfew_event_shape(type)->text;
        input_require(avro_schema_from_json_length(text, strlen(text), &avro_schemas[type]) == 0, "Avro-C agrees");
        classes[type] = avro_generic_class_from_schema(avro_schemas[type]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (classes[0] == NULL) {
        open_schemas();
    }
    if (size == 0 || data[0] >= CURFEW_EVENT_COUNT || size > CURFEW_CODEC_RECORD_MAX) {
        try_record((struct curfew_slice){data, size});
        return 0;
    }
    uint64_t print_of = curfew_codec_fingerprint(data[0]);
    record[0] = 0xc3;
    record[1] = 0x01;
    for (int i = 0; i < 8; i++) {
        record[2 + i] = (uint8_t)(print_of >> (8 * i));
    }
    memcpy(record + ENVELOPE, data + 1, size - 1);
    uint8_t *exact = samples_copy(record, size - 1 + ENVELOPE);
    try_record((struct curfew_slice){exact, size - 1 + ENVELOPE});
    free(exact);
    return 0;
}
