"""Telemetry of a running capture: its answers are the figures that `info` finds in the files
afterwards."""
import pathlib
import time

import pcapio
import tap
from daemon import PATIENCE, Capture, Telemetry, new_name
from madefeed import MICROSECOND, MadeFeed, configure, file_port, port
from program import info, workspace

CAUSES = ["no_batch", "ring_full", "writer_failed", "disk_full", "shutdown"]
MERGED = ["messages", "missing", "recovered"]
FIGURES = ["packets", "messages", "in_order", "late", "duplicates", "gap_events", "missing",
           "heartbeats", "stale_heartbeats", "resets", "not_recorded"]


def two_feeds(folder):
    """Two channels with trouble on every line; to the second, frames that are none are added."""
    trouble = ["--messages", "20000", "--late", "0.02", "--duplicates", "0.01", "--sessions", "2"]
    one = MadeFeed(folder, *trouble, "--lines", "2", "--loss", "a=0.02,b=0.01", name="one",
                   groups={"a": "233.1.1.1:1000", "b": "233.1.1.2:1000"})
    other = MadeFeed(folder, *trouble, "--loss", "a=0.05", name="other",
                     groups={"a": "233.2.2.1:2000"})
    frames = other.frames()
    cut = frames[-1][2][:-1]
    frames += [(frames[-1][0], 60, bytes(60)), (frames[-1][0], len(cut), cut)]
    pcapio.write(other.pcap, frames)
    return one, other


def await_merged(telemetry, feed):
    """The lines of a channel are compared on the main lcore, which takes its time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        told = telemetry.ask("/tickcap/channels")
        row = told["name"].index(feed.name)
        merged = [told[f"merged_{name}"][row] for name in MERGED]
        if merged == [feed.expected["channels"][0]["merged"][name] for name in MERGED]:
            return
        assert time.monotonic() < deadline, merged
        time.sleep(0.02)


def await_latencies(telemetry, feed):
    """Latencies count with their block, which is written when it is old enough."""
    deadline = time.monotonic() + PATIENCE
    expected = [line["messages"] for line in feed.expected["channels"][0]["lines"]]
    while True:
        told = telemetry.ask(f"/tickcap/latencies,{feed.name}")
        if told["messages"][1::3] == expected:
            return told
        assert time.monotonic() < deadline, (told["messages"], expected)
        time.sleep(0.02)


def asked(capture, feed):
    """Every answer, when all that there is has been recorded."""
    telemetry = Telemetry(capture.name)
    try:
        await_merged(telemetry, feed)
        answers = {question: telemetry.ask(question)
                   for question in ["/tickcap/summary", "/tickcap/streams", "/tickcap/channels",
                                    "/tickcap/lines,one", "/tickcap/lines,other", "/tickcap/lines",
                                    "/tickcap/lines,nosuch",
                                    "/tickcap/leads", "/tickcap/leads,other",
                                    "/tickcap/clocks", "/tickcap/clocks,one"]}
        answers["/tickcap/latencies,one"] = await_latencies(telemetry, feed)
        listed = telemetry.ask("/")
    finally:
        telemetry.close()
    assert {"/tickcap/summary", "/tickcap/streams", "/tickcap/channels",
            "/tickcap/lines"} <= set(listed)
    return answers


def check_ledger(told, recorded, row=None):
    """A ledger as telemetry has it, or one row of its columns, against that of the files."""
    def figure(name):
        return told[name] if row is None else told[name][row]

    for name in ("received", "recorded", "filtered", "messages_dropped"):
        assert figure(name) == recorded[name], name
    for cause in CAUSES:
        assert figure(cause) == recorded["dropped"][cause], cause


def check_lines(told, channel):
    assert told["channel"] == [channel["name"]] * len(channel["lines"])
    assert told["line"] == [line["line"] for line in channel["lines"]]
    for name in FIGURES:
        assert told[name] == [line[name] for line in channel["lines"]], name


def test_answers_are_what_info_says():
    with workspace() as folder:
        feeds, name = two_feeds(folder), new_name()
        ports = [file_port(feed.pcap, feed.name, number) for number, feed in enumerate(feeds)]
        page = configure(folder, name, ports + [port("net_ring0", "idle")],
                         [feed.channel() for feed in feeds])
        with Capture(name, page, "--", "--no-huge") as capture:
            capture.await_capturing()
            capture.await_count("recorded", sum(feed.expected["frames"] for feed in feeds) + 2)
            answers = asked(capture, feeds[0])
            capture.end().expect(0)
        told = info(pathlib.Path(folder, "out"))
        check_summary(answers["/tickcap/summary"], told, name)
        streams = answers["/tickcap/streams"]
        assert streams["stream"] == [0, 1, 2] and streams["queue"] == [0, 0, 0]
        assert streams["port"] == ["one", "other", "idle"]
        for stream in told["streams"]:
            check_ledger(streams, stream["ledger"], stream["stream"])
        for channel in told["channels"]:
            check_lines(answers[f"/tickcap/lines,{channel['name']}"], channel)
        check_channels(answers["/tickcap/channels"], told["channels"])
        assert answers["/tickcap/lines"]["line"] == ["a", "b", "a"]
        assert answers["/tickcap/lines,nosuch"]["line"] == []
        check_clocks(answers["/tickcap/clocks"], answers["/tickcap/clocks,one"])
        check_leads(answers["/tickcap/leads"], answers["/tickcap/lines"], feeds[0])
        assert answers["/tickcap/leads,other"]["channel"] == [], "it has one line"
        check_latencies(answers["/tickcap/latencies,one"], told["channels"][0])


def check_summary(summary, told, name):
    check_ledger(summary, told["ledger"])
    assert (summary["name"], summary["host"], summary["tool"]) == (name, told["host"], told["tool"])
    assert summary["messages"] == told["messages"]
    assert (summary["unmatched"], summary["malformed"]) == (1, 1)
    assert (told["unmatched_frames"], told["malformed_frames"]) == (1, 1)
    assert summary["wire_bytes"] == told["bytes_wire"]
    assert 0 <= summary["bytes_stored"] <= told["bytes_stored"]


def check_channels(answer, channels):
    assert answer["name"] == [channel["name"] for channel in channels]
    assert answer["feed"] == ["moldudp64/itch50"] * len(channels)
    assert answer["lines"] == [len(channel["lines"]) for channel in channels]
    for name in FIGURES:
        sums = [sum(line[name] for line in channel["lines"]) for channel in channels]
        assert answer[name] == sums, name
    assert all(any(answer[name]) for name in FIGURES[:8]), "there is trouble of every kind"


def check_clocks(clocks, of_one):
    """The processor's counter, and the clock of each stream; empty is what nobody can know."""
    assert clocks["stream"] == ["", "0", "1", "2"]
    assert clocks["port"] == ["", "one", "other", "idle"]
    assert clocks["source"] == ["tsc", "file", "file", "tsc"]
    assert clocks["unit"] == ["ticks", "us", "us", "ticks"]
    assert clocks["epoch"] == ["start", "utc", "utc", "start"]
    assert clocks["unstamped"] == [0, 0, 0, 0] and clocks["steps"] == [0, 0, 0, 0]
    for name in ("ns_per_tick", "drift_ppb", "offset_ns", "residual_ns", "error_ns",
                 "last_correction_ns"):
        column = clocks[name]
        assert column[1:3] == ["", ""], "nobody compares a file's clock"
        assert column[0] != "" and column[3] != "", (name, column)
    assert 0.05 < float(clocks["ns_per_tick"][0]) < 10000
    assert abs(int(clocks["drift_ppb"][0])) < 1_000_000
    assert int(clocks["last_correction_ns"][0]) > 1_700_000_000 * 10**9
    assert clocks["corrections"][0] >= 1 and clocks["corrections"][1] == 0
    assert of_one["port"] == ["", "one"]


