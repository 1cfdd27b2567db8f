/* status: how every call that can fail says so.
 *
 * A function returns one `enum curfew_status` and, where the caller passed a `struct curfew_error`, fills it with
 * the details. The struct is the caller's; nothing in it is allocated. All functions here may be called from any
 * thread on distinct errors. */
#ifndef CURFEW_STATUS_H
#define CURFEW_STATUS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CURFEW_MUST_CHECK __attribute__((warn_unused_result))
#define CURFEW_PRINTF(text, first) __attribute__((format(printf, text, first)))

enum curfew_status {
    CURFEW_OK = 0,
    CURFEW_INVALID, /* an argument, a file or a message is wrong; the same call will fail again */
    CURFEW_UNAVAILABLE, /* something needed (Kafka, Redis, a file, a coordinator) cannot be reached now */
    CURFEW_TIMEOUT, /* the deadline passed; what was asked for may still happen */
    CURFEW_REFUSED, /* the coordinator read the event and did not act on it */
    CURFEW_FULL, /* a named bound is met; nothing was taken in, nothing accepted before was dropped */
    CURFEW_CLOSED, /* the handle is closing or was closed */
    CURFEW_NOMEM, /* memory could not be had */
    CURFEW_INTERNAL, /* a promise inside Curfew did not hold: please report it */
};

#define CURFEW_ERROR_TEXT_SIZE 512

struct curfew_error {
    enum curfew_status status;
    bool retriable; /* the same call may succeed later, unchanged */
    bool fatal; /* the handle it came from can only be closed */
    char text[CURFEW_ERROR_TEXT_SIZE]; /* what was done, to what, what went wrong, what to do; NUL-terminated */
};

/* The status as one lower-case word ("unavailable"); never NULL. */
const char *curfew_status_name(enum curfew_status status);

/* Fills `error` (NULL: does nothing) and returns `status`, so that a failing path is one line. `retriable` is set
 * for unavailable, timeout and full. Text that does not fit is cut. */
enum curfew_status curfew_error_set(struct curfew_error *error, enum curfew_status status, const char *format, ...)
    CURFEW_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif
#endif
