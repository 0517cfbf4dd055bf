/* The worst of a ring. */
#include "clock/claim.h"

uint64_t tc_claim_take(struct tc_claim *claim, uint64_t apart_ns)
{
    uint32_t count;
    uint64_t worst = 0;

    claim->apart_ns[claim->count++ % TC_CLAIM_SAMPLES] = apart_ns;
    count = claim->count < TC_CLAIM_SAMPLES ? claim->count : TC_CLAIM_SAMPLES;
    for (uint32_t i = 0; i < count; i++)
        worst = claim->apart_ns[i] > worst ? claim->apart_ns[i] : worst;
    return worst + worst / 4;
}
