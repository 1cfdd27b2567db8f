/* schema: an .avsc text and a table of struct members, joined into a list of ops that reader.c and writer.c run.
 *
 * Avro-C parses the text. The ops stand in the schema's order. A record's fields follow it with offsets from the same
 * base; an array is followed by the op of its item (and that record's fields) with offsets from the item. Everything a
 * reader needs to know beforehand is refused at load: unions, maps, doubles, arrays within arrays, items of no bytes,
 * and a table that is not the schema or the struct, field by field. Any thread. */
#ifndef CURFEW_SCHEMAS_SCHEMA_H
#define CURFEW_SCHEMAS_SCHEMA_H

#include "schemas/events.h"
#include <curfew/status.h>

#define CURFEW_OPS_MAX 32 /* ops of one schema */
#define CURFEW_CANONICAL_MAX 4096 /* bytes of a Parsing Canonical Form, its NUL included */

enum curfew_op_type {
    CURFEW_OP_BOOLEAN,
    CURFEW_OP_INT,
    CURFEW_OP_LONG,
    CURFEW_OP_STRING,
    CURFEW_OP_BYTES,
    CURFEW_OP_FIXED,
    CURFEW_OP_ENUM,
    CURFEW_OP_RECORD,
    CURFEW_OP_ARRAY,
};

struct curfew_op {
    enum curfew_op_type type;
    uint32_t bound; /* string, bytes: most bytes; enum: count of symbols; array: most items */
    uint32_t offset; /* of the member, from the struct or the array's item it is in */
    uint32_t size; /* of the member or item */
    uint32_t least; /* fewest bytes it takes on the wire; never 0 */
    uint16_t inside; /* ops after this one that belong to it */
    uint16_t align; /* of the member */
    const char *name;
    const char *const *symbols;
};

struct curfew_schema {
    const char *name; /* of the event */
    const char *text;
    uint64_t fingerprint;
    size_t count;
    struct curfew_op ops[CURFEW_OPS_MAX]; /* the first is the event's record, and all others are inside it */
};

/* CURFEW_INVALID names the field where text, table and struct differ, or what of the schema is not supported. */
enum curfew_status curfew_schema_load(const struct curfew_shape *shape, struct curfew_schema *schema,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

/* The Parsing Canonical Form of a schema of the types above, NUL-terminated. CURFEW_FULL: over CURFEW_CANONICAL_MAX. */
enum curfew_status curfew_schema_canonical(const char *text, char canonical[CURFEW_CANONICAL_MAX],
                                           struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
