/*
 * A golden capture in the making: its folder, the pipeline that records into it, the traffic that
 * it is given, and the text of what it holds.
 *
 * Everything follows from seeds: the same library writes the same bytes. The text is what the
 * witness of the pipeline has kept, which has never seen the files.
 */
#ifndef TC_GOLDEN_GOLDCAPTURE_H
#define TC_GOLDEN_GOLDCAPTURE_H

#include "hostile.h"
#include "pipework.h"

extern const char *gold_above; /* folder of all captures */

struct gold {
    char folder[512];
    char text[560];
    struct tc_capture *capture;
    struct pipework *work;
    struct hostile *hostile;
};

/* A capture of one channel. */
struct tc_capture *gold_capture_of(const struct tc_feed *feed, uint16_t lines);

/* Begins one by that name; `capture` is its own from here on. */
void gold_begin(struct gold *gold, const char *name, struct tc_capture *capture, uint64_t seed,
                const struct pipework_options *wanted);

/* Writes frames and events up to a frame; with all of them, also what is known at the end. */
void gold_write(const struct gold *gold, uint64_t frames, bool all);

/* Gives its memory back; gold_finish ends the run and writes the text before that. */
void gold_put_away(struct gold *gold);
void gold_finish(struct gold *gold);

/* Makes the captures of goldevents.c. */
void gold_make_events(void);

#endif
