/* Setting a line up, and taking its packets. */
#include "linebed.h"

#include <criterion/criterion.h>
#include <stdlib.h>

void line_set_up(struct linebed *bed, uint32_t ranges, uint8_t rules)
{
    *bed = (struct linebed){0};
    bed->memory = malloc(tc_sequence_footprint(ranges));
    tc_sequence_init(&bed->line, bed->memory, ranges, rules);
}

void line_tear_down(struct linebed *bed)
{
    free(bed->memory);
}

const char *line_take(struct linebed *bed, const struct tc_packet *packet)
{
    memset(&bed->verdict, 0xee, sizeof bed->verdict);
    tc_sequence_packet(&bed->line, packet, &bed->verdict);
    cr_assert_leq(bed->verdict.old, packet->messages);
    for (uint32_t i = 0; i < packet->messages; i++)
        if (i >= bed->verdict.old)
            bed->letters[i] = 'i';
        else if (tc_sequence_old(&bed->line, &bed->verdict, packet->sequence + i) == TC_OLD_LATE)
            bed->letters[i] = 'l';
        else
            bed->letters[i] = 'd';
    bed->letters[packet->messages] = '\0';
    return bed->letters;
}

struct tc_packet line_packet(char session, enum tc_packet_kind kind, uint64_t sequence,
                             uint32_t messages)
{
    return (struct tc_packet){.session = {{(uint64_t)session, 0}},
                              .sequence = sequence,
                              .messages = messages,
                              .kind = kind};
}
