/* Feed tables: the built-in ones keep the rules, broken ones are refused, and messages print. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "base/packet.h"
#include "feed/print.h"
#include "feed/registry.h"
#include "feed/table.h"
#include "support.h"

/* ---- rules ---- */

Test(feedtables, the_built_in_ones_are_sound)
{
    cr_assert_gt(tc_feed_count, 0);
    for (size_t i = 0; i < tc_feed_count; i++) {
        struct tc_error error = {0};

        cr_assert_eq(tc_feed_check(tc_feeds[i], &error), TC_OK, "%s", error.text);
        cr_assert_eq(tc_feed_named(tc_feeds[i]->name), tc_feeds[i]);
        for (size_t j = 0; j < i; j++) {
            cr_assert_lt(tc_feeds[j]->id, tc_feeds[i]->id, "feeds are in order of their ids");
            cr_assert_str_neq(tc_feeds[j]->name, tc_feeds[i]->name);
        }
    }
    cr_assert_null(tc_feed_named("moldudp64/itch49"));
    cr_assert_null(tc_feed_named(""));
}

Test(feedtables, a_name_is_its_framing_and_its_messages)
{
    for (size_t i = 0; i < tc_feed_count; i++) {
        const struct tc_feed *feed = tc_feeds[i];
        size_t length = strlen(feed->framing->name);

        cr_assert_eq(strncmp(feed->name, feed->framing->name, length), 0, "%s", feed->name);
        cr_assert_eq(feed->name[length], '/', "%s", feed->name);
    }
}

Test(feedtables, names_of_fields_and_types_are_unique)
{
    for (size_t i = 0; i < tc_feed_count; i++)
        for (size_t j = 0; j < tc_feeds[i]->type_count; j++) {
            const struct tc_type *type = &tc_feeds[i]->types[j];

            for (size_t k = 0; k < j; k++)
                cr_assert_str_neq(type->name, tc_feeds[i]->types[k].name);
            for (size_t k = 0; k < type->field_count; k++)
                cr_assert_eq(tc_field_named(type->fields, type->field_count, type->fields[k].name),
                             &type->fields[k], "%s.%s", type->name, type->fields[k].name);
        }
}

/* A small sound feed whose every part can be spoilt. */
struct bench {
    struct tc_field header[4];
    struct tc_field first[3];
    struct tc_field second[2];
    struct tc_field many[70];
    struct tc_type types[2];
    struct tc_type crowd[251];
    struct tc_framing framing;
    struct tc_feed feed;
};

static void set_up(struct bench *bench)
{
    *bench = (struct bench){
        .header = {TC_FIELD("session", 0, 10, TEXT, SESSION),
                   TC_FIELD("sequence", 10, 8, UINT, SEQUENCE),
                   TC_FIELD("count", 18, 2, UINT, COUNT),
                   TC_FIELD("length", 20, 4, UINT, PAYLOAD_BYTES)},
        .first = {TC_FIELD("type", 0, 1, TEXT, TYPE), TC_FIELD("id", 1, 8, UINT, ORDER_ID),
                  TC_SCALED("price", 9, 4, DECIMAL, 4, PRICE)},
        .second = {TC_FIELD("type", 0, 1, TEXT, TYPE), TC_FIELD("name", 1, 8, TEXT, SYMBOL)},
        .framing = {.name = "frames", .header_bytes = 24, .field_count = 4},
        .feed = {.name = "frames/feed", .type_count = 2},
    };
    bench->types[0] = (struct tc_type){"add", bench->first, 13, 3, 'A', 0};
    bench->types[1] = (struct tc_type){"name", bench->second, 9, 2, 'N', TC_TYPE_DIRECTORY};
    bench->framing.fields = bench->header;
    bench->feed.framing = &bench->framing;
    bench->feed.types = bench->types;
}

static void hole(struct bench *bench)
{
    bench->first[2].offset = 10;
    bench->types[0].bytes = 14;
}

static void overlap(struct bench *bench)
{
    bench->first[2].offset = 8;
}

static void late_start(struct bench *bench)
{
    bench->first[0].offset = 1;
}

static void longer_than_the_message(struct bench *bench)
{
    bench->types[0].bytes = 12;
}

static void shorter_than_the_message(struct bench *bench)
{
    bench->types[0].bytes = 14;
}

