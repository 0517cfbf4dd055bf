/* Names in an open hash table; where each type has its symbol is looked up once. */
#include "block/symbolfilter.h"

#include "base/placer.h"

static void place(struct tc_symbol_filter *filter, struct tc_placer *placer,
                  const struct tc_catalog *catalog)
{
    filter->slots = tc_place(placer, TC_FILTER_SLOTS * sizeof filter->slots[0]);
    filter->places = tc_place(placer, catalog->channel_count * sizeof filter->places[0]);
}

size_t tc_symbol_filter_footprint(const struct tc_catalog *catalog)
{
    struct tc_placer placer = {0};
    struct tc_symbol_filter measured;

    place(&measured, &placer, catalog);
    return placer.used;
}

static struct tc_symbol_place place_of(const struct tc_feed *feed, const struct tc_type *type)
{
    const struct tc_field *locate = tc_field_of(type->fields, type->field_count, TC_MEAN_LOCATE);
    const struct tc_field *name = tc_field_of(type->fields, type->field_count, TC_MEAN_SYMBOL);

    if (name != NULL && name->width == TC_SYMBOL_BYTES)
        return (struct tc_symbol_place){name->offset, TC_SYMBOL_BY_NAME};
    if (locate != NULL && locate->width == 2 && (feed->flags & TC_FEED_LOCATES) != 0)
        return (struct tc_symbol_place){locate->offset, TC_SYMBOL_BY_LOCATE};
    return (struct tc_symbol_place){0, TC_SYMBOL_NONE};
}

void tc_symbol_filter_init(struct tc_symbol_filter *filter, void *memory,
                           const struct tc_catalog *catalog)
{
    struct tc_placer placer = {.memory = memory};

    *filter = (struct tc_symbol_filter){.catalog = catalog};
    place(filter, &placer, catalog);
    for (uint16_t i = 0; i < catalog->channel_count; i++) {
        const struct tc_feed *feed = catalog->channels[i].feed;

        for (size_t class = 0; class < feed->type_count; class ++)
            filter->places[i][class] = place_of(feed, &feed->types[class]);
    }
}

static uint32_t slot_of(uint64_t name)
{
    return (uint32_t)(name * UINT64_C(0x9e3779b97f4a7c15) >> 40) % TC_FILTER_SLOTS;
}

static bool wants(const struct tc_symbol_filter *filter, uint64_t name)
{
    uint32_t slot = slot_of(name);

    while (filter->slots[slot] != 0 && filter->slots[slot] != name)
        slot = (slot + 1) % TC_FILTER_SLOTS;
    return filter->slots[slot] == name;
}

enum tc_status tc_symbol_filter_want(struct tc_symbol_filter *filter, const char *name)
{
    char padded[TC_SYMBOL_BYTES];
    uint64_t word;
    uint32_t slot;

    memset(padded, ' ', sizeof padded);
    memcpy(padded, name, strnlen(name, sizeof padded));
    word = tc_load_le64(padded);
    if (wants(filter, word))
        return TC_OK;
    if (filter->count == TC_FILTER_SYMBOLS_MAX)
        return TC_LIMIT;
    for (slot = slot_of(word); filter->slots[slot] != 0; slot = (slot + 1) % TC_FILTER_SLOTS)
        ;
    filter->slots[slot] = word;
    filter->count++;
    return TC_OK;
}

/* The name of a message's symbol, eight characters as a number; 0: nobody can say. */
static uint64_t name_of(struct tc_symbol_place place, bool big_endian,
                        const struct tc_symbols *symbols, const uint8_t *message)
{
    switch (place.how) {
    case TC_SYMBOL_BY_NAME: return tc_load_le64(message + place.offset);
    case TC_SYMBOL_BY_LOCATE:
        return symbols->names[big_endian ? tc_load_be16(message + place.offset)
                                         : tc_load_le16(message + place.offset)];
    default: return 0;
    }
}

bool tc_symbol_filter_rejects(const struct tc_symbol_filter *filter, uint16_t channel,
                              const struct tc_symbols *symbols, const uint8_t *payload,
                              const struct tc_mark *marks, uint32_t messages)
{
    const struct tc_channel *of = &filter->catalog->channels[channel];
    bool big_endian = tc_feed_big_endian(of->feed);

    for (uint32_t i = 0; i < messages; i++) {
        uint64_t name;

        if (marks[i].class == TC_CLASS_OTHER ||
            (of->framer.type_flags[marks[i].class] & TC_TYPE_DIRECTORY) != 0)
            return false;
        name = name_of(filter->places[channel][marks[i].class], big_endian, symbols,
                       payload + marks[i].offset);
        if (name == 0 || wants(filter, name))
            return false;
    }
    return messages > 0;
}
