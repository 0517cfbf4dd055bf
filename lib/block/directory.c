/* Finding, counting and decoding the columns of a block. */
#include "block/directory.h"

enum { BOX_BYTES_MAX = 1 << 26 };

static const struct {
    const char *name;
    uint8_t width;
} block_columns[TC_BLOCK_COLUMNS] = {
#define TC_BLOCK_COLUMN_ROW(id, code, name, width, meaning, what) [id] = {name, width},
    TC_BLOCK_COLUMN_TABLE(TC_BLOCK_COLUMN_ROW)
#undef TC_BLOCK_COLUMN_ROW
};

static void place_groups(struct tc_directory *directory, struct tc_placer *placer,
                         const struct tc_catalog *catalog)
{
    directory->groups = tc_place(placer, catalog->group_count * sizeof(struct tc_stored_group));
    for (uint16_t i = 0; i < catalog->group_count; i++) {
        const struct tc_feed *feed = catalog->group_feeds[i];
        void *plan = tc_place(placer, tc_plan_footprint(feed));
        size_t fields = TC_PLAN_SHARED_MAX;
        void *columns;

        for (size_t class = 0; class < feed->type_count; class ++)
            fields += feed->types[class].field_count;
        columns = tc_place(placer, fields * sizeof(struct tc_stored_column));
        if (placer->memory != NULL) {
            tc_plan_init(&directory->groups[i].plan, plan, feed);
            directory->groups[i].columns = columns;
        }
    }
}

size_t tc_directory_footprint(const struct tc_catalog *catalog)
{
    struct tc_placer placer = {0};
    struct tc_directory measured;

    place_groups(&measured, &placer, catalog);
    return placer.used;
}

void tc_directory_init(struct tc_directory *directory, void *memory,
                       const struct tc_catalog *catalog)
{
    struct tc_placer placer = {.memory = memory};

    *directory = (struct tc_directory){.catalog = catalog};
    place_groups(directory, &placer, catalog);
    for (uint16_t i = 0; i < catalog->channel_count; i++)
        directory->groups[catalog->channels[i].group].framer = &catalog->channels[i].framer;
}

/* ---- finding ---- */

static void forget(struct tc_directory *directory)
{
    memset(directory->columns, 0, sizeof directory->columns);
    for (uint16_t i = 0; i < directory->catalog->group_count; i++) {
        struct tc_stored_group *group = &directory->groups[i];

        memset(group->columns, 0, group->plan.column_count * sizeof group->columns[0]);
        group->class = (struct tc_stored_column){0};
        group->other_length = (struct tc_stored_column){0};
        group->other_bytes = (struct tc_stored_column){0};
    }
}

/* The place of a group's column and the width its values must have; NULL for an unknown name. */
static struct tc_stored_column *group_column(struct tc_stored_group *group, uint8_t class,
                                             uint8_t field, uint8_t *width)
{
    const struct tc_plan *plan = &group->plan;

    *width = 1;
    if (class == TC_CLASS_SHARED && field == TC_FIELD_CLASS)
        return &group->class;
    if (class == TC_CLASS_OTHER && field == TC_FIELD_OTHER_BYTES)
        return &group->other_bytes;
    if (class == TC_CLASS_OTHER && field == TC_FIELD_OTHER_LENGTH) {
        *width = 2;
        return &group->other_length;
    }
    for (uint16_t i = 0; i < plan->column_count; i++)
        if (plan->columns[i].class == class && plan->columns[i].field == field) {
            *width = plan->columns[i].width;
            return &group->columns[i];
        }
    return NULL;
}

static struct tc_stored_column *find_place(struct tc_directory *directory, const uint8_t *entry,
                                           uint8_t *width)
{
    uint16_t group = tc_load_le16(entry + 2);
    uint8_t field = entry[5];

    if (entry[0] == TC_SCOPE_MESSAGES && group < directory->catalog->group_count)
        return group_column(&directory->groups[group], entry[4], field, width);
    if (entry[0] != TC_SCOPE_BLOCK || group != 0 || entry[4] != 0 || field >= TC_BLOCK_COLUMNS ||
        block_columns[field].name == NULL)
        return NULL;
    *width = block_columns[field].width;
    return &directory->columns[field];
}

