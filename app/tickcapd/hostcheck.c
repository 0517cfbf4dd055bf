/* A check a function, in the order in which they are worth reading. */
#include "tickcapd/hostcheck.h"

#include <errno.h>
#include <libgen.h>
#include <sched.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "file/paths.h"
#include "tickcapd/disksink.h"
#include "tickcapd/host.h"

#define MIB 1048576.0

/* ---- directories ---- */

void tc_parent_of(const char *path, char parent[TC_PATH_BYTES])
{
    char copy[TC_PATH_BYTES];

    snprintf(copy, sizeof copy, "%s", path);
    snprintf(parent, TC_PATH_BYTES, "%s", dirname(copy));
}

/* It is there and can be written, or it can be made. */
static enum tc_status check_directory(const char *path, struct tc_error *error)
{
    char parent[TC_PATH_BYTES];
    struct stat about;

    tc_parent_of(path, parent);
    if (stat(path, &about) == 0) {
        if (!S_ISDIR(about.st_mode))
            return tc_fail(error, TC_USAGE,
                           "output directory %s is not a directory: move the file away, or name "
                           "another",
                           path);
        if (access(path, W_OK | X_OK) != 0)
            return tc_fail(error, TC_USAGE,
                           "output directory %s cannot be written: %s: give it to the user that "
                           "captures, or name another",
                           path, strerror(errno));
        return TC_OK;
    }
    if (errno != ENOENT || access(parent, W_OK | X_OK) != 0)
        return tc_fail(error, TC_USAGE,
                       "output directory %s cannot be made: %s: make it as the user that "
                       "captures, or name another",
                       path, strerror(errno));
    return TC_OK;
}

/* Writers that write into directory `index`, as capturewriter.c spreads them. */
static size_t writers_into(const struct tc_capture_plan *plan, size_t index)
{
    size_t directories = plan->config->directories.count, writers = 0;

    for (size_t i = 0; i < plan->stream_count; i++) {
        const struct tc_plan_stream *stream = &plan->streams[i];
        size_t count = plan->ports[stream->port].config->writer_lcores.count;

        for (size_t j = 0; j < count; j++)
            writers += (stream->number + j) % directories == index;
    }
    return writers;
}

/* Every writer reserves file space ahead; a disk without room for that is full in a moment. */
static enum tc_status check_room(const struct tc_capture_plan *plan, size_t index,
                                 struct tc_error *error)
{
    const char *path = tc_config_directory(plan->config, index);
    double needed = (double)writers_into(plan, index) * TC_DISK_AHEAD_BYTES;
    char parent[TC_PATH_BYTES];
    struct statvfs disk;
    double have;

    tc_parent_of(path, parent);
    if ((statvfs(path, &disk) != 0 && statvfs(parent, &disk) != 0) || disk.f_blocks == 0)
        return TC_OK; /* in memory, or it does not say */
    have = (double)disk.f_bavail * (double)disk.f_frsize;
    if (have >= needed)
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "output directory %s has %.0f MiB free, and its writers reserve %.0f MiB to "
                   "begin with: make room, or name another",
                   path, have / MIB, needed / MIB);
}

static enum tc_status check_directories(const struct tc_capture_plan *plan, struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < plan->config->directories.count; i++) {
        status = check_directory(tc_config_directory(plan->config, i), error);
        if (status == TC_OK)
            status = check_room(plan, i, error);
    }
    return status;
}

/* ---- memory ---- */

/* Pages on other nodes do not help: batches and buffers are to be where the NIC is. */
static void tell_other_nodes(const struct tc_capture_plan *plan, int node, char *text, size_t size)
{
    size_t length = 0;

    text[0] = '\0';
    for (int other = 0; other < TC_NODES_MAX && length < size; other++)
        if (other != node && tc_host_free_huge(other) > plan->huge_bytes[other])
            length += (size_t)snprintf(text + length, size - length,
                                       " and %.0f on node %d, where the NIC is not",
                                       (double)tc_host_free_huge(other) / MIB, other);
}

/* Others may hold pages too: the command adds what is missing to what there is. */
static enum tc_status check_memory(const struct tc_capture_plan *plan, struct tc_error *error)
{
    uint64_t page = tc_host_huge_page_bytes();

