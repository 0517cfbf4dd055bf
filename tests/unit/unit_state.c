/* Tracker state, ledgers and losses as bytes: there and back, cut short, of other versions. */
#include <criterion/criterion.h>

#include "support.h"
#include "track/drop.h"
#include "track/state.h"

/* ---- state ---- */

static struct tc_session random_session(struct test_random *random)
{
    return (struct tc_session){
        .id = {{test_random(random), test_random(random)}},
        .first = test_random(random),
        .next = test_random(random),
        .ordinal = (uint32_t)test_random(random),
        .end_seen = test_below(random, 2) == 1,
    };
}

static struct tc_line_state random_state(struct test_random *random)
{
    struct tc_line_state state = {.session_count = (uint8_t)test_below(random, 3)};

    test_fill(random, &state.figures, sizeof state.figures);
    for (uint8_t i = 0; i < state.session_count; i++)
        state.sessions[i] = random_session(random);
    return state;
}

static void expect_session(const struct tc_session *found, const struct tc_session *expected)
{
    cr_assert(tc_session_equal(found->id, expected->id));
    cr_assert_eq(found->first, expected->first);
    cr_assert_eq(found->next, expected->next);
    cr_assert_eq(found->ordinal, expected->ordinal);
    cr_assert_eq(found->end_seen, expected->end_seen);
}

static void expect_state(const struct tc_line_state *found, const struct tc_line_state *expected)
{
    cr_assert_arr_eq(&found->figures, &expected->figures, sizeof found->figures);
    cr_assert_eq(found->session_count, expected->session_count);
    for (uint8_t i = 0; i < expected->session_count; i++)
        expect_session(&found->sessions[i], &expected->sessions[i]);
}

/* What a reader under test does with a cursor; answers whether it was content. */
typedef bool reader(const uint8_t *bytes, size_t length, size_t *left);

#define READER(name, type, read)                                        \
    static bool name(const uint8_t *bytes, size_t length, size_t *left) \
    {                                                                   \
        struct tc_cursor in = tc_cursor_of(bytes, length);              \
        static struct type value;                                       \
                                                                        \
        memset(&value, 0xee, sizeof value);                             \
        read(&in, &value);                                              \
        *left = tc_cursor_left(&in);                                    \
        return !in.failed;                                              \
    }

READER(reads_session, tc_session, tc_session_read)
READER(reads_state, tc_line_state, tc_line_state_read)
READER(reads_ledger, tc_ledger, tc_ledger_read)
READER(reads_drop, tc_drop, tc_drop_read)

/* The whole is read to its last byte; anything shorter fails the cursor. */
static void expect_only_whole(reader *reads, const void *bytes, size_t length)
{
    for (size_t cut = 0; cut <= length; cut++) {
        uint8_t *exact = test_exact_copy(bytes, cut);
        size_t left;

        cr_assert_eq(reads(exact, cut, &left), cut == length, "cut at %zu of %zu", cut, length);
        if (cut == length)
            cr_assert_eq(left, 0);
        test_exact_free(exact);
    }
}

Test(state, sessions_there_and_back)
{
    struct test_random random = {1};

    for (int round = 0; round < 200; round++) {
        uint8_t bytes[TC_SESSION_STATE_BYTES];
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_session session = random_session(&random), found;
        struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);

        tc_session_write(&out, &session);
        cr_assert_not(out.failed);
        cr_assert_eq(out.length, sizeof bytes);
        tc_session_read(&in, &found);
        cr_assert_not(in.failed);
        expect_session(&found, &session);
        expect_only_whole(reads_session, bytes, sizeof bytes);
    }
}

Test(state, lines_there_and_back)
{
    struct test_random random = {2};

    for (int round = 0; round < 200; round++) {
        uint8_t bytes[TC_LINE_STATE_BYTES_MAX];
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_line_state state = random_state(&random), found;
        struct tc_cursor in;

        tc_line_state_write(&out, &state);
        cr_assert_not(out.failed);
        in = tc_cursor_of(bytes, out.length);
        tc_line_state_read(&in, &found);
        cr_assert_not(in.failed);
        cr_assert_eq(tc_cursor_left(&in), 0);
        expect_state(&found, &state);
        expect_only_whole(reads_state, bytes, out.length);
    }
}

