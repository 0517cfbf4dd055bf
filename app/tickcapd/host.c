/* Small readers of sysfs, and one ethtool question. */
#include "tickcapd/host.h"

#include <ctype.h>
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PCI_CLASS_NETWORK = 0x02 }; /* the upper byte of a class */

/* First line of a file, without its end; false when there is none. */
static bool read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "r");
    bool good = file != NULL && fgets(line, (int)size, file) != NULL;

    if (file != NULL)
        fclose(file);
    if (good)
        line[strcspn(line, "\n")] = '\0';
    return good;
}

size_t tc_host_cpus(bool *cpus, size_t most)
{
    char line[4096] = "";
    size_t count = 0;
    char *at = line;

    memset(cpus, 0, most * sizeof cpus[0]);
    if (!read_line("/sys/devices/system/cpu/online", line, sizeof line))
        snprintf(line, sizeof line, "0");
    while (isdigit((unsigned char)*at)) {
        unsigned long first = strtoul(at, &at, 10);
        unsigned long last = first;

        if (*at == '-')
            last = strtoul(at + 1, &at, 10);
        for (; first <= last && first < most; first++, count++)
            cpus[first] = true;
        if (*at == ',')
            at++;
    }
    return count;
}

void tc_cpu_list_text(char *text, size_t size, const bool *cpus, size_t count)
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t last = i;

        if (!cpus[i])
            continue;
        while (last + 1 < count && cpus[last + 1])
            last++;
        if (length < size)
            length += (size_t)snprintf(text + length, size - length, "%s%zu", length > 0 ? "," : "",
                                       i);
        if (last > i && length < size)
            length += (size_t)snprintf(text + length, size - length, "-%zu", last);
        i = last;
    }
}

int tc_host_node_of_cpu(uint32_t cpu)
{
    for (int node = 0; node < 64; node++) {
        char path[96];

        snprintf(path, sizeof path, "/sys/devices/system/node/node%d/cpu%u", node, cpu);
        if (access(path, F_OK) == 0)
            return node;
    }
    return 0;
}

int tc_host_node_of_pci(const char *address)
{
    char path[128], line[32];
    int node;

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/numa_node", address);
    node = read_line(path, line, sizeof line) ? atoi(line) : 0;
    return node >= 0 ? node : 0;
}

void tc_host_huge_folder(char *folder, size_t size, int node)
{
    snprintf(folder, size, "/sys/devices/system/node/node%d/hugepages", node);
    if (node == 0 && access(folder, F_OK) != 0) /* a kernel without NUMA */
        snprintf(folder, size, "/sys/kernel/mm/hugepages");
}

/* A number that a file holds; 0 without one. */
static uint64_t read_number(const char *path)
{
    char line[32];

    return read_line(path, line, sizeof line) ? strtoul(line, NULL, 10) : 0;
}

uint64_t tc_host_free_huge(int node)
{
    char folder[96];
    uint64_t bytes = 0;
    struct dirent *entry;
    DIR *directory;

    tc_host_huge_folder(folder, sizeof folder, node);
    directory = opendir(folder);
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char path[512];
        unsigned long kib;

        if (sscanf(entry->d_name, "hugepages-%lukB", &kib) != 1)
            continue;
        snprintf(path, sizeof path, "%s/%s/free_hugepages", folder, entry->d_name);
        bytes += read_number(path) * kib * 1024;
    }
    if (directory != NULL)
        closedir(directory);
    return bytes;
}

uint64_t tc_host_huge_pages(int node)
{
    char folder[96], path[192];

    tc_host_huge_folder(folder, sizeof folder, node);
    snprintf(path, sizeof path, "%s/hugepages-%lukB/nr_hugepages", folder,
             tc_host_huge_page_bytes() / 1024);
    return read_number(path);
}

uint64_t tc_host_huge_page_bytes(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    unsigned long kib = 2048;
    char line[128];

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Hugepagesize: %lu kB", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib * 1024;
}

bool tc_host_has_pci(const char *address)
{
    char path[96];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s", address);
    return access(path, F_OK) == 0;
}

/* A hexadecimal number that sysfs tells of a PCI device. */
static bool read_pci_number(const char *address, const char *what, uint32_t *number)
{
    char path[128], line[32], *end;

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/%s", address, what);
    if (!read_line(path, line, sizeof line))
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
    char path[128], target[PATH_MAX];
    ssize_t length;

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/driver", address);
    length = readlink(path, target, sizeof target - 1);
    target[length > 0 ? length : 0] = '\0';
    snprintf(driver, size, "%s", length > 0 ? basename(target) : "");
}

bool tc_host_pci_is_translated(const char *address)
{
    char path[128], type[32];

    snprintf(path, sizeof path, "/sys/bus/pci/devices/%s/iommu_group/type", address);
    return read_line(path, type, sizeof type) && strcmp(type, "identity") != 0;
}

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

bool tc_is_pci_address(const char *text)
{
    unsigned domain, bus, device, function;
    int length = 0;

    return sscanf(text, "%4x:%2x:%2x.%1u%n", &domain, &bus, &device, &function, &length) == 4 &&
           text[length] == '\0' && length == 12;
}
