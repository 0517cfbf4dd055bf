/*
 * Templates: headers that are predicted instead of stored.
 *
 * Frames of a line have the same Ethernet, IP, UDP and framing headers but for a few fields, most
 * of which follow from the rest: lengths from what is inside, the sequence number from the packet
 * before, checksums from the bytes. A template is the header of the first such frame of a block;
 * for the others only what does not follow is kept. A frame that contradicts the prediction is
 * stored whole.
 */
#ifndef TC_BLOCK_TEMPLATE_H
#define TC_BLOCK_TEMPLATE_H

#include "block/catalog.h"

enum {
    TC_TEMPLATE_BYTES_MAX = TC_ETHER_BYTES + TC_VLAN_TAGS_MAX * TC_VLAN_BYTES + 60 + TC_UDP_BYTES +
                            TC_HEADER_BYTES_MAX,
    TC_TEMPLATE_PADDED = (TC_TEMPLATE_BYTES_MAX + 7) / 8 * 8,
    TC_TEMPLATES_MAX = 1024, /* of a block */
};

/* Bits of a frame's checksum mode; permanent. */
enum tc_checksums {
    TC_UDP_CHECKSUM_ZERO = 0,
    TC_UDP_CHECKSUM_CORRECT = 1,
    TC_UDP_CHECKSUM_PARTIAL = 2, /* sum of the pseudo header only, as sending with offload leaves */
    TC_UDP_CHECKSUM_STORED = 3,
    TC_UDP_CHECKSUM_MODE = 3,
    TC_IP_CHECKSUM_STORED = 4, /* the IP checksum is not the correct one */
};

/* What of a header does not follow from its template, as it stands in columns. */
struct tc_header {
    uint64_t sequence; /* distance from the predicted one */
    uint64_t stream_offset;
    uint64_t send_time; /* as on the wire */
    uint16_t ip_id;     /* distance from the frame before */
    uint16_t count;     /* as on the wire */
    uint16_t ip_checksum;
    uint16_t udp_checksum;
    uint8_t checksums; /* enum tc_checksums */
};

/* Where the parts of a frame of a line end. */
struct tc_parts {
    uint16_t header_end; /* framing header included */
    uint32_t messages_end;
    uint32_t payload_end; /* of the UDP payload */
    uint32_t frame_end;
};

struct tc_template {
    uint8_t bytes[TC_TEMPLATE_PADDED]; /* header of the first frame */
    uint8_t mask[TC_TEMPLATE_PADDED];  /* 0xff where later frames must agree */
    uint16_t line;
    uint16_t header_bytes; /* framing header included */
    uint8_t ip_offset;
    uint8_t payload_offset;
    uint8_t last_checksums; /* what is tried first */
    uint16_t last_ip_id;
    uint64_t next_sequence;
    uint64_t next_offset;
    uint64_t first_sequence; /* over all frames so far */
    uint64_t end_sequence;
    const struct tc_framer *framer;
};

/*
 * The parts of a frame of a line; false when its lengths contradict each other, so that no
 * template can predict them. `messages_end` counts from the frame's start.
 */
bool tc_parts_find(const struct tc_framer *framer, const uint8_t *frame, uint32_t frame_bytes,
                   uint8_t payload_offset, uint32_t messages_end, struct tc_parts *parts);

/* Makes a template of a frame. */
void tc_template_make(struct tc_template *made, const struct tc_framer *framer, uint16_t line,
                      const uint8_t *frame, uint8_t payload_offset);

/*
 * Fills mask and offsets of a template whose bytes, line and header_bytes come from a file. False
 * when the bytes are no header of that line's framing.
 */
bool tc_template_restore(struct tc_template *restored, const struct tc_framer *framer);

/* Whether a frame has this header; both may be read up to the next multiple of eight bytes. */
static inline bool tc_template_matches(const struct tc_template *candidate, const uint8_t *frame)
{
    uint64_t difference = 0;

    for (uint32_t i = 0; i < candidate->header_bytes; i += 8)
        difference |= (tc_load_le64(candidate->bytes + i) ^ tc_load_le64(frame + i)) &
                      tc_load_le64(candidate->mask + i);
    return difference == 0;
}

/* Takes what is left of a matching frame's header, and moves the predictions on. */
void tc_header_take(struct tc_template *with, const uint8_t *frame, const struct tc_parts *parts,
                    uint32_t messages, struct tc_header *header);

/* Puts a header in front of a payload of known parts; checksums are left to tc_header_seal. */
void tc_header_place(struct tc_template *with, const struct tc_header *header,
                     const struct tc_parts *parts, uint32_t messages, uint8_t *frame);

/* Puts the checksums into a frame that is otherwise complete. */
void tc_header_seal(const struct tc_template *with, const struct tc_header *header,
                    const struct tc_parts *parts, uint8_t *frame);

#endif
