"""Times of a NIC that stamps, from DPDK's callback to the file: each frame carries the truth, and
is recorded with a time no further from it than the file claims."""
import csv
import io
import pathlib

import pcapio
import tap
from daemon import Capture, need_cpus, new_name
from madefeed import cpus
from program import RINGCAPTURE, SOURCE, info, run, tickcap, workspace

FRAMES = 3000
SECOND_NS = 10**9
PAGE = """\
name: {name}
output: {{ directories: [{folder}/out] }}
buffer: 16MiB
ports:
  - {{ name: p0, device: net_ring0, profile: "{folder}/stamps.yaml",
       rx_lcores: [{rx}], writer_lcores: [{writer}] }}
channels:
  - name: feed
    feed: moldudp64/itch50
    timezone: UTC
    lines: [ {{ name: a, group: "233.54.12.111:26477" }} ]
"""


def prepare(folder, stamps):
    """A profile of stamps, a configuration and a feed of one message a packet."""
    ring = (SOURCE / "drivers-config/ring.yaml").read_text()
    assert "timestamp: { source: tsc }" in ring
    pathlib.Path(folder, "stamps.yaml").write_text(ring.replace(
        "timestamp: { source: tsc }", "timestamp: { source: nic, " + stamps + " }"))
    rx, writer = cpus()[:2]
    page = pathlib.Path(folder, "capture.yaml")
    name = new_name()
    page.write_text(PAGE.format(name=name, folder=folder, rx=rx, writer=writer))
    feed = pathlib.Path(folder, "feed.pcap")
    pcapio.write(feed, [(SECOND_NS + i, len(frame), frame) for i, frame in enumerate(
        pcapio.udp_frame(pcapio.moldudp64("TIMES", i + 1, [b"S" + bytes(10) + b"O"]))
        for i in range(FRAMES))])
    return name, page, feed


def recorded(folder, kind, stamps, code=0):
    """(rows, info, stderr) of a capture of a port of that kind."""
    name, page, feed = prepare(folder, stamps)
    with Capture(name, "--stamps", kind, page, feed, program=RINGCAPTURE) as capture:
        capture.await_capturing()
        ended = capture.end(with_signal=None).expect(code)
    out = pathlib.Path(folder, "out")
    tickcap("verify", out).expect(0)
    text = tickcap("cat", out, "--format", "csv", "--fields",
                   "rx_ns,exch_ns,proc_ns,flags").expect(0).text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == FRAMES, len(rows)
    return rows, info(out), ended.err


def check_times(rows, claimed_ns):
    """Those with a stamp are right; answers how many have software time, and were refused."""
    software = bad = 0
    for row in rows:
        flags = row["flags"].split()
        software += "software_time" in flags
        bad += "bad_time" in flags
        if "software_time" in flags:
            assert row["rx_ns"] == row["proc_ns"], row
        else:
            off = abs(int(row["rx_ns"]) - int(row["exch_ns"]))
            assert off <= claimed_ns, (off, claimed_ns, row)
    return software, bad


def check_kind(kind, stamps, source, unit, epoch):
    need_cpus(2)
    with workspace() as folder:
        rows, told, _ = recorded(folder, kind, stamps)
        clock, = told["clocks"]
        assert (clock["source"], clock["unit"], clock["epoch"]) == (source, unit, epoch), clock
        assert check_times(rows, clock["error_ns_max"]) == (0, 0), clock


def test_nanoseconds_of_utc():
    check_kind("utc", "unit: ns, epoch: utc, clock: timesync", "nic", "ns", "utc")


def test_nanoseconds_of_tai():
    check_kind("tai", "unit: auto, epoch: auto, clock: timesync", "nic", "ns", "tai")


def test_microseconds():
    check_kind("us", "unit: us, epoch: utc, clock: timesync", "nic", "us", "utc")


def test_ticks_of_a_gigahertz():
    check_kind("fast", "unit: ticks, epoch: start, clock: read_clock", "nic", "ticks", "start")


def test_ticks_of_125_megahertz():
    check_kind("slow", "unit: auto, epoch: auto, clock: read_clock", "nic", "ticks", "start")


def test_a_counter_of_32_bits():
    check_kind("wraps", "unit: ticks, epoch: start, clock: read_clock, bits: 32",
               "nic", "ticks", "start")


def test_frames_without_a_stamp_and_with_one_that_cannot_be():
    need_cpus(2)
    with workspace() as folder:
        rows, told, _ = recorded(folder, "troubled", "unit: ns, epoch: utc, clock: timesync")
        software, bad = check_times(rows, told["clocks"][0]["error_ns_max"])
        each = len(range(3, FRAMES, 16)), len(range(7, FRAMES, 16)), len(range(11, FRAMES, 16))
        assert (software, bad) == (sum(each), each[1] + each[2]), (software, bad)
        events = tickcap("cat", pathlib.Path(folder, "out"), "--events").expect(0).text
        assert 1 <= events.count("event=bad_time") <= 1 + software // 10, events


def test_a_clock_that_is_set():
    need_cpus(2)
    with workspace() as folder:
        rows, told, _ = recorded(folder, "steps", "unit: ns, epoch: utc, clock: timesync")
        clock, = told["clocks"]
        assert clock["error_ns_max"] >= SECOND_NS, clock
        check_times(rows, clock["error_ns_max"])
        check_times(rows[:500], SECOND_NS // 10)
        events = tickcap("cat", pathlib.Path(folder, "out"), "--events").expect(0).text
        steps = [line for line in events.splitlines() if "event=clock_step" in line]
        assert len(steps) == 1 and "clock=port" in steps[0], steps


def test_a_port_that_cannot_stamp():
    need_cpus(2)
    with workspace() as folder:
        rows, told, said = recorded(folder, "absent", "unit: ns, epoch: utc, clock: timesync")
        assert told["clocks"][0]["source"] == "tsc"
        assert check_times(rows, 0) == (FRAMES, 0)
        assert "port p0: profile " in said and "asks for the time of the NIC, but driver net_ring" \
            " does not offer to stamp every frame: receive times are software time" in said, said


def test_stamps_none_of_which_can_be_true_are_told():
    need_cpus(2)
    with workspace() as folder:
        rows, told, said = recorded(folder, "early", "unit: ns, epoch: utc, clock: none")
        assert check_times(rows, 0) == (FRAMES, FRAMES)
        assert told["ledger"]["bad_time"] == FRAMES
        assert "port p0: profile " in said and \
            "frames one that can be true: receive times are software time" in said, said


def test_a_clock_that_is_not_this_hosts_is_told():
    need_cpus(2)
    with workspace() as folder:
        rows, told, said = recorded(folder, "unset", "unit: ns, epoch: utc, clock: timesync")
        assert check_times(rows, told["clocks"][0]["error_ns_max"]) == (0, 0)
        assert not told["clocks"][0]["in_sync"]
        assert said.count("port p0: the clock of the NIC shows 1000 ms more than this host's") == 1


def test_a_clock_that_cannot_be_is_refused():
    need_cpus(2)
    with workspace() as folder:
        for kind, stamps, words in (
                ("fast", "unit: ns, epoch: utc, clock: read_clock", "expected UTC in ns"),
                ("tai", "unit: ns, epoch: utc, clock: timesync", "expected UTC in ns"),
                ("us", "unit: ns, epoch: tai, clock: timesync", "expected TAI in ns")):
            _, page, feed = prepare(folder, stamps)
            said = run(RINGCAPTURE, "--stamps", kind, page, feed).expect(1).err
            assert "port p0: its clock shows" in said and words in said, said


if __name__ == "__main__":
    tap.run(__name__)
