/*
 * From payload to packet and messages, for every feed there is.
 *
 * The packets are put together here from the rows of the tables, by field, so that a feed that is
 * added is tested without a word more.
 */
#include <criterion/criterion.h>

#include "feed/framing.h"
#include "feed/registry.h"
#include "support.h"

enum {
    PAYLOAD_MAX = 65507, /* of a UDP datagram */
    MESSAGES_MAX = PAYLOAD_MAX / 2,
    SEQUENCE = 1000000007,
};

/* A packet being written, and what must be found in it. */
struct maker {
    const struct tc_feed *feed;
    struct tc_framer framer;
    size_t bytes;
    uint32_t messages;
    struct tc_mark *expected; /* of the messages */
    uint8_t *payload;
};

static bool has(const struct tc_feed *feed, enum tc_framing_flag flag)
{
    return (feed->framing->flags & flag) != 0;
}

static const struct tc_field *header_field(const struct tc_feed *feed, enum tc_meaning meaning)
{
    return tc_field_of(feed->framing->fields, feed->framing->field_count, meaning);
}

static void put(struct maker *maker, enum tc_meaning meaning, uint64_t value)
{
    const struct tc_field *field = header_field(maker->feed, meaning);

    if (field != NULL)
        tc_store_uint(maker->payload + field->offset, value, field->width,
                      has(maker->feed, TC_FRAMING_BIG_ENDIAN));
}

/* Says in the header what is in the packet now. */
static void seal(struct maker *maker)
{
    put(maker, TC_MEAN_COUNT, maker->messages);
    put(maker, TC_MEAN_PAYLOAD_BYTES, maker->bytes - maker->feed->framing->header_bytes);
}

static void begin(struct maker *maker, const struct tc_feed *feed)
{
    struct test_random random = {feed->id};

    *maker = (struct maker){.feed = feed, .bytes = feed->framing->header_bytes};
    maker->expected = calloc(MESSAGES_MAX, sizeof maker->expected[0]);
    maker->payload = calloc(1, PAYLOAD_MAX + 2);
    tc_framer_init(&maker->framer, feed);
    test_fill(&random, maker->payload, maker->bytes);
    if (has(feed, TC_FRAMING_VERSIONED))
        maker->payload[0] = feed->framing->version;
    put(maker, TC_MEAN_SEQUENCE, SEQUENCE);
    seal(maker);
}

static void end(struct maker *maker)
{
    free(maker->expected);
    free(maker->payload);
}

static void store_prefix(struct maker *maker, size_t at, uint16_t bytes)
{
    tc_store_uint(maker->payload + at, bytes, 2, has(maker->feed, TC_FRAMING_BIG_ENDIAN));
}

/* Appends a message that must be found to be of `class`. */
static void add(struct maker *maker, uint8_t code, uint16_t bytes, uint8_t class)
{
    store_prefix(maker, maker->bytes, bytes);
    maker->bytes += 2;
    memset(maker->payload + maker->bytes, 0xa5, bytes);
    if (bytes > 0)
        maker->payload[maker->bytes] = code;
    maker->expected[maker->messages++] = (struct tc_mark){.offset = (uint16_t)maker->bytes,
                                                          .class = class};
    maker->bytes += bytes;
    seal(maker);
}

static void add_every_type(struct maker *maker)
{
    for (uint8_t class = 0; class < maker->feed->type_count; class ++)
        add(maker, maker->feed->types[class].code, maker->feed->types[class].bytes, class);
}

enum outcome { REFUSED, BROKEN, SOUND };

/* Opens and walks the first `bytes` bytes in memory of exactly that length. */
static enum outcome take(const struct maker *maker, size_t bytes, struct tc_packet *packet,
                         struct tc_mark *found, int *flags)
{
    uint8_t *payload = test_exact_copy(maker->payload, bytes);
    enum outcome outcome = REFUSED;

    memset(packet, 0xee, sizeof *packet);
    if (tc_framer_open(&maker->framer, payload, bytes, packet)) {
        struct tc_mark *marks = malloc(packet->messages * sizeof marks[0] + 1);

        *flags = tc_framer_walk(&maker->framer, payload, packet, marks);
        outcome = *flags == TC_WALK_BROKEN ? BROKEN : SOUND;
        if (found != NULL)
            memcpy(found, marks, packet->messages * sizeof marks[0]);
        free(marks);
    }
    test_exact_free(payload);
    return outcome;
}

static enum outcome outcome_of(const struct maker *maker, size_t bytes)
{
    struct tc_packet packet;
    int flags;

    return take(maker, bytes, &packet, NULL, &flags);
}

