/* The table of keys, and what only shows when several keys are seen together. */
#include "common/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/placer.h"
#include "block/batch.h"
#include "block/blockheader.h"
#include "common/parse.h"
#include "feed/registry.h"
#include "file/paths.h"

struct config_line {
    struct tc_yaml_mark mark;
    char name[TC_NAME_BYTES];
    char port[TC_NAME_BYTES]; /* empty: any */
    uint64_t vlan;
    struct tc_line address; /* source, group and port */
};

struct config_channel {
    struct tc_yaml_mark mark;
    char name[TC_NAME_BYTES];
    const struct tc_feed *feed;
    const struct tc_zone *zone; /* NULL: UTC */
    struct tc_yaml_list lines;  /* struct config_line */
};

static const struct config_line line_default = {.vlan = TC_VLAN_NONE};

/* ---- takes of this file ---- */

static enum tc_status take_path(void *target, const char *word, const void *detail,
                                struct tc_arena *arena, struct tc_error *error)
{
    static const struct tc_take_text text = {TC_PATH_BYTES - 256}; /* a segment's name follows */

    (void)detail;
    return tc_take_text(target, word, &text, arena, error);
}

static enum tc_status take_feed(void *target, const char *word, const void *detail,
                                struct tc_arena *arena, struct tc_error *error)
{
    const struct tc_feed *feed = tc_feed_named(word);
    char list[200] = "";

    (void)detail;
    (void)arena;
    for (size_t i = 0; i < tc_feed_count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", i > 0 ? ", " : "",
                 tc_feeds[i]->name);
    if (feed == NULL)
        return tc_fail(error, TC_USAGE, "'%.80s' is not a feed, expected one of: %s", word, list);
    *(const struct tc_feed **)target = feed;
    return TC_OK;
}

static enum tc_status take_zone(void *target, const char *word, const void *detail,
                                struct tc_arena *arena, struct tc_error *error)
{
    struct tc_zone *zone = tc_arena_take(arena, sizeof *zone);

    (void)detail;
    if (zone == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for a time zone");
    *(const struct tc_zone **)target = zone;
    return tc_zone_load(zone, word, NULL, error);
}

static enum tc_status take_address(void *target, const char *word, const void *detail,
                                   struct tc_arena *arena, struct tc_error *error)
{
    struct tc_config_address *address = target;

    (void)detail;
    (void)arena;
    address->given = true;
    if (tc_parse_address(word, &address->value, NULL) == TC_OK && address->value >> 28 < 0xe)
        return TC_OK;
    return tc_fail(error, TC_USAGE,
                   "'%.80s' is not the address of a host: expected one such as 10.1.2.3", word);
}

/* A name as the feed writes it, without the blanks that fill it up. */
static enum tc_status take_symbol(void *target, const char *word, const void *detail,
                                  struct tc_arena *arena, struct tc_error *error)
{
    static const struct tc_take_text text = {TC_SYMBOL_BYTES + 1};

    (void)detail;
    if (word[0] == '\0' || strlen(word) > TC_SYMBOL_BYTES)
        return tc_fail(error, TC_USAGE, "'%.80s' is not a symbol: expected 1 to %d characters",
                       word, TC_SYMBOL_BYTES);
    return tc_take_text(target, word, &text, arena, error);
}

/* [source@]group:port */
static enum tc_status take_group(void *target, const char *word, const void *detail,
                                 struct tc_arena *arena, struct tc_error *error)
{
    struct tc_line *line = target;
    char copy[64] = "";
    char *at, *colon;
    const char *group = copy;
    uint64_t port = 0;

