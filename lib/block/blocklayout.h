/*
 * Offsets and ids of a block on disk; docs/FORMAT.md, "Blocks", says what they mean.
 */
#ifndef TC_BLOCK_BLOCKLAYOUT_H
#define TC_BLOCK_BLOCKLAYOUT_H

#include "base/meaning.h"

#define TC_BLOCK_MAGIC "\x89TICKBLK"

enum {
    TC_MAGIC_BYTES = 8,
    TC_ID_BYTES = 16,
    TC_BLOCK_ALIGN = 64,
    TC_BLOCK_HEADER_BYTES = 128,
    TC_DIRECTORY_ENTRY_BYTES = 16,
    TC_TEMPLATE_HEAD_BYTES = 8,
    TC_EVENT_HEAD_BYTES = 24,
    TC_RANGE_BYTES = 48,
    TC_CLOCK_BYTES = 72,
};

/* Offset, width, name of each field of the header. */
#define TC_BLOCK_HEADER_TABLE(X) \
    X(0, 8, magic)               \
    X(8, 16, segment_id)         \
    X(24, 8, offset)             \
    X(32, 4, stored_bytes)       \
    X(36, 4, columns)            \
    X(40, 8, number)             \
    X(48, 4, stream)             \
    X(52, 4, frames)             \
    X(56, 4, messages)           \
    X(60, 4, events)             \
    X(64, 8, first_rx_ns)        \
    X(72, 8, last_rx_ns)         \
    X(80, 8, frame_bytes)        \
    X(88, 8, frames_digest)      \
    X(96, 8, body_checksum)      \
    X(104, 4, chain)             \
    X(108, 4, flags)             \
    X(112, 8, reserved)          \
    X(120, 8, header_checksum)

enum tc_block_header_offset {
#define TC_BLOCK_HEADER_OFFSET(offset, width, name) TC_BLOCK_AT_##name = offset,
    TC_BLOCK_HEADER_TABLE(TC_BLOCK_HEADER_OFFSET)
#undef TC_BLOCK_HEADER_OFFSET
};

enum tc_block_flag {
    TC_BLOCK_RANGES_INCOMPLETE = 1, /* there are more sessions than its ranges name */
    TC_BLOCK_STATES_OLD = 2,        /* states of some lines or channels are older than its end */
};

/* Whose column it is; first byte of a directory entry. */
enum tc_scope {
    TC_SCOPE_BLOCK = 0,    /* of frames and packets; the ids below */
    TC_SCOPE_MESSAGES = 1, /* of the messages of one group of channels */
};

/* Id, code, name, bytes of a value, meaning, what it is. Permanent. */
#define TC_BLOCK_COLUMN_TABLE(X)                                                                 \
    X(1, TC_COL_RX_TIME, "rx_ns", 8, TC_MEAN_RX_TIME, "receive time; each frame")                \
    X(2, TC_COL_PROC_TIME, "proc_ns", 8, TC_MEAN_PROC_TIME, "processing time; each frame")       \
    X(3, TC_COL_FLAGS, "flags", 2, TC_MEAN_FLAGS, "bits; each frame")                            \
    X(4, TC_COL_WIRE, "wire", 4, TC_MEAN_LENGTH, "wire length less captured length; each frame") \
    X(5, TC_COL_TEMPLATE, "template", 2, TC_MEAN_HEADER, "0: raw, else template; each frame")    \
    X(6, TC_COL_RAW_LINE, "raw_line", 2, TC_MEAN_HEADER, "line; each raw frame")                 \
    X(7, TC_COL_RAW_LENGTH, "raw_length", 4, TC_MEAN_LENGTH, "bytes; each raw frame")            \
    X(8, TC_COL_RAW_BYTES, "raw_bytes", 1, TC_MEAN_OPAQUE, "the raw frames themselves")          \
    X(9, TC_COL_COUNT, "count", 2, TC_MEAN_COUNT, "message count field; each packet")            \
    X(10, TC_COL_SEQUENCE, "sequence", 8, TC_MEAN_SEQUENCE, "above the expected; each packet")   \
    X(11, TC_COL_STREAM_OFFSET, "stream_offset", 8, TC_MEAN_STREAM_OFFSET,                       \
      "above the expected; each packet")                                                         \
    X(12, TC_COL_SEND_TIME, "send_time", 8, TC_MEAN_SEND_TIME, "send time field; each packet")   \
    X(13, TC_COL_IP_ID, "ip_id", 2, TC_MEAN_HEADER, "above the one before; each packet")         \
    X(14, TC_COL_CHECKSUMS, "checksums", 1, TC_MEAN_HEADER, "checksum mode; each packet")        \
    X(15, TC_COL_IP_CHECKSUM, "ip_checksum", 2, TC_MEAN_OPAQUE, "where the mode says stored")    \
    X(16, TC_COL_UDP_CHECKSUM, "udp_checksum", 2, TC_MEAN_OPAQUE, "where the mode says stored")  \
    X(17, TC_COL_TWIN, "twin", 4, TC_MEAN_HEADER,                                                \
      "0: own messages, else how many packets back the same messages stand; each packet")        \
    X(18, TC_COL_EXTRA, "extra", 4, TC_MEAN_LENGTH,                                              \
      "bytes between the last message and the end of the datagram; each packet")                 \
    X(19, TC_COL_PAD, "pad", 4, TC_MEAN_LENGTH, "bytes after the datagram; each packet")         \
    X(20, TC_COL_TAIL, "tail", 1, TC_MEAN_OPAQUE, "extra and pad bytes themselves")              \
    X(21, TC_COL_MESSAGE_FLAGS, "message_flags", 1, TC_MEAN_FLAGS,                               \
      "bits; each message of frames that have old ones")                                         \
    X(22, TC_COL_TEMPLATES, "templates", 1, TC_MEAN_OPAQUE, "the templates")                     \
    X(23, TC_COL_EVENTS, "events", 1, TC_MEAN_OPAQUE, "the events")                              \
    X(24, TC_COL_LEDGER, "ledger", 1, TC_MEAN_OPAQUE, "the stream's ledger at the block's end")  \
    X(25, TC_COL_LINES, "lines", 1, TC_MEAN_OPAQUE, "state of the lines that changed")           \
    X(26, TC_COL_CLOCK, "clock", 1, TC_MEAN_OPAQUE, "the clock in force at the block's end")     \
    X(27, TC_COL_RANGES, "ranges", 1, TC_MEAN_OPAQUE, "sequence ranges by line and session")     \
    X(28, TC_COL_CHANNELS, "channels", 1, TC_MEAN_OPAQUE,                                        \
      "merged figures of the channels that changed")                                             \
    X(29, TC_COL_NIC, "nic", 1, TC_MEAN_OPAQUE, "the port's own counters at the block's end")

enum tc_block_column {
#define TC_BLOCK_COLUMN_CODE(id, code, name, width, meaning, what) code = id,
    TC_BLOCK_COLUMN_TABLE(TC_BLOCK_COLUMN_CODE)
#undef TC_BLOCK_COLUMN_CODE
        TC_BLOCK_COLUMNS
};

/* Fields of the column names in TC_SCOPE_MESSAGES that are no field of a feed's table. */
enum {
    TC_FIELD_CLASS = TC_MEAN_CLASS, /* of class TC_CLASS_SHARED */
    TC_FIELD_OTHER_LENGTH = 0,      /* of class TC_CLASS_OTHER */
    TC_FIELD_OTHER_BYTES = 1,
};

#endif
