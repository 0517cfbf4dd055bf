"""What a capture must tell of frames that this host lost: each of them, where it happened."""
import json
import struct

from madefeed import exported
from program import contains, info, tickcap

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


def check_dropped(event, frames, feed):
    """A dropped event tells exactly of those frames."""
    packets = [packet_of(frame) for frame in frames]
    assert event["cause"] == "no_batch" and event["exact"]
    assert (event["unmatched"], event["malformed"], event["filtered_frames"]) == (0, 0, 0)
    assert event["messages"] == sum(packet[3] - packet[2] for packet in packets)
    assert event["wire_bytes"] == sum(map(len, frames))
    assert 0 < event["first_ns"] <= event["last_ns"]
    assert {run["channel"] for run in event["ranges"]} == {feed.name}
    told = joined((feed.group_bytes(run["line"]), run["session"].encode(), run["first"],
                   run["end"], run["packets"], run["heartbeats"], run["ends"])
                  for run in event["ranges"])
    expected = runs_of(frames)
    assert told.keys() == expected.keys()
    for line, runs in expected.items():
        for number, (one, other) in enumerate(zip(told[line], runs)):
            assert one == other, f"run {number}: {one}, expected {other}"
        assert len(told[line]) == len(runs)


def dropped_events(capture):
    """The dropped events of a capture, in order."""
    told = tickcap("cat", capture, "--events", "--format", "json").expect(0)
    events = (json.loads(line) for line in told.out.splitlines() if b'"event":"dropped"' in line)
    return [event for event in events if event["kind"] == "event"]


def find_lost(capture, sent, feed):
    """Positions of the frames that the capture says it lost. Its frames and its dropped events
    together are what was sent, in order."""
    recorded = [frame[2] for frame in exported(capture)]
    lost = []
    for event in dropped_events(capture):
        first = event["frame"] + len(lost)  # so many frames came before
        lost += range(first, first + event["frames"])
        check_dropped(event, sent[first:lost[-1] + 1], feed)
    missing = set(lost)
    assert recorded == [frame for number, frame in enumerate(sent) if number not in missing]
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
    tickcap("gaps", capture, "--fail-on", "ours").expect(1)
    told = info(capture)
    lost = find_lost(capture, sent, feed)
    ledger = told["ledger"]
    assert told["complete"] and ledger["exact"]
    assert ledger["received"] == len(sent)
    assert ledger["recorded"] == told["frames"] == len(sent) - len(lost)
    assert ledger["dropped"] == {"no_batch": len(lost), "ring_full": 0, "writer_failed": 0,
                                 "disk_full": 0, "shutdown": 0}
    check_figures(told, feed, [sent[position] for position in lost])
    return lost
