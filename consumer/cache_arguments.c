/* cache_arguments: texts in one block of memory, and slices on them. */
#include "consumer/cache_arguments.h"
#include "core/digest.h"
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct curfew_cache_arguments {
    struct curfew_slice *slices;
    size_t count;
    size_t count_max;
    char *text;
    size_t size;
    size_t size_max;
};

struct curfew_cache_arguments *curfew_cache_arguments_create(size_t count, size_t bytes)
{
    struct curfew_cache_arguments *arguments = calloc(1, sizeof(*arguments));
    if (arguments == NULL) {
        return NULL;
    }
    arguments->count_max = count;
    arguments->size_max = bytes + count; /* a NUL each: vsnprintf writes one */
    arguments->slices = calloc(count, sizeof(*arguments->slices));
    arguments->text = malloc(arguments->size_max);
    if (arguments->slices == NULL || arguments->text == NULL) {
        curfew_cache_arguments_destroy(arguments);
        return NULL;
    }
    return arguments;
}

void curfew_cache_arguments_destroy(struct curfew_cache_arguments *arguments)
{
    if (arguments != NULL) {
        free(arguments->slices);
        free(arguments->text);
        free(arguments);
    }
}

void curfew_cache_arguments_clear(struct curfew_cache_arguments *arguments)
{
    arguments->count = 0;
    arguments->size = 0;
}

/* Takes what was written at the end of the text as one argument. */
static void take(struct curfew_cache_arguments *arguments, size_t size)
{
    assert(arguments->count < arguments->count_max && size < arguments->size_max - arguments->size);
    arguments->slices[arguments->count++] =
        (struct curfew_slice){(const uint8_t *)arguments->text + arguments->size, size};
    arguments->size += size + 1;
}

void curfew_cache_arguments_add(struct curfew_cache_arguments *arguments, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int size = vsnprintf(arguments->text + arguments->size, arguments->size_max - arguments->size, format, list);
    va_end(list);
    assert(size >= 0);
    take(arguments, (size_t)size);
}

void curfew_cache_arguments_add_number(struct curfew_cache_arguments *arguments, int64_t number)
{
    curfew_cache_arguments_add(arguments, "%" PRId64, number < 0 ? 0 : number);
}

void curfew_cache_arguments_add_hex(struct curfew_cache_arguments *arguments, const uint8_t *bytes, size_t size)
{
    assert(2 * size < arguments->size_max - arguments->size);
    curfew_hex(bytes, size, arguments->text + arguments->size);
    take(arguments, 2 * size);
}

const struct curfew_slice *curfew_cache_arguments_list(const struct curfew_cache_arguments *arguments, size_t *count)
{
    *count = arguments->count;
    return arguments->slices;
}
