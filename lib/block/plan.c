/* From rows of a feed table to columns. */
#include "block/plan.h"

#include "base/placer.h"

/* Meanings that run through all messages of a feed, where every type has at most one of them. */
static const uint8_t shared_meanings[] = {TC_MEAN_EXCH_TIME, TC_MEAN_LOCATE, TC_MEAN_SYMBOL};

static bool is_number(const struct tc_field *field)
{
    return field->format != TC_FORMAT_TEXT && field->format != TC_FORMAT_BYTES;
}

uint8_t tc_stored_width(const struct tc_field *field)
{
    if (!is_number(field))
        return field->width;
    for (uint8_t width = 1; width < 8; width *= 2)
        if (field->width <= width)
            return width;
    return 8;
}

static enum tc_move move_of(const struct tc_field *field, bool big_endian)
{
    if (!is_number(field) || field->width == 1)
        return TC_MOVE_BYTES;
    switch (field->width) {
    case 2: return big_endian ? TC_MOVE_BE16 : TC_MOVE_BYTES;
    case 4: return big_endian ? TC_MOVE_BE32 : TC_MOVE_BYTES;
    case 8: return big_endian ? TC_MOVE_BE64 : TC_MOVE_BYTES;
    default: return big_endian ? TC_MOVE_BE : TC_MOVE_LE;
    }
}

static size_t fields_of(const struct tc_feed *feed)
{
    size_t fields = 0;

    for (size_t class = 0; class < feed->type_count; class ++)
        fields += feed->types[class].field_count;
    return fields;
}

/* Where the parts of a plan stand in its memory. */
static size_t place(struct tc_placer *placer, struct tc_plan *plan, const struct tc_feed *feed)
{
    size_t fields = fields_of(feed);

    plan->fields = tc_place(placer, fields * sizeof plan->fields[0]);
    plan->columns = tc_place(placer, (fields + TC_PLAN_SHARED_MAX) * sizeof plan->columns[0]);
    plan->first_field = tc_place(placer, (feed->type_count + 1u) * sizeof plan->first_field[0]);
    plan->shared = tc_place(placer, TC_PLAN_SHARED_MAX * sizeof plan->shared[0]);
    return placer->used;
}

size_t tc_plan_footprint(const struct tc_feed *feed)
{
    struct tc_placer placer = {0};
    struct tc_plan measured;

    return place(&placer, &measured, feed);
}

/*
 * A meaning is shared when each type has at most one such field, at least two types have one, and
 * their values are equally wide. In a feed that numbers its symbols, names are rare and repeat what
 * the number says; they stay with their types.
 */
static bool is_shared(const struct tc_feed *feed, uint8_t meaning, uint8_t *width)
{
    size_t owners = 0;

    if (meaning == TC_MEAN_SYMBOL && (feed->flags & TC_FEED_LOCATES) != 0)
        return false;
    for (size_t class = 0; class < feed->type_count; class ++) {
        const struct tc_type *type = &feed->types[class];
        size_t found = 0;

        for (size_t i = 0; i < type->field_count; i++) {
            if (type->fields[i].meaning != meaning)
                continue;
            if (owners > 0 && tc_stored_width(&type->fields[i]) != *width)
                return false;
            *width = tc_stored_width(&type->fields[i]);
            found++;
        }
        if (found > 1)
            return false;
        owners += found;
    }
    return owners > 1;
}

/* The column of a field: a shared one, or a new one of its own. */
static uint16_t column_of(struct tc_plan *plan, const struct tc_field *field, uint8_t class,
                          uint8_t index)
{
    for (uint16_t i = 0; i < plan->shared_count; i++)
        if (plan->columns[i].meaning == field->meaning)
            return i;
    plan->columns[plan->column_count] = (struct tc_plan_column){
        class, index, tc_stored_width(field), field->meaning};
    return plan->column_count++;
}

/* Remembers where a type has a shared field; the first type with it there stands for all. */
static void note_shared(struct tc_plan *plan, const struct tc_plan_field *field, uint8_t class)
{
    const struct tc_plan_field **by_class = plan->shared[field->column];

    for (uint32_t i = 0; i < class; i++)
        if (by_class[i] != NULL && by_class[i]->offset == field->offset)
            field = by_class[i];
    by_class[class] = field;
}

static void plan_type(struct tc_plan *plan, uint8_t class, uint16_t *field_count)
{
    const struct tc_type *type = &plan->feed->types[class];

    plan->first_field[class] = *field_count;
    for (uint8_t i = 0; i < type->field_count; i++) {
        const struct tc_field *field = &type->fields[i];
        struct tc_plan_field *planned = &plan->fields[*field_count];

        if (field->meaning == TC_MEAN_TYPE)
            continue; /* the class says it */
        *planned = (struct tc_plan_field){
            .offset = field->offset,
            .column = column_of(plan, field, class, i),
            .width = field->width,
            .move = (uint8_t)move_of(field, tc_feed_big_endian(plan->feed)),
        };
        if (planned->column < plan->shared_count)
            note_shared(plan, planned, class);
        (*field_count)++;
    }
}

void tc_plan_init(struct tc_plan *plan, void *memory, const struct tc_feed *feed)
{
    struct tc_placer placer = {.memory = memory};
    uint16_t field_count = 0;
    uint8_t width = 0;

    *plan = (struct tc_plan){.feed = feed};
    place(&placer, plan, feed);
    memset(plan->shared, 0, TC_PLAN_SHARED_MAX * sizeof plan->shared[0]);
    for (size_t i = 0; i < sizeof shared_meanings; i++)
        if (is_shared(feed, shared_meanings[i], &width))
            plan->columns[plan->column_count++] = (struct tc_plan_column){
                TC_CLASS_SHARED, shared_meanings[i], width, shared_meanings[i]};
    plan->shared_count = (uint8_t)plan->column_count;
    for (uint8_t class = 0; class < feed->type_count; class ++)
        plan_type(plan, class, &field_count);
    plan->first_field[feed->type_count] = field_count;
}
