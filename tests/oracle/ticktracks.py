"""Counting again: what each packet of a line does to the line's state (*Counting*).

The states, flags and events of a stream are worked out from nothing but its packets, in their
order; tickcounts.py compares them with what the file says.
"""
from typing import NamedTuple

from tickbytes import (
    COUNT, DUPLICATE, END, FIRST, GAP, HEARTBEAT, LATE, SEND_TIME, SOME_FLAGGED, STALE,
    STREAM_OFFSET)
from tickevents import (
    GAP_FILLED, GAP_OPENED, SESSION_CLOSED, SESSION_END, SESSION_START, Filled, Gap,
    Over, Started)
from ticknumbers import Numbers, union
from tickstates import LINE_ROWS, LineState, Session

MOST_RANGES = 32768
STALE_HEARTBEATS, RESTARTS, ENDS_BY_COUNT = 2, 4, 16  # flags of a framing


class Packet(NamedTuple):
    """A packet of a line, or several that are not recorded and follow each other."""
    line: object
    session: bytes
    sequence: int
    messages: int
    send_times: tuple
    offsets: tuple
    packets: int
    heartbeats: int
    ends: int
    heard: tuple  # not before, not after


def packet_of(frame):
    """The packet in a sound frame of a line."""
    sent, framing = frame.datagram, frame.line.channel.feed.framing
    start = sent.first - framing.header_bytes

    def number(meaning):
        field = framing.field(meaning)
        at = start + (field.offset if field else 0)
        return int.from_bytes(sent.data[at:at + field.width], framing.order) if field else 0

    ends = framing.flags & ENDS_BY_COUNT and number(COUNT) == 0xFFFF
    return Packet(frame.line, sent.session, sent.sequence, len(sent.pieces),
                  (number(SEND_TIME),) * 2, (number(STREAM_OFFSET),) * 2, 1,
                  int(not sent.pieces and not ends), int(bool(ends)), (frame.rx_ns,) * 2)


def packet_of_run(run, line, lost):
    """The packets of a run (*Dropped and filtered*)."""
    return Packet(line, run.session, run.first, run.end - run.first,
                  (run.first_send_time, run.last_send_time), (run.first_offset, run.last_offset),
                  run.packets, run.heartbeats, run.ends, (lost.first_ns, lost.last_ns))


class OpenSession:
    """A session of a line, with the numbers that are missing in it."""

    def __init__(self, packet, first, ordinal):
        self.id, self.first, self.expected, self.ordinal = packet.session, first, first, ordinal
        self.over, self.missing = 0, Numbers()
        self.begun, self.send_time, self.offset = packet.send_times[0], -1, -1

    def row(self):
        return Session(self.id, self.first, self.expected, self.ordinal, self.over)


def restarts(session, packet):
    """Whether a packet was sent later than all others of a session, and from an earlier place."""
    return (packet.line.channel.feed.framing.flags & RESTARTS
            and packet.send_times[0] > session.send_time
            and packet.offsets[0] < session.offset)


class Book:
    """What the lines of a channel have brought, and what they miss, by session.

    `exact` as long as the lines bring the same sessions in the same order, none of them twice, and
    begin at the same place: what they brought is compared only then (*Counting*).
    """

    def __init__(self):
        self.brought, self.missing = {}, {}
        self.begins, self.highest = {}, {}
        self.opened, self.sent, self.exact = [], {}, True

    @classmethod
    def of_streams(cls, books):
        """What the lines of several streams come to together."""
        whole = cls()
        whole.exact = all(book.exact and (book.opened, book.begins) == (books[0].opened,
                                                                        books[0].begins)
                          for book in books)
        for book in books:
            for session, brought in book.brought.items():
                for first, end in brought:
                    whole.of(session).add(first, end)
            for session, lines in book.missing.items():
                whole.missing.setdefault(session, {}).update(lines)
        return whole

    def open(self, session, first, ids):
        """A line opens a session, at a number, and has had others."""
        if session in ids or first > self.highest.get(session, first):
            self.exact = False
        if session not in self.opened:
            self.opened.append(session)
            self.exact &= first == 1 or len(self.opened) == 1
            self.begins[session] = self.highest[session] = first
        self.exact &= first >= self.begins[session] or session == self.opened[-1]
        ids.add(session)

    def reach(self, session, first):
        """A line misses or brings numbers from here on."""
        if first < self.begins[session]:
            self.exact = False

    def look(self, packet, stale):
        """Whether a packet still belongs to what is compared; it may tell of numbers below it."""
        time, offset = self.sent.get(packet.session, (0, 0))
        if packet.session not in self.opened[-2:] or (packet.send_times[0] > time
                                                      and packet.offsets[0] < offset):
            self.exact = False
        self.sent[packet.session] = (max(time, packet.send_times[1]),
                                     max(offset, packet.offsets[1]))
        if not stale:
            self.highest[packet.session] = max(self.highest[packet.session], packet.sequence)

    def of(self, session):
        return self.brought.setdefault(session, Numbers())

    def missed(self, session, line):
        return self.missing.setdefault(session, {}).setdefault(line, Numbers())

    def bring(self, session, first, end):
        """A packet's messages; answers how many are missing somewhere and brought only now."""
        brought, highest, fresh = self.of(session), self.highest[session], 0
        if first < highest:
            missed = union(self.missing.get(session, {}).values())
            fresh = sum(other - one - brought.count(one, other)
                        for one, other in missed.within(first, min(end, highest)))
        brought.add(first, end)
        self.highest[session] = max(highest, end)
        return fresh

    def figures(self):
        """messages, missing, recovered (*Counting*)."""
        messages = missing = recovered = 0
        for session, brought in self.brought.items():
            missed = union(self.missing.get(session, {}).values())
            nowhere = missed.without(brought).size()
            messages += brought.size()
            missing += nowhere
            recovered += missed.size() - nowhere
        return messages, missing, recovered


