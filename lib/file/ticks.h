/*
 * Ticks: the messages of a frame, one by one, with all that is known of each.
 */
#ifndef TC_FILE_TICKS_H
#define TC_FILE_TICKS_H

#include "file/reader.h"

enum tc_tick_flag {
    TC_TICK_LATE = 1,
    TC_TICK_DUPLICATE = 2,
    TC_TICK_GAP_BEFORE = 4, /* first message of a packet that told of missing ones */
    TC_TICK_BAD_TIME = 8,
    TC_TICK_SOFTWARE_TIME = 16,
    TC_TICK_FLAGS = 5,
};

/* Names of the flags, by bit. */
extern const char *const tc_tick_flag_names[TC_TICK_FLAGS];

struct tc_tick {
    const struct tc_source *source;
    const struct tc_frame *frame;
    const struct tc_channel *channel;
    const struct tc_line *line;
    const struct tc_type *type; /* NULL where no row of the feed's table explains the message */
    const uint8_t *message;     /* without length prefix */
    const uint8_t *session;     /* the id as on the wire */
    const uint8_t *symbol;      /* eight characters, or NULL */
    uint64_t frame_number;
    uint64_t sequence;
    uint64_t exch_ns; /* since 1970, UTC; only if has_exch */
    uint32_t index;   /* in the frame, from 0 */
    uint16_t bytes;
    uint16_t locate; /* only if has_locate */
    uint8_t flags;   /* enum tc_tick_flag */
    bool has_exch;
    bool has_locate;
};

/* Walks the messages of frames. Keeps the midnights of the channels between them. */
struct tc_ticker;

/* NULL when memory is short. */
struct tc_ticker *tc_ticker_new(void);
void tc_ticker_free(struct tc_ticker *ticker);

/* Begins with the frame of an item; frames without messages have no ticks. */
void tc_ticker_frame(struct tc_ticker *ticker, const struct tc_item *item);

/* The next message of the frame; false after the last one. */
bool tc_ticker_next(struct tc_ticker *ticker, struct tc_tick *tick);

#endif
