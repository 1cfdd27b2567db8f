/* reply: answers over HTTP as JSON, for whoever asks a coordinator: members, errors, and lists that know their size.
 * Pure. Any thread. */
#ifndef CURFEW_COORDINATOR_REPLY_H
#define CURFEW_COORDINATOR_REPLY_H

#include "core/http.h"
#include "core/json.h"
#include <stdio.h>

#define CURFEW_REPLY_LIST_MAX                                                                                          \
    (CURFEW_HTTP_RESPONSE_MAX - 32 * 1024) /* bytes of a list; the rest is what surrounds it */

/* False: memory ran out, or the text is not UTF-8. */
bool curfew_reply_int(struct curfew_json *object, const char *name, int64_t value) CURFEW_MUST_CHECK;
bool curfew_reply_text(struct curfew_json *object, const char *name, const char *text) CURFEW_MUST_CHECK;
/* The same, left out when it is empty. */
bool curfew_reply_slice(struct curfew_json *object, const char *name, struct curfew_slice text) CURFEW_MUST_CHECK;

/* {"error": text} */
void curfew_reply_error(struct curfew_http_response *response, int code, const char *format, ...) CURFEW_PRINTF(3, 4);
/* Takes the body; NULL, or one that cannot be printed: 503. */
void curfew_reply_json(struct curfew_http_response *response, struct curfew_json *body);

/* A list of a page: items one by one, until one would not fit. */
struct curfew_reply_list {
    FILE *file; /* NULL: no memory */
    char *text;
    size_t size; /* of text, after close */
    size_t used;
    size_t count;
    bool failed;
};
void curfew_reply_list_open(struct curfew_reply_list *list);
/* Takes the item. False: it does not fit, and is not in it. */
bool curfew_reply_list_add(struct curfew_reply_list *list, struct curfew_json *item) CURFEW_MUST_CHECK;
/* Answers {"name": [items], and what is in `rest`}; takes both. */
void curfew_reply_list_close(struct curfew_reply_list *list, const char *name, struct curfew_json *rest,
                             struct curfew_http_response *response);

#endif
