/*
 * NASDAQ TotalView-ITCH 5.0, all 23 message types of the 2023 document. Big endian.
 *
 * Section numbers are those of the document. Prices have four decimal places, the levels of the
 * market-wide circuit breaker eight (section 2, "Data Types").
 */
#include "feed/registry.h"
#include "feed/table.h"

/* The first eleven bytes of every message. */
#define ITCH_HEADER                                                                           \
    TC_FIELD("message_type", 0, 1, TEXT, TYPE), TC_FIELD("stock_locate", 1, 2, UINT, LOCATE), \
        TC_FIELD("tracking_number", 3, 2, UINT, TRACKING),                                    \
        TC_FIELD("timestamp", 5, 6, MIDNIGHT_NS, EXCH_TIME)

#define ITCH_PRICE(name, offset) TC_SCALED(name, offset, 4, DECIMAL, 4, PRICE)
#define ITCH_LEVEL(name, offset) TC_SCALED(name, offset, 8, DECIMAL, 8, PRICE)

/* 1.1 System Event Message */
static const struct tc_field system_event[] = {
    ITCH_HEADER,
    TC_FIELD("event_code", 11, 1, TEXT, CODE),
};

/* 1.2.1 Stock Directory */
static const struct tc_field stock_directory[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    TC_FIELD("market_category", 19, 1, TEXT, CODE),
    TC_FIELD("financial_status_indicator", 20, 1, TEXT, CODE),
    TC_FIELD("round_lot_size", 21, 4, UINT, SIZE),
    TC_FIELD("round_lots_only", 25, 1, TEXT, CODE),
    TC_FIELD("issue_classification", 26, 1, TEXT, CODE),
    TC_FIELD("issue_sub_type", 27, 2, TEXT, CODE),
    TC_FIELD("authenticity", 29, 1, TEXT, CODE),
    TC_FIELD("short_sale_threshold_indicator", 30, 1, TEXT, CODE),
    TC_FIELD("ipo_flag", 31, 1, TEXT, CODE),
    TC_FIELD("luld_reference_price_tier", 32, 1, TEXT, CODE),
    TC_FIELD("etp_flag", 33, 1, TEXT, CODE),
    TC_FIELD("etp_leverage_factor", 34, 4, UINT, CODE),
    TC_FIELD("inverse_indicator", 38, 1, TEXT, CODE),
};

/* 1.2.2 Stock Trading Action */
static const struct tc_field stock_trading_action[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    TC_FIELD("trading_state", 19, 1, TEXT, CODE),
    TC_FIELD("reserved", 20, 1, TEXT, RESERVED),
    TC_FIELD("reason", 21, 4, TEXT, CODE),
};

/* 1.2.3 Reg SHO Short Sale Price Test Restricted Indicator */
static const struct tc_field reg_sho_restriction[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    TC_FIELD("reg_sho_action", 19, 1, TEXT, CODE),
};

/* 1.2.4 Market Participant Position */
static const struct tc_field market_participant_position[] = {
    ITCH_HEADER,
    TC_FIELD("mpid", 11, 4, TEXT, PARTICIPANT),
    TC_FIELD("stock", 15, 8, TEXT, SYMBOL),
    TC_FIELD("primary_market_maker", 23, 1, TEXT, CODE),
    TC_FIELD("market_maker_mode", 24, 1, TEXT, CODE),
    TC_FIELD("market_participant_state", 25, 1, TEXT, CODE),
};

/* 1.2.5.1 MWCB Decline Level Message */
static const struct tc_field mwcb_decline_level[] = {
    ITCH_HEADER,
    ITCH_LEVEL("level_1", 11),
    ITCH_LEVEL("level_2", 19),
    ITCH_LEVEL("level_3", 27),
};

/* 1.2.5.2 MWCB Status Message */
static const struct tc_field mwcb_status[] = {
    ITCH_HEADER,
    TC_FIELD("breached_level", 11, 1, TEXT, CODE),
};

/* 1.2.6 Quoting Period Update */
static const struct tc_field ipo_quoting_period[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    TC_FIELD("ipo_quotation_release_time", 19, 4, UINT, TIME),
    TC_FIELD("ipo_quotation_release_qualifier", 23, 1, TEXT, CODE),
    ITCH_PRICE("ipo_price", 24),
};

