#!/usr/bin/python3
"""Reads .tick files by docs/FORMAT.md alone, and checks all that can be checked.

It shares no code and no author with the library, so that the two can be compared frame by frame
and message by message. Names in italics in the docstrings are sections of that page.

    read_tick.py PATH... --json         what is in the files, if everything in them agrees
    read_tick.py PATH... --frames       one line a frame
    read_tick.py PATH... --pcap OUT     all frames as a pcap file with nanoseconds

As a module: Capture(paths).items() yields frames and events in order, Segment(path).blocks() the
blocks of one file. What does not agree raises Fault.
"""
import argparse
import contextlib
import heapq
import itertools
import json
import mmap
import pathlib
import struct
import sys
from typing import NamedTuple

import xxhash
import zstandard

HEAD_MAGIC = b"\x89TICKSEG"
BLOCK_MAGIC = b"\x89TICKBLK"
INDEX_MAGIC = b"\x89TICKIDX"
TAIL_MAGIC = b"TICKEND\x89"

U64 = (1 << 64) - 1
NO_LINE = 0xFFFF
ANY = 0xFFFF
NO_CLASS = 0xFF
SHARED = 0xFE

# Meanings, by the table of that name.
TYPE, LOCATE, SYMBOL = 2, 3, 4
SESSION, SEQUENCE, COUNT, PAYLOAD_BYTES, STREAM_OFFSET, SEND_TIME = 15, 16, 17, 18, 19, 20
CLASS = 24
LAST_MEANING, LAST_FORMAT = 27, 9
SIGNED_FORMATS, STRING_FORMATS = (2, 5), (0, 3)

# Flags of frames.
MALFORMED, SOME_FLAGGED, ALL_FRAME_FLAGS = 0x0001, 0x0004, 0x01FF

# Flags of frames and messages, and the counters that they add to (*Counters*).
LATE, DUPLICATE, GAP, HEARTBEAT, STALE = 1, 2, 0x0002, 0x0008, 0x0040
RECORDED, LEDGER_MESSAGES, UNMATCHED, LEDGER_MALFORMED, LEDGER_WIRE = 1, 8, 11, 12, 13
NOT_RECORDED = 10


class Fault(Exception):
    """Something in a file is not as the page says: where, and what was expected."""

    def __init__(self, offset, expected, path=None):
        super().__init__(offset, expected)
        self.path, self.offset, self.expected = path, offset, expected

    def __str__(self):
        return f"{self.path}: at {self.offset} expected {self.expected}"


def expect(agrees, offset, expected):
    """Raises a fault unless something agrees."""
    if not agrees:
        raise Fault(offset, expected)


def digest(data):
    """XXH3-64 with seed 0 (*Conventions*)."""
    return xxhash.xxh3_64_intdigest(data)


def expect_digest(data, wanted, offset, what):
    """Compares a checksum with the bytes that it is over."""
    got = digest(data)
    expect(got == wanted, offset, f"{what} 0x{got:016x}, found 0x{wanted:016x}")


def up_to(number, unit):
    """The next multiple of a unit."""
    return -(-number // unit) * unit


# ---- Conventions -------------------------------------------------------------------------------


class Cursor:
    """Bytes that are used up from the front; all of them must be there, and be used."""

    def __init__(self, data, base, packed=False):
        """`base` is where the bytes begin in the file; `packed` ones came out of a column."""
        self.data, self.base, self.packed, self.at = data, base, packed, 0

    @property
    def offset(self):
        return self.base if self.packed else self.base + self.at

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        expect(count <= self.left, self.offset, f"{count} bytes more, found {self.left}")
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def unpack(self, layout):
        return layout.unpack(self.take(layout.size))

    def number(self, width):
        return int.from_bytes(self.take(width), "little")

    def zero(self, width):
        expect(not any(self.take(width)), self.offset - (0 if self.packed else width),
               f"{width} reserved bytes of zero")

    def text(self):
        """A length and UTF-8 without control characters."""
        offset, raw = self.offset, self.take(self.number(1))
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault(offset, "a text in UTF-8") from None
        expect(not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text), offset,
               "a text without control characters")
        return text

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                expect(value <= U64, self.offset, "a varint of 64 bits")
                return value
        raise Fault(self.offset, "a varint of at most ten bytes")

    def done(self, what):
        expect(self.left == 0, self.offset, f"the end of {what}, found {self.left} bytes more")


def read_boxes(data, base, in_head, strict):
    """{kind: cursor} of the boxes of a head or an index (*Boxes*)."""
    cursor, boxes = Cursor(data, base), {}
    while cursor.left >= 16 if in_head else cursor.left:
        offset, kind = cursor.offset, cursor.number(4)
        if in_head and kind == 0:
            cursor.at -= 4
            break
        cursor.zero(4)
        length = cursor.number(8)
        expect(kind and kind not in boxes, offset, f"a box of a new kind, found {kind}")
        start = cursor.offset
        boxes[kind] = Cursor(cursor.take(length), start)
        padding = cursor.take(up_to(length, 8) - length)
        expect(not strict or not any(padding), start + length, "zeros behind a box")
    expect(not strict or not any(cursor.data[cursor.at:]), cursor.offset, "zeros behind the boxes")
    return boxes


# ---- Feed tables -------------------------------------------------------------------------------


class Field(NamedTuple):
    """A row of fields (*Feed tables*)."""
    name: str
    offset: int
    width: int
    format: int
    scale: int
    meaning: int

    @property
    def is_string(self):
        return self.format in STRING_FORMATS

    @property
    def stored(self):
        """Bytes of a value in a column (*Scope 1*)."""
        return self.width if self.is_string else next(w for w in (1, 2, 4, 8) if w >= self.width)


class Type(NamedTuple):
    """A row of message types; its place in the table is its class."""
    name: str
    code: int
    flags: int
    bytes: int
    fields: tuple


class Framing(NamedTuple):
    """How datagrams hold messages."""
    id: int
    flags: int
    header_bytes: int
    version: int
    name: str
    source: str
    fields: tuple

    @property
    def order(self):
        return "big" if self.flags & 1 else "little"

    def field(self, meaning):
        """The header's field of a meaning, or None."""
        return next((field for field in self.fields if field.meaning == meaning), None)

    def messages_of(self, count):
        """How many messages a count field tells of (*Feed tables*, framing flag 16)."""
        return 0 if count == 0xFFFF and self.flags & 16 else count


class Feed:
    """A feed table of the head."""

    def __init__(self, cursor):
        self.id, self.flags = cursor.number(2), cursor.number(1)
        self.name, self.source = cursor.text(), cursor.text()
        expect(self.flags <= 3, cursor.offset, "known feed flags")
        self.framing = read_framing(cursor)
        self.types = tuple(read_type(cursor) for _ in range(cursor.number(1)))
        self.rows, self.code_offsets = {}, set()
        for number, row in enumerate(self.types):
            code = [field for field in row.fields if field.meaning == TYPE]
            expect(len(code) == 1 and code[0].width == 1, cursor.offset,
                   f"one field of 1 byte in {row.name} that means its type")
            key = (code[0].offset, row.code, row.bytes)
            expect(key not in self.rows, cursor.offset, f"one row for messages like {row.name}")
            self.rows[key] = number
            self.code_offsets.add(code[0].offset)

    @property
    def order(self):
        return "big" if self.flags & 1 else "little"

    def class_of(self, message):
        """The class of a message: the row with its code and its length."""
        for offset in self.code_offsets:
            if offset < len(message):
                number = self.rows.get((offset, message[offset], len(message)))
                if number is not None:
                    return number
        return NO_CLASS

    def values_of(self, message, meaning):
        """The values of a message's fields of a meaning."""
        number = self.class_of(message)
        for field in self.types[number].fields if number != NO_CLASS else ():
            if field.meaning == meaning:
                raw = message[field.offset:field.offset + field.width]
                yield raw if field.is_string else int.from_bytes(raw, self.order)


def read_fields(cursor, length, what):
    """Fields, which follow each other without holes (*Feed tables*)."""
    fields, end = [], 0
    for _ in range(cursor.number(1)):
        offset = cursor.offset
        field = Field(cursor.text(), cursor.number(2), *(cursor.number(1) for _ in range(4)))
        expect(field.offset == end and field.width, offset, f"{field.name} at byte {end} of {what}")
        expect(field.format <= LAST_FORMAT and field.meaning <= LAST_MEANING, offset,
               f"a known format and meaning of {field.name}")
        expect(field.is_string or field.width <= 8, offset, f"at most 8 bytes of {field.name}")
        end += field.width
        fields.append(field)
    expect(end == length, cursor.offset, f"fields of {length} bytes in {what}, found {end}")
    return tuple(fields)


