/*
 * Policy: how values of a meaning are best stored.
 *
 * One row a meaning. The first kind of the row that fits the values at hand is taken; columns in
 * which all values are equal are constant whatever they mean.
 */
#ifndef TC_CODEC_POLICY_H
#define TC_CODEC_POLICY_H

#include "base/meaning.h"
#include "codec/kind.h"

enum { TC_POLICY_CHOICES = 3 };

struct tc_policy {
    const struct tc_kind *choices[TC_POLICY_CHOICES]; /* ends with NULL */
    enum tc_effort effort;
};

extern const struct tc_policy tc_policies[TC_MEANING_COUNT];

/*
 * Stores a column; answers the id of the kind. `column->count` is not 0, `out` has room for
 * tc_column_bound bytes.
 */
uint8_t tc_column_encode(struct tc_desk *desk, const struct tc_column *column,
                         enum tc_meaning meaning, struct tc_scribe *out);

#endif
