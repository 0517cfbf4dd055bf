/* The Internet checksum's sum, eight bytes a step. */
#include "net/frame.h"

/*
 * RFC 1071, section 2: the sum may be taken over wider words and in the machine's byte order, and
 * swapped once at the end.
 */
uint16_t tc_ones_sum(const uint8_t *bytes, size_t length, uint32_t seed)
{
    uint64_t sum = 0;
    uint16_t swapped;

    for (; length >= 4; bytes += 4, length -= 4)
        sum += tc_load_le32(bytes);
    if (length >= 2) {
        sum += tc_load_le16(bytes);
        bytes += 2;
        length -= 2;
    }
    if (length > 0)
        sum += bytes[0];
    sum = (sum & 0xffffffff) + (sum >> 32);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    swapped = __builtin_bswap16((uint16_t)sum);
    sum = (uint64_t)swapped + seed;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