static void empty_field(struct bench *bench)
{
    bench->first[1].width = 0;
}

static void wide_number(struct bench *bench)
{
    bench->first[1].width = 9;
    bench->first[2].offset = 10;
    bench->types[0].bytes = 14;
}

static void unknown_format(struct bench *bench)
{
    bench->first[1].format = TC_FORMAT_COUNT;
}

static void unknown_meaning(struct bench *bench)
{
    bench->first[1].meaning = TC_MEANING_COUNT;
}

static void large_scale(struct bench *bench)
{
    bench->first[2].scale = TC_SCALE_MAX + 1;
}

static void no_fields(struct bench *bench)
{
    bench->types[1].field_count = 0;
}

static void many_fields(struct bench *bench)
{
    bench->many[0] = bench->first[0];
    for (uint16_t i = 1; i < 65; i++)
        bench->many[i] = (struct tc_field){"x", i, 1, TC_FORMAT_UINT, 0, TC_MEAN_CODE};
    bench->types[0].fields = bench->many;
    bench->types[0].field_count = 65;
    bench->types[0].bytes = 65;
}

static void no_type_byte(struct bench *bench)
{
    bench->first[0].meaning = TC_MEAN_CODE;
}

static void type_byte_not_first(struct bench *bench)
{
    bench->second[0] = (struct tc_field){"name", 0, 8, TC_FORMAT_TEXT, 0, TC_MEAN_SYMBOL};
    bench->second[1] = (struct tc_field){"type", 8, 1, TC_FORMAT_TEXT, 0, TC_MEAN_TYPE};
}

static void wide_type(struct bench *bench)
{
    bench->second[0].width = 2;
    bench->second[1].offset = 2;
    bench->types[1].bytes = 10;
}

static void duplicate_code(struct bench *bench)
{
    bench->types[1].code = 'A';
}

static void no_types(struct bench *bench)
{
    bench->feed.type_count = 0;
}

static void many_types(struct bench *bench)
{
    for (unsigned i = 0; i < 251; i++) {
        bench->crowd[i] = bench->types[1];
        bench->crowd[i].code = (uint8_t)i;
    }
    bench->feed.types = bench->crowd;
    bench->feed.type_count = 251;
}

static void header_hole(struct bench *bench)
{
    bench->header[1].offset = 11;
}

static void header_too_short(struct bench *bench)
{
    bench->framing.header_bytes = 23;
}

static void header_too_long(struct bench *bench)
{
    bench->header[3].format = TC_FORMAT_BYTES;
    bench->header[3].width = 109;
    bench->framing.header_bytes = 129;
}

static void header_without_fields(struct bench *bench)
{
    bench->framing.field_count = 0;
}

static void no_session(struct bench *bench)
{
    bench->header[0].meaning = TC_MEAN_CODE;
}

static void no_sequence(struct bench *bench)
{
    bench->header[1].meaning = TC_MEAN_CODE;
}

static void no_count(struct bench *bench)
{
    bench->header[2].meaning = TC_MEAN_CODE;
}

static void long_session(struct bench *bench)
{
    bench->header[0].width = 17;
    for (size_t i = 1; i < 4; i++)
        bench->header[i].offset = (uint16_t)(bench->header[i].offset + 7);
    bench->framing.header_bytes = 31;
}

static void wide_count(struct bench *bench)
{
    bench->header[2].width = 3;
    bench->header[3].offset = 21;
    bench->framing.header_bytes = 25;
}

static void wide_payload_length(struct bench *bench)
{
    bench->header[3].width = 5;
    bench->framing.header_bytes = 25;
}

static void second_that_is_none(struct bench *bench)
{
    bench->first[1].meaning = TC_MEAN_EXCH_SECOND;
}

static void time_of_no_second(struct bench *bench)
{
    bench->first[1].meaning = TC_MEAN_EXCH_TIME;
    bench->first[1].format = TC_FORMAT_SECOND_NS;
}

