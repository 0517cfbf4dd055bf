/* DPDK skips a device that is bound wrongly without a word; here the word is said, beforehand. */
#include "tickcapd/pcibinding.h"

#include <string.h>

#include "tickcapd/netdevice.h"

enum { DRIVER_BYTES = 64 };

static bool is_one_of(const char *driver, const char *const *names)
{
    for (; *names != NULL; names++)
        if (strcmp(driver, *names) == 0)
            return true;
    return false;
}

/* DPDK would take the frames of the way to this host. */
static enum tc_status check_routes(const char *address, struct tc_error *error)
{
    char interface[IF_NAMESIZE];

    for (size_t i = 0; tc_host_pci_interface(address, i, interface); i++)
        if (tc_host_is_default_route(interface))
            return tc_fail(error, TC_USAGE,
                           "%s is %s, which carries the default route: DPDK would take its frames "
                           "away from the kernel and cut this host off; name another device, or "
                           "move the route to another interface first",
                           address, interface);
    return TC_OK;
}

enum tc_status tc_pci_binding_check(const char *address, const struct tc_profile *profile,
                                    struct tc_error *error)
{
    static const char *const uio[] = {"uio_pci_generic", "igb_uio", NULL};
    static const char *const userspace[] = {"vfio-pci", "uio_pci_generic", "igb_uio", NULL};
    char driver[DRIVER_BYTES];

    if (profile->bind == TC_BIND_NONE)
        return tc_fail(error, TC_USAGE, "%s is a PCI device, and profile %s is for none", address,
                       profile->name);
    tc_host_pci_driver(address, driver, sizeof driver);
    if (check_routes(address, error) != TC_OK)
        return TC_USAGE;
    if (profile->bind == TC_BIND_KERNEL) {
        if (driver[0] != '\0' && !is_one_of(driver, userspace))
            return TC_OK;
        return tc_fail(error, TC_USAGE,
                       "%s is bound to %s, but profile %s works beside the kernel's own driver; as "
                       "root run: scripts/nic unbind %s",
                       address, driver[0] != '\0' ? driver : "no driver", profile->name, address);
    }
    if (strcmp(driver, "vfio-pci") == 0)
        return TC_OK;
    if (is_one_of(driver, uio)) {
        if (!tc_host_pci_is_translated(address))
            return TC_OK;
        return tc_fail(error, TC_USAGE,
                       "%s is bound to %s, which receives nothing behind an IOMMU; as root run: "
                       "scripts/nic bind %s",
                       address, driver, address);
    }
    return tc_fail(error, TC_USAGE,
                   "%s is bound to %s, but profile %s wants vfio-pci; as root run: scripts/nic "
                   "bind %s",
                   address, driver[0] != '\0' ? driver : "no driver", profile->name, address);
}
