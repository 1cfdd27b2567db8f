/* reader: Avro body -> struct, by a schema's ops. It never reads past `bytes`, takes memory from the arena alone, and
 * refuses what does not fit: lengths and counts beyond their bound or the bytes left, enum indexes out of range,
 * booleans other than 0 and 1, numbers too wide, array blocks whose stated size is wrong, bytes left over. Pure. */
#ifndef CURFEW_SCHEMAS_READER_H
#define CURFEW_SCHEMAS_READER_H

#include "schemas/codec.h"
#include "schemas/schema.h"

/* Reads the body that begins at `start` of `bytes` into `target`, the event's struct. CURFEW_INVALID: the error names
 * field and place. CURFEW_FULL: the arena is too small. In both cases the arena is as before and `target` undefined. */
enum curfew_status curfew_reader_read(const struct curfew_schema *schema, struct curfew_slice bytes, size_t start,
                                      struct curfew_arena *arena, void *target,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
