/*
 * Loss in bursts: Gilbert's model of a line that is either fine or not.
 *
 * A lost packet loses the next one with a higher probability, since what loses packets, a full
 * queue, outlives one of them. The mean over a long run is the probability asked for.
 */
#ifndef TC_GEN_LOSS_H
#define TC_GEN_LOSS_H

#include "tickcap/gen/random.h"

#define TC_LOSS_PERSISTS 0.6 /* a lost packet loses the next one */
#define TC_LOSS_MAX      0.9

struct tc_loss {
    struct tc_random random;
    struct tc_chance after_arrival;
    struct tc_chance after_loss;
    bool losing;
};

/* `mean` is at most TC_LOSS_MAX. */
static inline struct tc_loss tc_loss_of(double mean, struct tc_random random)
{
    double persists = mean > TC_LOSS_PERSISTS ? mean : TC_LOSS_PERSISTS;

    return (struct tc_loss){.random = random,
                            .after_arrival = tc_chance_of(mean * (1 - persists) / (1 - mean)),
                            .after_loss = tc_chance_of(mean > 0 ? persists : 0)};
}

/* Whether the next packet is lost. */
static inline bool tc_loss_hits(struct tc_loss *loss)
{
    loss->losing = tc_random_hits(&loss->random,
                                  loss->losing ? loss->after_loss : loss->after_arrival);
    return loss->losing;
}

#endif
