/* Small readers of sysfs and procfs. */
#include "tickcapd/host.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tickcapd/hostfile.h"

/* Sets cpus[i] for each number of a list such as 0-3,7; answers how many there are. */
static size_t read_cpu_list(const char *list, bool *cpus, size_t most)
{
    const char *at = list;
    size_t count = 0;

    memset(cpus, 0, most * sizeof cpus[0]);
    while (isdigit((unsigned char)*at)) {
        char *end;
        unsigned long first = strtoul(at, &end, 10);
        unsigned long last = *end == '-' ? strtoul(end + 1, &end, 10) : first;

        at = end;
        for (; first <= last && first < most; first++, count++)
            cpus[first] = true;
        if (*at == ',')
            at++;
    }
    return count;
}

size_t tc_host_cpus(bool *cpus, size_t most)
{
    char path[PATH_MAX], line[4096];

    if (!tc_host_read_line(tc_host_path(path, "/sys/devices/system/cpu/online"), line, sizeof line))
        snprintf(line, sizeof line, "0");
    return read_cpu_list(line, cpus, most);
}

bool tc_host_core_of_cpu(uint32_t cpu, bool *cpus, size_t most)
{
    char path[PATH_MAX], line[4096];

    return tc_host_read_line(
               tc_host_path(path, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list",
                            cpu),
               line, sizeof line) &&
           read_cpu_list(line, cpus, most) > 0;
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
        char path[PATH_MAX];

        if (access(tc_host_path(path, "/sys/devices/system/node/node%d/cpu%u", node, cpu), F_OK) ==
            0)
            return node;
    }
    return 0;
}

int64_t tc_host_realtime_us(uint64_t *period_us)
{
    char path[PATH_MAX];

    *period_us = (uint64_t)tc_host_read_number(
        tc_host_path(path, "/proc/sys/kernel/sched_rt_period_us"), 1000000);
    return tc_host_read_number(tc_host_path(path, "/proc/sys/kernel/sched_rt_runtime_us"), -1);
}

/* ---- hugepages ---- */

/* The folder as the machine itself names it, for whoever is to write there. */
void tc_host_huge_folder(char *folder, size_t size, int node)
{
    char path[PATH_MAX];

    snprintf(folder, size, "/sys/devices/system/node/node%d/hugepages", node);
    if (node == 0 && access(tc_host_path(path, "%s", folder), F_OK) != 0)
        snprintf(folder, size, "/sys/kernel/mm/hugepages"); /* a kernel without NUMA */
}

uint64_t tc_host_free_huge(int node)
{
    char folder[96], path[PATH_MAX];
    uint64_t bytes = 0;
    struct dirent *entry;
    DIR *directory;

    tc_host_huge_folder(folder, sizeof folder, node);
    directory = opendir(tc_host_path(path, "%s", folder));
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        unsigned long kib;

        if (sscanf(entry->d_name, "hugepages-%lukB", &kib) != 1)
            continue;
        tc_host_path(path, "%s/%s/free_hugepages", folder, entry->d_name);
        bytes += (uint64_t)tc_host_read_number(path, 0) * kib * 1024;
    }
    if (directory != NULL)
        closedir(directory);
    return bytes;
}

uint64_t tc_host_huge_pages(int node)
{
    char folder[96], path[PATH_MAX];

    tc_host_huge_folder(folder, sizeof folder, node);
    tc_host_path(path, "%s/hugepages-%lukB/nr_hugepages", folder, tc_host_huge_page_bytes() / 1024);
    return (uint64_t)tc_host_read_number(path, 0);
}

uint64_t tc_host_huge_page_bytes(void)
{
    FILE *file = tc_host_open("/proc/meminfo");
    unsigned long kib = 2048;
    char line[128];

    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Hugepagesize: %lu kB", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib * 1024;
}
