/*
 * Numbers in little-endian base 128: small ones are short. The form of all lengths inside columns,
 * and of counts in histograms.
 */
#ifndef TC_BASE_VARINT_H
#define TC_BASE_VARINT_H

#include "base/bytes.h"

enum { TC_VARINT_BYTES_MAX = 10 };

void tc_varint_write(struct tc_scribe *out, uint64_t value);

/* Fails the cursor where bytes are missing or there are bits beyond the 64th. */
uint64_t tc_varint_read(struct tc_cursor *in);

#endif
