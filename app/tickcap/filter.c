/* Options, messages, blocks. */
#include "tickcap/filter.h"

#include <stdio.h>
#include <string.h>

#include "common/parse.h"
#include "common/report.h"
#include "feed/print.h"

static bool refuse(const struct tc_error *error, const char *option)
{
    tc_report("%s: %s", option, error->text);
    return false;
}

bool filter_take(struct filter *filter, int id, const char *argument)
{
    struct tc_error error = {0};

    switch (id) {
    case FILTER_SYMBOL:
        if (filter->symbol_count == FILTER_SYMBOLS_MAX) {
            tc_report("--symbol: more than %d symbols", FILTER_SYMBOLS_MAX);
            return false;
        }
        filter->symbols[filter->symbol_count++] = argument;
        return true;
    case FILTER_CHANNEL: filter->channel = argument; return true;
    case FILTER_TYPE: filter->type = argument; return true;
    case FILTER_FROM: filter->from_word = argument; return true;
    case FILTER_TO: filter->to_word = argument; return true;
    case FILTER_BY:
        filter->by_exch = strcmp(argument, "exch") == 0;
        if (filter->by_exch || strcmp(argument, "rx") == 0)
            return true;
        tc_report("--by: '%s' is neither rx nor exch", argument);
        return false;
    case FILTER_TZ:
        filter->has_zone = true;
        return tc_zone_load(&filter->zone, argument, NULL, &error) == TC_OK ||
               refuse(&error, "--tz");
    default: return true;
    }
}

static int64_t zone_offset(const void *zone, int64_t local_s)
{
    return local_s - tc_zone_utc_of_local(zone, local_s);
}

bool filter_ready(struct filter *filter)
{
    tc_parse_zone *offset = filter->has_zone ? zone_offset : NULL;
    struct tc_error error = {0};

    filter->from_ns = 0;
    filter->to_ns = UINT64_MAX;
    if (filter->from_word != NULL &&
        tc_parse_time(filter->from_word, offset, &filter->zone, &filter->from_ns, &error) != TC_OK)
        return refuse(&error, "--from");
    if (filter->to_word != NULL &&
        tc_parse_time(filter->to_word, offset, &filter->zone, &filter->to_ns, &error) != TC_OK)
        return refuse(&error, "--to");
    if (filter->from_ns > filter->to_ns) {
        tc_report("--from '%s' is later than --to '%s'", filter->from_word, filter->to_word);
        return false;
    }
    return true;
}

bool filter_is_open(const struct filter *filter)
{
    return filter->symbol_count == 0 && filter->channel == NULL && filter->type == NULL &&
           filter->from_word == NULL && filter->to_word == NULL;
}

/* Whether a symbol of eight characters, padded with spaces, has that name. */
static bool is_named(const uint8_t *symbol, const char *name)
{
    size_t length = tc_text_trimmed(symbol, TC_SYMBOL_BYTES);

    return strlen(name) == length && memcmp(symbol, name, length) == 0;
}

static bool symbol_matches(const struct filter *filter, const struct tc_tick *tick)
{
    char number[8];

    for (size_t i = 0; i < filter->symbol_count; i++) {
        if (tick->symbol != NULL && is_named(tick->symbol, filter->symbols[i]))
            return true;
        snprintf(number, sizeof number, "#%u", tick->locate);
        if (tick->symbol == NULL && tick->has_locate && strcmp(filter->symbols[i], number) == 0)
            return true;
    }
    return false;
}

static bool type_matches(const struct filter *filter, const struct tc_tick *tick)
{
    if (tick->bytes > 0 && filter->type[0] == (char)tick->message[0] && filter->type[1] == '\0')
        return true;
    return tick->type != NULL && strcmp(filter->type, tick->type->name) == 0;
}

bool filter_tick(const struct filter *filter, const struct tc_tick *tick)
{
    uint64_t time_ns = filter->by_exch ? tick->exch_ns : tick->frame->rx_ns;

    if (filter->by_exch && !tick->has_exch &&
        (filter->from_word != NULL || filter->to_word != NULL))
        return false;
    return time_ns >= filter->from_ns && (time_ns < filter->to_ns || filter->to_word == NULL) &&
           (filter->channel == NULL || strcmp(filter->channel, tick->channel->name) == 0) &&
           (filter->type == NULL || type_matches(filter, tick)) &&
           (filter->symbol_count == 0 || symbol_matches(filter, tick));
}