def read_framing(cursor):
    """The framing of a feed table."""
    start = cursor.offset
    number, flags = cursor.number(2), cursor.number(1)
    header_bytes, version = cursor.number(1), cursor.number(1)
    name, source = cursor.text(), cursor.text()
    fields = read_fields(cursor, header_bytes, name)
    expect(flags <= 31, start, "known framing flags")
    framing = Framing(number, flags, header_bytes, version, name, source, fields)
    for meaning in (SESSION, SEQUENCE, COUNT):
        expect(framing.field(meaning), start, f"a field of meaning {meaning} in {name}")
    expect(framing.field(SESSION).width <= 16, start, f"at most 16 bytes of session in {name}")
    return framing


def read_type(cursor):
    """A message type of a feed table."""
    start = cursor.offset
    name, code, flags, length = (cursor.text(), cursor.number(1), cursor.number(1),
                                 cursor.number(2))
    expect(flags <= 1, start, f"known flags of {name}")
    return Type(name, code, flags, length, read_fields(cursor, length, name))


# ---- Head --------------------------------------------------------------------------------------

HEAD = struct.Struct("<8sHHI16s16sIIIIQQ32sQQ")
SPAN = struct.Struct("<qi")
NAME = struct.Struct("<H8s")
CLOCK = struct.Struct("<BBBBIQQQQQ")
SESSION_ROW = struct.Struct("<16sQQII")


class Port(NamedTuple):
    """A row of box 4."""
    name: str
    device: str
    driver: str
    snaplen: int


class Zone(NamedTuple):
    """A zone: its name, and (from, offset) pairs in seconds."""
    name: str
    spans: tuple


class Channel(NamedTuple):
    """A row of box 7."""
    name: str
    feed: Feed
    group: int
    zone: Zone


class Line(NamedTuple):
    """A row of box 8."""
    number: int
    name: str
    channel: Channel
    channel_number: int
    source: int
    group: int
    udp_port: int
    vlan: int
    port: int


class Session(NamedTuple):
    """A session (*Tracker state*)."""
    id: bytes
    first: int
    expected: int
    ordinal: int
    over: int


class LineState(NamedTuple):
    """The state of a line (*Tracker state*)."""
    figures: tuple
    sessions: tuple


def read_session(cursor):
    """A session of 40 bytes."""
    session = Session(*cursor.unpack(SESSION_ROW))
    expect(session.over <= 1, cursor.offset, "0 or 1 as the end of a session")
    return session


def read_ledger(cursor):
    """A ledger: its numbers."""
    count = cursor.number(4)
    cursor.zero(4)
    return tuple(cursor.number(8) for _ in range(count))


def read_line_states(cursor, lines):
    """{line: state} of box 10 or of the column *lines*."""
    states = {}
    while cursor.left:
        offset, line = cursor.offset, cursor.number(8)
        expect(line < len(lines) and line not in states, offset, "the state of another line")
        figures, count = read_ledger(cursor), cursor.number(8)
        expect(count <= 2, cursor.offset, f"at most 2 open sessions, found {count}")
        states[line] = LineState(figures, tuple(read_session(cursor) for _ in range(count)))
    return states


def read_clock(cursor):
    """The 48 bytes of *Clock*, checked."""
    raw = cursor.take(CLOCK.size)
    source, unit, epoch, settled, *_, zero = CLOCK.unpack(raw)
    expect(source <= 2 and unit <= 2 and epoch <= 2 and settled <= 1 and not zero, cursor.base,
           "a clock with known source, unit and epoch")
    return raw


def read_zone(cursor):
    """A zone: spans in order of time."""
    name, count = cursor.text(), cursor.number(2)
    expect(count, cursor.offset, f"a span in zone {name}")
    spans = tuple(cursor.unpack(SPAN) for _ in range(count))
    expect(all(one[0] < other[0] for one, other in zip(spans, spans[1:])), cursor.offset,
           f"spans of zone {name} in order")
    return Zone(name, spans)


def read_symbols(cursor, channels):
    """{channel: {locate: name}} of box 9 (*Boxes*)."""
    names = {}
    while cursor.left:
        offset, channel, count = cursor.offset, cursor.number(4), cursor.number(4)
        expect(channel < channels and channel not in names, offset,
               f"another channel below {channels}, found {channel}")
        names[channel] = dict(NAME.iter_unpack(cursor.take(count * NAME.size)))
        expect(count and len(names[channel]) == count, offset, "each locate once")
    return names


class Head:
    """The head of a segment (*Head*, *Boxes*)."""

    def __init__(self, data, strict):
        expect(len(data) >= HEAD.size, len(data), f"a head of {HEAD.size} bytes")
        row = HEAD.unpack_from(data)
        (magic, self.major, self.minor, self.head_bytes, self.run_id, self.segment_id, self.stream,
         self.writer, self.number, self.writers, self.start_ns, self.previous_digest, reserved,
         self.body_checksum, self.head_checksum) = row
        expect(magic == HEAD_MAGIC, 0, "the magic of a segment")
        expect((self.major, self.minor) == (0, 1), 8,
               f"version 0.1, found {self.major}.{self.minor}")
        expect_digest(data[:120], self.head_checksum, 120, "head_checksum")
        expect(self.head_bytes >= 128 and self.head_bytes % 64 == 0, 12, "a head of whole 64 bytes")
        expect(self.head_bytes <= len(data), 12, f"a head of at most {len(data)} bytes")
        expect(not any(reserved), 80, "32 reserved bytes of zero")
        expect(self.writer < self.writers, 52, f"a writer below {self.writers}")
        expect(self.number, 56, "a number from 1")
        expect(self.number > 1 or not self.previous_digest, 72, "0 before the first segment")
        body = data[128:self.head_bytes]
        expect_digest(body, self.body_checksum, 112, "body_checksum of the head")
        self.read_boxes(read_boxes(body, 128, True, strict))

    def read_boxes(self, boxes):
        """All boxes of a head; those that say how to read the rest must be there."""
        for kind in (4, 5, 6, 7, 8):
            expect(kind in boxes, 128, f"a box of kind {kind} in the head")
        self.tool, self.host, self.name = (
            boxes[kind].text() if kind in boxes else "" for kind in (1, 2, 3))
        self.ports = read_rows(boxes[4], lambda box: Port(box.text(), box.text(), box.text(),
                                                          box.number(4)))
        self.streams = read_rows(boxes[5], lambda box: (box.number(4), box.number(2),
                                                        box.number(2)))
        self.feeds = read_rows(boxes[6], Feed)
        self.channels = [self.read_channel(boxes[7]) for _ in range(boxes[7].number(2))]
        count = boxes[8].number(2)
        self.lines = [self.read_line(boxes[8], number) for number in range(count)]
        numbers = [line.channel_number for line in self.lines]
        expect(len(list(itertools.groupby(numbers))) == len(set(numbers)), boxes[8].base,
               "the lines of a channel behind each other")
        self.check_streams(boxes[5].base)
        self.symbols_box = boxes.get(9)
        self.line_states = read_line_states(boxes[10], self.lines) if 10 in boxes else {}
        self.ledger = read_ledger(boxes[11]) if 11 in boxes else ()
        self.clock = read_clock(boxes[12]) if 12 in boxes else None
        for kind, box in boxes.items():
            if kind in (1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12):
                box.done(f"box {kind}")
            expect(kind not in (13, 14), box.base, f"no box of kind {kind} in a head")

    def symbols(self):
        """{channel: {locate: name}} known at the segment's start; there may be many."""
        box = self.symbols_box
        return read_symbols(Cursor(box.data, box.base), len(self.channels)) if box else {}

    def read_channel(self, box):
        """A row of box 7; channels of one group have one feed, else they could not share rows."""
        offset, name, feed, group = box.offset, box.text(), box.number(2), box.number(2)
        expect(feed < len(self.feeds), offset, f"a feed below {len(self.feeds)}, found {feed}")
        return Channel(name, self.feeds[feed], group, read_zone(box))

    def read_line(self, box, number):
        """A row of box 8."""
        offset, name, channel = box.offset, box.text(), box.number(2)
        expect(channel < len(self.channels), offset, f"a channel below {len(self.channels)}")
        line = Line(number, name, self.channels[channel], channel, box.number(4), box.number(4),
                    box.number(2), box.number(2), box.number(1))
        expect(line.port == 0xFF or line.port < len(self.ports), offset, f"a port of line {name}")
        return line

    def check_streams(self, offset):
        """Streams name ports of box 4, and this segment's stream is among them."""
        for number, port, _ in self.streams:
            expect(port < len(self.ports), offset, f"a port of stream {number}")
        self.port = {number: port for number, port, _ in self.streams}.get(self.stream)
        expect(self.port is not None, offset, f"a row for stream {self.stream}")

    def feed_of_group(self, group):
        """The feed whose messages share the columns of a group."""
        feeds = {channel.feed.id: channel.feed for channel in self.channels
                 if channel.group == group}
        return feeds.popitem()[1] if len(feeds) == 1 else None


