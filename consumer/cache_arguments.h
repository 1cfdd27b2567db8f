/* cache_arguments: the arguments of one script call, written one after the other into memory taken once. Pure. The
 * bound is the caller's to keep: more than was asked for at create is a fault of the program. */
#ifndef CURFEW_CONSUMER_CACHE_ARGUMENTS_H
#define CURFEW_CONSUMER_CACHE_ARGUMENTS_H

#include <curfew/slice.h>
#include <curfew/status.h>

struct curfew_cache_arguments;

/* Room for `count` arguments of `bytes` bytes together. NULL: no memory. */
struct curfew_cache_arguments *curfew_cache_arguments_create(size_t count, size_t bytes);
void curfew_cache_arguments_destroy(struct curfew_cache_arguments *arguments);

void curfew_cache_arguments_clear(struct curfew_cache_arguments *arguments);
/* Adds one argument, as printf writes it. */
void curfew_cache_arguments_add(struct curfew_cache_arguments *arguments, const char *format, ...) CURFEW_PRINTF(2, 3);
/* Adds a number that is never negative; below 0 becomes 0. */
void curfew_cache_arguments_add_number(struct curfew_cache_arguments *arguments, int64_t number);
/* Adds bytes as lower-case hex. */
void curfew_cache_arguments_add_hex(struct curfew_cache_arguments *arguments, const uint8_t *bytes, size_t size);

/* They live until the next clear. */
const struct curfew_slice *curfew_cache_arguments_list(const struct curfew_cache_arguments *arguments, size_t *count);

#endif
