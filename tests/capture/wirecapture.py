"""Live captures: feeds are sent through a veth pair in network namespaces of their own; tickcapd
receives them through net_af_packet."""
import pathlib
import re
import signal

import pcapio
import tap
from daemon import await_readable, need_cpus, new_name
from heldthread import HeldThread
from losses import check_lost_frames
from madefeed import MadeFeed, configure, cpus, exported, nothing_lost, port
from program import SANITIZED, contains, info, tickcap, tickcapd, workspace
from tap import Skip
from wires import Wire

RATE = 50_000  # frames a second, at least
ASKED_RATE = 60_000
TRIES = 3

# The socket's ring holds a second of frames, for machines that others use too.
WIRE_PORT = "net_af_packet0,iface=tap0,framecnt=65536"

TROUBLE = ["--lines", "2", "--loss", "a=0.002,b=0.003", "--loss-both", "0.0005",
           "--duplicates", "0.001", "--late", "0.002"]


def wire_capture(folder, wire, channels, *words, **besides):
    """A tickcapd that captures into `out`, ready for frames."""
    name = new_name()
    page = configure(folder, name, [port(WIRE_PORT)], channels,
                     **{"idle": "adaptive", "buffer": "64MiB", **besides})
    return wire.capture(name, page, *words, "--", "--no-huge")


def send_and_end(wire, capture, pcap, frames, rate, code=0):
    """Sends a file, waits until all of it has been received, and ends; answers the rate."""
    with capture:
        sent, a_second = wire.send(pcap, rate)
        assert sent == frames
        capture.await_count("received", frames)
        capture.end().expect(code)
    return a_second


def check_wire_capture(folder, feed):
    """Everything that was sent is recorded: every figure, every frame."""
    capture = pathlib.Path(folder, "out")
    tickcap("verify", capture).expect(0)
    told = info(capture)
    contains(feed.expected_live(), told)
    nothing_lost(told)
    assert told["complete"] and told["frames"] == feed.expected["frames"]
    clock, = told["clocks"]
    assert clock["source"] in ("tsc", "kernel")  # which of both is what the driver can
    return told


# ---- what was sent is what was recorded ----

def test_a_million_messages():
    need_cpus(2)
    messages, asked = ("60000", 5_000) if SANITIZED else ("1000000", ASKED_RATE)
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, *TROUBLE, "--messages", messages, "--profile", "burst")
        for number in range(TRIES):
            place = pathlib.Path(folder, str(number))
            place.mkdir()
            capture = wire_capture(place, wire, [feed.channel()])
            rate = send_and_end(wire, capture, feed.pcap, feed.expected["frames"], asked)
            told = check_wire_capture(place, feed)
            print(f"{told['frames']} frames, {told['messages']} messages at {rate:.0f} frames/s")
            if rate >= RATE or SANITIZED:
                break
        else:
            raise Skip(f"the sender comes to {rate:.0f} frames/s only")


def test_frames_come_back():
    """The bytes and their order; times are of arrival, and never run backwards."""
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, *TROUBLE, "--messages", "30000", "--vlan", "7")
        capture = wire_capture(folder, wire, [feed.channel(vlan=7)], idle="spin")
        send_and_end(wire, capture, feed.pcap, feed.expected["frames"], 20_000)
        told = check_wire_capture(folder, feed)
        frames = exported(pathlib.Path(folder, "out"))
        assert [frame[2] for frame in frames] == [frame[2] for frame in feed.frames()]
        times = [frame[0] for frame in frames]
        assert times == sorted(times)
        assert (times[0], times[-1]) == (told["first_rx_ns"], told["last_rx_ns"])


def test_rotation_by_seconds():
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, "--messages", "20000", "--lines", "2")
        frames = feed.expected["frames"]
        capture = wire_capture(folder, wire, [feed.channel()],
                               output={"rotate": {"seconds": 1}}, batch={"age_ms": 10},
                               block={"age_ms": 50})
        send_and_end(wire, capture, feed.pcap, frames, frames / 3.5)  # so it takes that long
        told = check_wire_capture(folder, feed)
        paths = sorted(pathlib.Path(folder, "out").glob("*.tick"))
        assert told["segments"] == len(paths) >= 3
        starts = [segment_start_ns(path) for path in paths]
        assert all(later - start >= 10**9 for start, later in zip(starts, starts[1:])), starts


