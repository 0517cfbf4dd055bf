/* A look at the addresses, and then mostly nothing. */
#include "tickcapd/stray.h"

#include <stdio.h>
#include <stdlib.h>

enum { NEAR_MOST = 16 };

/* A ring that is full loses a query, which is asked again, or a word about a line, said later. */
static bool send(struct tc_stray_watch *watch)
{
    watch->stray.port = watch->port;
    return rte_ring_sp_enqueue_elem(watch->ring, &watch->stray, sizeof watch->stray) == 0;
}

static void send_query(struct tc_stray_watch *watch, const struct tc_arrival *arrival)
{
    uint32_t length = arrival->captured_bytes;

    if (length > TC_STRAY_BYTES)
        return; /* longer than any Ethernet lets a query be */
    watch->stray.kind = TC_STRAY_QUERY;
    watch->stray.length = (uint16_t)length;
    memcpy(watch->stray.bytes, arrival->bytes, length);
    (void)send(watch);
}

static void send_near(struct tc_stray_watch *watch, const struct tc_datagram *datagram)
{
    uint16_t lines[NEAR_MOST];
    uint32_t count = tc_lines_near(&watch->lines, datagram, lines, NEAR_MOST);

    for (uint32_t i = 0; i < count; i++) {
        if (watch->told[lines[i]])
            continue;
        watch->stray.kind = TC_STRAY_NEAR;
        watch->stray.line = lines[i];
        watch->stray.vlan = datagram->vlan;
        watch->stray.source = datagram->source;
        watch->stray.length = 0;
        watch->told[lines[i]] = send(watch);
    }
}

static void look(void *context, const struct tc_arrival *arrival)
{
    struct tc_stray_watch *watch = context;
    struct tc_datagram datagram;

    if (tc_datagram_find(arrival->bytes, arrival->captured_bytes, &datagram))
        send_near(watch, &datagram);
    else if (watch->wants_queries && tc_igmp_maybe_query(arrival->bytes, arrival->captured_bytes))
        send_query(watch, arrival);
}

enum tc_status tc_stray_watch_new(struct tc_stray_watch **made, const struct tc_catalog *catalog,
                                  uint32_t stream, uint16_t port, bool wants_queries,
                                  struct tc_error *error)
{
    struct tc_stray_watch *watch = *made = calloc(1, sizeof *watch);
    char name[RTE_RING_NAMESIZE];

    if (watch == NULL)
        return tc_fail(error, TC_MEMORY, "no memory");
    watch->port = port;
    watch->wants_queries = wants_queries;
    tc_line_table_init(&watch->lines, catalog, TC_PORT_ANY);
    snprintf(name, sizeof name, "tc_s%u_strays", stream);
    watch->ring = rte_ring_create_elem(name, sizeof watch->stray, TC_STRAYS, SOCKET_ID_ANY,
                                       RING_F_SP_ENQ | RING_F_SC_DEQ);
    return watch->ring != NULL
               ? TC_OK
               : tc_fail(error, TC_MEMORY, "stream %u: no memory for a ring", stream);
}

void tc_stray_watch_free(struct tc_stray_watch *watch)
{
    if (watch != NULL)
        rte_ring_free(watch->ring);
    free(watch);
}

struct tc_stray_watcher tc_stray_watcher_of(struct tc_stray_watch *watch)
{
    return (struct tc_stray_watcher){look, watch};
}

bool tc_stray_take(struct tc_stray_watch *watch, struct tc_stray *stray)
{
    return rte_ring_sc_dequeue_elem(watch->ring, stray, sizeof *stray) == 0;
}
