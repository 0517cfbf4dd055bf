"""The second reader against tickcap: what one reads the other reads, what one refuses the other
refuses. The second reader was written from docs/FORMAT.md alone; where the two differ, the page
decides who is wrong."""
import decimal
import json
import pathlib
import random
import struct
import sys

import xxhash

import pcapio
import tap
from program import SOURCE, tickcap, tickcapd, workspace

sys.path[:0] = [str(SOURCE / "tests" / folder) for folder in ("oracle", "cli", "golden", "capture")]

import expectedrows  # noqa: E402
import filters  # noqa: E402
import goldlines  # noqa: E402
import make_golden  # noqa: E402
import oddfeed  # noqa: E402
import pcapinout  # noqa: E402
import threads  # noqa: E402
from daemon import need_cpus, new_name  # noqa: E402
from madefeed import MadeFeed, configure, cpus, file_port  # noqa: E402
from read_tick import Capture, Fault  # noqa: E402
from tickbytes import Cursor, LOCATE, SESSION, SYMBOL, TYPE  # noqa: E402

GOLDEN = SOURCE / "tests/golden"
SPACE = workspace()
HERE = pathlib.Path(SPACE.name)
SMALL = ["--set", "batch.messages=50", "--set", "block.messages=100"]
FLAGS = [(1, "late"), (2, "duplicate")]
GAP, BAD_TIME, SOFTWARE_TIME = 0x0002, 0x0100, 0x0080
LEDGER = ["received", "recorded", "no_batch", "ring_full", "writer_failed", "disk_full",
          "shutdown", "filtered", "messages", "messages_dropped"]
FIGURES = ["packets", "messages", "in_order", "late", "duplicates", "gap_events", "missing",
           "heartbeats", "stale_heartbeats", "resets", "not_recorded"]


def same(what, got, expected):
    """Two sequences, item by item."""
    for place, (one, other) in enumerate(zip(got, expected)):
        assert one == other, f"{what} {place} is\n{one}, the second reader has\n{other}"
    assert len(got) == len(expected), \
        f"{len(got)} of {what}, the second reader has {len(expected)}"


def import_of(name, inputs, configuration, *options):
    """A capture made by import."""
    (HERE / f"{name}.yaml").write_text(configuration)
    tickcap("import", *inputs, "-c", HERE / f"{name}.yaml", "-o", HERE / name,
            *options).expect(0)
    return HERE / name


# ---- golden files ------------------------------------------------------------------------------


def test_golden_captures_are_what_was_recorded():
    folders = sorted(path for path in (GOLDEN / "captures").iterdir())
    assert len(folders) >= 16
    for folder in folders:
        got = goldlines.text_of(Capture([folder])).splitlines()
        expected = (folder / "expected.txt").read_text().splitlines()
        same(f"{folder.name}: lines", expected, got)


def test_golden_captures_have_every_kind_of_column_and_stage():
    """What the files are there for: nothing of the format is without one."""
    kinds, stages, fields, events = set(), set(), set(), set()
    for path in (GOLDEN / "captures").glob("*/*.tick*"):
        if ".open" in path.name:
            continue
        file = make_golden.File(path.read_bytes())
        for block in file.blocks():
            for key, (entry, at, _) in file.columns(block).items():
                kinds.add(file.data[entry + 1])
                fields.add(key[3] if key[0] == 0 else -key[2] - 1)
                stages.add(file.data[at] & 3)
        events |= {item.kind for item in Capture([path]).items() if not item.is_frame}
    assert kinds == set(range(1, 7)), f"kinds of columns: {kinds}"
    assert stages >= {0, 1, 2}, f"stages of streams: {stages}"
    wanted = set(range(1, 19)) - {4, 15}  # those that are never in a file
    assert events == wanted, f"kinds of events: {events}"
    missing = set(range(1, 30)) - fields
    assert not missing, f"columns of frames and packets that no file has: {missing}"
    assert {-0xFE - 1, -0xFF - 1} <= fields, "shared columns, or messages of no type"


def broken_names():
    lines = (GOLDEN / "broken/sentences.txt").read_text().splitlines()
    return [line.split("\t")[0] for line in lines if not line.startswith("#")]


def is_refused(path):
    """The sentence by which the second reader refuses a file or a folder, or None."""
    try:
        Capture([path]).check()
    except Fault as fault:
        return str(fault)
    return None


