/* What the machine has: processors, NUMA nodes, hugepages. All read from sysfs and procfs. */
#ifndef TC_TICKCAPD_HOST_H
#define TC_TICKCAPD_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets cpus[i] for each processor that is online; answers how many there are. */
size_t tc_host_cpus(bool *cpus, size_t most);

/* The text of a list of processors, as in 0-3,7. */
void tc_cpu_list_text(char *text, size_t size, const bool *cpus, size_t count);

/* NUMA node of a processor; 0 where the machine does not say. */
int tc_host_node_of_cpu(uint32_t cpu);

/* Where the system tells of a node's hugepages and takes how many there are to be. */
void tc_host_huge_folder(char *folder, size_t size, int node);

/* Bytes of free hugepages of a node, of all page sizes; and the size of the default page. */
uint64_t tc_host_free_huge(int node);
uint64_t tc_host_huge_page_bytes(void);

/* How many pages of the default size a node has, free or not. */
uint64_t tc_host_huge_pages(int node);

/* CPUs that are threads of the same core as a processor, itself among them; false: not known. */
bool tc_host_core_of_cpu(uint32_t cpu, bool *cpus, size_t most);

/* Microseconds of each period that real-time threads may run; -1: all of them. */
int64_t tc_host_realtime_us(uint64_t *period_us);

#endif
