/* codec: the envelope around a body, the choice of its schema, and an event as JSON. */
#include "schemas/codec.h"
#include "core/digest.h"
#include "core/json.h"
#include "schemas/reader.h"
#include "schemas/writer.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define MAGIC_0 0xc3
#define MAGIC_1 0x01
#define PRINT_AT 2 /* of the fingerprint in the envelope */
#define ENVELOPE_SIZE 10
#define HEX_MAX 256 /* bytes of a bytes or fixed field */

_Static_assert(CURFEW_SIGNATURE_MAX <= HEX_MAX && CURFEW_CHAIN_SIZE <= HEX_MAX, "every bytes field can be printed");

/* Written once, under the lock, before `ready`; read only afterwards: acquire and release. */
static struct curfew_schema schemas[CURFEW_EVENT_COUNT];
static atomic_bool is_ready;
static pthread_mutex_t loading = PTHREAD_MUTEX_INITIALIZER;

static bool ready(void)
{
    return atomic_load_explicit(&is_ready, memory_order_acquire);
}

static enum curfew_status load(struct curfew_error *error)
{
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        enum curfew_status status = curfew_schema_load(curfew_event_shape(type), &schemas[type], error);
        if (status != CURFEW_OK) {
            return status;
        }
        for (enum curfew_event_type other = 0; other < type; other++) {
            if (schemas[other].fingerprint == schemas[type].fingerprint) {
                return curfew_error_set(error, CURFEW_INTERNAL, "schemas of %s and %s: one fingerprint for both",
                                        schemas[other].name, schemas[type].name);
            }
        }
    }
    return CURFEW_OK;
}

enum curfew_status curfew_codec_init(struct curfew_error *error)
{
    enum curfew_status status = CURFEW_OK;
    (void)pthread_mutex_lock(&loading);
    if (!ready()) {
        status = load(error);
        atomic_store_explicit(&is_ready, status == CURFEW_OK, memory_order_release);
    }
    (void)pthread_mutex_unlock(&loading);
    return status;
}

/* The schema of a type, or NULL. */
static const struct curfew_schema *schema_of(enum curfew_event_type type)
{
    return ready() && (unsigned)type < CURFEW_EVENT_COUNT ? &schemas[type] : NULL;
}

static enum curfew_status not_ready(struct curfew_error *error)
{
    return curfew_error_set(error, CURFEW_INTERNAL, "using the codec: curfew_codec_init has not been called");
}

uint64_t curfew_codec_fingerprint(enum curfew_event_type type)
{
    const struct curfew_schema *schema = schema_of(type);
    return schema == NULL ? 0 : schema->fingerprint;
}

const char *curfew_codec_schema(enum curfew_event_type type)
{
    const struct curfew_schema *schema = schema_of(type);
    return schema == NULL ? "" : schema->text;
}

enum curfew_status curfew_codec_encode(const struct curfew_event *event, uint8_t *bytes, size_t capacity, size_t *size,
                                       struct curfew_error *error)
{
    const struct curfew_schema *schema = schema_of(event->type);
    size_t body = 0;
    if (!ready()) {
        return not_ready(error);
    }
    if (schema == NULL) {
        return curfew_error_set(error, CURFEW_INVALID, "encoding an event: %d is no type of event", (int)event->type);
    }
    if (capacity < ENVELOPE_SIZE) {
        return curfew_error_set(error, CURFEW_FULL, "encoding %s: a buffer of %zu bytes; the envelope alone takes %d",
                                schema->name, capacity, ENVELOPE_SIZE);
    }
    enum curfew_status status =
        curfew_writer_write(schema, &event->as, bytes + ENVELOPE_SIZE, capacity - ENVELOPE_SIZE, &body, error);
    if (status != CURFEW_OK) {
        return status;
    }
    bytes[0] = MAGIC_0;
    bytes[1] = MAGIC_1;
    for (int i = 0; i < ENVELOPE_SIZE - PRINT_AT; i++) {
        bytes[PRINT_AT + i] = (uint8_t)(schema->fingerprint >> (8 * i));
    }
    *size = ENVELOPE_SIZE + body;
    return CURFEW_OK;
}