    (void)detail;
    (void)arena;
    snprintf(copy, sizeof copy, "%s", word);
    at = strchr(copy, '@');
    colon = strrchr(copy, ':');
    if (at != NULL) {
        *at = '\0';
        group = at + 1;
    }
    if (colon != NULL)
        *colon = '\0';
    if (strlen(word) >= sizeof copy || colon == NULL || (at != NULL && colon < at) ||
        tc_parse_uint(colon + 1, 0, 65535, &port, NULL) != TC_OK ||
        tc_parse_address(group, &line->group, NULL) != TC_OK ||
        (at != NULL && tc_parse_address(copy, &line->source, NULL) != TC_OK))
        return tc_fail(error, TC_USAGE,
                       "'%.80s' is not an address: expected [source@]group:port, as in "
                       "233.54.12.111:26477",
                       word);
    line->port = (uint16_t)port;
    return TC_OK;
}

/* ---- the keys ---- */

#define OF(member) offsetof(struct tc_config, member)

#define MIB UINT64_C(1048576)

static const struct tc_take_range any_number = {0, 1UL << 40};
static const struct tc_take_range lcore_range = {0, 1023};
static const struct tc_take_range realtime_range = {0, 99}; /* sched(7) */
static const struct tc_take_range vlan_range = {0, 4095};
static const struct tc_take_range buffer_range = {1 << 20, 1UL << 40};
static const struct tc_take_range batch_messages_range = {1, 1 << 20};
static const struct tc_take_range batch_bytes_range = {TC_BATCH_BYTES_MIN, TC_BATCH_BYTES_MAX};
static const struct tc_take_range block_messages_range = {1, TC_BLOCK_MESSAGES_MAX / 4};
static const struct tc_take_range block_bytes_range = {TC_BATCH_BYTES_MIN, TC_BLOCK_BYTES_MAX / 4};
static const struct tc_take_range age_range = {1, 3600 * 1000};
static const struct tc_take_text device_text = {TC_DEVICE_BYTES};
static const struct tc_take_text channel_text = {TC_NAME_BYTES};

static const struct tc_take_choice levels = {(const char *const[]){"auto", "none", NULL},
                                             (const char *const[]){"dense", "fast", NULL}};
static const struct tc_take_choice igmps = {(const char *const[]){"auto", "2", NULL}, NULL};
static const struct tc_take_choice idles = {(const char *const[]){"spin", "adaptive", NULL}, NULL};
static const struct tc_take_choice unmatched = {(const char *const[]){"keep", "filter", NULL},
                                                NULL};
static const struct tc_take_choice validates = {
    (const char *const[]){"off", "false", NULL},
    (const char *const[]){"on", "true", "finish", NULL}};

static const struct tc_yaml_key rotate_keys[] = {
    {.name = "bytes", .offset = OF(rotate_bytes), .take = tc_take_bytes, .detail = &any_number},
    {.name = "seconds", .offset = OF(rotate_seconds), .take = tc_take_uint, .detail = &any_number},
    {.name = "at", .take = tc_take_only, .detail = "no such key"},
    {.name = "timezone", .take = tc_take_only, .detail = "no such key"},
    {0},
};

static const struct tc_yaml_key no_keys[] = {{0}};

static const struct tc_yaml_key output_keys[] = {
    {.name = "directories",
     .kind = TC_YAML_WORDS,
     .offset = OF(directories),
     .take = take_path,
     .item_bytes = TC_PATH_BYTES,
     .least = 1},
    {.name = "rotate", .kind = TC_YAML_MAP, .keys = rotate_keys},
    {.name = "retention", .kind = TC_YAML_MAP, .keys = no_keys},
    {0},
};

#define OF_PORT(member) offsetof(struct tc_config_port, member)

static const struct tc_yaml_key port_keys[] = {
    {.name = "name", .offset = OF_PORT(name), .take = tc_take_name, .required = true},
    {.name = "device",
     .offset = OF_PORT(device),
     .take = tc_take_text,
     .detail = &device_text,
     .required = true},
    {.name = "profile", .offset = OF_PORT(profile), .take = tc_take_text, .detail = &device_text},
    {.name = "rx_lcores",
     .kind = TC_YAML_WORDS,
     .offset = OF_PORT(rx_lcores),
     .take = tc_take_uint,
     .detail = &lcore_range,
     .item_bytes = sizeof(uint64_t),
     .least = 1,
     .required = true},
    {.name = "writer_lcores",
     .kind = TC_YAML_WORDS,
     .offset = OF_PORT(writer_lcores),
     .take = tc_take_uint,
     .detail = &lcore_range,
     .item_bytes = sizeof(uint64_t),
     .least = 1,
     .required = true},
    {.name = "join", .offset = OF_PORT(join), .take = tc_take_bool},
    {.name = "igmp", .offset = OF_PORT(igmp), .take = tc_take_choice, .detail = &igmps},
    {.name = "address", .offset = OF_PORT(address), .take = take_address},
    {0},
};

#define OF_LINE(member) offsetof(struct config_line, member)

static const struct tc_yaml_key line_keys[] = {
    {.name = "name", .offset = OF_LINE(name), .take = tc_take_name, .required = true},
    {.name = "group", .offset = OF_LINE(address), .take = take_group, .required = true},
    {.name = "port", .offset = OF_LINE(port), .take = tc_take_name},
    {.name = "vlan", .offset = OF_LINE(vlan), .take = tc_take_uint, .detail = &vlan_range},
    {0},
};

#define OF_CHANNEL(member) offsetof(struct config_channel, member)

static const struct tc_yaml_key channel_keys[] = {
    {.name = "name",
     .offset = OF_CHANNEL(name),
     .take = tc_take_text,
     .detail = &channel_text,
     .required = true},
    {.name = "feed", .offset = OF_CHANNEL(feed), .take = take_feed, .required = true},
    {.name = "timezone", .offset = OF_CHANNEL(zone), .take = take_zone},
    {.name = "lines",
     .kind = TC_YAML_MAPS,
     .offset = OF_CHANNEL(lines),
     .keys = line_keys,
     .item_bytes = sizeof(struct config_line),
     .item_default = &line_default,
     .least = 1,
     .required = true},
    {0},
};

static const struct tc_yaml_key batch_keys[] = {
    {.name = "messages",
     .offset = OF(batch_messages),
     .take = tc_take_uint,
     .detail = &batch_messages_range},
    {.name = "bytes",
     .offset = OF(batch_bytes),
     .take = tc_take_bytes,
     .detail = &batch_bytes_range},
    {.name = "age_ms", .offset = OF(batch_age_ms), .take = tc_take_uint, .detail = &age_range},
    {0},
};

static const struct tc_yaml_key block_keys[] = {
    {.name = "messages",
     .offset = OF(block_messages),
     .take = tc_take_uint,
     .detail = &block_messages_range},
    {.name = "bytes",
     .offset = OF(block_bytes),
     .take = tc_take_bytes,
     .detail = &block_bytes_range},
    {.name = "age_ms", .offset = OF(block_age_ms), .take = tc_take_uint, .detail = &age_range},
    {0},
};

static const struct tc_yaml_key codec_keys[] = {
    {.name = "level", .offset = OF(codec_level), .take = tc_take_choice, .detail = &levels},
    {.name = "chain", .take = tc_take_only, .detail = "1"},
    {.name = "cpu_target", .take = tc_take_only, .detail = "4"},
    {0},
};

static const struct tc_yaml_key durability_keys[] = {
    {.name = "interval_ms",
     .offset = OF(durability_ms),
     .take = tc_take_uint,
     .detail = &age_range},
    {0},
};

static const struct tc_yaml_key keys[] = {
    {.name = "name", .offset = OF(name), .take = tc_take_name},
    {.name = "output", .kind = TC_YAML_MAP, .keys = output_keys},
    {.name = "ports",
     .kind = TC_YAML_MAPS,
     .offset = OF(ports),
     .keys = port_keys,
     .item_bytes = sizeof(struct tc_config_port),
     .least = 1},
    {.name = "channels",
     .kind = TC_YAML_MAPS,
     .offset = OF(channels),
     .keys = channel_keys,
     .item_bytes = sizeof(struct config_channel),
     .least = 1,
     .required = true},
    {.name = "unmatched", .offset = OF(unmatched), .take = tc_take_choice, .detail = &unmatched},
    {.name = "symbols",
     .kind = TC_YAML_WORDS,
     .offset = OF(symbols),
     .take = take_symbol,
     .item_bytes = sizeof(struct tc_config_symbol)},
    {.name = "buffer", .offset = OF(buffer_bytes), .take = tc_take_bytes, .detail = &buffer_range},
    {.name = "batch", .kind = TC_YAML_MAP, .keys = batch_keys},
    {.name = "block", .kind = TC_YAML_MAP, .keys = block_keys},
    {.name = "codec", .kind = TC_YAML_MAP, .keys = codec_keys},
    {.name = "durability", .kind = TC_YAML_MAP, .keys = durability_keys},
    {.name = "validate", .offset = OF(validate), .take = tc_take_choice, .detail = &validates},
    {.name = "idle", .offset = OF(idle), .take = tc_take_choice, .detail = &idles},
    {.name = "realtime", .offset = OF(realtime), .take = tc_take_uint, .detail = &realtime_range},
    {.name = "main_cpus",
     .kind = TC_YAML_WORDS,
     .offset = OF(main_cpus),
     .take = tc_take_uint,
     .detail = &lcore_range,
     .item_bytes = sizeof(uint64_t)},
    {0},
};

/* ---- what several keys say together ---- */

#define KEYS(...)         \
    (const char *const[]) \
    {                     \
        __VA_ARGS__, NULL \
    }

static enum tc_status check_ports(const struct tc_config *config, const struct tc_yaml *yaml,
                                  struct tc_error *error)
{
    size_t streams = 0;

