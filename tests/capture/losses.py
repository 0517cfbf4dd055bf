"""What a capture must tell of frames that this host lost: each of them, where it happened."""
import struct
import sys

from program import SOURCE, contains, info, tickcap

sys.path.append(str(SOURCE / "tests/oracle"))
import read_tick  # noqa: E402

DROPPED = 3  # kind of an event
NO_BATCH = 0  # cause of a drop
END = 0xFFFF  # messages, says a packet that ends a session


def packet_of(frame):
    """(group, session, first number, number behind the last, count as written) of a MoldUDP64."""
    session, first, count = struct.unpack_from(">10sQH", frame, 42)
    return frame[30:34], session, first, first + (0 if count == END else count), count


def joined(rows):
    """{line: [[session, first, end, packets, heartbeats, ends of session]]} of rows with the line
    before; rows of a line whose numbers follow each other are one."""
    runs = {}
    for line, session, first, end, *counts in rows:
        of_line = runs.setdefault(line, [])
        if of_line and of_line[-1][0] == session and of_line[-1][2] == first:
            last = of_line[-1]
            last[2:] = [end] + [one + more for one, more in zip(last[3:], counts)]
        else:
            of_line.append([session, first, end, *counts])
    return runs


def runs_of(frames):
    """What a dropped event must say of these frames."""
    rows = []
    for frame in frames:
        group, session, first, end, count = packet_of(frame)
        rows.append((group, session, first, end, 1, int(count == 0), int(count == END)))
    return joined(rows)


def check_dropped(contents, frames, groups):
    """A dropped event tells exactly of those frames."""
    assert contents.cause == NO_BATCH and contents.exact and contents.unmatched == 0
    packets = [packet_of(frame) for frame in frames]
    assert contents.messages == sum(packet[3] - packet[2] for packet in packets)
    assert contents.wire_bytes == sum(map(len, frames))
    assert 0 < contents.first_ns <= contents.last_ns
    rows = []
    for session, first, end, line, count, heartbeats, malformed, ends in contents.runs:
        assert malformed == 0
        rows.append((groups[line], session.rstrip(b"\0"), first, end, count, heartbeats, ends))
    told, expected = joined(rows), runs_of(frames)
    assert told.keys() == expected.keys()
    for line, runs in expected.items():
        for number, (one, other) in enumerate(zip(told[line], runs)):
            assert one == other, f"run {number}: {one}, expected {other}"
        assert len(told[line]) == len(runs)


def find_lost(capture, sent, groups):
    """Positions of the frames that the capture says it lost. Its frames and its dropped events
    together are what was sent, in order."""
    lost, position = [], 0
    for item in read_tick.Capture([capture]).items():
        if item.is_frame:
            assert item.data == sent[position], f"frame {position} is another"
            position += 1
        elif item.kind == DROPPED:
            end = position + item.contents.frames
            check_dropped(item.contents, sent[position:end], groups)
            lost += range(position, end)
            position = end
    assert position == len(sent), f"{position} frames are told of, {len(sent)} were sent"
    return lost


def check_figures(told, feed, lost_frames):
    """What was received counts as ever; what was not recorded is told beside it."""
    channel, = told["channels"]
    expected = feed.expected["channels"][0]
    contains(expected["merged"], channel["merged"])
    for line, want in zip(channel["lines"], expected["lines"]):
        packets = [packet_of(frame) for frame in lost_frames]
        assert line["not_recorded"] == sum(packet[3] - packet[2] for packet in packets
                                           if packet[0] == feed.group_bytes(line["line"]))
        contains({name: value for name, value in want.items()
                  if name not in ("digest", "not_recorded")}, line)


def check_lost_frames(capture, feed):
    """A capture of a feed for which batches ran out; answers the positions of what it lost."""
    sent = [frame[2] for frame in feed.frames()]
    tickcap("verify", capture).expect(0)
    told = info(capture)
    lost = find_lost(capture, sent, [feed.group_bytes(line) for line in feed.lines])
    ledger = told["ledger"]
    assert told["complete"] and ledger["exact"]
    assert ledger["received"] == len(sent)
    assert ledger["recorded"] == told["frames"] == len(sent) - len(lost)
    assert ledger["dropped"] == {"no_batch": len(lost), "ring_full": 0, "writer_failed": 0,
                                 "disk_full": 0, "shutdown": 0}
    check_figures(told, feed, [sent[position] for position in lost])
    return lost
