/*
 * The directory of a block that is being read: which columns it has, and their values.
 *
 * Reading comes in three steps, so that no memory is taken on the word of a damaged file: the
 * entries are checked against the header, the types of the messages are counted and the entries
 * checked against those counts, and only then values are decoded.
 */
#ifndef TC_BLOCK_DIRECTORY_H
#define TC_BLOCK_DIRECTORY_H

#include "base/placer.h"
#include "block/blockheader.h"
#include "block/catalog.h"
#include "block/plan.h"
#include "codec/kind.h"

/* A column of the block; `count` is 0 where the block does not have it. */
struct tc_stored_column {
    const uint8_t *stored;
    uint8_t *values;
    uint32_t stored_bytes;
    uint32_t count;
    uint8_t kind;
    uint8_t width;
};

struct tc_stored_group {
    struct tc_plan plan;
    const struct tc_framer *framer;
    struct tc_stored_column *columns; /* by column of the plan */
    struct tc_stored_column class, other_length, other_bytes;
    uint32_t class_count[256];
};

struct tc_directory {
    const struct tc_catalog *catalog;
    struct tc_stored_group *groups;
    struct tc_stored_column columns[TC_BLOCK_COLUMNS];
};

size_t tc_directory_footprint(const struct tc_catalog *catalog);
void tc_directory_init(struct tc_directory *directory, void *memory,
                       const struct tc_catalog *catalog);

/* Finds the columns in `bytes`, which are the block's stored bytes and have a sound checksum. */
TC_MUST_USE enum tc_status tc_directory_read(struct tc_directory *directory,
                                             const struct tc_block_header *header,
                                             const uint8_t *bytes, struct tc_error *error);

/*
 * Decodes the message types into `classes` (header->messages bytes) and checks that every column
 * has as many values as its messages need.
 */
TC_MUST_USE enum tc_status tc_directory_count(struct tc_directory *directory,
                                              const struct tc_block_header *header,
                                              struct tc_desk *desk, uint8_t *classes,
                                              struct tc_error *error);

/* Places the values of all columns. */
void tc_directory_place(struct tc_directory *directory, struct tc_placer *placer);

/* Decodes all columns into the places given. */
TC_MUST_USE enum tc_status tc_directory_decode(struct tc_directory *directory, struct tc_desk *desk,
                                               struct tc_error *error);

#endif
