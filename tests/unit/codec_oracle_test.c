/* codec_oracle_test: Avro-C, an implementation that shares no code with ours, must see the same values in the same
 * bytes. It is asked only about bytes that ours accepts: it does not bound what it reads. */
#include "codec_samples.h"
#include <avro.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define ENVELOPE 10
#define RANDOM_EVENTS 600 /* of each type */
#define MUTATIONS 6000 /* of each type */

static _Alignas(max_align_t) uint8_t memory[CURFEW_CODEC_MEMORY];
static uint8_t bytes[CURFEW_CODEC_RECORD_MAX];
static uint8_t theirs[CURFEW_CODEC_RECORD_MAX];
static avro_schema_t avro_schemas[CURFEW_EVENT_COUNT];
static avro_value_iface_t *classes[CURFEW_EVENT_COUNT];

static int open_schemas(void **state)
{
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        const char *text = curfew_event_shape(type)->text;
        if (avro_schema_from_json_length(text, strlen(text), &avro_schemas[type]) != 0) {
            return -1;
        }
        classes[type] = avro_generic_class_from_schema(avro_schemas[type]);
    }
    return curfew_codec_init(NULL) == CURFEW_OK ? 0 : -1;
}

static int close_schemas(void **state)
{
    (void)state;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        avro_value_iface_decref(classes[type]);
        avro_schema_decref(avro_schemas[type]);
    }
    return 0;
}

static void match_value(const struct curfew_op *op, const uint8_t *base, const avro_value_t *value);

static void match_record(const struct curfew_op *op, const uint8_t *base, const avro_value_t *value)
{
    size_t fields = 0;
    for (const struct curfew_op *at = op + 1; at <= op + op->inside; at += 1 + at->inside) {
        avro_value_t field;
        assert_int_equal(avro_value_get_by_name(value, at->name, &field, NULL), 0);
        match_value(at, base, &field);
        fields++;
    }
    size_t count = 0;
    assert_int_equal(avro_value_get_size(value, &count), 0);
    assert_int_equal(count, fields);
}

static void match_array(const struct curfew_op *op, const struct curfew_list *list, const avro_value_t *value)
{
    size_t count = 0;
    assert_int_equal(avro_value_get_size(value, &count), 0);
    assert_int_equal(count, list->count);
    for (size_t i = 0; i < count; i++) {
        avro_value_t item;
        assert_int_equal(avro_value_get_by_index(value, i, &item, NULL), 0);
        match_value(op + 1, (const uint8_t *)list->items + i * op[1].size, &item);
    }
}

static void match_bytes(struct curfew_slice slice, const void *data, size_t size)
{
    assert_int_equal(slice.size, size);
    assert_memory_equal(slice.at, data, size);
}

static void match_scalar(const struct curfew_op *op, const void *at, const avro_value_t *value)
{
    const void *data = NULL;
    const char *text = NULL;
    size_t size = 0;
    int64_t wide = 0;
    int number = 0;
    if (op->type == CURFEW_OP_BOOLEAN) {
        assert_int_equal(avro_value_get_boolean(value, &number), 0);
        assert_int_equal(*(const bool *)at, number);
    } else if (op->type == CURFEW_OP_INT) {
        assert_int_equal(avro_value_get_int(value, &number), 0);
        assert_int_equal(*(const int32_t *)at, number);
    } else if (op->type == CURFEW_OP_ENUM) {
        assert_int_equal(avro_value_get_enum(value, &number), 0);
        assert_int_equal(*(const int32_t *)at, number);
    } else if (op->type == CURFEW_OP_LONG) {
        assert_int_equal(avro_value_get_long(value, &wide), 0);
        assert_int_equal(*(const int64_t *)at, wide);
    } else if (op->type == CURFEW_OP_STRING) {
        assert_int_equal(avro_value_get_string(value, &text, &size), 0);
        match_bytes(*(const struct curfew_slice *)at, text, size - 1); /* theirs counts a NUL */
    } else if (op->type == CURFEW_OP_BYTES) {
        assert_int_equal(avro_value_get_bytes(value, &data, &size), 0);
        match_bytes(*(const struct curfew_slice *)at, data, size);
    } else {
        assert_int_equal(op->type, CURFEW_OP_FIXED);
        assert_int_equal(avro_value_get_fixed(value, &data, &size), 0);
        match_bytes((struct curfew_slice){at, op->size}, data, size);
    }
}

