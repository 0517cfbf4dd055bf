/*
 * `together` misses what no line brought; `somewhere` is the union of what each line misses. What
 * is missing on every line is in both, so what was recovered is the difference.
 */
#include "track/arbiter.h"

#include "base/placer.h"

static void place(struct tc_arbiter *arbiter, struct tc_placer *placer, uint32_t lines,
                  uint8_t rules)
{
    void *together = tc_place(placer, tc_sequence_footprint(TC_ARBITER_RANGES));
    void *somewhere[2] = {tc_place(placer, tc_ranges_footprint(TC_ARBITER_RANGES)),
                          tc_place(placer, tc_ranges_footprint(TC_ARBITER_RANGES))};

    arbiter->lines = tc_place(placer, lines * sizeof arbiter->lines[0]);
    arbiter->arrivals = tc_place(placer, TC_ARBITER_ARRIVALS * sizeof arbiter->arrivals[0]);
    arbiter->lead = tc_place(placer, sizeof *arbiter->lead);
    if (placer->memory == NULL)
        return;
    tc_sequence_init(&arbiter->together, together, TC_ARBITER_RANGES, rules);
    tc_ranges_init(&arbiter->somewhere[0], somewhere[0], TC_ARBITER_RANGES);
    tc_ranges_init(&arbiter->somewhere[1], somewhere[1], TC_ARBITER_RANGES);
}

size_t tc_arbiter_footprint(uint32_t lines)
{
    struct tc_placer placer = {0};
    struct tc_arbiter measured;

    place(&measured, &placer, lines, 0);
    return placer.used;
}

void tc_arbiter_init(struct tc_arbiter *arbiter, void *memory, uint32_t lines, uint8_t rules,
                     uint64_t silent_after_ns)
{
    struct tc_placer placer = {.memory = memory};

    *arbiter = (struct tc_arbiter){.line_count = lines, .silent_after_ns = silent_after_ns};
    place(arbiter, &placer, lines, rules);
    memset(arbiter->lines, 0, lines * sizeof arbiter->lines[0]);
    memset(arbiter->arrivals, 0, TC_ARBITER_ARRIVALS * sizeof arbiter->arrivals[0]);
    tc_histogram_clear(arbiter->lead);
}

/* ---- numbers ---- */

/* Adds to the numbers that some line misses. */
static void add_somewhere(struct tc_arbiter *arbiter, uint8_t slot, uint64_t first, uint64_t end)
{
    struct tc_ranges *ranges = &arbiter->somewhere[slot];
    uint64_t before = ranges->numbers + ranges->pushed_out;

    tc_ranges_add(ranges, first, end);
    arbiter->somewhere_total += ranges->numbers + ranges->pushed_out - before;
}

static bool is_open(const struct tc_sequence *sequence, uint8_t slot)
{
    return sequence->open == 2 || (sequence->open == 1 && slot == sequence->current);
}

/* Missing numbers of a line's session that is `together`'s of that ordinal; NULL: not open. */
static const struct tc_ranges *missing_of(const struct tc_arbiter_line *line, uint32_t ordinal)
{
    for (uint8_t slot = 0; slot < 2; slot++)
        if (is_open(line->sequence, slot) && line->ordinal[slot] == ordinal + 1)
            return &line->sequence->tracks[slot].missing;
    return NULL;
}

/*
 * A line has come to have numbers: some line misses of them only what others miss, or what it had
 * missed for good. What is not remembered any more is final.
 */
static void review(struct tc_arbiter *arbiter, uint8_t slot, uint64_t first, uint64_t end)
{
    struct tc_ranges *ranges = &arbiter->somewhere[slot];
    uint32_t ordinal = arbiter->together.tracks[slot].session.ordinal;
    struct tc_range known = {first, first};

    while (tc_ranges_first(ranges, known.end, end, &known)) {
        arbiter->somewhere_total -= tc_ranges_cut(ranges, known.first, known.end);
        for (uint32_t i = 0; i < arbiter->line_count; i++) {
            const struct tc_ranges *missing = missing_of(&arbiter->lines[i], ordinal);
            struct tc_range part = {known.first, known.first};

            while (missing != NULL && tc_ranges_first(missing, part.end, known.end, &part))
                add_somewhere(arbiter, slot, part.first, part.end);
        }
    }
}

/* ---- the begin ---- */

/* How many of first <= n < end no line has come to yet. */
static uint64_t unexpected_in(const struct tc_arbiter *arbiter, uint8_t slot, uint64_t first,
                              uint64_t end)
{
    struct tc_range part = {first, first};
    uint64_t numbers = 0;

    end = end < arbiter->begins[slot].end ? end : arbiter->begins[slot].end;
    while (tc_ranges_first(&arbiter->together.tracks[slot].missing, part.end, end, &part))
        numbers += part.end - part.first -
                   tc_ranges_overlap(&arbiter->somewhere[slot], part.first, part.end);
    return numbers;
}