/* How many values a column can have at most; message columns are counted later. */
static uint64_t most_values(const struct tc_block_header *header, const uint8_t *entry)
{
    if (entry[0] == TC_SCOPE_MESSAGES)
        return entry[4] == TC_CLASS_OTHER && entry[5] == TC_FIELD_OTHER_BYTES ? header->frame_bytes
                                                                              : header->messages;
    switch ((enum tc_block_column)entry[5]) {
    case TC_COL_RAW_BYTES:
    case TC_COL_TAIL: return header->frame_bytes;
    case TC_COL_MESSAGE_FLAGS: return header->messages;
    case TC_COL_TEMPLATES:
    case TC_COL_EVENTS:
    case TC_COL_LEDGER:
    case TC_COL_LINES:
    case TC_COL_CLOCK:
    case TC_COL_RANGES:
    case TC_COL_CHANNELS:
    case TC_COL_NIC: return BOX_BYTES_MAX;
    default: return header->frames;
    }
}

enum tc_status tc_directory_read(struct tc_directory *directory,
                                 const struct tc_block_header *header, const uint8_t *bytes,
                                 struct tc_error *error)
{
    const uint8_t *entry = bytes + header->stored_bytes -
                           (size_t)header->columns * TC_DIRECTORY_ENTRY_BYTES;
    struct tc_cursor body = tc_cursor_of(bytes + TC_BLOCK_HEADER_BYTES,
                                         (size_t)(entry - bytes) - TC_BLOCK_HEADER_BYTES);

    forget(directory);
    for (uint32_t i = 0; i < header->columns; i++, entry += TC_DIRECTORY_ENTRY_BYTES) {
        uint8_t width = 0;
        struct tc_stored_column *column = find_place(directory, entry, &width);
        uint32_t stored_bytes = tc_load_le32(entry + 12);

        if (column == NULL || column->count != 0 || entry[7] != 0 || entry[6] != width ||
            tc_kind_of(entry[1]) == NULL)
            return tc_fail(error, TC_DAMAGED,
                           "column %u (scope %u, group %u, class %u, field %u, kind %u, width %u) "
                           "is unknown or stands twice",
                           i, entry[0], tc_load_le16(entry + 2), entry[4], entry[5], entry[1],
                           entry[6]);
        *column = (struct tc_stored_column){
            .stored = tc_cursor_take(&body, stored_bytes),
            .stored_bytes = stored_bytes,
            .count = tc_load_le32(entry + 8),
            .kind = entry[1],
            .width = width,
        };
        if (body.failed || column->count == 0 || column->count > most_values(header, entry))
            return tc_fail(error, TC_DAMAGED, "column %u has %u values in %u bytes, %zu are left",
                           i, column->count, stored_bytes, tc_cursor_left(&body));
    }
    if (tc_cursor_left(&body) != 0)
        return tc_fail(error, TC_DAMAGED, "%zu bytes of the block belong to no column",
                       tc_cursor_left(&body));
    return TC_OK;
}

/* ---- counting ---- */

static enum tc_status decode_column(struct tc_desk *desk, struct tc_stored_column *stored,
                                    const char *name, struct tc_error *error)
{
    struct tc_column column = {stored->values, stored->count, stored->width};
    struct tc_cursor in = tc_cursor_of(stored->stored, stored->stored_bytes);

    if (stored->count == 0)
        return TC_OK;
    tc_kind_of(stored->kind)->decode(desk, &in, &column);
    if (in.failed || tc_cursor_left(&in) != 0)
        return tc_fail(error, TC_DAMAGED, "%s: %u values of %u bytes are not in these %u bytes",
                       name, stored->count, stored->width, stored->stored_bytes);
    return TC_OK;
}