    for (size_t i = 0; i < config->ports.count; i++) {
        const struct tc_config_port *port = tc_config_port(config, i);

        streams += port->rx_lcores.count;
        for (size_t j = 0; j < i; j++)
            if (strcmp(tc_config_port(config, j)->name, port->name) == 0)
                return tc_yaml_refuse(yaml, port->mark, error,
                                      "ports.%zu.name: a port '%s' stands before", i, port->name);
        if (!port->join && (port->address.given || port->igmp != TC_IGMP_AUTO))
            return tc_yaml_refuse(yaml, port->mark, error,
                                  "ports.%zu: address and igmp are for a port with join: true", i);
        if (port->writer_lcores.count > TC_WRITERS_MAX)
            return tc_yaml_refuse(yaml, port->mark, error,
                                  "ports.%zu.writer_lcores: %zu writers, at most %d can share a "
                                  "stream",
                                  i, port->writer_lcores.count, TC_WRITERS_MAX);
    }
    if (config->ports.count > TC_PORTS_MAX || streams > TC_STREAMS_MAX)
        return tc_yaml_refuse_keys(yaml, KEYS("ports"), error,
                                   "ports: %zu ports with %zu queues, at most %d with %d can be",
                                   config->ports.count, streams, TC_PORTS_MAX, TC_STREAMS_MAX);
    return TC_OK;
}

/* The number of the port that a line is bound to. */
static enum tc_status find_port(const struct tc_config *config, const struct tc_yaml *yaml,
                                const struct config_line *line, uint8_t *number,
                                struct tc_error *error)
{
    *number = TC_PORT_ANY;
    if (line->port[0] == '\0')
        return TC_OK;
    for (size_t i = 0; i < config->ports.count; i++)
        if (strcmp(tc_config_port(config, i)->name, line->port) == 0) {
            *number = (uint8_t)i;
            return TC_OK;
        }
    return tc_yaml_refuse(yaml, line->mark, error, "line %s: there is no port '%s'", line->name,
                          line->port);
}

static enum tc_status add_lines(struct tc_config *config, const struct tc_yaml *yaml,
                                const struct config_channel *from, uint16_t channel,
                                struct tc_error *error)
{
    struct tc_catalog *catalog = &config->catalog;
    const struct config_line *lines = from->lines.items;

