/* IEX DEEP 1.0: aggregated depth of book, all message types of version 1.06. Little endian. */
#include "feed/iex/iexmessages.h"
#include "feed/registry.h"

#define DEEP_PRICE_LEVEL                                                                 \
    IEX_SYMBOL_HEADER("event_flags", FLAGS, FLAGS), TC_FIELD("size", 18, 4, UINT, SIZE), \
        IEX_PRICE("price", 22)

/* Price Level Update Message, buy and sell side */
static const struct tc_field price_level_buy[] = {DEEP_PRICE_LEVEL};
static const struct tc_field price_level_sell[] = {DEEP_PRICE_LEVEL};

/* Security Event Message */
static const struct tc_field security_event[] = {
    IEX_SYMBOL_HEADER("security_event", TEXT, CODE),
};

static const struct tc_type types[] = {
    TC_TYPE('8', "price_level_update_buy", 30, price_level_buy, 0),
    TC_TYPE('5', "price_level_update_sell", 30, price_level_sell, 0),
    TC_TYPE('E', "security_event", 18, security_event, 0),
    IEX_SHARED_TYPES,
};

const struct tc_feed tc_feed_deep10 = {
    .id = 2,
    .name = "iextp/deep10",
    .source = "IEX DEEP Specification, version 1.06, and its additions up to 2021",
    .framing = &tc_framing_iextp,
    .types = types,
    .type_count = TC_COUNT_OF(types),
};
