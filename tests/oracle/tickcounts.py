"""Compares what a stream says of its packets with what they come to (*Counting*).

A stream is counted from its first block on: what a session misses stands in no state, so a stream
whose beginning is not at hand cannot be counted.
"""
import itertools

from tickbytes import BAD_TIME, END, FIRST, GAP, HEARTBEAT, MALFORMED, SOME_FLAGGED, STALE, expect
from tickevents import (
    DROPPED, FILTERED, GAP_FILLED, GAP_OPENED, NIC, SESSION_CLOSED, SESSION_END, SESSION_START,
    SILENT, SPEAKS, UNHEARD, Event, Gap)
from tickstates import LEDGER_ROWS
from ticktracks import Book, LineTrack, packet_of, packet_of_run

TRACKED = {SESSION_CLOSED, GAP_OPENED, GAP_FILLED, SESSION_START, SESSION_END}
COUNTED_FLAGS = GAP | SOME_FLAGGED | HEARTBEAT | END | FIRST | STALE
LOSSES = LEDGER_ROWS[2:7]  # by cause
NO_EVENT = Event(0, 0, 0, 0, b"", None)


def with_time(wanted, found):
    """What a gap must say: of packets that were dropped, the file has no exact time."""
    if not isinstance(wanted, Gap):
        return wanted
    low, high = wanted.before_ns
    time_ns = found.before_ns if isinstance(found, Gap) else low
    return wanted._replace(before_ns=min(max(time_ns, low), high))


def of_one_line(rows):
    """Events without what they say of other lines."""
    rows = [(kind, about, said._replace(brought=0) if kind == GAP_OPENED else said)
            for kind, about, said in rows]
    return [row for row in rows if row[0] != GAP_FILLED or row[2].where == 1]


