/*
 * The rules, as docs/OPERATING.md explains them to users:
 * the first session starts at its first packet, later ones at 1; a packet above the expected
 * number opens a gap; a message below it is late if it was missing, else a duplicate.
 */
#include "track/sequence.h"

size_t tc_sequence_footprint(uint32_t missing_ranges)
{
    return 2 * tc_ranges_footprint(missing_ranges);
}

void tc_sequence_init(struct tc_sequence *line, void *memory, uint32_t missing_ranges,
                      uint8_t rules)
{
    uint8_t *second = (uint8_t *)memory + tc_ranges_footprint(missing_ranges);

    *line = (struct tc_sequence){.rules = rules};
    tc_ranges_init(&line->tracks[0].missing, memory, missing_ranges);
    tc_ranges_init(&line->tracks[1].missing, second, missing_ranges);
}

void tc_sequence_resume(struct tc_sequence *line, const struct tc_session *sessions, uint8_t count)
{
    line->open = count;
    line->current = 0;
    for (uint8_t i = 0; i < count; i++) {
        line->tracks[i].session = sessions[i];
        if (sessions[i].ordinal >= line->sessions)
            line->sessions = sessions[i].ordinal + 1;
    }
}

/* Makes a session the current one; the current becomes the previous, the previous is retired. */
static struct tc_session_track *
open_session(struct tc_sequence *line, const struct tc_packet *packet, struct tc_verdict *verdict)
{
    struct tc_session_track *track = &line->tracks[1 - line->current];
    uint64_t first = line->open == 0 ? packet->sequence : 1;

    if (line->open == 2) {
        verdict->events |= TC_VERDICT_RETIRED;
        verdict->retired = track->session;
    }
    if (line->open > 0) {
        verdict->events |= TC_VERDICT_RESET;
        line->figures.resets++;
    }
    verdict->events |= TC_VERDICT_NEW_SESSION;
    line->current = (uint8_t)(1 - line->current);
    line->open = line->open == 0 ? 1 : 2;
    tc_ranges_clear(&track->missing);
    track->final_below = 0;
    track->session = (struct tc_session){
        .id = packet->session, .first = first, .next = first, .ordinal = line->sessions++};
    track->send_first = packet->send_time;
    track->send_last = packet->send_time;
    track->offset_last = packet->stream_offset;
    return track;
}

/* Later than anything of a session, but earlier in its stream: the packet of a restart. */
static bool goes_back(const struct tc_session_track *track, const struct tc_packet *packet)
{
    return packet->send_time > track->send_last && packet->stream_offset < track->offset_last;
}

/* The session of a packet, which may be a new one. */
static struct tc_session_track *session_of(struct tc_sequence *line, const struct tc_packet *packet,
                                           struct tc_verdict *verdict)
{
    struct tc_session_track *current = &line->tracks[line->current];
    struct tc_session_track *previous = &line->tracks[1 - line->current];
    bool has_previous = line->open == 2 && tc_session_equal(previous->session.id, packet->session);
    bool resets = (line->rules & TC_RULE_RESETS) != 0;

    if (line->open > 0 && tc_session_equal(current->session.id, packet->session)) {
        /*
         * Both have this name after a restart. What was sent before the packet that showed it
         * belongs to the first, unless it announces the restart too and was only overtaken.
         */
        if (resets && has_previous && packet->send_time < current->send_first &&
            !goes_back(previous, packet))
            return previous;
        if (resets && goes_back(current, packet)) {
            current->final_below = current->session.next;
            return open_session(line, packet, verdict);
        }
        return current;
    }
    return has_previous ? previous : open_session(line, packet, verdict);
}

/* What was pushed out of the ranges, of which `lowest` went; what is final counts no more. */
static void count_forgotten(struct tc_sequence *line, const struct tc_session_track *track,
                            uint64_t lowest, uint64_t pushed_out)
{
    uint64_t end = lowest + (track->missing.pushed_out - pushed_out);
    uint64_t first = lowest > track->final_below ? lowest : track->final_below;

    line->figures.forgotten += end > first ? end - first : 0;
}

static uint64_t lowest_of(const struct tc_ranges *ranges)
{
    return ranges->count > 0 ? tc_ranges_at(ranges, 0).first : 0;
}

static void open_gap(struct tc_sequence *line, struct tc_session_track *track, uint64_t sequence,
                     struct tc_verdict *verdict)
{
    uint64_t pushed_out = track->missing.pushed_out, lowest = lowest_of(&track->missing);

    verdict->events |= TC_VERDICT_GAP;
    verdict->missing = sequence - track->session.next;
    tc_ranges_append(&track->missing, track->session.next, sequence);
    line->figures.gap_events++;
    line->figures.missing += verdict->missing;
    count_forgotten(line, track, lowest, pushed_out);
    track->session.next = sequence;
}

