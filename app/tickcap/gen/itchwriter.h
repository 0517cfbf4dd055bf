/*
 * ITCH 5.0 messages as bytes: one function a message, each answers its length.
 *
 * Written out against the specification and not from the feed table of the library: what checks
 * the readers must not share their mistakes. Section numbers are those of the 2023 document.
 */
#ifndef TC_GEN_ITCHWRITER_H
#define TC_GEN_ITCHWRITER_H

#include "tickcap/gen/book.h"
#include "tickcap/gen/listing.h"

enum { TC_ITCH_BYTES_MAX = 64 };

/* What all messages begin with. */
struct tc_itch_head {
    const struct tc_listed *symbol; /* NULL: of the whole market */
    uint64_t time_ns;               /* since midnight */
    uint16_t tracking;
};

size_t tc_itch_system_event(uint8_t *out, struct tc_itch_head head, char event);
size_t tc_itch_decline_levels(uint8_t *out, struct tc_itch_head head, uint64_t index_level);

/* Start of day, one of each a symbol. */
size_t tc_itch_directory(uint8_t *out, struct tc_itch_head head);
size_t tc_itch_trading_action(uint8_t *out, struct tc_itch_head head);
size_t tc_itch_short_sale(uint8_t *out, struct tc_itch_head head);
size_t tc_itch_participant(uint8_t *out, struct tc_itch_head head, unsigned participant);

/* Orders. */
size_t tc_itch_add(uint8_t *out, struct tc_itch_head head, enum tc_side side,
                   const struct tc_order *order);
size_t tc_itch_add_attributed(uint8_t *out, struct tc_itch_head head, enum tc_side side,
                              const struct tc_order *order, unsigned participant);
size_t tc_itch_execute(uint8_t *out, struct tc_itch_head head, uint64_t reference, uint32_t shares,
                       uint64_t match);
size_t tc_itch_execute_at(uint8_t *out, struct tc_itch_head head, uint64_t reference,
                          uint32_t shares, uint64_t match, uint32_t price);
size_t tc_itch_cancel(uint8_t *out, struct tc_itch_head head, uint64_t reference, uint32_t shares);
size_t tc_itch_delete(uint8_t *out, struct tc_itch_head head, uint64_t reference);
size_t tc_itch_replace(uint8_t *out, struct tc_itch_head head, uint64_t replaced,
                       const struct tc_order *order);

/* Trades without an order in the book, auctions, interest. */
size_t tc_itch_trade(uint8_t *out, struct tc_itch_head head, uint32_t shares, uint32_t price,
                     uint64_t match);
size_t tc_itch_cross(uint8_t *out, struct tc_itch_head head, uint64_t shares, uint32_t price,
                     uint64_t match);
size_t tc_itch_broken_trade(uint8_t *out, struct tc_itch_head head, uint64_t match);
size_t tc_itch_imbalance(uint8_t *out, struct tc_itch_head head, uint64_t paired,
                         uint64_t imbalance, uint32_t price);
size_t tc_itch_retail_interest(uint8_t *out, struct tc_itch_head head, char interest);

#endif