/* 1.2.7 Limit Up - Limit Down (LULD) Auction Collar */
static const struct tc_field luld_auction_collar[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    ITCH_PRICE("auction_collar_reference_price", 19),
    ITCH_PRICE("upper_auction_collar_price", 23),
    ITCH_PRICE("lower_auction_collar_price", 27),
    TC_FIELD("auction_collar_extension", 31, 4, UINT, CODE),
};

/* 1.2.8 Operational Halt */
static const struct tc_field operational_halt[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    TC_FIELD("market_code", 19, 1, TEXT, CODE),
    TC_FIELD("operational_halt_action", 20, 1, TEXT, CODE),
};

#define ITCH_ADD_ORDER                                                                            \
    ITCH_HEADER, TC_FIELD("order_reference_number", 11, 8, UINT, ORDER_ID),                       \
        TC_FIELD("buy_sell_indicator", 19, 1, TEXT, SIDE), TC_FIELD("shares", 20, 4, UINT, SIZE), \
        TC_FIELD("stock", 24, 8, TEXT, SYMBOL), ITCH_PRICE("price", 32)

/* 1.3.1 Add Order - No MPID Attribution */
static const struct tc_field add_order[] = {ITCH_ADD_ORDER};

/* 1.3.2 Add Order with MPID Attribution */
static const struct tc_field add_order_mpid[] = {
    ITCH_ADD_ORDER,
    TC_FIELD("attribution", 36, 4, TEXT, PARTICIPANT),
};

#define ITCH_EXECUTED                                                       \
    ITCH_HEADER, TC_FIELD("order_reference_number", 11, 8, UINT, ORDER_ID), \
        TC_FIELD("executed_shares", 19, 4, UINT, SIZE),                     \
        TC_FIELD("match_number", 23, 8, UINT, MATCH_ID)

/* 1.4.1 Order Executed Message */
static const struct tc_field order_executed[] = {ITCH_EXECUTED};

/* 1.4.2 Order Executed With Price Message */
static const struct tc_field order_executed_with_price[] = {
    ITCH_EXECUTED,
    TC_FIELD("printable", 31, 1, TEXT, CODE),
    ITCH_PRICE("execution_price", 32),
};

/* 1.4.3 Order Cancel Message */
static const struct tc_field order_cancel[] = {
    ITCH_HEADER,
    TC_FIELD("order_reference_number", 11, 8, UINT, ORDER_ID),
    TC_FIELD("cancelled_shares", 19, 4, UINT, SIZE),
};

/* 1.4.4 Order Delete Message */
static const struct tc_field order_delete[] = {
    ITCH_HEADER,
    TC_FIELD("order_reference_number", 11, 8, UINT, ORDER_ID),
};

/* 1.4.5 Order Replace Message */
static const struct tc_field order_replace[] = {
    ITCH_HEADER,
    TC_FIELD("original_order_reference_number", 11, 8, UINT, ORDER_ID),
    TC_FIELD("new_order_reference_number", 19, 8, UINT, ORDER_ID),
    TC_FIELD("shares", 27, 4, UINT, SIZE),
    ITCH_PRICE("price", 31),
};

/* 1.5.1 Trade Message (Non-Cross) */
static const struct tc_field trade[] = {
    ITCH_HEADER,
    TC_FIELD("order_reference_number", 11, 8, UINT, ORDER_ID),
    TC_FIELD("buy_sell_indicator", 19, 1, TEXT, SIDE),
    TC_FIELD("shares", 20, 4, UINT, SIZE),
    TC_FIELD("stock", 24, 8, TEXT, SYMBOL),
    ITCH_PRICE("price", 32),
    TC_FIELD("match_number", 36, 8, UINT, MATCH_ID),
};

/* 1.5.2 Cross Trade Message */
static const struct tc_field cross_trade[] = {
    ITCH_HEADER,
    TC_FIELD("shares", 11, 8, UINT, SIZE),
    TC_FIELD("stock", 19, 8, TEXT, SYMBOL),
    ITCH_PRICE("cross_price", 27),
    TC_FIELD("match_number", 31, 8, UINT, MATCH_ID),
    TC_FIELD("cross_type", 39, 1, TEXT, CODE),
};

