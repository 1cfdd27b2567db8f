/* schema: walks what Avro-C parsed, once for the Parsing Canonical Form and once for the ops. */
#include "schemas/schema.h"
#include "schemas/fingerprint.h"
#include <avro/errors.h>
#include <avro/schema.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX (64 * 1024) /* bytes of an .avsc */

struct canonical {
    char *at;
    size_t size;
    bool full;
};

static void put(struct canonical *canonical, const char *format, ...) CURFEW_PRINTF(2, 3);
static void put(struct canonical *canonical, const char *format, ...)
{
    size_t room = CURFEW_CANONICAL_MAX - canonical->size;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(canonical->at + canonical->size, room, format, arguments);
    va_end(arguments);
    if (size < 0 || (size_t)size >= room) {
        canonical->full = true;
        canonical->at[canonical->size] = '\0';
    } else {
        canonical->size += (size_t)size;
    }
}

static void put_name(struct canonical *canonical, avro_schema_t named)
{
    const char *space = avro_schema_namespace(named);
    bool bare = space == NULL || space[0] == '\0';
    put(canonical, "\"%s%s%s\"", bare ? "" : space, bare ? "" : ".", avro_schema_name(named));
}

static void put_type(struct canonical *canonical, avro_schema_t type);

static void put_record(struct canonical *canonical, avro_schema_t record)
{
    put(canonical, "{\"name\":");
    put_name(canonical, record);
    put(canonical, ",\"type\":\"record\",\"fields\":[");
    int count = (int)avro_schema_record_size(record);
    for (int i = 0; i < count; i++) {
        put(canonical, "%s{\"name\":\"%s\",\"type\":", i == 0 ? "" : ",", avro_schema_record_field_name(record, i));
        put_type(canonical, avro_schema_record_field_get_by_index(record, i));
        put(canonical, "}");
    }
    put(canonical, "]}");
}

static void put_enum(struct canonical *canonical, avro_schema_t enumeration)
{
    put(canonical, "{\"name\":");
    put_name(canonical, enumeration);
    put(canonical, ",\"type\":\"enum\",\"symbols\":[");
    int count = avro_schema_enum_number_of_symbols(enumeration);
    for (int i = 0; i < count; i++) {
        put(canonical, "%s\"%s\"", i == 0 ? "" : ",", avro_schema_enum_get(enumeration, i));
    }
    put(canonical, "]}");
}

static void put_type(struct canonical *canonical, avro_schema_t type)
{
    if (is_avro_link(type)) { /* a name that was defined before */
        put_name(canonical, avro_schema_link_target(type));
    } else if (is_avro_record(type)) {
        put_record(canonical, type);
    } else if (is_avro_enum(type)) {
        put_enum(canonical, type);
    } else if (is_avro_fixed(type)) {
        put(canonical, "{\"name\":");
        put_name(canonical, type);
        put(canonical, ",\"type\":\"fixed\",\"size\":%lld}", (long long)avro_schema_fixed_size(type));
    } else if (is_avro_array(type)) {
        put(canonical, "{\"type\":\"array\",\"items\":");
        put_type(canonical, avro_schema_array_items(type));
        put(canonical, "}");
    } else {
        put(canonical, "\"%s\"", avro_schema_type_name(type));
    }
}

static enum curfew_status parse(const char *name, const char *text, avro_schema_t *schema, struct curfew_error *error)
{
    size_t size = strnlen(text, TEXT_MAX);
    if (size == TEXT_MAX || avro_schema_from_json_length(text, size, schema) != 0) {
        return curfew_error_set(error, CURFEW_INVALID, "parsing the Avro schema of %s: %s", name,
                                size == TEXT_MAX ? "it is too long" : avro_strerror());
    }
    return CURFEW_OK;
}