/* Finds the schema that an envelope names. */
static enum curfew_status choose(struct curfew_slice bytes, enum curfew_event_type *type, enum curfew_reason *reason,
                                 struct curfew_error *error)
{
    *reason = CURFEW_REASON_UNDECODABLE;
    if (bytes.size < ENVELOPE_SIZE || bytes.at[0] != MAGIC_0 || bytes.at[1] != MAGIC_1) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "decoding %zu bytes: they are no Avro single-object encoding, which begins with C3 01 "
                                "and a fingerprint; whoever wrote them must mend it",
                                bytes.size);
    }
    uint64_t print = 0;
    for (int i = 0; i < ENVELOPE_SIZE - PRINT_AT; i++) {
        print |= (uint64_t)bytes.at[PRINT_AT + i] << (8 * i);
    }
    for (enum curfew_event_type at = 0; at < CURFEW_EVENT_COUNT; at++) {
        if (schemas[at].fingerprint == print) {
            *type = at;
            return CURFEW_OK;
        }
    }
    *reason = CURFEW_REASON_UNKNOWN_SCHEMA;
    return curfew_error_set(error, CURFEW_INVALID,
                            "decoding %zu bytes: their schema's fingerprint %016llx is none of this version's; read "
                            "them with the version that wrote them, or a newer one",
                            bytes.size, (unsigned long long)print);
}

enum curfew_status curfew_codec_decode(struct curfew_slice bytes, struct curfew_arena *arena,
                                       struct curfew_event *event, enum curfew_reason *reason,
                                       struct curfew_error *error)
{
    memset(event, 0, sizeof(*event));
    if (!ready()) {
        return not_ready(error);
    }
    enum curfew_status status = choose(bytes, &event->type, reason, error);
    if (status == CURFEW_OK) {
        status = curfew_reader_read(&schemas[event->type], bytes, ENVELOPE_SIZE, arena, &event->as, error);
    }
    return status;
}

void curfew_codec_record_digest(struct curfew_slice bytes, uint8_t digest[CURFEW_RECORD_DIGEST_SIZE])
{
    uint8_t whole[CURFEW_SHA256_SIZE];
    curfew_sha256(&bytes, 1, whole);
    memcpy(digest, whole, CURFEW_RECORD_DIGEST_SIZE);
}

static struct curfew_json *json_of(const struct curfew_op *op, const void *base);

/* Adds a record's fields, which follow its op, to an object. */
static bool json_fill(struct curfew_json *object, const struct curfew_op *record, const void *base)
{
    const struct curfew_op *end = record + 1 + record->inside;
    for (const struct curfew_op *op = record + 1; op < end; op += 1 + op->inside) {
        if (!curfew_json_set(object, op->name, json_of(op, base))) {
            return false;
        }
    }
    return true;
}

static struct curfew_json *json_record(const struct curfew_op *op, const void *base)
{
    struct curfew_json *object = curfew_json_object();
    if (object != NULL && !json_fill(object, op, base)) {
        curfew_json_destroy(object);
        object = NULL;
    }
    return object;
}

static struct curfew_json *json_array(const struct curfew_op *op, const struct curfew_list *list)
{
    struct curfew_json *array = curfew_json_array();
    for (size_t i = 0; i < list->count && array != NULL; i++) {
        if (!curfew_json_append(array, json_of(op + 1, (const uint8_t *)list->items + i * op[1].size))) {
            curfew_json_destroy(array);
            array = NULL;
        }
    }
    return array;
}

static struct curfew_json *json_hex(const uint8_t *bytes, size_t size)
{
    char text[2 * HEX_MAX + 1];
    if (size > HEX_MAX) {
        return NULL;
    }
    curfew_hex(bytes, size, text);
    return curfew_json_of_string((struct curfew_slice){(const uint8_t *)text, 2 * size});
}

/* A symbol by its name; a number that is none, as it is. */
static struct curfew_json *json_symbol(const struct curfew_op *op, int32_t value)
{
    if (value < 0 || (uint32_t)value >= op->bound) {
        return curfew_json_of_int(value);
    }
    return curfew_json_of_string(curfew_slice_of(op->symbols[value]));
}

