/* inquire: questions to a coordinator over HTTP (get.h) that it answers as JSON, page by page where there are pages.
 * One thread an inquiry, any number at once. */
#ifndef CURFEW_CLI_INQUIRE_H
#define CURFEW_CLI_INQUIRE_H

#include "core/json.h"
#include <stdio.h>

struct curfew_inquiry {
    const char *coordinator; /* "http://127.0.0.1:8610" */
    const char *path; /* "/v1/sessions?user=ana" */
    const char *member; /* that an answer has; one without is none */
    int64_t deadline_us; /* on the clock that never steps: no answer by then is CURFEW_TIMEOUT */
};

/* `*body` is the caller's. CURFEW_INVALID: it refused the question, does not know what it is about, or is no
 * coordinator; CURFEW_UNAVAILABLE: it cannot be reached, or does not know yet; CURFEW_TIMEOUT. */
enum curfew_status curfew_inquire(const struct curfew_inquiry *inquiry, struct curfew_json **body,
                                  struct curfew_error *error) CURFEW_MUST_CHECK;

/* Takes an item; false: no more are wanted. */
typedef bool curfew_inquired(void *context, const struct curfew_json *item);

/* The same page after page: every item of the member to `take`, in order. `*last` (the caller's) is the last page;
 * `*more`: there would have been others. */
enum curfew_status curfew_inquire_pages(const struct curfew_inquiry *inquiry, curfew_inquired *take, void *context,
                                        struct curfew_json **last, bool *more,
                                        struct curfew_error *error) CURFEW_MUST_CHECK;

/* Puts "?name=value" or "&name=value", escaped, behind a path in the making; nothing when the value is NULL. `*count`
 * is how many there are. False: no memory. */
bool curfew_inquire_argument(FILE *path, const char *name, const char *value, int *count) CURFEW_MUST_CHECK;

/* A member that may be left out: `otherwise`, or empty. Strings live as long as the object. */
int64_t curfew_inquired_int(const struct curfew_json *object, const char *name, int64_t otherwise);
struct curfew_slice curfew_inquired_text(const struct curfew_json *object, const char *name);
bool curfew_inquired_is(const struct curfew_json *object, const char *name, const char *text);

#define CURFEW_SPAN_SIZE 32
/* A span as people read it: "750 ms", "12 s", "5 min", "3 h", "2 d"; "no time" for none or less. Gives `text`. */
const char *curfew_inquired_span(int64_t ms, char text[CURFEW_SPAN_SIZE]);

#endif
