/* parse: what people write on a command line, as values. Every error says what to write instead. Pure. Any thread. */
#ifndef CURFEW_CLI_PARSE_H
#define CURFEW_CLI_PARSE_H

#include <curfew/event.h>
#include <curfew/status.h>

#define CURFEW_DURATION_MAX_MS (INT64_C(3650) * 24 * 3600 * 1000) /* ten years: more is a slip of the finger */

/* A whole number, least..most. `what` names it in the error. */
enum curfew_status curfew_parse_count(const char *what, const char *text, int64_t least, int64_t most, int64_t *value,
                                      struct curfew_error *error) CURFEW_MUST_CHECK;

/* A span: a whole number followed by ms, s, m, h or d; seconds when nothing follows. 1 ms..CURFEW_DURATION_MAX_MS. */
enum curfew_status curfew_parse_duration(const char *what, const char *text, int64_t *ms,
                                         struct curfew_error *error) CURFEW_MUST_CHECK;

/* "now", or microseconds since the Unix epoch. */
enum curfew_status curfew_parse_time(const char *what, const char *text, int64_t now_us, int64_t *time_us,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;

/* "task:attempt", split at the last colon. The step's task points into `text`; its tenant is left alone. */
enum curfew_status curfew_parse_step(const char *text, struct curfew_path_step *step,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;

/* "begin", "end" (CURFEW_OFFSET_BEGIN, CURFEW_OFFSET_END) or an offset. */
enum curfew_status curfew_parse_from(const char *text, int64_t *offset, struct curfew_error *error) CURFEW_MUST_CHECK;

/* An event's name on the wire. */
enum curfew_status curfew_parse_event_type(const char *text, enum curfew_event_type *type,
                                           struct curfew_error *error) CURFEW_MUST_CHECK;

/* Splits "name=value" in place: `*value` begins behind the first '=', which becomes a NUL. */
enum curfew_status curfew_parse_setting(char *text, const char **name, const char **value,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* Whether an argument holds a JWS in compact form (RFC 7515 §3.1): three base64url parts of which the first begins as
 * '{"' does; also behind "--option=" and "Bearer ". */
bool curfew_parse_is_token(const char *text);

#endif
