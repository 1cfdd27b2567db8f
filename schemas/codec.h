/* codec: bytes <-> the structs of curfew/event.h, in Avro single-object encoding: C3 01, the schema's CRC-64-AVRO
 * fingerprint little-endian, the body.
 *
 * Each schemas/<name>.avsc is embedded; at first use Avro-C parses it, and with the table of struct offsets it becomes
 * a list of ops {type, bound, offset}. One interpreter checks, decodes, encodes and prints JSON. It never reads past
 * the value, never takes more memory than the arena has, and refuses trailing bytes, enum indexes out of range,
 * negative or oversized lengths, and array blocks beyond their bound. Thread-safe after curfew_codec_init. */
#ifndef CURFEW_SCHEMAS_CODEC_H
#define CURFEW_SCHEMAS_CODEC_H

#include <curfew/event.h>
#include <curfew/status.h>

#define CURFEW_CODEC_MEMORY (64 * 1024) /* arena that any valid record fits */
#define CURFEW_CODEC_RECORD_MAX (128 * 1024) /* bytes that any encodable event fits */

/* Memory a decode takes its arrays from. Owned by the caller; what was decoded lives as long as it and the bytes. */
struct curfew_arena {
    uint8_t *memory; /* aligned for any type */
    size_t size;
    size_t used; /* set to 0 to begin again */
};

/* Parses the schemas. Any thread; again is cheap and returns the same. */
enum curfew_status curfew_codec_init(struct curfew_error *error) CURFEW_MUST_CHECK;

/* Encodes into `bytes`. CURFEW_INVALID names the field that is over its bound; CURFEW_FULL: `capacity` is too small. */
enum curfew_status curfew_codec_encode(const struct curfew_event *event, uint8_t *bytes, size_t capacity, size_t *size,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;

/* Decodes; slices point into `bytes`. On CURFEW_INVALID `*reason` is CURFEW_REASON_UNDECODABLE or
 * CURFEW_REASON_UNKNOWN_SCHEMA and the error names field and place. */
enum curfew_status curfew_codec_decode(struct curfew_slice bytes, struct curfew_arena *arena,
                                       struct curfew_event *event, enum curfew_reason *reason,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;

/* By what an answer names a record, given the record's value. */
void curfew_codec_record_digest(struct curfew_slice bytes, uint8_t digest[CURFEW_RECORD_DIGEST_SIZE]);

/* The event as one JSON object {"type":"task-ended", fields…}: enums by name, bytes and fixed as hex. malloc'ed,
 * NUL-terminated; NULL when memory runs out or a string is not UTF-8. */
char *curfew_codec_json(const struct curfew_event *event);

/* The other way round, of events whose fields are strings, numbers and truth values alone; what is left out is empty, 0
 * or false. Bounds are the encoder's to check. Slices point into `json`. CURFEW_INVALID: it is no object with the type
 * of an event, has a member that is none of its fields, or one of another type; the error quotes none of it. */
struct curfew_json;
enum curfew_status curfew_codec_read_json(const struct curfew_json *json, struct curfew_event *event,
                                          struct curfew_error *error) CURFEW_MUST_CHECK;

/* CRC-64-AVRO of a schema's Parsing Canonical Form, and the .avsc text. Valid after init. */
uint64_t curfew_codec_fingerprint(enum curfew_event_type type);
const char *curfew_codec_schema(enum curfew_event_type type);

#endif
