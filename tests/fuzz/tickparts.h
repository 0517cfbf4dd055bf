/*
 * The parts of .tick files, for inputs that must get behind the checksums.
 *
 * A fuzzer that flips bits in a file only ever learns that a checksum does not match. Here a
 * changed file is made to agree with itself again, places, lengths and checksums, so that what is
 * behind them is reached; and files are changed part by part, so that a longer column does not
 * spoil everything behind it. docs/FORMAT.md says what the parts are.
 */
#ifndef TC_FUZZ_TICKPARTS_H
#define TC_FUZZ_TICKPARTS_H

#include "fuzz.h"

/* What is put right; the rest stays as it is. */
enum tick_fix {
    TICK_FIX_HEAD = 1,
    TICK_FIX_BLOCKS = 2,
    TICK_FIX_DIGESTS = 4, /* of the frames of a block, which must be joined for that */
    TICK_FIX_INDEX = 8,
    TICK_FIX_TAIL = 16,
    TICK_FIX_ALL = 31,
};

/* Puts a whole file right. */
void tick_fix(uint8_t *file, size_t length, unsigned what);

/*
 * Puts the header of a block right that may have `length` bytes, and takes counts down to what a
 * run of a fuzzer has time for. Answers the bytes that it has; 0 where no header fits.
 */
size_t tick_fix_block(uint8_t *block, size_t length, const uint8_t segment_id[TC_ID_BYTES],
                      uint64_t offset);

/* The header's digest becomes that of the frames of the block that was joined last. */
void tick_fix_digest(uint8_t *block, const struct tc_join *join);

/* Changes one part in place; `most` bytes are there. Answers the new length. */
size_t tick_mutate(uint8_t *file, size_t length, size_t most, unsigned seed);
size_t tick_mutate_block(uint8_t *block, size_t length, size_t most, unsigned seed);

#endif
