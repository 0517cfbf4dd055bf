/*
 * Basic counters, and extended ones by number: names are looked up once, since a driver may have
 * thousands. Counters of a device go on counting over captures, so that the start is remembered.
 */
#include "tickcapd/portlosses.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>

static_assert(TC_XSTAT_BYTES == RTE_ETH_XSTATS_NAME_SIZE, "names of counters must fit");

/* Takes up all counters whose names fit a pattern; answers whether there are any. */
static bool take_matching(struct tc_loss_reader *reader, const char *pattern,
                          const struct rte_eth_xstat_name *names, int count)
{
    bool any = false;

    for (int i = 0; i < count && reader->count < TC_MISSED_COUNTERS_MAX; i++)
        if (fnmatch(pattern, names[i].name, 0) == 0) {
            reader->ids[reader->count++] = (uint64_t)i;
            any = true;
        }
    return any;
}

static struct tc_port_losses read_all(const struct tc_loss_reader *reader)
{
    struct tc_port_losses losses = {0};
    uint64_t values[TC_MISSED_COUNTERS_MAX];
    struct rte_eth_stats stats;

    if (rte_eth_stats_get(reader->port_id, &stats) == 0)
        losses = (struct tc_port_losses){stats.imissed, stats.ierrors, stats.rx_nombuf};
    if (reader->count > 0 && rte_eth_xstats_get_by_id(reader->port_id, reader->ids, values,
                                                      reader->count) == (int)reader->count)
        for (uint32_t i = 0; i < reader->count; i++)
            losses.missed += values[i];
    return losses;
}

void tc_loss_reader_open(struct tc_loss_reader *reader, uint16_t port_id,
                         const struct tc_profile *profile, char *unknown, size_t size)
{
    const char(*patterns)[TC_XSTAT_BYTES] = profile->missed_xstats.items;
    int count = rte_eth_xstats_get_names(port_id, NULL, 0);
    struct rte_eth_xstat_name *names = calloc(count > 0 ? (size_t)count : 1, sizeof *names);

    *reader = (struct tc_loss_reader){.port_id = port_id};
    unknown[0] = '\0';
    if (names == NULL || rte_eth_xstats_get_names(port_id, names, (unsigned)count) != count)
        count = 0;
    for (size_t i = 0; i < profile->missed_xstats.count; i++) {
        size_t used = strlen(unknown);

        if (!take_matching(reader, patterns[i], names, count))
            snprintf(unknown + used, size - used, "%s%s", used > 0 ? ", " : "", patterns[i]);
    }
    free(names);
    reader->at_start = read_all(reader);
}

struct tc_port_losses tc_loss_reader_read(const struct tc_loss_reader *reader)
{
    const struct tc_port_losses *start = &reader->at_start;
    struct tc_port_losses now = read_all(reader);

    return (struct tc_port_losses){
        now.missed - start->missed,
        now.errors - start->errors,
        now.no_buffer - start->no_buffer,
    };
}
