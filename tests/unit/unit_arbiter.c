/*
 * Lines together: small cases, then random feeds over two and three lines with loss, late packets,
 * duplicates and new sessions against the definition, with a byte for every number of every line.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support.h"
#include "track/arbiter.h"

enum { LINES_MAX = 3, RANGES = TC_MISSING_RANGES };

static struct bed {
    struct tc_sequence sequences[LINES_MAX];
    struct tc_arbiter arbiter;
    struct tc_ruling ruling;
    uint8_t *memory[LINES_MAX + 1];
    uint32_t lines;
    uint64_t now_ns;
} bed;

static void set_up(uint32_t lines, uint8_t rules)
{
    bed = (struct bed){.lines = lines, .now_ns = 1000};
    bed.memory[lines] = aligned_alloc(64, tc_arbiter_footprint(lines));
    tc_arbiter_init(&bed.arbiter, bed.memory[lines], lines, rules, 5000);
    for (uint32_t i = 0; i < lines; i++) {
        bed.memory[i] = malloc(tc_sequence_footprint(RANGES));
        tc_sequence_init(&bed.sequences[i], bed.memory[i], RANGES, rules);
        bed.arbiter.lines[i].sequence = &bed.sequences[i];
    }
}

static void tear_down(void)
{
    for (uint32_t i = 0; i <= bed.lines; i++)
        free(bed.memory[i]);
}

/* As the intake does it: the line first, old messages included, then the arbiter. */
static void take(uint32_t line, const struct tc_packet *packet)
{
    const struct tc_arbiter_time time = {bed.now_ns, bed.now_ns};
    const struct tc_run run = tc_run_of(packet, false);
    struct tc_verdict verdict;

    tc_sequence_packet(&bed.sequences[line], packet, &verdict);
    if (verdict.old > 0)
        tc_sequence_old_range(&bed.sequences[line], &verdict, run.first, run.first + verdict.old);
    bed.ruling = (struct tc_ruling){0};
    if ((verdict.old | verdict.events) != 0 || packet->messages == 0 ||
        !tc_arbiter_in_order(&bed.arbiter, line, verdict.slot, packet, time))
        tc_arbiter_take(&bed.arbiter, line, &run, &verdict, time, &bed.ruling);
}

static void data(uint32_t line, char session, uint64_t sequence, uint32_t messages)
{
    const struct tc_packet packet = {.session = {{(uint64_t)session, 0}},
                                     .sequence = sequence,
                                     .messages = messages,
                                     .kind = messages > 0 ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT};

    take(line, &packet);
}

static void expect(uint64_t messages, uint64_t missing, uint64_t recovered)
{
    struct tc_merged merged = tc_arbiter_figures(&bed.arbiter);

    cr_assert_eq(merged.messages, messages, "%lu messages", merged.messages);
    cr_assert_eq(merged.missing, missing, "%lu missing", merged.missing);
    cr_assert_eq(merged.recovered, recovered, "%lu recovered", merged.recovered);
}

/* ---- small cases ---- */

Test(arbiter, what_one_line_lacks_the_other_brings)
{
    set_up(2, 0);
    data(0, 'A', 1, 5);
    data(1, 'A', 1, 5);
    expect(5, 0, 0);
    data(0, 'A', 8, 2); /* 6 and 7 are lost on the faster line */
    expect(7, 2, 0);
    cr_assert_eq(bed.ruling.known, 0);
    data(1, 'A', 6, 2);
    cr_assert_eq(bed.ruling.filled, 2);
    expect(9, 0, 2);
    data(1, 'A', 8, 2);
    data(1, 'A', 10, 1);
    data(0, 'A', 11, 1); /* lost on line 0, but line 1 has brought it already */
    cr_assert_eq(bed.ruling.known, 1);
    expect(11, 0, 3);
    tear_down();
}

Test(arbiter, what_comes_late_is_recovered_no_more)
{
    set_up(2, 0);
    data(0, 'A', 1, 1);
    data(1, 'A', 1, 1);
    data(0, 'A', 3, 1);
    data(1, 'A', 2, 2);
    expect(3, 0, 1);
    data(0, 'A', 2, 1);
    expect(3, 0, 0);
    tear_down();
}

