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
 *
 * NUMBER of an event is that of the frame it stands before. Bytes are in hex; what is empty is a
 * dash. MESSAGES are OFFSET.CLASS.FLAGS with commas between, offsets from the frame's begin;
 * FIGURES are numbers with commas; SESSIONS are ID.FIRST.NEXT.ORDINAL.END.
 */
#ifndef TC_GOLDEN_GOLDTEXT_H
#define TC_GOLDEN_GOLDTEXT_H

#include <stdio.h>

#include "block/join.h"
#include "track/state.h"

void gold_frame(FILE *out, uint32_t stream, uint64_t number, const struct tc_frame *frame);
void gold_event(FILE *out, uint32_t stream, uint64_t number, const struct tc_event *event);
void gold_ledger(FILE *out, uint32_t stream, const struct tc_ledger *ledger);

/* Nothing, for a line of which nothing is known. */
void gold_line(FILE *out, uint32_t stream, uint16_t line, const struct tc_line_state *state);

#endif
