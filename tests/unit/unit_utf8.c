/* Text from outside: every character of UTF-8 that may be shown is taken, and nothing else. */
#include <criterion/criterion.h>

#include "base/utf8.h"
#include "support.h"

enum { HIGHEST = 0x10ffff };

/* RFC 3629, section 3, by the bit patterns of its table. */
static size_t encode(uint32_t character, uint8_t *bytes)
{
    if (character < 0x80) {
        bytes[0] = (uint8_t)character;
        return 1;
    }
    if (character < 0x800) {
        bytes[0] = (uint8_t)(0xc0 | character >> 6);
        bytes[1] = (uint8_t)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 | character >> 12);
        bytes[1] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
        bytes[2] = (uint8_t)(0x80 | (character & 0x3f));
        return 3;
    }
    bytes[0] = (uint8_t)(0xf0 | character >> 18);
    bytes[1] = (uint8_t)(0x80 | (character >> 12 & 0x3f));
    bytes[2] = (uint8_t)(0x80 | (character >> 6 & 0x3f));
    bytes[3] = (uint8_t)(0x80 | (character & 0x3f));
    return 4;
}

static bool may_be_shown(uint32_t character)
{
    return character >= 0x20 && (character < 0x7f || character > 0x9f) &&
           (character < 0xd800 || character > 0xdfff);
}

Test(utf8, every_character)
{
    for (uint32_t character = 0; character <= HIGHEST; character++) {
        uint8_t bytes[4];
        size_t length = encode(character, bytes);
        uint8_t *exact = test_exact_copy(bytes, length);

        cr_assert_eq(tc_utf8_character(exact, length), may_be_shown(character) ? length : 0,
                     "U+%04X", character);
        cr_assert_eq(tc_utf8_is_text(exact, length), may_be_shown(character));
        /* cut short, it is none; with more behind it, it is the same */
        if (length > 1)
            cr_assert_eq(tc_utf8_character(exact, length - 1), 0, "U+%04X cut", character);
        test_exact_free(exact);
    }
}

/* Of all strings of three bytes, only those are text that characters make. */
Test(utf8, no_other_sequence)
{
    static bool good[1 << 24];
    uint32_t taken = 0, made = 0;

    for (uint32_t character = 0x800; character < 0x10000; character++) {
        uint8_t bytes[4];

        encode(character, bytes);
        if (may_be_shown(character))
            good[(uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2]] = true;
        made += may_be_shown(character);
    }
    for (uint32_t string = 0; string < 1 << 24; string++) {
        const uint8_t bytes[3] = {(uint8_t)(string >> 16), (uint8_t)(string >> 8), (uint8_t)string};
        bool is_one = tc_utf8_character(bytes, 3) == 3;

        taken += is_one;
        cr_assert_eq(is_one, good[string], "%06x", string);
    }
    cr_assert_eq(taken, made);
    cr_assert_eq(tc_utf8_character((const uint8_t *)"\xf4\x90\x80\x80", 4), 0); /* U+110000 */
    cr_assert_eq(tc_utf8_character((const uint8_t *)"\xf5\x80\x80\x80", 4), 0);
}

Test(utf8, texts)
{
    static const char *const texts[] = {"", "ny4-cap1", "Z\xc3\xbcrich", "\xe2\x82\xac 5",
                                        "\xf0\x9f\x93\x88"};
    static const char *const others[] = {"a\n",
                                         "\x1b[31m",
                                         "a\x7f",
                                         "\xc2\x9b"
                                         "31m",
                                         "Z\xfcrich",
                                         "\xe2\x82",
                                         "\xc0\xaf",
                                         "\xed\xa0\x80"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        cr_assert(tc_utf8_is_text((const uint8_t *)texts[i], strlen(texts[i])), "%zu", i);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        cr_assert_not(tc_utf8_is_text((const uint8_t *)others[i], strlen(others[i])), "%zu", i);
}
