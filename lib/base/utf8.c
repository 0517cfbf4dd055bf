/* One row of RFC 3629, section 4, for each kind of first byte. */
#include "base/utf8.h"

enum { DELETE = 0x7f, C1_FIRST = 0x80, C1_LAST = 0x9f };

/* The bytes that may follow a first byte: how many, and what the first of them may be. */
struct follow {
    uint8_t first_from, first_to;
    uint8_t count;
    uint8_t next_from, next_to;
};

static const struct follow follows[] = {
    {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf}, {0xe1, 0xec, 2, 0x80, 0xbf},
    {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf}, {0xf0, 0xf0, 3, 0x90, 0xbf},
    {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static bool is_sequence(const struct follow *follow, const uint8_t *bytes, size_t length)
{
    if (length <= follow->count || bytes[1] < follow->next_from || bytes[1] > follow->next_to)
        return false;
    for (uint8_t i = 2; i <= follow->count; i++)
        if (bytes[i] >> 6 != 2)
            return false;
    return true;
}

size_t tc_utf8_character(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return 0;
    if (bytes[0] < 0x80)
        return bytes[0] >= ' ' && bytes[0] != DELETE;
    for (size_t i = 0; i < sizeof follows / sizeof follows[0]; i++)
        if (bytes[0] >= follows[i].first_from && bytes[0] <= follows[i].first_to) {
            if (!is_sequence(&follows[i], bytes, length) ||
                (bytes[0] == 0xc2 && bytes[1] >= C1_FIRST && bytes[1] <= C1_LAST))
                return 0;
            return follows[i].count + (size_t)1;
        }
    return 0;
}

bool tc_utf8_is_text(const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t character = tc_utf8_character(bytes, length);

        if (character == 0)
            return false;
        bytes += character;
        length -= character;
    }
    return true;
}