    catalog->channels[channel].first_line = catalog->line_count;
    catalog->channels[channel].line_count = (uint16_t)from->lines.count;
    for (size_t i = 0; i < from->lines.count; i++) {
        struct tc_line *line = &catalog->lines[catalog->line_count++];
        enum tc_status status;

        for (size_t j = 0; j < i; j++)
            if (strcmp(lines[j].name, lines[i].name) == 0)
                return tc_yaml_refuse(yaml, lines[i].mark, error, "channel %s has two lines '%s'",
                                      from->name, lines[i].name);
        if (strlen(lines[i].name) >= TC_LINE_NAME_BYTES)
            return tc_yaml_refuse(yaml, lines[i].mark, error,
                                  "line %s: its name is too long, expected at most %d letters",
                                  lines[i].name, TC_LINE_NAME_BYTES - 1);
        *line = lines[i].address;
        memcpy(line->name, lines[i].name, strlen(lines[i].name) + 1);
        line->vlan = (uint16_t)lines[i].vlan;
        line->channel = channel;
        status = find_port(config, yaml, &lines[i], &line->nic_port, error);
        if (status != TC_OK)
            return status;
    }
    return TC_OK;
}

static enum tc_status build_catalog(struct tc_config *config, const struct tc_yaml *yaml,
                                    enum tc_config_use use, struct tc_error *error)
{
    const struct config_channel *channels = config->channels.items;
    struct tc_catalog *catalog = &config->catalog;
    struct tc_error overlap = {0};
    size_t lines = 0;

