/* Tracker state and ledgers as bytes: there and back, cut short, of other versions. */
#include <criterion/criterion.h>

#include "support.h"
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
    struct tc_ledger ledger = {.received = 1, .bad_time = 15};
    struct tc_figures figures = {.packets = 1, .wire_bytes = 14};

    cr_assert_str_eq(tc_ledger_rows[0].name, "received");
    cr_assert_str_eq(tc_ledger_rows[TC_LEDGER_ROWS - 1].name, "bad_time");
    cr_assert_eq(tc_ledger_get(&ledger, 0), 1);
    cr_assert_eq(tc_ledger_get(&ledger, TC_LEDGER_ROWS - 1), 15);
    cr_assert_str_eq(tc_figure_rows[0].name, "packets");
    cr_assert_eq(tc_figures_get(&figures, TC_FIGURE_ROWS - 1), 14);
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
