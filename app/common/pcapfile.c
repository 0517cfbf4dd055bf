/* The header of pcap files (draft-ietf-opsawg-pcap, section 4) and the magic of pcapng. */
#include "common/pcapfile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "file/capture.h"

#define MAGIC_US     UINT32_C(0xa1b2c3d4)
#define MAGIC_NS     UINT32_C(0xa1b23c4d)
#define MAGIC_PCAPNG UINT32_C(0x0a0d0d0a) /* the same in both byte orders */

enum { LINK_ETHERNET = 1 };

static uint32_t number_at(const uint8_t *head, size_t offset, bool swapped)
{
    return swapped ? tc_load_be32(head + offset) : tc_load_le32(head + offset);
}

enum tc_status tc_pcap_look(const char *path, struct tc_pcap_file *file, struct tc_error *error)
{
    uint8_t head[TC_PCAP_HEAD_BYTES] = {0};
    FILE *stream = fopen(path, "rb");
    struct stat about;
    uint32_t magic, link;
    bool swapped;
    size_t length;

    if (stream == NULL || fstat(fileno(stream), &about) != 0) {
        if (stream != NULL)
            fclose(stream);
        return tc_fail(error, TC_MISSING, "%s: cannot be read: %s", path, strerror(errno));
    }
    length = fread(head, 1, sizeof head, stream);
    fclose(stream);
    *file = (struct tc_pcap_file){.file_bytes = (uint64_t)about.st_size,
                                  .snaplen = TC_SNAPLEN_DEFAULT};
    if (S_ISDIR(about.st_mode))
        return tc_fail(error, TC_FOREIGN, "%s: is a directory, expected a pcap file", path);
    if (length == 0)
        return tc_fail(error, TC_TRUNCATED, "%s: the file is empty, expected pcap or pcapng", path);
    magic = tc_load_le32(head);
    swapped = magic == __builtin_bswap32(MAGIC_US) || magic == __builtin_bswap32(MAGIC_NS);
    magic = swapped ? __builtin_bswap32(magic) : magic;
    if (magic == MAGIC_PCAPNG) {
        file->is_pcapng = true;
        file->nanoseconds = true;
        return TC_OK;
    }
    if (length >= 4 && magic != MAGIC_US && magic != MAGIC_NS)
        return tc_fail(error, TC_FOREIGN,
                       "%s: not a pcap file, its first bytes are %02x %02x %02x %02x", path,
                       head[0], head[1], head[2], head[3]);
    if (length < sizeof head)
        return tc_fail(error, TC_TRUNCATED, "%s: ends after %zu bytes, a pcap header has %d", path,
                       length, TC_PCAP_HEAD_BYTES);
    link = number_at(head, 20, swapped) & 0x0fffffff; /* the upper bits tell of an FCS */
    if (link != LINK_ETHERNET)
        return tc_fail(error, TC_FOREIGN,
                       "%s: its frames are of link type %u, expected Ethernet, 1", path, link);
    file->nanoseconds = magic == MAGIC_NS;
    file->snaplen = number_at(head, 16, swapped);
    return TC_OK;
}

enum {
    BLOCK_HEAD_BYTES = 8,
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_ENHANCED_PACKET = 6,
};

/* Walks the blocks of a pcapng file (draft-ietf-opsawg-pcapng, section 3) and counts packets. */
static enum tc_status walk_pcapng(const char *path, uint64_t file_bytes, uint64_t *packets,
                                  struct tc_error *error)
{
    FILE *stream = fopen(path, "rb");
    enum tc_status status = TC_OK;
    uint8_t head[12];
    uint64_t offset = 0;
    bool swapped = false;

    if (stream == NULL)
        return tc_fail(error, TC_IO, "%s: cannot be read: %s", path, strerror(errno));
    *packets = 0;
    while (status == TC_OK && offset < file_bytes) {
        uint32_t type, length;

        if (fseeko(stream, (off_t)offset, SEEK_SET) != 0 ||
            fread(head, 1, sizeof head, stream) < BLOCK_HEAD_BYTES)
            break;
        type = number_at(head, 0, swapped);
        if (tc_load_le32(head) == MAGIC_PCAPNG) /* a section begins, in a byte order of its own */
            swapped = tc_load_le32(head + BLOCK_HEAD_BYTES) == 0x4d3c2b1a;
        length = number_at(head, 4, swapped);
        if (length < 12 || length > file_bytes - offset)
            break;
        *packets += type == BLOCK_SIMPLE_PACKET || type == BLOCK_ENHANCED_PACKET;
        offset += length;
    }
    fclose(stream);
    if (offset < file_bytes)
        status = tc_fail(error, TC_TRUNCATED,
                         "%s: cut off or broken at byte %lu of %lu; everything before is recorded",
                         path, offset, file_bytes);
    return status;
}

enum tc_status tc_pcap_check_end(const char *path, uint64_t frames, uint64_t frame_bytes,
                                 struct tc_error *error)
{
    uint64_t read_to = TC_PCAP_HEAD_BYTES + frames * TC_PCAP_RECORD_BYTES + frame_bytes;
    struct tc_pcap_file file;
    uint64_t packets = 0;
    enum tc_status status = tc_pcap_look(path, &file, error);

    if (status != TC_OK)
        return status;
    if (!file.is_pcapng) {
        if (read_to == file.file_bytes)
            return TC_OK;
        return tc_fail(error, TC_TRUNCATED,
                       "%s: cut off or broken at byte %lu of %lu, after frame %lu; everything "
                       "before is recorded",
                       path, read_to, file.file_bytes, frames);
    }
    status = walk_pcapng(path, file.file_bytes, &packets, error);
    if (status == TC_OK && packets != frames)
        return tc_fail(error, TC_TRUNCATED, "%s: has %lu frames, of which %lu could be read", path,
                       packets, frames);
    return status;
}
