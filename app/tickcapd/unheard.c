/* Causes, in the order in which they explain the most. */
#include "tickcapd/unheard.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/addresstext.h"
#include "common/report.h"

/* A line may be heard a moment after a copy of it in another VLAN, from a port that shows both. */
enum { NEAR_LOOKS = 2, TEXT_BYTES = 200 };

enum cause {
    CAUSE_NONE, /* nothing is to be said */
    CAUSE_LINK,
    CAUSE_NOT_ASKED,
    CAUSE_ASKED,
    CAUSE_CLOSED,
    CAUSE_MIRROR,
};

enum tc_status tc_unheard_open(struct tc_unheard *unheard, const struct tc_capture_plan *plan,
                               const struct tc_port_joins *joins, struct tc_error *error)
{
    uint32_t count = plan->config->catalog.line_count;

    *unheard = (struct tc_unheard){.plan = plan, .joins = joins, .left = count};
    unheard->lines = calloc(count + 1, sizeof unheard->lines[0]);
    return unheard->lines != NULL ? TC_OK : tc_fail(error, TC_MEMORY, "no memory");
}

void tc_unheard_close(struct tc_unheard *unheard)
{
    free(unheard->lines);
    *unheard = (struct tc_unheard){0};
}

void tc_unheard_near(struct tc_unheard *unheard, const struct tc_stray *stray)
{
    struct tc_unheard_line *line = &unheard->lines[stray->line];

    if (line->near)
        return;
    line->near = true;
    line->near_port = stray->port;
    line->near_vlan = stray->vlan;
    line->near_source = stray->source;
}

static const struct tc_line *line_of(const struct tc_unheard *unheard, uint16_t number)
{
    return &unheard->plan->config->catalog.lines[number];
}

static const char *port_name(const struct tc_unheard *unheard, uint16_t port)
{
    return unheard->plan->ports[port].config->name;
}

/* line a of totalview (233.54.12.111:26477) */
static const char *name_line(const struct tc_unheard *unheard, uint16_t number,
                             char text[TEXT_BYTES])
{
    const struct tc_line *line = line_of(unheard, number);
    char group[TC_ADDRESS_TEXT];

    snprintf(text, TEXT_BYTES, "line %s of %s (%s:%u)", line->name,
             unheard->plan->config->catalog.channels[line->channel].name,
             tc_address_text(group, line->group), line->port);
    return text;
}

/* ---- frames that missed a line ---- */

static void tell_near(const struct tc_unheard *unheard, uint16_t number)
{
    const struct tc_unheard_line *near = &unheard->lines[number];
    const struct tc_line *line = line_of(unheard, number);
    const char *port = port_name(unheard, near->near_port);
    char name[TEXT_BYTES], source[TC_ADDRESS_TEXT], wanted[TC_ADDRESS_TEXT], group[TC_ADDRESS_TEXT];

    name_line(unheard, number, name);
    tc_address_text(source, near->near_source);
    if (line->nic_port != TC_PORT_ANY && line->nic_port != near->near_port)
        tc_report("%s: nothing on port %s, but such frames arrive on port %s: set port: %s at the "
                  "line",
                  name, port_name(unheard, line->nic_port), port, port);
    else if (line->vlan != TC_VLAN_NONE && near->near_vlan == TC_VLAN_NONE)
        tc_report("%s: nothing in VLAN %u, but such frames arrive on port %s without a tag: leave "
                  "vlan out at the line",
                  name, line->vlan, port);
    else if (line->vlan != TC_VLAN_NONE && line->vlan != near->near_vlan)
        tc_report("%s: nothing in VLAN %u, but such frames arrive on port %s in VLAN %u: set vlan: "
                  "%u at the line",
                  name, line->vlan, port, near->near_vlan, near->near_vlan);
    else
        tc_report("%s: nothing from %s, but such frames arrive on port %s from %s: set group: "
                  "\"%s@%s:%u\" at the line",
                  name, tc_address_text(wanted, line->source), port, source, source,
                  tc_address_text(group, line->group), line->port);
}

/* ---- ports on which there is nothing at all ---- */