Test(feedtables, each_broken_rule_has_its_sentence)
{
    static const struct {
        void (*spoil)(struct bench *bench);
        enum tc_status status;
        const char *words;
    } rows[] = {
        {hole, TC_DAMAGED, "add.price starts at byte 10, expected byte 9"},
        {overlap, TC_DAMAGED, "add.price starts at byte 8, expected byte 9"},
        {late_start, TC_DAMAGED, "add.type starts at byte 1, expected byte 0"},
        {longer_than_the_message, TC_DAMAGED, "fields of add cover 13 bytes, expected 12"},
        {shorter_than_the_message, TC_DAMAGED, "fields of add cover 13 bytes, expected 14"},
        {empty_field, TC_DAMAGED, "add.id starts at byte 1"},
        {wide_number, TC_DAMAGED, "add.id has format 1, width 9"},
        {unknown_format, TC_DAMAGED, "add.id has format 12"},
        {unknown_meaning, TC_DAMAGED, "meaning 29"},
        {large_scale, TC_DAMAGED, "scale 19"},
        {no_fields, TC_LIMIT, "name has 0 fields, expected 1 to 64"},
        {many_fields, TC_LIMIT, "add has 65 fields, expected 1 to 64"},
        {no_type_byte, TC_DAMAGED, "add does not begin with its type code"},
        {type_byte_not_first, TC_DAMAGED, "name does not begin with its type code"},
        {wide_type, TC_DAMAGED, "name does not begin with its type code"},
        {duplicate_code, TC_DAMAGED, "type code 0x41 stands twice"},
        {no_types, TC_LIMIT, "0 message types, expected 1 to 250"},
        {many_types, TC_LIMIT, "251 message types, expected 1 to 250"},
        {header_hole, TC_DAMAGED, "frames.sequence starts at byte 11, expected byte 10"},
        {header_too_short, TC_DAMAGED, "fields of frames cover 24 bytes, expected 23"},
        {header_too_long, TC_LIMIT, "the header of frames has 129 bytes, at most 128"},
        {header_without_fields, TC_LIMIT, "frames has 0 fields"},
        {no_session, TC_DAMAGED, "the header of frames has no usable field 15"},
        {no_sequence, TC_DAMAGED, "the header of frames has no usable field 16"},
        {no_count, TC_DAMAGED, "the header of frames has no usable field 17"},
        {long_session, TC_DAMAGED, "no usable field 15"},
        {wide_count, TC_DAMAGED, "no usable field 17"},
        {wide_payload_length, TC_DAMAGED, "no usable field 18"},
        {second_that_is_none, TC_DAMAGED, "add.id is a second, but has format 1"},
        {time_of_no_second, TC_DAMAGED, "id counts from a second that no message tells"},
    };
    static struct bench bench;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_error error = {0};

        set_up(&bench);
        cr_assert_eq(tc_feed_check(&bench.feed, &error), TC_OK, "%s", error.text);
        rows[i].spoil(&bench);
        cr_assert_eq(tc_feed_check(&bench.feed, &error), rows[i].status, "row %zu: %s", i,
                     error.text);
        cr_assert_eq(error.status, rows[i].status);
        cr_assert_neq(strstr(error.text, rows[i].words), NULL, "row %zu: %s", i, error.text);
        cr_assert_eq(strncmp(error.text, "frames/feed: ", 13), 0, "%s", error.text);
        cr_assert_eq(tc_feed_check(&bench.feed, NULL), rows[i].status);
    }
}

Test(feedtables, limits_themselves_are_allowed)
{
    static struct bench bench;
    struct tc_error error = {0};

    set_up(&bench);
    many_fields(&bench);
    bench.types[0].field_count = 64;
    bench.types[0].bytes = 64;
    cr_assert_eq(tc_feed_check(&bench.feed, &error), TC_OK, "%s", error.text);
    set_up(&bench);
    many_types(&bench);
    bench.feed.type_count = 250;
    cr_assert_eq(tc_feed_check(&bench.feed, &error), TC_OK, "%s", error.text);
    set_up(&bench);
    header_too_long(&bench);
    bench.header[3] = (struct tc_field){"rest", 20, 108, TC_FORMAT_BYTES, 0, TC_MEAN_OPAQUE};
    bench.framing.header_bytes = 128;
    cr_assert_eq(tc_feed_check(&bench.feed, &error), TC_OK, "%s", error.text);
}

/* ---- printing ---- */

static char text[65536];

static size_t written;