/* Numbers first <= n < end of a session: a gap before them, the old ones, those in order. */
static void take_numbers(struct tc_sequence *line, struct tc_session_track *track, uint64_t first,
                         uint64_t end, struct tc_verdict *verdict)
{
    uint64_t fresh = end - first;

    if (first > track->session.next)
        open_gap(line, track, first, verdict);
    if (first < track->session.next) {
        uint64_t behind = track->session.next - first;

        verdict->old = behind < fresh ? behind : fresh;
        fresh -= verdict->old;
    }
    track->session.next += fresh;
    line->figures.in_order += fresh;
    line->figures.messages += end - first;
}

static void take_end(struct tc_session_track *track, struct tc_verdict *verdict)
{
    if (!track->session.end_seen)
        verdict->events |= TC_VERDICT_END;
    track->session.end_seen = true;
}

static void take_stale(struct tc_sequence *line, uint32_t heartbeats, struct tc_verdict *verdict)
{
    line->figures.stale_heartbeats += heartbeats;
    verdict->events |= TC_VERDICT_STALE;
}

/* Notes what a packet's header alone tells of its session. */
static inline void enter(const struct tc_sequence *line, struct tc_session_track *track,
                         const struct tc_packet *packet, struct tc_verdict *verdict)
{
    verdict->slot = (uint8_t)(track - line->tracks);
    if (packet->send_time > track->send_last)
        track->send_last = packet->send_time;
    if (packet->stream_offset > track->offset_last)
        track->offset_last = packet->stream_offset;
}

static inline void clear(struct tc_verdict *verdict)
{
    verdict->old = 0;
    verdict->events = 0;
    verdict->missing = 0;
}

void tc_sequence_packet(struct tc_sequence *line, const struct tc_packet *packet,
                        struct tc_verdict *verdict)
{
    struct tc_session_track *track;

    clear(verdict);
    track = session_of(line, packet, verdict);
    enter(line, track, packet, verdict);
    line->figures.packets++;
    take_numbers(line, track, packet->sequence, packet->sequence + packet->messages, verdict);
    if (packet->kind == TC_PACKET_END)
        take_end(track, verdict);
    if (packet->kind == TC_PACKET_HEARTBEAT) {
        line->figures.heartbeats++;
        if (packet->sequence < track->session.next && (line->rules & TC_RULE_STALE_HEARTBEATS) != 0)
            take_stale(line, 1, verdict);
    }
}

static struct tc_packet first_of(const struct tc_run *run)
{
    return (struct tc_packet){.session = run->session,
                              .sequence = run->first,
                              .stream_offset = run->offset_first,
                              .send_time = run->send_first};
}

static void take_run(struct tc_sequence *line, struct tc_session_track *track,
                     const struct tc_run *run, struct tc_verdict *verdict)
{
    const struct tc_packet first = first_of(run);

    enter(line, track, &first, verdict);
    if (run->send_last > track->send_last)
        track->send_last = run->send_last;
    if (run->offset_last > track->offset_last)
        track->offset_last = run->offset_last;
    line->figures.packets += run->packets;
    line->figures.heartbeats += run->heartbeats;
    take_numbers(line, track, run->first, run->end, verdict);
    if (run->ends > 0)
        take_end(track, verdict);
    if (run->stale > 0)
        take_stale(line, run->stale, verdict);
}

void tc_sequence_run(struct tc_sequence *line, const struct tc_run *run, struct tc_verdict *verdict)
{
    const struct tc_packet first = first_of(run);

    clear(verdict);
    take_run(line, session_of(line, &first, verdict), run, verdict);
}

void tc_sequence_run_in(struct tc_sequence *line, const struct tc_run *run, uint8_t slot,
                        struct tc_verdict *verdict)
{
    const struct tc_packet first = first_of(run);

    clear(verdict);
    take_run(line,
             slot == TC_SEQUENCE_NEW ? open_session(line, &first, verdict) : &line->tracks[slot],
             run, verdict);
}

uint64_t tc_sequence_old_range(struct tc_sequence *line, const struct tc_verdict *verdict,
                               uint64_t first, uint64_t end)
{
    struct tc_session_track *track = &line->tracks[verdict->slot];
    struct tc_ranges *missing = &track->missing;
    uint64_t pushed_out = missing->pushed_out, lowest = lowest_of(missing);
    uint64_t open = first > track->final_below ? first : track->final_below;
    uint64_t late = missing->count > 0 && open < end ? tc_ranges_cut(missing, open, end) : 0;

    line->figures.late += late;
    line->figures.missing -= late;
    line->figures.duplicates += end - first - late;
    count_forgotten(line, track, lowest, pushed_out);
    return late;
}

enum tc_old_message tc_sequence_old(struct tc_sequence *line, const struct tc_verdict *verdict,
                                    uint64_t number)
{
    return tc_sequence_old_range(line, verdict, number, number + 1) > 0 ? TC_OLD_LATE
                                                                        : TC_OLD_DUPLICATE;
}
