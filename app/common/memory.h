/* Large, zeroed, page-aligned memory that is returned to the system when it is freed. */
#ifndef TC_APP_MEMORY_H
#define TC_APP_MEMORY_H

#include <stddef.h>

/* NULL when memory is short. Pages are only taken when they are touched. */
void *tc_memory_take(size_t bytes);
void tc_memory_free(void *memory, size_t bytes);

#endif