static void expect_later(struct tc_arbiter_begin *begin, uint64_t numbers, uint64_t end)
{
    begin->unexpected += numbers;
    if (end > begin->end)
        begin->end = end;
}

/* A line has come to some of them. */
static void come_to(struct tc_arbiter_begin *begin, uint64_t numbers)
{
    begin->unexpected -= numbers;
    if (begin->unexpected == 0)
        begin->end = 0;
}

/*
 * A line that is behind may begin below the number at which another one began; then the session
 * began there.
 */
static void begin_lower(struct tc_arbiter *arbiter, uint8_t slot, const struct tc_run *run)
{
    struct tc_session_track *track = &arbiter->together.tracks[slot];
    uint64_t before = track->missing.pushed_out;

    if (track->session.ordinal != 0 || run->first == run->end || run->first >= track->session.first)
        return;
    tc_ranges_add(&track->missing, run->first, track->session.first);
    expect_later(&arbiter->begins[slot], track->session.first - run->first, track->session.first);
    arbiter->together.figures.missing += track->session.first - run->first;
    arbiter->together.figures.forgotten += track->missing.pushed_out - before;
    track->session.first = run->first;
}

/* ---- silence ---- */

/* Every line has the same time to be heard first, from when one was. */
static void hear(struct tc_arbiter *arbiter, struct tc_arbiter_line *from, uint64_t now_ns)
{
    for (uint32_t i = 0; !arbiter->begun && i < arbiter->line_count; i++)
        arbiter->lines[i].heard_ns = now_ns;
    arbiter->begun = true;
    from->silent = false;
    if (now_ns > from->heard_ns)
        from->heard_ns = now_ns;
}

int32_t tc_arbiter_silence(struct tc_arbiter *arbiter, uint64_t now_ns)
{
    uint64_t latest_ns = 0;

    for (uint32_t i = 0; i < arbiter->line_count; i++)
        if (arbiter->lines[i].heard_ns > latest_ns)
            latest_ns = arbiter->lines[i].heard_ns;
    if (now_ns >= latest_ns + arbiter->silent_after_ns)
        return -1; /* none speaks: that is a quiet channel, not a silent line */
    for (uint32_t i = 0; i < arbiter->line_count; i++) {
        struct tc_arbiter_line *line = &arbiter->lines[i];

        if (line->silent || now_ns < line->heard_ns + arbiter->silent_after_ns)
            continue;
        line->silent = true;
        return (int32_t)i;
    }
    return -1;
}

/* ---- sessions that are over ---- */

static void note_closed(struct tc_arbiter *arbiter, const struct tc_session_id *id)
{
    arbiter->closed[arbiter->closed_count++ % TC_ARBITER_CLOSED] = *id;
}

/*
 * Whether a session that is not open is one that the others have left two sessions ago. To take it
 * for a new one would end a session that is open.
 */
static bool is_closed(const struct tc_arbiter *arbiter, struct tc_session_id id)
{
    uint32_t count = arbiter->closed_count < TC_ARBITER_CLOSED ? arbiter->closed_count
                                                               : TC_ARBITER_CLOSED;

    for (uint32_t i = 0; i < count; i++)
        if (tc_session_equal(arbiter->closed[i], id))
            return true;
    return false;
}

/* ---- sessions of lines and of the channel ---- */

enum { UNHEARD = TC_SEQUENCE_NEW + 1 }; /* instead of a slot of `together` */

/*
 * The session that a line joins. Where it has started one anew that is one which others have begun
 * since the one it left; of two of the same name the send time tells.
 */
static uint8_t joined(struct tc_arbiter *arbiter, const struct tc_arbiter_line *from,
                      const struct tc_run *run, uint8_t line_slot)
{
    const struct tc_sequence *together = &arbiter->together;
    uint8_t other = (uint8_t)(1 - line_slot), current = together->current;
    uint8_t previous = (uint8_t)(1 - current);
    uint32_t left = 0;
    bool fits[2];

    if (is_open(from->sequence, other) &&
        tc_session_equal(from->sequence->tracks[other].session.id, run->session)) {
        left = from->ordinal[other];
        arbiter->restarts++;
    }
    for (uint8_t slot = 0; slot < 2; slot++)
        fits[slot] = is_open(together, slot) &&
                     tc_session_equal(together->tracks[slot].session.id, run->session) &&
                     together->tracks[slot].session.ordinal + 1 > left;
    if (fits[current] &&
        (!fits[previous] || run->send_first >= together->tracks[current].send_first))
        return current;
    if (fits[previous])
        return previous;
    return left == 0 && is_closed(arbiter, run->session) ? UNHEARD : TC_SEQUENCE_NEW;
}