/* Values that a column of the plan must have, given the types of the messages. */
static uint32_t values_needed(const struct tc_stored_group *group, uint16_t column)
{
    const struct tc_plan *plan = &group->plan;
    uint32_t values = 0;

    if (plan->columns[column].class != TC_CLASS_SHARED)
        return group->class_count[plan->columns[column].class];
    for (uint32_t class = 0; class < plan->feed->type_count; class ++)
        if (plan->shared[column][class] != NULL)
            values += group->class_count[class];
    return values;
}

static enum tc_status count_group(struct tc_stored_group *group, struct tc_error *error)
{
    const struct tc_feed *feed = group->plan.feed;

    memset(group->class_count, 0, sizeof group->class_count);
    for (uint32_t i = 0; i < group->class.count; i++)
        group->class_count[group->class.values[i]]++;
    for (uint32_t class = feed->type_count; class < TC_CLASS_OTHER; class ++)
        if (group->class_count[class] != 0)
            return tc_fail(error, TC_DAMAGED, "%s has no message class %u", feed->name, class);
    for (uint16_t i = 0; i < group->plan.column_count; i++)
        if (group->columns[i].count != values_needed(group, i))
            return tc_fail(error, TC_DAMAGED, "%s: column %u has %u values, expected %u",
                           feed->name, i, group->columns[i].count, values_needed(group, i));
    if (group->other_length.count != group->class_count[TC_CLASS_OTHER])
        return tc_fail(error, TC_DAMAGED, "%s: %u lengths for %u unknown messages", feed->name,
                       group->other_length.count, group->class_count[TC_CLASS_OTHER]);
    return TC_OK;
}

enum tc_status tc_directory_count(struct tc_directory *directory,
                                  const struct tc_block_header *header, struct tc_desk *desk,
                                  uint8_t *classes, struct tc_error *error)
{
    uint32_t left = header->messages;

    for (uint16_t i = 0; i < directory->catalog->group_count; i++) {
        struct tc_stored_group *group = &directory->groups[i];
        enum tc_status status;

        if (group->class.count > left)
            return tc_fail(error, TC_DAMAGED, "more messages than the %u of the block header",
                           header->messages);
        left -= group->class.count;
        group->class.values = classes;
        classes += group->class.count;
        status = decode_column(desk, &group->class, "class", error);
        if (status == TC_OK)
            status = count_group(group, error);
        if (status != TC_OK)
            return status;
    }
    return TC_OK;
}

/* ---- decoding ---- */

static void place_column(struct tc_stored_column *column, struct tc_placer *placer)
{
    column->values = tc_place(placer, (size_t)column->count * column->width);
}

void tc_directory_place(struct tc_directory *directory, struct tc_placer *placer)
{
    for (size_t i = 0; i < TC_BLOCK_COLUMNS; i++)
        place_column(&directory->columns[i], placer);
    for (uint16_t i = 0; i < directory->catalog->group_count; i++) {
        struct tc_stored_group *group = &directory->groups[i];

        for (uint16_t j = 0; j < group->plan.column_count; j++)
            place_column(&group->columns[j], placer);
        place_column(&group->other_length, placer);
        place_column(&group->other_bytes, placer);
    }
}

enum tc_status tc_directory_decode(struct tc_directory *directory, struct tc_desk *desk,
                                   struct tc_error *error)
{
    enum tc_status status = TC_OK;

    for (size_t i = 0; status == TC_OK && i < TC_BLOCK_COLUMNS; i++)
        status = decode_column(desk, &directory->columns[i], block_columns[i].name, error);
    for (uint16_t i = 0; i < directory->catalog->group_count; i++) {
        struct tc_stored_group *group = &directory->groups[i];
        const char *feed = group->plan.feed->name;

        for (uint16_t j = 0; status == TC_OK && j < group->plan.column_count; j++)
            status = decode_column(desk, &group->columns[j], feed, error);
        if (status == TC_OK)
            status = decode_column(desk, &group->other_length, feed, error);
        if (status == TC_OK)
            status = decode_column(desk, &group->other_bytes, feed, error);
    }
    return status;
}
