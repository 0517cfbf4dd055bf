"""What is behind the blocks of a finished segment (*Index*, *Tail*)."""
import struct
from typing import NamedTuple

from tickblocks import RANGE
from tickbytes import INDEX_MAGIC, TAIL_MAGIC, Cursor, expect, expect_digest, read_boxes, up_to
from tickhead import read_rows
from ticklatencies import read_latencies
from tickmessages import strings
from tickstates import (
    read_channel_states, read_clock, read_counters, read_ledger, read_line_states)

INDEX = struct.Struct("<8s16sQQQQQ")
RECORD = struct.Struct("<QIIIIQQQIHHII")
TAIL = struct.Struct("<QQQQIIQQ8s")
LOG = struct.Struct("<IHH8s")
BOXES = [13, 14, 11, 12, 10, 15, 16, 17]


class Tail(NamedTuple):
    """The tail of a segment (*Tail*)."""
    index_offset: int
    index_bytes: int
    file_bytes: int
    segment_digest: int
    blocks: int
    flags: int
    reserved: int
    tail_checksum: int
    magic: bytes


def read_tail(data):
    """The last 64 bytes of a finished segment."""
    offset = len(data) - TAIL.size
    expect(offset > 0, 0, "a tail of 64 bytes")
    tail = Tail(*TAIL.unpack_from(data, offset))
    expect(tail.magic == TAIL_MAGIC, offset + 56, "the magic of a tail at the end of the file")
    expect_digest(data[offset:offset + 48], tail.tail_checksum, offset + 48, "tail_checksum")
    expect(tail.file_bytes == len(data), offset + 16,
           f"a file of {tail.file_bytes} bytes, found {len(data)}")
    expect(not tail.reserved, offset + 40, "8 reserved bytes of zero")
    expect(tail.flags <= 1, offset + 36, "known flags of a tail")
    expect(tail.index_offset % 64 == 0 and tail.index_offset + tail.index_bytes == offset, offset,
           "an index between the blocks and the tail")
    return tail


class Record(NamedTuple):
    """A record of box 13 (*Index*)."""
    block: tuple
    ranges: list
    sets: list


class Index:
    """The index of a segment (*Index*)."""

    def __init__(self, data, tail, head, strict):
        start, end = tail.index_offset, tail.index_offset + tail.index_bytes
        expect(tail.index_bytes >= INDEX.size, start, "an index")
        (magic, segment_id, offset, index_bytes, reserved, body_checksum,
         self.head_checksum) = INDEX.unpack_from(data, start)
        expect(magic == INDEX_MAGIC, start, "the magic of an index")
        expect_digest(data[start:start + 56], self.head_checksum, start + 56,
                      "head_checksum of the index")
        expect(segment_id == head.segment_id, start + 8, "the id of the segment in the index")
        expect(offset == start, start + 24, f"offset {start}")
        expect(index_bytes == tail.index_bytes, start + 32, f"{tail.index_bytes} bytes of index")
        expect(not reserved, start + 40, "8 reserved bytes of zero")
        body = data[start + 64:end]
        expect_digest(body, body_checksum, start + 48, "body_checksum of the index")
        self.read_boxes(read_boxes(body, start + 64, False, strict), start, head, strict)

    def read_boxes(self, boxes, start, head, strict):
        """The boxes of an index, in their order."""
        known = [kind for kind in boxes if kind <= 17]
        expect(known == BOXES, start + 64, f"boxes {BOXES}, found {known}")
        self.records = read_rows(boxes[13], lambda box: read_record(box, head, strict))
        self.symbol_log = read_rows(boxes[14], lambda box: box.unpack(LOG))
        self.ledger = read_ledger(boxes[11])
        self.clock = read_clock(boxes[12])
        self.line_states = read_line_states(boxes[10], head.lines)
        self.channel_states = read_channel_states(boxes[15], head.channels)
        self.nic = read_counters(boxes[16])
        self.latencies = read_latencies(boxes[17], head.lines)
        for kind in known:
            boxes[kind].done(f"box {kind}")


def read_record(box, head, strict):
    """A record of a block: its numbers, its ranges, its symbol sets (*Index*)."""
    start = box.at
    *block, ranges, sets, zero, length, other_zero = box.unpack(RECORD)
    expect(not zero and not other_zero, box.offset, "reserved bytes of zero in a record")
    record = Record(tuple(block), [box.unpack(RANGE) for _ in range(ranges)],
                    [read_set(box, head) for _ in range(sets)])
    padding = box.take(up_to(box.at, 8) - box.at)
    expect(not strict or not any(padding), box.offset, "zeros behind a record")
    expect(box.at - start == length, box.offset, f"a record of {length} bytes")
    return record


def read_set(box, head):
    """(group, form, values) of a symbol set (*Index*)."""
    group, form, length = box.number(2), box.number(2), box.number(4)
    contents = Cursor(box.take(length), box.offset - length)
    feed = head.feed_of_group(group)
    expect(feed, contents.offset, f"the group of a symbol set, found {group}")
    if form == 1:
        expect(feed.flags & 2, contents.offset, "locates of a feed that has them")
        first = contents.number(2)
        contents.zero(2)
        expect(first % 8 == 0, contents.offset, "a first locate that is a multiple of 8")
        bits = enumerate(contents.take(contents.left))
        values = {first + 8 * place + bit for place, byte in bits for bit in range(8)
                  if byte >> bit & 1}
    else:
        expect(form == 2 and length % 8 == 0, contents.offset, "form 1 or 2 of a symbol set")
        values = set(strings(contents.take(length), 8))
    return group, form, values
