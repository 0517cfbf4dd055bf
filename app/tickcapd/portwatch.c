/* Differences of counters, and changes of a link. */
#include "tickcapd/portwatch.h"

#include <rte_ethdev.h>

void tc_port_watch_init(struct tc_port_watch *watch, const struct tc_eth_port *port,
                        uint16_t number)
{
    *watch = (struct tc_port_watch){.port = port, .number = number};
}

static uint64_t rise(uint64_t last, uint64_t now)
{
    return now >= last ? now - last : now;
}

void tc_port_watch_add(struct tc_port_watch *watch, const struct tc_port_losses *losses)
{
    watch->nic.missed += rise(watch->last.missed, losses->missed);
    watch->nic.errors += rise(watch->last.errors, losses->errors);
    watch->nic.nombuf += rise(watch->last.no_buffer, losses->no_buffer);
    watch->last = *losses;
}

static void look_at_link(struct tc_port_watch *watch, uint64_t now_ns, tc_notice_sent *sent,
                         void *context)
{
    struct rte_eth_link link;
    struct tc_notice notice = {
        .kind = TC_NOTICE_EVENT, .event = TC_EVENT_LINK, .port = watch->number, .time_ns = now_ns};
    bool up;

    if (rte_eth_link_get_nowait(watch->port->id, &link) != 0)
        return;
    up = link.link_status == RTE_ETH_LINK_UP;
    notice.values[0] = up;
    notice.values[1] = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
    tc_publish(&watch->published.link_up, notice.values[0]);
    tc_publish(&watch->published.link_mbps, notice.values[1]);
    /* the first look only says where it starts from, unless the link is down */
    if ((watch->link_known ? up != watch->link_up : !up) && !sent(context, &notice))
        return;
    watch->link_known = true;
    watch->link_up = up;
}

void tc_port_watch_look(struct tc_port_watch *watch, uint64_t now_ns, tc_notice_sent *sent,
                        void *context)
{
    struct tc_port_losses losses = tc_eth_port_losses(watch->port);
    struct tc_notice notice = {.kind = TC_NOTICE_NIC, .port = watch->number, .time_ns = now_ns};

    tc_port_watch_add(watch, &losses);
    watch->nic.sampled_ns = now_ns;
    notice.nic = watch->nic;
    tc_publish_rows(watch->published.nic, &watch->nic, TC_NIC_ROWS);
    (void)sent(context, &notice); /* what finds no room is in the next one */
    look_at_link(watch, now_ns, sent, context);
}
