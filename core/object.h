/* object: a JSON object of plain values and lists of text, put together member by member and printed as one line (over
 * core/json). Putting never fails on the spot: an object that ran out of memory, or was given text that is not UTF-8,
 * says so when it is printed. One thread an object. */
#ifndef CURFEW_CORE_OBJECT_H
#define CURFEW_CORE_OBJECT_H

#include <curfew/slice.h>
#include <curfew/status.h>
#include <stdio.h>

struct curfew_object;

struct curfew_object *curfew_object_create(void); /* NULL: no memory; every call below takes that */
void curfew_object_destroy(struct curfew_object *object);

void curfew_object_put_text(struct curfew_object *object, const char *name, const char *text); /* NULL text: null */
void curfew_object_put_slice(struct curfew_object *object, const char *name, struct curfew_slice text);
void curfew_object_put_int(struct curfew_object *object, const char *name, int64_t value);
void curfew_object_put_bool(struct curfew_object *object, const char *name, bool value);
void curfew_object_put_null(struct curfew_object *object, const char *name);
/* An array of strings. */
void curfew_object_put_slices(struct curfew_object *object, const char *name, const struct curfew_slice *texts,
                              size_t count);

/* One line, members in the order they were put; malloc'ed. NULL: memory ran out, or a text was not UTF-8. */
char *curfew_object_text(const struct curfew_object *object);
/* The same with a line's end, to a file. */
enum curfew_status curfew_object_print(const struct curfew_object *object, FILE *file,
                                       struct curfew_error *error) CURFEW_MUST_CHECK;

#endif
