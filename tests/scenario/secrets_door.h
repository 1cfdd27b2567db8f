/* secrets_door: a guard that is a door, on the secured Kafka, where workers and callers say what is right and what is
 * wrong, with secrets in their tokens, bearers, bodies and queries. */
#ifndef SECRETS_DOOR_H
#define SECRETS_DOOR_H

#include "tests/scenario/play.h"
#include <stdbool.h>

#define SECRETS_DOOR_SECRET "door-secret-planted-51de51de51de" /* of a caller */
#define SECRETS_DOOR_BODY "door-body-planted-b0d7" /* what no event has room for */

struct secrets_door {
    const char *session;
    const char *task; /* running, of `session` */
    const char *live; /* a token for the task */
    const char *ended, *foreign; /* tokens that are denied, and not valid */
    const char *query; /* with a secret in it */
};

/* Every answer must be of its status and repeat no secret: `clean` says whether a text is. */
void secrets_door_is_used(struct play *play, const struct secrets_door *what, bool (*clean)(const char *text));

#endif
