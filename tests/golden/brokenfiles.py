"""Files whose heads, blocks, columns, indexes or tails docs/FORMAT.md forbids, and segments that do
not belong together."""
import struct

from brokencases import broken, broken_folder
from tickfile import INDEX_HEADER, TAIL, File, digest, raw


@broken("empty", "truncated", "the file is empty", sealed=False)
def _(file):
    return b""


@broken("no_segment", "foreign", "not a tickcap segment", sealed=False)
def _(file):
    return struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1) + bytes(200)


@broken("short_head", "truncated", "the head is cut off at byte 100", sealed=False)
def _(file):
    return bytes(file.data[:100])


@broken("short_boxes", "truncated", "ends at byte 500 inside its head", sealed=False)
def _(file):
    return bytes(file.data[:500])


@broken("other_version", "version", "format version 0.77, this program reads")
def _(file):
    file.put(10, "H", 77)


@broken("head_flipped", "damaged", "the checksum of the head does not match", sealed=False)
def _(file):
    file.data[70] ^= 1


@broken("boxes_flipped", "damaged", "the checksum of the head's boxes does not match",
        sealed=False)
def _(file):
    file.data[400] ^= 4


@broken("head_reserved", "version", "reserved bytes of the head are not zero")
def _(file):
    file.data[95] = 1


@broken("number_zero", "damaged", "expected a number from 1")
def _(file):
    file.put(56, "I", 0)


@broken("no_writers", "damaged", "a writer below their number")
def _(file):
    file.put(60, "I", 0)


@broken("first_continues", "damaged", "the first segment claims to continue another")
def _(file):
    file.put(72, "Q", 5)


