/* The shelf, in order of the permanent ids. */
#include "codec/kind.h"

const struct tc_kind *const tc_kinds[] = {
    &tc_kind_plain,      &tc_kind_constant, &tc_kind_delta,
    &tc_kind_dictionary, &tc_kind_planes,   &tc_kind_deltaplanes,
};

const size_t tc_kind_count = sizeof tc_kinds / sizeof tc_kinds[0];

const struct tc_kind *tc_kind_of(uint8_t id)
{
    for (size_t i = 0; i < tc_kind_count; i++)
        if (tc_kinds[i]->id == id)
            return tc_kinds[i];
    return NULL;
}