    for (size_t i = 0; i < config->channels.count; i++)
        lines += channels[i].lines.count;
    if (config->channels.count > TC_CHANNELS_MAX || lines > TC_LINES_MAX)
        return tc_yaml_refuse_keys(
            yaml, KEYS("channels"), error,
            "channels: %zu channels with %zu lines, at most %d with %d can be",
            config->channels.count, lines, TC_CHANNELS_MAX, TC_LINES_MAX);
    catalog->channels = tc_arena_take(&config->arena,
                                      config->channels.count * sizeof catalog->channels[0]);
    catalog->lines = tc_arena_take(&config->arena, lines * sizeof catalog->lines[0]);
    catalog->group_feeds = tc_arena_take(&config->arena,
                                         config->channels.count * sizeof catalog->group_feeds[0]);
    if (catalog->channels == NULL || catalog->lines == NULL || catalog->group_feeds == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for %zu channels", config->channels.count);
    for (size_t i = 0; i < config->channels.count; i++) {
        struct tc_channel *channel = &catalog->channels[catalog->channel_count++];
        enum tc_status status;

        for (size_t j = 0; j < i; j++)
            if (strcmp(channels[j].name, channels[i].name) == 0)
                return tc_yaml_refuse(yaml, channels[i].mark, error,
                                      "channels.%zu.name: a channel '%s' stands before", i,
                                      channels[i].name);
        memcpy(channel->name, channels[i].name, sizeof channel->name);
        channel->feed = channels[i].feed;
        tc_framer_init(&channel->framer, channel->feed);
        if (channels[i].zone != NULL)
            channel->zone = *channels[i].zone;
        else
            tc_zone_utc(&channel->zone);
        status = add_lines(config, yaml, &channels[i], (uint16_t)i, error);
        if (status != TC_OK)
            return status;
    }
    /* a file does not say which port its frames are from */
    for (uint16_t i = 0; use == TC_CONFIG_IMPORT && i < catalog->line_count; i++)
        catalog->lines[i].nic_port = TC_PORT_ANY;
    tc_catalog_group(catalog);
    if (tc_catalog_check(catalog, &overlap) != TC_OK)
        return tc_yaml_refuse_keys(yaml, KEYS("channels"), error, "channels: %s", overlap.text);
    return TC_OK;
}

static enum tc_status check_limits(const struct tc_config *config, const struct tc_yaml *yaml,
                                   struct tc_error *error)
{
    if (config->batch_messages > config->block_messages)
        return tc_yaml_refuse_keys(yaml, KEYS("batch.messages", "block.messages"), error,
                                   "batch.messages: %lu are more than the %lu of a block",
                                   config->batch_messages, config->block_messages);
    if (config->batch_bytes > config->block_bytes)
        return tc_yaml_refuse_keys(yaml, KEYS("batch.bytes", "block.bytes"), error,
                                   "batch.bytes: %lu are more than the %lu of a block",
                                   config->batch_bytes, config->block_bytes);
    if (config->buffer_bytes < 4 * config->batch_bytes)
        return tc_yaml_refuse_keys(yaml, KEYS("buffer", "batch.bytes"), error,
                                   "buffer: %lu bytes hold fewer than four batches of %lu",
                                   config->buffer_bytes, config->batch_bytes);
    return TC_OK;
}

static enum tc_status build_filter(struct tc_config *config, const struct tc_yaml *yaml,
                                   struct tc_error *error)
{
    const struct tc_config_symbol *symbols = config->symbols.items;
    size_t bytes = tc_symbol_filter_footprint(&config->catalog);
    uint8_t *memory;

