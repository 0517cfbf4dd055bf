/* What a pcap file says of itself before its first frame, and libpcap does not pass on. */
#ifndef TC_APP_PCAPFILE_H
#define TC_APP_PCAPFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct tc_pcap_file {
    uint64_t file_bytes;
    uint32_t snaplen;
    bool nanoseconds; /* resolution of its times; pcapng files are taken for such */
    bool is_pcapng;   /* snaplen is then the default */
};

enum {
    TC_PCAP_HEAD_BYTES = 24,
    TC_PCAP_RECORD_BYTES = 16, /* in front of each frame */
};

/*
 * Looks at a pcap or pcapng file. Refuses, as TC_FOREIGN or TC_TRUNCATED, what is empty, neither of
 * the two, or holds frames of another link type than Ethernet.
 */
TC_MUST_USE enum tc_status tc_pcap_look(const char *path, struct tc_pcap_file *file,
                                        struct tc_error *error);

/*
 * After a pcap file has been read by somebody who ends without a word where it is cut off: whether
 * `frames` frames of `frame_bytes` bytes together are all that it holds. TC_TRUNCATED with a
 * sentence where bytes are left over. A pcapng file is walked through for that.
 */
TC_MUST_USE enum tc_status tc_pcap_check_end(const char *path, uint64_t frames,
                                             uint64_t frame_bytes, struct tc_error *error);

#endif