def segment_start_ns(path):
    """When a segment was begun, by its name."""
    parts = re.match(r"(\d{8})T(\d\d)(\d\d)(\d\d)\.(\d{9})Z_", path.name)
    day, hour, minute, second, ns = (int(part) for part in parts.groups())
    assert day >= 20200101
    return (day * 86400 + hour * 3600 + minute * 60 + second) * 10**9 + ns


def test_frames_of_every_length():
    """Up to what a slot of the socket's ring holds; more is refused before anything starts."""
    with workspace() as folder, Wire(mtu=9000) as wire:
        feed = MadeFeed(folder, "--messages", "1000")
        frames = [bytes([length % 251]) * length for length in (60, 61, 1514, 2048, 4000, 9014)]
        pcapio.write(feed.pcap, [(10**18, len(frame), frame) for frame in frames])
        name, words = new_name(), ["--check", "--", "--no-huge"]
        page = configure(folder, name, [port(WIRE_PORT)], [feed.channel()])
        refused = wire.run(page, *words).expect(2)
        assert "tap0 has MTU 9000" in refused.err and "framesz" in refused.err
        longer = "net_af_packet0,iface=tap0,framesz=16384,blocksz=65536,framecnt=1024"
        page = configure(folder, name, [port(longer)], [feed.channel()])
        capture = wire.capture(name, page, "--", "--no-huge")
        send_and_end(wire, capture, feed.pcap, len(frames), 1000)
        told = info(pathlib.Path(folder, "out"))
        assert told["unmatched_frames"] == told["frames"] == len(frames)
        assert [frame[2] for frame in exported(pathlib.Path(folder, "out"))] == frames


def test_interface_that_merges_frames_is_refused():
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, "--messages", "1000")
        wire.set_offload("gro", "on")
        page = configure(folder, new_name(), [port(WIRE_PORT)], [feed.channel()])
        refused = wire.run(page, "--", "--no-huge").expect(2)
        assert "ethtool -K tap0 gro off lro off" in refused.err
        wire.set_offload("gro", "off")
        plan = wire.run(page, "--check", "--", "--no-huge").expect(0)
        assert "receive time: kernel, in a unit that stamps show since 1970 (UTC)" in plan.text
        assert "losses of the driver are not counted; when no batch is free: drop" in plan.text


# ---- times ----

def test_times_of_the_kernel():
    """Where the driver passes them on; where it does not, that is told and the file says so."""
    sources = {}
    for device in (WIRE_PORT, "net_pcap0,iface=tap0"):
        with workspace() as folder, Wire() as wire:
            feed = MadeFeed(folder, "--messages", "2000")
            name = new_name()
            page = configure(folder, name, [port(device)], [feed.channel()])
            frames = feed.expected["frames"]
            with wire.capture(name, page, "--", "--no-huge") as capture:
                assert wire.send(feed.pcap, 2000)[0] == frames
                capture.await_count("received", frames)
                asked = capture.ask("/tickcap/clocks")
                ended = capture.end().expect(0)
            rows = tickcap("cat", pathlib.Path(folder, "out"), "--format", "csv", "--fields",
                           "rx_ns,proc_ns,flags").expect(0).text.split()[1:]
            clock, = info(pathlib.Path(folder, "out"))["clocks"]
            for row in rows:
                rx_ns, proc_ns, flags = row.split(",")
                assert (flags == "software_time") == (clock["source"] == "tsc"), (row, clock)
                assert 0 <= int(proc_ns) - int(rx_ns) < 10**10, row
            assert clock["source"] in ("tsc", "kernel") and clock["epoch"] in ("utc", "start")
            if clock["source"] == "kernel":  # which is this host's clock, and so nothing moves
                assert asked["error_ns"][1] == str(clock["error_ns_max"]), (asked, clock)
            driver = device.split("0,")[0]
            told = re.search(f"port p0: profile {driver.removeprefix('net_')} asks for the time of "
                             rf"the kernel, but driver {driver} gave none of the first \d+ frames "
                             "one: receive times are software time", ended.err)
            assert (told is not None) == (clock["source"] == "tsc"), (ended, clock)
            sources[driver] = clock["source"]
    assert sources["net_pcap"] == "kernel", sources