def read_rows(cursor, read):
    """Rows without a count: as many as the box holds."""
    rows = []
    while cursor.left:
        rows.append(read(cursor))
    return rows


# ---- Columns -----------------------------------------------------------------------------------


class Column(NamedTuple):
    """An entry of a block's directory, and its stored bytes (*Blocks*)."""
    kind: int
    width: int
    values: int
    stored: bytes
    offset: int


UNPACKED = {1: "B", 2: "H", 4: "I", 8: "Q"}
ZSTD = zstandard.ZstdDecompressor()


def unzstd(stored, length, offset):
    """The contents of one whole zstd frame, and nothing behind it (*Columns*)."""
    frame = ZSTD.decompressobj()
    try:
        data = frame.decompress(stored)
    except zstandard.ZstdError:
        raise Fault(offset, "a zstd frame") from None
    expect(frame.eof and not frame.unused_data, offset, "one whole zstd frame")
    expect(len(data) == length, offset, f"{length} bytes in a zstd frame, found {len(data)}")
    return data


def read_stream(cursor, length):
    """One stream of a column: so many bytes, by its stage (*Columns*)."""
    offset, head = cursor.offset, cursor.varint()
    stored, stage = cursor.take(head >> 2), head & 3
    if stage == 0:
        expect(len(stored) == length, offset, f"{length} raw bytes, found {len(stored)}")
        return stored
    if stage == 1:
        expect(len(stored) == 1, offset, "one byte that is repeated")
        return stored * length
    expect(stage == 2, offset, f"a stage from 0 to 2, found {stage}")
    return unzstd(stored, length, offset)


def read_varints(data, count, offset):
    """So many varints that use up the bytes."""
    if len(data) == count and data.isascii():
        return list(data)
    cursor = Cursor(data, offset, packed=True)
    values = [cursor.varint() for _ in range(count)]
    cursor.done("varints")
    return values


def undelta(first, zigzags, width):
    """Values from the first one and the differences, modulo 2^(8w) (*Columns*)."""
    mask = (1 << 8 * width) - 1
    steps = ((number >> 1) ^ -(number & 1) for number in zigzags)
    values = [value & mask for value in itertools.accumulate(steps, initial=first)]
    return struct.pack(f"<{len(values)}{UNPACKED[width]}", *values)


def join_planes(planes, count, width):
    """Numbers from their bytes: all lowest ones, all second ones, and so on."""
    joined = bytearray(count * width)
    for place, plane in enumerate(planes):
        joined[place::width] = plane
    return bytes(joined)


def decode_dictionary(cursor, count, width):
    """Kind 4: distinct values, and for each value its place among them."""
    size = cursor.varint()
    expect(1 <= size <= 256, cursor.offset, f"1 to 256 entries, found {size}")
    table = read_stream(cursor, size * width)
    places = read_stream(cursor, count)
    rows = [table[start:start + width] for start in range(0, len(table), width)]
    expect(len(set(rows)) == size, cursor.offset, f"{size} distinct values")
    expect(max(places) < size, cursor.offset, f"places below {size}")
    return b"".join(map(rows.__getitem__, places))


def decode_delta(cursor, count, width):
    """Kind 3: the first value and varints."""
    first = read_stream(cursor, width)
    varints = read_stream(cursor, cursor.varint())
    zigzags = read_varints(varints, count - 1, cursor.base)
    expect(max(zigzags, default=0) < 1 << 8 * width, cursor.base, f"zigzags of {width} bytes")
    return undelta(int.from_bytes(first, "little"), zigzags, width)


def decode_deltaplanes(cursor, count, width):
    """Kind 6: the first value and the planes of the zigzags."""
    first = int.from_bytes(read_stream(cursor, width), "little")
    planes = cursor.varint()
    expect(planes <= width, cursor.offset, f"at most {width} planes, found {planes}")
    joined = join_planes([read_stream(cursor, count - 1) for _ in range(planes)], count - 1, width)
    return undelta(first, struct.unpack(f"<{count - 1}{UNPACKED[width]}", joined), width)


def decode(column):
    """The bytes of a column's values, one after the other (*Columns*)."""
    cursor, count, width = Cursor(column.stored, column.offset), column.values, column.width
    if column.kind in (3, 5, 6):
        expect(width in UNPACKED and (column.kind, width) != (5, 1), column.offset,
               f"values of 1, 2, 4 or 8 bytes in kind {column.kind}, found {width}")
    if column.kind == 1:
        data = read_stream(cursor, count * width)
    elif column.kind == 2:
        data = read_stream(cursor, width) * count
    elif column.kind == 3:
        data = decode_delta(cursor, count, width)
    elif column.kind == 4:
        data = decode_dictionary(cursor, count, width)
    elif column.kind == 5:
        data = join_planes([read_stream(cursor, count) for _ in range(width)], count, width)
    elif column.kind == 6:
        data = decode_deltaplanes(cursor, count, width)
    else:
        raise Fault(column.offset, f"a column of kind 1 to 6, found {column.kind}")
    cursor.done("a column")
    return data


class Columns:
    """The columns of a block; each must be taken once, in the size that it has."""

    def __init__(self, block, offset, count):
        """`block` is a whole block at a place in the file, with so many columns."""
        self.offset, self.rows = offset, {}
        start, end = 128, len(block) - 16 * count
        expect(end >= start, offset + 36, f"a directory of {count} columns")
        for place in range(end, len(block), 16):
            scope, kind, group, number, field, width, zero, values, stored = struct.unpack_from(
                "<BBHBBBBII", block, place)
            where = offset + place
            expect(not zero, where + 7, "a reserved byte of zero")
            expect(scope <= 1 and (scope or not (group or number)), where, "scope 0 or 1")
            expect(values and width, where + 6, "at least 1 value of at least 1 byte")
            expect(stored <= end - start, where + 12, f"at most {end - start} stored bytes")
            key = (scope, group, number, field)
            expect(key not in self.rows, where, f"only one column {key}")
            self.rows[key] = Column(kind, width, values, block[start:start + stored],
                                    offset + start)
            start += stored
        expect(start == end, offset + start, "columns up to their directory")

    def take(self, key, width, count):
        """The bytes of a column of so many values, or None if it is left out."""
        column = self.rows.pop(key, None)
        if column is None:
            return None
        what = f"{count} values of {width} bytes in column {key}"
        expect(column.width == width and count in (column.values, None), column.offset,
               f"{what}, found {column.values} of {column.width}")
        return decode(column)

    def numbers(self, key, width, count):
        """The numbers of a column, or None if it is left out."""
        data = self.take(key, width, count)
        return None if data is None else struct.unpack(f"<{count}{UNPACKED[width]}", data)

    def frames(self, field, width, count):
        """Numbers of scope 0: all zero where they are left out."""
        return self.numbers((0, 0, 0, field), width, count) or (0,) * count

    def bytes(self, field, count):
        """Bytes of scope 0, so many: all zero where they are left out."""
        return self.take((0, 0, 0, field), 1, count) or bytes(count)

    def cursor(self, field):
        """A structure of scope 0, empty where it is left out."""
        column = self.rows.get((0, 0, 0, field))
        if column is None:
            return Cursor(b"", self.offset)
        return Cursor(self.take((0, 0, 0, field), 1, None), column.offset, packed=True)

    def done(self):
        """Every column has been taken."""
        for key, column in self.rows.items():
            raise Fault(column.offset, f"only columns of its frames and messages, found {key}")


# ---- Messages ----------------------------------------------------------------------------------


def shared_parts(feed, meaning, values, classes):
    """{class: values} of a shared column: those of each class, in order (*Scope 1*)."""
    holders = {number: [] for number, row in enumerate(feed.types)
               if any(field.meaning == meaning for field in row.fields)}
    appends = {number: part.append for number, part in holders.items()}
    owners = [appends[number] for number in classes if number in appends]
    for append, value in zip(owners, values):
        append(value)
    return holders


def strings(data, width):
    """Byte strings of one length."""
    return [data[start:start + width] for start in range(0, len(data), width)]


