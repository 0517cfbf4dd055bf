/*
 * The market: the books of all symbols, and when and where the next message is made.
 *
 * References, shares and prices follow from the books, so a feed handler that rebuilds them from
 * the messages finds no contradiction. All memory is taken at the start: a book has its room.
 */
#ifndef TC_GEN_MARKET_H
#define TC_GEN_MARKET_H

#include "tickcap/gen/activity.h"
#include "tickcap/gen/listing.h"
#include "tickcap/gen/orderflow.h"
#include "tickcap/gen/pace.h"

struct tc_market {
    const struct tc_pace *pace;
    const struct tc_listing *listing;
    struct tc_activity activity;
    struct tc_random random;
    struct tc_chance same_symbol;
    uint32_t current; /* symbol of the latest message */
    struct tc_numbers numbers;
    struct tc_trading *tradings; /* by symbol */
    struct tc_order *orders;     /* memory of all books */
};

/* `pace` and `listing` outlive the market. Freed with tc_market_free. */
TC_MUST_USE enum tc_status tc_market_init(struct tc_market *market, const struct tc_pace *pace,
                                          const struct tc_listing *listing,
                                          struct tc_random random);

void tc_market_free(struct tc_market *market);

/* Empties the books: a new session knows no orders of the one before. */
void tc_market_open(struct tc_market *market);

/* How long after the latest message the next one comes. */
uint64_t tc_market_gap_ns(struct tc_market *market);

/* Writes the next message, up to TC_ITCH_BYTES_MAX bytes, made at `time_ns`; answers its length. */
size_t tc_market_next(struct tc_market *market, uint64_t time_ns, uint8_t *message);

#endif