    for (int node = 0; plan->use_huge && node < TC_NODES_MAX; node++) {
        uint64_t needed = plan->huge_bytes[node];
        uint64_t have = tc_host_free_huge(node);
        char folder[96], others[200];

        if (needed <= have)
            continue;
        tc_host_huge_folder(folder, sizeof folder, node);
        tell_other_nodes(plan, node, others, sizeof others);
        return tc_fail(
            error, TC_USAGE,
            "%s hugepages are free on NUMA node %d: %.0f MiB are needed, %.0f are there%s; "
            "as root run: echo %lu > %s/hugepages-%lukB/nr_hugepages, or give -- --no-huge to do "
            "without",
            have == 0 ? "no" : "too few", node, (double)needed / MIB, (double)have / MIB, others,
            tc_host_huge_pages(node) + (needed - have + page - 1) / page, folder, page / 1024);
    }
    return TC_OK;
}

/* ---- real-time priority ---- */

/* Whether lcores will have one: by the configuration, or because tickcapd itself was given it. */
static bool is_realtime(const struct tc_capture_plan *plan, int *priority)
{
    int policy = sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
    struct sched_param own = {0};

    *priority = (int)plan->config->realtime;
    if (*priority > 0)
        return true;
    (void)sched_getparam(0, &own);
    *priority = own.sched_priority;
    return policy == SCHED_FIFO || policy == SCHED_RR;
}

/* Tries it on this thread, which goes back at once to what it was. */
static bool may_have_priority(int priority)
{
    int policy = sched_getscheduler(0);
    struct sched_param before = {0}, wanted = {.sched_priority = priority};
    bool may;

    (void)sched_getparam(0, &before);
    may = sched_setscheduler(0, SCHED_FIFO, &wanted) == 0;
    if (may)
        (void)sched_setscheduler(0, policy, &before);
    return may;
}

/* A CPU that an lcore takes whole is no place for the main thread, which would never run. */
static enum tc_status check_main_place(const struct tc_capture_plan *plan, struct tc_error *error)
{
    bool cpus[TC_CPUS_MAX];
    size_t left = tc_plan_main_cpus(plan, cpus);

    for (uint32_t i = 0; i < TC_CPUS_MAX; i++)
        if (cpus[i] && plan->lcores[i])
            return tc_fail(error, TC_USAGE,
                           "realtime: the main thread would wait for ever behind lcore %u: leave "
                           "CPU %u out of main_cpus",
                           i, i);
    if (left > 0)
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "realtime: every CPU of this machine is an lcore: leave one for the main thread "
                   "and the system, with fewer rx_lcores and writer_lcores");
}

static enum tc_status check_realtime(const struct tc_capture_plan *plan, struct tc_error *error)
{
    uint64_t period_us;
    int64_t runtime_us = tc_host_realtime_us(&period_us);
    int priority;

    if (!is_realtime(plan, &priority))
        return TC_OK;
    if (runtime_us >= 0 && (uint64_t)runtime_us < period_us)
        return tc_fail(error, TC_USAGE,
                       "lcores of real-time priority %d would be stopped for %.0f ms in every "
                       "%.0f ms: as root run: sysctl -w kernel.sched_rt_runtime_us=-1, or do "
                       "without realtime and chrt",
                       priority, (double)(period_us - (uint64_t)runtime_us) / 1e3,
                       (double)period_us / 1e3);
    if (plan->config->realtime == 0)
        return TC_OK;
    if (!may_have_priority(priority))
        return tc_fail(error, TC_USAGE,
                       "realtime: this user may not have priority %d: run as root, or put "
                       "'USER - rtprio %d' into /etc/security/limits.d and log in anew",
                       priority, priority);
    return check_main_place(plan, error);
}

enum tc_status tc_host_check(const struct tc_capture_plan *plan, struct tc_error *error)
{
    enum tc_status status = check_directories(plan, error);

    if (status == TC_OK)
        status = check_memory(plan, error);
    return status == TC_OK ? check_realtime(plan, error) : status;
}

/* ---- what could be better ---- */

