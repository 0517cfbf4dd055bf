"""Losses of the feed: every figure of a capture, and every gap that it lists, is the generator's,
whether the lines of the channel arrive in one stream or in two."""
import json
import pathlib
import random

import pcapio
import tap
from daemon import new_name
from madefeed import (MICROSECOND, MadeFeed, check_file_capture, configure, file_port,
                      nothing_lost)
from program import contains, info, tickcap, tickcapd, workspace

SEEDS = range(20)
FIGURES = ["line", "session", "first_seq", "last_seq", "messages", "late", "recovered", "lost"]


def trouble(seed):
    """Options of a feed; what goes wrong differs from seed to seed."""
    draw = random.Random(seed)
    lines = 1 + seed % 2
    losses = ",".join(f"{line}={draw.choice([0, 0.001, 0.02, 0.3])}" for line in "ab"[:lines])
    options = ["--seed", str(seed), "--lines", str(lines), "--messages", "8000",
               "--symbols", "300", "--loss", losses, "--late", str(draw.choice([0, 0.01, 0.1])),
               "--duplicates", str(draw.choice([0, 0.01, 0.1])),
               "--sessions", str(1 + draw.randrange(3)),
               "--profile", draw.choice(["quiet", "open", "burst"])]
    return options + (["--loss-both", str(draw.choice([0, 0.005, 0.05]))] if lines == 2 else [])


def listed_gaps(capture, *words):
    return json.loads(tickcap("gaps", capture, "--json", *words).expect(0).out)


def microseconds(time_ns):
    return time_ns // MICROSECOND * MICROSECOND


def same_gaps(expected, told):
    """The gaps of each line are those, in that order, with the times of net_pcap's unit."""
    assert len(told) == len(expected), (len(told), len(expected))
    for one, other in zip(expected, told):
        assert [one[name] for name in FIGURES] == [other[name] for name in FIGURES], (one, other)
        assert microseconds(one["before_ns"]) == other["before_ns"], (one, other)
        assert microseconds(one["after_ns"]) == other["after_ns"], (one, other)
        if one["recovered"] > 0:
            assert other["recovered_by"] == ("b" if one["line"] == "a" else "a"), other


def check_totals(told, expected):
    totals = told["totals"]
    for name in ("messages", "late", "recovered", "lost"):
        assert totals[name] == sum(gap[name] for gap in expected), name
    assert totals["gaps"] == len(expected) == sum(totals["owners"].values())


def split_lines(feed, folder):
    """A file for each line of a feed."""
    paths = []
    for line in feed.lines:
        address = feed.group_bytes(line)
        paths.append(pathlib.Path(folder, f"line_{line}.pcap"))
        pcapio.write(paths[-1], [frame for frame in feed.frames() if frame[2][30:34] == address])
    return paths


def check_gaps(capture, feed):
    told = listed_gaps(capture)
    same_gaps(feed.gaps, told["gaps"])
    check_totals(told, feed.gaps)
    owners = told["totals"]["owners"]
    assert owners["upstream"] == len(feed.gaps), f"a file loses nothing: {owners}"


def test_counters_are_looked_at_after_the_last_block():
    """The last block is old before the file is found to have ended; the tail knows of that look."""
    with workspace() as folder:
        feed = MadeFeed(folder, *trouble(1))
        page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()],
                         batch={"age_ms": 1}, block={"age_ms": 5})
        tickcapd(page, "--", "--no-huge").expect(0)
        assert feed.gaps
        check_gaps(pathlib.Path(folder, "out"), feed)


# ---- 20 seeds ----

def test_lines_in_one_stream():
    fates = set()
    for seed in SEEDS:
        with workspace() as folder:
            feed = MadeFeed(folder, *trouble(seed))
            page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()])
            tickcapd(page, "--", "--no-huge").expect(0)
            capture = pathlib.Path(folder, "out")
            check_file_capture(capture, feed)
            check_gaps(capture, feed)
            fates |= {name for gap in feed.gaps for name in ("late", "recovered", "lost")
                      if gap[name]}
    assert fates == {"late", "recovered", "lost"}, "every fate was among them"


def test_lines_in_two_streams():
    for seed in SEEDS:
        with workspace() as folder:
            feed = MadeFeed(folder, *trouble(seed | 1))
            first, second = split_lines(feed, folder)
            page = configure(folder, new_name(),
                             [file_port(first, "p0"), file_port(second, "p1", 1)],
                             [feed.channel()])
            tickcapd(page, "--", "--no-huge").expect(0)
            capture = pathlib.Path(folder, "out")
            tickcap("verify", capture).expect(0)
            told = info(capture)
            contains(feed.expected_of_file_source(), told)
            nothing_lost(told)
            check_gaps(capture, feed)


# ---- what a person sees, and what a script asks for ----

def test_text_has_a_line_a_gap():
    with workspace() as folder:
        feed = MadeFeed(folder, *trouble(3))
        page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()])
        tickcapd(page, "--", "--no-huge").expect(0)
        capture = pathlib.Path(folder, "out")
        text = tickcap("gaps", capture).expect(0).text.splitlines()
        assert len(feed.gaps) > 0
        for gap, line in zip(feed.gaps, text):
            assert line.startswith(f"feed line {gap['line']}, session {gap['session']}: "
                                   f"{gap['first_seq']} to {gap['last_seq']} "), line
            assert line.endswith("; upstream"), line
        totals = text[len(feed.gaps):]
        assert [line.split(":")[0] for line in totals[:-1]] == \
            ["feed line a", "feed line b", "feed, all lines"], totals
        assert totals[-1].startswith(f"{len(feed.gaps)} gaps of "), totals


def test_fail_on():
    rows = [("0.02", {"ours": 0, "unknown": 0, "any": 1}), ("0", {"any": 0})]
    for loss, codes in rows:
        with workspace() as folder:
            feed = MadeFeed(folder, "--messages", "5000", "--loss", f"a={loss}")
            page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()])
            tickcapd(page, "--", "--no-huge").expect(0)
            for word, code in codes.items():
                tickcap("gaps", pathlib.Path(folder, "out"), "--fail-on", word).expect(code)


def test_unknown_where_the_driver_cannot_count():
    """An import cannot tell what its files lack."""
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "5000", "--loss", "a=0.02")
        page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()])
        out = pathlib.Path(folder, "imported")
        tickcap("import", feed.pcap, "-c", page, "-o", out).expect(0)
        told = listed_gaps(out)
        assert told["gaps"] and all(gap["owner"] == "unknown" for gap in told["gaps"])
        tickcap("gaps", out, "--fail-on", "unknown").expect(1)
        tickcap("gaps", out, "--fail-on", "ours").expect(0)


if __name__ == "__main__":
    tap.run(__name__)
