/* The Internet checksum's sum, eight bytes a step. */
#include "net/frame.h"

/*
 * RFC 1071, section 2: the sum may be taken over wider words and in the machine's byte order, and
 * swapped once at the end. Two sums of 32-bit halves never overflow for a frame's length and do
 * not wait for each other's carries.
 */
uint16_t tc_ones_sum(const uint8_t *bytes, size_t length, uint32_t seed)
{
    uint64_t low = 0;
    uint64_t high = 0;
    uint64_t sum;

    for (; length >= 8; bytes += 8, length -= 8) {
        uint64_t word = tc_load_le64(bytes);

        low += (uint32_t)word;
        high += word >> 32;
    }
    if ((length & 4) != 0) {
        low += tc_load_le32(bytes);
        bytes += 4;
    }
    if ((length & 2) != 0) {
        low += tc_load_le16(bytes);
        bytes += 2;
    }
    if ((length & 1) != 0)
        low += bytes[0];
    sum = low + high;
    sum = (sum & 0xffffffff) + (sum >> 32);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    sum = (uint64_t)__builtin_bswap16((uint16_t)sum) + seed;
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}
