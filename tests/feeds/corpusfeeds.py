"""Real captures: counts as the corpus page tells them, frames byte for byte, fields as the
reference decodes them. Each test is skipped where the corpus is not."""
import collections
import contextlib
import heapq
import json
import os
import pathlib

import pcapio
import reference
import tap
from program import corpus, info, tickcap, tickcapd, workspace

SECOND = 10**9

# file, feed, group, frames, heartbeats, seconds from first to last, messages by type
DEEP = ("dfr_20170826_IEXTP1_DEEP1.0.pcap", "iextp/deep10", "233.215.21.4:10378",
        20145, 13220, 20835,
        {"E": 16884, "H": 8895, "P": 8697, "O": 8445, "A": 5286, "T": 165, "8": 138, "5": 116,
         "S": 5, "D": 3, "B": 1})
TOPS = ("go-iex_TOPS16.pcap", "iextp/tops16", "224.67.0.199:16642",
        13022, 237, None,
        {"Q": 27217, "H": 7803, "P": 7802, "O": 7801, "T": 6390, "A": 642, "D": 10, "S": 6,
         "B": 3})

# file, day, messages by type
AAPL = ("runk_20200130_AAPL_locate13_10k.itch", (2020, 1, 30),
        {"A": 4758, "D": 4083, "E": 849, "P": 240, "L": 52, "U": 7, "X": 6, "F": 2, "R": 1, "H": 1,
         "Y": 1})
OPENING = ("jamisonrobey_12302019_SNIPPET.NASDAQ_ITCH50", (2019, 12, 30),
           {"A": 367, "F": 193, "U": 225, "D": 167, "E": 28, "X": 6, "I": 4, "P": 4, "Q": 4,
            "S": 1, "C": 1})

OMI = [("Deep.IexTp.v1.0", "iextp/deep10", "233.215.21.241:32001"),
       ("DeepPlus.IexTp.1.0.2", "iextp/deep10", "233.215.21.242:32001"),
       ("Tops.IexTp.v1.5", "iextp/tops16", "233.215.21.3:10377"),
       ("Tops.IexTp.v1.6", "iextp/tops16", "233.215.21.3:10377")]
DEEP_PLUS_ONLY = set("aLMR")  # orders; DEEP has levels instead


def configuration(channel, **besides):
    lines = [{"name": name, "group": group} for group, name in channel.lines.items()]
    return json.dumps({"name": "corpus", **besides, "channels": [  # JSON is YAML
        {"name": channel.name, "feed": channel.feed_name, "timezone": str(channel.zone),
         "lines": lines}]})


@contextlib.contextmanager
def imported(channel, *files):
    """A folder with a capture of the files, made by `tickcap import`."""
    with workspace() as folder:
        folder = pathlib.Path(folder)
        (folder / "capture.yaml").write_text(configuration(channel))
        tickcap("import", *files, "-c", folder / "capture.yaml", "-o", folder / "out").expect(0)
        yield folder / "out"


