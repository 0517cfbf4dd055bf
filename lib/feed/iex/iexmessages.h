/*
 * The messages that IEX DEEP 1.0 and IEX TOPS 1.6 share, byte for byte.
 *
 * Both documents print these tables; the two feeds list them beside their own. Prices are signed
 * with four decimal places ("Data Types").
 */
#ifndef TC_FEED_IEXMESSAGES_H
#define TC_FEED_IEXMESSAGES_H

#include "feed/table.h"

#define IEX_PRICE(name, offset) TC_SCALED(name, offset, 8, SDECIMAL, 4, PRICE)

/* The first ten bytes of every message; byte 1 is named by the message. */
#define IEX_HEADER(second, format, meaning)                                              \
    TC_FIELD("message_type", 0, 1, TEXT, TYPE), TC_FIELD(second, 1, 1, format, meaning), \
        TC_FIELD("timestamp", 2, 8, EPOCH_NS, EXCH_TIME)

#define IEX_SYMBOL_HEADER(second, format, meaning) \
    IEX_HEADER(second, format, meaning), TC_FIELD("symbol", 10, 8, TEXT, SYMBOL)

/* System Event Message */
static const struct tc_field iex_system_event[] = {
    IEX_HEADER("system_event", TEXT, CODE),
};

/* Security Directory Message */
static const struct tc_field iex_security_directory[] = {
    IEX_SYMBOL_HEADER("flags", FLAGS, FLAGS),
    TC_FIELD("round_lot_size", 18, 4, UINT, SIZE),
    IEX_PRICE("adjusted_poc_price", 22),
    TC_FIELD("luld_tier", 30, 1, UINT, CODE),
};

/* Trading Status Message */
static const struct tc_field iex_trading_status[] = {
    IEX_SYMBOL_HEADER("trading_status", TEXT, CODE),
    TC_FIELD("reason", 18, 4, TEXT, CODE),
};

/* Retail Liquidity Indicator Message */
static const struct tc_field iex_retail_liquidity[] = {
    IEX_SYMBOL_HEADER("retail_liquidity_indicator", TEXT, CODE),
};

/* Operational Halt Status Message */
static const struct tc_field iex_operational_halt[] = {
    IEX_SYMBOL_HEADER("operational_halt_status", TEXT, CODE),
};

/* Short Sale Price Test Status Message */
static const struct tc_field iex_short_sale[] = {
    IEX_SYMBOL_HEADER("short_sale_price_test_status", UINT, CODE),
    TC_FIELD("detail", 18, 1, TEXT, CODE),
};

#define IEX_TRADE                                                                                 \
    IEX_SYMBOL_HEADER("sale_condition_flags", FLAGS, FLAGS), TC_FIELD("size", 18, 4, UINT, SIZE), \
        IEX_PRICE("price", 22), TC_FIELD("trade_id", 30, 8, INT, MATCH_ID)

/* Trade Report Message */
static const struct tc_field iex_trade_report[] = {IEX_TRADE};

/* Trade Break Message */
static const struct tc_field iex_trade_break[] = {IEX_TRADE};

/* Official Price Message */
static const struct tc_field iex_official_price[] = {
    IEX_SYMBOL_HEADER("price_type", TEXT, CODE),
    IEX_PRICE("official_price", 18),
};

/* Auction Information Message */
static const struct tc_field iex_auction_information[] = {
    IEX_SYMBOL_HEADER("auction_type", TEXT, CODE),
    TC_FIELD("paired_shares", 18, 4, UINT, SIZE),
    IEX_PRICE("reference_price", 22),
    IEX_PRICE("indicative_clearing_price", 30),
    TC_FIELD("imbalance_shares", 38, 4, UINT, SIZE),
    TC_FIELD("imbalance_side", 42, 1, TEXT, SIDE),
    TC_FIELD("extension_number", 43, 1, UINT, CODE),
    TC_FIELD("scheduled_auction_time", 44, 4, EPOCH_S, TIME),
    IEX_PRICE("auction_book_clearing_price", 48),
    IEX_PRICE("collar_reference_price", 56),
    IEX_PRICE("lower_auction_collar", 64),
    IEX_PRICE("upper_auction_collar", 72),
};

/* The rows that both feeds have, after their own. */
#define IEX_SHARED_TYPES                                                                   \
    TC_TYPE('T', "trade_report", 38, iex_trade_report, 0),                                 \
        TC_TYPE('B', "trade_break", 38, iex_trade_break, 0),                               \
        TC_TYPE('X', "official_price", 26, iex_official_price, 0),                         \
        TC_TYPE('A', "auction_information", 80, iex_auction_information, 0),               \
        TC_TYPE('S', "system_event", 10, iex_system_event, 0),                             \
        TC_TYPE('D', "security_directory", 31, iex_security_directory, TC_TYPE_DIRECTORY), \
        TC_TYPE('H', "trading_status", 22, iex_trading_status, 0),                         \
        TC_TYPE('I', "retail_liquidity_indicator", 18, iex_retail_liquidity, 0),           \
        TC_TYPE('O', "operational_halt_status", 18, iex_operational_halt, 0),              \
        TC_TYPE('P', "short_sale_price_test_status", 19, iex_short_sale, 0)

#endif
