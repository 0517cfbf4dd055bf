/* Finding the line of a datagram, and refusing catalogs in which there would be two. */
#include "block/catalog.h"

#include <arpa/inet.h>

#include "track/sequence.h"

static inline uint32_t hash_of(uint32_t group, uint16_t port)
{
    uint64_t key = (uint64_t)group << 16 | port;

    return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> 40);
}

void tc_line_table_init(struct tc_line_table *table, const struct tc_catalog *catalog,
                        uint8_t nic_port)
{
    uint32_t size = 16;

    while (size < 2u * catalog->line_count)
        size *= 2;
    table->catalog = catalog;
    table->mask = size - 1;
    memset(table->slots, 0xff, sizeof table->slots);
    for (uint16_t i = 0; i < catalog->line_count; i++) {
        const struct tc_line *line = &catalog->lines[i];
        uint32_t slot = hash_of(line->group, line->port) & table->mask;

        if (line->nic_port != TC_PORT_ANY && nic_port != TC_PORT_ANY && line->nic_port != nic_port)
            continue;
        while (table->slots[slot] != TC_LINE_NONE)
            slot = (slot + 1) & table->mask;
        table->slots[slot] = i;
    }
}

uint16_t tc_line_find(const struct tc_line_table *table, const struct tc_datagram *datagram)
{
    uint32_t slot = hash_of(datagram->group, datagram->port) & table->mask;

    for (; table->slots[slot] != TC_LINE_NONE; slot = (slot + 1) & table->mask) {
        const struct tc_line *line = &table->catalog->lines[table->slots[slot]];

        if (line->group == datagram->group && line->port == datagram->port &&
            (line->source == 0 || line->source == datagram->source) &&
            (line->vlan == TC_VLAN_NONE || line->vlan == datagram->vlan))
            return table->slots[slot];
    }
    return TC_LINE_NONE;
}

uint32_t tc_lines_near(const struct tc_line_table *table, const struct tc_datagram *datagram,
                       uint16_t *lines, uint32_t most)
{
    uint32_t slot = hash_of(datagram->group, datagram->port) & table->mask;
    uint32_t count = 0;

    for (; table->slots[slot] != TC_LINE_NONE && count < most; slot = (slot + 1) & table->mask) {
        const struct tc_line *line = &table->catalog->lines[table->slots[slot]];

        if (line->group == datagram->group && line->port == datagram->port)
            lines[count++] = table->slots[slot];
    }
    return count;
}

uint8_t tc_line_rules(const struct tc_catalog *catalog, uint16_t line)
{
    const struct tc_channel *channel = &catalog->channels[catalog->lines[line].channel];
    uint8_t framing = channel->feed->framing->flags;
    uint8_t rules = 0;

    if ((framing & TC_FRAMING_STALE_HEARTBEATS) != 0)
        rules |= TC_RULE_STALE_HEARTBEATS;
    if ((framing & TC_FRAMING_RESETS) != 0)
        rules |= TC_RULE_RESETS;
    return rules;
}

void tc_channel_learn(const struct tc_channel *channel, struct tc_symbols *symbols, uint8_t class,
                      const uint8_t *message)
{
    const struct tc_type *type;
    const struct tc_field *locate, *name;

    if ((channel->framer.type_flags[class] & TC_TYPE_DIRECTORY) == 0 || symbols->names == NULL)
        return;
    type = &channel->feed->types[class];
    locate = tc_field_of(type->fields, type->field_count, TC_MEAN_LOCATE);
    name = tc_field_of(type->fields, type->field_count, TC_MEAN_SYMBOL);
    if (locate != NULL && locate->width == 2 && name != NULL && name->width == TC_SYMBOL_BYTES)
        tc_symbols_set(
            symbols,
            (uint16_t)tc_load_uint(message + locate->offset, 2, tc_feed_big_endian(channel->feed)),
            message + name->offset);
}

void tc_catalog_group(struct tc_catalog *catalog)
{
    bool alone = catalog->channel_count <= TC_GROUPS_MAX;

    catalog->group_count = 0;
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        struct tc_channel *channel = &catalog->channels[i];
        uint16_t group = alone ? catalog->group_count : 0;

        while (group < catalog->group_count && catalog->group_feeds[group] != channel->feed)
            group++;
        if (group == catalog->group_count)
            catalog->group_feeds[catalog->group_count++] = channel->feed;
        channel->group = group;
    }
}

static bool overlap(const struct tc_line *a, const struct tc_line *b)
{
    return a->group == b->group && a->port == b->port &&
           (a->source == b->source || a->source == 0 || b->source == 0) &&
           (a->vlan == b->vlan || a->vlan == TC_VLAN_NONE || b->vlan == TC_VLAN_NONE) &&
           (a->nic_port == b->nic_port || a->nic_port == TC_PORT_ANY || b->nic_port == TC_PORT_ANY);
}

enum tc_status tc_catalog_check(const struct tc_catalog *catalog, struct tc_error *error)
{
    for (uint16_t i = 0; i < catalog->line_count; i++)
        for (uint16_t j = 0; j < i; j++) {
            const struct tc_line *a = &catalog->lines[j];
            const struct tc_line *b = &catalog->lines[i];
            struct in_addr group = {htonl(b->group)};
            char address[INET_ADDRSTRLEN];

            if (overlap(a, b))
                return tc_fail(error, TC_USAGE,
                               "lines %s of %s and %s of %s would both receive %s:%u", a->name,
                               catalog->channels[a->channel].name, b->name,
                               catalog->channels[b->channel].name,
                               inet_ntop(AF_INET, &group, address, sizeof address), b->port);
        }
    return TC_OK;
}
