/*
 * What a whole capture has in common: who made it, its ports, streams, channels, lines and feed
 * tables. Every segment's head repeats it, so that a segment needs no other file to be read.
 */
#ifndef TC_FILE_CAPTURE_H
#define TC_FILE_CAPTURE_H

#include "base/arena.h"
#include "block/blocklayout.h"
#include "block/catalog.h"
#include "file/layout.h"

enum {
    TC_DEVICE_BYTES = 256,
    TC_SNAPLEN_DEFAULT = 262144,
    TC_STREAMS_MAX = 256,
    TC_PORT_NONE = 0xffff,
};

/* How well the driver of a port counts what it loses; permanent. */
enum tc_loss_counters {
    TC_LOSSES_EXACT,   /* all of it */
    TC_LOSSES_PARTIAL, /* some of it */
    TC_LOSSES_ABSENT,  /* none of it, or nobody knows */
};

struct tc_port {
    char name[TC_NAME_BYTES];
    char device[TC_DEVICE_BYTES];
    char driver[TC_NAME_BYTES];
    uint32_t snaplen; /* of the source file; TC_SNAPLEN_DEFAULT for an interface */
    uint8_t losses;   /* enum tc_loss_counters */
};

struct tc_stream {
    uint32_t number;
    uint16_t port; /* index in the capture's ports; TC_PORT_NONE: events of several streams */
    uint16_t queue;
};

struct tc_capture {
    uint8_t run_id[TC_ID_BYTES];
    char tool[TC_NAME_BYTES];
    char host[TC_NAME_BYTES];
    char name[TC_NAME_BYTES];
    struct tc_catalog catalog;
    struct tc_port *ports;
    struct tc_stream *streams;
    uint16_t port_count;
    uint16_t stream_count;
    uint64_t digest; /* of the boxes it was read from; equal for all segments of a run */
};

/* Appends the boxes that describe the capture. */
void tc_capture_write(struct tc_scribe *out, const struct tc_capture *capture);

/* A box: its kind and its bytes. False at the end; a broken one fails the cursor. */
bool tc_box_next(struct tc_cursor *in, uint32_t *kind, struct tc_cursor *box);

/* Whether the bytes between boxes and behind the last one, which readers ignore, are zero. */
bool tc_boxes_filled_with_zeros(struct tc_cursor boxes);

/* Begins a box; answers where its length is to be put by tc_box_end. */
size_t tc_box_begin(struct tc_scribe *out, enum tc_box_kind kind);
void tc_box_end(struct tc_scribe *out, size_t begin);

/*
 * Reads what one box says about the capture; boxes of other kinds are left alone. Call for every
 * box of a head, in order, then tc_capture_check. All memory is from `arena`.
 */
TC_MUST_USE enum tc_status tc_capture_read(struct tc_capture *capture, struct tc_arena *arena,
                                           uint32_t kind, struct tc_cursor box,
                                           struct tc_error *error);

/* Makes a capture whose boxes have been read ready for use, or refuses it. */
TC_MUST_USE enum tc_status tc_capture_check(struct tc_capture *capture, struct tc_arena *arena,
                                            struct tc_error *error);

#endif
