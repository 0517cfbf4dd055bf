"""The head of a segment: whose it is, and what is needed to read it (*Head*, *Boxes*)."""
import itertools
import struct
from typing import NamedTuple

from tickbytes import HEAD_MAGIC, Cursor, expect, expect_digest, read_boxes
from tickfeeds import Feed

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


def read_figures(cursor):
    """Figures of a line, or a ledger: its numbers."""
    count = cursor.number(4)
    cursor.zero(4)
    return tuple(cursor.number(8) for _ in range(count))


def read_ledger(cursor):
    """A ledger; every frame has one fate (*Counters*)."""
    rows = read_figures(cursor)
    expect(len(rows) < 8 or rows[0] == sum(rows[1:8]), cursor.offset,
           f"a ledger that closes, found {rows}")
    return rows


def read_line_states(cursor, lines):
    """{line: state} of box 10 or of the column *lines*."""
    states = {}
    while cursor.left:
        offset, line = cursor.offset, cursor.number(8)
        expect(line < len(lines) and line not in states, offset, "the state of another line")
        figures, count = read_figures(cursor), cursor.number(8)
        expect(count <= 2, cursor.offset, f"at most 2 open sessions, found {count}")
        states[line] = LineState(figures, tuple(read_session(cursor) for _ in range(count)))
    return states


def read_clock(cursor):
    """The 48 bytes of *Clock*, checked."""
    raw = cursor.take(CLOCK.size)
    source, unit, epoch, settled, *_, zero = CLOCK.unpack(raw)
    expect(source <= 3 and unit <= 2 and epoch <= 2 and settled <= 1 and not zero, cursor.base,
           "a clock with known source, unit and epoch")
    return raw


def read_zone(cursor):
    """A zone: spans in order of time."""
    name, count = cursor.text(), cursor.number(2)
    expect(count, cursor.offset, f"a span in zone {name}")
    spans = tuple(cursor.unpack(SPAN) for _ in range(count))
    expect(all(one[0] < other[0] for one, other in zip(spans, spans[1:])), cursor.offset,
           f"spans of zone {name} in order")
    expect(all(abs(offset) <= 86400 for _, offset in spans), cursor.offset,
           f"offsets of zone {name} of at most a day")
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
