/*
 * The configuration of a capture: what CAPTURE.yaml says, checked and ready for use.
 *
 * The appliance and the offline import read the same file; the import leaves out what only a
 * machine with a NIC needs. docs/OPERATING.md explains every key.
 */
#ifndef TC_APP_CONFIG_H
#define TC_APP_CONFIG_H

#include "block/symbolfilter.h"
#include "common/yamltable.h"
#include "file/capture.h"
#include "file/paths.h"

enum { TC_LCORES_MAX = 128 };

/* The version of IGMP that a port speaks. */
enum tc_config_igmp {
    TC_IGMP_AUTO, /* 3, or what an older querier speaks */
    TC_IGMP_ONLY_V2,
};

/* An IPv4 address, host byte order. */
struct tc_config_address {
    uint32_t value;
    bool given;
};

struct tc_config_port {
    struct tc_yaml_mark mark;
    char name[TC_NAME_BYTES];
    char device[TC_DEVICE_BYTES];
    char profile[TC_DEVICE_BYTES];     /* a name, or the path of a file; empty: by the driver */
    struct tc_yaml_list rx_lcores;     /* uint64_t, CPU numbers; one queue each */
    struct tc_yaml_list writer_lcores; /* uint64_t */
    bool join;                         /* the port itself asks for the groups of its lines */
    int igmp;                          /* enum tc_config_igmp */
    struct tc_config_address address;  /* from which it asks */
};

enum tc_codec_level {
    TC_LEVEL_AUTO,
    TC_LEVEL_NONE,
};

enum tc_unmatched {
    TC_UNMATCHED_KEEP,
    TC_UNMATCHED_FILTER,
};

struct tc_config_symbol {
    char name[TC_SYMBOL_BYTES + 1];
};

enum tc_idle {
    TC_IDLE_SPIN,
    TC_IDLE_ADAPTIVE,
};

struct tc_config {
    struct tc_arena arena; /* of everything below */
    char name[TC_NAME_BYTES];
    char host[TC_NAME_BYTES];
    struct tc_yaml_list directories; /* char[TC_PATH_BYTES] */
    uint64_t rotate_bytes;           /* 0: no limit */
    uint64_t rotate_seconds;
    struct tc_yaml_list ports; /* struct tc_config_port */
    struct tc_yaml_list channels;
    struct tc_catalog catalog; /* of the channels */
    uint64_t buffer_bytes;     /* of a stream */
    uint64_t batch_messages, batch_bytes, batch_age_ms;
    uint64_t block_messages, block_bytes, block_age_ms;
    uint64_t durability_ms;
    uint64_t realtime;               /* priority of lcores under SCHED_FIFO; 0: none */
    struct tc_yaml_list main_cpus;   /* uint64_t */
    struct tc_yaml_list symbols;     /* struct tc_config_symbol; empty: all */
    struct tc_symbol_filter *filter; /* of the symbols; NULL: all */
    int codec_level;                 /* enum tc_codec_level */
    int idle;                        /* enum tc_idle */
    int unmatched;                   /* enum tc_unmatched */
    int validate;                    /* only one value works yet */
};

/* What a caller wants of the file. */
enum tc_config_use {
    TC_CONFIG_CAPTURE, /* the appliance: ports, lcores and an output directory are needed */
    TC_CONFIG_IMPORT,  /* the offline import: channels are */
};

/*
 * Reads a configuration; `sets` are assignments as --set takes them. TC_USAGE with one sentence
 * naming file, line, key and what was expected. Free with tc_config_free, also after a failure.
 */
TC_MUST_USE enum tc_status tc_config_load(struct tc_config *config, const char *path,
                                          const char *const *sets, size_t set_count,
                                          enum tc_config_use use, struct tc_error *error);
void tc_config_free(struct tc_config *config);

/* An item of a list. */
static inline struct tc_config_port *tc_config_port(const struct tc_config *config, size_t index)
{
    return (struct tc_config_port *)config->ports.items + index;
}

/* Output directory `index`, counting around. */
static inline const char *tc_config_directory(const struct tc_config *config, size_t index)
{
    const char(*paths)[TC_PATH_BYTES] = config->directories.items;

    return paths[index % config->directories.count];
}

static inline uint32_t tc_config_number(const struct tc_yaml_list *list, size_t index)
{
    return (uint32_t)((const uint64_t *)list->items)[index];
}

#endif
