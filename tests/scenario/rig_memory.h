/* rig_memory: memory and files for tests: what cannot be had ends the program, so that no test has to ask. */
#ifndef RIG_MEMORY_H
#define RIG_MEMORY_H

#include <curfew/status.h>
#include <stddef.h>

/* Zeroed; freed by free(). */
void *rig_allocate(size_t size);
char *rig_copy(const char *text);
/* printf into memory of its own. */
char *rig_format(const char *format, ...) CURFEW_PRINTF(1, 2);
/* A file's content with a NUL behind it; empty when there is no such file. */
char *rig_read_file(const char *path);
void rig_write_file(const char *path, const char *text);
/* Removes a directory and what is in it. Fails quietly. */
void rig_remove_tree(const char *path);

#endif
