/* One word after the other. */
#include "tickcapd/ealargs.h"

#include <stdarg.h>
#include <string.h>

#include "tickcapd/host.h"

bool tc_eal_without_huge(int count, char *const *words)
{
    for (int i = 0; i < count; i++)
        if (strcmp(words[i], "--no-huge") == 0)
            return true;
    return false;
}

TC_PRINTF(2, 3) static void add(struct tc_eal_args *args, const char *format, ...)
{
    size_t room = sizeof args->text - args->text_used;
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(args->text + args->text_used, room, format, arguments);
    va_end(arguments);
    if (args->count >= TC_EAL_ARGUMENTS_MAX || (size_t)length >= room) {
        args->count = TC_EAL_ARGUMENTS_MAX + 1; /* told at the end */
        return;
    }
    args->words[args->count++] = args->text + args->text_used;
    args->text_used += (size_t)length + 1;
}

/* lcore numbers are CPU numbers; the main lcore has a number of its own and floats. */
static void add_lcores(struct tc_eal_args *args, const struct tc_capture_plan *plan)
{
    bool floating[TC_CPUS_MAX];
    char lcores[8192], cpus[1024];
    size_t length;

    (void)tc_plan_main_cpus(plan, floating);
    tc_cpu_list_text(cpus, sizeof cpus, floating, TC_CPUS_MAX);
    args->main_lcore = 0;
    while (plan->lcores[args->main_lcore])
        args->main_lcore++;
    length = (size_t)snprintf(lcores, sizeof lcores, "%u@(%s)", args->main_lcore, cpus);
    for (uint32_t i = 0; i < TC_CPUS_MAX && length < sizeof lcores; i++)
        if (plan->lcores[i])
            length += (size_t)snprintf(lcores + length, sizeof lcores - length, ",%u@%u", i, i);
    add(args, "--lcores");
    add(args, "%s", lcores);
    add(args, "--main-lcore");
    add(args, "%u", args->main_lcore);
}

static void add_memory(struct tc_eal_args *args, const struct tc_capture_plan *plan)
{
    uint64_t bytes = 64 << 20;

    if (plan->use_huge) {
        add(args, "--in-memory");
        return;
    }
    for (int node = 0; node < TC_NODES_MAX; node++)
        bytes += plan->huge_bytes[node];
    add(args, "--no-shconf");
    add(args, "-m");
    add(args, "%lu", (bytes >> 20) + 1);
}

static void add_devices(struct tc_eal_args *args, const struct tc_capture_plan *plan)
{
    bool pci = false;

    for (size_t i = 0; i < plan->port_count; i++) {
        const struct tc_plan_port *port = &plan->ports[i];

        pci |= port->kind == TC_DEVICE_PCI;
        add(args, "%s", port->kind == TC_DEVICE_PCI ? "-a" : "--vdev");
        add(args, "%s", port->argument);
    }
    if (!pci)
        add(args, "--no-pci");
}

enum tc_status tc_eal_args_build(struct tc_eal_args *args, const struct tc_capture_plan *plan,
                                 int user_count, char *const *user_words, struct tc_error *error)
{
    *args = (struct tc_eal_args){0};
    add(args, "tickcapd");
    add_lcores(args, plan);
    add_memory(args, plan);
    add(args, "--file-prefix");
    add(args, "tickcap_%s", plan->config->name);
    add_devices(args, plan);
    for (int i = 0; i < user_count; i++)
        add(args, "%s", user_words[i]);
    if (args->count > TC_EAL_ARGUMENTS_MAX)
        return tc_fail(error, TC_USAGE, "too many arguments for DPDK");
    return TC_OK;
}