class MessageGroup:
    """The messages of one group of a block, put together from their columns (*Scope 1*)."""

    def __init__(self, columns, group, feed):
        self.columns, self.group, self.feed = columns, group, feed
        self.used = {LOCATE: set(), SYMBOL: set()}
        count = columns.rows[1, group, SHARED, CLASS].values
        self.classes = columns.take((1, group, SHARED, CLASS), 1, count)
        self.counts = {number: self.classes.count(number) for number in set(self.classes)}
        for number in self.counts:
            expect(number < len(feed.types) or number == NO_CLASS, columns.offset,
                   f"a class of {feed.name}, found {number}")
        self.shared = self.read_shared()
        parts = {number: iter(self.pieces_of(number)) for number in self.counts}
        self.pieces = [next(parts[number]) for number in self.classes]

    def read_shared(self):
        """{meaning: {class: values}} of the shared columns of this group."""
        shared = {}
        meanings = [key[3] for key in self.columns.rows if key[:3] == (1, self.group, SHARED)]
        for meaning in meanings:
            rows = [(number, field) for number, row in enumerate(self.feed.types)
                    for field in row.fields if field.meaning == meaning]
            expect(rows and len({(field.stored, field.is_string) for _, field in rows}) == 1
                   and len({number for number, _ in rows}) == len(rows), self.columns.offset,
                   f"fields of one size, and one a type, that mean {meaning}")
            count = sum(self.counts.get(number, 0) for number, _ in rows)
            values = self.values((1, self.group, SHARED, meaning), rows[0][1], count)
            shared[meaning] = shared_parts(self.feed, meaning, values, self.classes)
        return shared

    def values(self, key, field, count):
        """The values of a column: numbers or byte strings."""
        data = self.columns.take(key, field.stored, count)
        expect(data is not None, self.columns.offset, f"a column {key} for {field.name}")
        if field.is_string:
            values = strings(data, field.width)
        else:
            values = struct.unpack(f"<{count}{UNPACKED[field.stored]}", data)
        if field.meaning in self.used:
            self.used[field.meaning].update(values)
        return values

    def packed(self, number, place, field):
        """A field of all messages of a class: struct code, and values for it."""
        row, count = self.feed.types[number], self.counts[number]
        if field.meaning == TYPE:
            return "B", itertools.repeat(row.code, count)
        if field.meaning in self.shared:
            values = self.shared[field.meaning][number]
        else:
            values = self.values((1, self.group, number, place), field, count)
        if field.is_string:
            return f"{field.width}s", values
        if field.stored == field.width:
            return UNPACKED[field.width], values
        return f"{field.width}s", [self.narrow(value, field) for value in values]

    def narrow(self, value, field):
        """The bytes of a number of 3, 5, 6 or 7 bytes."""
        if field.format in SIGNED_FORMATS and value >> (8 * field.stored - 1):
            value = value - (1 << 8 * field.stored) + (1 << 8 * field.width)
        expect(0 <= value < 1 << 8 * field.width, self.columns.offset,
               f"{field.name} in {field.width} bytes, found {value}")
        return value.to_bytes(field.width, self.feed.order)

    def pieces_of(self, number):
        """The messages of a class, each with its length before it."""
        if number == NO_CLASS:
            return self.unknown_pieces()
        row = self.feed.types[number]
        parts = [self.packed(number, place, field) for place, field in enumerate(row.fields)]
        sign = ">" if self.feed.order == "big" else "<"
        layout = struct.Struct(sign + "2s" + "".join(code for code, _ in parts))
        prefix = row.bytes.to_bytes(2, self.feed.framing.order)
        rows = zip(itertools.repeat(prefix, self.counts[number]), *(values for _, values in parts))
        return itertools.starmap(layout.pack, rows)

    def unknown_pieces(self):
        """The messages of class 0xff: lengths and bytes, as no row explains them."""
        key, count = (1, self.group, NO_CLASS), self.counts[NO_CLASS]
        lengths = self.columns.numbers((*key, 0), 2, count)
        expect(lengths is not None, self.columns.offset, "lengths of messages of no class")
        data = b""
        if sum(lengths):
            data = self.columns.take((*key, 1), 1, sum(lengths))
            expect(data is not None, self.columns.offset, "bytes of messages of no class")
        end = 0
        for length in lengths:
            end += length
            message = data[end - length:end]
            expect(self.feed.class_of(message) == NO_CLASS, self.columns.offset,
                   f"messages that no row of {self.feed.name} explains")
            yield length.to_bytes(2, self.feed.framing.order) + message


# ---- Datagrams ---------------------------------------------------------------------------------


def fold(total):
    """A ones' complement sum of 16 bits from any sum of 16-bit words."""
    return total % 0xFFFF or (0xFFFF if total else 0)


def words_sum(data):
    """A number that folds to the sum of big endian 16-bit words."""
    return int.from_bytes(data, "big") << (8 if len(data) % 2 else 0)


class Place(NamedTuple):
    """Where the headers of a datagram begin, and which line's it can be."""
    ip: int
    udp: int
    framing: int
    tags: tuple


def find_headers(frame, offset):
    """The headers of an Ethernet frame with up to two VLAN tags, IPv4, UDP (*Packets*)."""
    ip, tags = 14, []
    while len(tags) < 2 and frame[ip - 2:ip] != b"\x08\x00":
        tags.append(int.from_bytes(frame[ip:ip + 2], "big") & 0xFFF)
        ip += 4
    expect(frame[ip - 2:ip] == b"\x08\x00" and len(frame) >= ip + 20, offset,
           "IPv4 behind at most two VLAN tags")
    udp = ip + 4 * (frame[ip] & 15)
    expect(frame[ip] >> 4 == 4 and udp >= ip + 20 and frame[ip + 9] == 17 and len(frame) >= udp + 8,
           offset, "an IPv4 header with UDP behind it")
    return Place(ip, udp, udp + 8, tuple(tags))


def expect_line(frame, place, line, port, offset):
    """A datagram agrees with the row of its line (*Boxes*, 8)."""
    agrees = (frame[place.ip + 16:place.ip + 20] == line.group.to_bytes(4, "big")
              and frame[place.udp + 2:place.udp + 4] == line.udp_port.to_bytes(2, "big")
              and line.source in (0, int.from_bytes(frame[place.ip + 12:place.ip + 16], "big"))
              and (line.vlan == ANY or line.vlan in place.tags[-1:])
              and line.port in (0xFF, port))
    expect(agrees, offset, f"a datagram of line {line.name}")


def read_field(frame, start, field, order):
    """A number of a framing's header."""
    return int.from_bytes(frame[start + field.offset:start + field.offset + field.width], order)


def session_of(header, framing):
    """A session's id as on the wire, padded with zeros to 16 (*Tracker state*)."""
    field = framing.field(SESSION)
    return bytes(header[field.offset:field.offset + field.width]).ljust(16, b"\0")


class Datagram(NamedTuple):
    """A frame of a line, or of none: its bytes, and its messages with their lengths."""
    line: Line
    data: bytes
    first: int
    pieces: list
    sequence: int
    session: bytes
    in_columns: bool


def split(frame, line, port, offset):
    """The messages of a sound datagram that was stored as it is (*Flags*)."""
    framing, place = line.channel.feed.framing, find_headers(frame, offset)
    expect_line(frame, place, line, port, offset)
    udp_length = int.from_bytes(frame[place.udp + 4:place.udp + 6], "big")
    end, at = place.udp + udp_length, place.framing + framing.header_bytes
    expect(at <= end <= len(frame), offset, f"a whole datagram of line {line.name}")
    header = frame[place.framing:at]
    expect(not framing.flags & 8 or header[0] == framing.version, offset, "the framing's version")
    count = framing.messages_of(read_field(header, 0, framing.field(COUNT), framing.order))
    first, pieces = at, []
    for _ in range(count):
        length = 2 + int.from_bytes(frame[at:at + 2], framing.order)
        expect(at + 2 <= end and at + length <= end, offset, f"{count} messages in a datagram")
        pieces.append(frame[at:at + length])
        at += length
    field = framing.field(PAYLOAD_BYTES)
    expect(field is None or read_field(header, 0, field, framing.order) == at - first, offset,
           "the payload's length in a datagram")
    return Datagram(line, frame, first, pieces,
                    read_field(header, 0, framing.field(SEQUENCE), framing.order),
                    session_of(header, framing), False)


class Row(NamedTuple):
    """The columns of one packet (*Scope 0*)."""
    count: int
    sequence: int
    stream_offset: int
    send_time: int
    ip_id: int
    checksums: int
    twin: int
    extra: int
    pad: int


