/*
 * What happens to one symbol's book, and the message that tells of it.
 */
#ifndef TC_GEN_ORDERFLOW_H
#define TC_GEN_ORDERFLOW_H

#include "tickcap/gen/book.h"
#include "tickcap/gen/itchwriter.h"
#include "tickcap/gen/random.h"

/* What moves while a symbol trades. */
struct tc_trading {
    const struct tc_listed *symbol;
    uint32_t fair;     /* where new bids belong; asks are one spread above */
    uint32_t messages; /* so far: a book deepens while it trades */
    struct tc_book book;
};

/* The numbers that an exchange hands out; they go up by symbol lane, and by match. */
struct tc_numbers {
    uint64_t reference[TC_LANES]; /* of the latest order */
    uint64_t first_match;
    uint64_t next_match;
};

/*
 * Lets something happen at `time_ns` (since midnight), drawn from the mix of a day, and writes its
 * message of up to TC_ITCH_BYTES_MAX bytes; answers the length.
 */
size_t tc_orderflow_step(struct tc_trading *trading, struct tc_numbers *numbers,
                         struct tc_random *random, uint64_t time_ns, uint8_t *message);

#endif
