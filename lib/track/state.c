/* Tracker state as little-endian fields. */
#include "track/state.h"

void tc_line_state_of(struct tc_line_state *state, const struct tc_sequence *line)
{
    const struct tc_session_track *current = tc_sequence_current(line);
    const struct tc_session_track *previous = tc_sequence_previous(line);

    *state = (struct tc_line_state){.figures = line->figures};
    if (current != NULL)
        state->sessions[state->session_count++] = current->session;
    if (previous != NULL)
        state->sessions[state->session_count++] = previous->session;
}

void tc_session_write(struct tc_scribe *out, const struct tc_session *session)
{
    tc_scribe_bytes(out, &session->id, sizeof session->id);
    tc_scribe_uint(out, session->first, 8);
    tc_scribe_uint(out, session->next, 8);
    tc_scribe_uint(out, session->ordinal, 4);
    tc_scribe_uint(out, session->end_seen, 4);
}

void tc_session_read(struct tc_cursor *in, struct tc_session *session)
{
    const uint8_t *id = tc_cursor_take(in, sizeof session->id);
    uint32_t end_seen;

    if (id != NULL)
        memcpy(&session->id, id, sizeof session->id);
    session->first = tc_cursor_u64(in);
    session->next = tc_cursor_u64(in);
    session->ordinal = tc_cursor_u32(in);
    end_seen = tc_cursor_u32(in);
    session->end_seen = end_seen != 0;
    in->failed |= end_seen > 1;
}

/* u32 number of rows, u32 zero, then the rows. */
static void write_rows(struct tc_scribe *out, const uint64_t *rows, uint32_t count)
{
    tc_scribe_uint(out, count, 4);
    tc_scribe_uint(out, 0, 4);
    for (uint32_t i = 0; i < count; i++)
        tc_scribe_uint(out, rows[i], 8);
}

static void read_rows(struct tc_cursor *in, uint64_t *rows, uint32_t count)
{
    uint32_t stored = tc_cursor_u32(in);

    tc_cursor_zero(in, 4);
    for (uint32_t i = 0; i < count; i++)
        rows[i] = i < stored ? tc_cursor_u64(in) : 0;
    if (stored > count)
        tc_cursor_take(in, (size_t)(stored - count) * 8);
}

void tc_line_state_write(struct tc_scribe *out, const struct tc_line_state *state)
{
    write_rows(out, (const uint64_t *)&state->figures, TC_FIGURE_ROWS);
    tc_scribe_uint(out, state->session_count, 8);
    for (uint8_t i = 0; i < state->session_count; i++)
        tc_session_write(out, &state->sessions[i]);
}

void tc_line_state_read(struct tc_cursor *in, struct tc_line_state *state)
{
    uint64_t sessions;

    read_rows(in, (uint64_t *)&state->figures, TC_FIGURE_ROWS);
    sessions = tc_cursor_u64(in);
    if (sessions > 2)
        in->failed = true;
    state->session_count = in->failed ? 0 : (uint8_t)sessions;
    for (uint8_t i = 0; i < state->session_count; i++)
        tc_session_read(in, &state->sessions[i]);
}

void tc_ledger_write(struct tc_scribe *out, const struct tc_ledger *ledger)
{
    write_rows(out, (const uint64_t *)ledger, TC_LEDGER_ROWS);
}

void tc_ledger_read(struct tc_cursor *in, struct tc_ledger *ledger)
{
    read_rows(in, (uint64_t *)ledger, TC_LEDGER_ROWS);
}

void tc_merged_write(struct tc_scribe *out, const struct tc_merged *merged)
{
    write_rows(out, (const uint64_t *)merged, TC_MERGED_ROWS);
}

void tc_merged_read(struct tc_cursor *in, struct tc_merged *merged)
{
    read_rows(in, (uint64_t *)merged, TC_MERGED_ROWS);
}

/* The time they were looked at stands first, so that rows can follow. */
void tc_nic_write(struct tc_scribe *out, const struct tc_nic *nic)
{
    tc_scribe_uint(out, nic->sampled_ns, 8);
    write_rows(out, (const uint64_t *)nic, TC_NIC_ROWS);
}

void tc_nic_read(struct tc_cursor *in, struct tc_nic *nic)
{
    nic->sampled_ns = tc_cursor_u64(in);
    read_rows(in, (uint64_t *)nic, TC_NIC_ROWS);
}
