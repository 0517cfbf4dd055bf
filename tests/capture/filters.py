"""`symbols` and `unmatched: filter`: which frames are recorded, told by an independent look at the
feed's frames, and what the ledger and the filtered events say of the others."""
import json
import pathlib
import struct

import pcapio
import tap
from daemon import new_name
from madefeed import MICROSECOND, MadeFeed, configure, exported, file_port, same_frames
from program import info, tickcap, tickcapd, workspace

HEADERS = 42  # Ethernet, IPv4 without options, UDP
STRANGER = bytes.fromhex("01005e0000fb0200000000020800") + bytes(46)  # of no channel


# Where a message has the symbol's name itself (TotalView-ITCH 5.0, section 4).
NAME_AT = {b"R": 11, b"H": 11, b"Y": 11, b"L": 15, b"K": 11, b"J": 11, b"h": 11, b"A": 24,
           b"F": 24, b"P": 24, b"Q": 19, b"I": 28, b"N": 11, b"O": 11}


def messages_of(frame):
    """The messages of a MoldUDP64 packet."""
    count, = struct.unpack_from(">H", frame, HEADERS + 18)
    at = HEADERS + 20
    for _ in range(count if count != 0xFFFF else 0):
        length, = struct.unpack_from(">H", frame, at)
        yield frame[at + 2:at + 2 + length]
        at += 2 + length


class Chooser:
    """Which frames of a feed must be recorded; remembers the names that directory messages give."""

    def __init__(self, symbols):
        self.symbols, self.names = symbols, {}

    def name_of(self, message):
        """None where nobody can say it yet, or where there is none."""
        at, (locate,) = NAME_AT.get(message[:1]), struct.unpack_from(">H", message, 1)
        name = message[at:at + 8].decode().rstrip() if at else self.names.get(locate)
        if message[:1] == b"R":
            self.names[locate] = name
        return name

    def keeps_message(self, message):
        name = self.name_of(message)
        return message[:1] == b"R" or name is None or name in self.symbols

    def keeps(self, frame):
        """A list first, so that every directory message is seen."""
        kept = [self.keeps_message(message) for message in messages_of(frame)]
        return any(kept) or not kept


def some_symbols(feed, count):
    """Symbols of which the feed has messages, neither the most nor the least of them."""
    chooser, seen = Chooser([]), {}
    for _, _, frame in feed.frames():
        for message in messages_of(frame):
            name = chooser.name_of(message)
            seen[name] = seen.get(name, 0) + 1
    ranked = sorted((name for name in seen if name), key=lambda name: -seen[name])
    return ranked[len(ranked) // 4:][:count]


def filtered_events(capture):
    text = tickcap("cat", capture, "--events", "--format", "json").expect(0).text
    rows = [json.loads(line) for line in text.splitlines()]
    return [row for row in rows if row["kind"] == "event" and row["event"] == "filtered"]


def check_filtered(capture, feed, frames, expected):
    """`expected` of `frames` are recorded; the trackers saw all of them, and nothing is missing."""
    tickcap("verify", capture).expect(0)
    told = info(capture)
    same_frames(expected, exported(capture))
    ledger = told["ledger"]
    assert ledger["received"] == len(frames)
    assert ledger["recorded"] == told["frames"] == len(expected)
    assert ledger["filtered"] == len(frames) - len(expected) > 0
    assert not any(ledger["dropped"].values()) and ledger["messages_dropped"] == 0
    lines = zip(told["channels"][0]["lines"], feed.expected["channels"][0]["lines"])
    for line, want in lines:
        for name in ("packets", "messages", "in_order", "late", "duplicates", "gap_events",
                     "missing", "heartbeats"):
            assert line[name] == want[name], name
    not_recorded = sum(line["not_recorded"] for line in told["channels"][0]["lines"])
    assert not_recorded == feed.expected["messages"] - told["messages"]
    events = filtered_events(capture)
    frames_told = sum(event["filtered_frames"] for event in events)
    assert frames_told == ledger["filtered"], (frames_told, ledger, events[-2:])
    assert sum(event["filtered_messages"] for event in events) == not_recorded
    assert all(gap["owner"] != "ours" for gap in json.loads(
        tickcap("gaps", capture, "--json").expect(0).out)["gaps"]), "left out is not lost"


def both_ways(folder, feed, **besides):
    """The feed through the appliance and through an import; answers both captures."""
    page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()], **besides)
    tickcapd(page, "--", "--no-huge").expect(0)
    imported = pathlib.Path(folder, "imported")
    tickcap("import", feed.pcap, "-c", page, "-o", imported).expect(0)
    return [(pathlib.Path(folder, "out"), feed.frames(MICROSECOND)), (imported, feed.frames())]


def test_symbols():
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "20000", "--symbols", "40", "--lines", "2",
                        "--loss", "a=0.01", "--late", "0.01", "--sessions", "2")
        chosen = some_symbols(feed, 3)
        for capture, frames in both_ways(folder, feed, symbols=chosen):
            chooser = Chooser(chosen)
            expected = [frame for frame in frames if chooser.keeps(frame[2])]
            check_filtered(capture, feed, frames, expected)


def test_names_that_come_late():
    """Without a directory only messages that have the name themselves can be left out."""
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "8000", "--symbols", "40", "--directory", "off")
        for capture, frames in both_ways(folder, feed, symbols=["NOSUCH"]):
            chooser = Chooser(["NOSUCH"])
            expected = [frame for frame in frames if chooser.keeps(frame[2])]
            assert any(message[:1] == b"E" for frame in expected
                       for message in messages_of(frame[2]))
            check_filtered(capture, feed, frames, expected)


def test_unmatched():
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "5000", "--symbols", "40")
        frames = feed.frames()
        for at in (0, 10, 11, len(frames) - 1):
            frames.insert(at, (frames[at][0], len(STRANGER), STRANGER))
        pcapio.write(feed.pcap, frames)
        for capture, frames in both_ways(folder, feed, unmatched="filter"):
            expected = [frame for frame in frames if frame[2] != STRANGER]
            check_filtered(capture, feed, frames, expected)
            assert info(capture)["unmatched_frames"] == 0
            assert sum(event["filtered_frames"] for event in filtered_events(capture)) == 4


if __name__ == "__main__":
    tap.run(__name__)
