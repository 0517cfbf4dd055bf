/* Numbers, bytes and times as text. */
#include <criterion/criterion.h>

#include "base/civil.h"
#include "base/text.h"

static char text[256];

static struct tc_scribe fresh(void)
{
    memset(text, 0, sizeof text);
    return tc_scribe_of(text, sizeof text - 1);
}

Test(text, integers)
{
    struct tc_scribe out = fresh();

    tc_text_uint(&out, UINT64_MAX);
    tc_text_char(&out, ' ');
    tc_text_int(&out, INT64_MIN);
    tc_text_char(&out, ' ');
    tc_text_uint(&out, 0);
    cr_assert_str_eq(text, "18446744073709551615 -9223372036854775808 0");
}

Test(text, decimals_are_exact)
{
    struct tc_scribe out = fresh();

    tc_text_decimal(&out, 1234500, false, 4);
    tc_text_char(&out, ' ');
    tc_text_decimal(&out, 7, true, 4);
    tc_text_char(&out, ' ');
    tc_text_decimal(&out, UINT64_MAX, false, 8);
    tc_text_char(&out, ' ');
    tc_text_decimal(&out, 42, false, 0);
    cr_assert_str_eq(text, "123.4500 -0.0007 184467440737.09551615 42");
}

Test(text, json_strings_hold_any_byte)
{
    const uint8_t bytes[] = {'a', '"', '\\', '\n', 0x7f, 0xff, 0};
    struct tc_scribe out = fresh();

    tc_text_json(&out, bytes, sizeof bytes);
    cr_assert_str_eq(text, "\"a\\\"\\\\\\u000a\\u007f\\u00ff\\u0000\"");
}

Test(text, csv_quotes_what_it_must)
{
    struct tc_scribe out = fresh();

    tc_text_csv(&out, (const uint8_t *)"plain", 5);
    tc_text_char(&out, ' ');
    tc_text_csv(&out, (const uint8_t *)"a,\"b\"", 5);
    cr_assert_str_eq(text, "plain \"a,\"\"b\"\"\"");
}

Test(text, times)
{
    struct tc_scribe out = fresh();

    tc_text_time(&out, UINT64_C(1795185004007197660));
    tc_text_char(&out, ' ');
    tc_text_time_at(&out, UINT64_C(1795185004007197660), -5 * 3600);
    tc_text_char(&out, ' ');
    tc_text_time_at(&out, 5, 5 * 3600 + 1800);
    cr_assert_str_eq(text, "2026-11-20T14:30:04.007197660Z "
                           "2026-11-20T09:30:04.007197660-05:00 "
                           "1970-01-01T05:30:00.000000005+05:30");
}

Test(text, a_full_scribe_fails_once_and_counts_on)
{
    char small[4];
    struct tc_scribe out = tc_scribe_of(small, sizeof small);

    tc_text_string(&out, "abc");
    cr_assert_not(out.failed);
    tc_text_string(&out, "de");
    cr_assert(out.failed);
    cr_assert_eq(out.length, 5);
}

Test(civil, every_day_of_four_centuries_and_back)
{
    for (int64_t day = -146097; day < 146097; day++) {
        struct tc_date date = tc_date_of_days(day);

        cr_assert_eq(tc_days_of_date(date), day);
    }
    cr_assert_eq(tc_days_of_date((struct tc_date){1970, 1, 1}), 0);
    cr_assert_eq(tc_days_of_date((struct tc_date){2000, 2, 29}), 11016);
}
