/* `name=value` words for text, an object for JSON. */
#include "tickcap/eventrows.h"

#include <stdio.h>
#include <string.h>

#include "block/events.h"
#include "clock/timegate.h"
#include "track/drop.h"

/* Where a row is being written to, and in which style. */
struct row {
    struct tc_scribe *out;
    const struct tc_catalog *catalog;
    const struct tc_channel *channel; /* NULL: none */
    bool json;
    bool first; /* of its object or line */
};

static void begin_value(struct row *row, const char *name)
{
    if (row->json) {
        tc_text_string(row->out, row->first ? "\"" : ",\"");
        tc_text_string(row->out, name);
        tc_text_string(row->out, "\":");
    } else {
        tc_text_string(row->out, row->first ? "" : " ");
        tc_text_string(row->out, name);
        tc_text_char(row->out, '=');
    }
    row->first = false;
}

static void put_text(struct row *row, const char *name, const void *text, size_t length)
{
    begin_value(row, name);
    if (row->json)
        tc_text_json(row->out, text, length);
    else
        tc_scribe_bytes(row->out, text, length);
}

static void put_uint(struct row *row, const char *name, uint64_t value)
{
    begin_value(row, name);
    tc_text_uint(row->out, value);
}

static void put_bool(struct row *row, const char *name, bool value)
{
    begin_value(row, name);
    tc_text_string(row->out, value ? "true" : "false");
}

static void put_session(struct row *row, const char *name, const uint8_t *session)
{
    char text[64];
    struct tc_scribe out = tc_scribe_of(text, sizeof text);

    if (row->channel != NULL)
        tc_print_session(&out, row->channel->feed->framing, session);
    else
        tc_text_hex(&out, session, TC_SESSION_BYTES);
    put_text(row, name, text, out.length);
}

static const char *fate_name(uint64_t fate)
{
    if (fate == TC_DROP_FILTERED)
        return "filtered";
    return fate < TC_DROP_CAUSES ? tc_drop_cause_name((enum tc_drop_cause)fate) : "unknown";
}

static const char *refusal_name(uint64_t why)
{
    static const char *const names[TC_TIME_STEPPED] = {[TC_TIME_ZERO] = "zero",
                                                       [TC_TIME_PAST] = "past",
                                                       [TC_TIME_FUTURE] = "future",
                                                       [TC_TIME_BACKWARD] = "backward"};

    return why < TC_TIME_STEPPED && names[why] != NULL ? names[why] : "unknown";
}

static void put_field(struct row *row, const struct tc_event_field *field, const uint8_t *bytes)
{
    uint64_t value = field->width <= 8 ? tc_load_uint(bytes, field->width, false) : 0;
    const char *word;

    switch ((enum tc_event_field_form)field->form) {
    case TC_FIELD_FORM_UINT:
    case TC_FIELD_FORM_TIME: put_uint(row, field->name, value); return;
    case TC_FIELD_FORM_INT:
        begin_value(row, field->name);
        tc_text_int(row->out, (int64_t)value);
        return;
    case TC_FIELD_FORM_SESSION: put_session(row, field->name, bytes); return;
    case TC_FIELD_FORM_TEXT:
        put_text(row, field->name, bytes, tc_text_trimmed(bytes, field->width));
        return;
    case TC_FIELD_FORM_BOOL: put_bool(row, field->name, value != 0); return;
    case TC_FIELD_FORM_WAY: word = value == TC_FILLED_LATE ? "late" : "by_line"; break;
    case TC_FIELD_FORM_FATE: word = fate_name(value); break;
    case TC_FIELD_FORM_CLOCK: word = value == TC_STEPPED_PORT ? "port" : "system"; break;
    case TC_FIELD_FORM_REFUSAL: word = refusal_name(value); break;
    default: word = "unknown"; break;
    }
    put_text(row, field->name, word, strlen(word));
}

/* Padding, and the number of a line whose name is there. */
static bool is_untold(const struct tc_event_field *field)
{
    return strcmp(field->name, "zero") == 0 || strcmp(field->name, "line") == 0;
}

static const uint8_t *put_fields(struct row *row, const struct tc_event_field *fields,
                                 const uint8_t *bytes)
{
    for (; fields->width != 0; bytes += fields->width, fields++)
        if (!is_untold(fields))
            put_field(row, fields, bytes);
    return bytes;
}

