/* What the machine has: processors, NUMA nodes, hugepages, devices. All read from sysfs. */
#ifndef TC_TICKCAPD_HOST_H
#define TC_TICKCAPD_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sets cpus[i] for each processor that is online; answers how many there are. */
size_t tc_host_cpus(bool *cpus, size_t most);

/* The text of a list of processors, as in 0-3,7. */
void tc_cpu_list_text(char *text, size_t size, const bool *cpus, size_t count);

/* NUMA node of a processor or a PCI device; 0 where the machine does not say. */
int tc_host_node_of_cpu(uint32_t cpu);
int tc_host_node_of_pci(const char *address);

/* Where the system tells of a node's hugepages and takes how many there are to be. */
void tc_host_huge_folder(char *folder, size_t size, int node);

/* Bytes of free hugepages of a node, of all page sizes; and the size of the default page. */
uint64_t tc_host_free_huge(int node);
uint64_t tc_host_huge_page_bytes(void);

/* How many pages of the default size a node has, free or not. */
uint64_t tc_host_huge_pages(int node);

bool tc_host_has_pci(const char *address);

/* Whether a PCI device is one for networks, by its class. */
bool tc_host_pci_is_network(const char *address);

/* A PCI device's vendor and device numbers; false where there are none. */
bool tc_host_pci_numbers(const char *address, uint16_t *vendor, uint16_t *device);

/* The kernel driver that a PCI device is bound to; empty: none. */
void tc_host_pci_driver(const char *address, char *driver, size_t size);

/* Whether an IOMMU translates its memory accesses; with iommu=pt it lets them pass as they are. */
bool tc_host_pci_is_translated(const char *address);

bool tc_host_has_interface(const char *name);

/* What an interface is set to: its MTU, and whether GRO or LRO make long frames of short ones. */
bool tc_host_interface_mtu(const char *name, uint32_t *mtu);
bool tc_host_interface_merges(const char *name);

/* Whether a path looks like the address of a PCI device: 0000:5e:00.0 */
bool tc_is_pci_address(const char *text);

#endif
