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


def state_lines(stream, ledger, line_states):
    yield f"ledger {stream} {figures(ledger)}"
    for line, state in sorted(line_states.items()):
        sessions = " ".join(map(session_word, state.sessions))
        yield f"line {stream} {line} {figures(state.figures)} {sessions or '-'}"


def stream_lines(capture, lane, whole):
    """The lines of one stream; with what it came to at its end."""
    number, ledger, line_states = 0, (), {}
    for segment, block in capture.blocks(lane):
        ledger = block.ledger or ledger
        line_states.update(block.line_states)
        for item in block.items():
            item.stream = lane[0]
            if item.is_frame:
                item.number = number
                number += 1
                yield frame_line(item)
            else:
                yield event_line(item, number)
    if whole:
        heads = [one.head for one in capture.segments if one.head.stream == lane[0]]
        yield from state_lines(lane[0], ledger or heads[0].ledger, line_states)


def text_of(capture):
    """The whole text; what was cut off does not say what it came to."""
    whole = all(segment.complete for segment in capture.segments)
    return "".join(line + "\n" for lane in sorted(capture.lanes)
                   for line in stream_lines(capture, lane, whole))
