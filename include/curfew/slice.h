/* slice: bytes that belong to somebody else. Not NUL-terminated. An absent optional string is a slice of size 0. */
#ifndef CURFEW_SLICE_H
#define CURFEW_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct curfew_slice {
    const uint8_t *at;
    size_t size;
};

/* `count` items of a type the field's comment names. Owned by whoever made it. */
struct curfew_list {
    const void *items;
    size_t count;
};

/* A C string as a slice, without its NUL; NULL gives the empty slice. */
static inline struct curfew_slice curfew_slice_of(const char *text)
{
    return (struct curfew_slice){(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
}

static inline bool curfew_slice_equal(struct curfew_slice a, struct curfew_slice b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

/* For printf("%.*s"). */
#define CURFEW_SLICE_ARGS(slice) (int)(slice).size, (const char *)(slice).at

#endif
