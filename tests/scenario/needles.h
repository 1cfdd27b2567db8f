/* needles: values that must not be found, each looked for in every form it could leak in: as it is, in hex, in base64
 * and base64url, also in the middle of something longer that was encoded whole. Pure. */
#ifndef NEEDLES_H
#define NEEDLES_H

#include <curfew/slice.h>

#define NEEDLES_MAX 96
#define NEEDLE_LEAST 12 /* bytes; a shorter one would be found by chance */

struct needles;

struct needles *needles_create(void);
void needles_destroy(struct needles *needles);

/* The value is copied; a name given twice is fine. Fails the running test when it is too short, or one too many. */
void needles_add(struct needles *needles, const char *name, struct curfew_slice value);
size_t needles_count(const struct needles *needles);

/* "name, form" of one that is in there; NULL: none is. Lives as long as the needles. */
const char *needles_find(const struct needles *needles, struct curfew_slice hay);

#endif
