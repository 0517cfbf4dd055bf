/*
 * Offsets and ids of a segment on disk; docs/FORMAT.md says what they mean.
 */
#ifndef TC_FILE_LAYOUT_H
#define TC_FILE_LAYOUT_H

#define TC_SEGMENT_MAGIC "\x89TICKSEG"
#define TC_INDEX_MAGIC   "\x89TICKIDX"
#define TC_END_MAGIC     "TICKEND\x89"

enum {
    TC_FORMAT_MAJOR = 0,
    TC_FORMAT_MINOR = 2,
    TC_HEAD_BYTES = 128,
    TC_INDEX_HEAD_BYTES = 64,
    TC_TAIL_BYTES = 64,
    TC_BOX_HEAD_BYTES = 16,
    TC_INDEX_RECORD_BYTES = 64,
    TC_INDEX_RANGE_BYTES = 40,
    TC_INDEX_SET_BYTES = 8,
    TC_SEGMENT_BLOCKS_MAX = 65536,
    TC_SEGMENT_HEAD_BYTES_MAX = 1 << 28,
};

/* Offset, width, name. */
#define TC_HEAD_TABLE(X)      \
    X(0, 8, magic)            \
    X(8, 2, major)            \
    X(10, 2, minor)           \
    X(12, 4, head_bytes)      \
    X(16, 16, run_id)         \
    X(32, 16, segment_id)     \
    X(48, 4, stream)          \
    X(52, 4, writer)          \
    X(56, 4, number)          \
    X(60, 4, writers)         \
    X(64, 8, start_ns)        \
    X(72, 8, previous_digest) \
    X(80, 8, reserved_1)      \
    X(88, 8, reserved_2)      \
    X(96, 8, reserved_3)      \
    X(104, 8, reserved_4)     \
    X(112, 8, body_checksum)  \
    X(120, 8, head_checksum)

#define TC_INDEX_TABLE(X)   \
    X(0, 8, magic)          \
    X(8, 16, segment_id)    \
    X(24, 8, offset)        \
    X(32, 8, index_bytes)   \
    X(40, 8, reserved)      \
    X(48, 8, body_checksum) \
    X(56, 8, head_checksum)

#define TC_TAIL_TABLE(X)     \
    X(0, 8, index_offset)    \
    X(8, 8, index_bytes)     \
    X(16, 8, file_bytes)     \
    X(24, 8, segment_digest) \
    X(32, 4, blocks)         \
    X(36, 4, flags)          \
    X(40, 8, reserved)       \
    X(48, 8, tail_checksum)  \
    X(56, 8, magic)

enum tc_head_offset {
#define TC_HEAD_OFFSET(offset, width, name) TC_HEAD_AT_##name = offset,
    TC_HEAD_TABLE(TC_HEAD_OFFSET)
#undef TC_HEAD_OFFSET
};

enum tc_index_offset {
#define TC_INDEX_OFFSET(offset, width, name) TC_INDEX_AT_##name = offset,
    TC_INDEX_TABLE(TC_INDEX_OFFSET)
#undef TC_INDEX_OFFSET
};

enum tc_tail_offset {
#define TC_TAIL_OFFSET(offset, width, name) TC_TAIL_AT_##name = offset,
    TC_TAIL_TABLE(TC_TAIL_OFFSET)
#undef TC_TAIL_OFFSET
};

enum tc_tail_flag {
    TC_TAIL_LAST = 1, /* the last segment of its stream and writer in this run */
};

/* What stands in the boxes of a head or an index. Id, code, name, what it is. Permanent. */
#define TC_BOX_TABLE(X)                                                               \
    X(1, TC_BOX_TOOL, "tool", "name and version of the program that wrote it")        \
    X(2, TC_BOX_HOST, "host", "name of the machine")                                  \
    X(3, TC_BOX_NAME, "name", "name of the capture")                                  \
    X(4, TC_BOX_PORTS, "ports", "where frames came from")                             \
    X(5, TC_BOX_STREAMS, "streams", "which queue of which port each stream is")       \
    X(6, TC_BOX_FEEDS, "feeds", "the feed tables that were used")                     \
    X(7, TC_BOX_CHANNELS, "channels", "the channels, with their time zones")          \
    X(8, TC_BOX_LINES, "lines", "the lines, with their addresses")                    \
    X(9, TC_BOX_SYMBOLS, "symbols", "names of locates known at the segment's start")  \
    X(10, TC_BOX_LINE_STATES, "line_states", "state of each line")                    \
    X(11, TC_BOX_LEDGER, "ledger", "the stream's ledger")                             \
    X(12, TC_BOX_CLOCK, "clock", "the clock in force")                                \
    X(13, TC_BOX_BLOCKS, "blocks", "one record a block")                              \
    X(14, TC_BOX_SYMBOL_LOG, "symbol_log", "names that became known, with the block") \
    X(15, TC_BOX_CHANNEL_STATES, "channel_states", "merged figures of each channel")  \
    X(16, TC_BOX_NIC, "nic", "the port's own counters")                               \
    X(17, TC_BOX_LATENCIES, "latencies", "histograms of each line's latencies")

enum tc_box_kind {
#define TC_BOX_CODE(id, code, name, what) code = id,
    TC_BOX_TABLE(TC_BOX_CODE)
#undef TC_BOX_CODE
        TC_BOX_KINDS
};

#endif
