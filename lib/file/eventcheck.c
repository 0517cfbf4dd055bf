/* A row of limits for each form of a field; what fields say of each other by kind. */
#include "file/eventcheck.h"

#include "block/events.h"
#include "track/drop.h"
#include "track/state.h"

/* Values of a field that stand for something; a form without a row has any. */
static const struct {
    uint64_t lowest, highest;
} limits[] = {
    [TC_FIELD_FORM_BOOL] = {0, 1},
    [TC_FIELD_FORM_WAY] = {TC_FILLED_LATE, TC_FILLED_BY_LINE},
    [TC_FIELD_FORM_CLOCK] = {TC_STEPPED_SYSTEM, TC_STEPPED_PORT},
    [TC_FIELD_FORM_REFUSAL] = {1, 4},
};

static bool is_within_limits(const struct tc_event_field *field, uint64_t value)
{
    return field->form >= sizeof limits / sizeof limits[0] || limits[field->form].highest == 0 ||
           (value >= limits[field->form].lowest && value <= limits[field->form].highest);
}

static bool has_known_values(const struct tc_event *event)
{
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);
    const struct tc_event_field *field = tc_event_fields(event->kind);

    for (; field->width != 0; field++) {
        if (field->width > 8)
            tc_cursor_take(&in, field->width);
        else if (!is_within_limits(field, tc_cursor_uint(&in, field->width)))
            return false;
    }
    return !in.failed;
}

static bool is_about(const struct tc_capture *capture, const struct tc_event *event)
{
    switch ((enum tc_event_about)tc_event_type(event->kind)->about) {
    case TC_ABOUT_LINE: return event->about < capture->catalog.line_count;
    case TC_ABOUT_CHANNEL: return event->about < capture->catalog.channel_count;
    case TC_ABOUT_PORT: return event->about < capture->port_count || event->about == TC_PORT_NONE;
    case TC_ABOUT_NOTHING: break;
    }
    return event->about == TC_LINE_NONE;
}

/* `first` and one above the last number, and how many of them; there is at least one. */
static bool is_range(const struct tc_event *event)
{
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);
    uint64_t first, end, many;

    tc_cursor_take(&in, sizeof(struct tc_session_id));
    first = tc_cursor_u64(&in);
    end = tc_cursor_u64(&in);
    if (event->kind == TC_EVENT_GAP)
        tc_cursor_u64(&in); /* the time before it */
    many = tc_cursor_u64(&in);
    return first < end && many <= end - first && (many > 0 || event->kind == TC_EVENT_GAP);
}

static bool is_closed_session(const struct tc_event *event)
{
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);
    struct tc_session session = {0};

    tc_session_read(&in, &session);
    return !in.failed && session.first <= session.next;
}

static bool is_beyond_bound(const struct tc_event *event)
{
    uint64_t exch_ns = tc_load_le64(event->payload);
    int64_t after_ns = (int64_t)(event->time_ns - exch_ns);

    return (after_ns < 0 ? 0 - (uint64_t)after_ns : (uint64_t)after_ns) >
           tc_load_le64(event->payload + 8);
}

/* What was lost is told as lost, what was left out as left out. */
static bool is_loss(const struct tc_capture *capture, const struct tc_event *event)
{
    struct tc_cursor in = tc_cursor_of(event->payload, event->payload_bytes);
    struct tc_drop drop;

    tc_drop_read(&in, &drop);
    if (in.failed || tc_cursor_left(&in) != 0 || !tc_drop_closes(&drop) ||
        (drop.frames > 0) != (event->kind == TC_EVENT_DROPPED))
        return false;
    for (uint32_t i = 0; i < drop.run_count; i++)
        if (drop.runs[i].line >= capture->catalog.line_count)
            return false;
    return true;
}

/* Whether the figures of a payload, whose length is right, fit together. */
static bool fits_together(const struct tc_event *event)
{
    switch ((enum tc_event_kind)event->kind) {
    case TC_EVENT_SESSION: return is_closed_session(event);
    case TC_EVENT_GAP:
    case TC_EVENT_FILLED: return is_range(event);
    case TC_EVENT_BAD_TIME: return tc_load_le64(event->payload) > 0;
    case TC_EVENT_LATENCY: return is_beyond_bound(event);
    default: return true;
    }
}

enum tc_status tc_event_check(const struct tc_capture *capture, struct tc_stream_state *state,
                              const struct tc_event *event, struct tc_error *error)
{
    const struct tc_event_type *type = tc_event_type(event->kind);
    bool sound;

    if (type == NULL)
        return TC_OK;
    if (event->kind == TC_EVENT_LINE || event->kind == TC_EVENT_CHANNEL)
        return tc_fail(error, TC_DAMAGED, "a %s event, which is in no file", type->name);
    if (!is_about(capture, event))
        return tc_fail(error, TC_DAMAGED, "a %s event is about %u, which there is not", type->name,
                       event->about);
    if (event->kind == TC_EVENT_SYMBOL)
        return tc_stream_state_symbol(state, event->about, event->payload, event->payload_bytes,
                                      error);
    if (event->kind == TC_EVENT_DROPPED || event->kind == TC_EVENT_FILTERED)
        sound = is_loss(capture, event);
    else if (event->payload_bytes != tc_event_fields_bytes(tc_event_fields(event->kind)))
        return tc_fail(error, TC_DAMAGED, "a %s event has %u bytes, expected %zu", type->name,
                       event->payload_bytes, tc_event_fields_bytes(tc_event_fields(event->kind)));
    else
        sound = has_known_values(event) && fits_together(event);
    return sound
               ? TC_OK
               : tc_fail(error, TC_DAMAGED, "what a %s event says contradicts itself", type->name);
}
