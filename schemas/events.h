/* events: where each schema's fields live in the structs of curfew/event.h, and what bounds them. Constant tables, from
 * which schema.c makes op lists. Any thread. */
#ifndef CURFEW_SCHEMAS_EVENTS_H
#define CURFEW_SCHEMAS_EVENTS_H

#include <curfew/event.h>

/* One field of a schema and the struct member that holds it: boolean in bool, int and enum in int32_t, long in int64_t,
 * string and bytes in struct curfew_slice, fixed in uint8_t[], array in struct curfew_list, record in a struct. */
struct curfew_field {
    const char *name; /* as in the schema; NULL ends a table */
    size_t offset; /* in the struct that the table describes */
    size_t size; /* of the member; of one item, where the table describes an array's items */
    size_t bound; /* string and bytes: most bytes; array: most items; enum: count of symbols; else 0 */
    const char *const *symbols; /* enum: its symbols in order */
    const struct curfew_field *inside; /* record: its fields; array: one field, at offset 0, for each item */
};

struct curfew_shape {
    const char *name; /* of the event: "task-ended" */
    const char *text; /* the .avsc */
    size_t size; /* of the struct */
    const struct curfew_field *fields; /* in the schema's order, which is the struct's */
};

/* `type` is below CURFEW_EVENT_COUNT. */
const struct curfew_shape *curfew_event_shape(enum curfew_event_type type);

#endif