Test(state, ledgers_there_and_back)
{
    struct test_random random = {3};
    uint8_t bytes[TC_LEDGER_BYTES_MAX];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
    struct tc_ledger ledger, found;
    struct tc_cursor in;

    test_fill(&random, &ledger, sizeof ledger);
    tc_ledger_write(&out, &ledger);
    cr_assert_not(out.failed);
    in = tc_cursor_of(bytes, out.length);
    tc_ledger_read(&in, &found);
    cr_assert_not(in.failed);
    cr_assert_arr_eq(&found, &ledger, sizeof ledger);
    expect_only_whole(reads_ledger, bytes, out.length);
}

Test(state, the_layout_is_the_one_of_the_format_page)
{
    static const uint8_t session[TC_SESSION_STATE_BYTES] = {
        'S', 'E', 'S', 'S', 'I', 'O', 'N', '1', 'A', 0, 0, 0, 0, 0, 0, 0, /* id */
        2,   1,   0,   0,   0,   0,   0,   0,                             /* first */
        3,   1,   0,   0,   0,   0,   0,   0,                             /* next */
        4,   0,   0,   0,   1,   0,   0,   0,                             /* ordinal, end */
    };
    struct tc_line_state state = {.figures = {.packets = 9, .wire_bytes = 7}, .session_count = 1};
    struct tc_cursor in = tc_cursor_of(session, sizeof session);
    uint8_t bytes[TC_LINE_STATE_BYTES_MAX];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);

    tc_session_read(&in, &state.sessions[0]);
    cr_assert_eq(state.sessions[0].first, 258);
    cr_assert_eq(state.sessions[0].next, 259);
    cr_assert_eq(state.sessions[0].ordinal, 4);
    cr_assert(state.sessions[0].end_seen);
    tc_line_state_write(&out, &state);
    cr_assert_eq(out.length, 8 + 8 * TC_FIGURE_ROWS + 8 + TC_SESSION_STATE_BYTES);
    cr_assert_eq(tc_load_le32(bytes), TC_FIGURE_ROWS);
    cr_assert_eq(tc_load_le32(bytes + 4), 0);
    cr_assert_eq(tc_load_le64(bytes + 8), 9);
    cr_assert_eq(tc_load_le64(bytes + 8 * TC_FIGURE_ROWS), 7);
    cr_assert_eq(tc_load_le64(bytes + 8 + 8 * TC_FIGURE_ROWS), 1);
    cr_assert_arr_eq(bytes + out.length - sizeof session, session, sizeof session);
}

/* Rows as another version would write them: row i has the value 1000 + i. */
static void write_rows(struct tc_scribe *out, uint32_t rows)
{
    tc_scribe_uint(out, rows, 4);
    tc_scribe_uint(out, 0, 4);
    for (uint32_t i = 0; i < rows; i++)
        tc_scribe_uint(out, 1000 + i, 8);
}

Test(state, more_rows_are_skipped_and_fewer_are_zero)
{
    for (uint32_t rows = 0; rows < 2 * TC_FIGURE_ROWS; rows++) {
        uint8_t bytes[1024];
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_line_state state;
        struct tc_ledger ledger;
        struct tc_cursor in;

        write_rows(&out, rows);
        in = tc_cursor_of(bytes, out.length);
        memset(&ledger, 0xee, sizeof ledger);
        tc_ledger_read(&in, &ledger);
        cr_assert(!in.failed && tc_cursor_left(&in) == 0);
        for (uint32_t i = 0; i < TC_LEDGER_ROWS; i++)
            cr_assert_eq(tc_ledger_get(&ledger, i), i < rows ? 1000 + i : 0);
        expect_only_whole(reads_ledger, bytes, out.length);

        tc_scribe_uint(&out, 0, 8);
        in = tc_cursor_of(bytes, out.length);
        memset(&state, 0xee, sizeof state);
        tc_line_state_read(&in, &state);
        cr_assert(!in.failed && tc_cursor_left(&in) == 0);
        for (uint32_t i = 0; i < TC_FIGURE_ROWS; i++)
            cr_assert_eq(tc_figures_get(&state.figures, i), i < rows ? 1000 + i : 0);
        cr_assert_eq(state.session_count, 0);
        expect_only_whole(reads_state, bytes, out.length);
    }
}