/* ---- blocks ---- */

static void add_locate(struct filter *filter, uint16_t group, uint16_t locate)
{
    size_t most = sizeof filter->locates / sizeof filter->locates[0];

    if (filter->locate_count == most)
        filter->names_known[group] = false;
    else
        filter->locates[filter->locate_count++] = (struct filter_locate){group, locate};
}

/* Locates that have a wanted name when a segment begins; true where there are any. */
static bool find_at_start(struct filter *filter, const struct tc_segment *segment, uint16_t channel,
                          const char *name)
{
    const struct tc_symbols *symbols = &segment->state.symbols[channel];
    bool found = false;

    for (uint32_t locate = 0; symbols->known > 0 && locate < TC_LOCATES; locate++) {
        const uint8_t *symbol = tc_symbols_name(symbols, (uint16_t)locate);

        if (symbol == NULL || !is_named(symbol, name))
            continue;
        add_locate(filter, segment->capture.catalog.channels[channel].group, (uint16_t)locate);
        found = true;
    }
    return found;
}

/* Locates that get a wanted name in a segment; true where there are any. */
static bool find_in_log(struct filter *filter, const struct tc_segment *segment, uint16_t channel,
                        const char *name)
{
    struct tc_cursor log = tc_segment_box(segment, TC_BOX_SYMBOL_LOG);
    bool found = false;

    while (tc_cursor_left(&log) >= TC_SYMBOL_LOG_BYTES) {
        const uint8_t *entry = tc_cursor_take(&log, TC_SYMBOL_LOG_BYTES);

        if (tc_load_le16(entry + 4) != channel || !is_named(entry + 8, name))
            continue;
        add_locate(filter, segment->capture.catalog.channels[channel].group,
                   tc_load_le16(entry + 6));
        found = true;
    }
    return found;
}

/* A name that a channel's directory does not have can still stand in its messages. */
static void learn_segment(struct filter *filter, const struct tc_segment *segment)
{
    const struct tc_catalog *catalog = &segment->capture.catalog;

    memcpy(filter->segment_id, segment->head.segment_id, TC_ID_BYTES);
    filter->locate_count = 0;
    for (uint16_t i = 0; i < catalog->group_count; i++)
        filter->names_known[i] = true;
    for (uint16_t channel = 0; channel < catalog->channel_count; channel++)
        for (size_t i = 0; i < filter->symbol_count; i++) {
            bool at_start = find_at_start(filter, segment, channel, filter->symbols[i]);
            bool in_log = find_in_log(filter, segment, channel, filter->symbols[i]);

            if (!at_start && !in_log)
                filter->names_known[catalog->channels[channel].group] = false;
        }
}

/* Whether a group of channels can have a wanted symbol in the block. */
static bool group_may_hold(const struct filter *filter, const struct tc_index_record *record,
                           uint16_t group, bool locates)
{
    if (!locates) {
        for (size_t i = 0; i < filter->symbol_count; i++) {
            uint8_t name[TC_SYMBOL_BYTES];
            size_t length = strlen(filter->symbols[i]);

            if (length > sizeof name)
                continue;
            memset(name, ' ', sizeof name);
            memcpy(name, filter->symbols[i], length);
            if (tc_index_may_hold(record, group, 0, name))
                return true;
        }
        return false;
    }
    if (!filter->names_known[group])
        return true;
    for (size_t i = 0; i < filter->locate_count; i++)
        if (filter->locates[i].group == group &&
            tc_index_may_hold(record, group, filter->locates[i].locate, NULL))
            return true;
    return false;
}

bool filter_block(void *context, const struct tc_segment *segment,
                  const struct tc_index_record *record)
{
    struct filter *filter = context;
    const struct tc_catalog *catalog = &segment->capture.catalog;

    if (!filter->by_exch && (record->last_rx_ns < filter->from_ns ||
                             (filter->to_word != NULL && record->first_rx_ns >= filter->to_ns)))
        return false;
    if (filter->symbol_count == 0)
        return true;
    if (memcmp(filter->segment_id, segment->head.segment_id, TC_ID_BYTES) != 0)
        learn_segment(filter, segment);
    for (uint16_t group = 0; group < catalog->group_count; group++)
        if (group_may_hold(filter, record, group,
                           (catalog->group_feeds[group]->flags & TC_FEED_LOCATES) != 0))
            return true;
    return false;
}
