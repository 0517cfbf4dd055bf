/*
 * What an intake tells its writers beside frames: losses, names, figures, and whatever happened.
 *
 * All of it travels in the batches, between the frames it belongs between. What a writer must know
 * in the end (names, figures) is remembered until it has been told; what only happened (a gap, a
 * silent line) is told where there is a batch, and is part of the loss where there is none.
 */
#ifndef TC_BLOCK_TELLING_H
#define TC_BLOCK_TELLING_H

#include "block/intake.h"

/* Bytes of each batch that frames leave to what is told when it is closed. */
uint32_t tc_tell_kept_free(const struct tc_catalog *catalog, bool filters);

/* The batcher's teller; the context is the intake. */
void tc_tell_opened(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns);
bool tc_tell_closing(void *context, struct tc_batch *batch, uint32_t writer, uint64_t now_ns);

/* Puts an event where the stream is now. False, and nothing told, when no batch is free. */
bool tc_tell(struct tc_intake *intake, enum tc_event_kind kind, uint16_t about, uint64_t time_ns,
             const void *payload, uint32_t payload_bytes, uint64_t now_ns);

/* Remembers an event until the next batch is opened. False where that is too many. */
bool tc_tell_later(struct tc_intake *intake, enum tc_event_kind kind, uint16_t about,
                   uint64_t time_ns, const void *payload, uint32_t payload_bytes);

/* Tells what the port's counters have risen by, or lets the next batch tell it. */
void tc_tell_nic(struct tc_intake *intake);

/* Whether something waits for a batch. */
bool tc_tell_waits(const struct tc_intake *intake);

/*
 * What a packet's frame keeps free before it: trackers have moved by the time its events are known,
 * so the batch must not end then, or the figures told at its end would be ahead of its frames.
 */
enum { TC_TELL_PACKET_BYTES = 384 };

/* Bytes that are needed to tell before the next frame what was left out. */
uint32_t tc_tell_drop_bytes(const struct tc_intake *intake);

/* Tells it; the open batch has room for it. */
void tc_tell_drop(struct tc_intake *intake);

/* Tells what was left out now, wherever that finds room; nothing happens when no batch is free. */
void tc_tell_drop_now(struct tc_intake *intake, uint64_t now_ns);

/* Tells the writer of the open batch the names that it does not know, as far as there is room. */
void tc_tell_symbols(struct tc_intake *intake, uint64_t now_ns);

#endif
