/*
 * Text from outside: which bytes are UTF-8 (RFC 3629) that may be shown.
 *
 * Names in configurations and recorded files end up on terminals and in JSON. Neither may be sent
 * a byte that is no text, nor a control character that it would obey.
 */
#ifndef TC_BASE_UTF8_H
#define TC_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character that begins there; 0 for a control character and for what is none. */
size_t tc_utf8_character(const uint8_t *bytes, size_t length);

/* Whether all of it is text without control characters. */
bool tc_utf8_is_text(const uint8_t *bytes, size_t length);

#endif