Test(state, impossible_counts_are_refused)
{
    static const uint64_t counts[] = {3, 4, 255, 256, 258, UINT64_C(1) << 32, UINT64_MAX};
    uint8_t bytes[1024] = {0};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
        struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);
        struct tc_line_state state;

        write_rows(&out, TC_FIGURE_ROWS);
        tc_scribe_uint(&out, counts[i], 8);
        tc_line_state_read(&in, &state);
        cr_assert(in.failed, "%lu sessions", counts[i]);
        cr_assert_eq(state.session_count, 0);
    }
    for (uint32_t rows = UINT32_MAX; rows > UINT32_MAX - 3; rows--) {
        struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);
        struct tc_ledger ledger;

        tc_store_le32(bytes, rows);
        tc_ledger_read(&in, &ledger);
        cr_assert(in.failed, "%u rows", rows);
    }
}

Test(state, a_line_is_told_with_its_current_session_first)
{
    struct tc_sequence line;
    struct tc_line_state state;
    struct tc_verdict verdict;
    uint8_t *memory = malloc(tc_sequence_footprint(4));

    tc_sequence_init(&line, memory, 4, 0);
    tc_line_state_of(&state, &line);
    cr_assert_eq(state.session_count, 0);
    for (uint64_t id = 'A'; id <= 'C'; id++) {
        struct tc_packet packet = {.session = {{id, 0}}, .sequence = 1, .messages = 2};

        tc_sequence_packet(&line, &packet, &verdict);
        tc_line_state_of(&state, &line);
        cr_assert_eq(state.session_count, id == 'A' ? 1 : 2);
        cr_assert_eq(state.sessions[0].id.word[0], id);
        if (id > 'A')
            cr_assert_eq(state.sessions[1].id.word[0], id - 1);
    }
    cr_assert_eq(state.figures.messages, 6);
    cr_assert_eq(state.figures.resets, 2);
    free(memory);
}

/* ---- the ledger's sums ---- */

Test(ledger, closes_when_every_frame_has_one_fate)
{
    struct tc_ledger ledger = {.received = 100, .recorded = 90, .filtered = 4};
    struct tc_ledger sum = {0};

    cr_assert_not(tc_ledger_closes(&ledger));
    for (int cause = 0; cause < TC_DROP_CAUSES; cause++)
        *tc_ledger_drop(&ledger, (enum tc_drop_cause)cause) += (uint64_t)(cause == 0 ? 2 : 1);
    cr_assert_eq(tc_ledger_dropped(&ledger), 6);
    cr_assert(tc_ledger_closes(&ledger));
    cr_assert_eq(ledger.shutdown, 1);
    tc_ledger_add(&sum, &ledger);
    tc_ledger_add(&sum, &ledger);
    for (size_t row = 0; row < TC_LEDGER_ROWS; row++)
        cr_assert_eq(tc_ledger_get(&sum, row), 2 * tc_ledger_get(&ledger, row));
    cr_assert(tc_ledger_closes(&sum));
    ledger.received++;
    cr_assert_not(tc_ledger_closes(&ledger));
}

Test(ledger, rows_have_the_names_of_their_members)
{
    struct tc_ledger ledger = {.received = 1, .wire_bytes = 14};
    struct tc_figures figures = {.packets = 1, .wire_bytes = 14};

    cr_assert_str_eq(tc_ledger_rows[0].name, "received");
    cr_assert_str_eq(tc_ledger_rows[TC_LEDGER_ROWS - 1].name, "wire_bytes");
    cr_assert_eq(tc_ledger_get(&ledger, 0), 1);
    cr_assert_eq(tc_ledger_get(&ledger, TC_LEDGER_ROWS - 1), 14);
    cr_assert_str_eq(tc_figure_rows[0].name, "packets");
    cr_assert_eq(tc_figures_get(&figures, TC_FIGURE_ROWS - 1), 14);
}

