/*
 * What is in a capture, as text: a line for each frame and event, and for what is known at the end.
 *
 * The golden files stand beside such a text. It is written from what was given to the pipeline,
 * never from what was read, and every reader must come to the same; `read_gold.py` writes it with
 * the second reader. Words are separated by one blank:
 *
 *     frame STREAM NUMBER RX_NS PROC_NS LINE FLAGS WIRE_BYTES BYTES MESSAGES
 *     event STREAM NUMBER KIND ABOUT TIME_NS PAYLOAD
 *     ledger STREAM FIGURES
 *     line STREAM LINE FIGURES SESSIONS
 *     channel STREAM CHANNEL FIGURES
 *     nic STREAM SAMPLED_NS FIGURES
 *     clock STREAM SOURCE UNIT EPOCH SETTLED VALUES
 *     latency STREAM LINE WHICH LOWEST_NS HIGHEST_NS BUCKETS
 *
 * NUMBER of an event is that of the frame it stands before. Bytes are in hex; what is empty is a
 * dash. MESSAGES are OFFSET.CLASS.FLAGS with commas between, offsets from the frame's begin;
 * FIGURES are numbers with commas; SESSIONS are ID.FIRST.NEXT.ORDINAL.END. VALUES are the numbers
 * of a clock in their order, with commas, from the corrections to the spare bits. WHICH histogram:
 * 0 network, 1 processing, 2 total; BUCKETS are PLACE.COUNT over all segments of the stream.
 */
#ifndef TC_GOLDEN_GOLDTEXT_H
#define TC_GOLDEN_GOLDTEXT_H

#include <stdio.h>

#include "block/join.h"
#include "block/latency.h"
#include "clock/clock.h"
#include "track/state.h"

void gold_frame(FILE *out, uint32_t stream, uint64_t number, const struct tc_frame *frame);
void gold_event(FILE *out, uint32_t stream, uint64_t number, const struct tc_event *event);
void gold_ledger(FILE *out, uint32_t stream, const struct tc_ledger *ledger);

/* Nothing, for a line or a channel of which nothing is known. */
void gold_line(FILE *out, uint32_t stream, uint16_t line, const struct tc_line_state *state);
void gold_channel(FILE *out, uint32_t stream, uint16_t channel, const struct tc_merged *merged);

void gold_nic(FILE *out, uint32_t stream, const struct tc_nic *nic);
void gold_clock(FILE *out, uint32_t stream, const struct tc_clock *clock);

/* A line for each histogram that is not empty. */
void gold_latency(FILE *out, uint32_t stream, uint16_t line, const struct tc_latency *latency);

#endif
