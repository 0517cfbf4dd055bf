/*
 * The course of a session: opening, directory, order flow, closing; and one session after another.
 */
#ifndef TC_GEN_TRADINGDAY_H
#define TC_GEN_TRADINGDAY_H

#include "base/civil.h"
#include "tickcap/gen/market.h"
#include "tickcap/gen/publisher.h"

struct tc_day {
    struct tc_market *market;
    struct tc_publisher *publisher;
    const struct tc_listing *listing;
    struct tc_date date; /* names the sessions */
    uint64_t time_ns;    /* of the exchange, since midnight */
    uint64_t messages;   /* so many are to be made, of all sessions together */
    uint64_t made;
    unsigned sessions;
    bool directory;
    /* Called now and then, for a person who waits; may be NULL. */
    void (*progress)(void *context, uint64_t made);
    void *context;
};

TC_MUST_USE enum tc_status tc_day_run(struct tc_day *day, struct tc_error *error);

#endif