/* ---- drops ---- */

static struct tc_drop drop;

static void drop_one(uint16_t line, uint64_t session, uint64_t sequence, uint32_t messages)
{
    struct tc_packet packet = {.session = {{session, 0}},
                               .sequence = sequence,
                               .messages = messages,
                               .kind = messages > 0 ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT};

    tc_drop_frame(&drop, 1000 + drop.frames, 60);
    tc_drop_packet(&drop, line, &packet);
}

static void expect_run(uint32_t index, uint16_t line, uint64_t session, uint64_t first,
                       uint64_t end)
{
    const struct tc_drop_run *run = &drop.runs[index];

    cr_assert_lt(index, drop.run_count);
    cr_assert_eq(run->line, line);
    cr_assert_eq(run->session.word[0], session);
    cr_assert_eq(run->first, first);
    cr_assert_eq(run->end, end);
}

Test(drop, consecutive_packets_of_a_line_are_one_run)
{
    tc_drop_clear(&drop);
    drop_one(1, 'A', 10, 3);
    drop_one(1, 'A', 13, 2);
    drop_one(1, 'A', 15, 0);
    drop_one(1, 'A', 15, 1);
    cr_assert_eq(drop.run_count, 1);
    expect_run(0, 1, 'A', 10, 16);
    cr_assert_eq(drop.runs[0].packets, 4);
    cr_assert_eq(drop.runs[0].heartbeats, 1);
    cr_assert_eq(drop.frames, 4);
    cr_assert_eq(drop.messages, 6);
    cr_assert_eq(drop.wire_bytes, 240);
    cr_assert_eq(drop.first_ns, 1000);
    cr_assert_eq(drop.last_ns, 1003);
    cr_assert(drop.exact);
}

Test(drop, sister_lines_do_not_part_a_run)
{
    tc_drop_clear(&drop);
    for (uint64_t i = 0; i < 50; i++)
        for (uint16_t line = 0; line < 4; line++)
            drop_one(line, 'A', 1 + 2 * i, 2);
    cr_assert_eq(drop.run_count, 4);
    for (uint16_t line = 0; line < 4; line++)
        expect_run(line, line, 'A', 1, 101);
}

Test(drop, a_jump_or_another_session_is_another_run)
{
    tc_drop_clear(&drop);
    drop_one(1, 'A', 10, 3);
    drop_one(1, 'A', 14, 1); /* 13 was lost before it came here */
    drop_one(1, 'A', 10, 3); /* a duplicate */
    drop_one(1, 'B', 13, 1);
    cr_assert_eq(drop.run_count, 4);
    expect_run(0, 1, 'A', 10, 13);
    expect_run(1, 1, 'A', 14, 15);
    expect_run(2, 1, 'A', 10, 13);
    expect_run(3, 1, 'B', 13, 14);
}

Test(drop, malformed_frames_stand_with_their_line)
{
    tc_drop_clear(&drop);
    tc_drop_malformed(&drop, 3);
    drop_one(2, 'A', 1, 1);
    tc_drop_malformed(&drop, 2);
    tc_drop_malformed(&drop, 2);
    cr_assert_eq(drop.run_count, 2);
    cr_assert_eq(drop.runs[0].line, 3);
    cr_assert_eq(drop.runs[0].malformed, 1);
    cr_assert_eq(drop.runs[0].packets, 0);
    cr_assert_eq(drop.runs[0].first, drop.runs[0].end);
    cr_assert_eq(drop.runs[1].malformed, 2);
    cr_assert(drop.exact);
}