static void match_value(const struct curfew_op *op, const uint8_t *base, const avro_value_t *value)
{
    const void *at = base + op->offset;
    if (op->type == CURFEW_OP_RECORD) {
        match_record(op, base, value);
    } else if (op->type == CURFEW_OP_ARRAY) {
        match_array(op, at, value);
    } else {
        match_scalar(op, at, value);
    }
}

/* Sets an Avro-C value from a struct. */
static void set_value(const struct curfew_op *op, const uint8_t *base, avro_value_t *value);

static void set_array(const struct curfew_op *op, const struct curfew_list *list, avro_value_t *value)
{
    for (size_t i = 0; i < list->count; i++) {
        avro_value_t item;
        assert_int_equal(avro_value_append(value, &item, NULL), 0);
        set_value(op + 1, (const uint8_t *)list->items + i * op[1].size, &item);
    }
}

static int set_slice(const struct curfew_op *op, const struct curfew_slice *slice, avro_value_t *value)
{
    char text[CURFEW_TEXT_MAX + 1] = "";
    if (slice->size > 0) {
        memcpy(text, slice->at, slice->size);
    }
    return op->type == CURFEW_OP_STRING ? avro_value_set_string_len(value, text, slice->size + 1)
                                        : avro_value_set_bytes(value, text, slice->size);
}

static int set_scalar(const struct curfew_op *op, const void *at, avro_value_t *value)
{
    switch (op->type) {
    case CURFEW_OP_BOOLEAN:
        return avro_value_set_boolean(value, *(const bool *)at);
    case CURFEW_OP_INT:
        return avro_value_set_int(value, *(const int32_t *)at);
    case CURFEW_OP_ENUM:
        return avro_value_set_enum(value, *(const int32_t *)at);
    case CURFEW_OP_LONG:
        return avro_value_set_long(value, *(const int64_t *)at);
    case CURFEW_OP_FIXED:
        return avro_value_set_fixed(value, (void *)(uintptr_t)at, op->size);
    default:
        return set_slice(op, at, value);
    }
}

static void set_value(const struct curfew_op *op, const uint8_t *base, avro_value_t *value)
{
    const void *at = base + op->offset;
    if (op->type == CURFEW_OP_RECORD) {
        for (const struct curfew_op *field = op + 1; field <= op + op->inside; field += 1 + field->inside) {
            avro_value_t inner;
            assert_int_equal(avro_value_get_by_name(value, field->name, &inner, NULL), 0);
            set_value(field, base, &inner);
        }
    } else if (op->type == CURFEW_OP_ARRAY) {
        set_array(op, at, value);
    } else {
        assert_int_equal(set_scalar(op, at, value), 0);
    }
}

/* Avro-C reads the body that ours decoded into `event`: the same values, and the same end. */
static void expect_they_agree(const struct curfew_event *event, const uint8_t *body, size_t size)
{
    avro_value_t value;
    assert_int_equal(avro_generic_value_new(classes[event->type], &value), 0);
    avro_reader_t reader = avro_reader_memory((const char *)body, (int64_t)size);
    if (avro_value_read(reader, &value) != 0) {
        fail_msg("%s: ours accepts what Avro-C refuses: %s", curfew_event_name(event->type), avro_strerror());
    }
    char more = 0;
    assert_int_not_equal(avro_read(reader, &more, 1), 0);
    match_value(samples_schema(event->type)->ops, (const uint8_t *)&event->as, &value);
    avro_reader_free(reader);
    avro_value_decref(&value);
}

static size_t encode(const struct curfew_event *event)
{
    struct curfew_error error;
    size_t size = 0;
    if (curfew_codec_encode(event, bytes, sizeof(bytes), &size, &error) != CURFEW_OK) {
        fail_msg("%s", error.text);
    }
    return size;
}

static enum curfew_status decode(const uint8_t *from, size_t size, struct curfew_event *event)
{
    struct curfew_arena arena = {memory, sizeof(memory), 0};
    enum curfew_reason reason;
    enum curfew_status status = curfew_codec_decode((struct curfew_slice){from, size}, &arena, event, &reason, NULL);
    assert_true(arena.used <= arena.size);
    return status;
}

