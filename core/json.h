/* json: JSON values (over jansson), read with suspicion: a member given twice, bytes after the value, text that is not
 * UTF-8, U+0000, and nesting deeper than CURFEW_JSON_DEPTH_MAX are refused. Errors tell a place, never the text itself,
 * since it may be secret.
 *
 * A value from parse, object, array or of_* is the caller's to destroy, until it is given to set or append. What is
 * found inside a value, and strings read from it, live as long as it. Distinct trees may be used by distinct threads.
 */
#ifndef CURFEW_CORE_JSON_H
#define CURFEW_CORE_JSON_H

#include <curfew/slice.h>
#include <curfew/status.h>

#define CURFEW_JSON_DEPTH_MAX 32

struct curfew_json;

enum curfew_status curfew_json_parse(struct curfew_slice text, struct curfew_json **json,
                                     struct curfew_error *error) CURFEW_MUST_CHECK;
void curfew_json_destroy(struct curfew_json *json);
/* Compact, in the order members were set; malloc'ed; NULL when memory runs out. */
char *curfew_json_print(const struct curfew_json *json);

/* Reading. A NULL value is fine everywhere: it is of no type and has nothing inside. */
const struct curfew_json *curfew_json_member(const struct curfew_json *json, const char *name); /* NULL: none */
const struct curfew_json *curfew_json_item(const struct curfew_json *json, size_t index); /* NULL: none */
size_t curfew_json_count(const struct curfew_json *json); /* items of an array; 0 for anything else */
bool curfew_json_is_object(const struct curfew_json *json);
bool curfew_json_is_array(const struct curfew_json *json);
bool curfew_json_string(const struct curfew_json *json, struct curfew_slice *text);
bool curfew_json_bool(const struct curfew_json *json, bool *value);
bool curfew_json_int(const struct curfew_json *json, int64_t *value); /* not of a number with a fraction or exponent */
bool curfew_json_real(const struct curfew_json *json, double *value); /* only of such a number */
/* Whether every member is among `names` (NULL-ended). */
bool curfew_json_only(const struct curfew_json *json, const char *const *names);

/* Making. NULL when memory runs out or text is not UTF-8; set and append take the value over in any case, and are false
 * when it or the container is NULL, so that a chain of && needs one check. */
struct curfew_json *curfew_json_object(void);
struct curfew_json *curfew_json_array(void);
struct curfew_json *curfew_json_of_string(struct curfew_slice text);
struct curfew_json *curfew_json_of_int(int64_t value);
struct curfew_json *curfew_json_of_bool(bool value);
/* A copy of a value found inside another. */
struct curfew_json *curfew_json_of(const struct curfew_json *json);
bool curfew_json_set(struct curfew_json *object, const char *name, struct curfew_json *value) CURFEW_MUST_CHECK;
bool curfew_json_append(struct curfew_json *array, struct curfew_json *value) CURFEW_MUST_CHECK;

#endif
