/*
 * Captures with losses: a hostile feed goes through one stream, or through two and the stream that
 * compares them, while batches run out now and then, one line lags behind the others, symbols are
 * filtered, and sessions start anew or come back.
 */
#ifndef TC_UNIT_LOSSBED_H
#define TC_UNIT_LOSSBED_H

#include "block/chorus.h"
#include "hostile.h"
#include "pipework.h"

enum {
    LOSS_STREAMS = 3, /* two of frames and that of the chorus */
    LOSS_LAG = 64,
    LOSS_REPORTS = 4096,
};

/* What goes wrong beside losses. */
struct loss_options {
    const struct tc_feed *feed;
    uint16_t lines;
    bool two_streams;
    bool filters;
    bool skewed; /* each line has send times of its own */
    bool calm;   /* no noise, and no session comes back */
};

struct loss_frame {
    struct tc_arrival arrival;
    uint8_t bytes[2048];
};

struct loss_bed {
    struct loss_options options;
    struct tc_capture *capture;
    struct hostile *hostile;
    struct smith_random dice;
    struct pipework *works[LOSS_STREAMS];
    struct tc_line_table table;
    struct tc_symbol_filter filter;
    void *filter_memory;
    struct tc_chorus chorus;
    void *chorus_memory;
    uint64_t unheard_told;
    struct tc_line_report reports[2][LOSS_REPORTS]; /* queues */
    uint32_t report_first[2], report_end[2];
    struct loss_frame lagging[LOSS_LAG]; /* of line 1: a ring */
    uint32_t lag_first, lag_count;
    uint64_t now_ns;
};

/* Records such a capture into the folder of segments. */
struct loss_bed *loss_record(const struct loss_options *options, uint64_t seed);
void loss_free(struct loss_bed *bed);

#endif
