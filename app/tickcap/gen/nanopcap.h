/*
 * A nanosecond pcap file being written: little endian, Ethernet, to a path or to standard output.
 *
 * The format is two fixed headers (draft-ietf-opsawg-pcap, sections 4 and 5), so nothing is gained
 * by a library here, and the bytes are the same whatever version of it a machine has.
 */
#ifndef TC_GEN_NANOPCAP_H
#define TC_GEN_NANOPCAP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

enum { TC_PCAP_HEADER_BYTES = 24, TC_PCAP_RECORD_BYTES = 16 };

struct tc_nanopcap {
    FILE *file;
    const char *path; /* for error sentences */
    uint64_t bytes;   /* written so far */
};

/* `path` must stay; "-" is standard output. */
TC_MUST_USE enum tc_status tc_nanopcap_open(struct tc_nanopcap *pcap, const char *path,
                                            struct tc_error *error);

TC_MUST_USE enum tc_status tc_nanopcap_write(struct tc_nanopcap *pcap, uint64_t rx_ns,
                                             const uint8_t *frame, size_t bytes,
                                             struct tc_error *error);

/* Writes what is buffered. */
TC_MUST_USE enum tc_status tc_nanopcap_close(struct tc_nanopcap *pcap, struct tc_error *error);

/* After a failure: lets go of the file. Harmless for one that is closed or never was open. */
void tc_nanopcap_abandon(struct tc_nanopcap *pcap);

#endif