static const char *message_as(const struct tc_feed *feed, const struct tc_type *type,
                              const uint8_t *message, size_t bytes, enum tc_print_style style)
{
    struct tc_scribe out = tc_scribe_of(text, sizeof text - 1);

    tc_print_message(&out, feed, type, message, bytes, style);
    cr_assert_not(out.failed);
    written = out.length;
    text[out.length] = '\0';
    return text;
}

static const char *field_as(const struct tc_field *field, const void *message, bool big_endian,
                            enum tc_print_style style)
{
    uint8_t *exact = test_exact_copy(message, field->width);
    struct tc_scribe out = tc_scribe_of(text, sizeof text - 1);

    tc_print_field(&out, field, exact, big_endian, style);
    test_exact_free(exact);
    text[out.length] = '\0';
    return text;
}

/* Text and CSV are the same here; JSON puts decimals and bytes in quotes. */
Test(print, each_format_in_each_style)
{
    static const uint8_t high[] = {0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8};
    static const struct {
        uint8_t width, format, scale;
        bool quoted;
        const char *big, *little;
    } rows[] = {
        {3, TC_FORMAT_BYTES, 0, true, "fffefd", "fffefd"},
        {1, TC_FORMAT_UINT, 0, false, "255", "255"},
        {3, TC_FORMAT_UINT, 0, false, "16776957", "16645887"},
        {8, TC_FORMAT_UINT, 0, false, "18446460386757245432", "17940646550795321087"},
        {2, TC_FORMAT_INT, 0, false, "-2", "-257"},
        {6, TC_FORMAT_INT, 0, false, "-4328719366", "-5514788471041"},
        {8, TC_FORMAT_INT, 0, false, "-283686952306184", "-506097522914230529"},
        {4, TC_FORMAT_DECIMAL, 4, true, "429490.1244", "424450.4319"},
        {2, TC_FORMAT_SDECIMAL, 3, true, "-0.002", "-0.257"},
        {8, TC_FORMAT_SDECIMAL, 4, true, "-28368695230.6184", "-50609752291423.0529"},
        {6, TC_FORMAT_MIDNIGHT_NS, 0, false, "281470647991290", "275960188239615"},
        {4, TC_FORMAT_EPOCH_S, 0, false, "4294901244", "4244504319"},
        {8, TC_FORMAT_EPOCH_NS, 0, false, "18446460386757245432", "17940646550795321087"},
        {1, TC_FORMAT_FLAGS, 0, false, "255", "255"},
        {4, TC_FORMAT_MIDNIGHT_S, 0, false, "4294901244", "4244504319"},
        {4, TC_FORMAT_SECOND_NS, 0, false, "4294901244", "4244504319"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tc_field field = {"x", 0, rows[i].width, rows[i].format, rows[i].scale, 0};
        char json[64];

        snprintf(json, sizeof json, rows[i].quoted ? "\"%s\"" : "%s", rows[i].big);
        cr_assert_str_eq(field_as(&field, high, true, TC_PRINT_TEXT), rows[i].big, "%s", text);
        cr_assert_str_eq(field_as(&field, high, true, TC_PRINT_CSV), rows[i].big, "%s", text);
        cr_assert_str_eq(field_as(&field, high, true, TC_PRINT_JSON), json, "%s", text);
        cr_assert_str_eq(field_as(&field, high, false, TC_PRINT_TEXT), rows[i].little, "%s", text);
    }
}

Test(print, the_ends_of_signed_numbers)
{
    static const uint8_t lowest[] = {0x80, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t highest[] = {0x7f, 255, 255, 255, 255, 255, 255, 255};
    struct tc_field field = {"x", 0, 8, TC_FORMAT_INT, 0, 0};

    cr_assert_str_eq(field_as(&field, lowest, true, TC_PRINT_TEXT), "-9223372036854775808");
    cr_assert_str_eq(field_as(&field, highest, true, TC_PRINT_TEXT), "9223372036854775807");
    field.format = TC_FORMAT_SDECIMAL;
    field.scale = 18;
    cr_assert_str_eq(field_as(&field, lowest, true, TC_PRINT_TEXT), "-9.223372036854775808");
    field.width = 1;
    cr_assert_str_eq(field_as(&field, lowest, true, TC_PRINT_TEXT), "-0.000000000000000128");
    for (int value = -128; value < 128; value++) {
        struct tc_field byte = {"x", 0, 1, TC_FORMAT_INT, 0, 0};
        uint8_t bits = (uint8_t)value;
        char expected[8];

        snprintf(expected, sizeof expected, "%d", value);
        cr_assert_str_eq(field_as(&byte, &bits, true, TC_PRINT_TEXT), expected);
    }
}

Test(print, text_is_trimmed_and_made_harmless)
{
    static const struct {
        const char *bytes; /* eight of them */
        const char *words[3];
    } rows[] = {
        {"AAPL    ", {"AAPL", "AAPL", "\"AAPL\""}},
        {"        ", {"", "", "\"\""}},
        {"BRK A   ", {"BRK\\x20A", "BRK A", "\"BRK A\""}},
        {"  LEAD  ", {"\\x20\\x20LEAD", "  LEAD", "\"  LEAD\""}},
        {"a,b\"c   ", {"a,b\"c", "\"a,b\"\"c\"", "\"a,b\\\"c\""}},
        {"\\\x1b[2J\x07  ", {"\\x5c\\x1b[2J\\x07", NULL, "\"\\\\\\u001b[2J\\u0007\""}},
        {"a\r\nb\t\x7f\xff ",
         {"a\\x0d\\x0ab\\x09\\x7f\\xff", "\"a\r\nb\t\x7f\xff\"",
          "\"a\\u000d\\u000ab\\u0009\\u007f\\u00ff\""}},
        {"\0\0\0\0\0\0\0\0",
         {"\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00", NULL,
          "\"\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\\u0000\""}},
    };
    struct tc_field field = {"x", 0, 8, TC_FORMAT_TEXT, 0, 0};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int style = 0; style < 3; style++)
            if (rows[i].words[style] != NULL)
                cr_assert_str_eq(field_as(&field, rows[i].bytes, true, (enum tc_print_style)style),
                                 rows[i].words[style], "row %zu, style %d: %s", i, style, text);
}

static const struct tc_type *type_of(const struct tc_feed *feed, const char *name)
{
    for (size_t i = 0; i < feed->type_count; i++)
        if (strcmp(feed->types[i].name, name) == 0)
            return &feed->types[i];
    return NULL;
}

Test(print, an_itch_order_word_for_word)
{
    static const uint8_t order[] = "A\x01\x02\x00\x00\x1f\x1a\xce\xda\x00\x01"
                                   "\x00\x00\x00\x00\x00\x00\x03\xe8"
                                   "B\x00\x00\x00\x64"
                                   "AAPL    \x00\x1c\x9c\x38";
    const struct tc_type *type = type_of(&tc_feed_itch50, "add_order");

    cr_assert_eq(sizeof order - 1, type->bytes);
    cr_assert_str_eq(message_as(&tc_feed_itch50, type, order, type->bytes, TC_PRINT_TEXT),
                     "stock_locate=258 tracking_number=0 timestamp=34200000004097 "
                     "order_reference_number=1000 buy_sell_indicator=B shares=100 stock=AAPL "
                     "price=187.5000",
                     "%s", text);
    cr_assert_str_eq(message_as(&tc_feed_itch50, type, order, type->bytes, TC_PRINT_CSV),
                     "258,0,34200000004097,1000,B,100,AAPL,187.5000");
    cr_assert_str_eq(message_as(&tc_feed_itch50, type, order, type->bytes, TC_PRINT_JSON),
                     "{\"stock_locate\":258,\"tracking_number\":0,\"timestamp\":34200000004097,"
                     "\"order_reference_number\":1000,\"buy_sell_indicator\":\"B\","
                     "\"shares\":100,\"stock\":\"AAPL\",\"price\":\"187.5000\"}");
}

Test(print, what_no_row_explains_is_hex)
{
    static const uint8_t odd[] = {'?', 0x00, 0x1b, 0xff, '"', ','};

    for (size_t i = 0; i < tc_feed_count; i++) {
        cr_assert_str_eq(message_as(tc_feeds[i], NULL, odd, 6, TC_PRINT_TEXT), "3f001bff222c");
        cr_assert_str_eq(message_as(tc_feeds[i], NULL, odd, 6, TC_PRINT_CSV), "3f001bff222c");
        cr_assert_str_eq(message_as(tc_feeds[i], NULL, odd, 6, TC_PRINT_JSON), "{}");
        cr_assert_str_eq(message_as(tc_feeds[i], NULL, odd, 0, TC_PRINT_TEXT), "");
    }
}

/* Pairs of "name": value with nothing else; strings of printable letters. */
static bool is_flat_object(const char *at, size_t pairs)
{
    if (*at++ != '{')
        return false;
    for (size_t i = 0; i < 2 * pairs; i++) {
        if (*at == '"') {
            for (at++; *at != '"'; at++) {
                if (*at == '\\' && *++at == 'u')
                    at += 4;
                if (*at < 0x20 || *at > 0x7e)
                    return false;
            }
            at++;
        } else if (i % 2 == 0 || strspn(at, "-0123456789") == 0) {
            return false;
        } else {
            at += strspn(at, "-0123456789");
        }
        if (i + 1 < 2 * pairs && *at++ != (i % 2 == 0 ? ':' : ','))
            return false;
    }
    return strcmp(at, "}") == 0;
}

Test(print, every_message_of_every_feed_whatever_its_bytes)
{
    struct test_random random = {5};

    for (size_t i = 0; i < tc_feed_count * 500; i++) {
        const struct tc_feed *feed = tc_feeds[i / 500];

        for (size_t j = 0; j < feed->type_count; j++) {
            const struct tc_type *type = &feed->types[j];
            uint8_t *message = test_exact(type->bytes);
            const char *at;
            size_t words = 0;

            test_fill(&random, message, type->bytes);
            at = message_as(feed, type, message, type->bytes, TC_PRINT_TEXT);
            for (size_t k = 0; at[k] != '\0'; k++) {
                cr_assert(at[k] >= 0x20 && at[k] < 0x7f, "%s: %s", type->name, text);
                words += at[k] == ' ';
            }
            cr_assert_eq(words + 1, type->field_count - 1u, "%s: %s", type->name, text);
            message_as(feed, type, message, type->bytes, TC_PRINT_JSON);
            cr_assert(is_flat_object(text, type->field_count - 1u), "%s", text);
            message_as(feed, type, message, type->bytes, TC_PRINT_CSV);
            cr_assert_geq(written, type->field_count - 2u, "as many commas");
            test_exact_free(message);
        }
    }
}

Test(print, a_message_that_does_not_fit_fails)
{
    const struct tc_type *type = type_of(&tc_feed_itch50, "stock_directory");
    uint8_t message[64] = {'R'};

    for (int style = 0; style < 3; style++) {
        size_t whole;

        message_as(&tc_feed_itch50, type, message, type->bytes, (enum tc_print_style)style);
        whole = written;
        for (size_t room = 0; room <= whole; room++) {
            uint8_t *exact = test_exact(room);
            struct tc_scribe out = tc_scribe_of(exact, room);

            tc_print_message(&out, &tc_feed_itch50, type, message, type->bytes,
                             (enum tc_print_style)style);
            cr_assert_eq(out.failed, room < whole);
            cr_assert_eq(out.length, whole);
            test_exact_free(exact);
        }
    }
}

static const char *session_as(const struct tc_framing *framing, const char *bytes)
{
    struct tc_scribe out = tc_scribe_of(text, sizeof text - 1);
    uint8_t session[TC_SESSION_BYTES] = {0};

    memcpy(session, bytes, 10);
    tc_print_session(&out, framing, session);
    text[out.length] = '\0';
    return text;
}

Test(print, sessions_are_text_numbers_or_hex)
{
    cr_assert_str_eq(session_as(&tc_framing_moldudp64, "000012345A"), "000012345A");
    cr_assert_str_eq(session_as(&tc_framing_moldudp64, "12345     "), "12345");
    cr_assert_str_eq(session_as(&tc_framing_moldudp64, "a b       "), "a b");
    cr_assert_str_eq(session_as(&tc_framing_moldudp64, "12345\0\0\0\0\0"), "31323334350000000000");
    cr_assert_str_eq(session_as(&tc_framing_moldudp64, "\x1b[2J      "), "1b5b324a202020202020");
    cr_assert_str_eq(session_as(&tc_framing_iextp, "\x02\x01\x00\x80\0\0\0\0\0\0"), "2147483906");
}
