/* The keys of a profile. drivers-config/README.md documents each row; a test compares them. */
#include "tickcapd/profile.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OF(member)       offsetof(struct tc_profile, member)
#define OF_QUIRK(member) offsetof(struct tc_quirk, member)

static const struct tc_take_range descriptor_range = {1, 65535};
static const struct tc_take_range ring_range = {1, 8};
static const struct tc_take_range burst_range = {1, TC_BURST_MAX};
static const struct tc_take_range frame_range = {128, 16384};
static const struct tc_take_range mtu_range = {68, 9978}; /* IPv4's least; a jumbo frame's most */
static const struct tc_take_range bits_range = {32, 64};  /* fewer wrap between two corrections */
static const struct tc_take_range poll_range = {0, 1UL << 40};
static const struct tc_take_range queue_range = {1, 1024};
static const struct tc_take_text devargs_text = {TC_DEVARGS_BYTES};
static const struct tc_take_text xstat_text = {TC_XSTAT_BYTES};
static const struct tc_take_text quirk_text = {TC_QUIRK_BYTES};

/* in the order of the enumerations */
static const struct tc_take_choice bindings = {
    (const char *const[]){"vfio-pci", "kernel", "none", NULL}, NULL};
static const struct tc_take_choice steerings = {
    (const char *const[]){"rss", "device", "single", NULL}, (const char *const[]){"flow", NULL}};
static const struct tc_take_choice sources = {
    (const char *const[]){"tsc", "file", "nic", "kernel", NULL}, NULL};
static const struct tc_take_choice units = {
    (const char *const[]){"ns", "us", "ticks", "auto", NULL}, NULL};
static const struct tc_take_choice epochs = {
    (const char *const[]){"utc", "tai", "start", "auto", NULL}, NULL};
static const struct tc_take_choice stamp_clocks = {
    (const char *const[]){"none", "read_clock", "timesync", NULL}, NULL};
static const struct tc_take_choice fulls = {(const char *const[]){"drop", "wait", NULL}, NULL};
static const struct tc_take_choice counters = {
    (const char *const[]){"exact", "partial", "absent", NULL}, NULL};

/* "8086:1572", or "15b3:*" for all devices of a vendor; in lower case as sysfs writes them. */
static enum tc_status take_pci(void *target, const char *word, const void *detail,
                               struct tc_arena *arena, struct tc_error *error)
{
    struct tc_pci_pattern *pattern = target;
    static const char digits[] = "0123456789abcdef";
    bool any = strcmp(word + strspn(word, digits), ":*") == 0;

    (void)detail;
    (void)arena;
    if (strspn(word, digits) != 4 || word[4] != ':' ||
        (!any && (strspn(word + 5, digits) != 4 || word[9] != '\0')))
        return tc_fail(error, TC_USAGE,
                       "'%.80s' is no PCI device: expected vendor:device in hex, as in 8086:1572, "
                       "or 8086:*",
                       word);
    *pattern = (struct tc_pci_pattern){
        .vendor = (uint16_t)strtoul(word, NULL, 16),
        .device = any ? 0 : (uint16_t)strtoul(word + 5, NULL, 16),
        .any_device = any,
    };
    return TC_OK;
}

static const struct tc_yaml_key timestamp_keys[] = {
    {.name = "source",
     .offset = OF(source),
     .take = tc_take_choice,
     .detail = &sources,
     .required = true},
    {.name = "unit", .offset = OF(unit), .take = tc_take_choice, .detail = &units},
    {.name = "epoch", .offset = OF(epoch), .take = tc_take_choice, .detail = &epochs},
    {.name = "clock", .offset = OF(stamp_clock), .take = tc_take_choice, .detail = &stamp_clocks},
    {.name = "bits", .offset = OF(stamp_bits), .take = tc_take_uint, .detail = &bits_range},
    {0},
};

static const struct tc_yaml_key queue_keys[] = {
    {.name = "max",
     .offset = OF(queues_max),
     .take = tc_take_uint,
     .detail = &queue_range,
     .required = true},
    {.name = "steering",
     .offset = OF(steering),
     .take = tc_take_choice,
     .detail = &steerings,
     .required = true},
    {.name = "pairs", .offset = OF(queue_pairs), .take = tc_take_bool},
    {0},
};

static const struct tc_yaml_key quirk_keys[] = {
    {.name = "claim",
     .offset = OF_QUIRK(claim),
     .take = tc_take_text,
     .detail = &quirk_text,
     .required = true},
    {.name = "source",
     .offset = OF_QUIRK(source),
     .take = tc_take_text,
     .detail = &quirk_text,
     .required = true},
    {0},
};