def test_broken_golden_files_are_refused_by_both():
    names = broken_names()
    assert len(names) >= 40
    for name in names:
        assert is_refused(GOLDEN / "broken" / name), f"the second reader takes {name}"
        ended = tickcap("verify", GOLDEN / "broken" / name).expect(1)
        assert name in ended.err, f"{name} is not named: {ended!r}"


# ---- the same, said twice ----------------------------------------------------------------------


def session_text(session, framing):
    field = framing.field(SESSION)
    if field.format != 3:
        return str(int.from_bytes(session[:field.width], framing.order))
    raw = session[:field.width]
    if all(0x20 <= letter < 0x7F for letter in raw):
        return raw.decode().rstrip(" ")
    return raw.hex()


def value_of(field, message, order):
    """A field as JSON has it: exact."""
    raw = message[field.offset:field.offset + field.width]
    if field.format == 3:
        return raw.decode("latin-1").rstrip(" ")
    if field.format == 0:
        return raw.hex()
    number = int.from_bytes(raw, order, signed=field.format in (2, 5))
    if field.format in (4, 5):
        return f"{decimal.Decimal(number).scaleb(-field.scale):.{field.scale}f}"
    return number


class Names:
    """Symbols by channel and locate, as they become known."""

    def __init__(self, capture):
        self.known = {}
        for segment in capture.segments:
            for channel, names in segment.head.symbols().items():
                self.known.setdefault(channel, {}).update(
                    {} if segment.head.number > 1 else names)

    def event(self, event):
        if event.kind == 1:
            locate, name = event.contents
            self.known.setdefault(event.about, {})[locate] = name

    def symbol(self, channel, feed, row, message):
        """The name of a message's symbol, learned from it where it is a directory message."""
        fields = {field.meaning: field for field in reversed(row.fields)}
        own, locate = fields.get(SYMBOL), fields.get(LOCATE)
        number = locate and int.from_bytes(
            message[locate.offset:locate.offset + locate.width], feed.order)
        name = own and message[own.offset:own.offset + own.width]
        if row.flags & 1 and locate and own and feed.flags & 2 and any(name):
            self.known.setdefault(channel, {})[number] = name
        if own is None and locate:
            name = self.known.get(channel, {}).get(number, f"#{number}".encode())
        return None if name is None else name.decode("latin-1").rstrip(" ")


def row_of(frame, place, message, names):
    """What `cat --format json` says of a message, but for the exchange's time."""
    line, feed = frame.line, frame.line.channel.feed
    number = feed.class_of(message.data)
    row = feed.types[number] if number < len(feed.types) else None
    flags = [name for bit, name in FLAGS if message.flags & bit]
    flags += ["gap_before"] if place == 0 and frame.flags & GAP else []
    flags += ["bad_time"] if frame.flags & BAD_TIME else []
    flags += ["software_time"] if frame.flags & SOFTWARE_TIME else []
    return {
        "kind": "message", "stream": frame.stream, "frame": frame.number, "index": place,
        "rx_ns": frame.rx_ns, "proc_ns": frame.proc_ns, "channel": line.channel.name,
        "line": line.name, "seq": message.sequence, "length": len(message.data),
        "session": session_text(frame.datagram.session or session_of(frame), feed.framing),
        "message": message.data.hex(), "flags": " ".join(flags),
        "symbol": row and names.symbol(line.channel_number, feed, row, message.data),
        "fields": {field.name: value_of(field, message.data, feed.order)
                   for field in (row.fields if row else ()) if field.meaning != TYPE}}


def session_of(frame):
    raise AssertionError(f"a frame with messages has no session: {frame}")


def compare_rows(path, items, capture):
    names, expected = Names(capture), []
    for item in items:
        if not item.is_frame:
            names.event(item)
            continue
        expected += [row_of(item, place, message, names)
                     for place, message in enumerate(item.messages)]
    lines = tickcap("cat", path, "--format", "json").expect(0).text.splitlines()
    got = [json.loads(line) for line in lines]
    for row in got:
        row.pop("exch_ns"), row.pop("type")
    same("messages", got, expected)
    return len(expected)


