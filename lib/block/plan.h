/*
 * The plan: which columns the messages of a feed become.
 *
 * Made once from the feed's table. A field whose meaning occurs in most messages and runs on from
 * one message to the next, whatever their types (the exchange's time, the symbol), gets one column
 * over all messages; every other field gets a column over the messages of its type. Splitting and
 * joining walk the same plan, one forwards, one backwards.
 */
#ifndef TC_BLOCK_PLAN_H
#define TC_BLOCK_PLAN_H

#include "feed/schema.h"

enum {
    TC_PLAN_SHARED_MAX = 4,
    TC_CLASS_SHARED = 0xfe, /* in column names: a column over the messages of all types */
};

/* How the bytes of a field become a value of a column, and back. */
enum tc_move {
    TC_MOVE_BYTES, /* as they stand */
    TC_MOVE_BE16,
    TC_MOVE_BE32,
    TC_MOVE_BE64,
    TC_MOVE_BE, /* any other width, big endian */
    TC_MOVE_LE, /* any other width, little endian */
};

/* A field of one type, and the column it goes to. */
struct tc_plan_field {
    uint16_t offset;
    uint16_t column; /* index among the plan's columns */
    uint8_t width;   /* on the wire */
    uint8_t move;    /* enum tc_move */
};

struct tc_plan_column {
    uint8_t class; /* or TC_CLASS_SHARED */
    uint8_t field; /* index in the type's fields; the meaning for a shared one */
    uint8_t width; /* of a stored value */
    uint8_t meaning;
};

struct tc_plan {
    const struct tc_feed *feed;
    struct tc_plan_field *fields;   /* of all types, type by type */
    struct tc_plan_column *columns; /* the shared ones first */
    uint16_t *first_field;          /* of class c; those of the next class begin at c + 1 */
    /* by shared column and class: the field, or NULL; types that have it at the same place answer
       the same one */
    const struct tc_plan_field *(*shared)[256];
    uint16_t column_count;
    uint8_t shared_count;
};

/* Bytes of memory for the plan of a feed. */
size_t tc_plan_footprint(const struct tc_feed *feed);

/* A plan in `memory`, which stays the caller's. `feed` has passed tc_feed_check. */
void tc_plan_init(struct tc_plan *plan, void *memory, const struct tc_feed *feed);

/* Bytes of a stored value of that field: numbers take 1, 2, 4 or 8. */
uint8_t tc_stored_width(const struct tc_field *field);

#endif