/* 1.5.3 Broken Trade / Order Execution Message */
static const struct tc_field broken_trade[] = {
    ITCH_HEADER,
    TC_FIELD("match_number", 11, 8, UINT, MATCH_ID),
};

/* 1.6 Net Order Imbalance Indicator (NOII) Message */
static const struct tc_field net_order_imbalance[] = {
    ITCH_HEADER,
    TC_FIELD("paired_shares", 11, 8, UINT, SIZE),
    TC_FIELD("imbalance_shares", 19, 8, UINT, SIZE),
    TC_FIELD("imbalance_direction", 27, 1, TEXT, SIDE),
    TC_FIELD("stock", 28, 8, TEXT, SYMBOL),
    ITCH_PRICE("far_price", 36),
    ITCH_PRICE("near_price", 40),
    ITCH_PRICE("current_reference_price", 44),
    TC_FIELD("cross_type", 48, 1, TEXT, CODE),
    TC_FIELD("price_variation_indicator", 49, 1, TEXT, CODE),
};

/* 1.7 Retail Price Improvement Indicator (RPII) */
static const struct tc_field retail_interest[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    TC_FIELD("interest_flag", 19, 1, TEXT, CODE),
};

/* 1.8 Direct Listing with Capital Raise Price Discovery Message */
static const struct tc_field direct_listing[] = {
    ITCH_HEADER,
    TC_FIELD("stock", 11, 8, TEXT, SYMBOL),
    TC_FIELD("open_eligibility_status", 19, 1, TEXT, CODE),
    ITCH_PRICE("minimum_allowable_price", 20),
    ITCH_PRICE("maximum_allowable_price", 24),
    ITCH_PRICE("near_execution_price", 28),
    TC_FIELD("near_execution_time", 32, 8, MIDNIGHT_NS, TIME),
    ITCH_PRICE("lower_price_range_collar", 40),
    ITCH_PRICE("upper_price_range_collar", 44),
};

/* The frequent ones first: a class is an index into this table. */
static const struct tc_type types[] = {
    TC_TYPE('A', "add_order", 36, add_order, 0),
    TC_TYPE('D', "order_delete", 19, order_delete, 0),
    TC_TYPE('U', "order_replace", 35, order_replace, 0),
    TC_TYPE('E', "order_executed", 31, order_executed, 0),
    TC_TYPE('X', "order_cancel", 23, order_cancel, 0),
    TC_TYPE('F', "add_order_mpid", 40, add_order_mpid, 0),
    TC_TYPE('P', "trade", 44, trade, 0),
    TC_TYPE('C', "order_executed_with_price", 36, order_executed_with_price, 0),
    TC_TYPE('Q', "cross_trade", 40, cross_trade, 0),
    TC_TYPE('B', "broken_trade", 19, broken_trade, 0),
    TC_TYPE('I', "net_order_imbalance", 50, net_order_imbalance, 0),
    TC_TYPE('S', "system_event", 12, system_event, 0),
    TC_TYPE('R', "stock_directory", 39, stock_directory, TC_TYPE_DIRECTORY),
    TC_TYPE('H', "stock_trading_action", 25, stock_trading_action, 0),
    TC_TYPE('Y', "reg_sho_restriction", 20, reg_sho_restriction, 0),
    TC_TYPE('L', "market_participant_position", 26, market_participant_position, 0),
    TC_TYPE('V', "mwcb_decline_level", 35, mwcb_decline_level, 0),
    TC_TYPE('W', "mwcb_status", 12, mwcb_status, 0),
    TC_TYPE('K', "ipo_quoting_period", 28, ipo_quoting_period, 0),
    TC_TYPE('J', "luld_auction_collar", 35, luld_auction_collar, 0),
    TC_TYPE('h', "operational_halt", 21, operational_halt, 0),
    TC_TYPE('N', "retail_interest", 20, retail_interest, 0),
    TC_TYPE('O', "direct_listing", 48, direct_listing, 0),
};

const struct tc_feed tc_feed_itch50 = {
    .id = 1,
    .name = "moldudp64/itch50",
    .source = "Nasdaq TotalView-ITCH 5.0, 2023",
    .framing = &tc_framing_moldudp64,
    .types = types,
    .type_count = TC_COUNT_OF(types),
    .flags = TC_FEED_BIG_ENDIAN | TC_FEED_LOCATES,
};