Test(arbiter, lost_on_every_line_is_lost)
{
    set_up(3, 0);
    for (uint32_t line = 0; line < 3; line++)
        data(line, 'A', 1, 2);
    for (uint32_t line = 0; line < 3; line++)
        data(line, 'A', 5, 1);
    expect(3, 2, 0);
    data(2, 'A', 3, 1); /* one of them, late on one line */
    expect(4, 1, 1);
    data(0, 'A', 3, 1);
    expect(4, 1, 1);
    data(1, 'A', 3, 1);
    expect(4, 1, 0);
    tear_down();
}

/* The slower line begins below: that is no loss of the faster one, which was not there yet. */
Test(arbiter, a_slower_line_begins_lower)
{
    set_up(2, 0);
    data(0, 'A', 100, 2);
    expect(2, 0, 0);
    data(1, 'A', 95, 1);
    expect(3, 0, 0);
    data(1, 'A', 98, 1); /* 96 and 97 are missing on line 1, and line 0 began later */
    expect(4, 2, 0);
    cr_assert_eq(bed.ruling.filled, 0, "no line had missed 98");
    data(1, 'A', 99, 3);
    expect(5, 2, 0);
    data(1, 'A', 96, 2);
    cr_assert_eq(bed.ruling.filled, 2);
    expect(7, 0, 0);
    tear_down();
}

/* What is beyond memory is final, whatever comes of it afterwards, and however often. */
Test(arbiter, what_is_forgotten_is_counted_once)
{
    enum { HOLES = TC_ARBITER_RANGES + 100 };

    set_up(2, 0);
    for (uint64_t number = 1; number <= 2 * HOLES + 1; number += 2)
        for (uint32_t line = 0; line < 2; line++)
            data(line, 'A', number, 1);
    expect(HOLES + 1, HOLES, 0);
    for (int again = 0; again < 10; again++)
        for (uint64_t number = 2; number <= 20; number += 2)
            data(0, 'A', number, 1);
    expect(HOLES + 1, HOLES, 0);
    tear_down();
}

Test(arbiter, silence_is_noticed_while_another_speaks)
{
    set_up(2, 0);
    cr_assert_eq(tc_arbiter_silence(&bed.arbiter, 50000), -1, "nobody has spoken");
    data(0, 'A', 1, 1);
    bed.now_ns += 4999;
    data(0, 'A', 2, 1);
    cr_assert_eq(tc_arbiter_silence(&bed.arbiter, bed.now_ns), -1);
    bed.now_ns += 1;
    data(0, 'A', 3, 1);
    cr_assert_eq(tc_arbiter_silence(&bed.arbiter, bed.now_ns), 1);
    cr_assert_eq(tc_arbiter_silence(&bed.arbiter, bed.now_ns), -1, "it is told once");
    data(1, 'A', 1, 1);
    cr_assert(bed.ruling.speaks);
    data(1, 'A', 2, 1);
    cr_assert_not(bed.ruling.speaks);
    bed.now_ns += 100000;
    cr_assert_eq(tc_arbiter_silence(&bed.arbiter, bed.now_ns), -1, "a channel may be quiet");
    tear_down();
}

Test(arbiter, the_lead_is_signed)
{
    set_up(2, 0);
    for (uint64_t i = 0; i < 20; i++) {
        bed.now_ns = 10000 * i;
        data(i % 4 == 3, 'A', 8 * i, 8);
        bed.now_ns += i % 4 == 3 ? 700 : 300;
        data(i % 4 != 3, 'A', 8 * i, 8);
    }
    cr_assert_eq(bed.arbiter.lines[0].leads, 15);
    cr_assert_eq(bed.arbiter.lines[1].leads, 5);
    cr_assert_eq(bed.arbiter.lead->total, 20);
    cr_assert_eq(bed.arbiter.lead->highest, 300);
    cr_assert_eq(bed.arbiter.lead->lowest, -700);
    tear_down();
}

