/* Printing: one function knows the formats, the others walk the table. */
#include "feed/print.h"

uint64_t tc_field_uint(const struct tc_field *field, const uint8_t *message, bool big_endian)
{
    uint64_t value = tc_load_uint(message + field->offset, field->width, big_endian);
    bool is_signed = field->format == TC_FORMAT_INT || field->format == TC_FORMAT_SDECIMAL;
    unsigned spare = 64 - 8u * field->width;

    return is_signed ? (uint64_t)((int64_t)(value << spare) >> spare) : value;
}

size_t tc_text_trimmed(const uint8_t *bytes, size_t width)
{
    while (width > 0 && bytes[width - 1] == ' ')
        width--;
    return width;
}

/* Text may hold any byte; plain text output must not send a terminal what it would obey. */
static void print_plain(struct tc_scribe *out, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] > 0x20 && bytes[i] < 0x7f && bytes[i] != '\\') {
            tc_text_char(out, (char)bytes[i]);
        } else {
            tc_text_string(out, "\\x");
            tc_text_hex(out, &bytes[i], 1);
        }
    }
}

static void print_bytes(struct tc_scribe *out, const uint8_t *bytes, size_t length,
                        enum tc_print_style style)
{
    switch (style) {
    case TC_PRINT_TEXT: print_plain(out, bytes, length); break;
    case TC_PRINT_CSV: tc_text_csv(out, bytes, length); break;
    case TC_PRINT_JSON: tc_text_json(out, bytes, length); break;
    }
}

static void quoted(struct tc_scribe *out, enum tc_print_style style)
{
    if (style == TC_PRINT_JSON)
        tc_text_char(out, '"');
}

void tc_print_field(struct tc_scribe *out, const struct tc_field *field, const uint8_t *message,
                    bool big_endian, enum tc_print_style style)
{
    const uint8_t *at = message + field->offset;
    uint64_t value;

    switch ((enum tc_format)field->format) {
    case TC_FORMAT_TEXT: print_bytes(out, at, tc_text_trimmed(at, field->width), style); break;
    case TC_FORMAT_DECIMAL:
    case TC_FORMAT_SDECIMAL:
        value = tc_field_uint(field, message, big_endian);
        quoted(out, style);
        if (field->format == TC_FORMAT_SDECIMAL && (int64_t)value < 0)
            tc_text_decimal(out, 0 - value, true, field->scale);
        else
            tc_text_decimal(out, value, false, field->scale);
        quoted(out, style);
        break;
    case TC_FORMAT_INT: tc_text_int(out, (int64_t)tc_field_uint(field, message, big_endian)); break;
    case TC_FORMAT_UINT:
    case TC_FORMAT_MIDNIGHT_NS:
    case TC_FORMAT_EPOCH_NS:
    case TC_FORMAT_EPOCH_S:
    case TC_FORMAT_MIDNIGHT_S:
    case TC_FORMAT_SECOND_NS:
    case TC_FORMAT_FLAGS: tc_text_uint(out, tc_field_uint(field, message, big_endian)); break;
    case TC_FORMAT_BYTES:
    case TC_FORMAT_COUNT:
        quoted(out, style);
        tc_text_hex(out, at, field->width);
        quoted(out, style);
        break;
    }
}

static void print_name(struct tc_scribe *out, const char *name, bool first,
                       enum tc_print_style style)
{
    static const char between[] = {
        [TC_PRINT_TEXT] = ' ', [TC_PRINT_CSV] = ',', [TC_PRINT_JSON] = ','};

    if (!first)
        tc_text_char(out, between[style]);
    if (style == TC_PRINT_TEXT) {
        tc_text_string(out, name);
        tc_text_char(out, '=');
    } else if (style == TC_PRINT_JSON) {
        tc_text_json(out, (const uint8_t *)name, strlen(name));
        tc_text_char(out, ':');
    }
}

void tc_print_message(struct tc_scribe *out, const struct tc_feed *feed, const struct tc_type *type,
                      const uint8_t *message, size_t bytes, enum tc_print_style style)
{
    bool first = true;

    if (style == TC_PRINT_JSON)
        tc_text_char(out, '{');
    for (size_t i = 0; type != NULL && i < type->field_count; i++) {
        if (type->fields[i].meaning == TC_MEAN_TYPE)
            continue;
        print_name(out, type->fields[i].name, first, style);
        tc_print_field(out, &type->fields[i], message, tc_feed_big_endian(feed), style);
        first = false;
    }
    if (type == NULL && style != TC_PRINT_JSON)
        tc_text_hex(out, message, bytes);
    if (style == TC_PRINT_JSON)
        tc_text_char(out, '}');
}

void tc_print_session(struct tc_scribe *out, const struct tc_framing *framing,
                      const uint8_t *session)
{
    const struct tc_field *field = tc_field_of(framing->fields, framing->field_count,
                                               TC_MEAN_SESSION);
    bool printable = true;

    if (field->format != TC_FORMAT_TEXT) {
        tc_text_uint(out, tc_load_uint(session, field->width > 8 ? 8 : field->width,
                                       (framing->flags & TC_FRAMING_BIG_ENDIAN) != 0));
        return;
    }
    for (size_t i = 0; i < field->width; i++)
        printable &= session[i] >= 0x20 && session[i] < 0x7f;
    if (printable)
        tc_scribe_bytes(out, session, tc_text_trimmed(session, field->width));
    else
        tc_text_hex(out, session, field->width);
}