static void put_line(struct row *row, uint16_t number)
{
    const struct tc_line *line;

    if (number >= row->catalog->line_count)
        return;
    line = &row->catalog->lines[number];
    row->channel = &row->catalog->channels[line->channel];
    put_text(row, "channel", row->channel->name, strlen(row->channel->name));
    put_text(row, "line", line->name, strlen(line->name));
}

/* The runs of a loss, each an object or a line of its own behind the first. */
static void put_runs(struct row *row, const uint8_t *bytes, size_t length)
{
    size_t run_bytes = tc_event_fields_bytes(tc_event_run_fields);

    if (row->json) {
        begin_value(row, "ranges");
        tc_text_char(row->out, '[');
    }
    for (bool first = true; length >= run_bytes; first = false) {
        uint16_t line = (uint16_t)tc_load_uint(bytes + run_bytes - 4, 2, false);

        tc_text_string(row->out, row->json ? (first ? "{" : ",{") : "\n  ");
        row->first = true;
        put_line(row, line);
        (void)put_fields(row, tc_event_run_fields, bytes);
        if (row->json)
            tc_text_char(row->out, '}');
        bytes += run_bytes;
        length -= run_bytes;
    }
    if (row->json)
        tc_text_char(row->out, ']');
}

static void put_about(struct row *row, const struct tc_capture *capture,
                      const struct tc_event *event)
{
    const struct tc_event_type *type = tc_event_type(event->kind);

    switch (type != NULL ? (enum tc_event_about)type->about : TC_ABOUT_NOTHING) {
    case TC_ABOUT_LINE: put_line(row, event->about); break;
    case TC_ABOUT_CHANNEL:
        if (event->about < capture->catalog.channel_count) {
            row->channel = &capture->catalog.channels[event->about];
            put_text(row, "channel", row->channel->name, strlen(row->channel->name));
        }
        break;
    case TC_ABOUT_PORT:
        if (event->about < capture->port_count)
            put_text(row, "port", capture->ports[event->about].name,
                     strlen(capture->ports[event->about].name));
        break;
    default: break;
    }
}

void event_row_write(struct tc_scribe *out, const struct tc_item *item, enum tc_print_style style)
{
    const struct tc_event *event = item->event;
    const struct tc_event_type *type = tc_event_type(event->kind);
    const struct tc_event_field *fields = tc_event_fields(event->kind);
    size_t fixed = tc_event_fields_bytes(fields);
    const char *name = type != NULL ? type->name : "unknown";
    struct row row = {.out = out,
                      .catalog = &item->source->capture->catalog,
                      .json = style == TC_PRINT_JSON,
                      .first = true};

    if (row.json)
        tc_text_char(out, '{');
    put_text(&row, "kind", "event", 5);
    put_text(&row, "event", name, strlen(name));
    put_uint(&row, "stream", item->source->stream);
    put_uint(&row, "frame", item->number);
    put_uint(&row, "time_ns", event->time_ns);
    put_about(&row, item->source->capture, event);
    if (type == NULL || event->payload_bytes < fixed) {
        begin_value(&row, "payload");
        tc_text_string(out, row.json ? "\"" : "");
        tc_text_hex(out, event->payload, event->payload_bytes);
        tc_text_string(out, row.json ? "\"" : "");
    } else {
        const uint8_t *rest = put_fields(&row, fields, event->payload);

        if (event->kind == TC_EVENT_DROPPED || event->kind == TC_EVENT_FILTERED)
            put_runs(&row, rest, event->payload_bytes - fixed);
    }
    tc_text_string(out, row.json ? "}\n" : "\n");
}

const struct tc_channel *event_row_channel(const struct tc_item *item)
{
    const struct tc_catalog *catalog = &item->source->capture->catalog;
    const struct tc_event_type *type = tc_event_type(item->event->kind);
    uint16_t about = item->event->about;

    if (type != NULL && type->about == TC_ABOUT_LINE && about < catalog->line_count)
        return &catalog->channels[catalog->lines[about].channel];
    if (type != NULL && type->about == TC_ABOUT_CHANNEL && about < catalog->channel_count)
        return &catalog->channels[about];
    return NULL;
}