class Outcome:
    """What a packet did: events, and the flags of its frame and messages."""

    def __init__(self):
        self.events, self.flags, self.message_flags = [], 0, b""


class LineTrack:
    """A line: its figures, and its last two sessions."""

    def __init__(self, line, book):
        self.line, self.book, self.sessions, self.ordinal = line, book, [], 0
        self.figures = dict.fromkeys(LINE_ROWS, 0)
        self.heard, self.ids = (0, 0), set()

    def state(self):
        return LineState(tuple(self.figures.values()),
                         tuple(session.row() for session in self.sessions))

    def take(self, packet):
        """A packet more."""
        done, rows = Outcome(), self.figures
        session = self.session_of(packet, done)
        rows["packets"] += packet.packets
        rows["heartbeats"] += packet.heartbeats
        if packet.heartbeats:
            done.flags |= HEARTBEAT
        flags = self.line.channel.feed.framing.flags
        stale = (packet.heartbeats and flags & STALE_HEARTBEATS
                 and packet.sequence < session.expected)
        if stale:
            rows["stale_heartbeats"] += 1
            done.flags |= STALE
        elif packet.sequence > session.expected:
            self.open_gap(session, packet, done)
        self.book.look(packet, stale)
        if packet.messages:
            self.take_messages(session, packet, done)
        if packet.ends:
            done.flags |= END
            if not session.over:
                done.events.append((SESSION_END, Over(session.id, session.expected)))
            session.over = 1
        session.send_time = max(session.send_time, packet.send_times[1])
        session.offset = max(session.offset, packet.offsets[1])
        self.heard = packet.heard
        return done

    def session_of(self, packet, done):
        """The session that a packet belongs to; a new one is opened, and the third is closed."""
        same = [session for session in self.sessions if session.id == packet.session]
        if (len(same) == 2 and packet.send_times[0] < same[0].begun
                and not restarts(same[1], packet)):
            return same[1]
        if same and not (same[0] is self.sessions[0] and restarts(same[0], packet)):
            return same[0]
        if same and same[0] is self.sessions[0]:
            same[0].missing = Numbers()
        first = packet.sequence if not self.ordinal else 1
        session = OpenSession(packet, first, self.ordinal)
        if len(self.sessions) == 2:
            done.events.append((SESSION_CLOSED, self.sessions.pop().row()))
        reset = int(self.ordinal > 0)
        self.book.open(packet.session, first, self.ids)
        self.figures["resets"] += reset
        done.events.append((SESSION_START, Started(session.id, first, self.ordinal, reset)))
        done.flags |= FIRST
        self.ordinal += 1
        self.sessions.insert(0, session)
        return session

    def open_gap(self, session, packet, done):
        """Numbers are missing below a packet."""
        first, end = session.expected, packet.sequence
        self.book.reach(session.id, first)
        session.missing.add(first, end)
        self.book.missed(session.id, self.line.number).add(first, end)
        session.expected = end
        self.figures["gap_events"] += 1
        self.figures["missing"] += end - first
        done.flags |= GAP
        done.events.append((GAP_OPENED, Gap(session.id, first, end, self.heard,
                                            self.book.of(session.id).count(first, end))))
        self.forget(session)

    def forget(self, session):
        """A session remembers so many ranges: the lowest of more are forgotten."""
        while len(session.missing.firsts) > MOST_RANGES:
            first, end = session.missing.firsts[0], session.missing.ends[0]
            session.missing.remove(first, end)
            self.figures["forgotten"] += end - first
            self.book.exact = False

    def take_messages(self, session, packet, done):
        """Each message is in order, late, or a duplicate."""
        first, end = packet.sequence, packet.sequence + packet.messages
        rows, fresh = self.figures, max(end - max(session.expected, first), 0)
        late = session.missing.within(first, end)
        late_count = sum(other - one for one, other in late)
        if first < session.first:
            self.book.reach(session.id, first)
        nowhere = self.book.bring(session.id, first, end)
        if late_count or nowhere:
            done.events.append((GAP_FILLED, Filled(session.id, first, end, late_count or nowhere,
                                                   1 if late_count else 2)))
        if fresh < packet.messages:
            done.flags |= SOME_FLAGGED
            kinds = bytearray([DUPLICATE]) * (packet.messages - fresh) + bytearray(fresh)
            for one, other in late:
                kinds[one - first:other - first] = bytes([LATE]) * (other - one)
                session.missing.remove(one, other)
                self.book.missed(session.id, self.line.number).remove(one, other)
            done.message_flags = bytes(kinds)
            self.forget(session)
        rows["messages"] += packet.messages
        rows["in_order"] += fresh
        rows["late"] += late_count
        rows["missing"] -= late_count
        rows["duplicates"] += packet.messages - fresh - late_count
        session.expected = max(session.expected, end)
