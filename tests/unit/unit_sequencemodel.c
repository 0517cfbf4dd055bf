/*
 * The sequence tracker against a model that keeps every number of every session in plain arrays:
 * random days of lines that lose, repeat and overtake.
 */
#include <criterion/criterion.h>

#include "linebed.h"
#include "support.h"

/* ---- the model ---- */

enum { NUMBERS = 3000, SESSIONS = 400, PACKETS = 600 };

/* A session with all its numbers. */
struct past {
    struct tc_session session;
    uint64_t began, latest; /* send times */
    uint64_t highest;       /* stream offset */
    bool missing[NUMBERS];
};

struct model {
    struct past past[SESSIONS]; /* the last one is current, the one before it still open */
    size_t count;
    struct tc_figures figures;
    struct tc_verdict verdict;
    char letters[80];
    uint32_t ranges; /* of missing numbers that a session can remember */
    bool resets, stale;
};

static struct past *past_open(struct model *model, const struct tc_packet *packet)
{
    struct past *past = &model->past[model->count];

    cr_assert_lt(model->count, SESSIONS);
    model->verdict.events |= TC_VERDICT_NEW_SESSION;
    if (model->count >= 1) {
        model->verdict.events |= TC_VERDICT_RESET;
        model->figures.resets++;
    }
    if (model->count >= 2) {
        model->verdict.events |= TC_VERDICT_RETIRED;
        model->verdict.retired = model->past[model->count - 2].session;
    }
    memset(past, 0, sizeof *past);
    past->session.id = packet->session;
    past->session.first = model->count == 0 ? packet->sequence : 1;
    past->session.next = past->session.first;
    past->session.ordinal = (uint32_t)model->count++;
    past->began = past->latest = packet->send_time;
    past->highest = packet->stream_offset;
    return past;
}

static struct past *past_of(struct model *model, const struct tc_packet *packet)
{
    struct past *current = model->count >= 1 ? &model->past[model->count - 1] : NULL;
    struct past *old = model->count >= 2 ? &model->past[model->count - 2] : NULL;
    bool is_current = current != NULL && tc_session_equal(current->session.id, packet->session);
    bool is_old = old != NULL && tc_session_equal(old->session.id, packet->session);

    if (is_current && is_old && model->resets && packet->send_time < current->began)
        return old;
    if (is_current && model->resets && packet->send_time > current->latest &&
        packet->stream_offset < current->highest) {
        memset(current->missing, 0, sizeof current->missing);
        return past_open(model, packet);
    }
    if (is_current)
        return current;
    return is_old ? old : past_open(model, packet);
}

/* Forgets the lowest run of missing numbers while there are too many runs. */
static void bound(struct model *model, struct past *past)
{
    for (;;) {
        uint32_t runs = 0;
        uint64_t i = 0;

        for (uint64_t j = 0; j < past->session.next; j++)
            runs += past->missing[j] && (j == 0 || !past->missing[j - 1]);
        if (runs <= model->ranges)
            return;
        while (!past->missing[i])
            i++;
        for (; past->missing[i]; i++) {
            past->missing[i] = false;
            model->figures.forgotten++;
        }
    }
}

static void model_message(struct model *model, struct past *past, uint64_t number, char *letter)
{
    model->figures.messages++;
    if (number >= past->session.next) {
        past->session.next = number + 1;
        model->figures.in_order++;
        *letter = 'i';
    } else if (past->missing[number]) {
        past->missing[number] = false;
        model->figures.missing--;
        model->figures.late++;
        *letter = 'l';
        bound(model, past);
    } else {
        model->figures.duplicates++;
        *letter = 'd';
    }
}

static void model_take(struct model *model, const struct tc_packet *packet)
{
    struct past *past;

    memset(&model->verdict, 0, sizeof model->verdict);
    past = past_of(model, packet);
    model->figures.packets++;
    past->latest = packet->send_time > past->latest ? packet->send_time : past->latest;
    past->highest = packet->stream_offset > past->highest ? packet->stream_offset : past->highest;
    if (packet->kind == TC_PACKET_HEARTBEAT) {
        model->figures.heartbeats++;
        if (packet->sequence < past->session.next && model->stale) {
            model->figures.stale_heartbeats++;
            model->verdict.events |= TC_VERDICT_STALE;
        }
    }
    if (packet->kind == TC_PACKET_END && !past->session.end_seen)
        model->verdict.events |= TC_VERDICT_END;
    past->session.end_seen |= packet->kind == TC_PACKET_END;
    if (packet->sequence > past->session.next) {
        model->figures.gap_events++;
        model->verdict.events |= TC_VERDICT_GAP;
        for (; past->session.next < packet->sequence; past->session.next++) {
            past->missing[past->session.next] = true;
            model->verdict.missing++;
        }
        model->figures.missing += model->verdict.missing;
        bound(model, past);
    }
    for (uint32_t i = 0; i < packet->messages; i++)
        model_message(model, past, packet->sequence + i, &model->letters[i]);
    model->letters[packet->messages] = '\0';
}

/* ---- comparing ---- */