class Template:
    """A whole header, and what the packets before made of its numbers (*Packets*)."""

    def __init__(self, line, header, port, offset):
        self.line, self.header, self.offset = line, header, offset
        self.framing = line.channel.feed.framing
        self.place = find_headers(header, offset)
        expect(len(header) == self.place.framing + self.framing.header_bytes, offset,
               f"the whole header of a frame of line {line.name}")
        expect_line(header, self.place, line, port, offset)
        framed = header[self.place.framing:]
        self.session = session_of(framed, self.framing)
        self.ip_id = int.from_bytes(header[self.place.ip + 4:self.place.ip + 6], "big")
        self.sequence = read_field(framed, 0, self.framing.field(SEQUENCE), self.framing.order)
        self.has_stream = self.framing.field(STREAM_OFFSET) is not None
        self.stream = read_field(framed, 0, self.framing.field(STREAM_OFFSET),
                                 self.framing.order) if self.has_stream else 0
        self.fields = [(field.meaning, self.place.framing + field.offset, field.width)
                       for field in self.framing.fields
                       if field.meaning in (SEQUENCE, COUNT, PAYLOAD_BYTES, STREAM_OFFSET,
                                            SEND_TIME)]
        ip = bytearray(header[self.place.ip:self.place.udp])
        ip[2:6], ip[10:12] = bytes(4), bytes(2)
        self.ip_sum = words_sum(ip)
        self.pseudo_sum = words_sum(ip[12:20]) + 17

    def put_together(self, row, pieces, area, tail, checksums):
        """The bytes of the next packet, and its sequence number (*Packets*)."""
        header = bytearray(self.header)
        sequence = (self.sequence + row.sequence) & U64
        stream = (self.stream + row.stream_offset) & U64
        self.sequence, self.stream = sequence + len(pieces), stream + len(area)
        self.ip_id = (self.ip_id + row.ip_id) & 0xFFFF
        if not self.has_stream:
            expect(not row.stream_offset, self.offset, "no stream offset where there is no field")
        values = {SEQUENCE: sequence, COUNT: row.count, PAYLOAD_BYTES: len(area),
                  STREAM_OFFSET: stream, SEND_TIME: row.send_time}
        for meaning, at, width in self.fields:
            expect(values[meaning] < 1 << 8 * width, self.offset, "numbers that fit the header")
            header[at:at + width] = values[meaning].to_bytes(width, self.framing.order)
        inside = area + tail[:row.extra]
        self.finish(header, inside, row.checksums, checksums)
        return b"".join((header, inside, tail[row.extra:])), sequence

    def finish(self, header, inside, how, checksums):
        """Lengths and checksums of IP and UDP (*Packets*)."""
        ip, udp = self.place.ip, self.place.udp
        udp_length = len(header) - udp + len(inside)
        ip_length = udp_length + udp - ip
        expect(ip_length <= 0xFFFF, self.offset, "a datagram of at most 65535 bytes")
        ip_checksum = (next(checksums.ip) if how & 4
                       else 0xFFFF - fold(self.ip_sum + ip_length + self.ip_id))
        struct.pack_into(">HH", header, ip + 2, ip_length, self.ip_id)
        struct.pack_into(">H", header, ip + 10, ip_checksum)
        struct.pack_into(">HH", header, udp + 4, udp_length, 0)
        if how & 3:
            pseudo_sum = self.pseudo_sum + udp_length
            if how & 3 == 1:
                data = bytes(header[udp:]) + inside
                udp_checksum = 0xFFFF - fold(pseudo_sum + words_sum(data)) or 0xFFFF
            else:
                udp_checksum = fold(pseudo_sum) if how & 3 == 2 else next(checksums.udp)
            struct.pack_into(">H", header, udp + 6, udp_checksum)


class Checksums(NamedTuple):
    """Checksums that are stored, as iterators."""
    ip: object
    udp: object


# ---- Frames and events -------------------------------------------------------------------------


class Message(NamedTuple):
    """A message of a frame; `offset` is that of its first byte in the frame."""
    offset: int
    data: bytes
    name: str
    sequence: int
    flags: int


class Frame:
    """A frame, with the messages in it."""
    __slots__ = ("stream", "number", "rx_ns", "proc_ns", "flags", "wire_length", "datagram",
                 "message_flags")
    is_frame = True

    def __init__(self, rx_ns, proc_ns, flags, wire_length, datagram, message_flags):
        self.stream = self.number = None
        self.rx_ns, self.proc_ns, self.flags = rx_ns, proc_ns, flags
        self.wire_length, self.datagram, self.message_flags = wire_length, datagram, message_flags

    @property
    def data(self):
        """The captured bytes."""
        return self.datagram.data

    @property
    def line(self):
        """The row of its line, or None."""
        return self.datagram.line

    @property
    def line_name(self):
        return self.line.name if self.line else "-"

    @property
    def messages(self):
        """Its messages, in order."""
        at, feed = self.datagram.first, self.line.channel.feed if self.line else None
        for place, piece in enumerate(self.datagram.pieces):
            number = feed.class_of(piece[2:])
            yield Message(at + 2, piece[2:],
                          None if number == NO_CLASS else feed.types[number].name,
                          (self.datagram.sequence + place) & U64, self.message_flags[place])
            at += len(piece)

    def __str__(self):
        return (f"{self.stream} {self.number} {self.rx_ns} {self.proc_ns} {self.line_name} "
                f"0x{self.flags:04x} {len(self.data)} {self.wire_length} "
                f"{len(self.message_flags)} {self.message_flags.hex() or '-'}")


class Event:
    """An event, and what its payload says (*Events*)."""
    __slots__ = ("stream", "kind", "about", "position", "time_ns", "payload", "contents")
    is_frame = False

    def __init__(self, kind, about, position, time_ns, payload, contents):
        self.stream = None
        self.kind, self.about, self.position, self.time_ns = kind, about, position, time_ns
        self.payload, self.contents = payload, contents


EVENT = struct.Struct("<BBHIQII")
DROPPED = struct.Struct("<IIQQQQQQQ")
DROPPED_RUN = struct.Struct("<16sQQIIIIII")


class Dropped(NamedTuple):
    """Frames that are not recorded (*Dropped*)."""
    cause: int
    exact: int
    frames: int
    messages: int
    unmatched: int
    first_ns: int
    last_ns: int
    wire_bytes: int
    runs: tuple


def read_dropped(cursor, head):
    """The payload of an event of kind 3."""
    *row, count = cursor.unpack(DROPPED)
    rows = [cursor.unpack(DROPPED_RUN) for _ in range(count)]
    expect(row[0] <= 4 and row[1] <= 1, cursor.offset, "a known cause of a drop")
    for _, first, end, line, *_, zero in rows:
        expect(line < len(head.lines) and first <= end and not zero, cursor.offset,
               "a run of dropped packets of a line")
    return Dropped(*row, tuple(run[:-1] for run in rows))


def read_event(kind, about, payload, head):
    """What the payload of an event says, by its kind."""
    expect(kind != 4, payload.offset, "no event of kind 4 in a file")
    if kind == 1:
        expect(about < len(head.channels), payload.offset, "a channel of an event")
        contents = payload.unpack(NAME)
    elif kind == 2:
        expect(about < len(head.lines), payload.offset, "a line of an event")
        contents = read_session(payload)
    elif kind == 3:
        expect(about == 0xFFFF, payload.offset, "an event about nothing")
        contents = read_dropped(payload, head)
    else:
        return None
    payload.done("an event")
    return contents


def read_events(cursor, count, frames, head):
    """The events of a block, in order (*Events*)."""
    events, last = [], 0
    for _ in range(count):
        kind, zero, about, position, time_ns, length, other_zero = cursor.unpack(EVENT)
        expect(not zero and not other_zero, cursor.offset, "reserved bytes of zero in an event")
        expect(last <= position <= frames, cursor.offset,
               f"a position from {last} to {frames}, found {position}")
        last, payload = position, cursor.take(length)
        contents = read_event(kind, about, Cursor(payload, cursor.base, packed=True), head)
        events.append(Event(kind, about, position, time_ns, payload, contents))
    cursor.done("the events")
    return events


# ---- Blocks ------------------------------------------------------------------------------------

BLOCK = struct.Struct("<8s16sQIIQIIIIQQQQQIIQQ")
RANGE = struct.Struct("<Q16sQQ")


class BlockHeader(NamedTuple):
    """The header of a block (*Blocks*)."""
    magic: bytes
    segment_id: bytes
    offset: int
    stored_bytes: int
    columns: int
    number: int
    stream: int
    frames: int
    messages: int
    events: int
    first_rx_ns: int
    last_rx_ns: int
    frame_bytes: int
    frames_digest: int
    body_checksum: int
    chain: int
    flags: int
    reserved: int
    header_checksum: int


def read_block_header(data, offset, head):
    """The header of a block at a place of a file; all four signs must agree (*Reading what is
    damaged*)."""
    expect(offset + BLOCK.size <= len(data), offset, f"a block, found {len(data) - offset} bytes")
    header = BlockHeader(*BLOCK.unpack_from(data, offset))
    expect(header.magic == BLOCK_MAGIC, offset, "the magic of a block")
    expect_digest(data[offset:offset + 120], header.header_checksum, offset + 120,
                  "header_checksum")
    expect(header.segment_id == head.segment_id, offset + 8, "the id of the segment in a block")
    expect(header.offset == offset, offset + 24, f"offset {offset}, found {header.offset}")
    expect(not header.reserved, offset + 112, "8 reserved bytes of zero")
    expect(not header.chain, offset + 104, "a chain of 0")
    expect(header.flags <= 1, offset + 108, "known flags of a block")
    expect(header.stream == head.stream, offset + 48, f"stream {head.stream}")
    expect(header.number % head.writers == head.writer, offset + 40,
           f"a block number of writer {head.writer} of {head.writers}, found {header.number}")
    expect(128 <= header.stored_bytes <= len(data) - offset, offset + 32,
           f"128 to {len(data) - offset} stored bytes, found {header.stored_bytes}")
    return header


