/*
 * The index of a segment: for each block where it is, when it is from, which numbers and which
 * symbols are in it. A reader that looks for one symbol or one minute reads only the blocks that
 * can hold it.
 */
#ifndef TC_FILE_INDEX_H
#define TC_FILE_INDEX_H

#include "block/blockheader.h"
#include "block/split.h"
#include "file/capture.h"
#include "file/layout.h"

enum {
    TC_INDEX_BYTES = 24 << 20, /* of block records; a segment ends before they are used up */
    TC_SYMBOL_LOG_ENTRIES = 1 << 18,
    TC_SYMBOL_LOG_BYTES = 16,
    TC_SET_NAMES_MAX = 16384,
};

/* How the symbols of a block are listed; permanent. */
enum tc_symbol_set {
    TC_SET_LOCATES = 1, /* u16 first locate, a multiple of 8, u16 zero, then a bitmap */
    TC_SET_NAMES = 2,   /* eight bytes each */
};

/* Collects the records of a segment that is being written. */
struct tc_index {
    struct tc_scribe records;
    struct tc_scribe symbols; /* the log */
    uint32_t blocks;
    uint8_t *present;  /* by locate, while a set is made */
    uint64_t *hashed;  /* names, while a set is made */
    uint8_t *gathered; /* one lane */
    size_t record_bytes_max;
};

size_t tc_index_footprint(const struct tc_catalog *catalog, const struct tc_block_limits *limits);
void tc_index_init(struct tc_index *index, void *memory, const struct tc_catalog *catalog,
                   const struct tc_block_limits *limits);
void tc_index_reset(struct tc_index *index);

/* Whether another block, and the names of one, still fit. */
bool tc_index_has_room(const struct tc_index *index);

/* Adds the record of a block that was packed from `split`. */
void tc_index_add(struct tc_index *index, const struct tc_block_header *header,
                  const struct tc_split *split);

/* Notes that a name became known in the block that will be added next. */
void tc_index_symbol(struct tc_index *index, uint16_t channel, const uint8_t *payload);

/* A record, as read. */
struct tc_index_record {
    uint64_t offset;
    uint32_t stored_bytes;
    uint32_t frames;
    uint32_t messages;
    uint32_t flags; /* enum tc_block_flag */
    uint64_t number;
    uint64_t first_rx_ns;
    uint64_t last_rx_ns;
    struct tc_cursor ranges; /* TC_INDEX_RANGE_BYTES each */
    struct tc_cursor sets;
    uint16_t set_count;
};

/* The next record of a TC_BOX_BLOCKS; false at the end, a broken one fails the cursor. */
bool tc_index_next(struct tc_cursor *in, struct tc_index_record *record);

/*
 * Whether the block can hold a message of that symbol in that group of channels: `locate` for a
 * feed that numbers its symbols, else `name`.
 */
bool tc_index_may_hold(const struct tc_index_record *record, uint16_t group, uint16_t locate,
                       const uint8_t *name);

#endif
