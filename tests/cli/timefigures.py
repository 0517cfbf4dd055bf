"""Times as info and cat tell of them: latencies, which line leads, clocks, what is out of bounds."""
import json
import random

import expectedrows
import pcapio
import tap
from clispace import HERE, imported
from expectedrows import OPENING, SECOND
from program import tickcap

HOUR = 3600 * SECOND


def events(capture, name):
    rows = tickcap("cat", capture, "--format", "json", "--events").expect(0).text.splitlines()
    return [row for row in map(json.loads, rows) if row.get("event") == name]


def packet(sequence, exch_ns, group="a"):
    """A frame with one order that the exchange stamped so."""
    message = expectedrows.itch_message(random.Random(sequence), "A", 1, exch_ns, "NVDA")
    return pcapio.udp_frame(pcapio.moldudp64("S000000001", sequence, [message]),
                            *expectedrows.GROUPS[group])


def stamped(path, times):
    """A pcap of packets made and received at those times, on line a unless a third says which."""
    frames = []
    for sequence, (exch_ns, rx_ns, *group) in enumerate(times, 1):
        frame = packet(sequence, exch_ns, *group)
        frames.append((rx_ns, len(frame), frame))
    pcapio.write(path, frames)
    return path


# ---- the bound ----

def test_times_too_far_apart_are_told_once_a_line():
    """One event for each line and segment, with both times; by default from an hour on."""
    times = [(OPENING, OPENING + 1000), (OPENING, OPENING + HOUR),
             (OPENING + 5, OPENING + HOUR + 6), (OPENING, OPENING + 2 * HOUR),
             (OPENING + 3 * HOUR, OPENING + 2 * HOUR), (OPENING + 4 * HOUR, OPENING + 2 * HOUR, "b")]
    path = stamped(HERE / "apart.pcap", times)
    one_segment = ["--set", "output.rotate.seconds=0"]
    told = events(imported("apart", path, options=one_segment), "latency")
    assert [(row["line"], row["exch_ns"], row["time_ns"], row["bound_ns"]) for row in told] == [
        ("a", OPENING + 5, OPENING + HOUR + 6, HOUR),
        ("b", OPENING + 4 * HOUR, OPENING + 2 * HOUR, HOUR)]
    for bound, count in (("3h", 0), ("7200s", 0), ("119min", 2), ("1us", 2), ("999ns", 2)):
        capture = imported(f"apart {bound}", path, options=[
            *one_segment, "--set", f"latency_bound={bound}"])
        assert len(events(capture, "latency")) == count, bound
        tickcap("verify", capture).expect(0)


if __name__ == "__main__":
    tap.run(__name__)
