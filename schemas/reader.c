/* reader: one bounded walk over the bytes, op by op. */
#include "schemas/reader.h"
#include <stdalign.h>

#define VARINT_LAST_SHIFT 63 /* of a long's tenth byte, which holds one bit */

static const char short_of_bytes[] = "goes past the end of the bytes";
static const char arena_full[] = "does not fit the arena";

struct reader {
    const uint8_t *start;
    const uint8_t *at;
    const uint8_t *end;
    struct curfew_arena *arena;
    const struct curfew_op *array; /* the one being read, or NULL */
    size_t index; /* of its item */
    const struct curfew_op *op; /* where it went wrong */
    const uint8_t *op_at;
};

/* All read_ functions return NULL, or what is wrong with the field. */

static const char *read_long(struct reader *reader, int64_t *value)
{
    uint64_t raw = 0;
    for (unsigned shift = 0; shift <= VARINT_LAST_SHIFT; shift += 7) {
        if (reader->at == reader->end) {
            return short_of_bytes;
        }
        uint8_t byte = *reader->at++;
        raw |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            if (shift == VARINT_LAST_SHIFT && byte > 1) {
                break;
            }
            *value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
            return NULL;
        }
    }
    return "is a number wider than 64 bits";
}

static const char *read_int(struct reader *reader, int32_t *value)
{
    int64_t wide = 0;
    const char *wrong = read_long(reader, &wide);
    if (wrong == NULL && (wide < INT32_MIN || wide > INT32_MAX)) {
        wrong = "is a number wider than 32 bits";
    }
    *value = (int32_t)wide;
    return wrong;
}

static const char *read_enum(struct reader *reader, const struct curfew_op *op, int32_t *value)
{
    const char *wrong = read_int(reader, value);
    if (wrong == NULL && (*value < 0 || (uint32_t)*value >= op->bound)) {
        wrong = "is no symbol of its enum";
    }
    return wrong;
}

static const char *read_boolean(struct reader *reader, bool *value)
{
    if (reader->at == reader->end) {
        return short_of_bytes;
    }
    uint8_t byte = *reader->at++;
    *value = byte == 1;
    return byte > 1 ? "is neither 0 nor 1" : NULL;
}

static const char *read_fixed(struct reader *reader, const struct curfew_op *op, uint8_t *value)
{
    if ((size_t)(reader->end - reader->at) < op->size) {
        return short_of_bytes;
    }
    memcpy(value, reader->at, op->size);
    reader->at += op->size;
    return NULL;
}

static const char *read_slice(struct reader *reader, const struct curfew_op *op, struct curfew_slice *value)
{
    int64_t size = 0;
    const char *wrong = read_long(reader, &size);
    if (wrong != NULL) {
        return wrong;
    }
    if (size < 0) {
        return "has a negative length";
    }
    if (size > (int64_t)op->bound) {
        return "is longer than its bound";
    }
    if (size > reader->end - reader->at) {
        return short_of_bytes;
    }
    *value = (struct curfew_slice){reader->at, (size_t)size};
    reader->at += size;
    return NULL;
}

static const char *read_array(struct reader *reader, const struct curfew_op *op, struct curfew_list *list);

static const char *read_ops(struct reader *reader, const struct curfew_op *op, const struct curfew_op *end, void *base)
{
    const char *wrong = NULL;
    while (op < end) {
        void *at = (uint8_t *)base + op->offset;
        const struct curfew_op *next = op + 1;
        reader->op = op;
        reader->op_at = reader->at;
        switch (op->type) {
        case CURFEW_OP_BOOLEAN:
            wrong = read_boolean(reader, at);
            break;
        case CURFEW_OP_INT:
            wrong = read_int(reader, at);
            break;
        case CURFEW_OP_LONG:
            wrong = read_long(reader, at);
            break;
        case CURFEW_OP_STRING:
        case CURFEW_OP_BYTES:
            wrong = read_slice(reader, op, at);
            break;
        case CURFEW_OP_FIXED:
            wrong = read_fixed(reader, op, at);
            break;
        case CURFEW_OP_ENUM:
            wrong = read_enum(reader, op, at);
            break;
        case CURFEW_OP_RECORD: /* its fields come next */
            break;
        case CURFEW_OP_ARRAY:
            wrong = read_array(reader, op, at);
            next += op->inside;
            break;
        }
        if (wrong != NULL) {
            return wrong;
        }
        op = next;
    }
    return NULL;
}

