/* Which fields the payload of each kind has. */
#include "block/events.h"

#define UINT(name, width)               \
    {                                   \
        name, width, TC_FIELD_FORM_UINT \
    }
#define BOOL(name, width)               \
    {                                   \
        name, width, TC_FIELD_FORM_BOOL \
    }
#define TIME(name)                  \
    {                               \
        name, 8, TC_FIELD_FORM_TIME \
    }
#define SESSION                              \
    {                                        \
        "session", 16, TC_FIELD_FORM_SESSION \
    }
#define END        \
    {              \
        NULL, 0, 0 \
    }

static const struct tc_event_field no_fields[] = {END};

static const struct tc_event_field symbol_fields[] = {
    UINT("locate", 2), {"name", 8, TC_FIELD_FORM_TEXT}, END};

static const struct tc_event_field session_fields[] = {
    SESSION, UINT("first", 8), UINT("next", 8), UINT("ordinal", 4), BOOL("end_seen", 4), END};

static const struct tc_event_field drop_fields[] = {
    {"cause", 4, TC_FIELD_FORM_FATE},
    BOOL("exact", 4),
    UINT("frames", 8),
    UINT("messages", 8),
    UINT("unmatched", 8),
    UINT("malformed", 8),
    UINT("filtered_frames", 8),
    UINT("filtered_messages", 8),
    UINT("wire_bytes", 8),
    TIME("first_ns"),
    TIME("last_ns"),
    UINT("runs", 8),
    END,
};

const struct tc_event_field tc_event_run_fields[] = {
    SESSION,
    UINT("first", 8),
    UINT("end", 8),
    UINT("send_first", 8),
    UINT("send_last", 8),
    UINT("offset_first", 8),
    UINT("offset_last", 8),
    UINT("packets", 4),
    UINT("heartbeats", 4),
    UINT("stale", 4),
    UINT("ends", 4),
    UINT("malformed", 4),
    UINT("line", 2),
    {"fate", 1, TC_FIELD_FORM_FATE},
    UINT("zero", 1),
    END,
};

/* first <= n < end are missing; `before_ns`: receive time of the line's packet before. */
static const struct tc_event_field gap_fields[] = {
    SESSION, UINT("first", 8), UINT("end", 8), TIME("before_ns"), UINT("known", 8), END};

/* `count` of the numbers first <= n < end. */
static const struct tc_event_field filled_fields[] = {
    SESSION, UINT("first", 8), UINT("end", 8), UINT("count", 8), {"way", 8, TC_FIELD_FORM_WAY},
    END};

static const struct tc_event_field start_fields[] = {SESSION, UINT("first", 8), UINT("ordinal", 8),
                                                     BOOL("reset", 8), END};

static const struct tc_event_field end_fields[] = {SESSION, UINT("next", 8), END};

static const struct tc_event_field silence_fields[] = {TIME("heard_ns"), END};

static const struct tc_event_field nic_fields[] = {UINT("missed", 8), UINT("errors", 8),
                                                   UINT("nombuf", 8), TIME("from_ns"), END};

static const struct tc_event_field link_fields[] = {BOOL("up", 8), UINT("mbit", 8), END};

static const struct tc_event_field step_fields[] = {
    {"step_ns", 8, TC_FIELD_FORM_INT}, {"clock", 8, TC_FIELD_FORM_CLOCK}, END};

/* `frames` since that was told last; the stamp is that of the first of them, as it came. */
static const struct tc_event_field bad_time_fields[] = {
    UINT("frames", 8), UINT("stamp", 8), {"why", 8, TC_FIELD_FORM_REFUSAL}, END};

static const struct tc_event_field latency_fields[] = {TIME("exch_ns"), UINT("bound_ns", 8), END};

static const struct tc_event_field unheard_fields[] = {UINT("reports", 8), END};

static const struct tc_event_field *const fields_of[TC_EVENT_KINDS] = {
    [TC_EVENT_SYMBOL] = symbol_fields,     [TC_EVENT_SESSION] = session_fields,
    [TC_EVENT_DROPPED] = drop_fields,      [TC_EVENT_LINE] = no_fields,
    [TC_EVENT_FILTERED] = drop_fields,     [TC_EVENT_GAP] = gap_fields,
    [TC_EVENT_FILLED] = filled_fields,     [TC_EVENT_SESSION_START] = start_fields,
    [TC_EVENT_SESSION_END] = end_fields,   [TC_EVENT_SILENT] = silence_fields,
    [TC_EVENT_SPEAKS] = silence_fields,    [TC_EVENT_NIC] = nic_fields,
    [TC_EVENT_LINK] = link_fields,         [TC_EVENT_CLOCK_STEP] = step_fields,
    [TC_EVENT_CHANNEL] = no_fields,        [TC_EVENT_UNHEARD] = unheard_fields,
    [TC_EVENT_BAD_TIME] = bad_time_fields, [TC_EVENT_LATENCY] = latency_fields,
};

static const struct tc_event_type types[TC_EVENT_KINDS] = {
#define TC_EVENT_ROW(id, code, name, about, what) [id] = {name, what, about},
    TC_EVENT_TABLE(TC_EVENT_ROW)
#undef TC_EVENT_ROW
};

const struct tc_event_type *tc_event_type(unsigned kind)
{
    return kind < TC_EVENT_KINDS && types[kind].name != NULL ? &types[kind] : NULL;
}

const struct tc_event_field *tc_event_fields(unsigned kind)
{
    return tc_event_type(kind) != NULL ? fields_of[kind] : no_fields;
}

size_t tc_event_fields_bytes(const struct tc_event_field *fields)
{
    size_t bytes = 0;

    for (; fields->width != 0; fields++)
        bytes += fields->width;
    return bytes;
}
