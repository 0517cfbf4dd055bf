/* Seven bits a byte, lowest first. */
#include "base/varint.h"

void tc_varint_write(struct tc_scribe *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        tc_scribe_uint(out, (value & 0x7f) | 0x80, 1);
    tc_scribe_uint(out, value, 1);
}

uint64_t tc_varint_read(struct tc_cursor *in)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = tc_cursor_u8(in);

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (shift == 63 && byte > 1) /* bits beyond the 64th */
            break;
        if (byte < 0x80)
            return value;
    }
    in->failed = true;
    return 0;
}
