"""Senders that are faster than a port: what a driver counts stands in the file beside what was
recorded; where nobody counts, nobody is accused."""
import json
import pathlib
import time

import tap
from daemon import PATIENCE, Telemetry, need_cpus, new_name
from heldthread import HeldThread
from madefeed import MadeFeed, configure, cpus, port
from program import info, tickcap, workspace
from wires import Wire

BURSTS = 3
RATE = 100_000  # frames a second; the receiver stands still, so any rate is too much


def live_capture(folder, wire, feed, device):
    """A capture of one interface; its receiver has a CPU of its own, so that it can be held."""
    name = new_name()
    page = configure(folder, name, [port(device)], [feed.channel()], idle="adaptive",
                     batch={"age_ms": 10}, block={"age_ms": 50})
    return wire.capture(name, page, "--", "--no-huge")


def missed_by(telemetry):
    missed, = telemetry.ask("/tickcap/ports")["missed"]
    return missed


def await_all(capture, sent):
    """Until every frame that was sent has been received or missed; answers (received, missed)."""
    telemetry = Telemetry(capture.name)
    deadline = time.monotonic() + PATIENCE
    try:
        while True:
            received = telemetry.ask("/tickcap/summary")["received"]
            missed = missed_by(telemetry)
            if received + missed == sent:
                return received, missed
            assert time.monotonic() < deadline, f"{received} + {missed} of {sent}"
            time.sleep(0.02)
    finally:
        telemetry.close()


def await_quiet(capture):
    """Until what the socket holds has been received: it comes without a pause."""
    telemetry = Telemetry(capture.name)
    received, before = telemetry.ask("/tickcap/summary")["received"], -1
    while received != before or received == 0:
        time.sleep(0.2)
        before, received = received, telemetry.ask("/tickcap/summary")["received"]
    telemetry.close()


def rows_of(capture):
    """What stands in the file, in order: messages and events."""
    text = tickcap("cat", capture, "--events", "--format", "json").expect(0).text
    return [json.loads(line) for line in text.splitlines()]


def check_intervals(capture, steps):
    """The file says of each burst what was missed, at its place among the frames."""
    messages, missed, told = 0, 0, []
    for row in rows_of(capture):
        if row["kind"] == "message":
            messages += 1
        elif row["event"] == "nic":
            missed = row["missed"]
            told.append((messages, missed))
    assert missed == steps[-1][1], (missed, steps)
    for received, total in steps:
        assert total in [count for _, count in told], f"{total} missed: told is {told}"
    counts = [count for _, count in told]
    assert counts == sorted(counts), "counters never run backwards"


def test_libpcap_counts_what_it_loses():
    need_cpus(2)
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, "--messages", "60000", "--symbols", "100")
        frames = feed.expected["frames"]
        steps = []
        with live_capture(folder, wire, feed, "net_pcap0,iface=tap0") as capture:
            for number in range(BURSTS):
                with HeldThread(capture.process.pid, cpus()[0]):
                    sent, _ = wire.send(feed.pcap, RATE)
                    assert sent == frames
                steps.append(await_all(capture, frames * (number + 1)))
            ended = capture.end().expect(3)
        received, missed = steps[-1]
        assert missed > 0, "nothing was too fast"
        assert f"port p0: the driver lost {missed} frames" in ended.err, ended
        out = pathlib.Path(folder, "out")
        tickcap("verify", out).expect(0)
        told = info(out)
        assert told["frames"] + told["ledger"]["nic"]["missed"] == frames * BURSTS
        assert (told["frames"], told["ledger"]["nic"]["missed"]) == (received, missed)
        check_intervals(out, steps)


def test_af_packet_tells_of_nothing():
    """Before DPDK 25.03 the driver counts no losses: null, unknown, and never upstream."""
    need_cpus(2)
    with workspace() as folder, Wire() as wire:
        feed = MadeFeed(folder, "--messages", "60000", "--symbols", "100", "--sessions", "1")
        fast, slow = feed.halves()
        device = "net_af_packet0,iface=tap0,blocksz=4096,framesz=2048,framecnt=256"
        with live_capture(folder, wire, feed, device) as capture:
            with HeldThread(capture.process.pid, cpus()[0]):
                wire.send(fast, RATE)
            await_quiet(capture)
            wire.send(slow, 2000)
            await_quiet(capture)
            capture.end().expect(0)
        out = pathlib.Path(folder, "out")
        told = info(out)
        assert told["frames"] < feed.expected["frames"]
        for ledger in [told["ledger"]] + [stream["ledger"] for stream in told["streams"]]:
            assert ledger["nic"] == {"missed": None, "errors": None, "nombuf": None}, ledger
        gaps = json.loads(tickcap("gaps", out, "--json").expect(0).out)
        assert gaps["gaps"] and {gap["owner"] for gap in gaps["gaps"]} == {"unknown"}, gaps
        tickcap("gaps", out, "--fail-on", "unknown").expect(1)


if __name__ == "__main__":
    tap.run(__name__)