def check_leads(leads, lines, feed):
    """Every packet that came twice was led by one line; the spread is what the frames say."""
    apart = [later - first for first, later in arrivals_of_both_lines(feed)]
    assert leads["channel"] == ["one"]
    assert sum(lines["leads"][:2]) == leads["packets"][0]
    assert lines["leads"][2] == 0
    assert 0 < leads["packets"][0] <= len(apart)
    assert min(apart) <= int(leads["lowest_ns"][0]) <= int(leads["highest_ns"][0]) <= max(apart)
    ordered = [int(leads[name][0]) for name in ("lowest_ns", "p1_ns", "p50_ns", "p99_ns",
                                               "highest_ns")]
    assert ordered == sorted(ordered) and ordered[0] < ordered[-1]


def check_latencies(answer, channel):
    """What the writers counted is what info counts again."""
    kinds = {"network": "net_ns", "processing": "proc_lat_ns", "total": "total_ns"}
    rows = [(line, kind) for line in channel["lines"] for kind in kinds]
    assert answer["channel"] == [channel["name"]] * len(rows)
    assert answer["line"] == [line["line"] for line, _ in rows]
    assert answer["latency"] == [kind for _, kind in rows]
    for name, column in {"count": "messages", "min": "min_ns", "p50": "p50_ns", "p99": "p99_ns",
                         "p999": "p999_ns", "max": "max_ns"}.items():
        expected = [line["latency"][kinds[kind]][name] for line, kind in rows]
        assert [int(value) for value in answer[column]] == expected, name


def arrivals_of_both_lines(feed):
    """Receive times, on a and on b, of packets with the same bytes behind the UDP header."""
    first = [{}, {}]
    for time_ns, _, frame in feed.frames(MICROSECOND):
        line = 0 if frame[30:34] == bytes([233, 1, 1, 1]) else 1
        first[line].setdefault(frame[42:], time_ns)
    return [(first[0][packet], first[1][packet]) for packet in first[0] if packet in first[1]]


def test_nobody_answers_after_the_end():
    with workspace() as folder:
        feed, name = MadeFeed(folder, "--messages", "1000"), new_name()
        page = configure(folder, name, [port("net_ring0", "idle")], [feed.channel()])
        with Capture(name, page, "--", "--no-huge") as capture:
            capture.await_capturing()
            telemetry = Telemetry(name)
            assert telemetry.about["pid"] == capture.process.pid
            capture.end().expect(0)
            try:
                telemetry.socket.send(b"/tickcap/summary")
                answer = telemetry.socket.recv(1 << 16)
            except (BrokenPipeError, ConnectionResetError):
                answer = b""
            assert answer == b"", answer
            telemetry.close()
            try:
                Telemetry(name)
            except (ConnectionRefusedError, FileNotFoundError):
                return
            raise AssertionError("somebody still answers")


if __name__ == "__main__":
    tap.run(__name__)