/* Where a run belongs that its line has put into a session of its own. */
static uint8_t place_of(struct tc_arbiter *arbiter, const struct tc_arbiter_line *from,
                        const struct tc_run *run, const struct tc_verdict *verdict)
{
    const struct tc_sequence *together = &arbiter->together;
    uint32_t ordinal = from->ordinal[verdict->slot];

    if ((verdict->events & TC_VERDICT_NEW_SESSION) != 0 || ordinal == 0)
        return joined(arbiter, from, run, verdict->slot);
    for (uint8_t slot = 0; slot < 2; slot++)
        if (is_open(together, slot) && together->tracks[slot].session.ordinal + 1 == ordinal)
            return slot;
    return UNHEARD;
}

/* ---- the whole ---- */

/* What a run means for all lines as if they were one; `missing`: what it means for its own. */
static void take_together(struct tc_arbiter *arbiter, const struct tc_run *run, uint8_t slot,
                          uint64_t missing, struct tc_verdict *merged, struct tc_ruling *ruling)
{
    struct tc_sequence *together = &arbiter->together;
    uint64_t forgotten = together->figures.forgotten;
    struct tc_arbiter_begin *begin;
    uint64_t expected = 0;

    if (slot != TC_SEQUENCE_NEW)
        begin_lower(arbiter, slot, run);
    tc_sequence_run_in(together, run, slot, merged);
    begin = &arbiter->begins[merged->slot];
    if ((merged->events & TC_VERDICT_RETIRED) != 0)
        note_closed(arbiter, &merged->retired.id);
    if (slot == TC_SEQUENCE_NEW) {
        arbiter->never_expected += begin->unexpected;
        *begin = (struct tc_arbiter_begin){0};
        tc_ranges_clear(&arbiter->somewhere[merged->slot]);
    }
    if (merged->missing > missing)
        expect_later(begin, merged->missing - missing, run->first - missing);
    if (merged->old > 0) {
        expected = unexpected_in(arbiter, merged->slot, run->first, run->first + merged->old);
        ruling->filled = tc_sequence_old_range(together, merged, run->first,
                                               run->first + merged->old) -
                         expected;
    }
    /* what is forgotten is final: nobody waits any more for lines to come to it */
    come_to(begin, together->figures.forgotten != forgotten ? begin->unexpected : expected);
}

/* A line misses numbers, which the others may have brought. */
static void take_gap(struct tc_arbiter *arbiter, uint8_t slot, uint64_t first, uint64_t end,
                     struct tc_ruling *ruling)
{
    come_to(&arbiter->begins[slot], unexpected_in(arbiter, slot, first, end));
    add_somewhere(arbiter, slot, first, end);
    ruling->known = end - first -
                    tc_ranges_overlap(&arbiter->together.tracks[slot].missing, first, end);
}

void tc_arbiter_take(struct tc_arbiter *arbiter, uint32_t line, const struct tc_run *run,
                     const struct tc_verdict *verdict, struct tc_arbiter_time time,
                     struct tc_ruling *ruling)
{
    struct tc_arbiter_line *from = &arbiter->lines[line];
    uint8_t slot = place_of(arbiter, from, run, verdict);
    struct tc_verdict merged;
    uint32_t ordinal;

    *ruling = (struct tc_ruling){.speaks = from->silent};
    hear(arbiter, from, time.now_ns);
    if (slot == UNHEARD) {
        ruling->unheard = true;
        if ((verdict->events & TC_VERDICT_NEW_SESSION) != 0)
            from->ordinal[verdict->slot] = 0;
        return;
    }
    take_together(arbiter, run, slot, verdict->missing, &merged, ruling);
    ordinal = arbiter->together.tracks[merged.slot].session.ordinal;
    ruling->session = from->ordinal[verdict->slot] = ordinal + 1;
    if (verdict->old > 0)
        review(arbiter, merged.slot, run->first, run->first + verdict->old);
    if (verdict->missing > 0)
        take_gap(arbiter, merged.slot, run->first - verdict->missing, run->first, ruling);
    if (run->end > run->first)
        tc_arbiter_arrival(arbiter, line, run->first, ordinal, time.rx_ns);
}

struct tc_merged tc_arbiter_figures(const struct tc_arbiter *arbiter)
{
    const struct tc_figures *together = &arbiter->together.figures;
    uint64_t missing = together->missing - arbiter->never_expected - arbiter->begins[0].unexpected -
                       arbiter->begins[1].unexpected;

    return (struct tc_merged){
        .messages = together->in_order + together->late,
        .missing = missing,
        .recovered = arbiter->somewhere_total - missing,
    };
}
