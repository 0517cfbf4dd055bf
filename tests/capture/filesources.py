"""Feeds from files through DPDK's net_pcap: every figure is the generator's, every frame comes
back, whatever is configured between them. The driver knows microseconds only."""
import heapq
import os
import pathlib
import re
import struct

import pcapio
import tap
from daemon import need_cpus, new_name
from madefeed import (MICROSECOND, MadeFeed, capture_file, check_file_capture, configure, cpus,
                      exported, file_port, nothing_lost, same_frames)
from program import contains, info, tickcap, tickcapd, workspace

TWO_LINES = ["--lines", "2", "--messages", "60000", "--loss", "a=0.01,b=0.02",
             "--loss-both", "0.002", "--duplicates", "0.01", "--late", "0.02"]

MANY = int(os.environ.get("TC_MESSAGES", "100000"))  # scripts/check --long: ten million

# Options of the generator; each is captured once.
FEEDS = [
    ["--seed", "1", "--messages", "30000"],
    ["--seed", "2", "--messages", "30000", "--loss", "a=0.03", "--duplicates", "0.02",
     "--late", "0.03", "--profile", "open"],
    ["--seed", "3", *TWO_LINES],
    ["--seed", "4", *TWO_LINES, "--sessions", "2", "--profile", "burst"],
    ["--seed", "5", *TWO_LINES, "--sessions", "4", "--udp-checksum", "partial"],
    ["--seed", "6", "--lines", "2", "--messages", "40000", "--loss", "a=0.5,b=0.5",
     "--udp-checksum", "zero", "--symbols", "200", "--directory", "off"],
]


# ---- what was generated is what was captured ----

def test_figures_and_frames_of_generated_feeds():
    for options in FEEDS:
        with workspace() as folder:
            feed = MadeFeed(folder, *options)
            capture, ended = capture_file(folder, new_name(), feed)
            told = check_file_capture(capture, feed)
            line = feed.expected["channels"][0]["lines"][0]
            assert f"recorded {told['frames']} frames with {told['messages']} messages" in ended.err
            assert f"{line['missing']} missing" in ended.err, ended
            clock, = told["clocks"]
            assert (clock["source"], clock["unit"]) == ("file", "us"), clock


def test_vlan():
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "20000", "--lines", "2", "--vlan", "1013")
        page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel(vlan=1013)])
        tickcapd(page, "--", "--no-huge").expect(0)
        check_file_capture(pathlib.Path(folder, "out"), feed)


def test_settings_that_must_not_show():
    rx, _ = cpus()
    small = {"batch": {"messages": 64, "age_ms": 1}, "block": {"messages": 500, "age_ms": 1}}
    rows = [({}, {"validate": "off", "idle": "adaptive", "codec": {"level": "none"}}),
            ({}, {**small, "buffer": "1MiB", "durability": {"interval_ms": 1}}),
            ({"writer_lcores": [rx]}, {}),
            ({}, {"main_cpus": [rx], "batch": {"bytes": "1MiB"}})]
    for of_port, besides in rows:
        with workspace() as folder:
            feed = MadeFeed(folder, "--seed", "7", *TWO_LINES)
            capture, _ = capture_file(folder, new_name(), feed, of_port=of_port, **besides)
            check_file_capture(capture, feed)


# ---- segments ----

def check_segments(capture, total):
    """Segments are numbered from 1, each is whole by itself, and their sum is the capture."""
    paths = sorted(capture.glob("*.tick"), key=lambda path: path.stem.split("_")[-1])
    assert [path.stem[-6:] for path in paths] == [f"{n + 1:06}" for n in range(len(paths))]
    assert not list(capture.glob("*.open"))
    frames = 0
    for path in paths:
        tickcap("verify", path).expect(0)
        frames += info(path)["frames"]
    assert frames == total
    return paths


def test_rotation_by_bytes():
    limit = 200_000
    with workspace() as folder:
        feed = MadeFeed(folder, "--seed", "8", "--messages", "150000", "--lines", "2",
                        "--loss", "a=0.01")
        capture, ended = capture_file(
            folder, new_name(), feed, output={"rotate": {"bytes": limit}},
            batch={"messages": 1024}, block={"messages": 4096})
        told = check_file_capture(capture, feed)
        paths = check_segments(capture, told["frames"])
        assert told["segments"] == len(paths) >= 5
        assert f"in {len(paths)} segments" in ended.err
        assert all(path.stat().st_size <= limit for path in paths)
        assert told["bytes_stored"] == sum(path.stat().st_size for path in paths)
        # one that is gone is missed
        paths[2].unlink()
        broken = tickcap("verify", capture).expect(1)
        assert "segments before it are missing" in broken.err + broken.text


