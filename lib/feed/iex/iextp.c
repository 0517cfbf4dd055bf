/* IEX-TP: the transport of the Investors Exchange. Little endian. */
#include "feed/registry.h"
#include "feed/table.h"

/* "Outbound Segment Header" */
static const struct tc_field header[] = {
    TC_FIELD("version", 0, 1, UINT, VERSION),
    TC_FIELD("reserved", 1, 1, UINT, RESERVED),
    TC_FIELD("message_protocol_id", 2, 2, UINT, VERSION),
    TC_FIELD("channel_id", 4, 4, UINT, CODE),
    TC_FIELD("session_id", 8, 4, UINT, SESSION),
    TC_FIELD("payload_length", 12, 2, UINT, PAYLOAD_BYTES),
    TC_FIELD("message_count", 14, 2, UINT, COUNT),
    TC_FIELD("stream_offset", 16, 8, UINT, STREAM_OFFSET),
    TC_FIELD("first_message_sequence_number", 24, 8, UINT, SEQUENCE),
    TC_FIELD("send_time", 32, 8, EPOCH_NS, SEND_TIME),
};

const struct tc_framing tc_framing_iextp = {
    .id = 2,
    .name = "iextp",
    .source = "IEX Transport Specification, version 1.25",
    .header_bytes = 40,
    .version = 1,
    .fields = header,
    .field_count = TC_COUNT_OF(header),
    .flags = TC_FRAMING_RESETS | TC_FRAMING_VERSIONED,
};
