/*
 * Which messages a command is about: the filter options that cat and export share.
 *
 * A filter also looks at block records, so that blocks which cannot hold a match are not read.
 */
#ifndef TC_APP_FILTER_H
#define TC_APP_FILTER_H

#include "common/options.h"
#include "file/reader.h"
#include "file/ticks.h"

enum {
    FILTER_SYMBOL = 2000,
    FILTER_CHANNEL,
    FILTER_TYPE,
    FILTER_FROM,
    FILTER_TO,
    FILTER_BY,
    FILTER_TZ,
    FILTER_SYMBOLS_MAX = 256,
};

#define FILTER_OPTIONS                                                                     \
    {FILTER_SYMBOL, "symbol", "S", "only messages of this symbol; may be repeated"},       \
        {FILTER_CHANNEL, "channel", "C", "only messages of this channel"},                 \
        {FILTER_TYPE, "type", "T",                                                         \
         "only messages of this type: its code (A) or name (add_order)"},                  \
        {FILTER_FROM, "from", "TIME", "only from this moment on"},                         \
        {FILTER_TO, "to", "TIME", "only before this moment"},                              \
        {FILTER_BY, "by", "rx|exch", "which time --from and --to mean (rx)"},              \
    {                                                                                      \
        FILTER_TZ, "tz", "ZONE", "zone of times without an offset, as in America/New_York" \
    }

#define FILTER_DETAILS                                                   \
    "TIME is nanoseconds since 1970, or ISO 8601 with Z or an offset:\n" \
    "2026-11-20T09:30:00.5-05:00. Without an offset it needs --tz. Ranges are half open."

struct filter {
    const char *symbols[FILTER_SYMBOLS_MAX];
    size_t symbol_count;
    const char *channel;
    const char *type;
    const char *from_word, *to_word;
    uint64_t from_ns, to_ns;
    bool by_exch;
    bool has_zone;
    struct tc_zone zone;
    /* of the segment that was asked about last: locates that ever had a wanted name */
    uint8_t segment_id[TC_ID_BYTES];
    struct filter_locate {
        uint16_t group;
        uint16_t locate;
    } locates[FILTER_SYMBOLS_MAX * 4];
    size_t locate_count;
    /* by group: each of its channels has given every wanted name a locate */
    bool names_known[TC_GROUPS_MAX];
};

/* Takes an option of FILTER_OPTIONS; false, after a report, when its argument is wrong. */
bool filter_take(struct filter *filter, int id, const char *argument);

/* After the last option: reads the times. */
bool filter_ready(struct filter *filter);

/* Whether anything is left out at all. */
bool filter_is_open(const struct filter *filter);

bool filter_tick(const struct filter *filter, const struct tc_tick *tick);

/* For tc_reader_options.wanted; the context is the filter. */
bool filter_block(void *context, const struct tc_segment *segment,
                  const struct tc_index_record *record);

#endif
