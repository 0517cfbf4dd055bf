"""Exchange times of messages, and the latencies of a segment (*Exchange times*, *Latencies*)."""
import bisect

from tickbytes import (
    BAD_TIME, EPOCH_NS, EPOCH_S, EXCH_SECOND, EXCH_TIME, MIDNIGHT_NS, MIDNIGHT_S, SECOND_NS, expect)
from tickevents import LATENCY
from ticklatencies import histogram_of

SECOND = 10**9
DAY = 86400
UNITS = {MIDNIGHT_NS: 1, MIDNIGHT_S: SECOND, EPOCH_NS: 1, EPOCH_S: SECOND, SECOND_NS: 1}


def signed(number):
    """A difference of times: modulo 2^64, read as a signed number."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


class Calendar:
    """The midnights of a zone."""

    def __init__(self, zone):
        self.starts = [start for start, _ in zone.spans]
        self.offsets = [offset for _, offset in zone.spans]
        self.days = {}

    def offset(self, second):
        """How far local time is ahead of UTC at a time; the first span holds before it too."""
        return self.offsets[max(bisect.bisect_right(self.starts, second) - 1, 0)]

    def midnight(self, day):
        """When a local day begins: at its first second."""
        if day not in self.days:
            local = day * DAY
            turns = [start for start in self.starts if abs(start - local) <= 2 * DAY]
            moments = [local - offset for offset in set(self.offsets)] + turns
            self.days[day] = min(moment for moment in moments
                                 if moment + self.offset(moment) >= local
                                 and moment - 1 + self.offset(moment - 1) < local)
        return self.days[day]

    def absolute(self, after_midnight, rx_ns):
        """A time since midnight, from the midnight that puts it closest to the receive time."""
        second = rx_ns // SECOND
        today = (second + self.offset(second)) // DAY
        times = [self.midnight(day) * SECOND + after_midnight
                 for day in (today - 1, today, today + 1)]
        return max(min(times, key=lambda time_ns: abs(time_ns - rx_ns)), 0)


class ExchangeTimes:
    """The exchange times of the messages of a stream, told in its order."""

    def __init__(self):
        self.calendars, self.fields, self.told = {}, {}, {}

    def field(self, feed, message, meaning):
        """(format, number) of the message's field of a meaning, or None."""
        number = feed.class_of(message)
        key = feed.id, number, meaning
        if key not in self.fields:
            fields = feed.types[number].fields if number < len(feed.types) else ()
            self.fields[key] = next((one for one in fields if one.meaning == meaning), None)
        one = self.fields[key]
        if one is None:
            return None
        return one.format, int.from_bytes(message[one.offset:one.offset + one.width], feed.order)

    def moment(self, line, found, rx_ns):
        """What a field says that counts from 1970 or from midnight."""
        kind, number = found
        if kind in (MIDNIGHT_NS, MIDNIGHT_S):
            zone = line.channel.zone
            calendar = self.calendars.setdefault(zone, Calendar(zone))
            return calendar.absolute(number * UNITS[kind], rx_ns)
        return number * UNITS[kind] if kind in UNITS else None

    def of(self, frame, sequence, message):
        """The exchange time of a message in ns, or None."""
        feed, line = frame.line.channel.feed, frame.line
        second = self.field(feed, message, EXCH_SECOND)
        if second is not None:
            second = self.moment(line, second, frame.rx_ns)
            seconds = self.told.setdefault(line.number, [])
            seconds.append((frame.datagram.session, sequence, second))
            del seconds[:-2]
        time = self.field(feed, message, EXCH_TIME)
        if time is None:
            return second
        if time[0] != SECOND_NS:
            return self.moment(line, time, frame.rx_ns)
        if second is None:
            earlier = [told for session, number, told in self.told.get(line.number, [])
                       if session == frame.datagram.session and number < sequence]
            second = earlier[-1] if earlier else None
        return None if second is None else second + time[1]


class SegmentLatencies:
    """What a segment's histograms must say, and what events say of latencies."""

    def __init__(self, head):
        self.head, self.times, self.values = head, ExchangeTimes(), {}
        self.told = set()

    @property
    def can_be_known(self):
        """Whether all exchange times are those of this segment's messages alone."""
        kinds = {field.format for feed in self.head.feeds for row in feed.types
                 for field in row.fields if field.meaning == EXCH_TIME}
        return SECOND_NS not in kinds or (self.head.number, self.head.writers) == (1, 1)

    def take_block(self, block):
        """A block more."""
        waiting = []
        for item in block.items():
            if not item.is_frame:
                waiting += [item] if item.kind == LATENCY else []
                continue
            times = self.take(item) if item.line else []
            for event in waiting:
                self.compare_event(event, item, times, block.offset)
            waiting = []
        expect(not waiting, block.offset, f"frames of these events: {waiting}")

    def compare_event(self, event, frame, times, offset):
        """An event of a latency tells of its frame, and is told once (*Events*, 18)."""
        said = event.contents
        expect(event.about not in self.told and frame.line
               and frame.line.number == event.about and event.time_ns == frame.rx_ns
               and said.exch_ns in times and abs(said.exch_ns - frame.rx_ns) > said.bound_ns,
               offset, f"once, times of a frame that are too far apart, found {event} of {frame}")
        self.told.add(event.about)

    def take(self, frame):
        """A frame more; answers the exchange times of its messages."""
        sent = frame.datagram
        times = [self.times.of(frame, sent.sequence + place, piece[2:])
                 for place, piece in enumerate(sent.pieces)]
        if times and not frame.flags & BAD_TIME:
            network, processing, total = self.values.setdefault(frame.line.number, ({}, {}, {}))
            waited = signed(frame.proc_ns - frame.rx_ns)
            processing[waited] = processing.get(waited, 0) + len(times)
            for time in times:
                if time is not None:
                    for row, end_ns in ((network, frame.rx_ns), (total, frame.proc_ns)):
                        apart = signed(end_ns - time)
                        row[apart] = row.get(apart, 0) + 1
        return times

    def compare(self, said, offset):
        """Box 17 says the same; lines without room are left out of it."""
        wanted = {line: tuple(map(histogram_of, values)) for line, values in self.values.items()}
        left_out = len(wanted) - len(said.lines)
        expect(left_out == said.without_room, offset,
               f"{left_out} lines without room, found {said.without_room}")
        for line, found in said.lines.items():
            expect(wanted.get(line) == found, offset,
                   f"latencies of line {line} {wanted.get(line)}, found {found}")