static struct curfew_json *json_of(const struct curfew_op *op, const void *base)
{
    const void *at = (const uint8_t *)base + op->offset;
    const struct curfew_slice *slice = at;
    switch (op->type) {
    case CURFEW_OP_BOOLEAN:
        return curfew_json_of_bool(*(const bool *)at);
    case CURFEW_OP_INT:
        return curfew_json_of_int(*(const int32_t *)at);
    case CURFEW_OP_LONG:
        return curfew_json_of_int(*(const int64_t *)at);
    case CURFEW_OP_STRING:
        return curfew_json_of_string(*slice);
    case CURFEW_OP_BYTES:
        return json_hex(slice->at, slice->size);
    case CURFEW_OP_FIXED:
        return json_hex(at, op->size);
    case CURFEW_OP_ENUM:
        return json_symbol(op, *(const int32_t *)at);
    case CURFEW_OP_RECORD:
        return json_record(op, base);
    case CURFEW_OP_ARRAY:
        return json_array(op, at);
    }
    return NULL;
}

char *curfew_codec_json(const struct curfew_event *event)
{
    const struct curfew_schema *schema = schema_of(event->type);
    struct curfew_json *object = schema == NULL ? NULL : curfew_json_object();
    char *text = NULL;
    if (object != NULL && curfew_json_set(object, "type", curfew_json_of_string(curfew_slice_of(schema->name))) &&
        json_fill(object, schema->ops, &event->as)) {
        text = curfew_json_print(object);
    }
    curfew_json_destroy(object);
    return text;
}

static const struct curfew_schema *find_schema(const struct curfew_json *json)
{
    struct curfew_slice name;
    if (!curfew_json_string(curfew_json_member(json, "type"), &name)) {
        return NULL;
    }
    for (enum curfew_event_type type = 0; type < CURFEW_EVENT_COUNT; type++) {
        if (curfew_slice_equal(name, curfew_slice_of(schemas[type].name))) {
            return &schemas[type];
        }
    }
    return NULL;
}

/* What a member must be; NULL: it is. */
static const char *read_member(const struct curfew_op *op, const struct curfew_json *json, void *base)
{
    void *at = (uint8_t *)base + op->offset;
    int64_t number = 0;
    switch (op->type) {
    case CURFEW_OP_BOOLEAN:
        return curfew_json_bool(json, at) ? NULL : "true or false";
    case CURFEW_OP_INT:
        if (!curfew_json_int(json, &number) || number < INT32_MIN || number > INT32_MAX) {
            return "a whole number of 32 bits";
        }
        *(int32_t *)at = (int32_t)number;
        return NULL;
    case CURFEW_OP_LONG:
        return curfew_json_int(json, at) ? NULL : "a whole number of 64 bits";
    case CURFEW_OP_STRING:
        return curfew_json_string(json, at) ? NULL : "a string";
    default:
        return "left out: it cannot be given as JSON";
    }
}

enum curfew_status curfew_codec_read_json(const struct curfew_json *json, struct curfew_event *event,
                                          struct curfew_error *error)
{
    const char *names[CURFEW_OPS_MAX + 1] = {"type"}; /* the record's own op has no name here */
    size_t count = 1;
    memset(event, 0, sizeof *event);
    if (!ready()) {
        return not_ready(error);
    }
    const struct curfew_schema *schema = find_schema(json);
    if (schema == NULL) {
        return curfew_error_set(error, CURFEW_INVALID,
                                "reading an event: it must be a JSON object with a \"type\", such as \"task-ended\"");
    }
    event->type = (enum curfew_event_type)(schema - schemas);
    const struct curfew_op *end = schema->ops + 1 + schema->ops[0].inside;
    for (const struct curfew_op *op = schema->ops + 1; op < end; op += 1 + op->inside) {
        const struct curfew_json *member = curfew_json_member(json, op->name);
        const char *wanted = member == NULL ? NULL : read_member(op, member, &event->as);
        if (wanted != NULL) {
            return curfew_error_set(error, CURFEW_INVALID, "reading %s: \"%s\" must be %s", schema->name, op->name,
                                    wanted);
        }
        names[count++] = op->name;
    }
    names[count] = NULL;
    if (!curfew_json_only(json, names)) {
        char list[512] = "";
        for (size_t i = 1, used = 0; i < count && used < sizeof list; i++) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 1 ? "" : ", ", names[i]);
        }
        return curfew_error_set(error, CURFEW_INVALID, "reading %s: it has a member that is none of its fields: %s",
                                schema->name, list);
    }
    return CURFEW_OK;
}
