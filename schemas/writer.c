/* writer: one walk over the struct, op by op. */
#include "schemas/writer.h"

#define VARINT_MAX 10 /* bytes of a long */

static const char capacity_short[] = "does not fit the buffer";

struct writer {
    uint8_t *at;
    uint8_t *end;
    const struct curfew_op *array; /* the one being written, or NULL */
    size_t index; /* of its item */
    const struct curfew_op *op; /* where it went wrong */
};

/* All write_ functions return NULL, or what is wrong with the field. */

static const char *write_long(struct writer *writer, int64_t value)
{
    uint64_t raw = ((uint64_t)value << 1) ^ (uint64_t)(value >> 63);
    uint8_t bytes[VARINT_MAX];
    size_t size = 0;
    while (raw >= 0x80) {
        bytes[size++] = (uint8_t)(raw | 0x80);
        raw >>= 7;
    }
    bytes[size++] = (uint8_t)raw;
    if (size > (size_t)(writer->end - writer->at)) {
        return capacity_short;
    }
    memcpy(writer->at, bytes, size);
    writer->at += size;
    return NULL;
}

static const char *write_raw(struct writer *writer, const void *bytes, size_t size)
{
    if (size > (size_t)(writer->end - writer->at)) {
        return capacity_short;
    }
    if (size > 0) {
        memcpy(writer->at, bytes, size);
        writer->at += size;
    }
    return NULL;
}

static const char *write_enum(struct writer *writer, const struct curfew_op *op, int32_t value)
{
    if (value < 0 || (uint32_t)value >= op->bound) {
        return "is no symbol of its enum";
    }
    return write_long(writer, value);
}

static const char *write_slice(struct writer *writer, const struct curfew_op *op, const struct curfew_slice *value)
{
    if (value->size > op->bound) {
        return "is longer than its bound";
    }
    if (value->at == NULL && value->size > 0) {
        return "has a size and no bytes";
    }
    const char *wrong = write_long(writer, (int64_t)value->size);
    return wrong != NULL ? wrong : write_raw(writer, value->at, value->size);
}

static const char *write_array(struct writer *writer, const struct curfew_op *op, const struct curfew_list *list);

static const char *write_ops(struct writer *writer, const struct curfew_op *op, const struct curfew_op *end,
                             const void *base)
{
    const char *wrong = NULL;
    while (op < end) {
        const void *at = (const uint8_t *)base + op->offset;
        const struct curfew_op *next = op + 1;
        writer->op = op;
        switch (op->type) {
        case CURFEW_OP_BOOLEAN:
            wrong = write_raw(writer, *(const bool *)at ? "\1" : "\0", 1);
            break;
        case CURFEW_OP_INT:
            wrong = write_long(writer, *(const int32_t *)at);
            break;
        case CURFEW_OP_LONG:
            wrong = write_long(writer, *(const int64_t *)at);
            break;
        case CURFEW_OP_STRING:
        case CURFEW_OP_BYTES:
            wrong = write_slice(writer, op, at);
            break;
        case CURFEW_OP_FIXED:
            wrong = write_raw(writer, at, op->size);
            break;
        case CURFEW_OP_ENUM:
            wrong = write_enum(writer, op, *(const int32_t *)at);
            break;
        case CURFEW_OP_RECORD: /* its fields come next */
            break;
        case CURFEW_OP_ARRAY:
            wrong = write_array(writer, op, at);
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

/* All items in one block, then the block of none that ends an array. */
static const char *write_array(struct writer *writer, const struct curfew_op *op, const struct curfew_list *list)
{
    const struct curfew_op *item = op + 1;
    if (list->count > op->bound) {
        return "has more items than its bound";
    }
    if (list->items == NULL && list->count > 0) {
        return "has a count and no items";
    }
    const char *wrong = list->count == 0 ? NULL : write_long(writer, (int64_t)list->count);
    writer->array = op;
    for (size_t i = 0; i < list->count && wrong == NULL; i++) {
        writer->index = i;
        wrong = write_ops(writer, item, item + op->inside, (const uint8_t *)list->items + i * item->size);
    }
    if (wrong != NULL) {
        return wrong;
    }
    writer->array = NULL;
    writer->op = op;
    return write_long(writer, 0);
}

static enum curfew_status refuse(const struct writer *writer, const struct curfew_schema *schema, const char *wrong,
                                 struct curfew_error *error)
{
    const char *name = writer->op->name;
    if (wrong == capacity_short) {
        return curfew_error_set(error, CURFEW_FULL, "encoding %s: field %s %s; give it more room", schema->name, name,
                                wrong);
    }
    if (writer->array != NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "encoding %s: field %s, item %zu, %s %s (bound %u); make it fit the schema",
                                schema->name, writer->array->name, writer->index, name, wrong, writer->op->bound);
    }
    return curfew_error_set(error, CURFEW_INVALID, "encoding %s: field %s %s (bound %u); make it fit the schema",
                            schema->name, name, wrong, writer->op->bound);
}

enum curfew_status curfew_writer_write(const struct curfew_schema *schema, const void *source, uint8_t *bytes,
                                       size_t capacity, size_t *size, struct curfew_error *error)
{
    struct writer writer = {.at = bytes, .end = bytes + capacity};
    const char *wrong = write_ops(&writer, schema->ops, schema->ops + schema->count, source);
    if (wrong != NULL) {
        return refuse(&writer, schema, wrong, error);
    }
    *size = (size_t)(writer.at - bytes);
    return CURFEW_OK;
}
