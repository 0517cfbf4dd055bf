/*
 * pcap and pcapng files: what is said of a file before its frames, and whether it was read to its
 * end, against a reader that walks it by the plain rule.
 */
#include <pcap/pcap.h>

#include "common/pcapfile.h"
#include "fuzz.h"

/* Frames as libpcap gives them, which is whom the import asks. */
static uint64_t read_frames(const char *path, uint64_t *frame_bytes)
{
    char detail[PCAP_ERRBUF_SIZE] = "";
    pcap_t *pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO,
                                                           detail);
    struct pcap_pkthdr *header;
    const uint8_t *frame;
    uint64_t frames = 0;

    *frame_bytes = 0;
    if (pcap == NULL)
        return 0;
    while (pcap_next_ex(pcap, &header, &frame) == 1) {
        frames++;
        *frame_bytes += header->caplen;
    }
    pcap_close(pcap);
    return frames;
}

/* Before version 2.4 some writers had the two lengths of a record the other way round. */
static bool has_plain_records(const uint8_t *bytes)
{
    bool swapped = bytes[0] == 0xa1;

    return (swapped ? tc_load_be16(bytes + 4) : tc_load_le16(bytes + 4)) == 2 &&
           (swapped ? tc_load_be16(bytes + 6) : tc_load_le16(bytes + 6)) >= 4;
}

/* Whether the records of a pcap file end where the file does; and how many there are. */
static bool walks_to_end(const uint8_t *bytes, size_t length, uint64_t *frames,
                         uint64_t *frame_bytes)
{
    bool swapped = bytes[0] == 0xa1;
    size_t at = TC_PCAP_HEAD_BYTES;

    *frames = *frame_bytes = 0;
    while (length - at >= TC_PCAP_RECORD_BYTES) {
        uint32_t captured = swapped ? tc_load_be32(bytes + at + 8) : tc_load_le32(bytes + at + 8);

        if (captured > length - at - TC_PCAP_RECORD_BYTES)
            return false;
        at += TC_PCAP_RECORD_BYTES + captured;
        *frames += 1;
        *frame_bytes += captured;
    }
    return at == length;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *path = fuzz_file(bytes, length);
    struct tc_pcap_file file;
    struct tc_error error = {0};
    uint64_t frames, frame_bytes;
    bool ends;

    if (tc_pcap_look(path, &file, &error) != TC_OK) {
        FUZZ_MUST(strlen(error.text) > 10, "refused without a sentence");
        FUZZ_MUST(tc_pcap_check_end(path, 0, 0, &error) != TC_OK, "no pcap file has a good end");
        return 0;
    }
    FUZZ_MUST(file.file_bytes == length, "a file of another length");
    frames = read_frames(path, &frame_bytes);
    ends = tc_pcap_check_end(path, frames, frame_bytes, &error) == TC_OK;
    FUZZ_MUST(ends || strlen(error.text) > 10, "refused without a sentence");
    if (!file.is_pcapng && has_plain_records(bytes)) {
        uint64_t walked, walked_bytes;
        bool good = walks_to_end(bytes, length, &walked, &walked_bytes);

        FUZZ_MUST(!ends || (good && walked == frames && walked_bytes == frame_bytes),
                  "a file was read to its end, but there is more");
        FUZZ_MUST(!good || tc_pcap_check_end(path, walked, walked_bytes, &error) == TC_OK,
                  "a whole file is said to be cut off");
    }
    return 0;
}