def test_segment_begins_with_what_is_known():
    """The last segments alone still name the symbols, and go on with the figures."""
    with workspace() as folder:
        feed = MadeFeed(folder, "--seed", "9", "--messages", "150000", "--symbols", "500")
        capture, _ = capture_file(folder, new_name(), feed, output={"rotate": {"bytes": 200_000}},
                                  batch={"messages": 1024}, block={"messages": 4096})
        last = check_segments(capture, feed.expected["frames"])[-2:]
        alone = tickcap("cat", *last, "--fields", "symbol,seq").expect(0).text
        whole = tickcap("cat", capture, "--fields", "symbol,seq").expect(0).text
        assert alone.count("\n") > 1000 and whole.endswith(alone)
        assert not re.search("#[^0]", alone), "a locate without a name"  # 0 is of the system
        figures = info(*last)["channels"][0]["lines"][0]
        assert figures["gap_events"] == figures["late"] == figures["duplicates"] == 0, figures


# ---- several ports, several writers ----

def three_feeds(folder):
    """Three feeds at the same time of a day, each of its own groups."""
    rows = [("north", "4", ["--lines", "2"]), ("south", "5", ["--loss", "a=0.01"]),
            ("west", "6", ["--late", "0.02"])]
    return [MadeFeed(folder, "--seed", digit, "--messages", "20000", *options, name=name,
                     groups={line: f"233.{digit}.{n}.1:{digit}000" for n, line in enumerate("ab")
                             if line == "a" or "2" in options})
            for name, digit, options in rows]


def test_several_ports_are_merged_by_time():
    with workspace() as folder:
        feeds = three_feeds(folder)
        ports = [file_port(feed.pcap, feed.name, number) for number, feed in enumerate(feeds)]
        page = configure(folder, new_name(), ports, [feed.channel() for feed in feeds])
        tickcapd(page, "--", "--no-huge").expect(0)
        capture = pathlib.Path(folder, "out")
        tickcap("verify", capture).expect(0)
        told = info(capture)
        nothing_lost(told)
        for feed, stream, channel in zip(feeds, told["streams"], told["channels"]):
            contains(feed.expected["channels"][0], channel)
            assert stream["port"] == feed.name
            assert stream["ledger"]["recorded"] == feed.expected["frames"]
        in_time = list(heapq.merge(*(feed.frames(MICROSECOND) for feed in feeds),
                                   key=lambda frame: frame[0]))
        assert any(one[0] == other[0] for one, other in zip(in_time, in_time[1:]))  # there are ties
        same_frames(in_time, exported(capture))


def test_lines_that_arrive_at_different_ports():
    """The two lines of a channel come through two streams; the channel's figures are the same."""
    with workspace() as folder:
        feed = MadeFeed(folder, "--seed", "10", *TWO_LINES, "--sessions", "2")
        ports = []
        for number, line in enumerate(feed.lines):
            own = [frame for frame in feed.frames() if frame[2][30:34] == feed.group_bytes(line)]
            pcapio.write(pathlib.Path(folder, f"{line}.pcap"), own)
            ports.append(file_port(pathlib.Path(folder, f"{line}.pcap"), line, number))
        page = configure(folder, new_name(), ports, [feed.channel()])
        tickcapd(page, "--", "--no-huge").expect(0)
        check_merged = info(pathlib.Path(folder, "out"))
        contains(feed.expected_of_file_source(), check_merged)
        nothing_lost(check_merged)
        tickcap("verify", pathlib.Path(folder, "out")).expect(0)


def test_two_queues_of_a_port():
    need_cpus(2)
    rx, writer = cpus()
    with workspace() as folder:
        one, other, _ = three_feeds(folder)
        both = port_of_two(one, other, [rx, writer], [writer, rx])
        page = configure(folder, new_name(), [both], [one.channel(), other.channel()])
        tickcapd(page, "--", "--no-huge").expect(0)
        capture = pathlib.Path(folder, "out")
        told = info(capture)
        nothing_lost(told)
        assert [stream["queue"] for stream in told["streams"]] == [0, 1]
        for feed, channel in zip((one, other), told["channels"]):
            contains(feed.expected["channels"][0], channel)
        same_frames(list(heapq.merge(one.frames(MICROSECOND), other.frames(MICROSECOND),
                                     key=lambda frame: frame[0])), exported(capture))


def port_of_two(one, other, rx_lcores, writer_lcores):
    return {"name": "p0", "device": f"net_pcap0,rx_pcap={one.pcap},rx_pcap={other.pcap}",
            "rx_lcores": rx_lcores, "writer_lcores": writer_lcores}