class StreamCount:
    """The packets of one stream, counted again."""

    def __init__(self, head):
        self.head, self.lines, self.books, self.offset = head, {}, {}, 0
        self.ledger = dict.fromkeys(LEDGER_ROWS, 0)
        self.said_lines, self.said_channels = dict(head.line_states), dict(head.channel_states)
        self.said_ledger = head.ledger
        self.ports, self.silent, self.unheard, self.exact = {}, {}, 0, True

    def track(self, line):
        """The track of a line."""
        if line.number not in self.lines:
            book = self.books.setdefault(line.channel_number, Book())
            self.lines[line.number] = LineTrack(line, book)
        return self.lines[line.number]

    def take_block(self, block):
        """Counts a block, and compares what it says at its end."""
        self.offset, told = block.offset, []
        for item in block.items():
            if item.is_frame:
                self.take_frame(item, told)
                told = []
            else:
                self.take_event(item, told)
        self.expect_none(told if self.exact else ())
        self.said_lines.update(block.line_states)
        self.said_channels.update(block.channel_states)
        self.said_ledger = self.said_ledger if block.ledger is None else block.ledger
        if not block.header.flags & 2:
            self.compare()

    # ---- Frames --------------------------------------------------------------------------------

    def take_frame(self, frame, told):
        """A recorded frame, and the events of trackers before it."""
        rows, line, broken = self.ledger, frame.line, bool(frame.flags & MALFORMED)
        rows["received"] += 1
        rows["recorded"] += 1
        rows["messages"] += len(frame.message_flags)
        rows["unmatched"] += line is None
        rows["malformed"] += broken
        rows["wire_bytes"] += frame.wire_length
        rows["bad_time"] += bool(frame.flags & BAD_TIME)
        expect(line or not broken, self.offset, f"the line of a malformed frame, found {frame}")
        if line:
            figures = self.track(line).figures
            figures["wire_bytes"] += frame.wire_length
            figures["malformed"] += broken
        if line and not broken:
            if self.exact:
                self.take_packet(frame, told)
        else:
            expect(not frame.flags & COUNTED_FLAGS and not frame.message_flags, self.offset,
                   f"no flags of packets in a frame that is none, found {frame}")
            self.expect_none(told)

    def take_packet(self, frame, told):
        """A packet: its flags, those of its messages, and its events."""
        done = self.track(frame.line).take(packet_of(frame))
        expect(frame.flags & COUNTED_FLAGS == done.flags, self.offset,
               f"flags 0x{done.flags:04x}, found {frame}")
        flags = done.message_flags or bytes(len(frame.message_flags))
        expect(frame.message_flags == flags, self.offset,
               f"flags {flags.hex()} of messages, found {frame}")
        found = [(event.kind, event.about, event.contents) for event in told]
        wanted = [(kind, frame.line.number, with_time(contents, event.contents))
                  for (kind, contents), event in itertools.zip_longest(
                      done.events, told[:len(done.events)], fillvalue=NO_EVENT)]
        if frame.line.channel.spread or not self.books[frame.line.channel_number].exact:
            wanted, found = map(of_one_line, (wanted, found))
        expect(found == wanted, self.offset, f"events {wanted}, found {found}")
        expect(all(event.time_ns == frame.rx_ns for event in told), self.offset,
               f"events at {frame.rx_ns}, found {told}")

    def expect_none(self, told):
        """Events of trackers stand before their packet, and nowhere else."""
        expect(not told, self.offset, f"the packet of these events: {told}")

    # ---- Events --------------------------------------------------------------------------------

    def take_event(self, event, told):
        """An event; one of a tracker waits for its packet."""
        said = event.contents
        if event.kind == GAP_FILLED and self.head.compares:
            expect(said.where == 2 and self.head.lines[event.about].channel.spread, self.offset,
                   f"numbers missing on lines of several streams, found {event}")
        elif event.kind in TRACKED:
            told.append(event)
        elif event.kind in (DROPPED, FILTERED):
            self.take_lost(said)
        elif event.kind == NIC:
            before = self.ports.get(event.about, (0, 0, 0))
            expect(all(one <= other for one, other in zip(before, said)), self.offset,
                   f"counters of a port of at least {before}, found {said}")
            self.ports[event.about] = said[:3]
        elif event.kind == SILENT:
            expect(event.about not in self.silent, self.offset, f"a line that spoke, found {event}")
            self.silent[event.about] = said.heard_ns
        elif event.kind == SPEAKS:
            heard_ns = self.silent.pop(event.about, None)
            track = self.lines.get(event.about)
            expect(heard_ns is not None and (said.heard_ns == heard_ns
                                             or track and said.heard_ns in track.heard),
                   self.offset, f"a line that was heard last at {heard_ns}, found {event}")
        elif event.kind == UNHEARD:
            self.unheard += said.reports

    def take_lost(self, lost):
        """Frames that are not recorded (*Dropped and filtered*)."""
        rows = self.ledger
        rows["received"] += lost.frames + lost.filtered_frames
        rows["filtered"] += lost.filtered_frames
        rows["messages_dropped"] += lost.messages
        rows["messages_filtered"] += lost.filtered_messages
        if lost.frames:
            rows[LOSSES[lost.cause]] += lost.frames
        self.exact &= bool(lost.exact)
        if lost.exact:
            expect_sums(lost, self.offset)
        for run in lost.runs:
            track = self.track(self.head.lines[run.line])
            track.figures["malformed"] += run.malformed
            if run.packets:
                stale = track.figures["stale_heartbeats"]
                track.take(packet_of_run(run, track.line, lost))
                track.figures["not_recorded"] += run.end - run.first
                stale = track.figures["stale_heartbeats"] - stale
                expect(run.stale == stale, self.offset, f"{stale} stale heartbeats, found {run}")

    # ---- States --------------------------------------------------------------------------------

    def compare(self):
        """Lines, channels and the ledger are what the packets so far come to."""
        wanted = tuple(self.ledger.values())
        expect(wanted == self.said_ledger, self.offset,
               f"a ledger {wanted}, found {self.said_ledger}")
        if not self.exact:
            return
        expect(set(self.said_lines) == set(self.lines), self.offset,
               f"states of the lines {sorted(self.lines)}, found {sorted(self.said_lines)}")
        for number, track in self.lines.items():
            wanted, found = track.state(), self.said_lines[number]
            expect(wanted == found, self.offset,
                   f"the state of line {track.line.name} {wanted}, found {found}")
        for number, book in self.books.items():
            if book.exact and not self.head.channels[number].spread:
                self.compare_channel(number, book)

    def compare_channel(self, number, book):
        """The figures of a channel; one of a single line has none."""
        lines = sum(line.channel_number == number for line in self.head.lines)
        wanted = book.figures() if lines > 1 else None
        found = self.said_channels.get(number, (0, 0, 0) if lines > 1 else None)
        expect(wanted == found, self.offset,
               f"figures {wanted} of channel {number}, found {found}")


def expect_sums(lost, offset):
    """What is said of frames together is what the runs say, where every packet is in one."""
    for is_filtered, frames, messages in ((False, lost.frames - lost.unmatched, lost.messages),
                                          (True, lost.filtered_frames, lost.filtered_messages)):
        runs = [run for run in lost.runs if (run.fate == 15) == is_filtered]
        found = sum(run.packets + run.malformed for run in runs)
        expect(found == frames or (is_filtered and found < frames), offset,
               f"{frames} frames in the runs, found {found}")
        found = sum(run.end - run.first for run in runs)
        expect(found == messages, offset, f"{messages} messages in the runs, found {found}")


def compare_spread(counts):
    """Channels whose lines arrive in several streams: what the streams of one run come to."""
    ports = [count for count in counts if not count.head.compares]
    for count in counts:
        for number, channel in enumerate(count.head.channels):
            if count.head.compares and channel.spread and not count.unheard:
                book = Book.of_streams([one.books[number] for one in ports if number in one.books])
                if book.exact and all(one.exact for one in ports):
                    count.compare_channel(number, book)
