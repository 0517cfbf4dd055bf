"""What is known at a place of a stream: of lines, channels, the ledger, the port, the clock.

*Tracker state*, *Counters* and *Clock* of docs/FORMAT.md. The same structures stand in heads, in
blocks and in indexes.
"""
import struct
from typing import NamedTuple

from tickbytes import U64, expect

SESSION_ROW = struct.Struct("<16sQQII")
CLOCK = struct.Struct("<BBBBIQQQQQqQHB5s")

LINE_ROWS = ("packets", "messages", "in_order", "late", "duplicates", "gap_events", "missing",
             "heartbeats", "stale_heartbeats", "resets", "not_recorded", "malformed", "forgotten",
             "wire_bytes")
LEDGER_ROWS = ("received", "recorded", "no_batch", "ring_full", "writer_failed", "disk_full",
               "shutdown", "filtered", "messages", "messages_dropped", "messages_filtered",
               "unmatched", "malformed", "wire_bytes", "bad_time")
CHANNEL_ROWS = ("messages", "missing", "recovered")
PORT_ROWS = ("missed", "errors", "nombuf")


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


class PortCounters(NamedTuple):
    """The counters of a port (*Tracker state*)."""
    time_ns: int
    rows: tuple


class Clock(NamedTuple):
    """A clock (*Clock*)."""
    source: int
    unit: int
    epoch: int
    settled: int
    corrections: int
    base_ticks: int
    base_ns: int
    slope: int
    bound_ns: int
    host_bound_ns: int
    residual_ns: int
    compared_ns: int
    ahead_s: int
    spare_bits: int
    zero: bytes

    def time_of(self, ticks):
        """The time of a stamp."""
        bits = 64 - self.spare_bits
        apart = (ticks - self.base_ticks) % (1 << bits)
        apart -= apart >> (bits - 1) << bits
        return self.base_ns + (apart * self.slope >> 48) & U64


def read_session(cursor):
    """A session of 40 bytes."""
    session = Session(*cursor.unpack(SESSION_ROW))
    expect(session.over <= 1, cursor.offset, "0 or 1 as the end of a session")
    return session


def read_figures(cursor):
    """Figures of a line or a channel, or a ledger: its numbers."""
    count = cursor.number(4)
    cursor.zero(4)
    return tuple(cursor.number(8) for _ in range(count))


def read_ledger(cursor):
    """A ledger; every frame has one fate (*Counters*)."""
    rows = read_figures(cursor)
    expect(len(rows) < 8 or rows[0] == sum(rows[1:8]), cursor.offset,
           f"a ledger that closes, found {rows}")
    return rows


def read_states(cursor, count, what, read):
    """{number: state} of lines or channels that changed, or have any."""
    states = {}
    while cursor.left:
        offset, number = cursor.offset, cursor.number(8)
        expect(number < count and number not in states, offset, f"the state of another {what}")
        states[number] = read(cursor)
    return states


def read_line_state(cursor):
    """Figures and open sessions of a line."""
    offset = cursor.offset
    figures, count = read_figures(cursor), cursor.number(8)
    expect(count <= 2, cursor.offset, f"at most 2 open sessions, found {count}")
    sessions = tuple(read_session(cursor) for _ in range(count))
    if len(figures) >= len(LINE_ROWS):
        _, messages, in_order, late, duplicates, *_ = figures
        expect(messages == in_order + late + duplicates, offset,
               f"messages that are in order, late or duplicates, found {figures}")
    ordinals = [session.ordinal for session in sessions]
    expect(ordinals == sorted(ordinals, reverse=True) and len(set(ordinals)) == count, offset,
           f"the current session first, found ordinals {ordinals}")
    return LineState(figures, sessions)


def read_line_states(cursor, lines):
    """{line: state} of box 10 or of the column *lines*."""
    return read_states(cursor, len(lines), "line", read_line_state)


def read_channel_states(cursor, channels):
    """{channel: figures} of box 15 or of the column *channels*."""
    return read_states(cursor, len(channels), "channel", read_figures)


def read_counters(cursor):
    """The counters of a port."""
    return PortCounters(cursor.number(8), read_figures(cursor))


def read_clock(cursor):
    """The 72 bytes of *Clock*, checked."""
    clock = Clock(*cursor.unpack(CLOCK))
    expect(clock.source <= 3 and clock.unit <= 2 and clock.epoch <= 2 and clock.settled <= 1,
           cursor.base, "a clock with known source, unit and epoch")
    expect(not any(clock.zero), cursor.base, "5 reserved bytes of zero in a clock")
    expect(clock.spare_bits < 64, cursor.base, "a counter of at least one bit")
    return clock
