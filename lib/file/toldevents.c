/* The events that a packet gives are made again, in the order in which the intake tells them. */
#include "file/toldevents.h"

#include "track/state.h"

static bool is_of_packets(unsigned kind)
{
    return kind == TC_EVENT_SESSION || kind == TC_EVENT_SESSION_START || kind == TC_EVENT_GAP ||
           kind == TC_EVENT_FILLED || kind == TC_EVENT_SESSION_END;
}

static struct tc_told_event *append(struct tc_told_events *list, unsigned kind, uint16_t about,
                                    uint64_t time_ns)
{
    struct tc_told_event *event = &list->events[list->count];

    /* one more than a frame can have is enough to differ */
    if (list->count + 1 < TC_TOLD_EVENTS_MAX)
        list->count++;
    *event = (struct tc_told_event){.time_ns = time_ns, .about = about, .kind = (uint8_t)kind};
    return event;
}

void tc_told_events_add(struct tc_told_events *told, const struct tc_event *event)
{
    struct tc_told_event *kept;

    if (!is_of_packets(event->kind) || event->payload_bytes > TC_EVENT_PAYLOAD_MAX)
        return;
    kept = append(told, event->kind, event->about, event->time_ns);
    kept->payload_bytes = event->payload_bytes;
    memcpy(kept->payload, event->payload, event->payload_bytes);
}

/* ---- what a packet gives ---- */

/* An event of which `values` follow the session. */
static void give(struct tc_told_events *given, enum tc_event_kind kind,
                 const struct tc_retraced *packet, const uint64_t *values, uint32_t count)
{
    struct tc_told_event *event = append(given, kind, packet->line, packet->time_ns);
    struct tc_scribe out = tc_scribe_of(event->payload, sizeof event->payload);

    tc_scribe_bytes(&out, &packet->run.session, sizeof packet->run.session);
    for (uint32_t i = 0; i < count; i++)
        tc_scribe_uint(&out, values[i], 8);
    event->payload_bytes = (uint32_t)out.length;
}

static void give_closed(struct tc_told_events *given, const struct tc_retraced *packet)
{
    struct tc_told_event *event = append(given, TC_EVENT_SESSION, packet->line, packet->time_ns);
    struct tc_scribe out = tc_scribe_of(event->payload, sizeof event->payload);

    tc_session_write(&out, &packet->verdict.retired);
    event->payload_bytes = (uint32_t)out.length;
}

static void give_all(struct tc_told_events *given, const struct tc_retraced *packet,
                     const struct tc_sequence *line)
{
    const struct tc_verdict *verdict = &packet->verdict;
    const struct tc_session *session = &line->tracks[verdict->slot].session;
    uint64_t first = packet->run.first, end = packet->run.end;

    if ((verdict->events & TC_VERDICT_RETIRED) != 0)
        give_closed(given, packet);
    if ((verdict->events & TC_VERDICT_NEW_SESSION) != 0)
        give(given, TC_EVENT_SESSION_START, packet,
             (const uint64_t[]){session->first, session->ordinal,
                                (verdict->events & TC_VERDICT_RESET) != 0},
             3);
    if (verdict->missing > 0)
        give(given, TC_EVENT_GAP, packet,
             (const uint64_t[]){first - verdict->missing, first, packet->before_ns,
                                packet->ruling.known},
             4);
    if (packet->late > 0)
        give(given, TC_EVENT_FILLED, packet,
             (const uint64_t[]){first, end, packet->late, TC_FILLED_LATE}, 4);
    else if (packet->ruling.filled > 0 && packet->ruling_exact)
        give(given, TC_EVENT_FILLED, packet,
             (const uint64_t[]){first, end, packet->ruling.filled, TC_FILLED_BY_LINE}, 4);
    if ((verdict->events & TC_VERDICT_END) != 0)
        give(given, TC_EVENT_SESSION_END, packet, (const uint64_t[]){session->next}, 1);
}

/* ---- comparing ---- */

enum {
    RANGE_BYTES = sizeof(struct tc_session_id) + 16,
    AT_BEFORE = RANGE_BYTES,
    AT_KNOWN = RANGE_BYTES + 8,
    AT_WAY = RANGE_BYTES + 8,
};

/* Whether it tells of what one line brought for all, which only the lines together can say. */
static bool is_of_lines(const struct tc_told_event *event)
{
    return event->kind == TC_EVENT_FILLED && event->payload_bytes == AT_WAY + 8 &&
           tc_load_le64(event->payload + AT_WAY) == TC_FILLED_BY_LINE;
}

/* What cannot be known, because packets before it were left out or not read, is as it is told. */
static void pass_over_unknown(struct tc_told_events *told, struct tc_told_events *given,
                              const struct tc_retraced *packet)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < told->count; i++)
        if (packet->ruling_exact || !is_of_lines(&told->events[i]))
            told->events[kept++] = told->events[i];
    told->count = kept;
    for (uint32_t i = 0; i < given->count && i < told->count; i++) {
        uint8_t *payload = given->events[i].payload;

        if (given->events[i].kind != TC_EVENT_GAP || told->events[i].kind != TC_EVENT_GAP)
            continue;
        if (!packet->before_exact)
            memcpy(payload + AT_BEFORE, told->events[i].payload + AT_BEFORE, 8);
        if (!packet->ruling_exact)
            memcpy(payload + AT_KNOWN, told->events[i].payload + AT_KNOWN, 8);
    }
}

static bool is_same(const struct tc_told_event *one, const struct tc_told_event *other)
{
    return one->about == other->about && one->time_ns == other->time_ns &&
           one->payload_bytes == other->payload_bytes &&
           memcmp(one->payload, other->payload, one->payload_bytes) == 0;
}

static enum tc_status compare(const struct tc_told_events *told, const struct tc_told_events *given,
                              struct tc_error *error)
{
    for (uint32_t i = 0; i < told->count || i < given->count; i++) {
        const struct tc_told_event *one = &told->events[i], *other = &given->events[i];

        if (i >= told->count ||
            (i < given->count && one->kind != other->kind && told->count < given->count))
            return tc_fail(error, TC_DAMAGED,
                           "no %s event stands before it, but its sequence numbers give one",
                           tc_event_type(other->kind)->name);
        if (i >= given->count || one->kind != other->kind)
            return tc_fail(error, TC_DAMAGED,
                           "a %s event stands before it, but its sequence numbers give none",
                           tc_event_type(one->kind)->name);
        if (!is_same(one, other))
            return tc_fail(error, TC_DAMAGED,
                           "the %s event before it says something else than its sequence numbers",
                           tc_event_type(one->kind)->name);
    }
    return TC_OK;
}

enum tc_status tc_told_events_check(struct tc_told_events *told, const struct tc_retraced *packet,
                                    const struct tc_sequence *line, struct tc_error *error)
{
    struct tc_told_events given = {.count = 0};
    enum tc_status status;

    if (packet != NULL) {
        give_all(&given, packet, line);
        pass_over_unknown(told, &given, packet);
    }
    status = compare(told, &given, error);
    told->count = 0;
    return status;
}