/* Makes room for `count` more items behind the `list->count` that end where the arena's used part does. */
static const char *take_items(struct reader *reader, const struct curfew_op *item, struct curfew_list *list,
                              size_t count, uint8_t **items)
{
    struct curfew_arena *arena = reader->arena;
    if (list->count == 0) {
        size_t align = alignof(max_align_t);
        size_t used = (arena->used + align - 1) / align * align;
        if (used > arena->size) {
            return arena_full;
        }
        arena->used = used;
        list->items = arena->memory + used;
    }
    if (count > (arena->size - arena->used) / item->size) {
        return arena_full;
    }
    *items = arena->memory + arena->used;
    arena->used += count * item->size;
    return NULL;
}

/* Reads a block's count, and the size that follows a negative one; checks both before anything is taken or read. */
static const char *read_block(struct reader *reader, const struct curfew_op *op, size_t have, size_t *count,
                              const uint8_t **end)
{
    int64_t stated = 0;
    *end = NULL;
    const char *wrong = read_long(reader, &stated);
    if (wrong != NULL) {
        return wrong;
    }
    int64_t room = (int64_t)(op->bound - have);
    if (stated > room || stated < -room) {
        return "has more items than its bound";
    }
    *count = (size_t)(stated < 0 ? -stated : stated);
    if (stated < 0) {
        int64_t size = 0;
        wrong = read_long(reader, &size);
        if (wrong != NULL) {
            return wrong;
        }
        if (size < 0 || size > reader->end - reader->at) {
            return "has a block whose size is not that of its items";
        }
        *end = reader->at + size;
    }
    if (*count > (size_t)(reader->end - reader->at) / op[1].least) {
        return short_of_bytes;
    }
    return NULL;
}

static const char *read_array(struct reader *reader, const struct curfew_op *op, struct curfew_list *list)
{
    const struct curfew_op *item = op + 1;
    const struct curfew_op *last = item + op->inside;
    *list = (struct curfew_list){NULL, 0};
    for (;;) {
        const uint8_t *end = NULL;
        uint8_t *items = NULL;
        size_t count = 0;
        const char *wrong = read_block(reader, op, list->count, &count, &end);
        if (wrong != NULL || count == 0) {
            return wrong;
        }
        wrong = take_items(reader, item, list, count, &items);
        if (wrong != NULL) {
            return wrong;
        }
        reader->array = op;
        for (size_t i = 0; i < count; i++) {
            reader->index = list->count + i;
            wrong = read_ops(reader, item, last, items + i * item->size);
            if (wrong != NULL) {
                return wrong;
            }
        }
        reader->array = NULL;
        reader->op = op;
        if (end != NULL && end != reader->at) {
            return "has a block whose size is not that of its items";
        }
        list->count += count;
    }
}

static enum curfew_status refuse(const struct reader *reader, const struct curfew_schema *schema, const char *wrong,
                                 struct curfew_error *error)
{
    size_t place = (size_t)(reader->op_at - reader->start);
    if (wrong == arena_full) {
        return curfew_error_set(error, CURFEW_FULL,
                                "decoding %s: field %s at byte %zu %s of %zu bytes; give it %d and begin it anew",
                                schema->name, reader->op->name, place, wrong, reader->arena->size, CURFEW_CODEC_MEMORY);
    }
    if (reader->array != NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "decoding %s: field %s, item %zu, %s at byte %zu %s; whoever wrote it must mend it",
                                schema->name, reader->array->name, reader->index, reader->op->name, place, wrong);
    }
    return curfew_error_set(error, CURFEW_INVALID,
                            "decoding %s: field %s at byte %zu %s; whoever wrote it must mend it", schema->name,
                            reader->op->name, place, wrong);
}

enum curfew_status curfew_reader_read(const struct curfew_schema *schema, struct curfew_slice bytes, size_t start,
                                      struct curfew_arena *arena, void *target, struct curfew_error *error)
{
    struct reader reader = {.start = bytes.at, .at = bytes.at + start, .end = bytes.at + bytes.size, .arena = arena};
    size_t used = arena->used;
    const char *wrong = read_ops(&reader, schema->ops, schema->ops + schema->count, target);
    if (wrong == NULL && reader.at != reader.end) {
        reader.op = schema->ops;
        reader.op_at = reader.at;
        wrong = "ends before the bytes do";
    }
    if (wrong == NULL) {
        return CURFEW_OK;
    }
    arena->used = used;
    return refuse(&reader, schema, wrong, error);
}
