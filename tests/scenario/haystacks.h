/* haystacks: everything a cluster leaves behind, whole: records of every topic, what Redis holds, files, and what the
 * kernel tells of a process. Whatever cannot be read fails the running test. */
#ifndef HAYSTACKS_H
#define HAYSTACKS_H

#include "tests/scenario/rig.h"
#include <curfew/slice.h>

/* Called with each piece and where it is from; both last until it returns. */
typedef void haystacks_look(void *context, const char *where, struct curfew_slice bytes);

/* Every topic the broker knows, every partition from its first record to its end: key, names and values of headers, and
 * value, each a piece. `settings`: of a client that may read all of it, name, value, …, NULL, as ours are called. */
void haystacks_topics(const char *const *settings, haystacks_look *look, void *context);

/* Every key and its content, of whatever type. `password` may be NULL. */
void haystacks_redis(const char *address, const char *password, haystacks_look *look, void *context);

/* Every file below the directory, but those whose path from there begins with one of `but` (NULL-ended). */
void haystacks_files(const char *directory, const char *const *but, haystacks_look *look, void *context);

/* Arguments and environment of every process that this one has started and that runs: pieces "cmdline" and "environ".
 */
void haystacks_processes(haystacks_look *look, void *context);

#endif
