/*
 * Listing symbols. Names have one to four letters, in the proportions of the American exchanges,
 * and are numbered in alphabetical order; a matching engine serves a range of the alphabet, so the
 * lane of a symbol's order references follows from its number.
 */
#include "tickcap/gen/listing.h"

#include <stdlib.h>
#include <string.h>

enum {
    LETTERS = 26,
    NAME_LETTERS = 4,
    CENT = 100, /* in ten-thousandths of a dollar */
    DOLLAR = 100 * CENT,
};

/* In cents: half of the market trades below 25 dollars. */
static const struct tc_quantiles prices_cents = {
    {20,   110,  190,  310,  450,  600,  780,  960,  1150, 1380,  1710,  2050,  2420,
     2580, 2850, 3220, 3760, 4380, 5010, 5900, 7300, 9200, 11800, 16500, 27000, 180000}};

/* Equally likely. */
static const uint16_t round_lots[] = {
    100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100,  100,
    100, 100, 100, 100, 100, 200, 200, 200, 200, 300, 300, 400, 500, 500, 1000, 1500,
};

static const uint16_t odd_lots[] = {1, 2, 3, 5, 10, 10, 15, 20, 25, 25, 30, 40, 50, 50, 60, 75};

static const char markets[] = {'Q', 'Q', 'G', 'S', 'N', 'N', 'N', 'P', 'P', 'P', 'Z', 'A'};

/* Selection sampling: names of each length that are still to be passed, and still wanted. */
struct census {
    struct tc_random *random;
    uint32_t left[NAME_LETTERS + 1];
    uint32_t wanted[NAME_LETTERS + 1];
    struct tc_listed *next;
};

static void census_init(struct census *census, struct tc_listing *listing, struct tc_random *random)
{
    uint32_t names = 1, wanted = listing->count;

    *census = (struct census){.random = random, .next = listing->symbols};
    for (unsigned length = 1; length <= NAME_LETTERS; length++) {
        static const unsigned shares[NAME_LETTERS + 1] = {0, 400, 40, 3, 1}; /* one in so many */
        uint32_t share = listing->count / shares[length];

        names *= LETTERS;
        share = share < names ? share : names;
        census->left[length] = names;
        census->wanted[length] = share < wanted ? share : wanted;
        wanted -= census->wanted[length];
    }
}

/* Passes every name that begins with the first `length` - 1 letters, in alphabetical order. */
static void pass_names(struct census *census, char *name, unsigned length)
{
    for (char letter = 'A'; letter <= 'Z'; letter++) {
        name[length - 1] = letter;
        if (tc_random_below(census->random, census->left[length]--) < census->wanted[length]) {
            census->wanted[length]--;
            memset(census->next->name, ' ', TC_LISTED_NAME_BYTES);
            memcpy(census->next->name, name, length);
            census->next++;
        }
        if (length < NAME_LETTERS)
            pass_names(census, name, length + 1);
    }
}

/* A random order of the symbols: who is busy has nothing to do with the alphabet. */
static void shuffle_ranks(struct tc_listing *listing, struct tc_random *random)
{
    for (uint32_t i = 0; i < listing->count; i++) {
        uint32_t other = tc_random_below(random, i + 1);

        listing->symbol_of_rank[i] = listing->symbol_of_rank[other];
        listing->symbol_of_rank[other] = i;
    }
}

uint32_t tc_listing_shares(struct tc_random *random)
{
    uint32_t kind = tc_random_below(random, 64);

    if (kind == 0) /* what is left of a larger order */
        return 1 + tc_random_below(random, 4000);
    if (kind <= 10)
        return odd_lots[tc_random_below(random, sizeof odd_lots / sizeof odd_lots[0])];
    return round_lots[tc_random_below(random, sizeof round_lots / sizeof round_lots[0])];
}

/* Dear and quiet symbols have the wider spreads. */
static void set_habits(struct tc_listed *symbol, uint32_t count, struct tc_random *random)
{
    uint32_t cents = tc_random_quantile(random, &prices_cents);
    uint32_t widest = 1 + cents / 1500 + (uint32_t)((uint64_t)symbol->rank * 12 / count);

    symbol->price = cents * CENT;
    symbol->tick = symbol->price < DOLLAR ? 1 : CENT; /* SEC Rule 612 */
    symbol->spread_ticks = 1 + tc_random_below(random, widest);
    symbol->usual_shares = tc_listing_shares(random);
    symbol->market = markets[tc_random_below(random, sizeof markets)];
}

enum tc_status tc_listing_init(struct tc_listing *listing, uint32_t count, struct tc_random *random)
{
    char name[NAME_LETTERS];
    struct census census;

    listing->count = count;
    listing->symbols = calloc(count, sizeof *listing->symbols);
    listing->symbol_of_rank = calloc(count, sizeof *listing->symbol_of_rank);
    if (listing->symbols == NULL || listing->symbol_of_rank == NULL) {
        tc_listing_free(listing);
        return TC_MEMORY;
    }
    census_init(&census, listing, random);
    pass_names(&census, name, 1);
    shuffle_ranks(listing, random);
    for (uint32_t rank = 0; rank < count; rank++) {
        uint32_t index = listing->symbol_of_rank[rank];
        struct tc_listed *symbol = listing->symbols + index;

        symbol->locate = (uint16_t)(index + 1);
        symbol->lane = (uint8_t)((1 + index * TC_LANES / count) % TC_LANES);
        symbol->rank = rank;
        set_habits(symbol, count, random);
    }
    return TC_OK;
}

void tc_listing_free(struct tc_listing *listing)
{
    free(listing->symbols);
    free(listing->symbol_of_rank);
    *listing = (struct tc_listing){0};
}
