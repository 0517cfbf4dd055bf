/*
 * What is known of a stream at one point of a capture: its ledger, the clock, the state of its
 * lines, the names of its symbols. Writers keep it to begin the next segment with, readers to know
 * where they are.
 */
#ifndef TC_FILE_STREAMSTATE_H
#define TC_FILE_STREAMSTATE_H

#include "base/placer.h"
#include "block/catalog.h"
#include "block/join.h"
#include "clock/clock.h"
#include "file/capture.h"
#include "track/state.h"
#include "track/symbols.h"

struct tc_stream_state {
    const struct tc_catalog *catalog;
    struct tc_ledger ledger;
    struct tc_nic nic;
    struct tc_clock clock;
    struct tc_line_state *lines;
    struct tc_merged *channels; /* by channel */
    struct tc_symbols *symbols; /* by channel; names is NULL where the feed has no locates */
};

size_t tc_stream_state_footprint(const struct tc_catalog *catalog);

/* Nothing known yet. `memory`, zeroed, stays the caller's. */
void tc_stream_state_init(struct tc_stream_state *state, void *memory,
                          const struct tc_catalog *catalog);

/* Most bytes of the boxes below. */
size_t tc_stream_state_bytes_max(const struct tc_catalog *catalog);

/* Appends the boxes of ledger, clock and line states, and of the symbols when asked to. */
void tc_stream_state_write(struct tc_scribe *out, const struct tc_stream_state *state,
                           bool with_symbols);

/* Takes what a box says; boxes of other kinds are left alone. */
TC_MUST_USE enum tc_status tc_stream_state_read(struct tc_stream_state *state, uint32_t kind,
                                                struct tc_cursor box, struct tc_error *error);

/* Takes line states as a block has them (TC_COL_LINES), and merged figures (TC_COL_CHANNELS). */
TC_MUST_USE enum tc_status tc_stream_state_lines(struct tc_stream_state *state,
                                                 struct tc_cursor lines, struct tc_error *error);
TC_MUST_USE enum tc_status tc_stream_state_channels(struct tc_stream_state *state,
                                                    struct tc_cursor channels,
                                                    struct tc_error *error);

/* Takes ledger, clock and line states of the block that was joined last. */
TC_MUST_USE enum tc_status tc_stream_state_block(struct tc_stream_state *state,
                                                 const struct tc_join *join,
                                                 struct tc_error *error);

/* Takes a name; the payload is that of a TC_EVENT_SYMBOL. */
TC_MUST_USE enum tc_status tc_stream_state_symbol(struct tc_stream_state *state, uint16_t channel,
                                                  const uint8_t *payload, size_t bytes,
                                                  struct tc_error *error);

#endif