def compare_frames(path, items):
    out = HERE / "export.pcap"
    tickcap("export", path, "--format", "pcap", "-o", out).expect(0)
    same("frames", pcapio.read(out), [(item.rx_ns, item.wire_length, item.data)
                                      for item in items if item.is_frame])


class LineCounts:
    """What is counted of a line, from frames, events and states."""

    def __init__(self):
        self.digest, self.sessions, self.figures = xxhash.xxh3_64(), {}, (0,) * 14

    def take(self, frame):
        for message in frame.messages:
            self.digest.update(len(message.data).to_bytes(2, "big") + message.data)


def count_lines(capture):
    """{line number: counts} of a capture of one stream: what each block says is the latest."""
    lines = {}
    for _, block in capture.blocks(next(iter(capture.lanes))):
        for frame in block.frames:
            if frame.line:
                lines.setdefault(frame.line.number, LineCounts()).take(frame)
        for number, state in block.line_states.items():
            counts = lines.setdefault(number, LineCounts())
            counts.figures = state.figures
            counts.sessions.update((session.ordinal, session) for session in state.sessions)
        for event in block.events:
            if event.kind == 2:
                session = event.contents
                lines.setdefault(event.about, LineCounts()).sessions[session.ordinal] = session
    return lines


def line_as_info(line, counts):
    """A line as `info --json` has it."""
    sessions = [{"id": session_text(session.id, line.channel.feed.framing),
                 "first_seq": session.first, "last_seq": session.expected - 1,
                 "end_seen": bool(session.over)}
                for _, session in sorted(counts.sessions.items())]
    return {"line": line.name, "digest": counts.digest.hexdigest(), "sessions": sessions,
            **dict(zip(FIGURES, counts.figures))}


def ledger_as_info(rows):
    named = dict(zip(LEDGER, rows))
    return {"received": named["received"], "recorded": named["recorded"],
            "filtered": named["filtered"], "messages_dropped": named["messages_dropped"],
            "dropped": {name: named[name] for name in LEDGER[2:7]}}