static const struct tc_yaml_key keys[] = {
    {.name = "drivers",
     .kind = TC_YAML_WORDS,
     .offset = OF(drivers),
     .take = tc_take_name,
     .item_bytes = TC_NAME_BYTES,
     .required = true},
    {.name = "pci",
     .kind = TC_YAML_WORDS,
     .offset = OF(pci),
     .take = take_pci,
     .item_bytes = sizeof(struct tc_pci_pattern)},
    {.name = "bind",
     .offset = OF(bind),
     .take = tc_take_choice,
     .detail = &bindings,
     .required = true},
    {.name = "descriptors",
     .offset = OF(descriptors),
     .take = tc_take_uint,
     .detail = &descriptor_range,
     .required = true},
    {.name = "rings", .offset = OF(rings), .take = tc_take_uint, .detail = &ring_range},
    {.name = "burst",
     .offset = OF(burst),
     .take = tc_take_uint,
     .detail = &burst_range,
     .required = true},
    {.name = "frame_bytes",
     .offset = OF(frame_bytes),
     .take = tc_take_uint,
     .detail = &frame_range,
     .required = true},
    {.name = "mtu", .offset = OF(mtu), .take = tc_take_uint, .detail = &mtu_range},
    {.name = "queues", .kind = TC_YAML_MAP, .keys = queue_keys, .required = true},
    {.name = "timestamp", .kind = TC_YAML_MAP, .keys = timestamp_keys, .required = true},
    {.name = "when_full",
     .offset = OF(waits),
     .take = tc_take_choice,
     .detail = &fulls,
     .required = true},
    {.name = "loss_counters",
     .offset = OF(loss_counters),
     .take = tc_take_choice,
     .detail = &counters,
     .required = true},
    {.name = "missed_xstats",
     .kind = TC_YAML_WORDS,
     .offset = OF(missed_xstats),
     .take = tc_take_text,
     .detail = &xstat_text,
     .item_bytes = TC_XSTAT_BYTES},
    {.name = "exhausted_after",
     .offset = OF(exhausted_after),
     .take = tc_take_uint,
     .detail = &poll_range},
    {.name = "promiscuous", .offset = OF(promiscuous), .take = tc_take_bool, .required = true},
    {.name = "allmulticast", .offset = OF(allmulticast), .take = tc_take_bool, .required = true},
    {.name = "vlan_strip", .offset = OF(vlan_strip), .take = tc_take_bool, .required = true},
    {.name = "lro", .offset = OF(lro), .take = tc_take_bool, .required = true},
    {.name = "devargs", .offset = OF(devargs), .take = tc_take_text, .detail = &devargs_text},
    {.name = "quirks",
     .kind = TC_YAML_MAPS,
     .offset = OF(quirks),
     .keys = quirk_keys,
     .item_bytes = sizeof(struct tc_quirk)},
    {0},
};

enum tc_status tc_profile_read(struct tc_profile *profile, const char *path, struct tc_arena *arena,
                               struct tc_error *error)
{
    struct tc_yaml *yaml;
    enum tc_status status;

    *profile = (struct tc_profile){.rings = 1, .stamp_bits = 64};
    status = tc_yaml_open(&yaml, path, error);
    if (status != TC_OK)
        return status;
    status = tc_yaml_fill(yaml, keys, profile, arena, error);
    if (status == TC_OK && profile->steering == TC_STEER_SINGLE && profile->queues_max != 1)
        status = tc_yaml_refuse_keys(yaml, (const char *const[]){"queues.max", NULL}, error,
                                     "queues.max: expected 1, since steering is single");
    tc_yaml_close(yaml);
    return status;
}

enum tc_status tc_profile_find(struct tc_profile *profile, const char *folder, const char *name,
                               struct tc_arena *arena, struct tc_error *error)
{
    char path[PATH_MAX + TC_NAME_BYTES];
    enum tc_status status;

    snprintf(path, sizeof path, "%s/%s.yaml", folder, name);
    if (access(path, R_OK) != 0)
        return tc_fail(error, TC_USAGE,
                       "there is no profile '%s' in %s: name a file there, without .yaml, or leave "
                       "`profile` out to get the one for the device",
                       name, folder);
    status = tc_profile_read(profile, path, arena, error);
    snprintf(profile->name, sizeof profile->name, "%s", name);
    return status;
}
