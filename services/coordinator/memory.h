/* memory: allocation for state that must be a pure function of the log. A coordinator that runs out of memory ends
 * itself: half a step would be no function of the log, and a restart by replay loses nothing. */
#ifndef CURFEW_COORDINATOR_MEMORY_H
#define CURFEW_COORDINATOR_MEMORY_H

#include <stddef.h>

/* Zeroed; never NULL. */
void *curfew_memory_take(size_t size);
/* As realloc; never NULL. */
void *curfew_memory_resize(void *memory, size_t size);

#endif
