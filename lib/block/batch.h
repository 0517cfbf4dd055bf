/*
 * A batch: frames on their way from the core that receives to the core that writes.
 *
 * One contiguous piece of memory that the caller brings. It is a log: records follow each other in
 * the order in which things happened, frames and events alike, so a loss or a new name stands
 * exactly between the frames it belongs between. The receiving core writes it front to back and
 * never looks back, the writing core reads it front to back: both are what caches like best.
 *
 * A frame record is the descriptor, then one mark a message, then the frame's bytes.
 */
#ifndef TC_BLOCK_BATCH_H
#define TC_BLOCK_BATCH_H

#include <stdalign.h>

#include "block/events.h"
#include "clock/clock.h"
#include "feed/framing.h"
#include "track/sequence.h"

enum {
    TC_BATCH_BYTES = 256 * 1024,     /* by default */
    TC_BATCH_BYTES_MIN = 256 * 1024, /* holds the longest frame with the most messages */
    TC_BATCH_BYTES_MAX = 16 * 1024 * 1024,
    TC_BATCH_MESSAGES = 8192,
    TC_BATCH_FRAMES = 8192,
    TC_RECORD_ALIGN = 8,
    TC_WRITERS_MAX = 31, /* of a stream */
};

enum tc_record_kind {
    TC_RECORD_FRAME = 1,
    TC_RECORD_EVENT = 2,
};

/* Bits of a frame; those up to 0x0fff stand in recorded files and are permanent. */
enum tc_frame_flag {
    TC_FRAME_MALFORMED = 0x0001,    /* of a line, but cut short or broken */
    TC_FRAME_GAP_BEFORE = 0x0002,   /* it told of missing messages below its first one */
    TC_FRAME_OLD_MESSAGES = 0x0004, /* some of its messages are late or duplicates */
    TC_FRAME_HEARTBEAT = 0x0008,
    TC_FRAME_END_OF_SESSION = 0x0010,
    TC_FRAME_NEW_SESSION = 0x0020,   /* the first of its session, or of a restart */
    TC_FRAME_STALE = 0x0040,         /* a stale heartbeat */
    TC_FRAME_SOFTWARE_TIME = 0x0080, /* rx_ns was taken when the burst was polled */
    TC_FRAME_BAD_TIME = 0x0100,      /* the stamp was unusable */
    TC_FRAME_PROC_IS_RX = 0x1000,    /* only in batches: proc_ns equals rx_ns */
    TC_FRAME_FILE_FLAGS = 0x0fff,
};

/* Bits of a message. Permanent. */
enum tc_message_flag {
    TC_MESSAGE_LATE = 1,
    TC_MESSAGE_DUPLICATE = 2,
};

/* The bits of a frame that follow from its packet and what the tracker made of it. */
uint16_t tc_frame_flags_of(const struct tc_packet *packet, const struct tc_verdict *verdict);

struct tc_frame_record {
    uint32_t bytes; /* of the whole record, a multiple of TC_RECORD_ALIGN */
    uint8_t kind;
    uint8_t payload_offset; /* of the UDP payload in the frame; frames of a line only */
    uint16_t flags;         /* enum tc_frame_flag */
    uint64_t rx_ns;
    uint32_t proc_after_ns; /* since the batch's proc_base_ns */
    uint32_t captured_bytes;
    uint32_t wire_bytes;
    uint16_t line;     /* number in the catalog, or TC_LINE_NONE */
    uint16_t messages; /* 0 for malformed frames */
};

_Static_assert(sizeof(struct tc_frame_record) == 32, "a frame's descriptor is 32 bytes");

struct tc_event_record {
    uint32_t bytes; /* of the whole record */
    uint8_t kind;   /* TC_RECORD_EVENT */
    uint8_t event;  /* enum tc_event_kind */
    uint16_t about; /* number of what its kind is about; TC_LINE_NONE for none */
    uint64_t time_ns;
    uint32_t payload_bytes;
    uint32_t reserved;
};

enum tc_batch_flag {
    TC_BATCH_ENDS_BLOCK = 1, /* the writer closes the block after this batch */
    TC_BATCH_ENDS_RUN = 2,   /* nothing follows in this stream */
    TC_BATCH_STATES_OLD = 4, /* there was no room to tell of all lines and channels */
};

struct tc_batch {
    uint32_t capacity; /* of `log`; set once */
    uint32_t used;     /* bytes of `log` */
    uint32_t frames;
    uint32_t messages;
    uint64_t block; /* number, in its stream, of the block this batch belongs to */
    uint64_t proc_base_ns;
    uint32_t flags; /* enum tc_batch_flag */
    uint32_t stream;
    struct tc_ledger ledger; /* of the stream, up to the end of this batch */
    struct tc_nic nic;       /* of its port, as looked at last */
    struct tc_clock clock;   /* in force when it was closed */
    alignas(64) uint8_t log[];
};

/* `bytes` of memory, aligned to 64, become an empty batch. */
struct tc_batch *tc_batch_init(void *memory, size_t bytes);

/* Empties it and gives it its place in the stream. */
void tc_batch_open(struct tc_batch *batch, uint32_t stream, uint64_t block);

static inline uint32_t tc_batch_room(const struct tc_batch *batch)
{
    return batch->capacity - batch->used;
}

/* Bytes of a frame's record. */
static inline uint32_t tc_frame_record_bytes(uint32_t captured_bytes, uint32_t messages)
{
    return (uint32_t)tc_align_up(sizeof(struct tc_frame_record) +
                                     messages * sizeof(struct tc_mark) + captured_bytes,
                                 TC_RECORD_ALIGN);
}

static inline struct tc_mark *tc_frame_marks(struct tc_frame_record *frame)
{
    return (struct tc_mark *)(frame + 1);
}

static inline const struct tc_mark *tc_frame_marks_of(const struct tc_frame_record *frame)
{
    return (const struct tc_mark *)(frame + 1);
}

static inline const uint8_t *tc_frame_bytes(const struct tc_frame_record *frame)
{
    return (const uint8_t *)(tc_frame_marks_of(frame) + frame->messages);
}

/* Bytes of an event's record. */
static inline uint32_t tc_event_record_bytes(uint32_t payload_bytes)
{
    return (uint32_t)tc_align_up(sizeof(struct tc_event_record) + payload_bytes, TC_RECORD_ALIGN);
}

/* Appends an event. False when there is no room. */
bool tc_batch_event(struct tc_batch *batch, enum tc_event_kind event, uint16_t about,
                    uint64_t time_ns, const void *payload, uint32_t payload_bytes);

/* Walks the log: the record at `*offset`, which moves on; NULL at the end. */
static inline const uint8_t *tc_batch_next(const struct tc_batch *batch, uint32_t *offset)
{
    const uint8_t *record = batch->log + *offset;

    if (*offset >= batch->used)
        return NULL;
    *offset += tc_load_le32(record);
    return record;
}

static inline uint8_t tc_record_kind(const uint8_t *record)
{
    return record[4];
}

#endif
