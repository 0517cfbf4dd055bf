/* Symbols take turns by their activity; now and then one keeps it. */
#include "tickcap/gen/market.h"

#include <stdlib.h>

enum {
    ROOM_LEAST = 16,          /* orders on a side of the quietest book */
    ROOM_BY_RANK = 1200,      /* and so many more, divided by 10 + rank */
    SESSION_ORDERS = 1500000, /* at most so many orders were made in a lane before the start */
    SESSION_MATCHES = 60000,
};

uint64_t tc_market_gap_ns(struct tc_market *market)
{
    return tc_random_quantile(&market->random, &market->pace->gap_ns);
}

size_t tc_market_next(struct tc_market *market, uint64_t time_ns, uint8_t *message)
{
    if (!tc_random_hits(&market->random, market->same_symbol))
        market->current = tc_activity_draw(&market->activity, &market->random);
    return tc_orderflow_step(market->tradings + market->current, &market->numbers, &market->random,
                             time_ns, message);
}

static uint16_t room_of_rank(uint32_t rank)
{
    return (uint16_t)(ROOM_LEAST + ROOM_BY_RANK / (10 + rank));
}

/* Gives every book its part of one piece of memory. */
static bool init_books(struct tc_market *market)
{
    uint32_t count = market->listing->count;
    struct tc_order *orders;
    size_t room = 0;

    for (uint32_t rank = 0; rank < count; rank++)
        room += TC_SIDES * room_of_rank(rank);
    market->orders = calloc(room, sizeof *market->orders);
    market->tradings = calloc(count, sizeof *market->tradings);
    if (market->orders == NULL || market->tradings == NULL)
        return false;
    orders = market->orders;
    for (uint32_t i = 0; i < count; i++) {
        struct tc_trading *trading = market->tradings + i;

        trading->symbol = market->listing->symbols + i;
        trading->fair = trading->symbol->price;
        trading->book.room = room_of_rank(trading->symbol->rank);
        for (size_t side = 0; side < TC_SIDES; side++) {
            trading->book.orders[side] = orders;
            orders += trading->book.room;
        }
    }
    return true;
}

enum tc_status tc_market_init(struct tc_market *market, const struct tc_pace *pace,
                              const struct tc_listing *listing, struct tc_random random)
{
    enum tc_status status;

    *market = (struct tc_market){
        .pace = pace,
        .listing = listing,
        .random = random,
        .same_symbol = tc_chance_of(pace->same_symbol),
    };
    status = tc_activity_init(&market->activity, listing->symbol_of_rank, listing->count);
    if (status == TC_OK && !init_books(market))
        status = TC_MEMORY;
    if (status != TC_OK)
        tc_market_free(market);
    return status;
}

void tc_market_free(struct tc_market *market)
{
    tc_activity_free(&market->activity);
    free(market->tradings);
    free(market->orders);
    *market = (struct tc_market){0};
}

void tc_market_open(struct tc_market *market)
{
    struct tc_numbers *numbers = &market->numbers;

    for (uint32_t i = 0; i < market->listing->count; i++) {
        struct tc_trading *trading = market->tradings + i;

        trading->messages = 0;
        memset(trading->book.count, 0, sizeof trading->book.count);
    }
    for (uint64_t lane = 0; lane < TC_LANES; lane++)
        numbers->reference[lane] = lane + TC_LANES * (uint64_t)tc_random_below(&market->random,
                                                                               SESSION_ORDERS);
    numbers->first_match = 1 + tc_random_below(&market->random, SESSION_MATCHES);
    numbers->next_match = numbers->first_match;
}
