/*
 * A pcap or pcapng file, frame by frame, for the import.
 *
 * Files hold times that cannot be meant: zero where nobody set one, years that no capture is of.
 * Such a frame keeps its time, which is part of the file, but is marked, and nothing follows from
 * it: it stands where it stands among the frames around it.
 */
#ifndef TC_TICKCAP_PCAPINPUT_H
#define TC_TICKCAP_PCAPINPUT_H

#include <pcap/pcap.h>
#include <stdbool.h>

#include "base/status.h"

/* What is wrong with a time; as in events of refused times (docs/FORMAT.md, "Events"). */
enum pcap_time {
    PCAP_TIME_GOOD = 0,
    PCAP_TIME_ZERO = 1,
    PCAP_TIME_PAST = 2,
    PCAP_TIME_FUTURE = 3,
};

#define PCAP_TIME_MIN_NS UINT64_C(946684800000000000)  /* 2000 begins */
#define PCAP_TIME_MAX_NS UINT64_C(4102444800000000000) /* 2100 begins */

struct pcap_input {
    const char *name;
    pcap_t *pcap;
    struct pcap_pkthdr *header; /* of the frame that comes next */
    const uint8_t *bytes;
    uint64_t time_ns; /* its time, as it stands in the file */
    uint64_t good_ns; /* the latest time that can be meant; 0: none yet */
    uint64_t number;  /* frames read */
    enum pcap_time verdict;
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
 * The earliest of the first good times of files; standard input is not looked at. PCAP_TIME_MIN_NS
 * where there is none.
 */
uint64_t pcap_input_first_good_ns(const struct pcap_input *inputs, size_t count);

#endif
