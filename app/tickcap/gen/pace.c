/*
 * The profiles of tickcap gen. A market reacts to itself, so messages come in clusters, and the
 * publisher's packets are these clusters (publisher.h): the lower part of a table is the pace
 * inside a cluster, its upper part the silence between two.
 */
#include "tickcap/gen/pace.h"

const struct tc_pace tc_paces[] = {
    {
        /* 57,000 messages/s, 2.2 to a packet */
        .name = "quiet",
        .gap_ns = {{0,     0,     0,     0,     140,   250,   300,   360,   480,
                    700,   1000,  1400,  1900,  2600,  3900,  7000,  11000, 15000,
                    19500, 25000, 31500, 39000, 49000, 63000, 85000, 161000}},
        .same_symbol = 0.10,
    },
    {
        /* The milliseconds after 9:30 of a day in 2019, as measured. */
        .name = "open",
        .gap_ns = {{0,    0,    0,    0,    239,  275,  309,  360,  502,  653,  1041, 1261, 1385,
                    1525, 1673, 1900, 2217, 2465, 2747, 3056, 3444, 4061, 4914, 5836, 8501, 21600}},
        .same_symbol = 0.177,
    },
    {
        /* 8 messages to a packet, and up to 40 */
        .name = "burst",
        .gap_ns = {{0,   0,   0,   0,   0,   0,   20,  40,  60,  80,   100,  120,   140,
                    160, 180, 200, 220, 240, 260, 290, 330, 400, 4000, 9000, 15000, 36000}},
        .same_symbol = 0.17,
    },
};

const size_t tc_pace_count = sizeof tc_paces / sizeof tc_paces[0];

const struct tc_quantiles tc_directory_gap_ns = {{150, 155, 160, 165, 170, 175, 180, 185, 190,
                                                  195, 200, 205, 210, 215, 220, 225, 230, 235,
                                                  240, 245, 250, 260, 270, 290, 320, 1200}};
