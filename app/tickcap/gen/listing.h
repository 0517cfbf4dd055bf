/*
 * The symbols that a generated exchange lists: names, numbers, and how each of them trades.
 */
#ifndef TC_GEN_LISTING_H
#define TC_GEN_LISTING_H

#include "base/status.h"
#include "tickcap/gen/random.h"

enum {
    TC_LISTED_NAME_BYTES = 8, /* padded with spaces */
    TC_LANES = 4,             /* matching engines; each numbers its orders in a lane of its own */
};

struct tc_listed {
    char name[TC_LISTED_NAME_BYTES];
    uint16_t locate; /* from 1, in alphabetical order */
    uint8_t lane;
    char market;           /* Stock Directory, "Market Category" */
    uint32_t rank;         /* 0 for the busiest */
    uint32_t price;        /* at the start, ten-thousandths of a dollar */
    uint32_t tick;         /* smallest step of a price */
    uint32_t spread_ticks; /* usual distance of the best prices */
    uint32_t usual_shares; /* size of the orders that its main market maker sends */
};

struct tc_listing {
    struct tc_listed *symbols;
    uint32_t *symbol_of_rank;
    uint32_t count;
};

enum { TC_GEN_SYMBOLS_MAX = 65535 };

/* Freed with tc_listing_free. */
TC_MUST_USE enum tc_status tc_listing_init(struct tc_listing *listing, uint32_t count,
                                           struct tc_random *random);

void tc_listing_free(struct tc_listing *listing);

/* A usual number of shares of an order: mostly round lots, mostly one of them. */
uint32_t tc_listing_shares(struct tc_random *random);

#endif
