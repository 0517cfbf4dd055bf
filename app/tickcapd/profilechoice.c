/* Every profile is asked how well it knows the device; numbers say more than names. */
#include "tickcapd/profilechoice.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How well a profile knows a device; the best one wins. */
enum knowledge { KNOWS_NOT, KNOWS_DRIVER, KNOWS_VENDOR, KNOWS_DEVICE };

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

static enum knowledge know(const struct tc_profile *profile, const struct tc_device_id *id)
{
    const struct tc_pci_pattern *patterns = profile->pci.items;
    const char(*drivers)[TC_NAME_BYTES] = profile->drivers.items;
    enum knowledge best = KNOWS_NOT;

    for (size_t i = 0; id->is_pci && i < profile->pci.count; i++) {
        if (patterns[i].vendor != id->vendor)
            continue;
        if (!patterns[i].any_device && patterns[i].device == id->device)
            return KNOWS_DEVICE;
        if (patterns[i].any_device)
            best = KNOWS_VENDOR;
    }
    /* a virtual device's name begins with its driver's: net_ring_feed is of net_ring */
    for (size_t i = 0; !id->is_pci && i < profile->drivers.count; i++)
        if (strncmp(drivers[i], id->driver, strlen(drivers[i])) == 0)
            best = KNOWS_DRIVER;
    return best;
}

/* name.yaml without its end; false for other files. */
static bool profile_name(const char *file, char name[TC_NAME_BYTES])
{
    size_t length = strlen(file);

    if (length < sizeof ".yaml" || length - 5 >= TC_NAME_BYTES ||
        strcmp(file + length - 5, ".yaml") != 0)
        return false;
    memcpy(name, file, length - 5);
    name[length - 5] = '\0';
    return true;
}

/* The profile that knows a device best; TC_MISSING where none does. */
static enum tc_status search(struct tc_profile *best, const char *folder,
                             const struct tc_device_id *id, struct tc_arena *arena,
                             struct tc_error *error)
{
    DIR *directory = opendir(folder);
    enum tc_status status = TC_OK;
    enum knowledge most = KNOWS_NOT;
    char rival[TC_NAME_BYTES] = ""; /* knows it as well as the best one */
    struct dirent *entry;

    while (directory != NULL && status == TC_OK && (entry = readdir(directory)) != NULL) {
        struct tc_profile profile;
        char name[TC_NAME_BYTES];
        enum knowledge knowledge;

        if (!profile_name(entry->d_name, name))
            continue;
        status = tc_profile_find(&profile, folder, name, arena, error);
        if (status != TC_OK)
            break;
        knowledge = know(&profile, id);
        if (knowledge != KNOWS_NOT && knowledge == most)
            memcpy(rival, name, sizeof rival);
        if (knowledge <= most)
            continue;
        most = knowledge;
        rival[0] = '\0';
        *best = profile;
    }
    if (directory != NULL)
        closedir(directory);
    if (status == TC_OK && rival[0] != '\0')
        return tc_fail(error, TC_USAGE,
                       "profiles %s and %s are both for this device, name one with `profile`",
                       best->name, rival);
    return status == TC_OK && most == KNOWS_NOT ? TC_MISSING : status;
}

/* A profile that names its devices is for no other: units and limits would be wrong unnoticed. */
static enum tc_status check_fit(const struct tc_profile *profile, const struct tc_device_id *id,
                                struct tc_error *error)
{
    if ((profile->drivers.count == 0 && profile->pci.count == 0) || know(profile, id) != KNOWS_NOT)
        return TC_OK;
    if (id->is_pci)
        return tc_fail(error, TC_USAGE,
                       "profile '%s' is not for PCI device %04x:%04x; leave `profile` out to get "
                       "the one that is",
                       profile->name, id->vendor, id->device);
    return tc_fail(error, TC_USAGE,
                   "profile '%s' is not for driver %s; leave `profile` out to get the one that is",
                   profile->name, id->driver);
}

/* A profile of the user's own, by its path. */
static enum tc_status read_path(struct tc_profile *profile, const char *path,
                                struct tc_arena *arena, struct tc_error *error)
{
    const char *file = strrchr(path, '/') + 1;
    char folder[TC_DEVICE_BYTES], name[TC_NAME_BYTES];

    if (!profile_name(file, name))
        return tc_fail(error, TC_USAGE, "profile '%s' is no file NAME.yaml", path);
    snprintf(folder, sizeof folder, "%.*s", (int)(file - path), path);
    return tc_profile_find(profile, folder, name, arena, error);
}

enum tc_status tc_profile_choose(struct tc_profile *profile, const char *name,
                                 const struct tc_device_id *id, struct tc_arena *arena,
                                 struct tc_error *error)
{
    char folder[PATH_MAX];
    enum tc_status status;

    if (!find_folder(folder))
        return tc_fail(error, TC_USAGE,
                       "the folder drivers-config is not where tickcapd expects it");
    if (strchr(name, '/') != NULL) {
        status = read_path(profile, name, arena, error);
        return status == TC_OK ? check_fit(profile, id, error) : status;
    }
    if (name[0] != '\0') {
        status = tc_profile_find(profile, folder, name, arena, error);
        return status == TC_OK ? check_fit(profile, id, error) : status;
    }
    status = search(profile, folder, id, arena, error);
    return status == TC_MISSING ? tc_profile_find(profile, folder, "default", arena, error)
                                : status;
}