@broken("box_twice", "damaged", "box 6 of the head stands twice")
def _(file):
    at, start, length = file.box(6)
    file.add_box(7, bytes(file.data[at:start + -(-length // 8) * 8]))


@broken("box_too_long", "damaged", "a box of the head is cut short")
def _(file):
    file.put(file.box(9)[0] + 8, "Q", 1 << 40)


@broken("no_feeds", "damaged", "of no feed")
def _(file):
    file.put(file.box(6)[0], "I", 200)


@broken("no_own_stream", "damaged", "does not name its own stream 0")
def _(file):
    file.put(file.box(5)[1], "I", 3)


@broken("stream_without_port", "damaged", "stream 0 is cut short or of no port")
def _(file):
    file.put(file.box(5)[1] + 4, "H", 9)


@broken("text_with_line_end", "damaged", "a text of the head is cut short")
def _(file):
    file.data[file.box(2)[1] + 1] = 10


@broken("text_not_utf8", "damaged", "a text of the head is cut short")
def _(file):
    file.data[file.box(2)[1] + 1] = 0xFF


def table(file, old, new):
    """Changes bytes of the feed tables."""
    _, start, length = file.box(6)
    at = file.data.index(old, start, start + length)
    file.data[at:at + len(old)] = new


@broken("field_hole", "damaged", "expected byte 0 and at least one byte")
def _(file):
    table(file, b"\x07version\x00\x00", b"\x07version\x02\x00")


@broken("field_format", "damaged", "has format 77")
def _(file):
    table(file, b"\x07version\x00\x00\x01\x01", b"\x07version\x00\x00\x01\x4d")


@broken("type_code_twice", "damaged", "does not begin with its type code, or has it twice")
def _(file):
    table(file, b"\x06symbol\x0a\x00\x08\x03\x00\x04", b"\x06symbol\x0a\x00\x08\x03\x00\x02")


@broken("line_without_channel", "damaged", "line 0 is cut short, of no channel or of no port")
def _(file):
    file.put(file.box(8)[1] + 4, "H", 5)


@broken("line_without_port", "damaged", "line 0 is cut short, of no channel or of no port")
def _(file):
    file.data[file.box(8)[1] + 18] = 4


@broken("zone_backwards", "damaged", "channel 0 is cut short or of no feed")
def _(file):
    _, start, _ = file.box(7)
    file.put(start + 2 + 9 + 4 + 12 + 2 + 12, "q", 5)


@broken("zone_far", "damaged", "channel 0 is cut short or of no feed")
def _(file):
    _, start, _ = file.box(7)
    file.put(start + 2 + 9 + 4 + 12 + 2 + 8, "i", 100000)


@broken("text_box_too_long", "damaged", "follow the last text in its box")
def _(file):
    _, start, length = file.box(2)
    file.set_box(2, bytes(file.data[start:start + length]) + b"more")


@broken("padding_of_the_head", "damaged", "the bytes that fill the head up are not zero")
def _(file):
    file.data[file.head_bytes - 1] = 1


@broken("block_flipped", "damaged", "the checksum of the block's body does not match",
        sealed=False)
def _(file):
    file.data[file.block(1) + 300] ^= 8


@broken("block_header_flipped", "damaged", "the checksum of the block header does not match",
        sealed=False)
def _(file):
    file.data[file.block(0) + 50] ^= 1


@broken("block_reserved", "version", "reserved bytes of the block header are not zero")
def _(file):
    file.data[file.block(0) + 115] = 1


@broken("block_chained", "version", "the block needs 1 blocks before it")
def _(file):
    file.put(file.block(1) + 104, "I", 1)


@broken("block_too_large", "limit", "which no block can hold")
def _(file):
    file.put(file.block(0) + 52, "I", 1 << 21)


@broken("block_elsewhere", "damaged", "a block of another segment or place", sealed=False)
def _(file):
    block = file.block(1)
    file.put(block + 24, "Q", 64)
    file.put(block + 120, "Q", digest(file.data[block:block + 120]))


@broken("block_of_another_segment", "damaged", "a block of another segment or place")
def _(file):
    file.data[file.block(0) + 9] ^= 1


@broken("block_of_another_stream", "damaged", "the block is of another stream")
def _(file):
    file.put(file.block(0) + 48, "I", 7)


@broken("block_twice", "damaged", "the block is not in order")
def _(file):
    file.put(file.block(1) + 40, "Q", 0)


@broken("padding_of_a_block", "damaged", "the bytes that fill the block up are not zero",
        sealed=False)
def _(file):
    block = next(at for at in file.blocks() if file.number(at + 32, "I") % 64)
    file.data[block + file.number(block + 32, "I")] = 1


@broken("column_of_no_kind", "damaged", "is unknown or stands twice")
def _(file):
    entry, _, _ = file.columns(file.block(0))[0, 0, 0, 1]
    file.data[entry + 1] = 99


@broken("column_of_no_name", "damaged", "is unknown or stands twice")
def _(file):
    entry, _, _ = file.columns(file.block(0))[0, 0, 0, 1]
    file.data[entry + 5] = 99


@broken("column_of_frames_in_a_group", "damaged", "is unknown or stands twice")
def _(file):
    entry, _, _ = file.columns(file.block(0))[0, 0, 0, 1]
    file.data[entry + 2] = 1


@broken("column_too_wide", "damaged", "is unknown or stands twice")
def _(file):
    entry, _, _ = file.columns(file.block(0))[0, 0, 0, 1]
    file.data[entry + 6] = 4


@broken("column_twice", "damaged", "is unknown or stands twice")
def _(file):
    entry, _, _ = file.columns(file.block(0))[0, 0, 0, 1]
    file.add_entry(file.block(0), bytes(file.data[entry:entry + 12]) + bytes(4))


@broken("bytes_of_no_column", "damaged", "of the block belong to no column")
def _(file):
    block = file.block(0)
    entry, at, length = file.columns(block)[0, 0, 0, 3]
    file.put(entry + 12, "I", length - 1)


@broken("too_many_values", "damaged", "column 0 has")
def _(file):
    entry, _, _ = file.columns(file.block(0))[0, 0, 0, 1]
    file.put(entry + 8, "I", file.number(file.block(0) + 52, "I") + 1)


@broken("stream_of_no_stage", "damaged", "rx_ns: ")
def _(file):
    _, at, _ = file.columns(file.block(0))[0, 0, 0, 1]
    file.data[at] |= 3


@broken("class_of_no_type", "damaged", "has no message class 200")
def _(file):
    block = file.block(0)
    key = (1, 0, 0xFE, 24)
    count = file.number(file.columns(block)[key][0] + 8, "I")
    file.set_column(block, key, raw(b"\xc8" * count), count)


@broken("values_missing", "damaged", "values, expected")
def _(file):
    block = file.block(0)
    key = next(key for key in file.columns(block) if key[0] == 1 and key[2] < 0xFE)
    entry, _, _ = file.columns(block)[key]
    width, count = file.data[entry + 6], file.number(entry + 8, "I")
    file.set_column(block, key, raw(bytes(width * (count + 1))), count + 1)


@broken("template_of_no_line", "damaged", "template 0 is of line 9")
def _(file):
    _, at, _ = file.columns(file.block(0))[0, 0, 0, 22]
    file.put(at + 2, "H", 9)


@broken("template_reserved", "damaged", "template 0 is of line 0")
def _(file):
    _, at, _ = file.columns(file.block(0))[0, 0, 0, 22]
    file.data[at + 2 + 7] = 1


@broken("template_of_no_datagram", "damaged", "template 0 is no header of line")
def _(file):
    _, at, _ = file.columns(file.block(0))[0, 0, 0, 22]
    file.data[at + 2 + 8 + 14] = 0x65


@broken("twin_of_nobody", "damaged", "contradicts its columns")
def _(file):
    block = file.block(0)
    key = (0, 0, 0, 17)
    count = file.number(file.columns(block)[key][0] + 8, "I")
    file.set_column(block, key, raw(struct.pack("<I", 1000) * count), count)


@broken("packets_left_over", "damaged", "hold more than its")
def _(file):
    columns = file.columns(file.block(0))
    entry = next(columns[0, 0, 0, field][0] for field in (9, 11, 13, 14, 18, 19)
                 if (0, 0, 0, field) in columns and file.data[columns[0, 0, 0, field][0] + 1] == 2)
    file.put(entry + 8, "I", file.number(entry + 8, "I") + 1)


@broken("other_frames", "damaged", "the frames are not those that were recorded")
def _(file):
    block = file.block(0)
    file.put(block + 88, "Q", file.number(block + 88, "Q") ^ 1)


@broken("other_times", "damaged", "the frames' receive times are not within those of the header")
def _(file):
    block = file.block(0)
    file.put(block + 64, "Q", file.number(block + 64, "Q") - 1)


@broken("cut_in_a_block", "truncated", "inside the block of", sealed=False)
def _(file):
    return bytes(file.data[:file.block(1) + 400])


@broken("cut_in_a_block_header", "truncated", "inside a block header", sealed=False)
def _(file):
    return bytes(file.data[:file.block(1) + 100])


@broken("without_tail", "damaged", "cut off: no index and no tail", sealed=False)
def _(file):
    return bytes(file.data[:-64])


@broken("bytes_behind_the_tail", "damaged", "cut off: no index and no tail", sealed=False)
def _(file):
    return bytes(file.data) + bytes(64)


@broken("tail_flipped", "damaged", "cut off: no index and no tail", sealed=False)
def _(file):
    file.data[len(file.data) - 30] ^= 1


@broken("tail_of_another_length", "damaged", "cut off: no index and no tail", sealed=False)
def _(file):
    file.put(len(file.data) - TAIL + 16, "Q", len(file.data) + 64)
    file.seal_tail_head()


@broken("tail_reserved", "damaged", "cut off: no index and no tail")
def _(file):
    file.data[len(file.data) - TAIL + 47] = 1


@broken("index_flipped", "damaged", "cut off: no index and no tail", sealed=False)
def _(file):
    file.data[file.index + 90] ^= 1


@broken("index_of_other_blocks", "damaged", "the index says something else of the block",
        sealed=False)
def _(file):
    file.put(file.index + INDEX_HEADER + 16, "Q", 64)
    file.seal_index_head()
    file.seal_tail()


@broken("index_of_other_states", "damaged", "the index says another state than the blocks")
def _(file):
    file.data[file.index_box(12)[1] + 4] ^= 1  # the clock


@broken("other_number_of_blocks", "damaged", "the index has not as many blocks", sealed=False)
def _(file):
    tail = len(file.data) - TAIL
    file.put(tail + 32, "I", 3)
    file.seal_tail_head()


@broken("other_digest", "damaged", "the segment's digest is not that of its blocks", sealed=False)
def _(file):
    file.put(len(file.data) - TAIL + 24, "Q", 5)
    file.seal_tail_head()


# Folders: what several segments say together.

def last_of(segments):
    return sorted(segments)[-1]


@broken_folder("segment_missing", "damaged", "segments before it are missing")
def _(segments):
    names = sorted(segments)
    return {name: segments[name] for name in names if name != names[1]}


@broken_folder("segment_of_another_chain", "damaged", "it does not continue the segment before")
def _(segments):
    file = File(segments[last_of(segments)])
    file.put(72, "Q", 1)
    file.seal_head()
    file.seal_tail()
    return dict(segments, **{last_of(segments): bytes(file.data)})


@broken_folder("segment_behind_the_last", "damaged", "the segment before said that it was the last")
def _(segments):
    names = sorted(segments)
    file = File(segments[names[-2]])
    file.put(len(file.data) - TAIL + 36, "I", 1)
    file.seal_tail_head()
    return dict(segments, **{names[-2]: bytes(file.data)})


@broken_folder("segment_twice", "damaged", "are the same segment")
def _(segments):
    name = last_of(segments)
    return dict(segments, **{"again_" + name: segments[name]})