Test(drop, the_list_is_bounded_and_then_says_so)
{
    tc_drop_clear(&drop);
    for (uint64_t i = 0; i < TC_DROP_RUNS_MAX; i++)
        drop_one(0, 'A', 1 + 10 * i, 2);
    cr_assert(drop.exact);
    cr_assert_eq(drop.run_count, TC_DROP_RUNS_MAX);
    drop_one(0, 'A', 10 * TC_DROP_RUNS_MAX - 7, 1); /* goes on where the last run ends */
    cr_assert(drop.exact);
    expect_run(TC_DROP_RUNS_MAX - 1, 0, 'A', 10 * TC_DROP_RUNS_MAX - 9, 10 * TC_DROP_RUNS_MAX - 6);
    drop_one(0, 'A', 1, 5);
    cr_assert_not(drop.exact);
    tc_drop_malformed(&drop, 9);
    cr_assert_eq(drop.run_count, TC_DROP_RUNS_MAX);
    cr_assert_eq(drop.frames, TC_DROP_RUNS_MAX + 2, "totals go on");
    cr_assert_eq(drop.messages, 2 * TC_DROP_RUNS_MAX + 6);
    tc_drop_clear(&drop);
    cr_assert(drop.exact && drop.run_count == 0 && drop.frames == 0);
    tc_drop_malformed(&drop, 0);
    cr_assert_eq(drop.runs[0].malformed, 1, "a run is fresh after a clear");
    cr_assert_eq(drop.runs[0].packets, 0);
}

/* Random packets of some lines; the runs name exactly the numbers that were dropped. */
static void expect_exact_numbers(uint64_t seed)
{
    enum { LINES = 3, NUMBERS = 4000 };
    static uint8_t dropped[LINES][NUMBERS], named[LINES][NUMBERS];
    struct test_random random = {seed};
    uint64_t next[LINES] = {1, 1, 1};

    memset(dropped, 0, sizeof dropped);
    memset(named, 0, sizeof named);
    tc_drop_clear(&drop);
    while (drop.run_count < TC_DROP_RUNS_MAX && drop.frames < 500) {
        uint16_t line = (uint16_t)test_below(&random, LINES);
        uint32_t messages = (uint32_t)test_below(&random, 6);

        next[line] += test_below(&random, 4) == 0 ? test_below(&random, 3) : 0;
        drop_one(line, 'A', next[line], messages);
        for (uint32_t i = 0; i < messages; i++)
            dropped[line][next[line]++]++;
    }
    cr_assert(drop.exact);
    for (uint32_t i = 0; i < drop.run_count; i++)
        for (uint64_t number = drop.runs[i].first; number < drop.runs[i].end; number++)
            named[drop.runs[i].line][number]++;
    cr_assert_arr_eq(dropped, named, sizeof dropped);
}

Test(drop, runs_name_exactly_what_was_dropped)
{
    for (uint64_t seed = 0; seed < 200; seed++)
        expect_exact_numbers(seed);
}

static size_t write_drop(uint8_t bytes[TC_DROP_BYTES_MAX])
{
    struct tc_scribe out = tc_scribe_of(bytes, TC_DROP_BYTES_MAX);

    tc_drop_write(&out, &drop);
    cr_assert_not(out.failed);
    cr_assert_eq(out.length, TC_DROP_HEAD_BYTES + drop.run_count * TC_DROP_RUN_BYTES);
    return out.length;
}

static void random_drop(struct test_random *random, uint32_t runs)
{
    test_fill(random, &drop, sizeof drop);
    drop.cause = (uint32_t)test_below(random, TC_DROP_CAUSES);
    drop.exact = test_below(random, 2) == 1;
    drop.run_count = runs;
    for (uint32_t i = 0; i < runs; i++)
        if (drop.runs[i].first > drop.runs[i].end) {
            uint64_t end = drop.runs[i].first;

            drop.runs[i].first = drop.runs[i].end;
            drop.runs[i].end = end;
        }
}

