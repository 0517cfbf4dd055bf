"""Events: what happened between the frames of a block (*Events*)."""
import struct
from typing import NamedTuple

from tickbytes import MOST, Cursor, expect
from tickhead import NAME
from tickstates import read_session

EVENT = struct.Struct("<BBHIQII")
LOSS = struct.Struct("<II10Q")
RUN = struct.Struct("<16s6QIIIIIHBB")

SYMBOL_KNOWN, SESSION_CLOSED, DROPPED, FILTERED = 1, 2, 3, 5
GAP_OPENED, GAP_FILLED, SESSION_START, SESSION_END, SILENT, SPEAKS = 6, 7, 8, 9, 10, 11
NIC, LINK, CLOCK_STEP, UNHEARD, BAD_STAMPS, LATENCY = 12, 13, 14, 16, 17, 18
NOTHING_LOST = 15


class Name(NamedTuple):
    """A symbol's name (kind 1)."""
    locate: int
    name: bytes


class Gap(NamedTuple):
    """Numbers that a line jumped over (kind 6)."""
    session: bytes
    first: int
    end: int
    before_ns: int
    brought: int


class Filled(NamedTuple):
    """A packet with numbers that had been missing (kind 7)."""
    session: bytes
    first: int
    end: int
    count: int
    where: int


class Started(NamedTuple):
    """A session that begins (kind 8)."""
    session: bytes
    expected: int
    ordinal: int
    reset: int


class Over(NamedTuple):
    """A session of which the feed says that it is over (kind 9)."""
    session: bytes
    expected: int


class Heard(NamedTuple):
    """A line that falls silent, or speaks again (kinds 10 and 11)."""
    heard_ns: int


class Missed(NamedTuple):
    """Counters of a port (kind 12)."""
    missed: int
    errors: int
    nombuf: int
    before_ns: int


class Link(NamedTuple):
    """The link of a port (kind 13)."""
    up: int
    mbps: int


class Step(NamedTuple):
    """A clock that was set (kind 14)."""
    step_ns: int
    whose: int


class Unheard(NamedTuple):
    """Reports between streams that were lost (kind 16)."""
    reports: int


class BadStamps(NamedTuple):
    """Receive times that were refused (kind 17)."""
    frames: int
    stamp: int
    why: int


class Latency(NamedTuple):
    """An exchange time too far from the receive time (kind 18)."""
    exch_ns: int
    bound_ns: int


class Run(NamedTuple):
    """Packets of a line that are not recorded and follow each other (*Dropped and filtered*)."""
    session: bytes
    first: int
    end: int
    first_send_time: int
    last_send_time: int
    first_offset: int
    last_offset: int
    packets: int
    heartbeats: int
    stale: int
    ends: int
    malformed: int
    line: int
    fate: int
    zero: int


class Lost(NamedTuple):
    """Frames that are not recorded (*Dropped and filtered*)."""
    cause: int
    exact: int
    frames: int
    messages: int
    unmatched: int
    malformed: int
    filtered_frames: int
    filtered_messages: int
    wire_bytes: int
    first_ns: int
    last_ns: int
    runs: tuple


# kind: (what `about` is a number of, layout of the payload, what it says)
PAYLOADS = {
    SYMBOL_KNOWN: ("channels", NAME, Name),
    GAP_OPENED: ("lines", struct.Struct("<16sQQQQ"), Gap),
    GAP_FILLED: ("lines", struct.Struct("<16sQQQQ"), Filled),
    SESSION_START: ("lines", struct.Struct("<16sQQQ"), Started),
    SESSION_END: ("lines", struct.Struct("<16sQ"), Over),
    SILENT: ("lines", struct.Struct("<Q"), Heard),
    SPEAKS: ("lines", struct.Struct("<Q"), Heard),
    NIC: ("ports", struct.Struct("<QQQQ"), Missed),
    LINK: ("ports", struct.Struct("<QQ"), Link),
    CLOCK_STEP: ("ports", struct.Struct("<qQ"), Step),
    UNHEARD: (None, struct.Struct("<Q"), Unheard),
    BAD_STAMPS: ("ports", struct.Struct("<QQQ"), BadStamps),
    LATENCY: ("lines", struct.Struct("<QQ"), Latency),
}
# What else is true of what a payload says.
TRUE = {
    GAP_OPENED: lambda gap: gap.first < gap.end and gap.brought <= gap.end - gap.first,
    GAP_FILLED: lambda one: 0 < one.count <= one.end - one.first and one.where in (1, 2),
    SESSION_START: lambda one: one.reset <= 1,
    LINK: lambda link: link.up <= 1,
    CLOCK_STEP: lambda step: step.whose <= 1,
    BAD_STAMPS: lambda bad: bad.frames and 1 <= bad.why <= 4,
}


class Event:
    """An event, and what its payload says (*Events*)."""
    __slots__ = ("stream", "kind", "about", "position", "time_ns", "payload", "contents")
    is_frame = False

    def __init__(self, kind, about, position, time_ns, payload, contents):
        self.stream = None
        self.kind, self.about, self.position, self.time_ns = kind, about, position, time_ns
        self.payload, self.contents = payload, contents

    def __repr__(self):
        return f"event {self.kind} of {self.about} at {self.time_ns}: {self.contents}"


def read_lost(kind, cursor, lines):
    """The payload of an event of kind 3 or 5."""
    *row, count = cursor.unpack(LOSS)
    expect(count <= MOST["runs"], cursor.offset, f"at most {MOST['runs']} runs, found {count}")
    lost = Lost(*row, tuple(Run(*cursor.unpack(RUN)) for _ in range(count)))
    causes = range(5) if kind == DROPPED else (NOTHING_LOST,)
    expect(lost.cause in causes and lost.exact <= 1, cursor.offset,
           f"a known cause of a loss, found {lost.cause}")
    expect((lost.frames > 0) == (kind == DROPPED), cursor.offset, "lost frames in a dropped event")
    malformed = sum(run.malformed for run in lost.runs)
    expect(malformed == lost.malformed if lost.exact else malformed <= lost.malformed,
           cursor.offset, f"{lost.malformed} malformed frames in the runs, found {malformed}")
    for run in lost.runs:
        expect(run.line < len(lines) and run.first <= run.end and not run.zero
               and (run.fate < 5 or run.fate == NOTHING_LOST), cursor.offset,
               f"a run of packets of a line, found {run}")
    return lost


def read_event(kind, about, payload, head):
    """What the payload of an event says, by its kind."""
    expect(kind not in (4, 15), payload.offset, f"no event of kind {kind} in a file")
    if kind == SESSION_CLOSED:
        of, contents = "lines", read_session(payload)
    elif kind in (DROPPED, FILTERED):
        of, contents = None, read_lost(kind, payload, head.lines)
    elif kind in PAYLOADS:
        of, layout, row = PAYLOADS[kind]
        contents = row(*payload.unpack(layout))
        expect(TRUE.get(kind, bool)(contents), payload.offset, f"a true event, found {contents}")
    else:
        return None
    host = kind == CLOCK_STEP and contents.whose == 0
    known = about == 0xFFFF if of is None or host else about < len(getattr(head, of))
    expect(known, payload.offset, f"what an event of kind {kind} is about, found {about}")
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
