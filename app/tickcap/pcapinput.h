/*
 * A pcap or pcapng file, frame by frame, for the import.
 *
 * Files hold times that cannot be meant: zero where nobody set one, years that no capture is of,
 * seconds with more than a second behind the point. Such a frame keeps its time, which is part of
 * the file, but is marked, and nothing follows from it: it stands where it stands among the frames
 * around it.
 */
#ifndef TC_TICKCAP_PCAPINPUT_H
#define TC_TICKCAP_PCAPINPUT_H

#include <pcap/pcap.h>
#include <stdbool.h>

#include "base/status.h"
#include "clock/timegate.h"

struct pcap_input {
    const char *name;
    pcap_t *pcap;
    struct pcap_pkthdr *header; /* of the frame that comes next */
    const uint8_t *bytes;
    uint64_t time_ns; /* its time, as it stands in the file */
    uint64_t good_ns; /* the latest time that can be meant; 0: none yet */
    uint64_t number;  /* frames read */
    enum tc_time_verdict verdict;
    bool ended;
};

TC_MUST_USE enum tc_status pcap_input_open(struct pcap_input *input, const char *name,
                                           struct tc_error *error);
void pcap_input_close(struct pcap_input *input);

/* Reads the next frame; a file that is cut off or broken is told, and ends there. */
TC_MUST_USE enum tc_status pcap_input_advance(struct pcap_input *input, struct tc_error *error);

/* The input whose next frame is the earliest, of equal ones the first; NULL at the end. */
struct pcap_input *pcap_input_earliest(struct pcap_input *inputs, size_t count);

/*
 * The earliest of the first good times of files; standard input is not looked at. TC_FILE_MIN_NS
 * where there is none.
 */
uint64_t pcap_input_first_good_ns(const struct pcap_input *inputs, size_t count);

#endif
