/* MoldUDP64: the framing of NASDAQ's multicast feeds. Big endian. */
#include "feed/registry.h"
#include "feed/table.h"

/* Section 2, "Downstream Packet Header". */
static const struct tc_field header[] = {
    TC_FIELD("session", 0, 10, TEXT, SESSION),
    TC_FIELD("sequence_number", 10, 8, UINT, SEQUENCE),
    TC_FIELD("message_count", 18, 2, UINT, COUNT),
};

/* Sections 2.1 to 2.3: message blocks, heartbeats (count 0), end of session (count 0xffff). */
const struct tc_framing tc_framing_moldudp64 = {
    .id = 1,
    .name = "moldudp64",
    .source = "Nasdaq MoldUDP64 Protocol Specification, version 1.00",
    .header_bytes = 20,
    .fields = header,
    .field_count = TC_COUNT_OF(header),
    .flags = TC_FRAMING_BIG_ENDIAN | TC_FRAMING_STALE_HEARTBEATS | TC_FRAMING_END_COUNT,
};
