/* memory: allocation that succeeds or ends the process. */
#include "services/coordinator/memory.h"

#include "core/log.h"
#include <stdlib.h>

static void *checked(void *memory, size_t size)
{
    if (memory == NULL) {
        curfew_log(CURFEW_LOG_ERROR, "coordinator", "out of memory for %zu bytes: ending; start again with more", size);
        abort();
    }
    return memory;
}

void *curfew_memory_take(size_t size)
{
    return checked(calloc(1, size == 0 ? 1 : size), size);
}

void *curfew_memory_resize(void *memory, size_t size)
{
    return checked(realloc(memory, size == 0 ? 1 : size), size);
}