static void expect_header(const struct maker *maker, const struct tc_packet *packet)
{
    static const enum tc_meaning roles[] = {TC_MEAN_SEQUENCE, TC_MEAN_STREAM_OFFSET,
                                            TC_MEAN_SEND_TIME};
    const uint64_t found[] = {packet->sequence, packet->stream_offset, packet->send_time};
    const struct tc_field *session = header_field(maker->feed, TC_MEAN_SESSION);
    uint8_t id[TC_SESSION_BYTES] = {0};

    memcpy(id, maker->payload + session->offset, session->width);
    cr_assert_arr_eq(&packet->session, id, sizeof id);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const struct tc_field *field = header_field(maker->feed, roles[i]);
        uint64_t expected = field == NULL
                                ? 0
                                : tc_load_uint(maker->payload + field->offset, field->width,
                                               has(maker->feed, TC_FRAMING_BIG_ENDIAN));

        cr_assert_eq(found[i], expected, "%s: meaning %d", maker->feed->name, roles[i]);
    }
}

/* The whole packet is sound, and every figure and mark is as written. */
static void expect_sound(const struct maker *maker, int flags_expected)
{
    struct tc_mark *found = calloc(MESSAGES_MAX, sizeof found[0]);
    struct tc_packet packet;
    int flags;

    cr_assert_eq(take(maker, maker->bytes, &packet, found, &flags), SOUND, "%s", maker->feed->name);
    expect_header(maker, &packet);
    cr_assert_eq(packet.messages, maker->messages);
    cr_assert_eq(packet.kind, maker->messages > 0 ? TC_PACKET_DATA : TC_PACKET_HEARTBEAT);
    cr_assert_eq(packet.message_bytes, maker->bytes - maker->feed->framing->header_bytes);
    cr_assert_eq(flags, flags_expected);
    for (uint32_t i = 0; i < maker->messages; i++) {
        cr_assert_eq(found[i].offset, maker->expected[i].offset, "message %u", i);
        cr_assert_eq(found[i].class, maker->expected[i].class, "%s: message %u", maker->feed->name,
                     i);
        cr_assert_eq(found[i].flags, 0);
    }
    free(found);
}

#define EACH_FEED(feed)                                      \
    for (const struct tc_feed *const *row = tc_feeds, *feed; \
         row < tc_feeds + tc_feed_count && (feed = *row) != NULL; row++)

Test(framing, a_message_of_every_type)
{
    EACH_FEED(feed)
    {
        struct maker maker;
        int flags = 0;

        begin(&maker, feed);
        add_every_type(&maker);
        for (size_t i = 0; i < feed->type_count; i++)
            flags |= feed->types[i].flags;
        cr_assert((flags & TC_TYPE_DIRECTORY) != 0, "%s names no symbols", feed->name);
        expect_sound(&maker, flags);
        for (uint32_t i = 0; i < maker.messages; i++)
            cr_assert_eq(tc_framer_bytes(&maker.framer, maker.payload + maker.expected[i].offset),
                         feed->types[i].bytes);
        end(&maker);
    }
}

Test(framing, flags_come_from_the_messages_inside)
{
    EACH_FEED(feed)
    {
        for (uint8_t class = 0; class < feed->type_count; class ++) {
            struct maker maker;

            begin(&maker, feed);
            add(&maker, feed->types[class].code, feed->types[class].bytes, class);
            expect_sound(&maker, feed->types[class].flags);
            end(&maker);
        }
    }
}

Test(framing, cut_at_every_byte_it_is_not_sound)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        add_every_type(&maker);
        add(&maker, 0, 0, TC_CLASS_OTHER);
        for (size_t cut = 0; cut < maker.bytes; cut++) {
            enum outcome outcome = outcome_of(&maker, cut);

            cr_assert_neq(outcome, SOUND, "%s: cut at %zu of %zu", feed->name, cut, maker.bytes);
            if (cut < feed->framing->header_bytes)
                cr_assert_eq(outcome, REFUSED);
            if (header_field(feed, TC_MEAN_PAYLOAD_BYTES) != NULL)
                cr_assert_eq(outcome, REFUSED, "%s promises more bytes", feed->name);
        }
        expect_sound(&maker, TC_TYPE_DIRECTORY);
        end(&maker);
    }
}

Test(framing, a_heartbeat_is_a_header_without_messages)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        expect_sound(&maker, 0);
        for (size_t cut = 0; cut < maker.bytes; cut++)
            cr_assert_eq(outcome_of(&maker, cut), REFUSED);
        end(&maker);
    }
}

