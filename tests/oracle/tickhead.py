"""The head of a segment: whose it is, and what is needed to read it (*Head*, *Boxes*)."""
import itertools
import struct
from typing import NamedTuple

from tickbytes import (
    HEAD_MAGIC, LINE_NAME_BYTES, MOST, NAME_BYTES, Cursor, expect, expect_digest, read_boxes)
from tickfeeds import Feed
from tickstates import (
    read_channel_states, read_clock, read_counters, read_ledger, read_line_states)

HEAD = struct.Struct("<8sHHI16s16sIIIIQQ32sQQ")
SPAN = struct.Struct("<qi")
NAME = struct.Struct("<H8s")
NO_PORT = 0xFFFF


class Port(NamedTuple):
    """A row of box 4."""
    name: str
    device: str
    driver: str
    snaplen: int
    counts_losses: int


class Zone(NamedTuple):
    """A zone: its name, and (from, offset) pairs in seconds."""
    name: str
    spans: tuple


class Channel(NamedTuple):
    """A row of box 7; `spread`: its lines may arrive in several streams."""
    name: str
    feed: Feed
    group: int
    spread: int
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


def read_zone(cursor):
    """A zone: spans in order of time."""
    name, count = cursor.text(NAME_BYTES), cursor.number(2)
    expect(1 <= count <= MOST["spans"], cursor.offset, f"1 to {MOST['spans']} spans in zone {name}")
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
        expect((self.major, self.minor) == (0, 2), 8,
               f"version 0.2, found {self.major}.{self.minor}")
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
        """All boxes of a head; those that say how to read the rest must be there, in order."""
        order = [kind for kind in boxes if kind in (4, 5, 6, 7, 8)]
        expect(order == [4, 5, 6, 7, 8], 128, f"boxes 4 to 8 in this order, found {order}")
        self.tool, self.host, self.name = (
            boxes[kind].text(NAME_BYTES) if kind in boxes else "" for kind in (1, 2, 3))
        self.ports = read_rows(boxes[4], read_port, "ports")
        self.streams = read_rows(boxes[5], lambda box: (box.number(4), box.number(2),
                                                        box.number(2)), "streams")
        self.feeds = read_rows(boxes[6], Feed)
        self.channels = [self.read_channel(boxes[7])
                         for _ in range(read_count(boxes[7], "channels"))]
        self.lines = [self.read_line(boxes[8], number)
                      for number in range(read_count(boxes[8], "lines"))]
        numbers = [line.channel_number for line in self.lines]
        expect(len(list(itertools.groupby(numbers))) == len(set(numbers)), boxes[8].base,
               "the lines of a channel behind each other")
        self.check_streams(boxes[5].base)
        self.symbols_box = boxes.get(9)
        self.read_states(boxes)
        for kind, box in boxes.items():
            if kind <= 16 and kind != 9:
                box.done(f"box {kind}")
            expect(kind not in (13, 14, 17), box.base, f"no box of kind {kind} in a head")

    def read_states(self, boxes):
        """What was known when the segment was begun."""
        self.line_states = read_line_states(boxes[10], self.lines) if 10 in boxes else {}
        self.ledger = read_ledger(boxes[11]) if 11 in boxes else ()
        self.clock = read_clock(boxes[12]) if 12 in boxes else None
        self.channel_states = (read_channel_states(boxes[15], self.channels)
                               if 15 in boxes else {})
        self.nic = read_counters(boxes[16]) if 16 in boxes else None

    def symbols(self):
        """{channel: {locate: name}} known at the segment's start; there may be many."""
        box = self.symbols_box
        return read_symbols(Cursor(box.data, box.base), len(self.channels)) if box else {}

    def read_channel(self, box):
        """A row of box 7; channels of one group have one feed, else they could not share rows."""
        offset, name = box.offset, box.text(NAME_BYTES)
        feed, group, spread = box.number(2), box.number(2), box.number(1)
        expect(feed < len(self.feeds), offset, f"a feed below {len(self.feeds)}, found {feed}")
        expect(spread <= 1, offset, f"0 or 1 as the place where lines of {name} are compared")
        return Channel(name, self.feeds[feed], group, spread, read_zone(box))

    def read_line(self, box, number):
        """A row of box 8."""
        offset, name, channel = box.offset, box.text(LINE_NAME_BYTES), box.number(2)
        expect(channel < len(self.channels), offset, f"a channel below {len(self.channels)}")
        line = Line(number, name, self.channels[channel], channel, box.number(4), box.number(4),
                    box.number(2), box.number(2), box.number(1))
        expect(line.port == 0xFF or line.port < len(self.ports), offset, f"a port of line {name}")
        return line

    def check_streams(self, offset):
        """Streams name ports of box 4, and this segment's stream is among them."""
        for number, port, _ in self.streams:
            expect(port < len(self.ports) or port == NO_PORT, offset, f"a port of stream {number}")
        ports = {number: port for number, port, _ in self.streams}
        expect(len(ports) == len(self.streams), offset, "each stream once")
        expect(self.stream in ports, offset, f"a row for stream {self.stream}")
        self.port = ports[self.stream]

    @property
    def compares(self):
        """Whether this is the stream where lines of several streams are compared."""
        return self.port == NO_PORT

    def feed_of_group(self, group):
        """The feed whose messages share the columns of a group."""
        feeds = {channel.feed.id: channel.feed for channel in self.channels
                 if channel.group == group}
        return feeds.popitem()[1] if len(feeds) == 1 else None


def read_rows(cursor, read, what=None):
    """Rows without a count: as many as the box holds."""
    offset, rows = cursor.offset, []
    while cursor.left:
        rows.append(read(cursor))
    expect(what is None or len(rows) <= MOST[what], offset, f"at most {what and MOST[what]} {what}")
    return rows


def read_count(box, what):
    """How many rows follow."""
    offset, count = box.offset, box.number(2)
    expect(count <= MOST[what], offset, f"at most {MOST[what]} {what}, found {count}")
    return count


def read_port(box):
    """A row of box 4."""
    offset = box.offset
    port = Port(box.text(NAME_BYTES), box.text(), box.text(NAME_BYTES), box.number(4),
                box.number(1))
    expect(port.counts_losses <= 2, offset, f"how the driver of port {port.name} counts losses")
    return port