/* ---- against the definition ---- */

enum { SESSIONS = 3, NUMBERS = 3000 };

/* By the counting rules: numbers received, and numbers that a line knows it misses. */
static struct model {
    uint8_t received[LINES_MAX][SESSIONS][NUMBERS];
    uint64_t first[LINES_MAX][SESSIONS], next[LINES_MAX][SESSIONS];
} model;

static void model_take(uint32_t line, uint32_t session, uint64_t sequence, uint32_t messages)
{
    if (model.next[line][session] == 0)
        model.first[line][session] = model.next[line][session] = session == 0 ? sequence : 1;
    for (uint64_t number = sequence; number < sequence + messages; number++)
        model.received[line][session][number] = 1;
    if (sequence + messages > model.next[line][session])
        model.next[line][session] = sequence + messages;
}

static struct tc_merged model_figures(uint32_t lines)
{
    struct tc_merged merged = {0};

    for (uint32_t session = 0; session < SESSIONS; session++)
        for (uint64_t number = 0; number < NUMBERS; number++) {
            bool received = false, missing = false;

            for (uint32_t line = 0; line < lines; line++) {
                bool has = model.received[line][session][number] != 0;

                received |= has;
                missing |= !has && number >= model.first[line][session] &&
                           number < model.next[line][session];
            }
            merged.messages += received;
            merged.missing += missing && !received;
            merged.recovered += missing && received;
        }
    return merged;
}

/* What one line brings of a session: its packets in an order of its own, some of them twice. */
struct script {
    struct {
        uint64_t sequence;
        uint32_t messages;
    } packets[2 * NUMBERS];
    uint32_t count;
    uint32_t next;
};

static void write_script(struct script *script, struct test_random *random, uint64_t first,
                         const uint32_t *cuts, uint32_t cut_count)
{
    script->count = script->next = 0;
    for (uint32_t i = 0; i < cut_count; i++) {
        uint64_t sequence = first;

        first += cuts[i];
        if (test_below(random, 10) == 0)
            continue; /* lost on this line */
        script->packets[script->count].sequence = sequence;
        script->packets[script->count++].messages = cuts[i];
        if (test_below(random, 20) == 0 && script->count > 3) {
            uint32_t to = script->count - 1 - (uint32_t)test_below(random, 3);

            script->packets[script->count] = script->packets[to];
            if (test_below(random, 2) == 0) /* late instead of twice */
                script->packets[to] = script->packets[script->count - 1];
            script->count++;
        }
    }
}

static void against_the_definition(uint64_t seed)
{
    static struct script scripts[LINES_MAX];
    struct test_random random = {seed};
    uint32_t lines = 2 + (uint32_t)(seed % 2);

    memset(&model, 0, sizeof model);
    set_up(lines, 0);
    for (uint32_t session = 0; session < SESSIONS; session++) {
        uint32_t cuts[200], count = 20 + (uint32_t)test_below(&random, 180);
        uint64_t first = session == 0 ? 1 + test_below(&random, 50) : 1;
        uint32_t left = lines;

        for (uint32_t i = 0; i < count; i++)
            cuts[i] = 1 + (uint32_t)test_below(&random, 9);
        for (uint32_t i = 0; i < lines; i++) {
            write_script(&scripts[i], &random, first, cuts, count);
            /* a line may be joined later, and be heard first nevertheless */
            if (session == 0 && test_below(&random, 2) == 0)
                scripts[i].next = (uint32_t)test_below(&random, scripts[i].count / 2);
        }
        while (left > 0) {
            uint32_t line = (uint32_t)test_below(&random, lines);
            struct script *script = &scripts[line];
            struct tc_merged expected;
            uint32_t burst = 1 + (uint32_t)test_below(&random, 6);

            if (script->next == script->count)
                continue;
            for (; burst > 0 && script->next < script->count; burst--, script->next++) {
                bed.now_ns += 10;
                data(line, (char)('A' + session), script->packets[script->next].sequence,
                     script->packets[script->next].messages);
                model_take(line, session, script->packets[script->next].sequence,
                           script->packets[script->next].messages);
            }
            left -= script->next == script->count;
            expected = model_figures(lines);
            expect(expected.messages, expected.missing, expected.recovered);
        }
    }
    tear_down();
}

