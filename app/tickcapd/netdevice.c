/* Readers of sysfs and of the routing table, and questions to the kernel about an interface. */
#include "tickcapd/netdevice.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <libgen.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tickcapd/hostfile.h"

enum {
    PCI_CLASS_NETWORK = 0x02, /* the upper byte of a class */
    ROUTE_UP = 0x1,           /* linux/route.h; the same flags in IPv6's table */
    ROUTE_REJECT = 0x200,
    STACKED_MOST = 4, /* a VLAN on a bond on a port is two */
};

#define PCI_DEVICES "/sys/bus/pci/devices"

bool tc_is_pci_address(const char *text)
{
    unsigned domain, bus, device, function;
    int length = 0;

    return sscanf(text, "%4x:%2x:%2x.%1u%n", &domain, &bus, &device, &function, &length) == 4 &&
           text[length] == '\0' && length == 12;
}

/* ---- PCI devices ---- */

bool tc_host_has_pci(const char *address)
{
    char path[PATH_MAX];

    return access(tc_host_path(path, PCI_DEVICES "/%s", address), F_OK) == 0;
}

/* A hexadecimal number that sysfs tells of a PCI device. */
static bool read_pci_number(const char *address, const char *what, uint32_t *number)
{
    char path[PATH_MAX], line[32], *end;

    if (!tc_host_read_line(tc_host_path(path, PCI_DEVICES "/%s/%s", address, what), line,
                           sizeof line))
        return false;
    *number = (uint32_t)strtoul(line, &end, 16);
    return end != line;
}

bool tc_host_pci_is_network(const char *address)
{
    uint32_t class = 0;

    return read_pci_number(address, "class", &class) && class >> 16 == PCI_CLASS_NETWORK;
}

bool tc_host_pci_numbers(const char *address, uint16_t *vendor, uint16_t *device)
{
    uint32_t numbers[2];

    if (!read_pci_number(address, "vendor", &numbers[0]) ||
        !read_pci_number(address, "device", &numbers[1]))
        return false;
    *vendor = (uint16_t)numbers[0];
    *device = (uint16_t)numbers[1];
    return true;
}

void tc_host_pci_driver(const char *address, char *driver, size_t size)
{
    char path[PATH_MAX], target[PATH_MAX];
    ssize_t length = readlink(tc_host_path(path, PCI_DEVICES "/%s/driver", address), target,
                              sizeof target - 1);

    target[length > 0 ? length : 0] = '\0';
    snprintf(driver, size, "%s", length > 0 ? basename(target) : "");
}

/* A name in a folder that begins with a word, after `skip` others; false where there is none. */
static bool find_name(const char *folder, const char *begin, size_t skip, char *name, size_t size)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    bool found = false;

    while (directory != NULL && !found && (entry = readdir(directory)) != NULL)
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, begin, strlen(begin)) == 0 &&
            skip-- == 0) {
            snprintf(name, size, "%.*s", (int)size - 1, entry->d_name);
            found = true;
        }
    if (directory != NULL)
        closedir(directory);
    return found;
}

/* A virtio device has its interface one step below. */
bool tc_host_pci_interface(const char *address, size_t number, char interface[IF_NAMESIZE])
{
    char path[PATH_MAX], below[32] = "";

    interface[0] = '\0';
    (void)find_name(tc_host_path(path, PCI_DEVICES "/%s", address), "virtio", 0, below,
                    sizeof below);
    return find_name(tc_host_path(path, PCI_DEVICES "/%s/%s/net", address, below), "", number,
                     interface, IF_NAMESIZE);
}

bool tc_host_pci_is_translated(const char *address)
{
    char path[PATH_MAX], type[32];

    tc_host_path(path, PCI_DEVICES "/%s/iommu_group/type", address);
    return tc_host_read_line(path, type, sizeof type) && strcmp(type, "identity") != 0;
}

int tc_host_node_of_pci(const char *address)
{
    char path[PATH_MAX];
    int64_t node = tc_host_read_number(tc_host_path(path, PCI_DEVICES "/%s/numa_node", address), 0);

    return node >= 0 ? (int)node : 0;
}

/* ---- interfaces ---- */

bool tc_host_has_interface(const char *name)
{
    return if_nametoindex(name) != 0;
}