Test(framing, bytes_behind_the_last_message_do_no_harm)
{
    EACH_FEED(feed)
    {
        struct maker maker;
        struct tc_packet packet;
        int flags;

        begin(&maker, feed);
        add_every_type(&maker);
        memset(maker.payload + maker.bytes, 0x77, 100);
        cr_assert_eq(take(&maker, maker.bytes + 100, &packet, NULL, &flags), SOUND);
        cr_assert_eq(packet.messages, maker.messages);
        maker.bytes += 3;
        seal(&maker);
        cr_assert_eq(take(&maker, maker.bytes, &packet, NULL, &flags), SOUND);
        cr_assert_eq(packet.messages, maker.messages);
        end(&maker);
    }
}

Test(framing, an_end_of_session_brings_nothing)
{
    EACH_FEED(feed)
    {
        struct maker maker;
        struct tc_packet packet;
        int flags = -1;

        begin(&maker, feed);
        put(&maker, TC_MEAN_COUNT, 0xffff);
        if (has(feed, TC_FRAMING_END_COUNT)) {
            cr_assert_eq(take(&maker, maker.bytes, &packet, NULL, &flags), SOUND);
            cr_assert_eq(packet.kind, TC_PACKET_END);
            cr_assert_eq(packet.messages, 0);
            cr_assert_eq(flags, 0);
            expect_header(&maker, &packet);
        } else {
            /* to such a feed it is a number of messages, more than any datagram holds */
            cr_assert_eq(outcome_of(&maker, maker.bytes), REFUSED);
            cr_assert_eq(outcome_of(&maker, PAYLOAD_MAX), REFUSED);
        }
        end(&maker);
    }
}

Test(framing, another_version_is_refused)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        add_every_type(&maker);
        for (unsigned first = 0; first < 256; first++) {
            bool good = !has(feed, TC_FRAMING_VERSIONED) || first == feed->framing->version;

            maker.payload[0] = (uint8_t)first;
            cr_assert_eq(outcome_of(&maker, maker.bytes), good ? SOUND : REFUSED, "%s: %u",
                         feed->name, first);
        }
        end(&maker);
    }
}

Test(framing, a_promised_length_bounds_the_messages)
{
    int feeds = 0;

    EACH_FEED(feed)
    {
        struct maker maker;
        size_t promised;

        if (header_field(feed, TC_MEAN_PAYLOAD_BYTES) == NULL)
            continue;
        feeds++;
        begin(&maker, feed);
        add_every_type(&maker);
        promised = maker.bytes - feed->framing->header_bytes;
        put(&maker, TC_MEAN_PAYLOAD_BYTES, promised + 1);
        cr_assert_eq(outcome_of(&maker, maker.bytes), REFUSED);
        put(&maker, TC_MEAN_PAYLOAD_BYTES, 0xffff);
        cr_assert_eq(outcome_of(&maker, maker.bytes), REFUSED);
        /* what it leaves out is no message, though the bytes are there */
        for (size_t fewer = 0; fewer < promised; fewer++) {
            put(&maker, TC_MEAN_PAYLOAD_BYTES, fewer);
            cr_assert_neq(outcome_of(&maker, maker.bytes), SOUND, "%zu bytes", fewer);
        }
        end(&maker);
    }
    cr_assert_gt(feeds, 0);
}

Test(framing, counts_must_fit_the_bytes)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        add_every_type(&maker);
        put(&maker, TC_MEAN_COUNT, maker.messages + 1);
        cr_assert_eq(outcome_of(&maker, maker.bytes), BROKEN);
        put(&maker, TC_MEAN_COUNT, maker.messages - 1);
        cr_assert_eq(outcome_of(&maker, maker.bytes), SOUND);
        /* as many as there would be if all were empty, then one more */
        put(&maker, TC_MEAN_COUNT, (maker.bytes - feed->framing->header_bytes) / 2);
        cr_assert_eq(outcome_of(&maker, maker.bytes), BROKEN);
        put(&maker, TC_MEAN_COUNT, (maker.bytes - feed->framing->header_bytes) / 2 + 1);
        cr_assert_eq(outcome_of(&maker, maker.bytes), REFUSED);
        end(&maker);
    }
}

Test(framing, messages_that_overrun_break_the_packet)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        add_every_type(&maker);
        for (uint32_t i = 0; i < maker.messages; i++) {
            size_t at = maker.expected[i].offset - 2u;
            uint16_t bytes = feed->types[i].bytes;
            size_t rest = maker.bytes - at - 2;

            store_prefix(&maker, at, (uint16_t)(rest + 1));
            cr_assert_eq(outcome_of(&maker, maker.bytes), BROKEN);
            store_prefix(&maker, at, 0xffff);
            cr_assert_eq(outcome_of(&maker, maker.bytes), BROKEN);
            store_prefix(&maker, at, bytes);
        }
        expect_sound(&maker, TC_TYPE_DIRECTORY);
        end(&maker);
    }
}

