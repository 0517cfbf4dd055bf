"""How a capture begins and ends: its plan, its lock, signals, a duration, a kill. No network and no
root is needed: frames come from a file, and a ring into which nobody puts any keeps the capture
alive."""
import pathlib
import re
import signal
import time

import tap
from daemon import Capture, await_readable, new_name, runtime_folder
from madefeed import (MICROSECOND, MadeFeed, configure, cpus, exported, file_port, nothing_lost,
                      port, same_frames)
from program import contains, info, tickcap, tickcapd, workspace

OPTIONS = ["--lines", "2", "--messages", "20000", "--loss", "a=0.01", "--late", "0.01"]


def idle_port():
    """A port that is never exhausted."""
    return port("net_ring0", "idle")


def living(folder, feed, *words, name=None, **besides):
    """A capture of a feed's file that goes on when the file has ended."""
    name = name or new_name()
    page = configure(folder, name, [file_port(feed.pcap), idle_port()],
                     [feed.channel(port="p0")], **besides)
    return Capture(name, page, *words, "--", "--no-huge")


def check_whole(folder, feed):
    """All of the file is in a capture that has an end."""
    out = pathlib.Path(folder, "out")
    assert not list(out.glob("*.open"))
    tickcap("verify", out).expect(0)
    told = info(out)
    contains(feed.expected_of_file_source(), told)
    nothing_lost(told)
    assert told["complete"]
    same_frames(feed.frames(MICROSECOND), exported(out))
    return told


# ---- signals ----

def test_signals():
    for number in (signal.SIGINT, signal.SIGTERM):
        with workspace() as folder:
            feed = MadeFeed(folder, *OPTIONS)
            with living(folder, feed) as capture:
                capture.await_capturing()
                capture.await_count("recorded", feed.expected["frames"])
                ended = capture.end(number).expect(0)
                assert not runtime_folder(capture.name).exists(), "DPDK's folder stays behind"
            told = check_whole(folder, feed)
            assert ended.out == b""
            assert f"recorded {told['frames']} frames with {told['messages']} messages" in ended.err
            assert "dropped    0 frames with 0 messages" in ended.err
            assert f"in {told['segments']} segments in {pathlib.Path(folder, 'out')}" in ended.err
            for line in told["channels"][0]["lines"]:
                assert re.search(rf"line {line['line']} +{line['messages']} messages in "
                                 rf"{line['packets']} packets, {line['in_order']} in order, "
                                 rf"{line['late']} late", ended.err), ended


def test_signal_before_any_frame():
    with workspace() as folder:
        feed = MadeFeed(folder, *OPTIONS)
        name = new_name()
        page = configure(folder, name, [idle_port()], [feed.channel()])
        with Capture(name, page, "--", "--no-huge") as capture:
            capture.await_capturing()
            ended = capture.end().expect(0)
        assert "recorded 0 frames" in ended.err
        out = pathlib.Path(folder, "out")
        told = info(out)
        assert told["complete"] and (told["frames"], told["segments"]) == (0, 1)
        tickcap("verify", out).expect(0)


def test_kill_leaves_what_was_durable():
    """Everything had been made durable, so everything comes back; index and tail do not."""
    with workspace() as folder:
        feed = MadeFeed(folder, *OPTIONS)
        out = pathlib.Path(folder, "out")
        with living(folder, feed, batch={"age_ms": 10}, block={"age_ms": 50},
                    durability={"interval_ms": 50}) as capture:
            capture.await_capturing()
            await_readable(capture, out, feed.expected["frames"])
            capture.end(signal.SIGKILL).expect(-signal.SIGKILL)
        cut_off = list(out.glob("*.tick.open"))
        assert cut_off and not list(out.glob("*.tick"))
        told = info(out)
        contains(feed.expected_of_file_source(), told)
        nothing_lost(told)
        assert not told["complete"]
        same_frames(feed.frames(MICROSECOND), exported(out))
        faults = tickcap("verify", out).expect(1).err.strip().splitlines()
        assert len(faults) == len(cut_off), faults
        assert all("not finished: no index and no tail" in fault for fault in faults), faults


def test_duration():
    with workspace() as folder:
        feed = MadeFeed(folder, *OPTIONS)
        began = time.monotonic()
        with living(folder, feed, "--duration", "1", idle="adaptive") as capture:
            capture.await_capturing()
            ended = capture.end(with_signal=None).expect(0)
        assert time.monotonic() - began >= 1.0
        seconds, = re.findall(r"messages in ([\d.]+) s, CPU", ended.err)
        assert float(seconds) >= 1.0
        check_whole(folder, feed)


# ---- a disk that is full ----

