/* The alias table, by Vose's method. Only operations that IEEE 754 rounds exactly are used. */
#include "tickcap/gen/activity.h"

#include <math.h>
#include <stdlib.h>

static double weight_of_rank(uint32_t rank, uint32_t count)
{
    double x = rank / (0.375 * count);

    return 1 / ((rank + 10.0) * (1 + x * sqrt(x)));
}

/* Shares of all activity by symbol, scaled so that their mean is 1. */
static void fill_shares(double *shares, const uint32_t *symbol_of_rank, uint32_t count)
{
    double sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += weight_of_rank(i + 1, count);
    for (uint32_t i = 0; i < count; i++)
        shares[symbol_of_rank[i]] = weight_of_rank(i + 1, count) * count / sum;
}

/* `work` has room for `count` numbers: rare symbols from its front, frequent ones from its end. */
static void fill_slots(struct tc_activity_slot *slots, double *shares, uint32_t *work,
                       uint32_t count)
{
    uint32_t rare = 0, frequent = count;

    for (uint32_t i = 0; i < count; i++) {
        if (shares[i] < 1)
            work[rare++] = i;
        else
            work[--frequent] = i;
        slots[i] = (struct tc_activity_slot){UINT32_MAX, i};
    }
    while (rare > 0 && frequent < count) {
        uint32_t low = work[--rare], high = work[frequent];

        slots[low] = (struct tc_activity_slot){(uint32_t)(shares[low] * 4294967296.0), high};
        shares[high] -= 1 - shares[low];
        if (shares[high] < 1) {
            work[rare++] = high;
            frequent++;
        }
    }
}

enum tc_status tc_activity_init(struct tc_activity *activity, const uint32_t *symbol_of_rank,
                                uint32_t count)
{
    double *shares = malloc(count * sizeof *shares);
    uint32_t *work = malloc(count * sizeof *work);

    activity->slots = malloc(count * sizeof *activity->slots);
    activity->count = count;
    if (shares != NULL && work != NULL && activity->slots != NULL) {
        fill_shares(shares, symbol_of_rank, count);
        fill_slots(activity->slots, shares, work, count);
    }
    free(work);
    free(shares);
    if (shares != NULL && work != NULL && activity->slots != NULL)
        return TC_OK;
    tc_activity_free(activity);
    return TC_MEMORY;
}

void tc_activity_free(struct tc_activity *activity)
{
    free(activity->slots);
    activity->slots = NULL;
}