class Block:
    """A block: its frames and events, and the state at its end (*Blocks*)."""

    def __init__(self, data, offset, head):
        self.header, self.head = read_block_header(data, offset, head), head
        self.offset = offset
        stored = data[offset:offset + self.header.stored_bytes]
        expect_digest(stored[128:], self.header.body_checksum, offset + 96,
                      "body_checksum of a block")
        self.columns = Columns(stored, offset, self.header.columns)
        self.groups = self.read_groups()
        self.frames = self.read_frames()
        self.check_frames()
        self.read_rest()
        self.columns.done()

    def read_groups(self):
        """{group: messages} (*Scope 1*)."""
        groups = sorted({key[1] for key in self.columns.rows if key[0] == 1})
        result = {}
        for group in groups:
            feed = self.head.feed_of_group(group)
            expect(feed, self.offset, f"channels of one feed in group {group}")
            expect((1, group, SHARED, CLASS) in self.columns.rows, self.offset,
                   f"the classes of group {group}")
            result[group] = MessageGroup(self.columns, group, feed)
        return result

    def line(self, number):
        """The line of a number, or None for 0xffff."""
        if number == NO_LINE:
            return None
        expect(number < len(self.head.lines), self.offset, f"a line, found {number}")
        return self.head.lines[number]

    def read_raws(self, flags):
        """The raw frames, whose flags these are (*Scope 0*)."""
        lines = self.columns.frames(6, 2, len(flags))
        lengths = self.columns.frames(7, 4, len(flags))
        data, end = self.columns.bytes(8, sum(lengths)), 0
        for number, length, flag in zip(lines, lengths, flags):
            end += length
            frame, line = data[end - length:end], self.line(number)
            if line and not flag & MALFORMED:
                yield split(frame, line, self.head.port, self.offset)
            else:
                yield Datagram(line, frame, len(frame), [], 0, b"", False)

    def read_templates(self):
        """The templates of a block (*Packets*)."""
        cursor, templates = self.columns.cursor(22), []
        while cursor.left:
            line, header_bytes = self.line(cursor.number(2)), cursor.number(2)
            cursor.zero(4)
            expect(line, cursor.offset, "a line of a template")
            templates.append(Template(line, cursor.take(header_bytes), self.head.port,
                                      cursor.base))
        return templates

    def read_rows(self, count):
        """The rows of the packets, their stored checksums and their tails (*Scope 0*)."""
        fields = ((9, 2), (10, 8), (11, 8), (12, 8), (13, 2), (14, 1), (17, 4), (18, 4), (19, 4))
        columns = [self.columns.frames(field, width, count) for field, width in fields]
        how = columns[5]
        expect(max(how, default=0) <= 7, self.offset, "known checksums of packets")
        ip_count = sum(1 for value in how if value & 4)
        udp_count = sum(1 for value in how if value & 3 == 3)
        checksums = Checksums(iter(self.columns.frames(15, 2, ip_count)),
                              iter(self.columns.frames(16, 2, udp_count)))
        tail = self.columns.bytes(20, sum(columns[7]) + sum(columns[8]))
        return map(Row._make, zip(*columns)), checksums, tail

    def read_packets(self, places):
        """The packets, whose templates these are, put together (*Packets*)."""
        templates = self.read_templates()
        rows, checksums, tail = self.read_rows(len(places))
        expect(max(places, default=0) <= len(templates), self.offset,
               f"templates up to {len(templates)}")
        expect(set(places) == set(range(1, len(templates) + 1)), self.offset,
               "packets of every template")
        supplies = {group: iter(messages.pieces) for group, messages in self.groups.items()}
        done, end = [], 0
        for place, row in zip(places, rows):
            template = templates[place - 1]
            if row.twin:
                expect(row.twin <= len(done), self.offset, f"a twin in the block, {row.twin} back")
                pieces, area = done[-row.twin]
            else:
                channel = template.line.channel
                wanted = template.framing.messages_of(row.count)
                pieces = list(itertools.islice(supplies.get(channel.group, iter(())), wanted))
                area = b"".join(pieces)
            expect(len(pieces) == template.framing.messages_of(row.count), self.offset,
                   f"{row.count} messages in a packet, found {len(pieces)}")
            done.append((pieces, area))
            end += row.extra + row.pad
            data, sequence = template.put_together(
                row, pieces, area, tail[end - row.extra - row.pad:end], checksums)
            yield Datagram(template.line, data, len(template.header), pieces, sequence,
                           template.session, not row.twin)
        for group, supply in supplies.items():
            expect(next(supply, None) is None, self.offset, f"no more messages in group {group}")

    def read_frames(self):
        """The frames of the block, in order (*Scope 0*)."""
        count = self.header.frames
        rx_ns = self.columns.frames(1, 8, count)
        proc_ns = self.columns.numbers((0, 0, 0, 2), 8, count) or rx_ns
        flags, wire = self.columns.frames(3, 2, count), self.columns.frames(4, 4, count)
        places = self.columns.frames(5, 2, count)
        raws = self.read_raws([flag for flag, place in zip(flags, places) if not place])
        packets = self.read_packets([place for place in places if place])
        datagrams = [next(packets if place else raws) for place in places]
        expect(next(raws, None) is next(packets, None), self.offset, "no frames beyond the last")
        flagged = sum(len(datagram.pieces) for flag, datagram in zip(flags, datagrams)
                      if flag & SOME_FLAGGED)
        message_flags, end, frames = self.columns.bytes(21, flagged), 0, []
        for rx, proc, flag, more, datagram in zip(rx_ns, proc_ns, flags, wire, datagrams):
            messages = len(datagram.pieces)
            own = bytes(messages)
            if flag & SOME_FLAGGED:
                end += messages
                own = message_flags[end - messages:end]
            frames.append(Frame(rx, proc, flag, (len(datagram.data) + more) & 0xFFFFFFFF,
                                datagram, own))
        expect(max(message_flags, default=0) <= 3, self.offset, "known flags of messages")
        return frames

    def check_frames(self):
        """The counts and digests that the header says."""
        header, frames, numbers = self.header, self.frames, []
        for frame in frames:
            numbers += (frame.rx_ns, frame.wire_length, digest(frame.data))
            if frame.flags > ALL_FRAME_FLAGS or (frame.flags & SOME_FLAGGED
                                                 and not any(frame.message_flags)):
                raise Fault(self.offset, f"known and true flags of frames, found {frame.flags:#x}")
        expect_digest(struct.pack(f"<{len(numbers)}Q", *numbers), header.frames_digest,
                      self.offset + 88, "frames_digest")
        times = numbers[::3] or [0]
        found = {"messages": sum(len(frame.message_flags) for frame in frames),
                 "first_rx_ns": min(times), "last_rx_ns": max(times),
                 "frame_bytes": sum(len(frame.data) for frame in frames)}
        for name, value in found.items():
            expect(getattr(header, name) == value, self.offset,
                   f"{name} {value} in a block's header, found {getattr(header, name)}")

    def read_rest(self):
        """Events, and the state at the end of the block (*Scope 0*, 23 to 27)."""
        head, columns = self.head, self.columns
        self.events = read_events(columns.cursor(23), self.header.events, len(self.frames), head)
        ledger, clock, ranges = columns.cursor(24), columns.cursor(26), columns.cursor(27)
        self.ledger = read_ledger(ledger) if ledger.left else None
        ledger.done("the ledger")
        self.line_states = read_line_states(columns.cursor(25), head.lines)
        self.clock = read_clock(clock) if clock.left else None
        clock.done("the clock")
        self.ranges = []
        while ranges.left:
            self.ranges.append(ranges.unpack(RANGE))
            ranges.zero(8)
        self.check_ranges()

    def check_ranges(self):
        """The ranges say which sequence numbers are in the block (*Scope 0*, 27)."""
        found = {}
        for frame in self.frames:
            sent = frame.datagram
            if sent.session:
                key, end = (sent.line.number, sent.session), sent.sequence + len(sent.pieces)
                first, last = found.get(key, (sent.sequence, end))
                found[key] = (min(first, sent.sequence), max(last, end))
        said = {(line, session): (first, end) for line, session, first, end in self.ranges}
        expect(len(said) == len(self.ranges), self.offset, "each line and session once in ranges")
        if not self.header.flags & 1:
            expect(said == found, self.offset, f"ranges {found}, found {said}")

    def symbols_of(self, group, meaning):
        """The locates or symbols of a group's messages, those of raw frames and twins too."""
        used, seen = set(), set()
        if group in self.groups:
            used |= self.groups[group].used[meaning]
        for frame in self.frames:
            sent = frame.datagram
            if sent.pieces and sent.line.channel.group == group:
                if not sent.in_columns and id(sent.pieces) not in seen:
                    feed = sent.line.channel.feed
                    used.update(*(feed.values_of(piece[2:], meaning) for piece in sent.pieces))
                seen.add(id(sent.pieces))
        return used

    def items(self):
        """Frames and events in order: an event stands before the frame of its position."""
        done = 0
        for event in self.events:
            yield from self.frames[done:event.position]
            yield event
            done = event.position
        yield from self.frames[done:]