@contextlib.contextmanager
def captured(channel, file):
    """The same, made by tickcapd from DPDK's file source."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    with workspace() as folder:
        folder = pathlib.Path(folder)
        (folder / "out").mkdir()
        port = {"name": "p0", "device": f"net_pcap0,rx_pcap={file}", "rx_lcores": cpus[:1],
                "writer_lcores": cpus[-1:]}
        (folder / "capture.yaml").write_text(configuration(
            channel, ports=[port], buffer="64MiB",
            output={"directories": [str(folder / "out")]}))
        tickcapd(folder / "capture.yaml", "--", "--no-huge").expect(0)
        yield folder / "out"


def channel_of(feed, group, zone=reference.zoneinfo.ZoneInfo("UTC")):
    return reference.Channel("corpus", feed, {"a": group}, zone)


def merged(files):
    """Frames of several files as `tickcap import` joins them: the earliest, of the first file."""
    return list(heapq.merge(*map(pcapio.read, files), key=lambda frame: frame[0]))


def check_messages(channel, frames, capture, besides=()):
    """Every column and field is as the reference says; answers [(row, Message)]."""
    rows = list(channel.rows(frames))
    lines = tickcap("cat", capture, "--format", "json").expect(0).out.splitlines()
    assert len(lines) == len(rows), f"{len(lines)} messages, expected {len(rows)}"
    for (row, message), line in zip(rows, lines):
        reference.check_json(row, message, line, besides)
    print(f"{channel.feed_name}: {len(rows)} messages agree")
    return rows


def check_frames(frames, capture):
    """Good by its own checksums, and every frame comes back with its time and length."""
    tickcap("verify", capture).expect(0)
    out = capture / "export.pcap"
    tickcap("export", capture, "--format", "pcap", "-o", out).expect(0)
    assert pcapio.read(out) == frames
    out.unlink()


def check_counts(capture, packets, heartbeats, messages):
    told = info(capture)
    line, = told["channels"][0]["lines"]
    session, = line["sessions"]
    assert told["complete"]
    assert (told["frames"], told["messages"]) == (packets, messages)
    assert (told["unmatched_frames"], told["malformed_frames"]) == (0, 0)
    assert (line["packets"], line["heartbeats"]) == (packets, heartbeats)
    assert line["messages"] == line["in_order"] == messages
    assert all(line[key] == 0 for key in ("late", "duplicates", "gap_events", "missing",
                                          "stale_heartbeats", "resets", "not_recorded"))
    assert (session["first_seq"], session["last_seq"]) == (1, messages)
    return told


def check_types(rows, types):
    assert collections.Counter(row["type"] for row, _ in rows) == types
    assert all(message.type for _, message in rows), "a message is unknown"


# ---- IEX ----

def check_iex(case, make, besides=()):
    name, feed, group, packets, heartbeats, seconds, types = case
    file = corpus("iex", name)
    channel = channel_of(feed, group)
    frames = pcapio.read(file)
    with make(channel, file) as capture:
        told = check_counts(capture, packets, heartbeats, sum(types.values()))
        assert told["clocks"][0]["unit"] == "us"
        if seconds:
            assert (told["last_rx_ns"] - told["first_rx_ns"]) // SECOND == seconds
        check_types(check_messages(channel, frames, capture, besides), types)
        check_frames(frames, capture)


def test_deep_imported():
    check_iex(DEEP, imported)


def test_tops_imported():
    check_iex(TOPS, imported)


def test_deep_captured():
    check_iex(DEEP, captured, ["proc_ns"])


def test_tops_captured():
    check_iex(TOPS, captured, ["proc_ns"])


def test_iex_messages_one_by_one():
    seen = set()
    for folder, feed, group in OMI:
        for file in sorted(corpus("omi-iex", folder).glob("*.pcap")):
            channel = channel_of(feed, group)
            frames = pcapio.read(file)
            # that one joins pieces of a day: what is a restart there is no matter of feeds
            besides = ["flags"] if file.stem == "all_message_types" else []
            with imported(channel, file) as capture:
                rows = check_messages(channel, frames, capture, besides)
                check_frames(frames, capture)
            unknown = {row["type"] for row, message in rows if not message.type}
            assert unknown <= (DEEP_PLUS_ONLY if "Plus" in folder else set()), f"{file}: {unknown}"
            seen |= {(feed, row["type"]) for row, _ in rows}
    assert {("iextp/deep10", code) for code in "85BDEHIOPST" + "aLMR"} <= seen
    assert {("iextp/tops16", code) for code in "ADHOPQSTX"} <= seen


# ---- ITCH ----

def itch_messages(file):
    """Messages of a file with a length before each."""
    data, offset = file.read_bytes(), 0
    while offset < len(data):
        length = int.from_bytes(data[offset:offset + 2], "big")
        yield data[offset + 2:offset + 2 + length]
        offset += 2 + length


def in_packets(messages, most=12, within_ns=100_000):
    """Neighbours in time go into one packet."""
    packet, first = [], 0
    for message in messages:
        time = int.from_bytes(message[5:11], "big")
        if packet and (len(packet) == most or time - first > within_ns):
            yield packet
            packet = []
        if not packet:
            first = time
        packet.append(message)
    yield packet


def wrapped(messages, day):
    """Frames of a MoldUDP64 session of that day, received 200 µs after their last message."""
    midnight = reference.midnight_ns(reference.datetime.date(*day), reference.NEW_YORK)
    frames, sequence = [], 1
    for packet in in_packets(messages):
        frame = pcapio.udp_frame(pcapio.moldudp64("%02d%02d%02dX" % day, sequence, packet))
        rx_ns = midnight + int.from_bytes(packet[-1][5:11], "big") + 200_000
        frames.append((rx_ns, len(frame), frame))
        sequence += len(packet)
    return frames


def check_itch(case):
    name, day, types = case
    frames = wrapped(itch_messages(corpus("itch50", name)), day)
    channel = channel_of("moldudp64/itch50", "233.54.12.111:26477", reference.NEW_YORK)
    with workspace() as folder:
        file = pathlib.Path(folder, "wrapped.pcap")
        pcapio.write(file, frames)
        with imported(channel, file) as capture:
            check_counts(capture, len(frames), 0, sum(types.values()))
            rows = check_messages(channel, frames, capture)
            check_types(rows, types)
            check_frames(frames, capture)
            latencies = tickcap("cat", capture, "--fields", "net_ns").expect(0).out.split()
    assert all(200_000 <= int(latency) <= 300_000 for latency in latencies)
    return rows


def test_itch_of_one_symbol():
    rows = check_itch(AAPL)
    assert {row["symbol"] for row, _ in rows if row["seq"] > 100} == {"AAPL"}


def test_itch_of_the_opening():
    rows = check_itch(OPENING)
    locates = {message.fields["stock_locate"] for _, message in rows}
    assert len(locates) == 322
    assert any(row["symbol"] == f"#{message.fields['stock_locate']}" for row, message in rows)


def test_totalview_frames():
    """Scrubbed of addresses, session and sequence, so this is about layout and time only."""
    files = sorted(corpus("nasdaq-20230822").glob("*/*.pcap"))
    channel = channel_of("moldudp64/itch50", "0.0.0.0:0", reference.NEW_YORK)
    frames = merged(files)
    with imported(channel, *files) as capture:
        told = info(capture)
        assert told["frames"] == 178
        rows = check_messages(channel, frames, capture)
        check_frames(frames, capture)
    assert len(rows) == 178
    assert all(message.type for _, message in rows)
    latencies = sorted(row["rx_ns"] - row["exch_ns"] for row, _ in rows)
    assert (latencies[0], latencies[89], latencies[-1]) == (163658, 178940, 742623)
    net = told["channels"][0]["lines"][0]["latency"]["net_ns"]
    assert (net["count"], net["min"], net["max"]) == (178, 163658, 742623), net
    assert abs(net["p50"] - latencies[88]) <= latencies[88] / 100, net


if __name__ == "__main__":
    tap.run(__name__)