/* What an lcore has to do. */
struct duties {
    uint32_t receives;
    uint32_t writes;
};

static struct duties duties_of(const struct tc_capture_plan *plan, uint32_t lcore)
{
    struct duties duties = {0};

    for (size_t i = 0; i < plan->stream_count; i++) {
        const struct tc_plan_stream *stream = &plan->streams[i];
        const struct tc_yaml_list *writers = &plan->ports[stream->port].config->writer_lcores;

        duties.receives += stream->rx_lcore == lcore;
        for (size_t j = 0; j < writers->count; j++)
            duties.writes += tc_config_number(writers, j) == lcore;
    }
    return duties;
}

/* Who gives advice, and to whom. */
struct adviser {
    const struct tc_capture_plan *plan;
    tc_host_advice *advice;
    void *context;
};

TC_PRINTF(2, 3) static void advise(const struct adviser *adviser, const char *format, ...)
{
    char sentence[400];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    adviser->advice(adviser->context, sentence);
}

static void advise_of_sharing(const struct adviser *adviser, uint32_t lcore)
{
    struct duties duties = duties_of(adviser->plan, lcore);
    bool main_cpus[TC_CPUS_MAX];

    if (duties.receives > 0 && duties.writes > 0)
        advise(adviser,
               "lcore %u receives and writes, so frames wait while it packs: give writer_lcores a "
               "CPU of their own",
               lcore);
    if (duties.receives > 1)
        advise(adviser, "lcore %u receives %u streams in turn: give each a CPU of its own", lcore,
               duties.receives);
    if (adviser->plan->config->main_cpus.count > 0) {
        (void)tc_plan_main_cpus(adviser->plan, main_cpus);
        if (main_cpus[lcore])
            advise(adviser,
                   "the main thread takes time from lcore %u: leave CPU %u out of "
                   "main_cpus",
                   lcore, lcore);
    }
}

/* Two threads of a core share its caches and its units: each has half a core. */
static void advise_of_siblings(const struct adviser *adviser, uint32_t lcore)
{
    bool core[TC_CPUS_MAX];

    if (!tc_host_core_of_cpu(lcore, core, TC_CPUS_MAX))
        return;
    for (uint32_t other = lcore + 1; other < TC_CPUS_MAX; other++)
        if (core[other] && adviser->plan->lcores[other])
            advise(adviser,
                   "lcores %u and %u are two threads of one core, and slow each other: take CPUs "
                   "of two cores",
                   lcore, other);
}

/* The CPUs of a node, as a list. */
static void node_cpus(const struct tc_capture_plan *plan, int node, char *text, size_t size)
{
    bool cpus[TC_CPUS_MAX];

    for (uint32_t i = 0; i < TC_CPUS_MAX; i++)
        cpus[i] = plan->cpus[i] && tc_host_node_of_cpu(i) == node;
    tc_cpu_list_text(text, size, cpus, TC_CPUS_MAX);
}

static void advise_of_distance(const struct adviser *adviser, const struct tc_plan_port *port)
{
    const struct tc_yaml_list *lists[] = {&port->config->rx_lcores, &port->config->writer_lcores};
    char cpus[200];

    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < lists[i]->count; j++) {
            uint32_t lcore = tc_config_number(lists[i], j);
            int node = tc_host_node_of_cpu(lcore);

            if (node == port->node)
                continue;
            node_cpus(adviser->plan, port->node, cpus, sizeof cpus);
            advise(adviser,
                   "lcore %u is on NUMA node %d, port %s and its buffers are on node %d: take one "
                   "of CPUs %s",
                   lcore, node, port->config->name, port->node, cpus);
        }
}

void tc_host_advise(const struct tc_capture_plan *plan, tc_host_advice *advice, void *context)
{
    const struct adviser adviser = {plan, advice, context};

    for (uint32_t lcore = 0; lcore < TC_CPUS_MAX; lcore++)
        if (plan->lcores[lcore]) {
            advise_of_sharing(&adviser, lcore);
            advise_of_siblings(&adviser, lcore);
        }
    for (size_t i = 0; i < plan->port_count; i++)
        advise_of_distance(&adviser, &plan->ports[i]);
}
