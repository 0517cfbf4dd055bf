/*
 * The plan of a capture: what the configuration comes to on this machine, before anything is
 * started. --check prints it; everything that can be refused without starting is refused here.
 */
#ifndef TC_TICKCAPD_CAPTUREPLAN_H
#define TC_TICKCAPD_CAPTUREPLAN_H

#include <stdio.h>

#include "common/config.h"
#include "tickcapd/joinplan.h"
#include "tickcapd/profile.h"

enum { TC_NODES_MAX = 8, TC_CPUS_MAX = 1024 };

enum tc_device_kind {
    TC_DEVICE_PCI,
    TC_DEVICE_VIRTUAL,
};

struct tc_plan_port {
    const struct tc_config_port *config;
    struct tc_profile profile;
    enum tc_device_kind kind;
    char driver[TC_NAME_BYTES];         /* of a virtual device: net_pcap */
    char argument[2 * TC_DEVICE_BYTES]; /* for EAL's -a or --vdev */
    char source_file[TC_DEVICE_BYTES];  /* of a pcap file source; else empty */
    char interface[TC_DEVICE_BYTES];    /* the kernel's name of it; empty: it has none */
    struct tc_join_plan joins;
    uint32_t snaplen;
    int node;        /* NUMA node */
    int memory_node; /* where its memory is to be; -1: anywhere, where there are no hugepages */
    bool sends;      /* the device can */
};

/* One receive queue. */
struct tc_plan_stream {
    uint32_t number;
    uint16_t port; /* index in the plan */
    uint16_t queue;
    uint32_t rx_lcore;
};

struct tc_capture_plan {
    const struct tc_config *config;
    struct tc_plan_port *ports;
    struct tc_plan_stream *streams;
    size_t port_count;
    size_t stream_count;
    bool cpus[TC_CPUS_MAX];            /* online */
    bool lcores[TC_CPUS_MAX];          /* that receive or write */
    bool use_huge;                     /* false: the user passed --no-huge */
    uint64_t huge_bytes[TC_NODES_MAX]; /* that batches and buffers need, by node */
};

/* Bytes of hugepage memory that a stream's batches and receive buffers take. */
uint64_t tc_plan_stream_bytes(const struct tc_capture_plan *plan,
                              const struct tc_plan_stream *stream);

/* Receive buffers of a queue. */
uint32_t tc_plan_buffers(const struct tc_profile *profile);

/*
 * Makes the plan. TC_USAGE with one sentence for what cannot work on this machine. Memory is from
 * the configuration's arena.
 */
TC_MUST_USE enum tc_status tc_plan_make(struct tc_capture_plan *plan, struct tc_config *config,
                                        bool use_huge, struct tc_error *error);

/* Sets cpus[i] for the CPUs where the main thread may run; answers how many there are. */
size_t tc_plan_main_cpus(const struct tc_capture_plan *plan, bool *cpus);

void tc_plan_print(FILE *out, const struct tc_capture_plan *plan);

#endif