/* The port that a line should have come to; a file has nobody to blame, and is left out. */
static const struct tc_plan_port *port_of(const struct tc_unheard *unheard, uint16_t number,
                                          uint16_t *port)
{
    const struct tc_capture_plan *plan = unheard->plan;
    const struct tc_line *line = line_of(unheard, number);

    for (uint16_t i = 0; i < plan->port_count; i++)
        if ((line->nic_port == TC_PORT_ANY || line->nic_port == i) &&
            plan->ports[i].source_file[0] == '\0') {
            *port = i;
            return &plan->ports[i];
        }
    return NULL;
}

static const struct tc_joined_network *network_of(const struct tc_port_joins *joins,
                                                  const struct tc_line *line)
{
    for (size_t i = 0; i < joins->network_count && tc_is_multicast(line->group); i++)
        if (joins->networks[i].plan->vlan == line->vlan)
            return &joins->networks[i];
    return NULL;
}

static enum cause find_cause(const struct tc_unheard *unheard, uint16_t number, uint16_t *port)
{
    const struct tc_plan_port *plan = port_of(unheard, number, port);
    const struct tc_port_joins *joins;
    const struct tc_joined_network *network;

    if (plan == NULL)
        return CAUSE_NONE;
    joins = &unheard->joins[*port];
    network = network_of(joins, line_of(unheard, number));
    if (!joins->link_up)
        return CAUSE_LINK;
    if (network != NULL)
        return tc_published_get(&network->queries) > 0 ? CAUSE_ASKED : CAUSE_NOT_ASKED;
    if (plan->kind == TC_DEVICE_VIRTUAL || joins->port->promiscuous || joins->port->multicast)
        return CAUSE_MIRROR;
    return CAUSE_CLOSED;
}

static void tell_cause(const struct tc_unheard *unheard, uint16_t number, uint16_t port,
                       enum cause cause, uint32_t more, uint64_t seconds)
{
    static const char *const sentences[] = {
        [CAUSE_LINK] = "its link is down: see the cable and the other side",
        [CAUSE_NOT_ASKED] =
            "it has joined, and no querier has asked for that yet: see whether the switch lists "
            "this port for the group, and has an IGMP querier in that network",
        [CAUSE_ASKED] = "it has joined, and a querier was answered: see whether group and source "
                        "are right, and anybody sends",
        [CAUSE_CLOSED] = "it is neither promiscuous nor joined: set join: true at the port, or "
                         "promiscuous: true in its profile",
        [CAUSE_MIRROR] = "it joins nothing: see whether the mirror shows the group, or set join: "
                         "true at the port where it is none",
    };
    char name[TEXT_BYTES], others[32] = "";

    if (more > 0)
        snprintf(others, sizeof others, " and %u more", more);
    tc_report("%s%s: nothing in %lu s on port %s; %s", name_line(unheard, number, name), others,
              seconds, port_name(unheard, port), sentences[cause]);
}

/* One sentence for all lines that have the cause in common. */
static void tell_silent(struct tc_unheard *unheard, uint16_t first, uint64_t seconds)
{
    uint16_t port = 0, other_port = 0;
    enum cause cause = find_cause(unheard, first, &port);
    uint32_t more = 0;

    unheard->lines[first].told = true;
    if (cause == CAUSE_NONE)
        return;
    for (uint16_t i = (uint16_t)(first + 1); i < unheard->plan->config->catalog.line_count; i++)
        if (!unheard->lines[i].heard && !unheard->lines[i].told && !unheard->lines[i].near &&
            find_cause(unheard, i, &other_port) == cause && other_port == port) {
            unheard->lines[i].told = true;
            more++;
        }
    tell_cause(unheard, first, port, cause, more, seconds);
}

void tc_unheard_look(struct tc_unheard *unheard, uint64_t seconds, bool ends, tc_line_heard *heard,
                     void *context)
{
    for (uint16_t i = 0; i < unheard->plan->config->catalog.line_count && unheard->left > 0; i++) {
        struct tc_unheard_line *line = &unheard->lines[i];

        if (line->heard)
            continue;
        line->heard = heard(context, i);
        if (line->heard) {
            unheard->left--;
        } else if (line->near) {
            if (line->near_looks == NEAR_LOOKS || (ends && line->near_looks < NEAR_LOOKS))
                tell_near(unheard, i);
            line->near_looks++;
            line->told = true;
        } else if (!line->told && seconds >= TC_UNHEARD_AFTER_S) {
            tell_silent(unheard, i, seconds);
        }
    }
}
