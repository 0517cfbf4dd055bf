/*
 * Devices for networks, as the kernel shows them: PCI devices and interfaces.
 */
#ifndef TC_TICKCAPD_NETDEVICE_H
#define TC_TICKCAPD_NETDEVICE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a text looks like the address of a PCI device: 0000:5e:00.0 */
bool tc_is_pci_address(const char *text);

bool tc_host_has_pci(const char *address);

/* Whether a PCI device is one for networks, by its class. */
bool tc_host_pci_is_network(const char *address);

/* A PCI device's vendor and device numbers; false where there are none. */
bool tc_host_pci_numbers(const char *address, uint16_t *vendor, uint16_t *device);

/* The kernel driver that a PCI device is bound to; empty: none. */
void tc_host_pci_driver(const char *address, char *driver, size_t size);

/* Interface `number` that the kernel made of it, mostly the only one; false and empty: no such. */
bool tc_host_pci_interface(const char *address, size_t number, char interface[IF_NAMESIZE]);

/* Whether an IOMMU translates its memory accesses; with iommu=pt it lets them pass as they are. */
bool tc_host_pci_is_translated(const char *address);

/* NUMA node of a PCI device; 0 where the machine does not say. */
int tc_host_node_of_pci(const char *address);

bool tc_host_has_interface(const char *name);

/* What an interface is set to: its MTU, and whether GRO or LRO make long frames of short ones. */
bool tc_host_interface_mtu(const char *name, uint32_t *mtu);
bool tc_host_interface_merges(const char *name);

/* The first IPv4 address of an interface, host byte order; false where it has none. */
bool tc_host_interface_address(const char *name, uint32_t *address);

/* Its speed in Mbit/s; 0: not known. */
uint32_t tc_host_interface_mbits(const char *name);

/* Whether the way to everywhere else leads through an interface, also by a VLAN or a bond on it. */
bool tc_host_is_default_route(const char *interface);

#endif