Test(framing, zero_length_messages_are_messages)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        add(&maker, 0, 0, TC_CLASS_OTHER);
        add(&maker, feed->types[0].code, feed->types[0].bytes, 0);
        add(&maker, 0, 0, TC_CLASS_OTHER);
        expect_sound(&maker, feed->types[0].flags);
        end(&maker);
    }
}

Test(framing, the_fullest_packet)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        while (maker.bytes + 2 <= PAYLOAD_MAX)
            add(&maker, 0, 0, TC_CLASS_OTHER);
        expect_sound(&maker, 0);
        cr_assert_leq(maker.messages, TC_PACKET_MESSAGES_MAX);
        end(&maker);
    }
}

Test(framing, the_longest_message)
{
    EACH_FEED(feed)
    {
        struct maker maker;

        begin(&maker, feed);
        add(&maker, feed->types[0].code, (uint16_t)(PAYLOAD_MAX - feed->framing->header_bytes - 2),
            TC_CLASS_OTHER);
        expect_sound(&maker, 0);
        end(&maker);
    }
}

Test(framing, unknown_codes_and_wrong_lengths_are_of_no_class)
{
    EACH_FEED(feed)
    {
        struct maker maker;
        bool known[256] = {false};

        begin(&maker, feed);
        for (uint8_t class = 0; class < feed->type_count; class ++) {
            const struct tc_type *type = &feed->types[class];

            known[type->code] = true;
            add(&maker, type->code, (uint16_t)(type->bytes - 1), TC_CLASS_OTHER);
            add(&maker, type->code, (uint16_t)(type->bytes + 1), TC_CLASS_OTHER);
            add(&maker, type->code, 1, type->bytes == 1 ? class : TC_CLASS_OTHER);
        }
        for (unsigned code = 0; code < 256; code++) {
            if (known[code])
                continue;
            add(&maker, (uint8_t)code, 0, TC_CLASS_OTHER);
            add(&maker, (uint8_t)code, 1, TC_CLASS_OTHER);
            add(&maker, (uint8_t)code, 40, TC_CLASS_OTHER);
        }
        expect_sound(&maker, 0);
        end(&maker);
    }
}

Test(framing, sequence_numbers_do_not_wrap)
{
    EACH_FEED(feed)
    {
        const struct tc_field *field = header_field(feed, TC_MEAN_SEQUENCE);
        struct maker maker;

        begin(&maker, feed);
        add_every_type(&maker);
        put(&maker, TC_MEAN_SEQUENCE, UINT64_MAX - maker.messages);
        expect_sound(&maker, TC_TYPE_DIRECTORY);
        put(&maker, TC_MEAN_SEQUENCE, UINT64_MAX - maker.messages + 1);
        cr_assert_eq(outcome_of(&maker, maker.bytes), field->width == 8 ? REFUSED : SOUND);
        end(&maker);
        begin(&maker, feed); /* without messages there is nothing to wrap */
        put(&maker, TC_MEAN_SEQUENCE, UINT64_MAX);
        expect_sound(&maker, 0);
        end(&maker);
    }
}

Test(framing, whatever_the_bytes_marks_stay_inside)
{
    struct test_random random = {11};

    EACH_FEED(feed)
    {
        struct maker maker;
        uint32_t outcomes[3] = {0};

        begin(&maker, feed);
        add_every_type(&maker);
        for (int round = 0; round < 20000; round++) {
            uint8_t *clean = test_exact_copy(maker.payload, maker.bytes);
            struct tc_mark marks[2048];
            struct tc_packet packet;
            enum outcome outcome;
            int flags;

            for (uint64_t i = 1 + test_below(&random, 3); i > 0; i--)
                maker.payload[test_below(&random, maker.bytes)] = (uint8_t)test_random(&random);
            outcome = take(&maker, maker.bytes, &packet, marks, &flags);
            outcomes[outcome]++;
            for (uint32_t i = 0; outcome == SOUND && i < packet.messages; i++)
                cr_assert_leq(marks[i].offset +
                                  tc_framer_bytes(&maker.framer, maker.payload + marks[i].offset),
                              feed->framing->header_bytes + packet.message_bytes);
            memcpy(maker.payload, clean, maker.bytes);
            test_exact_free(clean);
        }
        cr_assert(outcomes[REFUSED] > 0 && outcomes[BROKEN] > 0 && outcomes[SOUND] > 0);
        end(&maker);
    }
}