def test_full_disk():
    """What fits is readable, and the figures at the end say how much that is."""
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "300000", "--lines", "2", "--seed", "3")
        name, out = new_name(), pathlib.Path(folder, "out")
        page = configure(folder, name, [file_port(feed.pcap)], [feed.channel()])
        # a file may have so many blocks; a write beyond is refused, as by a disk without room
        limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 3000; exec "$0" "$@"']
        with Capture(name, page, "--", "--no-huge", before=limited) as capture:
            ended = capture.end(with_signal=None).expect(1)
        segment, = out.glob("*.tick.open")
        assert f"{segment}: cannot be written: " in ended.err, ended
        told = info(out)
        assert 0 < told["frames"] < feed.expected["frames"] and not told["complete"]
        same_frames(feed.frames(MICROSECOND)[:told["frames"]], exported(out))
        assert f"recorded {told['frames']} frames with {told['messages']} messages" in ended.err
        figures = re.search(r"received +(\d+) frames[^$]*dropped +(\d+) frames.*"
                            r"disk full: (\d+)", ended.err)
        received, dropped, failed = map(int, figures.groups())
        assert received - told["frames"] == dropped == failed
        assert "are in its segments" not in ended.err and "does not close" not in ended.err


# ---- one capture a directory ----

def test_second_capture_into_a_directory_is_refused():
    with workspace() as folder:
        feed = MadeFeed(folder, *OPTIONS)
        out = pathlib.Path(folder, "out")
        with living(folder, feed) as capture:
            capture.await_capturing()
            pid = capture.process.pid
            # another capture, another configuration, the same directory among its own
            other = pathlib.Path(folder, "other")
            other.mkdir()
            page = configure(other, new_name(), [file_port(feed.pcap)], [feed.channel()],
                             output={"directories": [str(other / "out"), str(out)]})
            refused = tickcapd(page, "--", "--no-huge").expect(2)
            assert f"{out}: a capture is already running there, pid {pid}" in refused.err
            assert not list((other / "out").glob("*_w*")), "a segment was begun"
            capture.await_count("recorded", feed.expected["frames"])
            capture.end().expect(0)
        check_whole(folder, feed)
        # the lock is gone with the capture that had it
        tickcapd(page, "--", "--no-huge").expect(0)
        contains(feed.expected_of_file_source(), info(other / "out"))


# ---- the plan ----

def test_check_prints_the_plan_and_starts_nothing():
    rx, writer = cpus()
    with workspace() as folder:
        feed = MadeFeed(folder, *OPTIONS)
        name = new_name()
        page = configure(folder, name, [file_port(feed.pcap, "first"), idle_port()],
                         [feed.channel()])
        plan = tickcapd(page, "--check", "--", "--no-huge").expect(0)
        for words in [f"capture {name}: 2 ports, 2 streams, 1 channels, 2 lines",
                      f"port first: net_pcap0,rx_pcap={feed.pcap}", "profile pcap:",
                      "losses of the driver are all counted; when no batch is free: wait",
                      "receive time: file, in a unit that stamps show since 1970 (UTC), taken as "
                      "stamped; without a stamp: tsc", "receive time: tsc at the burst",
                      f"stream 0: port first queue 0, RX lcore {rx}, writer lcore {writer}, NUMA",
                      "buffer: 16 MiB a stream, 12 ms of 1,400-byte frames at 10 Gbit/s",
                      "without hugepages", f"output: {folder}/out", "GB free"]:
            assert words in plan.text, f"{words!r} is not in the plan:\n{plan.text}"
        assert plan.err == ""
        assert not pathlib.Path(folder, "out").exists(), "nothing may be made"
        assert not runtime_folder(name).exists()


def test_check_refuses_what_cannot_work():
    with workspace() as folder:
        feed = MadeFeed(folder, *OPTIONS)
        page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()])
        rows = [("ports.0.rx_lcores=[1000]", "there is no CPU 1000"),
                ("ports.0.device=0000:ff:1f.7", "no such PCI device"),
                ("ports.0.device=net_pcap0,rx_pcap=/nowhere.pcap", "/nowhere.pcap"),
                ("ports.0.device=net_af_packet0,iface=nosuch0", "no such interface"),
                ("ports.0.profile=nosuch", "there is no profile 'nosuch'"),
                ("output.directories=[/nowhere/out]", "/nowhere/out cannot be made: No such file"),
                (f"output.directories=[{page}]", f"{page} is not a directory")]
        for setting, words in rows:
            refused = tickcapd(page, "--check", "--set", setting, "--", "--no-huge").expect(2)
            assert words in refused.err and refused.err.count("\n") == 1, refused


if __name__ == "__main__":
    tap.run(__name__)