def test_two_writers_of_a_stream():
    need_cpus(2)
    rx, writer = cpus()
    for messages in (65536, 2048):  # of a block; the second: many blocks for each
        with workspace() as folder:
            feed = MadeFeed(folder, "--seed", "11", *TWO_LINES)
            capture, _ = capture_file(
                folder, new_name(), feed, of_port={"writer_lcores": [rx, writer]},
                batch={"messages": messages // 8}, block={"messages": messages},
                output={"rotate": {"bytes": "1MiB"}})
            told = check_file_capture(capture, feed)
            assert all(list(capture.glob(f"*_w{number}_*.tick")) for number in range(2))
            assert messages > 60000 or told["blocks"] > 20


def test_two_writers_for_each_of_two_queues():
    """Blocks of a stream go to its writers in turn; readers put each stream's together again."""
    need_cpus(2)
    rx, writer = cpus()
    with workspace() as folder:
        one, other = (
            MadeFeed(folder, "--messages", str(MANY // 2), "--seed", seed, name=name,
                     groups={"a": f"233.1.1.{seed}:1000"})
            for name, seed in (("feed", "12"), ("other", "13")))
        both = port_of_two(one, other, [rx, writer], [writer, rx, writer, rx])
        page = configure(folder, new_name(), [both], [one.channel(), other.channel()],
                         idle="adaptive", batch={"messages": 1024}, block={"messages": 4096})
        tickcapd(page, "--", "--no-huge").expect(0)
        capture = pathlib.Path(folder, "out")
        for writer in ("s0_w0", "s0_w1", "s1_w0", "s1_w1"):
            assert list(capture.glob(f"*_{writer}_*.tick")), writer
        told = info(capture)
        nothing_lost(told)
        for feed, channel in zip((one, other), told["channels"]):
            contains(feed.expected["channels"][0], channel)
        tickcap("verify", capture).expect(0)
        same_frames(list(heapq.merge(one.frames(MICROSECOND), other.frames(MICROSECOND),
                                     key=lambda frame: frame[0])), exported(capture))


# ---- files of other kinds ----

def strange_frames():
    """Frames of no line, of every kind of length, and some that claim to be of the line."""
    frames = [bytes([length % 251]) * length for length in (14, 15, 59, 60, 1514, 2048, 2049, 9000)]
    mold = pcapio.moldudp64("20261120AA", 1, [b"S" + bytes(11)])
    good = pcapio.udp_frame(mold)
    frames += [good, good[:-5], good[:40], good + bytes(7),
               pcapio.udp_frame(pcapio.moldudp64("20261120AA", 2, [b"S" + bytes(11)], count=3)),
               pcapio.udp_frame(mold, group="239.9.9.9"), good[:12] + b"\x08\x06" + bytes(46)]
    return [(1_795_185_000 * 10**9 + number * 1234, len(frame), frame)
            for number, frame in enumerate(frames)]


def test_frames_of_every_kind_come_back():
    frames = strange_frames()
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "1000")
        for nanoseconds in (True, False):
            pcapio.write(feed.pcap, frames, nanoseconds)
            capture, _ = capture_file(folder, new_name(), feed)
            told = info(capture)
            line, = told["channels"][0]["lines"]
            assert told["frames"] == len(frames)
            assert (told["unmatched_frames"], told["malformed_frames"]) == (11, 2)
            assert (line["packets"], line["messages"]) == (2, 2)
            nothing_lost(told)
            same_frames(feed.frames(MICROSECOND), exported(capture))
            for path in capture.iterdir():
                path.unlink()


def test_file_without_frames():
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "1000")
        pcapio.write(feed.pcap, [])
        capture, ended = capture_file(folder, new_name(), feed)
        assert "recorded 0 frames with 0 messages" in ended.err
        told = info(capture)
        assert told["complete"] and told["frames"] == 0 and told["segments"] == 1
        tickcap("verify", capture).expect(0)


def test_big_endian_file():
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "5000")
        frames = feed.frames()
        with open(feed.pcap, "wb") as file:
            file.write(struct.pack(">IHHiIII", pcapio.MAGIC_NS, 2, 4, 0, 0, 262144, 1))
            for time_ns, wire, frame in frames:
                file.write(struct.pack(">IIII", *divmod(time_ns, 10**9), len(frame), wire) + frame)
        capture, _ = capture_file(folder, new_name(), feed)
        check_file_capture(capture, feed)


# ---- files that end too early ----

def test_file_that_is_cut_off():
    """All before the cut is captured and kept; where it is, is said."""
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "20000", "--lines", "2")
        whole, frames = feed.pcap.read_bytes(), feed.frames(MICROSECOND)
        starts = [24]  # of each record
        for frame in frames:
            starts.append(starts[-1] + 16 + len(frame[2]))
        middle = len(frames) // 2
        rows = [(starts[middle] + 16 + 10, middle, 1), (starts[middle] + 5, middle, 1),
                (starts[-1] - 1, len(frames) - 1, 1), (starts[0] + 16, 0, 1),
                (starts[middle], middle, 0)]  # between two frames: nothing is amiss
        for bytes_left, frames_left, code in rows:
            feed.pcap.write_bytes(whole[:bytes_left])
            capture, ended = capture_file(folder, new_name(), feed, code)
            assert f"recorded {frames_left} frames" in ended.err, ended
            if code != 0:
                assert (f"{feed.pcap}: cut off or broken at byte {starts[frames_left]} of "
                        f"{bytes_left}, after frame {frames_left}" in ended.err), ended
            assert ("cut off" in ended.err) == (code != 0)
            told = info(capture)
            assert told["complete"] and told["frames"] == frames_left
            nothing_lost(told)
            tickcap("verify", capture).expect(0)
            same_frames(frames[:frames_left], exported(capture))
            for path in capture.iterdir():
                path.unlink()


if __name__ == "__main__":
    tap.run(__name__)