def subset(got, expected, where="$"):
    """Everything of `expected` is in `got`."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            subset(got[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(got) == len(expected), f"{where}: {len(got)} items, expected {len(expected)}"
        for place, (one, other) in enumerate(zip(got, expected)):
            subset(one, other, f"{where}[{place}]")
    else:
        assert got == expected, f"{where} is {got!r}, the second reader has {expected!r}"


def compare_info(path, items, capture):
    found = json.loads(tickcap("info", path, "--json").expect(0).text)
    frames = [item for item in items if item.is_frame]
    head, lines = capture.segments[0].head, count_lines(capture)
    ledger = capture.segments[-1].state.ledger
    times = [frame.rx_ns for frame in frames if not frame.flags & BAD_TIME] or [0]
    empty = LineCounts()
    channels = [{"name": channel.name, "feed": channel.feed.name,
                 "lines": [line_as_info(line, lines.get(line.number, empty))
                           for line in head.lines if line.channel_number == number]}
                for number, channel in enumerate(head.channels)]
    subset(found, {
        "tool": head.tool, "host": head.host, "run": head.run_id.hex(), "complete": True,
        "segments": len(capture.segments), "frames": len(frames),
        "blocks": sum(segment.totals.blocks for segment in capture.segments),
        "messages": sum(len(frame.message_flags) for frame in frames),
        "bytes_wire": sum(frame.wire_length for frame in frames),
        "bytes_stored": sum(segment.path.stat().st_size for segment in capture.segments),
        "first_rx_ns": min(times), "last_rx_ns": max(times),
        "unmatched_frames": sum(1 for frame in frames if not frame.line),
        "malformed_frames": sum(1 for frame in frames if frame.flags & 1),
        "ledger": ledger_as_info(ledger), "channels": channels})


def compare(path):
    """Everything that both can say of a capture of one stream; answers its messages."""
    capture = Capture([path])
    items = list(capture.items())
    assert all(capture.counts.values()), f"{path} was not counted again"
    compare_frames(path, items)
    messages = compare_rows(path, items, capture)
    compare_info(path, items, capture)
    return messages


# ---- captures ----------------------------------------------------------------------------------

SAMPLES = {"moldudp64/itch50": "nasdaq/itch50", "iextp/deep10": "iex/deep10",
           "iextp/tops16": "iex/tops16"}


def configuration(feed, *groups):
    lines = ", ".join(f'{{ name: {name}, group: "{group}" }}'
                      for name, group in zip("ab", groups))
    return (f"name: oracle\nchannels:\n  - name: one\n    feed: {feed}\n"
            f"    timezone: America/New_York\n    lines: [ {lines} ]\n")


def sample_groups(path):
    """The addresses that the most frames of a sample go to."""
    count = {}
    for _, _, frame in pcapio.read(path):
        if frame[12:14] == b"\x08\x00" and frame[14] == 0x45:
            group = ".".join(map(str, frame[30:34])), int.from_bytes(frame[36:38], "big")
            count[group] = count.get(group, 0) + 1
    return [f"{address}:{port}" for (address, port), _ in
            sorted(count.items(), key=lambda row: -row[1])[:2]]


def test_samples_of_all_feeds():
    for place, (feed, name) in enumerate(SAMPLES.items()):
        path = SOURCE / f"lib/feed/{name}.pcap"
        text = configuration(feed, *sample_groups(path))
        assert compare(import_of(f"sample{place}", [path], text)) > 50
        compare(import_of(f"sample{place}small", [path], text, *SMALL))
        compare(import_of(f"sample{place}plain", [path], text, "--set", "codec.level=none"))


def generated(name, *options, messages=12000):
    path = HERE / f"{name}.pcap"
    tickcap("gen", "-o", path, "--config", HERE / f"{name}.yaml", "--messages", messages,
            "--symbols", 200, *options).expect(0)
    return path, (HERE / f"{name}.yaml").read_text()


def test_generated_feeds():
    troubles = ["--lines", "2", "--loss", "a=0.01,b=0.02", "--loss-both", "0.002", "--late", "0.01",
                "--duplicates", "0.01", "--sessions", "3"]
    for name, options in {"quiet": [], "troubled": troubles,
                          "open": ["--profile", "open", "--vlan", "7"] + troubles[:2],
                          "partial": ["--udp-checksum", "partial", "--directory", "off"]}.items():
        path, text = generated(name, *options)
        assert compare(import_of(f"{name}d", [path], text)) >= 10000
    path, text = generated("rotated", *troubles, messages=6000)
    capture = import_of("rotatedd", [path], text, *SMALL, "--set", "output.rotate.bytes=40000")
    assert len(list(capture.glob("*.tick"))) >= 4
    assert compare(capture) >= 6000


def test_frames_that_nobody_should_send():
    path = HERE / "hostile.pcap"
    pcapio.write(path, pcapinout.hostile_frames(), snaplen=70000)
    for place, options in enumerate([[], SMALL, ["--set", "codec.level=none"]]):
        compare(import_of(f"hostile{place}", [path], expectedrows.CONFIGURATION, *options))


def test_three_channels_at_once():
    path = HERE / "mixed.pcap"
    pcapio.write(path, expectedrows.feed())
    for place, options in enumerate([[], SMALL + ["--set", "output.rotate.seconds=1"]]):
        capture = import_of(f"mixed{place}", [path], expectedrows.CONFIGURATION, *options)
        assert compare(capture) > 5000


def test_a_capture_without_frames():
    path = HERE / "none.pcap"
    pcapio.write(path, [])
    assert compare(import_of("none", [path], expectedrows.CONFIGURATION)) == 0


# ---- what packets come to ----------------------------------------------------------------------

TROUBLES = ["--lines", "2", "--loss", "a=0.02,b=0.03", "--loss-both", "0.004", "--late", "0.02",
            "--duplicates", "0.01", "--sessions", "4", "--symbols", "60"]
TRACKERS = {2, 6, 7, 8, 9}  # kinds of events


def events_of(path):
    """The kinds of events in a capture, which is counted again on the way."""
    capture = Capture([path])
    kinds = {item.kind for item in capture.items() if not item.is_frame}
    assert all(capture.counts.values()), f"{path} was not counted again"
    if len(capture.lanes) > 1:
        capture.check()
    return kinds


def test_losses_are_counted_again():
    """Every state, event and flag of a feed with all kinds of trouble; channels too."""
    path, text = generated("losses", *TROUBLES, messages=5000)
    path = import_of("lossesd", [path], text, *SMALL)
    compare(path)
    capture = Capture([path])
    events = [item for item in capture.items() if not item.is_frame]
    assert {event.kind for event in events} >= TRACKERS
    assert {event.contents.where for event in events if event.kind == 7} == {1, 2}
    count, = capture.counts.values()
    book, = count.books.values()
    assert book.exact and min(book.figures()) > 0, book.figures()


def test_packets_in_no_good_order_are_counted_again():
    """Of both framings; restarts and closed sessions among them."""
    kinds = set()
    for seed in range(6):
        path = HERE / f"odd{seed}.pcap"
        pcapio.write(path, oddfeed.frames(500, seed))
        path = import_of(f"odd{seed}", [path], oddfeed.CONFIGURATION, *SMALL)
        compare_frames(path, list(Capture([path]).items()))
        kinds |= events_of(path)
    assert kinds >= TRACKERS, kinds


def of_numbers(name, apart_ns, rows):
    """A capture of packets of one message each: (line, number)."""
    draw, frames = random.Random(1), []
    for place, (line, number) in enumerate(rows):
        data = pcapio.moldudp64("ODD", number, [oddfeed.itch_delete(draw, oddfeed.START)])
        frame = pcapio.udp_frame(data, *oddfeed.GROUPS[line])
        frames.append((oddfeed.START + apart_ns * place, len(frame), frame))
    pcapio.write(HERE / f"{name}.pcap", frames)
    return import_of(name, [HERE / f"{name}.pcap"], oddfeed.CONFIGURATION)


def test_a_silent_line():
    rows = [("b", 1)] + [("a", number) for number in range(1, 3000)] + [("b", 2)]
    assert events_of(of_numbers("silent", 10**6, rows)) >= {10, 11}


def test_forgotten_numbers_are_counted_again():
    """More ranges than a session remembers, by jumps and by a late packet that splits one."""
    numbers = [1] + [5 + 4 * number for number in range(32768)]
    numbers += [39, 23, 23, 15] + [2 + 4 * place for place in range(12)]
    path = of_numbers("forgotten", 1000, [("a", number) for number in numbers])
    events_of(path)
    segment, = Capture([path]).segments
    assert list(segment.blocks()) and segment.state.line_states[0].figures[12] > 0


def test_what_is_left_out_is_counted_again():
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "6000", *TROUBLES)
        page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()],
                         symbols=filters.some_symbols(feed, 3))
        path = pathlib.Path(folder, "imported")
        tickcap("import", feed.pcap, "-c", page, "-o", path, *SMALL).expect(0)
        compare(path)
        assert events_of(path) >= TRACKERS | {5}


def test_lines_of_two_ports_are_counted_again():
    """What the appliance writes: a stream for each port, and one where the lines are compared."""
    with workspace() as folder:
        feed, ports = MadeFeed(folder, "--messages", "8000", *TROUBLES), []
        for number, line in enumerate(feed.lines):
            own = [frame for frame in feed.frames() if frame[2][30:34] == feed.group_bytes(line)]
            pcapio.write(pathlib.Path(folder, f"{line}.pcap"), own)
            ports.append(file_port(pathlib.Path(folder, f"{line}.pcap"), line, number))
        page = configure(folder, new_name(), ports, [feed.channel()],
                         batch={"messages": 200}, block={"messages": 2000})
        tickcapd(page, "--", "--no-huge").expect(0)
        path = pathlib.Path(folder, "out")
        assert events_of(path) >= TRACKERS
        compare_frames(path, list(Capture([path]).items()))


def test_two_writers_are_counted_again():
    need_cpus(2)
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "8000", *TROUBLES)
        port = file_port(feed.pcap, writer_lcores=cpus())
        page = configure(folder, new_name(), [port], [feed.channel()], batch={"messages": 256},
                         block={"messages": 2048}, output={"rotate": {"bytes": "64KiB"}})
        tickcapd(page, "--", "--no-huge").expect(0)
        path = pathlib.Path(folder, "out")
        assert len(list(path.glob("*_w1_*.tick"))) > 1
        assert events_of(path) >= TRACKERS
        compare_frames(path, list(Capture([path]).items()))


def test_dropped_frames_are_counted_again():
    """The disk stands still until frames are lost."""
    need_cpus(2)
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "60000", "--lines", "2", "--loss", "a=0.001",
                        "--sessions", "30", "--symbols", "200")
        threads.run_rings(folder, new_name(), [feed], [threads.ring_port()], "--stall", code=3,
                          **{**threads.BATCHES, "buffer": "1MiB"})
        assert events_of(pathlib.Path(folder, "out")) >= {3, 8, 9}


# ---- damage ------------------------------------------------------------------------------------


def plain_segment():
    path, = (GOLDEN / "captures/plain").glob("*.tick")
    return path.read_bytes()


def test_a_flipped_bit_is_refused_by_both():
    data, draw = plain_segment(), random.Random(7)
    path = HERE / "flipped.tick"
    for at in sorted(draw.sample(range(len(data)), 120)):
        flipped = bytearray(data)
        flipped[at] ^= 1 << draw.randrange(8)
        path.write_bytes(flipped)
        tickcap("verify", path).expect(1)
        assert is_refused(path), f"the second reader takes a flipped bit in byte {at}"


def test_what_tickcap_refuses_behind_good_checksums_is_refused_by_the_second_reader():
    """The second reader checks more: figures of lines, ranges, sets of symbols. What it takes,
    tickcap must take too, and both must then read the same."""
    data, draw = plain_segment(), random.Random(11)
    path, refused, taken = HERE / "changed.tick", 0, 0
    end = make_golden.File(data).block(-1)
    for at in sorted(draw.sample(range(16, end), 300)):
        file = make_golden.File(data)
        file.data[at] = draw.choice([file.data[at] ^ 1 << draw.randrange(8), 0, 0xFF])
        try:
            file.seal()
        except (IndexError, ValueError, struct.error):  # a length that leads out of the file
            continue
        path.write_bytes(file.data)
        why = is_refused(path)
        ended = tickcap("verify", path)
        assert ended.code == 0 or why, f"only tickcap refuses byte {at}: {ended!r}"
        refused += why is not None
        taken += why is None
        if why is None:
            compare_frames(path, list(Capture([path]).items()))
    assert refused > 100 and taken > 5, (refused, taken)


def unpacked(path):
    """A segment whose columns of events and states are stored as they are."""
    for segment in path.glob("*.tick"):
        return make_golden.File(segment.read_bytes())
    raise AssertionError(f"no segment in {path}")


def stored_bytes(file, block, field):
    """(offset, bytes) of a column of scope 0 that is stored as it is."""
    entry, at, length = file.columns(block)[0, 0, 0, field]
    cursor = Cursor(bytes(file.data[at:at + length]), at)
    assert file.data[entry + 1] == 1 and cursor.varint() & 3 == 0, "a column that is packed"
    return cursor.offset, cursor.left


def changed(file, at):
    """The same segment with another byte at a place, and digests that agree."""
    other = make_golden.File(bytes(file.data))
    other.data[at] ^= 1
    other.seal()
    return bytes(other.data)


def events_in(file, block):
    """(kind, offset of its payload, length) of the events of a block."""
    at, length = stored_bytes(file, block, 23)
    end = at + length
    while at < end:
        size = file.number(at + 16, "I")
        yield file.data[at], at + 24, size
        at += 24 + size


def test_a_changed_event_or_state_is_refused():
    """Behind good digests: any byte of a tracker's event, of a state, or of the latencies. Each
    event counts more than one of many states."""
    path, text = generated("tampered", *TROUBLES, messages=1200)
    path = import_of("tamperedd", [path], text, "--set", "codec.level=none")
    file, seen, target = unpacked(path), set(), HERE / "tampered.tick"
    target.write_bytes(file.data)
    assert is_refused(target) is None
    places = []
    for block in file.blocks():
        for kind, at, length in events_in(file, block):
            if kind in TRACKERS and kind not in seen:
                seen.add(kind)
                places += 5 * list(range(at, at + length))
        for field in (24, 25, 28):
            at, length = stored_bytes(file, block, field)
            places += range(at + 8, at + length, 7)
    index = bytes(file.data).rindex(b"\x11\0\0\0\0\0\0\0", file.index)
    places += range(index + 16, index + 96)
    assert seen == TRACKERS
    for at in random.Random(3).sample(places, 100):
        target.write_bytes(changed(file, at))
        assert is_refused(target), f"the second reader takes another byte {at}"


if __name__ == "__main__":
    tap.run(__name__)