static void expect_session(const struct tc_session *found, const struct tc_session *expected)
{
    cr_assert(tc_session_equal(found->id, expected->id));
    cr_assert_eq(found->first, expected->first);
    cr_assert_eq(found->next, expected->next);
    cr_assert_eq(found->ordinal, expected->ordinal);
    cr_assert_eq(found->end_seen, expected->end_seen);
}

/* What is missing for good the tracker still knows, but it can be missing no more. */
static void expect_track(const struct tc_session_track *track, const struct past *past)
{
    uint64_t numbers = 0;

    expect_session(&track->session, &past->session);
    for (uint64_t i = 0; i < past->session.next; i++) {
        bool missing = i >= track->final_below && tc_ranges_has(&track->missing, i);

        numbers += past->missing[i];
        cr_assert_eq(missing, past->missing[i], "number %lu", i);
    }
    cr_assert_eq(tc_ranges_overlap(&track->missing, track->final_below, past->session.next),
                 numbers);
}

static void expect_sessions(const struct linebed *bed, const struct model *model)
{
    const struct tc_session_track *current = tc_sequence_current(&bed->line);
    const struct tc_session_track *previous = tc_sequence_previous(&bed->line);

    cr_assert_eq(bed->line.sessions, model->count);
    expect_track(current, &model->past[model->count - 1]);
    cr_assert_eq(previous != NULL, model->count > 1);
    if (previous != NULL)
        expect_track(previous, &model->past[model->count - 2]);
}

static void both_take(struct linebed *bed, struct model *model, const struct tc_packet *packet)
{
    line_take(bed, packet);
    model_take(model, packet);
    cr_assert_str_eq(bed->letters, model->letters, "%s, expected %s", bed->letters, model->letters);
    cr_assert_eq(bed->verdict.events, model->verdict.events, "events %d, expected %d",
                 bed->verdict.events, model->verdict.events);
    cr_assert_eq(bed->verdict.missing, model->verdict.missing);
    if ((model->verdict.events & TC_VERDICT_RETIRED) != 0)
        expect_session(&bed->verdict.retired, &model->verdict.retired);
    for (size_t row = 0; row < TC_FIGURE_ROWS; row++)
        cr_assert_eq(tc_figures_get(&bed->line.figures, row), tc_figures_get(&model->figures, row),
                     "%s: %lu, expected %lu", tc_figure_rows[row].name,
                     tc_figures_get(&bed->line.figures, row), tc_figures_get(&model->figures, row));
    cr_assert_eq(model->figures.messages,
                 model->figures.in_order + model->figures.late + model->figures.duplicates);
}

/* ---- streams ---- */

struct world {
    struct test_random random;
    struct tc_packet packets[2 * PACKETS];
    uint64_t keys[2 * PACKETS]; /* places in the order of arrival */
    size_t count;
    uint64_t time;                 /* of the exchange's clock */
    unsigned loss, twice, delayed; /* of 1,000 packets */
    unsigned delay_most;           /* packets that can overtake one */
};

static bool happens(struct world *world, unsigned of_thousand)
{
    return test_below(&world->random, 1000) < of_thousand;
}

static void arrive(struct world *world, const struct tc_packet *packet, uint64_t key)
{
    cr_assert_lt(world->count, 2 * PACKETS);
    world->packets[world->count] = *packet;
    world->keys[world->count++] = key;
}

/* Sends a packet on its way: it may be lost, come twice, or be overtaken. */
static void transmit(struct world *world, const struct tc_packet *packet, uint64_t key,
                     bool may_be_overtaken)
{
    uint64_t delay = may_be_overtaken && happens(world, world->delayed)
                         ? test_below(&world->random, world->delay_most)
                         : 0;

    if (!happens(world, world->loss))
        arrive(world, packet, key + delay);
    if (may_be_overtaken && happens(world, world->twice))
        arrive(world, packet, key + test_below(&world->random, world->delay_most));
}

/* One life of a session: data, heartbeats, and perhaps its end. Answers the key after it. */
static uint64_t run_session(struct world *world, uint64_t id, uint64_t first, uint64_t key)
{
    struct tc_packet packet = {.session = {{id, ~id}}, .sequence = first};
    uint64_t packets = 20 + test_below(&world->random, 80);
    uint64_t ends = test_below(&world->random, 4);

    for (uint64_t i = 0; i < packets; i++, key++) {
        packet.messages = happens(world, 150) ? 0 : 1 + (uint32_t)test_below(&world->random, 9);
        packet.kind = packet.messages > 0 ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT;
        packet.send_time = world->time += 1 + test_below(&world->random, 1000);
        /* What opens a session by its times must not be overtaken: see the small case above. */
        transmit(world, &packet, key, i > world->delay_most);
        packet.sequence += packet.messages;
        packet.stream_offset += packet.messages * 40u;
        if (packet.kind == TC_PACKET_DATA && happens(world, 20)) { /* an old heartbeat again */
            struct tc_packet old = line_packet(0, TC_PACKET_HEARTBEAT, packet.sequence - 1, 0);

            old.session = packet.session;
            old.send_time = packet.send_time;
            old.stream_offset = packet.stream_offset;
            arrive(world, &old, key);
        }
    }
    for (packet.messages = 0, packet.kind = TC_PACKET_END; ends > 0; ends--, key++)
        transmit(world, &packet, key, true);
    return key;
}