Test(drop, there_and_back)
{
    static const uint32_t runs[] = {0, 1, 2, 17, TC_DROP_RUNS_MAX - 1, TC_DROP_RUNS_MAX};
    static struct tc_drop found;
    struct test_random random = {4};

    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        uint8_t bytes[TC_DROP_BYTES_MAX];
        struct tc_cursor in;

        random_drop(&random, runs[i]);
        in = tc_cursor_of(bytes, write_drop(bytes));
        memset(&found, 0xee, sizeof found);
        tc_drop_read(&in, &found);
        cr_assert(!in.failed && tc_cursor_left(&in) == 0);
        cr_assert_eq(found.cause, drop.cause);
        cr_assert_eq(found.exact, drop.exact);
        cr_assert_arr_eq(&found, &drop, offsetof(struct tc_drop, cause));
        cr_assert_eq(found.run_count, drop.run_count);
        for (uint32_t j = 0; j < runs[i]; j++)
            cr_assert_arr_eq(&found.runs[j], &drop.runs[j],
                             offsetof(struct tc_drop_run, line) + sizeof found.runs[j].line);
    }
}

Test(drop, cut_at_every_byte_it_fails)
{
    struct test_random random = {5};
    uint8_t bytes[TC_DROP_BYTES_MAX];

    random_drop(&random, 3);
    expect_only_whole(reads_drop, bytes, write_drop(bytes));
    random_drop(&random, 0);
    expect_only_whole(reads_drop, bytes, write_drop(bytes));
}

Test(drop, impossible_ones_are_refused)
{
    struct test_random random = {6};
    static uint8_t bytes[TC_DROP_BYTES_MAX + 10 * TC_DROP_RUN_BYTES];
    static struct tc_drop found;
    static const struct {
        size_t offset;
        uint64_t value;
        unsigned width;
    } rows[] = {
        {0, TC_DROP_CAUSES, 4},
        {0, UINT32_MAX, 4},
        {56, TC_DROP_RUNS_MAX + 1, 8},
        {56, UINT64_C(1) << 32, 8},
        {56, UINT64_MAX, 8},
        {4, 2, 4},                                /* neither exact nor not */
        {TC_DROP_HEAD_BYTES + 16, UINT64_MAX, 8}, /* a run that ends before it begins */
        {TC_DROP_HEAD_BYTES + 48, 1, 1},
        {TC_DROP_BYTES_MAX - 1, 1, 1}, /* reserved */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_cursor in = tc_cursor_of(bytes, sizeof bytes);

        random_drop(&random, TC_DROP_RUNS_MAX);
        write_drop(bytes);
        tc_store_uint(bytes + rows[i].offset, rows[i].value, rows[i].width, false);
        tc_drop_read(&in, &found);
        cr_assert(in.failed, "row %zu", i);
        cr_assert_leq(found.run_count, TC_DROP_RUNS_MAX);
    }
}

/* Reserved bytes, and words that are 0 or 1. */
Test(state, other_words_are_refused)
{
    struct test_random random = {8};
    uint8_t bytes[TC_LINE_STATE_BYTES_MAX];
    struct tc_scribe out = tc_scribe_of(bytes, sizeof bytes);
    struct tc_session session = random_session(&random);
    struct tc_line_state state = random_state(&random);
    size_t left;

    tc_session_write(&out, &session);
    cr_assert(reads_session(bytes, out.length, &left));
    bytes[TC_SESSION_STATE_BYTES - 4] = 2;
    cr_assert_not(reads_session(bytes, out.length, &left));
    out = tc_scribe_of(bytes, sizeof bytes);
    tc_line_state_write(&out, &state);
    cr_assert(reads_state(bytes, out.length, &left));
    bytes[7] = 1;
    cr_assert_not(reads_state(bytes, out.length, &left));
}

Test(drop, a_line_number_beyond_16_bits_is_refused)
{
    struct test_random random = {7};
    static uint8_t bytes[TC_DROP_BYTES_MAX];
    static struct tc_drop found;
    struct tc_cursor in;

    random_drop(&random, 1);
    in = tc_cursor_of(bytes, write_drop(bytes));
    tc_store_le32(bytes + TC_DROP_HEAD_BYTES + 32, 0x10001);
    tc_drop_read(&in, &found);
    cr_assert(in.failed, "line 65537 was read as line %u", found.runs[0].line);
}