# ---- Index and tail ----------------------------------------------------------------------------

INDEX = struct.Struct("<8s16sQQQQQ")
RECORD = struct.Struct("<QIIIIQQQIHHII")
TAIL = struct.Struct("<QQQQIIQQ8s")
LOG = struct.Struct("<IHH8s")


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
        """Boxes 13, 14, 11, 12 and 10, in this order."""
        known = [kind for kind in boxes if kind <= 14]
        expect(known == [13, 14, 11, 12, 10], start + 64,
               f"boxes 13, 14, 11, 12, 10, found {known}")
        self.records = read_rows(boxes[13], lambda box: read_record(box, head, strict))
        self.symbol_log = read_rows(boxes[14], lambda box: box.unpack(LOG))
        self.ledger = read_ledger(boxes[11])
        self.clock = read_clock(boxes[12])
        self.line_states = read_line_states(boxes[10], head.lines)
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


# ---- Segments ----------------------------------------------------------------------------------


class Totals(NamedTuple):
    """What a segment holds."""
    blocks: int = 0
    frames: int = 0
    messages: int = 0
    events: int = 0
    frame_bytes: int = 0

    def plus(self, header):
        """With a block more."""
        return Totals(self.blocks + 1, self.frames + header.frames,
                      self.messages + header.messages, self.events + header.events,
                      self.frame_bytes + header.frame_bytes)


class Segment:
    """A file. Its head and tail are read at once, its blocks and index by blocks().

    `strict` also refuses what a reader must ignore but a writer must not write: padding that is
    not zero. With `salvage`, blocks that are damaged are left out and noted in `faults`.
    """

    def __init__(self, path, strict=True, salvage=False):
        self.path, self.strict, self.salvage = pathlib.Path(path), strict, salvage
        self.totals, self.faults = Totals(), []
        self.data = self.tail = self.index = self.state = None
        with self.mapped():
            self.guarded(self.read_ends)

    @contextlib.contextmanager
    def mapped(self):
        """Has the bytes of the file at hand."""
        with open(self.path, "rb") as file:
            if self.path.stat().st_size == 0:
                self.data = b""
                yield
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as self.data:
                yield

    def guarded(self, function, *words):
        """Calls a function; a fault in it learns whose it is."""
        try:
            return function(*words)
        except Fault as fault:
            fault.path = fault.path or str(self.path)
            raise

    def read_ends(self):
        """Head, and unless the name says that there is none, the tail (*A segment*)."""
        self.head = Head(self.data, self.strict)
        if not self.path.name.endswith(".tick.open"):
            self.tail = self.salvaging(read_tail, self.data)

    def salvaging(self, function, *words):
        """Calls a function; None if it finds a fault that is only noted."""
        try:
            return self.guarded(function, *words)
        except Fault as fault:
            if not self.salvage:
                raise
            self.faults.append(fault)
            return None

    @property
    def complete(self):
        return self.tail is not None

    @staticmethod
    def part_digest(before, checksum):
        """The segment digest with a part more (*Tail*)."""
        return digest(struct.pack("<QQ", before, checksum))

    def blocks(self, last=-1):
        """The blocks, one after the other; behind the last one everything is compared.

        `last` is the number of the block before, in the segment before.
        """
        self.totals, self.state = Totals(), State(self.head)
        self.digest = self.part_digest(0, self.head.head_checksum)
        with self.mapped():
            if self.tail:
                self.index = self.salvaging(Index, self.data, self.tail, self.head, self.strict)
            offset = self.head.head_bytes
            while not self.guarded(self.at_end, offset):
                block = self.salvaging(self.read_block, offset, last)
                if block is None:
                    offset = self.next_block(offset + 64)
                    continue
                last = block.header.number
                yield block
                offset = up_to(offset + block.header.stored_bytes, 64)
            if not self.faults:
                self.guarded(self.finish, offset)
        self.index = None

    def read_block(self, offset, last):
        """The block at a place, compared with those before it."""
        block = Block(self.data, offset, self.head)
        self.take_block(block, last)
        return block

    def at_end(self, offset):
        """Whether the blocks end here (*Reading what is damaged*)."""
        if self.index:
            expect(offset <= self.tail.index_offset or self.faults, offset,
                   f"the index at {offset}, found at {self.tail.index_offset}")
            return offset >= self.tail.index_offset
        if offset >= len(self.data) or self.data[offset:offset + 8] == INDEX_MAGIC:
            return True
        zeros = not any(self.data[offset:offset + 64])
        strict = self.strict and not self.salvage
        expect(not zeros or not strict or not any(self.data[offset:]), offset,
               "zeros up to the end of the file")
        return zeros

    def next_block(self, offset):
        """Where the next block begins after damage, or the end."""
        while True:
            offset = self.data.find(BLOCK_MAGIC, offset)
            if offset < 0:
                return len(self.data)
            try:
                expect(offset % 64 == 0, offset, "a multiple of 64")
                read_block_header(self.data, offset, self.head)
                return offset
            except Fault:
                offset += 1

    def take_block(self, block, last):
        """Compares a block with those before it and with its record in the index."""
        header, end = block.header, block.offset + block.header.stored_bytes
        expect(header.number > last, block.offset + 40, f"a block number above {last}")
        padding = self.data[end:up_to(end, 64)]
        limit = self.tail.index_offset if self.tail else len(self.data)
        expect(end <= limit, end, "a block that ends before the index")
        expect(not self.strict or not any(padding), end, "zeros behind a block")
        if self.index and not self.faults:
            expect(self.totals.blocks < len(self.index.records), block.offset,
                   f"{len(self.index.records)} blocks, as the index has records")
            check_record(self.index.records[self.totals.blocks], block)
        self.state.take_block(block, self.totals.blocks, self.alone(header, last))
        self.totals = self.totals.plus(header)
        self.digest = self.part_digest(self.digest, header.header_checksum)

    def alone(self, header, last):
        """Whether a block tells all that happened since the one before it."""
        follows = last < 0 or header.number == last + 1
        return self.head.writers == 1 and not self.faults and follows

    def finish(self, offset):
        """Compares index and tail with the blocks (*Index*, *Tail*)."""
        if not self.index:
            return
        start, where = self.tail.index_offset, len(self.data) - TAIL.size
        expect(offset == start, offset, f"the index, found at {start}")
        blocks = self.totals.blocks
        expect(len(self.index.records) == blocks, start, f"{blocks} records in the index")
        expect(self.tail.blocks == blocks, where + 32, f"{blocks} blocks")
        self.digest = self.part_digest(self.digest, self.index.head_checksum)
        expect(self.digest == self.tail.segment_digest, where + 24,
               f"segment_digest 0x{self.digest:016x}, found 0x{self.tail.segment_digest:016x}")
        self.state.check_index(self.index, start, self.head.writers == 1)


def check_record(record, block):
    """A record says the same as its block (*Index*)."""
    header = block.header
    wanted = (header.offset, header.stored_bytes, header.frames, header.messages, header.flags,
              header.number, header.first_rx_ns, header.last_rx_ns)
    expect(record.block == wanted, block.offset, f"a record {wanted}, found {record.block}")
    expect(record.ranges == block.ranges, block.offset,
           f"ranges {block.ranges} in the index, found {record.ranges}")
    expect(len({row[0] for row in record.sets}) == len(record.sets), block.offset,
           "at most one symbol set a group")
    for group, form, values in record.sets:
        missing = block.symbols_of(group, LOCATE if form == 1 else SYMBOL) - values
        expect(not missing, block.offset, f"{missing} in the symbol set of group {group}")


