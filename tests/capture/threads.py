"""Everything that crosses threads, while it happens: receivers, writers, the main lcore that
corrects clocks, and telemetry. The thread sanitizer's build runs these."""
import pathlib

import tap
from daemon import Capture, Telemetry, need_cpus, new_name
from losses import check_lost_frames
from madefeed import (MadeFeed, check_file_capture, configure, cpus, exported, file_port,
                      nothing_lost, port)
from program import RINGCAPTURE, contains, info, tickcap, workspace

# Small batches, so that many cross the rings, and room for all of them: writers may be slow here.
BATCHES = {"batch": {"messages": 256}, "block": {"messages": 2048}, "buffer": "64MiB"}
QUESTIONS = ["/tickcap/summary", "/tickcap/streams", "/tickcap/channels", "/tickcap/lines,feed",
             "/tickcap/clocks"]


def ring_port(number=0, **besides):
    return port(f"net_ring{number}", f"p{number}", **besides)


def ask_until_the_end(capture):
    """Asks telemetry everything, again and again; answers how often it was answered."""
    telemetry, rounds = Telemetry(capture.name), 0
    try:
        while True:
            for question in QUESTIONS:
                telemetry.ask(question)
            rounds += 1
    except (ConnectionError, ValueError):  # the process has ended, or ends
        return rounds


def run_rings(folder, name, feeds, ports, *words, code=0, **besides):
    """Captures feeds through rings, one a port; answers how many frames were pushed into each."""
    channels = [feed.channel() for feed in feeds]
    page = configure(folder, name, ports, channels, **besides)
    pcaps = [feed.pcap for feed in feeds]
    with Capture(name, *words, page, *pcaps, program=RINGCAPTURE) as capture:
        capture.await_capturing()
        assert ask_until_the_end(capture) > 10
        ended = capture.end(with_signal=None).expect(code)
    return [int(line) for line in ended.text.split()]


def check_rings(feeds, ports, **besides):
    with workspace() as folder:
        pushed = run_rings(folder, new_name(), feeds, ports, **besides)
        capture = pathlib.Path(folder, "out")
        tickcap("verify", capture).expect(0)
        told = info(capture)
        nothing_lost(told)
        for feed, count, channel, stream in zip(feeds, pushed, told["channels"], told["streams"]):
            contains(feed.expected["channels"][0], channel)
            assert count == stream["ledger"]["received"] == feed.expected["frames"]
        if len(feeds) == 1:
            assert [frame[2] for frame in exported(capture)] == [
                frame[2] for frame in feeds[0].frames()]
        for clock in told["clocks"]:
            assert clock["source"] == "tsc"


def test_one_writer():
    need_cpus(2)
    with workspace() as folder:
        feed = MadeFeed(folder, "--lines", "2", "--messages", "20000", "--sessions", "2",
                        "--loss", "a=0.01", "--late", "0.01", "--duplicates", "0.01")
        check_rings([feed], [ring_port()], **BATCHES)


def test_two_writers():
    need_cpus(2)
    with workspace() as folder:
        feed = MadeFeed(folder, "--lines", "2", "--messages", "20000", "--seed", "2")
        check_rings([feed], [ring_port(writer_lcores=cpus())], idle="adaptive",
                    output={"rotate": {"bytes": "256KiB"}}, **BATCHES)


def test_two_streams_with_two_writers_each():
    need_cpus(2)
    one, other = cpus()
    with workspace() as folder:
        feeds = [MadeFeed(folder, "--messages", "15000", "--seed", str(3 + number),
                          name=("feed", "other")[number], groups={"a": f"233.1.1.{number}:1000"})
                 for number in range(2)]
        ports = [ring_port(0, writer_lcores=[other, one]),
                 ring_port(1, rx_lcores=[other], writer_lcores=[one, other])]
        check_rings(feeds, ports, durability={"interval_ms": 1}, **BATCHES)


def test_file_sources():
    """The appliance itself; there are few batches, which are used again and again."""
    need_cpus(2)
    rx, writer = cpus()
    for writers in ([writer], [rx, writer]):
        with workspace() as folder:
            feed = MadeFeed(folder, "--lines", "2", "--messages", "30000", "--seed", "5")
            name = new_name()
            page = configure(folder, name, [file_port(feed.pcap, writer_lcores=writers)],
                             [feed.channel()], **{**BATCHES, "buffer": "1MiB"})
            with Capture(name, page, "--", "--no-huge") as capture:
                capture.await_capturing()
                ask_until_the_end(capture)
                capture.end(with_signal=None).expect(0)
            check_file_capture(pathlib.Path(folder, "out"), feed)


# ---- a disk that stands still ----

def test_disk_that_stands_still():
    """Batches run out: what is lost is counted, told where it happened, and the capture goes on.
    Sessions begin and end meanwhile."""
    need_cpus(2)
    with workspace() as folder:
        feed = MadeFeed(folder, "--lines", "2", "--messages", "60000", "--seed", "6",
                        "--loss", "a=0.001", "--sessions", "30", "--symbols", "200")
        few = {**BATCHES, "buffer": "1MiB"}
        pushed, = run_rings(folder, new_name(), [feed], [ring_port()], "--stall", code=3, **few)
        assert pushed == feed.expected["frames"]
        assert len(check_lost_frames(pathlib.Path(folder, "out"), feed)) >= 500


if __name__ == "__main__":
    tap.run(__name__)
