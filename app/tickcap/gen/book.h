/*
 * The limit order book of one symbol: live orders by price and time priority.
 *
 * A side is an array with the best order at its end, so the orders that markets touch most are the
 * ones that move fewest others. Between equal prices the older order is the better one. The memory
 * is the caller's; a side holds at most `room` orders.
 */
#ifndef TC_GEN_BOOK_H
#define TC_GEN_BOOK_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct tc_order {
    uint64_t reference;
    uint32_t price;
    uint32_t shares;
};

enum tc_side { TC_BUY, TC_SELL, TC_SIDES };

struct tc_book {
    struct tc_order *orders[TC_SIDES]; /* the best one last */
    uint16_t count[TC_SIDES];
    uint16_t room;
};

static inline bool tc_book_full(const struct tc_book *book, enum tc_side side)
{
    return book->count[side] == book->room;
}

/* The best order of a side that has one. */
static inline struct tc_order *tc_book_best(const struct tc_book *book, enum tc_side side)
{
    return book->orders[side] + book->count[side] - 1;
}

/* Whether price `a` comes before price `b` on that side. */
static inline bool tc_price_better(enum tc_side side, uint32_t a, uint32_t b)
{
    return side == TC_BUY ? a > b : a < b;
}

static inline void tc_book_insert(struct tc_book *book, enum tc_side side, struct tc_order order)
{
    struct tc_order *orders = book->orders[side];
    size_t at = book->count[side]++;

    assert(at < book->room);
    for (; at > 0 && !tc_price_better(side, order.price, orders[at - 1].price); at--)
        orders[at] = orders[at - 1];
    orders[at] = order;
}

static inline struct tc_order tc_book_remove(struct tc_book *book, enum tc_side side, size_t index)
{
    struct tc_order *orders = book->orders[side];
    struct tc_order removed = orders[index];
    size_t behind = --book->count[side] - index;

    memmove(orders + index, orders + index + 1, behind * sizeof *orders);
    return removed;
}

#endif
