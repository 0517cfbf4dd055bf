/* Finding and reading profiles. */
#include "tickcapd/profile.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OF(member) offsetof(struct tc_profile, member)

static const struct tc_take_range descriptor_range = {1, 65535};
static const struct tc_take_range burst_range = {1, TC_BURST_MAX};
static const struct tc_take_range frame_range = {128, 16384};
static const struct tc_take_range poll_range = {0, 1UL << 40};
static const struct tc_take_text devargs_text = {TC_DEVARGS_BYTES};

/* in the order of enum tc_clock_source and enum tc_clock_unit */
static const struct tc_take_choice sources = {(const char *const[]){"tsc", "file", "nic", NULL},
                                              NULL};
static const struct tc_take_choice units = {(const char *const[]){"ns", "us", NULL},
                                            (const char *const[]){"ticks", NULL}};
static const struct tc_take_choice fulls = {(const char *const[]){"drop", "wait", NULL}, NULL};
static const struct tc_take_choice counters = {
    (const char *const[]){"exact", "partial", "absent", NULL}, NULL};

static const struct tc_yaml_key timestamp_keys[] = {
    {.name = "source",
     .offset = OF(source),
     .take = tc_take_choice,
     .detail = &sources,
     .required = true},
    {.name = "unit", .offset = OF(unit), .take = tc_take_choice, .detail = &units},
    {0},
};

static const struct tc_yaml_key keys[] = {
    {.name = "drivers",
     .kind = TC_YAML_WORDS,
     .offset = OF(drivers),
     .take = tc_take_name,
     .item_bytes = TC_NAME_BYTES,
     .required = true},
    {.name = "descriptors",
     .offset = OF(descriptors),
     .take = tc_take_uint,
     .detail = &descriptor_range,
     .required = true},
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
    {.name = "exhausted_after",
     .offset = OF(exhausted_after),
     .take = tc_take_uint,
     .detail = &poll_range},
    {.name = "promiscuous", .offset = OF(promiscuous), .take = tc_take_bool, .required = true},
    {.name = "devargs", .offset = OF(devargs), .take = tc_take_text, .detail = &devargs_text},
    {0},
};

/*
 * The folder of profiles is looked for from the program upwards: below share where it is installed,
 * else in the tree that it was built in.
 */
static bool find_folder(char folder[PATH_MAX])
{
    static const char *const places[] = {"share/tickcap/drivers-config", "drivers-config"};
    char above[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", above, sizeof above - 1);

    if (length < 0)
        return false;
    above[length] = '\0';
    while (strcmp(dirname(above), "/") != 0)
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
            char candidate[2 * PATH_MAX];

            snprintf(candidate, sizeof candidate, "%s/%s", above, places[i]);
            if (realpath(candidate, folder) != NULL)
                return true;
        }
    return false;
}

enum tc_status tc_profile_read(struct tc_profile *profile, const char *path, struct tc_arena *arena,
                               struct tc_error *error)
{
    struct tc_yaml *yaml;
    enum tc_status status;

    *profile = (struct tc_profile){0};
    status = tc_yaml_open(&yaml, path, error);
    if (status != TC_OK)
        return status;
    status = tc_yaml_fill(yaml, keys, profile, arena, error);
    tc_yaml_close(yaml);
    return status;
}

static enum tc_status load_file(struct tc_profile *profile, const char *folder, const char *name,
                                struct tc_arena *arena, struct tc_error *error)
{
    char path[2 * PATH_MAX];
    enum tc_status status;

    snprintf(path, sizeof path, "%s/%s.yaml", folder, name);
    if (access(path, R_OK) != 0)
        return tc_fail(error, TC_USAGE, "there is no profile '%s' in %s", name, folder);
    status = tc_profile_read(profile, path, arena, error);
    snprintf(profile->name, sizeof profile->name, "%s", name);
    return status;
}

static bool names_driver(const struct tc_profile *profile, const char *driver)
{
    const char(*drivers)[TC_NAME_BYTES] = profile->drivers.items;

    for (size_t i = 0; i < profile->drivers.count; i++)
        if (strcmp(drivers[i], driver) == 0)
            return true;
    return false;
}

/* The profile that names a driver; TC_MISSING where none does. */
static enum tc_status search(struct tc_profile *profile, const char *folder, const char *driver,
                             struct tc_arena *arena, struct tc_error *error)
{
    DIR *directory = opendir(folder);
    enum tc_status status = TC_MISSING;
    struct dirent *entry;

    while (directory != NULL && status == TC_MISSING && (entry = readdir(directory)) != NULL) {
        char name[TC_NAME_BYTES];
        size_t length = strlen(entry->d_name);

        if (length < sizeof ".yaml" || length - 5 >= sizeof name ||
            strcmp(entry->d_name + length - 5, ".yaml") != 0)
            continue;
        memcpy(name, entry->d_name, length - 5);
        name[length - 5] = '\0';
        status = load_file(profile, folder, name, arena, error);
        if (status == TC_OK && !names_driver(profile, driver))
            status = TC_MISSING;
    }
    if (directory != NULL)
        closedir(directory);
    return status;
}

enum tc_status tc_profile_load(struct tc_profile *profile, const char *name, const char *driver,
                               struct tc_arena *arena, struct tc_error *error)
{
    char folder[PATH_MAX];
    enum tc_status status;

    if (!find_folder(folder))
        return tc_fail(error, TC_USAGE,
                       "the folder drivers-config is not where tickcapd expects it");
    if (name[0] != '\0')
        return load_file(profile, folder, name, arena, error);
    status = search(profile, folder, driver, arena, error);
    return status == TC_MISSING ? load_file(profile, folder, "default", arena, error) : status;
}