/* In the order of arrival; what has the same key keeps its order. */
static void sort_arrivals(struct world *world)
{
    for (size_t i = 1; i < world->count; i++) {
        struct tc_packet packet = world->packets[i];
        uint64_t key = world->keys[i];
        size_t j = i;

        for (; j > 0 && world->keys[j - 1] > key; j--) {
            world->packets[j] = world->packets[j - 1];
            world->keys[j] = world->keys[j - 1];
        }
        world->packets[j] = packet;
        world->keys[j] = key;
    }
}

static void compare_arrivals(struct world *world, uint32_t ranges, uint8_t rules,
                             struct tc_figures *sum)
{
    static struct model model;
    struct linebed bed;

    model.count = 0;
    model.figures = (struct tc_figures){0};
    model.ranges = ranges;
    model.resets = (rules & TC_RULE_RESETS) != 0;
    model.stale = (rules & TC_RULE_STALE_HEARTBEATS) != 0;
    line_set_up(&bed, ranges, rules);
    for (size_t i = 0; i < world->count; i++) {
        both_take(&bed, &model, &world->packets[i]);
        if (i % 16 == 0 || i + 1 == world->count)
            expect_sessions(&bed, &model);
    }
    tc_figures_add(sum, &model.figures);
    line_tear_down(&bed);
}

/* A day of a line: a few sessions, the first one perhaps already running. */
static void live_a_day(uint64_t seed, uint32_t ranges, uint8_t rules, struct tc_figures *sum)
{
    static struct world world;
    uint64_t key = 0;
    uint64_t id = 1;
    uint64_t lives;

    world = (struct world){.random = {seed}};
    world.loss = (unsigned)test_below(&world.random, 3) * 60;
    world.twice = (unsigned)test_below(&world.random, 3) * 60;
    world.delayed = (unsigned)test_below(&world.random, 3) * 100;
    world.delay_most = 1 + (unsigned)test_below(&world.random, 12);
    lives = 1 + test_below(&world.random, 5);
    for (uint64_t life = 0; life < lives; life++) {
        bool mid_day = life == 0 && happens(&world, 500);

        key = run_session(&world, id, mid_day ? 1000 : 1, key);
        if ((rules & TC_RULE_RESETS) == 0 || happens(&world, 300))
            id++;
    }
    sort_arrivals(&world);
    compare_arrivals(&world, ranges, rules, sum);
}

/* The streams have shown everything that can be counted. */
static void expect_variety(const struct tc_figures *sum)
{
    cr_assert(sum->late > 1000 && sum->duplicates > 1000 && sum->missing > 1000 &&
              sum->gap_events > 1000 && sum->heartbeats > 1000 && sum->resets > 100);
}

Test(sequencemodel, random_days_of_moldudp64_agree_with_the_model)
{
    struct tc_figures sum = {0};

    for (uint64_t seed = 0; seed < 3000; seed++)
        live_a_day(seed, 1024, TC_RULE_STALE_HEARTBEATS, &sum);
    expect_variety(&sum);
    cr_assert_gt(sum.stale_heartbeats, 1000);
    cr_assert_eq(sum.forgotten, 0);
}

Test(sequencemodel, random_days_of_iex_agree_with_the_model)
{
    struct tc_figures sum = {0};

    for (uint64_t seed = 10000; seed < 13000; seed++)
        live_a_day(seed, 1024, TC_RULE_RESETS, &sum);
    expect_variety(&sum);
    cr_assert_eq(sum.stale_heartbeats, 0);
}

Test(sequencemodel, random_days_with_little_memory_agree_with_the_model)
{
    struct tc_figures sum = {0};

    for (uint64_t seed = 20000; seed < 22000; seed++)
        live_a_day(seed, 1u << (seed % 4),
                   seed % 2 == 0 ? TC_RULE_STALE_HEARTBEATS : TC_RULE_RESETS, &sum);
    expect_variety(&sum);
    cr_assert_gt(sum.forgotten, 1000);
}

Test(sequencemodel, packets_that_make_no_sense_agree_with_the_model)
{
    static struct world world;
    struct tc_figures sum = {0};

    for (uint64_t seed = 30000; seed < 31500; seed++) {
        world = (struct world){.random = {seed}};
        for (int i = 0; i < 300; i++) {
            struct tc_packet packet = {
                .session = {{1 + test_below(&world.random, 2 + seed % 3), 0}},
                .sequence = 1 + test_below(&world.random, 60),
                .kind = (enum tc_packet_kind)test_below(&world.random, 3),
            };

            if (packet.kind == TC_PACKET_DATA)
                packet.messages = 1 + (uint32_t)test_below(&world.random, 8);
            arrive(&world, &packet, 0);
        }
        compare_arrivals(&world, 1u << seed % 6, TC_RULE_STALE_HEARTBEATS, &sum);
    }
    expect_variety(&sum);
}