/* Asks the kernel about an interface. */
static bool ask_interface(const char *name, unsigned long question, void *data,
                          struct ifreq *answer)
{
    int file = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool good;

    *answer = (struct ifreq){0};
    snprintf(answer->ifr_name, sizeof answer->ifr_name, "%s", name);
    if (data != NULL)
        answer->ifr_data = data;
    good = file >= 0 && ioctl(file, question, answer) == 0;
    if (file >= 0)
        close(file);
    return good;
}

bool tc_host_interface_mtu(const char *name, uint32_t *mtu)
{
    struct ifreq answer;

    if (!ask_interface(name, SIOCGIFMTU, NULL, &answer))
        return false;
    *mtu = (uint32_t)answer.ifr_mtu;
    return true;
}

bool tc_host_interface_merges(const char *name)
{
    struct ethtool_value gro = {.cmd = ETHTOOL_GGRO};
    struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
    struct ifreq answer;

    return (ask_interface(name, SIOCETHTOOL, &gro, &answer) && gro.data != 0) ||
           (ask_interface(name, SIOCETHTOOL, &flags, &answer) && (flags.data & ETH_FLAG_LRO) != 0);
}

bool tc_host_interface_address(const char *name, uint32_t *address)
{
    struct ifreq answer;
    struct sockaddr_in found;

    if (!ask_interface(name, SIOCGIFADDR, NULL, &answer))
        return false;
    memcpy(&found, &answer.ifr_addr, sizeof found);
    *address = ntohl(found.sin_addr.s_addr);
    return *address != 0;
}

uint32_t tc_host_interface_mbits(const char *name)
{
    char path[PATH_MAX];
    int64_t speed = tc_host_read_number(tc_host_path(path, "/sys/class/net/%s/speed", name), 0);

    return speed > 0 ? (uint32_t)speed : 0;
}

/* ---- the default route ---- */

/* Whether `upper` is the interface, or stands on it: a VLAN on its port, a bond on its members. */
static bool stands_on(const char *upper, const char *interface, int steps)
{
    char path[PATH_MAX];
    struct dirent *entry;
    bool found = strcmp(upper, interface) == 0;
    DIR *directory;

    if (found || steps == 0)
        return found;
    directory = opendir(tc_host_path(path, "/sys/class/net/%s", upper));
    while (directory != NULL && !found && (entry = readdir(directory)) != NULL)
        if (strncmp(entry->d_name, "lower_", 6) == 0)
            found = stands_on(entry->d_name + 6, interface, steps - 1);
    if (directory != NULL)
        closedir(directory);
    return found;
}

static bool is_default(unsigned flags, const char *upper, const char *interface)
{
    return (flags & (ROUTE_UP | ROUTE_REJECT)) == ROUTE_UP && strcmp(upper, "lo") != 0 &&
           stands_on(upper, interface, STACKED_MOST);
}

/* Interface, destination, gateway, flags, three counts, mask: numbers in hex. */
static bool is_default_of_ipv4(const char *interface)
{
    FILE *file = tc_host_open("/proc/net/route");
    char line[256], upper[IF_NAMESIZE];
    unsigned long destination, mask;
    unsigned flags;
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = sscanf(line, "%15s %lx %*x %x %*u %*u %*u %lx", upper, &destination, &flags,
                       &mask) == 4 &&
                destination == 0 && mask == 0 && is_default(flags, upper, interface);
    if (file != NULL)
        fclose(file);
    return found;
}

/* Destination, its bits, source, its bits, next hop, metric, two counts, flags, interface. */
static bool is_default_of_ipv6(const char *interface)
{
    FILE *file = tc_host_open("/proc/net/ipv6_route");
    char line[256], destination[33], upper[IF_NAMESIZE];
    unsigned bits, flags;
    bool found = false;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL)
        found = sscanf(line, "%32s %x %*s %*x %*s %*x %*x %*x %x %15s", destination, &bits, &flags,
                       upper) == 4 &&
                bits == 0 && strspn(destination, "0") == 32 && is_default(flags, upper, interface);
    if (file != NULL)
        fclose(file);
    return found;
}

bool tc_host_is_default_route(const char *interface)
{
    return is_default_of_ipv4(interface) || is_default_of_ipv6(interface);
}
