/* The rules of a feed table, checked for the built-in ones by a test and for files when opened. */
#include "feed/schema.h"

#include <string.h>

#include "base/packet.h"

const struct tc_field *tc_field_of(const struct tc_field *fields, size_t count,
                                   enum tc_meaning meaning)
{
    for (size_t i = 0; i < count; i++)
        if (fields[i].meaning == meaning)
            return &fields[i];
    return NULL;
}

const struct tc_field *tc_field_named(const struct tc_field *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static bool is_number(const struct tc_field *field)
{
    return field->format != TC_FORMAT_BYTES && field->format != TC_FORMAT_TEXT;
}

/* Every byte once: fields follow each other without a hole and end where the message ends. */
static enum tc_status check_fields(const char *feed, const char *owner,
                                   const struct tc_field *fields, size_t count, size_t bytes,
                                   struct tc_error *error)
{
    size_t covered = 0;

    if (count == 0 || count > TC_FIELDS_MAX)
        return tc_fail(error, TC_LIMIT, "%s: %s has %zu fields, expected 1 to %d", feed, owner,
                       count, TC_FIELDS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct tc_field *field = &fields[i];

        if (field->offset != covered || field->width == 0)
            return tc_fail(error, TC_DAMAGED,
                           "%s: %s.%s starts at byte %u, expected byte %zu and at least one byte",
                           feed, owner, field->name, field->offset, covered);
        if (field->format >= TC_FORMAT_COUNT || field->meaning >= TC_MEANING_COUNT ||
            field->scale > TC_SCALE_MAX || (is_number(field) && field->width > 8))
            return tc_fail(error, TC_DAMAGED,
                           "%s: %s.%s has format %u, width %u, scale %u, meaning %u", feed, owner,
                           field->name, field->format, field->width, field->scale, field->meaning);
        covered += field->width;
    }
    if (covered != bytes)
        return tc_fail(error, TC_DAMAGED, "%s: the fields of %s cover %zu bytes, expected %zu",
                       feed, owner, covered, bytes);
    return TC_OK;
}

static enum tc_status check_framing(const struct tc_feed *feed, struct tc_error *error)
{
    static const struct {
        enum tc_meaning meaning;
        uint8_t width_max;
        bool needed;
    } roles[] = {
        {TC_MEAN_SESSION, TC_SESSION_BYTES, true},
        {TC_MEAN_SEQUENCE, 8, true},
        {TC_MEAN_COUNT, 2, true},
        {TC_MEAN_PAYLOAD_BYTES, 4, false},
        {TC_MEAN_STREAM_OFFSET, 8, false},
        {TC_MEAN_SEND_TIME, 8, false},
    };
    const struct tc_framing *framing = feed->framing;
    enum tc_status status = check_fields(feed->name, framing->name, framing->fields,
                                         framing->field_count, framing->header_bytes, error);

    if (status != TC_OK)
        return status;
    if (framing->header_bytes > TC_HEADER_BYTES_MAX)
        return tc_fail(error, TC_LIMIT, "%s: the header of %s has %u bytes, at most %d can be",
                       feed->name, framing->name, framing->header_bytes, TC_HEADER_BYTES_MAX);
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const struct tc_field *field = tc_field_of(framing->fields, framing->field_count,
                                                   roles[i].meaning);

        if (field == NULL ? roles[i].needed : field->width > roles[i].width_max)
            return tc_fail(error, TC_DAMAGED, "%s: the header of %s has no usable field %u",
                           feed->name, framing->name, roles[i].meaning);
    }
    return TC_OK;
}

/* A time that counts from a second needs one that is told, and in seconds. */
static enum tc_status check_times(const struct tc_feed *feed, struct tc_error *error)
{
    const struct tc_field *counts_from = NULL;
    bool told = false;

    for (size_t i = 0; i < feed->type_count; i++) {
        const struct tc_type *type = &feed->types[i];
        const struct tc_field *second = tc_field_of(type->fields, type->field_count,
                                                    TC_MEAN_EXCH_SECOND);
        const struct tc_field *time = tc_field_of(type->fields, type->field_count,
                                                  TC_MEAN_EXCH_TIME);

        if (second != NULL && second->format != TC_FORMAT_EPOCH_S &&
            second->format != TC_FORMAT_MIDNIGHT_S)
            return tc_fail(error, TC_DAMAGED, "%s: %s.%s is a second, but has format %u",
                           feed->name, type->name, second->name, second->format);
        told |= second != NULL;
        if (time != NULL && time->format == TC_FORMAT_SECOND_NS)
            counts_from = time;
    }
    if (counts_from != NULL && !told)
        return tc_fail(error, TC_DAMAGED, "%s: %s counts from a second that no message tells",
                       feed->name, counts_from->name);
    return TC_OK;
}

enum tc_status tc_feed_check(const struct tc_feed *feed, struct tc_error *error)
{
    bool seen[256] = {false};
    enum tc_status status = check_framing(feed, error);

    if (status != TC_OK)
        return status;
    if (feed->type_count == 0 || feed->type_count > TC_TYPES_MAX)
        return tc_fail(error, TC_LIMIT, "%s: %u message types, expected 1 to %d", feed->name,
                       feed->type_count, TC_TYPES_MAX);
    for (size_t i = 0; i < feed->type_count; i++) {
        const struct tc_type *type = &feed->types[i];

        if (seen[type->code])
            return tc_fail(error, TC_DAMAGED, "%s: type code 0x%02x stands twice", feed->name,
                           type->code);
        seen[type->code] = true;
        status = check_fields(feed->name, type->name, type->fields, type->field_count, type->bytes,
                              error);
        if (status != TC_OK)
            return status;
        if (type->fields[0].meaning != TC_MEAN_TYPE || type->fields[0].width != 1 ||
            tc_field_of(type->fields + 1, type->field_count - 1u, TC_MEAN_TYPE) != NULL)
            return tc_fail(error, TC_DAMAGED,
                           "%s: %s does not begin with its type code, or has it twice", feed->name,
                           type->name);
    }
    return check_times(feed, error);
}
