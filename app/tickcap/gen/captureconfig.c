/* One port that reads the file, one channel with its lines; all else is left to the defaults. */
#include "tickcap/gen/captureconfig.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The absolute path, which has to fit a quoted YAML word and a list of device arguments. */
static enum tc_status find_path(const char *output, char path[PATH_MAX], struct tc_error *error)
{
    if (realpath(output, path) == NULL)
        return tc_fail(error, TC_IO, "cannot find '%s': %s", output, strerror(errno));
    if (strpbrk(path, ",\"\\") != NULL)
        return tc_fail(error, TC_USAGE,
                       "a device cannot read '%s': its name may not have a comma, quote or "
                       "backslash",
                       path);
    return TC_OK;
}

static void print_line(FILE *file, char name, const struct tc_wire_address *address)
{
    uint32_t group = address->group;

    fprintf(file, "      - { name: %c, group: \"%u.%u.%u.%u:%u\"", name, group >> 24,
            group >> 16 & 0xff, group >> 8 & 0xff, group & 0xff, address->port);
    if (address->vlan != TC_VLAN_NONE)
        fprintf(file, ", vlan: %u", address->vlan);
    fprintf(file, " }\n");
}

static void print_config(FILE *file, const struct tc_gen_plan *plan, const char *path)
{
    fprintf(file,
            "# Captures a generated feed: tickcapd THIS_FILE\n"
            "name: generated\n"
            "output: { directories: [capture] }\n"
            "ports:\n"
            "  - name: p0\n"
            "    device: \"net_pcap0,rx_pcap=%s\"\n"
            "    profile: pcap\n"
            "    rx_lcores: [0]\n"
            "    writer_lcores: [1]\n"
            "channels:\n"
            "  - name: totalview\n"
            "    feed: moldudp64/itch50\n"
            "    timezone: America/New_York\n"
            "    lines:\n",
            path);
    for (unsigned i = 0; i < plan->lines; i++)
        print_line(file, (char)('a' + i), plan->address + i);
}

enum tc_status tc_capture_config_print(const struct tc_gen_plan *plan, FILE *file,
                                       struct tc_error *error)
{
    char path[PATH_MAX];
    enum tc_status status = find_path(plan->output, path, error);

    if (status == TC_OK)
        print_config(file, plan, path);
    return status;
}