static enum curfew_status canonical_of(avro_schema_t schema, char text[CURFEW_CANONICAL_MAX],
                                       struct curfew_error *error)
{
    struct canonical canonical = {.at = text};
    put_type(&canonical, schema);
    if (canonical.full) {
        return curfew_error_set(error, CURFEW_FULL, "canonical form of an Avro schema: over %d bytes",
                                CURFEW_CANONICAL_MAX);
    }
    return CURFEW_OK;
}

enum curfew_status curfew_schema_canonical(const char *text, char canonical[CURFEW_CANONICAL_MAX],
                                           struct curfew_error *error)
{
    avro_schema_t schema = NULL;
    enum curfew_status status = parse("a text", text, &schema, error);
    if (status == CURFEW_OK) {
        status = canonical_of(schema, canonical, error);
        avro_schema_decref(schema);
    }
    return status;
}

struct build {
    struct curfew_schema *schema;
    struct curfew_error *error;
    bool in_array;
};

static enum curfew_status refuse(struct build *build, const char *field, const char *what)
{
    return curfew_error_set(build->error, CURFEW_INVALID, "schema of %s, field %s: %s", build->schema->name, field,
                            what);
}

static enum curfew_status add(struct build *build, avro_schema_t type, const struct curfew_field *field, size_t base,
                              struct curfew_op **added) CURFEW_MUST_CHECK;

static bool symbols_agree(avro_schema_t type, const struct curfew_field *field)
{
    if (field->symbols == NULL || (size_t)avro_schema_enum_number_of_symbols(type) != field->bound) {
        return false;
    }
    for (size_t i = 0; i < field->bound; i++) {
        if (strcmp(field->symbols[i], avro_schema_enum_get(type, (int)i)) != 0) {
            return false;
        }
    }
    return true;
}

/* Sets what the type asks of a member; returns the size it must have. */
static size_t ask(struct curfew_op *op, enum curfew_op_type type, size_t align, size_t size)
{
    op->type = type;
    op->align = (uint16_t)align;
    return size;
}

/* Fills in what a scalar needs; false when it is none, or its member has not the type's shape. */
static bool scalar(avro_schema_t type, const struct curfew_field *field, struct curfew_op *op)
{
    size_t size = 0;
    op->least = 1;
    if (is_avro_boolean(type)) {
        size = ask(op, CURFEW_OP_BOOLEAN, _Alignof(bool), sizeof(bool));
    } else if (is_avro_int32(type)) {
        size = ask(op, CURFEW_OP_INT, _Alignof(int32_t), sizeof(int32_t));
    } else if (is_avro_int64(type)) {
        size = ask(op, CURFEW_OP_LONG, _Alignof(int64_t), sizeof(int64_t));
    } else if (is_avro_enum(type) && symbols_agree(type, field)) {
        size = ask(op, CURFEW_OP_ENUM, _Alignof(int32_t), sizeof(int32_t));
    } else if (is_avro_string(type) && field->bound > 0) {
        size = ask(op, CURFEW_OP_STRING, _Alignof(struct curfew_slice), sizeof(struct curfew_slice));
    } else if (is_avro_bytes(type) && field->bound > 0) {
        size = ask(op, CURFEW_OP_BYTES, _Alignof(struct curfew_slice), sizeof(struct curfew_slice));
    } else if (is_avro_fixed(type)) {
        size = ask(op, CURFEW_OP_FIXED, 1, (size_t)avro_schema_fixed_size(type));
        op->least = (uint32_t)size;
    }
    return size > 0 && size <= UINT16_MAX && size == field->size && field->inside == NULL;
}

static size_t align_up(size_t offset, size_t align)
{
    return (offset + align - 1) / align * align;
}

