/* Collecting a loss, and its layout (docs/FORMAT.md, "Dropped"). */
#include "track/drop.h"

void tc_drop_clear(struct tc_drop *drop)
{
    memset(drop, 0, offsetof(struct tc_drop, runs));
    drop->exact = true;
}

void tc_drop_frame(struct tc_drop *drop, uint64_t rx_ns, uint32_t wire_bytes)
{
    if (drop->frames == 0)
        drop->first_ns = rx_ns;
    drop->last_ns = rx_ns;
    drop->frames++;
    drop->wire_bytes += wire_bytes;
}

/* The latest run of that line, looking back past the runs of its sister lines. */
static struct tc_drop_run *latest_run(struct tc_drop *drop, uint16_t line)
{
    uint32_t lowest = drop->run_count > 8 ? drop->run_count - 8 : 0;

    for (uint32_t i = drop->run_count; i > lowest; i--)
        if (drop->runs[i - 1].line == line)
            return &drop->runs[i - 1];
    return NULL;
}

static struct tc_drop_run *new_run(struct tc_drop *drop, uint16_t line)
{
    struct tc_drop_run *run;

    if (drop->run_count == TC_DROP_RUNS_MAX) {
        drop->exact = false;
        return NULL;
    }
    run = &drop->runs[drop->run_count++];
    *run = (struct tc_drop_run){.line = line};
    return run;
}

void tc_drop_packet(struct tc_drop *drop, uint16_t line, const struct tc_packet *packet)
{
    struct tc_drop_run *run = latest_run(drop, line);

    drop->messages += packet->messages;
    if (run == NULL || !tc_session_equal(run->session, packet->session) ||
        run->end != packet->sequence) {
        run = new_run(drop, line);
        if (run == NULL)
            return;
        run->session = packet->session;
        run->first = packet->sequence;
        run->end = packet->sequence;
    }
    run->end += packet->messages;
    run->packets++;
    run->heartbeats += packet->kind == TC_PACKET_HEARTBEAT;
}

void tc_drop_malformed(struct tc_drop *drop, uint16_t line)
{
    struct tc_drop_run *run = latest_run(drop, line);

    if (run == NULL)
        run = new_run(drop, line);
    if (run != NULL)
        run->malformed++;
}

void tc_drop_write(struct tc_scribe *out, const struct tc_drop *drop)
{
    tc_scribe_uint(out, drop->cause, 4);
    tc_scribe_uint(out, drop->exact, 4);
    tc_scribe_uint(out, drop->frames, 8);
    tc_scribe_uint(out, drop->messages, 8);
    tc_scribe_uint(out, drop->unmatched, 8);
    tc_scribe_uint(out, drop->first_ns, 8);
    tc_scribe_uint(out, drop->last_ns, 8);
    tc_scribe_uint(out, drop->wire_bytes, 8);
    tc_scribe_uint(out, drop->run_count, 8);
    for (uint32_t i = 0; i < drop->run_count; i++) {
        const struct tc_drop_run *run = &drop->runs[i];

        tc_scribe_bytes(out, &run->session, sizeof run->session);
        tc_scribe_uint(out, run->first, 8);
        tc_scribe_uint(out, run->end, 8);
        tc_scribe_uint(out, run->line, 4);
        tc_scribe_uint(out, run->packets, 4);
        tc_scribe_uint(out, run->heartbeats, 4);
        tc_scribe_uint(out, run->malformed, 4);
        tc_scribe_uint(out, 0, 8);
    }
}

void tc_drop_read(struct tc_cursor *in, struct tc_drop *drop)
{
    uint32_t exact;
    uint64_t runs;

    tc_drop_clear(drop);
    drop->cause = tc_cursor_u32(in);
    exact = tc_cursor_u32(in);
    drop->exact = exact != 0;
    drop->frames = tc_cursor_u64(in);
    drop->messages = tc_cursor_u64(in);
    drop->unmatched = tc_cursor_u64(in);
    drop->first_ns = tc_cursor_u64(in);
    drop->last_ns = tc_cursor_u64(in);
    drop->wire_bytes = tc_cursor_u64(in);
    runs = tc_cursor_u64(in);
    if (runs > TC_DROP_RUNS_MAX || drop->cause >= TC_DROP_CAUSES || exact > 1)
        in->failed = true;
    for (uint64_t i = 0; i < runs && !in->failed; i++) {
        struct tc_drop_run *run = &drop->runs[drop->run_count++];
        const uint8_t *session = tc_cursor_take(in, sizeof run->session);
        uint32_t line;

        if (session != NULL)
            memcpy(&run->session, session, sizeof run->session);
        run->first = tc_cursor_u64(in);
        run->end = tc_cursor_u64(in);
        line = tc_cursor_u32(in);
        in->failed |= line > UINT16_MAX;
        run->line = (uint16_t)line;
        run->packets = tc_cursor_u32(in);
        run->heartbeats = tc_cursor_u32(in);
        run->malformed = tc_cursor_u32(in);
        tc_cursor_zero(in, 8);
        in->failed |= run->first > run->end;
    }
}
