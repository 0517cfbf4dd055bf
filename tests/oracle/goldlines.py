"""What is in a capture, as the text that stands beside the golden files (tests/golden/goldtext.h),
written with the second reader."""


def figures(numbers):
    return ",".join(map(str, numbers)) or "-"


def message_word(frame, message):
    """OFFSET.CLASS.FLAGS of a message."""
    number = frame.line.channel.feed.class_of(message.data)
    return f"{message.offset}.{number}.{message.flags}"


def frame_line(frame):
    line = "-" if frame.line is None else frame.line.number
    messages = ",".join(message_word(frame, message) for message in frame.messages)
    return (f"frame {frame.stream} {frame.number} {frame.rx_ns} {frame.proc_ns} {line} "
            f"{frame.flags:04x} {frame.wire_length} {frame.data.hex() or '-'} {messages or '-'}")


def event_line(event, number):
    return (f"event {event.stream} {number} {event.kind} {event.about} {event.time_ns} "
            f"{event.payload.hex() or '-'}")


def session_word(session):
    return (f"{session.id.hex()}.{session.first}.{session.expected}.{session.ordinal}."
            f"{session.over}")


class Ending:
    """What a stream came to at its end."""

    def __init__(self, head):
        self.ledger, self.clock, self.nic = head.ledger, head.clock, head.nic
        self.lines, self.channels = {}, {}

    def take(self, block):
        """What a block says is the latest."""
        self.ledger = block.ledger or self.ledger
        self.clock = block.clock or self.clock
        self.nic = block.nic or self.nic
        self.lines.update(block.line_states)
        self.channels.update(block.channel_states)

    def text(self, stream):
        """Its lines."""
        yield f"ledger {stream} {figures(self.ledger)}"
        for line, state in sorted(self.lines.items()):
            sessions = " ".join(map(session_word, state.sessions))
            yield f"line {stream} {line} {figures(state.figures)} {sessions or '-'}"
        for channel, numbers in sorted(self.channels.items()):
            if any(numbers):
                yield f"channel {stream} {channel} {figures(numbers)}"
        if self.nic:
            yield f"nic {stream} {self.nic.time_ns} {figures(self.nic.rows)}"
        if self.clock:
            source, unit, epoch, settled, *values, _ = self.clock
            yield f"clock {stream} {source} {unit} {epoch} {settled} {figures(values)}"


def together(histograms):
    """One histogram of several."""
    filled, buckets = [one for one in histograms if one.buckets], {}
    for one in filled:
        for place, count in one.buckets.items():
            buckets[place] = buckets.get(place, 0) + count
    return (min(one.lowest for one in filled), max(one.highest for one in filled),
            sorted(buckets.items())) if filled else None


def latency_lines(stream, segments):
    """The latencies of all segments of a stream."""
    said = [segment.said_latencies.lines for segment in segments]
    for line in sorted(set().union(*said)):
        for which in range(3):
            whole = together([lines[line][which] for lines in said if line in lines])
            if whole:
                lowest, highest, buckets = whole
                words = ",".join(f"{place}.{count}" for place, count in buckets)
                yield f"latency {stream} {line} {which} {lowest} {highest} {words}"


def stream_lines(capture, lane, whole):
    """The lines of one stream; with what it came to at its end."""
    segments = [one for writer in capture.lanes[lane].values() for one in writer]
    number, ending = 0, Ending(segments[0].head)
    for _, block in capture.blocks(lane):
        ending.take(block)
        for item in block.items():
            item.stream = lane[0]
            if item.is_frame:
                item.number = number
                number += 1
                yield frame_line(item)
            else:
                yield event_line(item, number)
    if whole:
        yield from ending.text(lane[0])
        yield from latency_lines(lane[0], segments)


def text_of(capture):
    """The whole text; what was cut off does not say what it came to."""
    whole = all(segment.complete for segment in capture.segments)
    return "".join(line + "\n" for lane in sorted(capture.lanes)
                   for line in stream_lines(capture, lane, whole))
