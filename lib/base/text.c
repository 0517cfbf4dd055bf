/* Numbers, bytes and times as text. */
#include "base/text.h"

#include "base/civil.h"

enum { TC_DIGITS_MAX = 20 }; /* of 2^64 - 1 */

void tc_text_string(struct tc_scribe *out, const char *string)
{
    tc_scribe_bytes(out, string, strlen(string));
}

/* Writes the digits backwards from `end`; answers the first of them. */
static char *digits(char *end, uint64_t value)
{
    do {
        *--end = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return end;
}

void tc_text_uint(struct tc_scribe *out, uint64_t value)
{
    char text[TC_DIGITS_MAX];
    char *end = text + sizeof text;
    char *first = digits(end, value);

    tc_scribe_bytes(out, first, (size_t)(end - first));
}

static uint64_t magnitude(int64_t value)
{
    return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

void tc_text_int(struct tc_scribe *out, int64_t value)
{
    if (value < 0)
        tc_text_char(out, '-');
    tc_text_uint(out, magnitude(value));
}

void tc_text_decimal(struct tc_scribe *out, uint64_t value, bool negative, unsigned scale)
{
    char text[TC_DIGITS_MAX];
    char *end = text + sizeof text;
    char *first = digits(end, value);

    while ((size_t)(end - first) <= scale)
        *--first = '0';
    if (negative)
        tc_text_char(out, '-');
    tc_scribe_bytes(out, first, (size_t)(end - first) - scale);
    if (scale > 0) {
        tc_text_char(out, '.');
        tc_scribe_bytes(out, end - scale, scale);
    }
}

void tc_text_hex(struct tc_scribe *out, const uint8_t *bytes, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    uint8_t *room = tc_scribe_room(out, 2 * length);

    if (room == NULL)
        return;
    for (size_t i = 0; i < length; i++) {
        room[2 * i] = (uint8_t)hex[bytes[i] >> 4];
        room[2 * i + 1] = (uint8_t)hex[bytes[i] & 15];
    }
}

void tc_text_json(struct tc_scribe *out, const uint8_t *bytes, size_t length)
{
    tc_text_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = bytes[i];

        if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
            tc_text_char(out, (char)byte);
        } else if (byte == '"' || byte == '\\') {
            tc_text_char(out, '\\');
            tc_text_char(out, (char)byte);
        } else {
            tc_text_string(out, "\\u00");
            tc_text_hex(out, &byte, 1);
        }
    }
    tc_text_char(out, '"');
}

void tc_text_csv(struct tc_scribe *out, const uint8_t *bytes, size_t length)
{
    bool quote = false;

    for (size_t i = 0; i < length; i++)
        quote |= bytes[i] == ',' || bytes[i] == '"' || bytes[i] == '\r' || bytes[i] == '\n';
    if (!quote) {
        tc_scribe_bytes(out, bytes, length);
        return;
    }
    tc_text_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] == '"')
            tc_text_char(out, '"');
        tc_text_char(out, (char)bytes[i]);
    }
    tc_text_char(out, '"');
}

/* `value` with leading zeros to `width` digits. */
static void padded(struct tc_scribe *out, uint64_t value, unsigned width)
{
    char text[TC_DIGITS_MAX];
    char *end = text + sizeof text;
    char *first = digits(end, value);

    while ((unsigned)(end - first) < width)
        *--first = '0';
    tc_scribe_bytes(out, first, (size_t)(end - first));
}

/* Date, time and nanoseconds, without a word about the zone. */
static void local_time(struct tc_scribe *out, int64_t seconds, uint64_t ns)
{
    int64_t day = (seconds >= 0 ? seconds : seconds - 86399) / 86400;
    struct tc_date date = tc_date_of_days(day);
    uint64_t of_day = (uint64_t)(seconds - day * 86400);
    const struct {
        uint64_t value;
        unsigned width;
        char after;
    } parts[] = {
        {(uint64_t)date.year, 4, '-'}, {date.month, 2, '-'},       {date.day, 2, 'T'},
        {of_day / 3600, 2, ':'},       {of_day / 60 % 60, 2, ':'}, {of_day % 60, 2, '.'},
    };

    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        padded(out, parts[i].value, parts[i].width);
        tc_text_char(out, parts[i].after);
    }
    padded(out, ns, 9);
}

void tc_text_time(struct tc_scribe *out, uint64_t time_ns)
{
    local_time(out, (int64_t)(time_ns / 1000000000), time_ns % 1000000000);
    tc_text_char(out, 'Z');
}

void tc_text_time_at(struct tc_scribe *out, uint64_t time_ns, int32_t offset_s)
{
    uint64_t minutes = (uint64_t)(offset_s < 0 ? -offset_s : offset_s) / 60;

    local_time(out, (int64_t)(time_ns / 1000000000) + offset_s, time_ns % 1000000000);
    tc_text_char(out, offset_s < 0 ? '-' : '+');
    padded(out, minutes / 60, 2);
    tc_text_char(out, ':');
    padded(out, minutes % 60, 2);
}