static void avro_reads_what_we_write(void **state)
{
    /* Goal: bytes of ours hold, for an independent reader, the values that were put in. */
    (void)state;
    uint64_t seed = 1;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        expect_they_agree(&samples_all()[type].event, bytes + ENVELOPE, encode(&samples_all()[type].event) - ENVELOPE);
        for (int i = 0; i < RANDOM_EVENTS; i++) {
            struct curfew_event event;
            samples_random(type, &seed, &event);
            size_t size = encode(&event);
            expect_they_agree(&event, bytes + ENVELOPE, size - ENVELOPE);
        }
    }
}

static void we_read_what_avro_writes(void **state)
{
    /* Goal: bytes of an independent writer decode to the values that it was given, and are the bytes we write. */
    (void)state;
    uint64_t seed = 2;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        for (int i = 0; i < RANDOM_EVENTS; i++) {
            struct curfew_event event;
            struct curfew_event back;
            avro_value_t value;
            samples_random(type, &seed, &event);
            size_t size = encode(&event);
            assert_int_equal(avro_generic_value_new(classes[type], &value), 0);
            set_value(samples_schema(type)->ops, (const uint8_t *)&event.as, &value);
            memcpy(theirs, bytes, ENVELOPE);
            avro_writer_t writer = avro_writer_memory((char *)theirs + ENVELOPE, sizeof(theirs) - ENVELOPE);
            assert_int_equal(avro_value_write(writer, &value), 0);
            assert_int_equal(avro_writer_tell(writer), size - ENVELOPE);
            assert_memory_equal(theirs, bytes, size);
            avro_writer_free(writer);
            avro_value_decref(&value);
            uint8_t *copy = samples_copy(theirs, size);
            assert_int_equal(decode(copy, size, &back), CURFEW_OK);
            assert_true(samples_equal(&event, &back));
            free(copy);
        }
    }
}

/* Changes a body in one to three places: a byte, a bit, or bytes taken out or put in. Returns its new size. */
static size_t mutate(uint8_t *body, size_t size, uint64_t *seed)
{
    for (uint64_t times = samples_next(seed) % 3 + 1; times > 0 && size > 1; times--) {
        size_t at = samples_next(seed) % size;
        switch (samples_next(seed) % 4) {
        case 0:
            body[at] = (uint8_t)samples_next(seed);
            break;
        case 1:
            body[at] ^= (uint8_t)(1 << samples_next(seed) % 8);
            break;
        case 2:
            memmove(body + at, body + at + 1, size - at - 1);
            size--;
            break;
        default:
            memmove(body + at + 1, body + at, size - at);
            body[at] = (uint8_t)(samples_next(seed) % 8);
            size++;
            break;
        }
    }
    return size;
}

static void what_we_accept_avro_reads_alike(void **state)
{
    /* Goal: on damaged bytes too, what ours accepts means the same to everybody. */
    (void)state;
    uint64_t seed = 3;
    int accepted = 0;
    int refused = 0;
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        for (int i = 0; i < MUTATIONS; i++) {
            struct curfew_event event;
            if (i % 2 == 0) {
                event = samples_all()[type].event;
            } else {
                samples_random(type, &seed, &event);
            }
            size_t size = encode(&event);
            size = size > 2048 ? 2048 : size;
            size = ENVELOPE + mutate(bytes + ENVELOPE, size - ENVELOPE, &seed);
            uint8_t *copy = samples_copy(bytes, size);
            if (decode(copy, size, &event) == CURFEW_OK) {
                expect_they_agree(&event, copy + ENVELOPE, size - ENVELOPE);
                accepted++;
            } else {
                refused++;
            }
            free(copy);
        }
    }
    print_message("%d mutations accepted, %d refused\n", accepted, refused);
    assert_true(accepted > MUTATIONS && refused > MUTATIONS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(avro_reads_what_we_write),
        cmocka_unit_test(we_read_what_avro_writes),
        cmocka_unit_test(what_we_accept_avro_reads_alike),
    };
    return cmocka_run_group_tests(tests, open_schemas, close_schemas);
}