class State:
    """What is known at a place of a segment: names, lines, ledger, clock (*Boxes*, 9 to 12)."""

    def __init__(self, head):
        self.symbols, self.line_states = head.symbols(), dict(head.line_states)
        self.ledger, self.clock, self.log = head.ledger, head.clock, []

    def take_block(self, block, place, alone):
        """Continues with what a block says; counters grow by its frames."""
        if alone:
            self.check_ledger(block)
            self.check_figures(block)
        self.line_states.update(block.line_states)
        if block.ledger is not None:
            self.ledger = block.ledger
        if block.clock is not None:
            self.clock = block.clock
        for event in block.events:
            if event.kind == 1:
                locate, name = event.contents
                self.symbols.setdefault(event.about, {})[locate] = name
                self.log.append((place, event.about, locate, name))

    def check_ledger(self, block):
        """The ledger grew by the frames of a block, unless some were lost (*Counters*)."""
        before, after = self.ledger, block.ledger or self.ledger
        if len(before) <= LEDGER_WIRE or len(after) <= LEDGER_WIRE or before[2:8] != after[2:8]:
            return
        frames = block.frames
        grown = {RECORDED: len(frames), LEDGER_MESSAGES: block.header.messages,
                 UNMATCHED: sum(1 for frame in frames if not frame.line),
                 LEDGER_MALFORMED: sum(1 for frame in frames if frame.flags & MALFORMED),
                 LEDGER_WIRE: sum(frame.wire_length for frame in frames)}
        for place, count in grown.items():
            expect(after[place] == before[place] + count, block.offset,
                   f"ledger {place} to grow by {count}, found {before[place]} to {after[place]}")

    def check_figures(self, block):
        """The figures of a line grew by its frames, unless some were lost (*Counters*)."""
        grown = {}
        for frame in block.frames:
            if frame.line:
                counts = grown.setdefault(frame.line.number, [0] * 14)
                flags, own = frame.flags, frame.message_flags
                counts[0] += not flags & MALFORMED
                counts[1] += len(own)
                if flags & SOME_FLAGGED:
                    counts[3] += sum(1 for value in own if value & LATE)
                    counts[4] += sum(1 for value in own if value & DUPLICATE)
                counts[5] += bool(flags & GAP)
                counts[7] += bool(flags & HEARTBEAT)
                counts[8] += bool(flags & STALE)
                counts[11] += bool(flags & MALFORMED)
                counts[13] += frame.wire_length
        for line, counts in grown.items():
            self.check_line(block, line, counts)

    def check_line(self, block, line, counts):
        """The figures of one line."""
        before = self.line_states[line].figures if line in self.line_states else (0,) * 14
        expect(line in block.line_states, block.offset, f"the state of line {line}")
        after = block.line_states[line].figures
        if len(before) < 14 or len(after) < 14 or before[NOT_RECORDED] != after[NOT_RECORDED]:
            return
        for place in (0, 1, 3, 4, 5, 7, 8, 11, 13):
            expect(after[place] == before[place] + counts[place], block.offset,
                   f"figure {place} of line {line} to grow by {counts[place]}, "
                   f"found {before[place]} to {after[place]}")

    def check_index(self, index, offset, alone):
        """The index says the same; of lines and ledger only if no other writer tells of them."""
        expect(index.symbol_log == self.log, offset, "the names of the blocks in the index")
        if alone:
            self.compare(index, offset, "the index")

    def compare(self, other, offset, where):
        """Lines, ledger and clock are the same in an index or a head."""
        for name in ("line_states", "ledger", "clock"):
            wanted, found = getattr(self, name), getattr(other, name)
            expect(wanted == found, offset, f"{name} {wanted} in {where}, found {found}")


# ---- Captures ----------------------------------------------------------------------------------


def find_segments(paths):
    """The files of paths; of a directory those that are called so."""
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            yield from sorted(file for file in path.iterdir()
                              if file.name.endswith((".tick", ".tick.open")))
        else:
            yield path


class Capture:
    """Segments of any streams and writers, in order."""

    def __init__(self, paths, strict=True, salvage=False):
        self.segments = [Segment(path, strict, salvage) for path in find_segments(paths)]
        self.lanes = {}
        for segment in sorted(self.segments, key=lambda one: one.head.number):
            head = segment.head
            lane = self.lanes.setdefault((head.stream, head.run_id), {})
            lane.setdefault(head.writer, []).append(segment)

    def writer_blocks(self, segments):
        """(number, segment, block) of one writer's segments; checks their chain."""
        last, before = -1, None
        for segment in segments:
            if before:
                segment.guarded(self.check_chain, before, segment)
            for block in segment.blocks(last):
                last = block.header.number
                yield last, segment, block
            if before:
                before.state = None
            before = segment

    @staticmethod
    def check_chain(before, segment):
        """A segment continues the one before it (*Head*, previous_digest)."""
        head, other = segment.head, before.head
        expect(head.number == other.number + 1, 56, f"segment {other.number + 1} of its writer")
        expect(head.writers == other.writers, 60, f"{other.writers} writers")
        if before.complete and not before.faults:
            expect(head.previous_digest == before.tail.segment_digest, 72,
                   f"previous_digest 0x{before.tail.segment_digest:016x}")
            expect(not before.tail.flags & 1, 56, "no segment behind the last one")
            if head.writers == 1:
                before.state.compare(head, 128, "the head")
                expect(before.state.symbols == head.symbols(), 128, "the names known so far")

    def blocks(self, lane):
        """(segment, block) of a stream, by block number across its writers."""
        writers = [self.writer_blocks(segments) for segments in self.lanes[lane].values()]
        for _, segment, block in heapq.merge(*writers, key=lambda row: row[0]):
            yield segment, block

    def stream_items(self, lane):
        """(time, item) of a stream; an event goes with the frame that it stands before."""
        number = 0
        for _, block in self.blocks(lane):
            time_ns = block.header.last_rx_ns
            rows = []
            for item in reversed(list(block.items())):
                item.stream = lane[0]
                time_ns = item.rx_ns if item.is_frame else time_ns
                rows.append((time_ns, item))
            for time_ns, item in reversed(rows):
                if item.is_frame:
                    item.number = number
                    number += 1
                yield time_ns, item

    def items(self):
        """Frames and events: streams merged by receive time, ties by the stream's number."""
        lanes = sorted(self.lanes, key=lambda lane: (lane[0], min(
            row[0].head.start_ns for row in self.lanes[lane].values())))
        for _, item in heapq.merge(*map(self.stream_items, lanes), key=lambda row: row[0]):
            yield item

    def frames(self):
        """Only the frames."""
        return (item for item in self.items() if item.is_frame)

    def check(self):
        """Reads everything and keeps nothing."""
        for lane in self.lanes:
            for _ in self.blocks(lane):
                pass


# ---- Command -----------------------------------------------------------------------------------


def describe_head(head):
    """The fields of a head, and what its boxes name."""
    return {
        "version": f"{head.major}.{head.minor}", "head_bytes": head.head_bytes,
        "run_id": head.run_id.hex(), "segment_id": head.segment_id.hex(), "stream": head.stream,
        "writer": head.writer, "number": head.number, "writers": head.writers,
        "start_ns": head.start_ns, "previous_digest": f"{head.previous_digest:016x}",
        "tool": head.tool, "host": head.host, "name": head.name,
        "ports": [port._asdict() for port in head.ports],
        "streams": [{"number": number, "port": port, "queue": queue}
                    for number, port, queue in head.streams],
        "feeds": [{"name": feed.name, "id": feed.id, "framing": feed.framing.name,
                   "types": len(feed.types)} for feed in head.feeds],
        "channels": [{"name": channel.name, "feed": channel.feed.name, "group": channel.group,
                      "zone": channel.zone.name} for channel in head.channels],
        "lines": [dict(line._asdict(), channel=line.channel.name) for line in head.lines],
        "symbols": sum(map(len, head.symbols().values())), "ledger": head.ledger}


def describe(capture):
    """What --json prints."""
    files, totals = [], dict.fromkeys(("files", *Totals._fields), 0)
    for segment in capture.segments:
        files.append({"path": str(segment.path), "complete": segment.complete,
                      **describe_head(segment.head), **segment.totals._asdict(),
                      "segment_digest": f"{segment.digest:016x}"})
        if segment.faults:
            files[-1]["faults"] = [str(fault) for fault in segment.faults]
        totals["files"] += 1
        for name, value in segment.totals._asdict().items():
            totals[name] += value
    return {"files": files, "totals": totals}


def write_pcap(capture, path):
    """All frames as a pcap file with nanoseconds, little endian."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for frame in capture.frames():
            seconds, rest = divmod(frame.rx_ns, 10**9)
            file.write(struct.pack("<IIII", seconds, rest, len(frame.data), frame.wire_length))
            file.write(frame.data)


def run(options):
    """Does what the options say; faults are raised."""
    capture = Capture(options.paths, strict=not options.lenient, salvage=options.salvage)
    if options.pcap:
        write_pcap(capture, options.pcap)
    elif options.frames:
        for frame in capture.frames():
            print(frame)
    else:
        capture.check()
        print(json.dumps(describe(capture), indent=1))
    for segment in capture.segments:
        for fault in segment.faults:
            raise fault


def main():
    """The command: exit code 0, or 1 and one sentence."""
    parser = argparse.ArgumentParser(description="Reads and checks .tick files.")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a directory of files")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--json", action="store_true", help="say what is in the files")
    what.add_argument("--frames", action="store_true", help="print one line a frame")
    what.add_argument("--pcap", metavar="OUT", help="write all frames as a pcap file")
    parser.add_argument("--lenient", action="store_true",
                        help="ignore padding that is not zero, as a reader must")
    parser.add_argument("--salvage", action="store_true",
                        help="go on with the next sound block after damage")
    try:
        run(parser.parse_args())
    except (Fault, OSError) as fault:
        print(f"{fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
