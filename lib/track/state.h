/*
 * What trackers know, as bytes: the same layout travels in batches and stands in recorded files
 * (docs/FORMAT.md, "Tracker state" and "Events").
 */
#ifndef TC_TRACK_STATE_H
#define TC_TRACK_STATE_H

#include "base/bytes.h"
#include "base/status.h"
#include "track/sequence.h"

enum {
    TC_SESSION_STATE_BYTES = 40,
    TC_LINE_STATE_BYTES_MAX = 8 + 8 * 64 + 2 * TC_SESSION_STATE_BYTES,
    TC_LEDGER_BYTES_MAX = 8 + 8 * 64,
    TC_MERGED_BYTES = 8 + 8 * TC_MERGED_ROWS,
    TC_NIC_BYTES = 8 + 8 + 8 * TC_NIC_ROWS,
};

_Static_assert(TC_FIGURE_ROWS <= 64 && TC_LEDGER_ROWS <= 64, "the rows fit the maxima above");

/* A line, as far as readers of a capture need it. */
struct tc_line_state {
    struct tc_figures figures;
    struct tc_session sessions[2]; /* the current one first */
    uint8_t session_count;
};

void tc_line_state_of(struct tc_line_state *state, const struct tc_sequence *line);

void tc_session_write(struct tc_scribe *out, const struct tc_session *session);
void tc_session_read(struct tc_cursor *in, struct tc_session *session);

/* Rows that this version does not know are skipped, rows that the file does not have are zero. */
void tc_line_state_write(struct tc_scribe *out, const struct tc_line_state *state);
void tc_line_state_read(struct tc_cursor *in, struct tc_line_state *state);

void tc_merged_write(struct tc_scribe *out, const struct tc_merged *merged);
void tc_merged_read(struct tc_cursor *in, struct tc_merged *merged);

void tc_nic_write(struct tc_scribe *out, const struct tc_nic *nic);
void tc_nic_read(struct tc_cursor *in, struct tc_nic *nic);

void tc_ledger_write(struct tc_scribe *out, const struct tc_ledger *ledger);
void tc_ledger_read(struct tc_cursor *in, struct tc_ledger *ledger);

#endif
