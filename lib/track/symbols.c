/* The table of names and the bitmaps of its followers. */
#include "track/symbols.h"

#include <string.h>

enum { WORDS = TC_LOCATES / 64 };

size_t tc_symbols_footprint(uint32_t followers)
{
    return TC_LOCATES * sizeof(uint64_t) +
           followers * (WORDS * sizeof(uint64_t) + sizeof(uint64_t));
}

void tc_symbols_init(struct tc_symbols *symbols, void *memory, uint32_t followers)
{
    uint64_t *words = memory;

    memset(memory, 0, tc_symbols_footprint(followers));
    *symbols = (struct tc_symbols){
        .names = words,
        .untold = words + TC_LOCATES,
        .lowest = (uint32_t *)(words + TC_LOCATES + (size_t)followers * WORDS),
        .followers = followers,
    };
    for (uint32_t i = 0; i < followers; i++)
        symbols->lowest[i] = TC_LOCATES;
}

static uint64_t *untold_word(struct tc_symbols *symbols, uint32_t follower, uint32_t locate)
{
    return &symbols->untold[(size_t)follower * WORDS + locate / 64];
}

void tc_symbols_untell(struct tc_symbols *symbols, uint32_t follower, uint16_t locate)
{
    *untold_word(symbols, follower, locate) |= UINT64_C(1) << (locate % 64);
    if (locate < symbols->lowest[follower])
        symbols->lowest[follower] = locate;
}

bool tc_symbols_set(struct tc_symbols *symbols, uint16_t locate, const uint8_t *name)
{
    uint64_t word;

    memcpy(&word, name, sizeof word);
    if (word == 0 || symbols->names[locate] == word)
        return false;
    symbols->known += symbols->names[locate] == 0;
    symbols->names[locate] = word;
    for (uint32_t i = 0; i < symbols->followers; i++)
        tc_symbols_untell(symbols, i, locate);
    return true;
}

int32_t tc_symbols_tell(struct tc_symbols *symbols, uint32_t follower)
{
    uint32_t locate = symbols->lowest[follower];

    while (locate < TC_LOCATES) {
        uint64_t *word = untold_word(symbols, follower, locate);
        uint64_t rest = *word >> (locate % 64);

        if (rest != 0) {
            locate += (uint32_t)__builtin_ctzll(rest);
            *word &= ~(UINT64_C(1) << (locate % 64));
            symbols->lowest[follower] = locate + 1;
            return (int32_t)locate;
        }
        locate = (locate / 64 + 1) * 64;
    }
    symbols->lowest[follower] = TC_LOCATES;
    return -1;
}
