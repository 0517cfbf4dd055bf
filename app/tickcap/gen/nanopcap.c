/* Buffered through stdio, whose errors are looked at with every record and at the end. */
#include "tickcap/gen/nanopcap.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"

enum {
    BUFFER_BYTES = 1 << 20,
    SNAP_BYTES = 262144,
    LINKTYPE_ETHERNET = 1,
};

static const uint32_t nanosecond_magic = 0xa1b23c4d;

static enum tc_status write_failed(const struct tc_nanopcap *pcap, struct tc_error *error)
{
    return tc_fail(error, TC_IO, "cannot write '%s': %s", pcap->path, strerror(errno));
}

enum tc_status tc_nanopcap_open(struct tc_nanopcap *pcap, const char *path, struct tc_error *error)
{
    uint8_t header[TC_PCAP_HEADER_BYTES] = {0};

    *pcap = (struct tc_nanopcap){.path = path};
    pcap->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "wb");
    if (pcap->file == NULL)
        return tc_fail(error, TC_IO, "cannot create '%s': %s", path, strerror(errno));
    setvbuf(pcap->file, NULL, _IOFBF, BUFFER_BYTES);
    tc_store_le32(header, nanosecond_magic);
    tc_store_le16(header + 4, 2); /* version 2.4 */
    tc_store_le16(header + 6, 4);
    tc_store_le32(header + 16, SNAP_BYTES);
    tc_store_le32(header + 20, LINKTYPE_ETHERNET);
    if (fwrite(header, sizeof header, 1, pcap->file) != 1)
        return write_failed(pcap, error);
    pcap->bytes = sizeof header;
    return TC_OK;
}

enum tc_status tc_nanopcap_write(struct tc_nanopcap *pcap, uint64_t rx_ns, const uint8_t *frame,
                                 size_t bytes, struct tc_error *error)
{
    uint8_t record[TC_PCAP_RECORD_BYTES];

    tc_store_le32(record, (uint32_t)(rx_ns / 1000000000));
    tc_store_le32(record + 4, (uint32_t)(rx_ns % 1000000000));
    tc_store_le32(record + 8, (uint32_t)bytes);
    tc_store_le32(record + 12, (uint32_t)bytes);
    if (fwrite_unlocked(record, sizeof record, 1, pcap->file) != 1 ||
        fwrite_unlocked(frame, bytes, 1, pcap->file) != 1)
        return write_failed(pcap, error);
    pcap->bytes += sizeof record + bytes;
    return TC_OK;
}

enum tc_status tc_nanopcap_close(struct tc_nanopcap *pcap, struct tc_error *error)
{
    FILE *file = pcap->file;

    pcap->file = NULL;
    if ((file == stdout ? fflush(file) : fclose(file)) != 0)
        return write_failed(pcap, error);
    return TC_OK;
}

void tc_nanopcap_abandon(struct tc_nanopcap *pcap)
{
    if (pcap->file != NULL && pcap->file != stdout)
        fclose(pcap->file);
    pcap->file = NULL;
}
