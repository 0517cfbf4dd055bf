"""Blocks: from their bytes to frames, events and states (*Blocks*)."""
import itertools
import struct
from typing import NamedTuple

from tickbytes import (
    ALL_FRAME_FLAGS, BLOCK_MAGIC, CLASS, MALFORMED, MOST, NO_LINE, SHARED, SOME_FLAGGED, Fault,
    digest, expect, expect_digest)
from tickcolumns import Columns
from tickevents import read_events
from tickframes import Checksums, Datagram, Frame, Row, Template, split
from tickmessages import MessageGroup
from tickstates import (
    read_channel_states, read_clock, read_counters, read_ledger, read_line_states)

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
    expect(header.flags <= 3, offset + 108, "known flags of a block")
    expect(header.frames <= MOST["frames"] and header.messages <= MOST["messages"]
           and header.stored_bytes <= MOST["bytes"] and header.frame_bytes <= MOST["bytes"],
           offset + 32, "a block that is not too large")
    expect(not (head.compares and header.frames), offset + 52, "no frames in a stream of no port")
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
        """Events, and the state at the end of the block (*Scope 0*, 23 to 29)."""
        head, columns = self.head, self.columns
        self.events = read_events(columns.cursor(23), self.header.events, len(self.frames), head)
        ledger, clock, ranges = columns.cursor(24), columns.cursor(26), columns.cursor(27)
        self.ledger = read_ledger(ledger) if ledger.left else None
        ledger.done("the ledger")
        self.line_states = read_line_states(columns.cursor(25), head.lines)
        self.channel_states = read_channel_states(columns.cursor(28), head.channels)
        nic = columns.cursor(29)
        self.nic = read_counters(nic) if nic.left else None
        nic.done("the counters of the port")
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
