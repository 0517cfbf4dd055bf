/*
 * Messages as text, CSV and JSON, from the feed's table alone.
 *
 * What no row explains is shown as hex, never refused: an exchange may add a message type any
 * morning, and the capture of that morning must still read well.
 */
#ifndef TC_FEED_PRINT_H
#define TC_FEED_PRINT_H

#include "base/text.h"
#include "feed/schema.h"

enum tc_print_style {
    TC_PRINT_TEXT,
    TC_PRINT_CSV,
    TC_PRINT_JSON,
};

/* The value of a number field; signed formats come sign extended. */
uint64_t tc_field_uint(const struct tc_field *field, const uint8_t *message, bool big_endian);

/* Bytes of a text field without the padding on its right. */
size_t tc_text_trimmed(const uint8_t *bytes, size_t width);

/* One value: decimals as exact strings, text without its padding, bytes as hex. */
void tc_print_field(struct tc_scribe *out, const struct tc_field *field, const uint8_t *message,
                    bool big_endian, enum tc_print_style style);

/*
 * All fields but the type: `name=value` words for text, an object for JSON, values with commas for
 * CSV. `type` is NULL for a message that no row explains: then text and CSV give its hex, and JSON
 * an empty object.
 */
void tc_print_message(struct tc_scribe *out, const struct tc_feed *feed, const struct tc_type *type,
                      const uint8_t *message, size_t bytes, enum tc_print_style style);

/* A session name: its printable text, its number, or its hex, as the framing's table says. */
void tc_print_session(struct tc_scribe *out, const struct tc_framing *framing,
                      const uint8_t *session);

#endif
