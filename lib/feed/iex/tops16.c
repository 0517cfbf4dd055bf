/* IEX TOPS 1.6: top of book, all message types of version 1.66. Little endian. */
#include "feed/iex/iexmessages.h"
#include "feed/registry.h"

/* Quote Update Message */
static const struct tc_field quote_update[] = {
    IEX_SYMBOL_HEADER("flags", FLAGS, FLAGS),
    TC_FIELD("bid_size", 18, 4, UINT, SIZE),
    IEX_PRICE("bid_price", 22),
    IEX_PRICE("ask_price", 30),
    TC_FIELD("ask_size", 38, 4, UINT, SIZE),
};

static const struct tc_type types[] = {
    TC_TYPE('Q', "quote_update", 42, quote_update, 0),
    IEX_SHARED_TYPES,
};

const struct tc_feed tc_feed_tops16 = {
    .id = 3,
    .name = "iextp/tops16",
    .source = "IEX TOPS Specification, version 1.66",
    .framing = &tc_framing_iextp,
    .types = types,
    .type_count = TC_COUNT_OF(types),
};
