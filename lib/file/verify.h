/*
 * Verify: is what stands on disk what was recorded, whole and in order, and do its figures hold?
 *
 * Every checksum, every digest, the order and numbering of blocks, the counts of index and tail,
 * the chain of segments; and every figure of trackers, channels and ledger counted again from
 * frames and events. Losses that the capture tells of are facts, not faults.
 */
#ifndef TC_FILE_VERIFY_H
#define TC_FILE_VERIFY_H

#include "file/reader.h"

/* What was looked at. */
struct tc_verified {
    uint64_t segments;
    uint64_t blocks;
    uint64_t frames;
    uint64_t messages;
    uint64_t events;
    uint64_t bytes;
    uint64_t bytes_again; /* by the second walk */
    uint64_t faults;
};

/* Called between blocks with what was done so far; for progress. */
typedef void tc_verify_watch(void *context, const struct tc_verified *so_far);

/*
 * Verifies segments and directories of segments. Faults are told through `told`; the answer is only
 * not TC_OK when verification itself could not go on (no segment there, no memory).
 */
TC_MUST_USE enum tc_status tc_verify(const char *const *paths, size_t count, tc_fault_told *told,
                                     tc_verify_watch *watch, void *context,
                                     struct tc_verified *verified, struct tc_error *error);

#endif
