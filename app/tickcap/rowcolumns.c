/* One small function a column, and the table that names them. */
#include "tickcap/rowcolumns.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/report.h"
#include "feed/registry.h"

typedef struct tc_scribe scribe;
typedef struct tc_tick tick_t;

static void put_string(scribe *out, const char *text, enum tc_print_style style)
{
    const uint8_t *bytes = (const uint8_t *)text;

    if (style == TC_PRINT_JSON)
        tc_text_json(out, bytes, strlen(text));
    else if (style == TC_PRINT_CSV)
        tc_text_csv(out, bytes, strlen(text));
    else
        tc_text_string(out, text);
}

/* What a value that is not there looks like. */
static void put_nothing(scribe *out, enum tc_print_style style)
{
    if (style == TC_PRINT_JSON)
        tc_text_string(out, "null");
    else if (style == TC_PRINT_TEXT)
        tc_text_char(out, '-');
}

#define NUMBER_COLUMN(name, value)                                               \
    static void name(scribe *out, const tick_t *tick, enum tc_print_style style) \
    {                                                                            \
        (void)style;                                                             \
        tc_text_uint(out, value);                                                \
    }

NUMBER_COLUMN(put_stream, tick->source->stream)
NUMBER_COLUMN(put_frame, tick->frame_number)
NUMBER_COLUMN(put_index, tick->index)
NUMBER_COLUMN(put_rx, tick->frame->rx_ns)
NUMBER_COLUMN(put_proc, tick->frame->proc_ns)
NUMBER_COLUMN(put_sequence, tick->sequence)
NUMBER_COLUMN(put_length, tick->bytes)

static void put_exch(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    if (tick->has_exch)
        tc_text_uint(out, tick->exch_ns);
    else
        put_nothing(out, style);
}

static void put_net(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    if (tick->has_exch)
        tc_text_int(out, (int64_t)(tick->frame->rx_ns - tick->exch_ns));
    else
        put_nothing(out, style);
}

static void put_proc_lat(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    (void)style;
    tc_text_int(out, (int64_t)(tick->frame->proc_ns - tick->frame->rx_ns));
}

static void put_total(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    if (tick->has_exch)
        tc_text_int(out, (int64_t)(tick->frame->proc_ns - tick->exch_ns));
    else
        put_nothing(out, style);
}

static void put_channel(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    put_string(out, tick->channel->name, style);
}

static void put_line(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    put_string(out, tick->line->name, style);
}

static void put_session(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    char text[2 * TC_SESSION_BYTES + 24] = "";
    struct tc_scribe session = tc_scribe_of(text, sizeof text - 1);

    tc_print_session(&session, tick->channel->feed->framing, tick->session);
    put_string(out, text, style);
}

static void put_type(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    if (tick->bytes == 0)
        put_nothing(out, style);
    else if (style == TC_PRINT_JSON)
        tc_text_json(out, tick->message, 1);
    else if (tick->message[0] > 0x20 && tick->message[0] < 0x7f)
        tc_text_csv(out, tick->message, 1);
    else
        tc_text_hex(out, tick->message, 1);
}

/* A name may hold any byte, and is printed as such a field of a message is. */
static void put_symbol(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    static const struct tc_field name = {.width = TC_SYMBOL_BYTES, .format = TC_FORMAT_TEXT};
    char number[8];

    if (tick->symbol != NULL && tc_text_trimmed(tick->symbol, TC_SYMBOL_BYTES) > 0) {
        tc_print_field(out, &name, tick->symbol, true, style);
    } else if (tick->symbol != NULL && style != TC_PRINT_TEXT) {
        put_string(out, "", style);
    } else if (tick->symbol == NULL && tick->has_locate) {
        snprintf(number, sizeof number, "#%u", tick->locate);
        put_string(out, number, style);
    } else {
        put_nothing(out, style);
    }
}

static void put_flags(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    char text[80] = "";

    for (int bit = 0; bit < TC_TICK_FLAGS; bit++)
        if ((tick->flags >> bit & 1) != 0) {
            if (text[0] != '\0')
                strcat(text, " ");
            strcat(text, tc_tick_flag_names[bit]);
        }
    if (text[0] == '\0' && style == TC_PRINT_TEXT)
        put_nothing(out, style);
    else
        put_string(out, text, style);
}

static void put_message(scribe *out, const tick_t *tick, enum tc_print_style style)
{
    if (style == TC_PRINT_JSON)
        tc_text_char(out, '"');
    tc_text_hex(out, tick->message, tick->bytes);
    if (style == TC_PRINT_JSON)
        tc_text_char(out, '"');
}

static const struct row_column known[] = {
    {"stream", put_stream},
    {"frame", put_frame},
    {"index", put_index},
    {"rx_ns", put_rx},
    {"exch_ns", put_exch},
    {"proc_ns", put_proc},
    {"channel", put_channel},
    {"line", put_line},
    {"session", put_session},
    {"seq", put_sequence},
    {"type", put_type},
    {"symbol", put_symbol},
    {"flags", put_flags},
    {"length", put_length},
    {"message", put_message},
    /* not in a row unless asked for */
    {"net_ns", put_net},
    {"proc_lat_ns", put_proc_lat},
    {"total_ns", put_total},
};

enum { KNOWN = sizeof known / sizeof known[0], DEFAULT_COLUMNS = 15 };

void row_columns_default(struct row_columns *columns)
{
    *columns = (struct row_columns){.count = DEFAULT_COLUMNS};
    memcpy(columns->columns, known, DEFAULT_COLUMNS * sizeof known[0]);
}

/* Whether any feed's table has a field of that name. */
static bool is_field(const char *name)
{
    for (size_t i = 0; i < tc_feed_count; i++)
        for (size_t class = 0; class < tc_feeds[i]->type_count; class ++)
            if (tc_field_named(tc_feeds[i]->types[class].fields,
                               tc_feeds[i]->types[class].field_count, name) != NULL)
                return true;
    return false;
}

static bool add_column(struct row_columns *columns, const char *name)
{
    struct row_column *column = &columns->columns[columns->count];

    if (columns->count == ROW_COLUMNS_MAX) {
        tc_report("--fields: more than %d names", ROW_COLUMNS_MAX);
        return false;
    }
    *column = (struct row_column){.name = name};
    for (size_t i = 0; i < KNOWN; i++)
        if (strcmp(known[i].name, name) == 0)
            *column = known[i];
    if (column->write == NULL && !is_field(name)) {
        tc_report("--fields: '%s' is neither a column nor a field of any feed", name);
        return false;
    }
    columns->count++;
    return true;
}

bool row_columns_parse(struct row_columns *columns, const char *list)
{
    char *rest;

    *columns = (struct row_columns){.names = strdup(list)};
    rest = columns->names;
    while (rest != NULL) {
        const char *name = strsep(&rest, ",");

        if (!add_column(columns, name))
            return false;
    }
    return true;
}

void row_columns_free(struct row_columns *columns)
{
    free(columns->names);
}

void row_column_write(const struct row_column *column, struct tc_scribe *out,
                      const struct tc_tick *tick, enum tc_print_style style)
{
    const struct tc_field *field = NULL;

    if (column->write != NULL) {
        column->write(out, tick, style);
        return;
    }
    if (tick->type != NULL)
        field = tc_field_named(tick->type->fields, tick->type->field_count, column->name);
    if (field != NULL)
        tc_print_field(out, field, tick->message, tc_feed_big_endian(tick->channel->feed), style);
    else
        put_nothing(out, style);
}