# ---- batches run out ----

def test_writer_that_stands_still():
    """The host loses frames: they are counted and told, the capture goes on and ends with 3."""
    need_cpus(2)
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, *TROUBLE, "--messages", "40000", "--sessions", "3",
                        "--symbols", "500")
        halves = feed.halves()
        capture = wire_capture(folder, wire, [feed.channel()], buffer="1MiB",
                               batch={"messages": 1024}, block={"messages": 4096})
        with capture:
            with HeldThread(capture.process.pid, cpus()[1]):
                first, _ = wire.send(halves[0], 20_000)
                summary = capture.await_count("received", first)
                assert summary["no_batch"] > 0
                assert summary["recorded"] + summary["no_batch"] == first
            wire.send(halves[1], 20_000)
            capture.await_count("received", feed.expected["frames"])
            ended = capture.end().expect(3)
        lost = check_lost_frames(pathlib.Path(folder, "out"), feed)
        assert f"no free batch: {len(lost)}" in ended.err, ended
        assert f"dropped    {len(lost)} frames with " in ended.err, ended
        after = set(range(first, feed.expected["frames"])) - set(lost)
        assert after, "nothing was recorded after the writer went on"


# ---- endings in the midst of traffic ----

def is_beginning(frames, feed):
    """They are the first frames of the feed, as many as there are."""
    assert 0 < len(frames) < feed.expected["frames"]
    sent = feed.frames()[:len(frames)]
    assert [frame[2] for frame in frames] == [frame[2] for frame in sent]


def test_signals_end_a_capture_in_the_midst_of_traffic():
    for number in (signal.SIGINT, signal.SIGTERM):
        with workspace() as folder, Wire() as wire:
            feed = MadeFeed(folder, "--messages", "60000", "--lines", "2", "--symbols", "100")
            some = feed.expected["frames"] // 4
            capture = wire_capture(folder, wire, [feed.channel()])
            with capture, wire.sending(feed.pcap, 20_000):
                capture.await_count("recorded", some)
                ended = capture.end(number).expect(0)
            out = pathlib.Path(folder, "out")
            assert not list(out.glob("*.open"))
            tickcap("verify", out).expect(0)
            told = info(out)
            nothing_lost(told)
            assert told["complete"] and told["frames"] >= some
            assert f"recorded {told['frames']} frames with {told['messages']} messages" in ended.err
            is_beginning(exported(out), feed)


def test_kill_leaves_what_was_durable():
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, "--messages", "60000", "--lines", "2", "--symbols", "100")
        some = feed.expected["frames"] // 4
        capture = wire_capture(folder, wire, [feed.channel()], batch={"age_ms": 10},
                               block={"age_ms": 50}, durability={"interval_ms": 50})
        out = pathlib.Path(folder, "out")
        with capture, wire.sending(feed.pcap, 20_000):
            readable = await_readable(capture, out, some)
            capture.end(signal.SIGKILL).expect(-signal.SIGKILL)
        assert len(list(out.glob("*.tick.open"))) == 1 and not list(out.glob("*.tick"))
        told = info(out)
        assert not told["complete"] and told["frames"] >= readable
        is_beginning(exported(out), feed)
        faults = tickcap("verify", out).expect(1).err.strip().splitlines()
        assert len(faults) == 1 and "not finished: no index and no tail" in faults[0], faults
        # the lock went with the process: the next capture starts, and leaves the first alone
        before = next(out.glob("*.tick.open")).read_bytes()
        again = wire_capture(folder, wire, [feed.channel()])
        send_and_end(wire, again, feed.pcap, feed.expected["frames"], 20_000)
        assert next(out.glob("*.tick.open")).read_bytes() == before
        whole, = out.glob("*.tick")
        contains(feed.expected_live(), info(whole))


if __name__ == "__main__":
    tap.run(__name__)
