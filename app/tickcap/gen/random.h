/*
 * Seeded chance: the same seed gives the same feed on every machine.
 *
 * xoshiro256++ (Blackman and Vigna, 2019) seeded through splitmix64. Each part of the generator has
 * a stream of its own, so that more loss on a line does not change the market behind it. Everything
 * is drawn with integers; distributions are tables of quantiles, not formulas of libm, whose last
 * bits differ from library to library.
 */
#ifndef TC_GEN_RANDOM_H
#define TC_GEN_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tc_random {
    uint64_t state[4];
};

enum tc_random_stream {
    TC_RANDOM_LISTING,
    TC_RANDOM_MARKET,
    TC_RANDOM_LOSS_BOTH,
    TC_RANDOM_LINES, /* line after line, each with TC_RANDOM_LINE_STREAMS */
};

enum { TC_RANDOM_LINE_STREAMS = 3 };

static inline uint64_t tc_random_mix(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15;

    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return mixed ^ mixed >> 31;
}

static inline struct tc_random tc_random_of(uint64_t seed, unsigned stream)
{
    uint64_t state = seed ^ (uint64_t)stream << 56;
    struct tc_random random;

    for (size_t i = 0; i < 4; i++)
        random.state[i] = tc_random_mix(&state);
    return random;
}

static inline uint64_t tc_random_rotate(uint64_t bits, unsigned by)
{
    return bits << by | bits >> (64 - by);
}

static inline uint64_t tc_random_bits(struct tc_random *random)
{
    uint64_t *state = random->state;
    uint64_t bits = tc_random_rotate(state[0] + state[3], 23) + state[0];
    uint64_t shifted = state[1] << 17;

    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = tc_random_rotate(state[3], 45);
    return bits;
}

/* 0 <= answer < bound; the bias of a bound far below 2^32 is beyond notice. */
static inline uint32_t tc_random_below(struct tc_random *random, uint32_t bound)
{
    return (uint32_t)((tc_random_bits(random) >> 32) * bound >> 32);
}

/* A probability in units of 2^-32, so that a draw is one comparison. */
struct tc_chance {
    uint64_t threshold;
};

static inline struct tc_chance tc_chance_of(double probability)
{
    return (struct tc_chance){(uint64_t)(probability * 4294967296.0)};
}

static inline bool tc_random_hits(struct tc_random *random, struct tc_chance chance)
{
    return tc_random_bits(random) >> 32 < chance.threshold;
}

/* True once in `times`. */
static inline bool tc_random_once_in(struct tc_random *random, uint32_t times)
{
    return tc_random_below(random, times) == 0;
}

enum { TC_QUANTILE_STEPS = 25 };

/* A distribution: its values at 0 %, 4 %, 8 %, ... 100 %, straight lines between them. */
struct tc_quantiles {
    uint32_t at[TC_QUANTILE_STEPS + 1];
};

static inline uint32_t tc_random_quantile(struct tc_random *random,
                                          const struct tc_quantiles *quantiles)
{
    uint64_t point = (tc_random_bits(random) >> 32) * TC_QUANTILE_STEPS;
    const uint32_t *at = quantiles->at + (point >> 32);

    return at[0] + (uint32_t)((at[1] - at[0]) * (point & 0xffffffff) >> 32);
}

#endif