/* The record's fields, in order, each where the one before ends: so no member of the struct is left out. */
static enum curfew_status add_fields(struct build *build, avro_schema_t record, const struct curfew_field *field,
                                     size_t base, struct curfew_op *op)
{
    const struct curfew_field *at = field->inside;
    size_t end = 0;
    int count = (int)avro_schema_record_size(record);
    for (int i = 0; i < count; i++, at++) {
        const char *name = avro_schema_record_field_name(record, i);
        if (at->name == NULL || strcmp(at->name, name) != 0) {
            return refuse(build, name, "no member of the struct stands in its place");
        }
        struct curfew_op *added = NULL;
        enum curfew_status status = add(build, avro_schema_record_field_get_by_index(record, i), at, base, &added);
        if (status != CURFEW_OK) {
            return status;
        }
        if (at->offset != align_up(end, added->align)) {
            return refuse(build, name, "the struct has another member before it");
        }
        end = at->offset + at->size;
        op->least += added->least;
        op->align = added->align > op->align ? added->align : op->align;
    }
    if (at->name != NULL) {
        return refuse(build, at->name, "the struct has it and the schema does not");
    }
    if (op->align == 0 || align_up(end, op->align) != field->size) {
        return refuse(build, field->name, "the struct has another member after the last field");
    }
    return CURFEW_OK;
}

static enum curfew_status add_array(struct build *build, avro_schema_t array, const struct curfew_field *field,
                                    struct curfew_op *op)
{
    if (build->in_array || field->bound == 0 || field->bound > UINT32_MAX || field->inside == NULL ||
        field->size != sizeof(struct curfew_list)) {
        return refuse(build, field->name, "an array must be a list with a bound and items, and not within another");
    }
    build->in_array = true;
    struct curfew_op *item = NULL;
    enum curfew_status status = add(build, avro_schema_array_items(array), field->inside, 0, &item);
    build->in_array = false;
    op->align = _Alignof(struct curfew_list);
    op->least = 1;
    return status;
}

static enum curfew_status add(struct build *build, avro_schema_t type, const struct curfew_field *field, size_t base,
                              struct curfew_op **added)
{
    struct curfew_schema *schema = build->schema;
    if (schema->count == CURFEW_OPS_MAX) { /* so a record within itself ends here too */
        return refuse(build, field->name, "too many fields");
    }
    if (is_avro_link(type)) {
        type = avro_schema_link_target(type);
    }
    size_t index = schema->count++;
    struct curfew_op *op = *added = &schema->ops[index];
    *op = (struct curfew_op){.bound = (uint32_t)field->bound,
                             .offset = (uint32_t)(base + field->offset),
                             .size = (uint32_t)field->size,
                             .name = field->name,
                             .symbols = field->symbols};
    enum curfew_status status = CURFEW_OK;
    if (is_avro_record(type) && field->inside != NULL) {
        op->type = CURFEW_OP_RECORD;
        status = add_fields(build, type, field, op->offset, op);
    } else if (is_avro_array(type)) {
        op->type = CURFEW_OP_ARRAY;
        status = add_array(build, type, field, op);
    } else if (!scalar(type, field, op)) {
        status = refuse(build, field->name, "its member has another type, size or set of symbols, or no bound");
    }
    op->inside = (uint16_t)(schema->count - index - 1);
    return status;
}

enum curfew_status curfew_schema_load(const struct curfew_shape *shape, struct curfew_schema *schema,
                                      struct curfew_error *error)
{
    char canonical[CURFEW_CANONICAL_MAX];
    avro_schema_t parsed = NULL;
    *schema = (struct curfew_schema){.name = shape->name, .text = shape->text};
    enum curfew_status status = parse(shape->name, shape->text, &parsed, error);
    if (status != CURFEW_OK) {
        return status;
    }
    status = canonical_of(parsed, canonical, error);
    if (status != CURFEW_OK) {
        goto out;
    }
    schema->fingerprint = curfew_fingerprint_rabin(curfew_slice_of(canonical));
    struct build build = {.schema = schema, .error = error};
    struct curfew_field root = {.name = shape->name, .size = shape->size, .inside = shape->fields};
    struct curfew_op *added = NULL;
    status = add(&build, parsed, &root, 0, &added);
    if (status == CURFEW_OK && added->type != CURFEW_OP_RECORD) {
        status = refuse(&build, shape->name, "an event must be a record");
    }
out:
    avro_schema_decref(parsed);
    return status;
}
