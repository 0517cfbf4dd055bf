/*
 * Recount: everything that a capture counted as it ran, counted again from what it recorded.
 *
 * At the end of each block the stored ledger, the figures of lines and of channels must be those
 * that its frames and events give; each frame's flags must be those that its place gives. Whoever
 * takes an event or a frame out of a capture, checksums and all, is found here.
 */
#ifndef TC_FILE_RECOUNT_H
#define TC_FILE_RECOUNT_H

#include "file/retrace.h"

struct tc_recount;

/* For all that `reader`, of which nothing has been taken yet, gives. Differences are told. */
TC_MUST_USE enum tc_status tc_recount_open(struct tc_recount **opened,
                                           const struct tc_reader *reader, tc_fault_told *told,
                                           void *context, struct tc_error *error);
void tc_recount_close(struct tc_recount *recount);

/* Takes an item of the reader, in its order. */
TC_MUST_USE enum tc_status tc_recount_take(struct tc_recount *recount, const struct tc_item *item,
                                           struct tc_error *error);

/* Something is missing: what follows cannot be compared any more. */
void tc_recount_give_up(struct tc_recount *recount);

/* Compares what the streams have come to, once the reader is at its end. */
void tc_recount_end(struct tc_recount *recount);

#endif
