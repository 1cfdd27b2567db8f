/* writer: struct -> Avro body, by a schema's ops. Checks every bound as it goes. Pure. */
#ifndef CURFEW_SCHEMAS_WRITER_H
#define CURFEW_SCHEMAS_WRITER_H

#include "schemas/schema.h"

/* Writes at `bytes`; `*size` is what it took. CURFEW_INVALID names the field over its bound; CURFEW_FULL: over
 * `capacity`. In both cases `bytes` is undefined and `*size` untouched. */
enum curfew_status curfew_writer_write(const struct curfew_schema *schema, const void *source, uint8_t *bytes,
                                       size_t capacity, size_t *size, struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
