/* Lines, sorted into networks and groups. */
#include "tickcapd/joinplan.h"

#include <stdlib.h>

#include "common/addresstext.h"
#include "tickcapd/netdevice.h"

/* A group that a line wants, in its network. */
struct wish {
    uint16_t vlan;
    struct tc_membership_want want;
};

static int compare(const void *one, const void *other)
{
    const struct wish *a = one, *b = other;

    if (a->vlan != b->vlan)
        return a->vlan < b->vlan ? -1 : 1;
    if (a->want.group != b->want.group)
        return a->want.group < b->want.group ? -1 : 1;
    if (a->want.source != b->want.source)
        return a->want.source < b->want.source ? -1 : 1;
    return 0;
}

/* What is no group has nothing to join, and all systems are in 224.0.0.1 (RFC 3376, section 6). */
static bool is_to_be_joined(const struct tc_line *line, uint8_t port)
{
    return tc_is_multicast(line->group) && line->group != TC_GROUP_ALL_SYSTEMS &&
           (line->nic_port == TC_PORT_ANY || line->nic_port == port);
}

/* Adds a wish to the network that it sorts into. */
static void add(struct tc_join_plan *plan, struct tc_membership_want *wants,
                const struct wish *wish)
{
    struct tc_join_network *network = NULL;

    if (plan->network_count > 0)
        network = &plan->networks[plan->network_count - 1];
    if (network == NULL || network->vlan != wish->vlan) {
        network = &plan->networks[plan->network_count++];
        *network = (struct tc_join_network){.vlan = wish->vlan, .wants = wants};
    }
    if (network->want_count == 0 || wants[-1].group != wish->want.group)
        network->group_count++;
    *wants = wish->want;
    network->want_count++;
}

static void choose_address(struct tc_join_plan *plan, const struct tc_config_port *port,
                           const char *interface)
{
    plan->of = "none is given";
    if (port->address.given) {
        plan->address = port->address.value;
        plan->of = "address";
    } else if (interface[0] != '\0' && tc_host_interface_address(interface, &plan->address)) {
        plan->of = interface;
    }
}

enum tc_status tc_join_plan_make(struct tc_join_plan *plan, const struct tc_config *config,
                                 uint8_t number, const char *interface, struct tc_arena *arena,
                                 struct tc_error *error)
{
    const struct tc_config_port *port = tc_config_port(config, number);
    const struct tc_catalog *catalog = &config->catalog;
    struct wish *wishes = tc_arena_take(arena, (catalog->line_count + 1u) * sizeof wishes[0]);
    struct tc_membership_want *wants = tc_arena_take(arena,
                                                     (catalog->line_count + 1u) * sizeof wants[0]);
    size_t count = 0, used = 0;

    *plan = (struct tc_join_plan){0};
    if (!port->join)
        return TC_OK;
    plan->networks = tc_arena_take(arena, (catalog->line_count + 1u) * sizeof plan->networks[0]);
    if (wishes == NULL || wants == NULL || plan->networks == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for a plan");
    for (uint16_t i = 0; i < catalog->line_count; i++)
        if (is_to_be_joined(&catalog->lines[i], number))
            wishes[count++] = (struct wish){catalog->lines[i].vlan,
                                            {catalog->lines[i].group, catalog->lines[i].source}};
    if (count == 0)
        return tc_fail(error, TC_USAGE,
                       "port %s: join: no line has a multicast group on this port: leave join out, "
                       "or see `port` and `group` of the lines",
                       port->name);
    qsort(wishes, count, sizeof wishes[0], compare);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || compare(&wishes[i - 1], &wishes[i]) != 0)
            add(plan, &wants[used++], &wishes[i]);
    plan->version_most = port->igmp == TC_IGMP_ONLY_V2 ? TC_IGMP_V2 : TC_IGMP_V3;
    choose_address(plan, port, interface);
    return TC_OK;
}

static void print_network(FILE *out, const struct tc_join_plan *plan,
                          const struct tc_join_network *network)
{
    size_t from_sources = 0;
    char address[TC_ADDRESS_TEXT];

    for (size_t i = 0; i < network->want_count; i++)
        from_sources += network->wants[i].source != 0;
    fprintf(out, "    joins %u group%s", network->group_count,
            network->group_count == 1 ? "" : "s");
    if (network->vlan != TC_VLAN_NONE)
        fprintf(out, " in VLAN %u", network->vlan);
    fprintf(out, " by IGMPv%d%s, from %s (%s)\n", (int)plan->version_most,
            plan->version_most == TC_IGMP_V3 ? " or what an older querier speaks" : "",
            tc_address_text(address, plan->address), plan->of);
    if (from_sources > 0 && plan->version_most == TC_IGMP_V2)
        fprintf(out,
                "    note: IGMPv2 knows no sources: %zu of the lines are joined from any source\n",
                from_sources);
}

void tc_join_plan_print(FILE *out, const struct tc_join_plan *plan)
{
    for (size_t i = 0; i < plan->network_count; i++)
        print_network(out, plan, &plan->networks[i]);
    if (plan->network_count > 0 && plan->address == 0)
        fprintf(out,
                "    note: reports from 0.0.0.0 are good by RFC 3376, section 4.2.13, but some "
                "switches ignore them: set `address` at the port\n");
}
