/*
 * A run that is recorded with somebody in between who may change its batches: everything that is
 * written is sound, checksums and all, but need not be what happened. Shared by tests of what
 * verification finds.
 */
#ifndef TC_UNIT_TAMPERBED_H
#define TC_UNIT_TAMPERBED_H

#include "file/recorder.h"
#include "framesmith.h"
#include "block/intake.h"

enum tamper_way { TAMPER_TAKE_OUT = -1, TAMPER_LOOK = -2 };

struct tamper {
    struct tc_capture *capture;
    struct tc_intake intake;
    struct tc_recorder recorder;
    struct tc_sink *sink;
    struct tc_symbol_filter filter;
    struct tc_batch *batch; /* the one that is free; NULL: none is */
    void *intake_memory, *recorder_memory, *filter_memory;
    size_t intake_bytes, recorder_bytes, filter_bytes;
    struct smith_packet packet;
    struct smith_random dice;
    uint8_t frame[SMITH_FRAME_BYTES];
    uint64_t now_ns;
    bool starved; /* none is given out */
    /* what is done to the event number `nth` of that kind; kind 0: nothing */
    uint8_t kind;
    uint32_t nth;
    int32_t byte; /* of its payload, which is changed; or one of enum tamper_way */
    uint32_t seen;
    uint32_t payload_bytes; /* of that event, as it was */
    uint8_t payload[TC_EVENT_PAYLOAD_MAX];
};

extern struct tamper tamper;

/*
 * A run over one channel of `feed` with lines in one stream, into the folder of segments.
 * `filters`: no symbol is wanted, so that packets with messages are left out.
 */
void tamper_open(const struct tc_feed *feed, uint16_t lines, bool filters);

/* Sends a packet; for IEX-TP with these fields. */
void tamper_send(uint16_t line, const char *session, uint64_t sequence, uint32_t messages,
                 uint64_t send_time, uint64_t stream_offset);

/* The feed says that the session is over. */
void tamper_end_session(uint16_t line, const char *session, uint64_t sequence);

/* From now on there is no batch, until there is again. */
void tamper_starve(bool starved);

/* Ends the run and gives everything back. */
void tamper_close(void);

#endif
