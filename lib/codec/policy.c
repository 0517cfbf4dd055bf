/* The rows, and the choice. Figures behind them stand in docs/BENCHMARKS.md. */
#include "codec/policy.h"

#include <assert.h>

#define PLANES                          \
    {                                   \
        &tc_kind_planes, &tc_kind_plain \
    }
#define DELTAS                               \
    {                                        \
        &tc_kind_deltaplanes, &tc_kind_plain \
    }
#define VARIED                                          \
    {                                                   \
        &tc_kind_delta, &tc_kind_planes, &tc_kind_plain \
    }
#define FEW                                                  \
    {                                                        \
        &tc_kind_dictionary, &tc_kind_planes, &tc_kind_plain \
    }
#define BYTES          \
    {                  \
        &tc_kind_plain \
    }

const struct tc_policy tc_policies[TC_MEANING_COUNT] = {
    [TC_MEAN_OPAQUE] = {BYTES, TC_EFFORT_MATCH},
    [TC_MEAN_RESERVED] = {BYTES, TC_EFFORT_MATCH},
    [TC_MEAN_TYPE] = {BYTES, TC_EFFORT_ENTROPY},
    [TC_MEAN_LOCATE] = {PLANES, TC_EFFORT_ENTROPY},
    [TC_MEAN_SYMBOL] = {FEW, TC_EFFORT_MATCH},
    [TC_MEAN_EXCH_TIME] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_TIME] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_EXCH_SECOND] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_ORDER_ID] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_MATCH_ID] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_TRACKING] = {FEW, TC_EFFORT_ENTROPY},
    [TC_MEAN_PRICE] = {PLANES, TC_EFFORT_ENTROPY},
    [TC_MEAN_SIZE] = {FEW, TC_EFFORT_ENTROPY},
    [TC_MEAN_SIDE] = {BYTES, TC_EFFORT_ENTROPY},
    [TC_MEAN_CODE] = {FEW, TC_EFFORT_ENTROPY},
    [TC_MEAN_PARTICIPANT] = {FEW, TC_EFFORT_ENTROPY},
    [TC_MEAN_SESSION] = {FEW, TC_EFFORT_MATCH},
    [TC_MEAN_SEQUENCE] = {VARIED, TC_EFFORT_MATCH},
    [TC_MEAN_COUNT] = {PLANES, TC_EFFORT_ENTROPY},
    [TC_MEAN_PAYLOAD_BYTES] = {PLANES, TC_EFFORT_ENTROPY},
    [TC_MEAN_STREAM_OFFSET] = {VARIED, TC_EFFORT_MATCH},
    [TC_MEAN_SEND_TIME] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_VERSION] = {FEW, TC_EFFORT_MATCH},
    [TC_MEAN_RX_TIME] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_PROC_TIME] = {DELTAS, TC_EFFORT_ENTROPY},
    [TC_MEAN_CLASS] = {BYTES, TC_EFFORT_ENTROPY},
    [TC_MEAN_HEADER] = {VARIED, TC_EFFORT_MATCH},
    [TC_MEAN_LENGTH] = {FEW, TC_EFFORT_ENTROPY},
    [TC_MEAN_FLAGS] = {FEW, TC_EFFORT_MATCH},
};

uint8_t tc_column_encode(struct tc_desk *desk, const struct tc_column *column,
                         enum tc_meaning meaning, struct tc_scribe *out)
{
    const struct tc_policy *policy = &tc_policies[meaning];

    assert(column->count > 0 &&
           out->capacity - out->length >= tc_column_bound(column->count, column->width));
    if (tc_kind_constant.encode(desk, column, TC_EFFORT_NONE, out))
        return tc_kind_constant.id;
    for (size_t i = 0; i < TC_POLICY_CHOICES && policy->choices[i] != NULL; i++)
        if (policy->choices[i]->encode(desk, column, policy->effort, out))
            return policy->choices[i]->id;
    tc_kind_plain.encode(desk, column, policy->effort, out);
    return tc_kind_plain.id;
}
