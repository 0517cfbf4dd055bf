"""Times as info and cat tell of them: latencies, which line leads, what is out of bounds."""
import json
import math
import os
import random
import re

import expectedrows
import program
import pcapio
import tap
from clispace import HERE, Mixed, imported, refused
from expectedrows import OPENING, SECOND
from program import info, tickcap

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
             (OPENING + 3 * HOUR, OPENING + 2 * HOUR),
             (OPENING + 4 * HOUR, OPENING + 2 * HOUR, "b")]
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


# ---- latencies ----

QUANTILES = {"min": 0, "p1": 0.01, "p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1}


def check_histogram(told, values):
    """Count, ends exactly, and quantiles (nearest rank) within a hundredth."""
    values = sorted(values)
    assert told["count"] == len(values)
    for name in told.keys() - {"count"}:
        expected = values[max(math.ceil(QUANTILES[name] * len(values)), 1) - 1]
        off = 0 if name in ("min", "max") else abs(expected) / 100
        assert abs(told[name] - expected) <= off, f"{name} is {told[name]}, expected {expected}"


class Spread:
    """Packets of two lines, 1 ns to 100 s on the way, some of them before they were made."""
    made = None

    def __init__(self):
        draw = random.Random(11)
        times = []
        for _ in range(3000):
            latency = int(10**draw.uniform(0, 11)) * draw.choice([1, 1, 1, -1])
            rx_ns = OPENING + draw.randrange(3600 * SECOND)
            times.append((rx_ns - latency, rx_ns, draw.choice("ab")))
        times.sort(key=lambda row: row[1])
        self.latencies = {line: [rx_ns - exch_ns for exch_ns, rx_ns, group in times
                                 if group == line] for line in "ab"}
        self.capture = imported("spread", stamped(HERE / "spread.pcap", times), options=[
            "--set", "latency_bound=1d"])

    @classmethod
    def get(cls):
        cls.made = cls.made or cls()
        return cls.made


def lines_of(capture, channel="totalview"):
    told, = [told for told in info(capture)["channels"] if told["name"] == channel]
    return told, {line["line"]: line for line in told["lines"]}


def test_latencies_are_those_of_the_messages():
    spread = Spread.get()
    _, lines = lines_of(spread.capture)
    for name, latencies in spread.latencies.items():
        told = lines[name]["latency"]
        check_histogram(told["net_ns"], latencies)
        check_histogram(told["total_ns"], latencies)
        check_histogram(told["proc_lat_ns"], [0] * len(latencies))  # an import has no other
    tickcap("verify", spread.capture).expect(0)


def test_latencies_of_many_segments_are_those_of_all_messages():
    mixed = Mixed.get()
    for channel in ("totalview", "second, other", "deep"):
        _, lines = lines_of(mixed.capture, channel)
        for name, line in lines.items():
            rows = [row for row in mixed.rows if (row["channel"], row["line"]) == (channel, name)]
            check_histogram(line["latency"]["net_ns"], [
                int(row["rx_ns"]) - int(row["exch_ns"]) for row in rows if row["exch_ns"]])
            assert line["latency"]["proc_lat_ns"]["count"] == len(rows)


def test_a_refused_time_has_no_latency():
    times = [(OPENING, OPENING + 700), (OPENING, 5), (OPENING, OPENING + 900)]
    _, lines = lines_of(imported("norx", stamped(HERE / "norx.pcap", times)))
    check_histogram(lines["a"]["latency"]["net_ns"], [700, 900])
    assert lines["a"]["messages"] == 3


def milliseconds(text):
    number, unit = text.split()
    return float(number) * {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3}[unit]


def test_the_table_of_latencies():
    spread = Spread.get()
    _, lines = lines_of(spread.capture)
    text = tickcap("info", spread.capture).expect(0).text
    for name, line in lines.items():
        part = text.split("latencies ")[1].split(f"totalview, line {name}\n")[1]
        for row, column in (("network", "net_ns"), ("processing", "proc_lat_ns"),
                            ("total", "total_ns")):
            cells = re.split(r" {2,}", re.search(rf"^ +{row}( .*)$", part, re.M)[1].strip())
            told = line["latency"][column]
            assert int(cells[0]) == told["count"]
            for cell, quantile in zip(cells[1:], ("p50", "p99", "p999", "max"), strict=True):
                expected = told[quantile] / 1e6
                assert abs(milliseconds(cell) - expected) <= abs(expected) / 1000, (row, cell)


def drawing(capture, **environment):
    """What `info --latency` draws there."""
    cleared = {name: value for name, value in os.environ.items()
               if name != "LANG" and not name.startswith("LC_")}
    before, program.ENVIRONMENT = program.ENVIRONMENT, {**cleared, **environment}
    try:
        return tickcap("info", "--latency", capture).expect(0).out.decode()
    finally:
        program.ENVIRONMENT = before


ROW = re.compile(r"  +(?:(from|to|[-\d.]+ [num]?s) +)?([-\d.]+ [num]?s) (#*) +(\d+) +([\d.]+) %$")


def test_latencies_are_drawn():
    """Every message is in the row of its latency; bars grow with their counts; nothing is wide."""
    spread = Spread.get()
    text = drawing(spread.capture, LANG="C")
    assert text.isascii() and "\x1b" not in text
    assert all(len(line) <= 80 for line in text.splitlines())
    for name, latencies in spread.latencies.items():
        part = text.split(f"totalview, line {name}: network")[1].split("\n\n")[0]
        rows = [ROW.match(line).groups() for line in part.splitlines()[2:]]
        assert sum(int(row[3]) for row in rows) == len(latencies)
        for low, high, bar, count, _ in rows:
            low, high = (-math.inf, milliseconds(high)) if low == "to" else \
                (milliseconds(high), math.inf) if low == "from" else \
                (milliseconds(low), milliseconds(high)) if low else (0, 0)
            # a value may be a hundredth off, and so in the row beside
            near, sure = [[value for value in latencies if low - abs(low) * by <= value / 1e6
                           <= high + abs(high) * by] for by in (0.01, -0.01)]
            assert len(sure) <= int(count) <= len(near), (low, high, count)
            assert (len(bar) > 0) == (int(count) > 0), bar
        bars = sorted((int(row[3]), len(row[2])) for row in rows)
        assert bars == sorted(bars, key=lambda bar: bar[1]), "a bar is longer for less"


def test_drawings_follow_the_locale():
    capture = Spread.get().capture
    blocks, ascii_only = drawing(capture, LC_ALL="C.UTF-8"), drawing(capture)
    assert "\u2588" in blocks and "#" not in blocks
    assert all(len(line) <= 80 for line in blocks.splitlines())
    for environment in ({"LC_ALL": "C", "LANG": "C.UTF-8"}, {"LC_CTYPE": "POSIX"},
                        {"LANG": "de_DE.ISO-8859-1"}):
        assert drawing(capture, **environment) == ascii_only
    for environment in ({"LANG": "en_US.utf8"}, {"LC_CTYPE": "en_US.UTF-8", "LANG": "C"}):
        assert drawing(capture, **environment) == blocks


def test_a_narrow_spread_is_drawn_in_fine_rows():
    times = [(OPENING, OPENING + 1000 * latency_us) for latency_us in range(102, 197)]
    text = drawing(imported("narrow", stamped(HERE / "narrow.pcap", times)))
    rows = [ROW.match(line).groups() for line in text.split("\n\n")[0].splitlines()[2:]]
    # a bucket here is as wide as the values are apart, and may belong to the row beside
    assert [row[:2] for row in rows] == [("100.0 us", "120.0 us"), ("120.0 us", "150.0 us"),
                                         ("150.0 us", "200.0 us")]
    assert all(abs(int(row[3]) - count) <= 1 for row, count in zip(rows, (18, 30, 47)))


def test_json_and_drawings_exclude_each_other():
    refused(tickcap("info", "--json", "--latency", Spread.get().capture), "tickcap info",
            "--json", "--latency")


# ---- which line leads ----

def test_which_line_comes_first_and_by_how_much():
    draw = random.Random(3)
    frames, arrived = [], {}
    for sequence in range(1, 2001):
        for line in "ab":
            if draw.random() < 0.1:
                continue
            rx_ns = OPENING + sequence * 100_000 + draw.choice([0, 40, 5000, 70_000, 250_000]) + \
                draw.randrange(1000)
            frame = packet(sequence, OPENING, line)
            frames.append((rx_ns, len(frame), frame))
            arrived.setdefault(sequence, {})[line] = rx_ns
    frames.sort(key=lambda row: row[0])
    pcapio.write(HERE / "leads.pcap", frames)
    capture = imported("leads", HERE / "leads.pcap")
    apart = [both["b"] - both["a"] for both in arrived.values() if len(both) == 2]
    told, lines = lines_of(capture)
    check_histogram(told["lead_ns"], apart)
    assert lines["a"]["leads"] == sum(value > 0 for value in apart)
    assert lines["b"]["leads"] == sum(value < 0 for value in apart)
    text = tickcap("info", capture).expect(0).text
    assert f"a first {lines['a']['leads']} times, b first {lines['b']['leads']} times" in text
    assert "b less a" in text


def test_a_channel_of_one_line_leads_nobody():
    told, lines = lines_of(Mixed.get().capture, "deep")
    assert told["lead_ns"] is None and lines["a"]["leads"] == 0


# ---- a capture that has just begun ----

def test_a_capture_that_has_just_begun():
    """Its segment is empty until the first block is durable: no fault, and nothing to tell yet."""
    folder = HERE / "just begun"
    folder.mkdir()
    segment = folder / "20261120T143000.000000000Z_x_s0_w0_000001.tick.open"
    segment.touch()
    for path in (folder, segment):
        for words in ([], ["--latency"]):
            ended = tickcap("info", path, *words).expect(0)
            assert "just begun" in ended.text and ended.err == "", ended
        told = info(path)
        assert (told["complete"], told["frames"], told["channels"]) == (False, 0, [])
    assert segment.name in tickcap("verify", folder).expect(1).err
    # looked at between two pages of its first write: the head is not all there
    whole = next(Mixed.get().capture.glob("*.tick")).read_bytes()
    for length in (100, 128, 129):
        segment.write_bytes(whole[:length])
        assert "just begun" in tickcap("info", folder).expect(0).text, length
    segment.write_bytes(b"something else")
    assert segment.name in tickcap("info", folder).expect(1).err
    segment.write_bytes(b"")
    finished = folder / segment.name.replace(".open", "")
    segment.rename(finished)  # one that was finished without a byte is a fault
    ended = tickcap("info", folder).expect(1)
    assert "empty" in ended.err, ended


if __name__ == "__main__":
    tap.run(__name__)