Test(arbiter, figures_are_those_of_the_definition_after_every_burst)
{
    for (uint64_t seed = 0; seed < 100; seed++)
        against_the_definition(seed);
}

/* ---- lines that are in different sessions ---- */

/* One line's way through all sessions. */
struct journey {
    struct script scripts[SESSIONS];
    uint32_t session;
};

static void start_anew(struct journey *journey)
{
    while (journey->session < SESSIONS &&
           journey->scripts[journey->session].next == journey->scripts[journey->session].count)
        journey->session++;
}

/* Only the last two sessions of a channel are open. */
static bool may_go_on(const struct journey *journeys, uint32_t lines, uint32_t line)
{
    for (uint32_t i = 0; i < lines; i++)
        if (journeys[i].session + 1 < journeys[line].session)
            return false;
    return journeys[line].session < SESSIONS;
}

/*
 * The next packet of a line. Where sessions have names, each has its own; where they are started
 * anew, the stream begins again, and each line's sender has a clock of its own.
 */
static void travel(struct journey *journey, uint32_t line, bool anew)
{
    struct script *script = &journey->scripts[journey->session];
    uint64_t sequence = script->packets[script->next].sequence;
    uint32_t messages = script->packets[script->next].messages;
    const struct tc_packet packet = {
        .session = {{anew ? 'A' : 'A' + journey->session, 0}},
        .sequence = sequence,
        .messages = messages,
        .stream_offset = anew ? sequence : 0,
        .send_time = anew ? 100000 * (journey->session + 1) + sequence + 700 * line : 0,
        .kind = TC_PACKET_DATA,
    };

    take(line, &packet);
    model_take(line, journey->session, sequence, messages);
    script->next++;
    start_anew(journey);
}

static void sessions_apart(uint64_t seed, bool anew)
{
    static struct journey journeys[LINES_MAX];
    struct test_random random = {seed};
    uint32_t lines = 2 + (uint32_t)(seed % 2);

    memset(&model, 0, sizeof model);
    set_up(lines, anew ? TC_RULE_RESETS : 0);
    for (uint32_t session = 0; session < SESSIONS; session++) {
        uint32_t cuts[200], count = 60 + (uint32_t)test_below(&random, 140);
        uint64_t first = session == 0 ? 1 + test_below(&random, 50) : 1;

        for (uint32_t i = 0; i < count; i++)
            cuts[i] = 1 + (uint32_t)test_below(&random, 9);
        for (uint32_t i = 0; i < lines; i++)
            write_script(&journeys[i].scripts[session], &random, first, cuts, count);
    }
    for (uint32_t i = 0; i < lines; i++)
        journeys[i].session = 0;
    for (bool going = true; going;) {
        uint32_t line = (uint32_t)test_below(&random, lines);
        uint32_t burst = 1 + (uint32_t)test_below(&random, 90);
        struct tc_merged expected;

        for (; burst > 0 && may_go_on(journeys, lines, line); burst--)
            travel(&journeys[line], line, anew);
        expected = model_figures(lines);
        expect(expected.messages, expected.missing, expected.recovered);
        going = false;
        for (uint32_t i = 0; i < lines; i++)
            going |= journeys[i].session < SESSIONS;
    }
    tear_down();
}

Test(arbiter, figures_are_those_of_the_definition_while_lines_are_in_different_sessions)
{
    for (uint64_t seed = 0; seed < 100; seed++)
        sessions_apart(seed, false);
}

Test(arbiter, figures_are_those_of_the_definition_where_each_line_starts_anew_by_its_own_clock)
{
    for (uint64_t seed = 0; seed < 100; seed++)
        sessions_apart(seed, true);
}
