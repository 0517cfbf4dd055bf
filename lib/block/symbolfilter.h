/*
 * Which symbols a capture is to keep.
 *
 * A frame is left out only when every message in it is known to be of a symbol that nobody wants.
 * Whatever could be missed later (directory messages, messages without a symbol, symbols whose name
 * is not known yet) keeps its frame.
 */
#ifndef TC_BLOCK_SYMBOLFILTER_H
#define TC_BLOCK_SYMBOLFILTER_H

#include "block/catalog.h"

enum {
    TC_FILTER_SYMBOLS_MAX = 16384,
    TC_FILTER_SLOTS = 4 * TC_FILTER_SYMBOLS_MAX,
};

/* Where a type says whose message it is. */
struct tc_symbol_place {
    uint16_t offset;
    uint8_t how; /* enum tc_symbol_how */
};

enum tc_symbol_how {
    TC_SYMBOL_NONE, /* it does not say */
    TC_SYMBOL_BY_LOCATE,
    TC_SYMBOL_BY_NAME,
};

struct tc_symbol_filter {
    uint64_t *slots; /* names of eight characters, padded with spaces; 0: empty */
    struct tc_symbol_place (*places)[TC_TYPES_MAX]; /* by channel and class */
    const struct tc_catalog *catalog;
    uint32_t count;
};

/* Bytes of memory, aligned to a cache line. */
size_t tc_symbol_filter_footprint(const struct tc_catalog *catalog);

/* A filter that wants nothing yet. `memory`, zeroed, stays the caller's. */
void tc_symbol_filter_init(struct tc_symbol_filter *filter, void *memory,
                           const struct tc_catalog *catalog);

/* Wants a symbol; `name` has 1 to 8 characters. TC_LIMIT when there are too many. */
TC_MUST_USE enum tc_status tc_symbol_filter_want(struct tc_symbol_filter *filter, const char *name);

/*
 * Whether a packet may be left out; `marks` are of its `messages`, 1 or more, and `symbols` are the
 * channel's names as known now.
 */
bool tc_symbol_filter_rejects(const struct tc_symbol_filter *filter, uint16_t channel,
                              const struct tc_symbols *symbols, const uint8_t *payload,
                              const struct tc_mark *marks, uint32_t messages);

#endif
