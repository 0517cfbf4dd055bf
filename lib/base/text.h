/*
 * Text made of numbers and bytes, written into a scribe: what print, names and summaries share.
 *
 * stdio formats are slow for one value and cannot be told what JSON or CSV may contain; these few
 * functions know exactly that much.
 */
#ifndef TC_BASE_TEXT_H
#define TC_BASE_TEXT_H

#include "base/bytes.h"
#include "base/status.h"

void tc_text_string(struct tc_scribe *out, const char *string);

static inline void tc_text_char(struct tc_scribe *out, char letter)
{
    tc_scribe_uint(out, (uint8_t)letter, 1);
}

void tc_text_uint(struct tc_scribe *out, uint64_t value);
void tc_text_int(struct tc_scribe *out, int64_t value);

/* `value` / 10^scale, exact, with all `scale` decimal places: 1234500, 4 gives 123.4500. */
void tc_text_decimal(struct tc_scribe *out, uint64_t value, bool negative, unsigned scale);

/* Lower case, two digits a byte. */
void tc_text_hex(struct tc_scribe *out, const uint8_t *bytes, size_t length);

/* A JSON string in quotes (RFC 8259, section 7); bytes above 0x7e are taken as Latin-1. */
void tc_text_json(struct tc_scribe *out, const uint8_t *bytes, size_t length);

/* A CSV field, in quotes where RFC 4180 wants them. */
void tc_text_csv(struct tc_scribe *out, const uint8_t *bytes, size_t length);

/* ISO 8601 in UTC with nanoseconds: 2026-11-22T14:30:00.000000000Z. */
void tc_text_time(struct tc_scribe *out, uint64_t time_ns);

/* The same moment where clocks are `offset_s` ahead of UTC: ...T09:30:00.000000000-05:00. */
void tc_text_time_at(struct tc_scribe *out, uint64_t time_ns, int32_t offset_s);

#endif
