/* libnuma where the kernel has NUMA, anonymous mappings elsewhere; both are page aligned. */
#include "tickcapd/numamemory.h"

#include <numa.h>
#include <string.h>

#include "common/memory.h"

void *tc_numa_take(size_t bytes, int node)
{
    void *memory = numa_available() >= 0 ? numa_alloc_onnode(bytes, node) : tc_memory_take(bytes);

    if (memory != NULL)
        memset(memory, 0, bytes); /* the first touch takes the pages */
    return memory;
}

void tc_numa_free(void *memory, size_t bytes)
{
    if (memory == NULL)
        return;
    if (numa_available() >= 0)
        numa_free(memory, bytes);
    else
        tc_memory_free(memory, bytes);
}
