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
            tc_ranges_clear(&current->missing);
            return open_session(line, packet, verdict);
        }
        return current;
    }
    return has_previous ? previous : open_session(line, packet, verdict);
}

static void open_gap(struct tc_sequence *line, struct tc_session_track *track, uint64_t sequence,
                     struct tc_verdict *verdict)
{
    uint64_t pushed_out = track->missing.pushed_out;

    verdict->events |= TC_VERDICT_GAP;
    verdict->missing = sequence - track->session.next;
    tc_ranges_append(&track->missing, track->session.next, sequence);
    line->figures.gap_events++;
    line->figures.missing += verdict->missing;
    line->figures.forgotten += track->missing.pushed_out - pushed_out;
    track->session.next = sequence;
}

/* Heartbeats and ends of session; neither brings a message. */
static void take_signal(struct tc_sequence *line, struct tc_session_track *track,
                        const struct tc_packet *packet, struct tc_verdict *verdict)
{
    if (packet->kind == TC_PACKET_END) {
        track->session.end_seen = true;
        return;
    }
    line->figures.heartbeats++;
    if (packet->sequence < track->session.next && (line->rules & TC_RULE_STALE_HEARTBEATS) != 0) {
        line->figures.stale_heartbeats++;
        verdict->events |= TC_VERDICT_STALE;
    }
}

void tc_sequence_packet(struct tc_sequence *line, const struct tc_packet *packet,
                        struct tc_verdict *verdict)
{
    struct tc_session_track *track;
    uint32_t fresh = packet->messages;

    verdict->old = 0;
    verdict->events = 0;
    verdict->missing = 0;
    track = session_of(line, packet, verdict);
    verdict->slot = (uint8_t)(track - line->tracks);
    line->figures.packets++;
    if (packet->send_time > track->send_last)
        track->send_last = packet->send_time;
    if (packet->stream_offset > track->offset_last)
        track->offset_last = packet->stream_offset;

    if (packet->sequence > track->session.next)
        open_gap(line, track, packet->sequence, verdict);
    if (packet->kind != TC_PACKET_DATA) {
        take_signal(line, track, packet, verdict);
        return;
    }
    if (packet->sequence < track->session.next) {
        uint64_t behind = track->session.next - packet->sequence;

        verdict->old = behind < fresh ? (uint32_t)behind : fresh;
        fresh -= verdict->old;
    }
    track->session.next += fresh;
    line->figures.in_order += fresh;
    line->figures.messages += packet->messages;
}

enum tc_old_message tc_sequence_old(struct tc_sequence *line, const struct tc_verdict *verdict,
                                    uint64_t number)
{
    struct tc_ranges *missing = &line->tracks[verdict->slot].missing;
    uint64_t pushed_out = missing->pushed_out;

    if (tc_ranges_cut(missing, number, number + 1) == 0) {
        line->figures.duplicates++;
        return TC_OLD_DUPLICATE;
    }
    line->figures.late++;
    line->figures.missing--;
    line->figures.forgotten += missing->pushed_out - pushed_out;
    return TC_OLD_LATE;
}
