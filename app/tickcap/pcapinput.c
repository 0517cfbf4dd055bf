/* Reading and judging; libpcap knows the formats. */
#include "tickcap/pcapinput.h"

#include <string.h>

#include "net/frame.h"

#define SECOND_NS UINT64_C(1000000000)

enum tc_status pcap_input_open(struct pcap_input *input, const char *name, struct tc_error *error)
{
    char detail[PCAP_ERRBUF_SIZE] = "";

    input->name = name;
    input->pcap = pcap_open_offline_with_tstamp_precision(name, PCAP_TSTAMP_PRECISION_NANO, detail);
    if (input->pcap == NULL)
        return tc_fail(error, TC_FOREIGN, "%s: cannot be read as pcap: %.300s", name, detail);
    if (pcap_datalink(input->pcap) != DLT_EN10MB) {
        const char *type = pcap_datalink_val_to_name(pcap_datalink(input->pcap));

        return tc_fail(error, TC_FOREIGN, "%s: its frames are %s, expected Ethernet (EN10MB)", name,
                       type != NULL ? type : "of an unknown kind");
    }
    return TC_OK;
}

void pcap_input_close(struct pcap_input *input)
{
    if (input->pcap != NULL)
        pcap_close(input->pcap);
    input->pcap = NULL;
}

/* Seconds of pcap files are 32 bits without a sign, and libpcap takes them for signed ones. */
static uint64_t time_of(const struct pcap_pkthdr *header)
{
    int64_t seconds = header->ts.tv_sec;

    if (seconds < INT32_MIN || seconds > (int64_t)(INT64_MAX / SECOND_NS))
        return UINT64_MAX; /* pcapng has room for more than we have */
    return (uint64_t)(seconds < 0 ? (uint32_t)seconds : seconds) * SECOND_NS +
           (uint64_t)header->ts.tv_usec;
}

/*
 * A fraction of a second that is none shows that times of this file are of another unit than it
 * says, or broken.
 */
static enum tc_time_verdict judge(const struct pcap_pkthdr *header, uint64_t time_ns)
{
    struct tc_time_gate gate = {.of_file = true};
    int64_t fraction_ns = header->ts.tv_usec;

    if (fraction_ns < 0)
        return TC_TIME_PAST;
    return fraction_ns >= (int64_t)SECOND_NS ? TC_TIME_FUTURE
                                             : tc_time_gate_judge(&gate, &time_ns, time_ns);
}

enum tc_status pcap_input_advance(struct pcap_input *input, struct tc_error *error)
{
    int result = pcap_next_ex(input->pcap, &input->header, &input->bytes);

    if (result == 1) {
        input->number++;
        if (input->header->caplen > TC_FRAME_BYTES_MAX) {
            input->ended = true;
            return tc_fail(error, TC_LIMIT,
                           "%s: frame %lu has %u bytes, at most %d can be recorded; everything "
                           "before it is recorded",
                           input->name, input->number, input->header->caplen, TC_FRAME_BYTES_MAX);
        }
        input->time_ns = time_of(input->header);
        input->verdict = judge(input->header, input->time_ns);
        if (input->verdict == TC_TIME_GOOD)
            input->good_ns = input->time_ns;
        return TC_OK;
    }
    input->ended = true;
    if (result == PCAP_ERROR_BREAK)
        return TC_OK;
    return tc_fail(error, TC_TRUNCATED,
                   "%s: cut off or broken after frame %lu (%.200s); everything before is recorded",
                   input->name, input->number, pcap_geterr(input->pcap));
}

struct pcap_input *pcap_input_earliest(struct pcap_input *inputs, size_t count)
{
    struct pcap_input *first = NULL;

    for (size_t i = 0; i < count; i++)
        if (!inputs[i].ended && (first == NULL || inputs[i].good_ns < first->good_ns))
            first = &inputs[i];
    return first;
}

uint64_t pcap_input_first_good_ns(const struct pcap_input *inputs, size_t count)
{
    uint64_t first_ns = 0;

    for (size_t i = 0; i < count; i++) {
        struct pcap_input again = {0};

        if (strcmp(inputs[i].name, "-") == 0)
            continue;
        if (pcap_input_open(&again, inputs[i].name, NULL) == TC_OK)
            while (again.good_ns == 0 && !again.ended && pcap_input_advance(&again, NULL) == TC_OK)
                continue;
        if (again.good_ns != 0 && (first_ns == 0 || again.good_ns < first_ns))
            first_ns = again.good_ns;
        pcap_input_close(&again);
    }
    return first_ns != 0 ? first_ns : TC_FILE_MIN_NS;
}