    if (config->symbols.count == 0)
        return TC_OK;
    config->filter = tc_arena_take(&config->arena, sizeof *config->filter);
    memory = tc_arena_take(&config->arena, bytes + TC_CACHE_LINE_BYTES);
    if (config->filter == NULL || memory == NULL)
        return tc_fail(error, TC_MEMORY, "no memory for the symbols");
    memory += tc_align_up((uintptr_t)memory, TC_CACHE_LINE_BYTES) - (uintptr_t)memory;
    tc_symbol_filter_init(config->filter, memory, &config->catalog);
    for (size_t i = 0; i < config->symbols.count; i++)
        if (tc_symbol_filter_want(config->filter, symbols[i].name) != TC_OK)
            return tc_yaml_refuse_keys(yaml, KEYS("symbols"), error,
                                       "symbols: %zu of them, at most %d can be chosen",
                                       config->symbols.count, TC_FILTER_SYMBOLS_MAX);
    return TC_OK;
}

static void set_defaults(struct tc_config *config)
{
    *config = (struct tc_config){
        .rotate_bytes = 4096 * MIB,
        .rotate_seconds = 3600,
        .buffer_bytes = 320 * MIB,
        .batch_messages = TC_BATCH_MESSAGES,
        .batch_bytes = TC_BATCH_BYTES,
        .batch_age_ms = 100,
        .block_messages = 65536,
        .block_bytes = 8 * MIB,
        .block_age_ms = 1000,
        .durability_ms = 1000,
    };
    if (gethostname(config->host, sizeof config->host - 1) != 0)
        snprintf(config->host, sizeof config->host, "unknown");
    /* the default name is the host's, as far as it is a name */
    if (tc_take_name(config->name, config->host, NULL, NULL, NULL) != TC_OK)
        snprintf(config->name, sizeof config->name, "tickcap");
}

enum tc_status tc_config_load(struct tc_config *config, const char *path, const char *const *sets,
                              size_t set_count, enum tc_config_use use, struct tc_error *error)
{
    struct tc_yaml *yaml;
    enum tc_status status;

    set_defaults(config);
    status = tc_yaml_open(&yaml, path, error);
    if (status != TC_OK)
        return status;
    for (size_t i = 0; status == TC_OK && i < set_count; i++)
        status = tc_yaml_set(yaml, sets[i], error);
    if (status == TC_OK)
        status = tc_yaml_fill(yaml, keys, config, &config->arena, error);
    if (status == TC_OK && use == TC_CONFIG_CAPTURE && config->ports.count == 0)
        status = tc_fail(error, TC_USAGE, "%s: the key ports is missing", path);
    if (status == TC_OK && use == TC_CONFIG_CAPTURE && config->directories.count == 0)
        status = tc_fail(error, TC_USAGE, "%s: the key output.directories is missing", path);
    if (status == TC_OK)
        status = check_ports(config, yaml, error);
    if (status == TC_OK)
        status = build_catalog(config, yaml, use, error);
    if (status == TC_OK)
        status = build_filter(config, yaml, error);
    if (status == TC_OK)
        status = check_limits(config, yaml, error);
    tc_yaml_close(yaml);
    return status;
}

void tc_config_free(struct tc_config *config)
{
    tc_arena_free(&config->arena);
}
