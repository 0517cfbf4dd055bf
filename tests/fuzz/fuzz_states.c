/*
 * What batches, blocks and indexes tell beside frames: losses, states of lines, sessions, ledgers,
 * clocks, figures of channels, counters of ports, latencies. Any bytes are refused, or they are
 * what is written again.
 *
 * Input: which of them, then its bytes.
 */
#include "block/latency.h"
#include "clock/clock.h"
#include "fuzz.h"
#include "track/drop.h"
#include "track/state.h"

enum { BYTES_MAX = 1 << 16 };

static uint8_t written[BYTES_MAX];

/* What was read from `in` is `out` now; reading and writing that again changes nothing. */
static bool take_drop(struct tc_cursor *in, struct tc_scribe *out)
{
    struct tc_drop drop;

    tc_drop_read(in, &drop);
    FUZZ_MUST(drop.run_count <= TC_DROP_RUNS_MAX, "a loss has more runs than there can be");
    (void)tc_drop_closes(&drop);
    if (!in->failed)
        tc_drop_write(out, &drop);
    return !in->failed;
}

static bool take_line(struct tc_cursor *in, struct tc_scribe *out)
{
    struct tc_line_state state = {0};

    tc_line_state_read(in, &state);
    FUZZ_MUST(state.session_count <= 2, "a line has more than two open sessions");
    if (!in->failed)
        tc_line_state_write(out, &state);
    return !in->failed;
}

static bool take_session(struct tc_cursor *in, struct tc_scribe *out)
{
    struct tc_session session = {0};

    tc_session_read(in, &session);
    if (!in->failed)
        tc_session_write(out, &session);
    return !in->failed;
}

static bool take_ledger(struct tc_cursor *in, struct tc_scribe *out)
{
    struct tc_ledger ledger = {0};

    tc_ledger_read(in, &ledger);
    tc_ledger_closes(&ledger);
    if (!in->failed)
        tc_ledger_write(out, &ledger);
    return !in->failed;
}

static bool take_clock(struct tc_cursor *in, struct tc_scribe *out)
{
    struct tc_clock clock = {0};

    tc_clock_read(in, &clock);
    if (!in->failed)
        tc_clock_write(out, &clock);
    return !in->failed;
}

static bool take_merged(struct tc_cursor *in, struct tc_scribe *out)
{
    struct tc_merged merged = {0};

    tc_merged_read(in, &merged);
    if (!in->failed)
        tc_merged_write(out, &merged);
    return !in->failed;
}

static bool take_nic(struct tc_cursor *in, struct tc_scribe *out)
{
    struct tc_nic nic = {0};

    tc_nic_read(in, &nic);
    if (!in->failed)
        tc_nic_write(out, &nic);
    return !in->failed;
}

/* One histogram: its lowest and highest values are in buckets that are not empty. */
static bool take_histogram(struct tc_cursor *in, struct tc_scribe *out)
{
    static struct tc_histogram histogram;

    tc_histogram_clear(&histogram);
    tc_histogram_read(in, &histogram);
    if (in->failed)
        return false;
    FUZZ_MUST(histogram.total == 0 || histogram.lowest <= histogram.highest,
              "the lowest of the values is above the highest");
    FUZZ_MUST(tc_histogram_quantile(&histogram, 0.5) >= histogram.lowest &&
                  tc_histogram_quantile(&histogram, 0.5) <= histogram.highest,
              "the middle of the values is beyond their ends");
    tc_histogram_write(out, &histogram);
    return true;
}

/* Latencies of two lines, which are not written again: what is left out is the writer's choice. */
static bool take_latencies(struct tc_cursor *in, struct tc_scribe *out)
{
    static struct tc_latency lines[2];
    uint64_t left_out = 0;

    (void)out;
    memset(lines, 0, sizeof lines);
    tc_latencies_read(in, lines, 2, &left_out);
    return false;
}

/* A line goes on from any state, whatever packets follow. */
static bool resume_line(struct tc_cursor *in, struct tc_scribe *out)
{
    enum { RANGES = 4 };
    struct tc_range memory[2 * RANGES];
    struct tc_sequence line;
    struct tc_line_state state = {0};

    tc_line_state_read(in, &state);
    tc_sequence_init(&line, memory, RANGES, TC_RULE_STALE_HEARTBEATS | TC_RULE_RESETS);
    tc_sequence_resume(&line, state.sessions, state.session_count);
    while (!in->failed && tc_cursor_left(in) >= 4) {
        const struct tc_session *known = &state.sessions[tc_cursor_u8(in) % 2];
        uint8_t about = tc_cursor_u8(in);
        struct tc_packet packet = {
            .session = (about & 0x80) != 0 ? known->id : (struct tc_session_id){{about & 3, 0}},
            .sequence = known->next + (uint64_t)(int64_t)(int8_t)tc_cursor_u8(in),
            .kind = about >> 2 & 1 ? TC_PACKET_HEARTBEAT : TC_PACKET_DATA,
            .messages = tc_cursor_u8(in),
            .send_time = tc_cursor_u8(in),
            .stream_offset = tc_cursor_u8(in),
        };
        struct tc_verdict verdict;

        if (packet.kind != TC_PACKET_DATA)
            packet.messages = 0;
        if (packet.sequence > UINT64_MAX - packet.messages)
            continue; /* no framer gives it */
        tc_sequence_packet(&line, &packet, &verdict);
        FUZZ_MUST(verdict.old <= packet.messages, "more old messages than there are");
        for (uint32_t i = 0; i < verdict.old; i++)
            tc_sequence_old(&line, &verdict, packet.sequence + i);
        FUZZ_MUST(line.figures.messages ==
                      line.figures.in_order + line.figures.late + line.figures.duplicates,
                  "the messages of a line do not add up");
    }
    tc_line_state_of(&state, &line);
    tc_line_state_write(out, &state);
    return false; /* the bytes were not only a state */
}

static bool (*const takes[])(struct tc_cursor *in, struct tc_scribe *out) = {
    take_drop,   take_line,   take_session, take_ledger,    take_clock,
    resume_line, take_merged, take_nic,     take_histogram, take_latencies};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static uint8_t again[BYTES_MAX];
    uint8_t *exact = fuzz_exact(bytes, length);
    struct tc_cursor in = tc_cursor_of(exact, length);
    uint8_t which = tc_cursor_u8(&in) % (sizeof takes / sizeof takes[0]);
    struct tc_scribe out = tc_scribe_of(written, sizeof written);

    if (takes[which](&in, &out)) {
        struct tc_cursor back = tc_cursor_of(written, out.length);
        struct tc_scribe second = tc_scribe_of(again, sizeof again);

        FUZZ_MUST(!out.failed, "a state is longer than any can be");
        FUZZ_MUST(takes[which](&back, &second) && tc_cursor_left(&back) == 0,
                  "a state that was written cannot be read");
        FUZZ_MUST(second.length == out.length && memcmp(written, again, out.length) == 0,
                  "a state has come back as another");
    }
    free(exact);
    return 0;
}
