"""Makes the inputs that fuzzers begin with: a folder of small files for each target.

usage: make_seeds.py FOLDER

All of them come from the project itself: the samples of the feeds, what tickcap makes of them, its
profiles, and the system's time zones. The form of the inputs stands at the head of each target.
"""
import itertools
import pathlib
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "harness"))

import pcapio  # noqa: E402
from program import SOURCE, tickcap, workspace  # noqa: E402

FEEDS = {"moldudp64/itch50": "nasdaq/itch50", "iextp/deep10": "iex/deep10",
         "iextp/tops16": "iex/tops16"}  # in order of their ids, as the registry has them
FRAMES = 24  # of a sample; later ones bring little that is new
NUMBERS = itertools.count()
TIME = 17 * 10**17
HEADER = 128  # bytes of a block's header, and of the fixed part of a head


class Seeds:
    """A folder; files are numbered by target."""

    def __init__(self, folder):
        self.folder, self.counts = pathlib.Path(folder), {}

    def add(self, target, data):
        count = self.counts[target] = self.counts.get(target, 0) + 1
        path = self.folder / target / f"seed{count:03}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def samples():
    """{feed: [(time, frame)]} of the samples, the first frames of each."""
    return {feed: [(time_ns, frame) for time_ns, _, frame
                   in pcapio.read(SOURCE / f"lib/feed/{place}.pcap")[:FRAMES]]
            for feed, place in FEEDS.items()}


def payload_of(frame):
    """The payload of a frame without VLAN tags and IP options."""
    length, = struct.unpack_from(">H", frame, 38)
    return frame[42:34 + length]


# ---- frames ------------------------------------------------------------------------------------


def steps_of(frames, lines):
    """Steps that send payloads on lines, each soon after the other."""
    for place, (_, frame) in enumerate(frames):
        payload = payload_of(frame)
        yield struct.pack("<BHBB", 5, 700, 0, 0)  # time goes on
        yield struct.pack("<BH", 1, len(payload)) + payload
        for line in range(1, lines):
            yield bytes([2 | line << 3])
        if place % 5 == 4:
            yield struct.pack("<BH", 3, 30 + place)  # the same, changed
            yield struct.pack("<BH", 7 | (place & 1) << 3, 5)  # cut, or longer on the wire


def frames_seeds(seeds, feeds):
    for number, frames in enumerate(feeds.values()):
        for limits, rest in ((0x0F, 0x00), (0x85, 0x81), (0x0A, 0xA6)):
            head = bytes([1 | number << 2, limits, rest, 7])
            seeds.add("frames", head + b"".join(steps_of(frames[:12], 3)))
    raw = b"".join(struct.pack("<BH", 0, len(frame)) + frame
                   for frames in feeds.values() for _, frame in frames[:3])
    seeds.add("frames", bytes([3, 0x0F, 0, 0]) + raw)
    for choice in (0, 2):
        packets = b"".join(bytes([4 | place % 6 << 3, place % 9, place % 11 == 10]) +
                           bytes(range(place, place + place % 9)) +
                           (b"\x06" + bytes([place, place, 0]) if place % 7 == 6 else b"")
                           for place in range(60))
        seeds.add("frames", bytes([choice, 0x29, 0x95, 3]) + packets)


# ---- captures ----------------------------------------------------------------------------------


def configuration(feeds):
    """Two lines of each feed, at the addresses that the targets' captures have."""
    text = "name: seeds\nchannels:\n"
    for place, feed in enumerate(feeds):
        lines = ", ".join(f'{{ name: {name}, group: "239.1.0.{line}:{20000 + line}" }}'
                          for line, name in ((2 * place, "a"), (2 * place + 1, "b")))
        text += (f"  - {{ name: channel{place}, feed: {feed}, timezone: America/New_York,\n"
                 f"      lines: [ {lines} ] }}\n")
    return text


def two_lines(feeds, frames):
    """[(time, length, frame)]: samples on both lines, with losses and a frame of nobody."""
    made = [(10**18, 60, bytes(60))]
    for place, sample in enumerate(feeds.values()):
        for number, (time_ns, frame) in enumerate(sample[:frames]):
            for line in (2 * place, 2 * place + 1):
                if (number + line) % 7 == 5:
                    continue
                copy = pcapio.udp_frame(payload_of(frame), f"239.1.0.{line}", 20000 + line,
                                        identification=number)
                made.append((time_ns + 1000 * (line % 2), len(copy), copy))
    return made


def captured(folder, feeds, frames, *sets):
    """The segments of a capture of that many frames of each feed's sample."""
    name = f"{next(NUMBERS)}"
    config, source, out = folder / f"{name}.yaml", folder / f"{name}.pcap", folder / name
    config.write_text(configuration(feeds))
    pcapio.write(source, two_lines(feeds, frames) if frames else [])
    words = [word for text in sets for word in ("--set", text)]
    tickcap("import", source, "-c", config, "-o", out, *words).expect(0)
    return [path.read_bytes() for path in sorted(out.glob("*.tick"))]


def blocks_of(segment):
    """The blocks of a segment, without what fills them up."""
    at, = struct.unpack_from("<I", segment, 12)
    while segment[at:at + 8] == b"\x89TICKBLK":
        stored, = struct.unpack_from("<I", segment, at + 32)
        yield segment[at:at + stored]
        at += -(-stored // 64) * 64


def boxes_of(segment):
    """{kind: contents} of the boxes of a head."""
    end, = struct.unpack_from("<I", segment, 12)
    at, boxes = HEADER, {}
    while end - at >= 16 and segment[at:at + 4] != bytes(4):
        kind, _, length = struct.unpack_from("<IIQ", segment, at)
        boxes[kind] = segment[at + 16:at + 16 + length]
        at += 16 + -(-length // 8) * 8
    return boxes


def columns_of(block):
    """(kind, width, values, stored bytes) of the columns of a block."""
    count, = struct.unpack_from("<I", block, 36)
    at = HEADER
    for place in range(len(block) - 16 * count, len(block), 16):
        kind, width, values, stored = block[place + 1], block[place + 6], *struct.unpack_from(
            "<II", block, place + 8)
        yield kind, width, values, block[at:at + stored]
        at += stored


def segment_seeds(seeds, feeds, folder):
    """Files of one feed, which are short: plain, packed, of several blocks, cut off, empty."""
    for feed, sample in feeds.items():
        one = {feed: sample}
        for frames, sets in ((3, ["codec.level=none"]), (6, []), (0, []),
                             (12, ["block.messages=8", "batch.messages=4"])):
            for segment in captured(folder, one, frames, *sets):
                seeds.add("segments", segment + b"\0")
                if frames > 6:
                    seeds.add("segments", segment[:len(segment) * 2 // 3] + b"\x80")
        seeds.add("feeds", bytes(8) + boxes_of(segment)[6])


def golden_seeds(seeds):
    """Files with every kind of event, and with the streams of a channel that several bring."""
    for name in ("events", "chorus", "plain"):
        for path in sorted((SOURCE / "tests/golden/captures" / name).glob("*.tick")):
            seeds.add("segments", path.read_bytes() + b"\0")


def block_seeds(seeds, feeds, folder):
    """Blocks of a capture of all feeds, and their columns."""
    columns = {}
    for frames, sets in ((4, ["codec.level=none"]), (8, []),
                         (9, ["block.messages=8", "batch.messages=4", "codec.level=none"])):
        for block in blocks_of(captured(folder, feeds, frames, *sets)[0]):
            seeds.add("blocks", block)
            for kind, width, values, stored in columns_of(block):
                if values <= 20000 and len(stored) < 3000:
                    columns[kind, width, len(stored).bit_length()] = (values, stored)
    for (kind, width, _), (values, stored) in columns.items():
        seeds.add("codec", struct.pack("<BBBH", 0, kind - 1, width, values - 1) + stored)
    for what in (1, 2, 3, 4, 9):
        for width in (1, 2, 4, 6, 8):
            seeds.add("codec", struct.pack("<BBBH", what, 3 + width, width, 60)
                      + bytes(number * number % 251 for number in range(width * 40)))


# ---- the others --------------------------------------------------------------------------------


def state_seeds(seeds):
    session = struct.pack("<16sQQII", b"2026112001", 1, 90, 1, 0)
    drop = struct.pack("<II10Q", 3, 1, 5, 8, 1, 0, 2, 0, 400, TIME, TIME + 9, 2)
    drop += b"".join(struct.pack("<16s6Q5IHBB", b"2026112001", 5, 9, 1, 2, 3, 4, 2, 1, 0, 0, 0,
                                 line, 3, 0) for line in (0, 1))
    line = struct.pack("<II14Q", 14, 0, *range(14)) + struct.pack("<Q", 2) + session * 2
    ledger = struct.pack("<II15Q", 15, 0, *range(15))
    clock = struct.pack("<BBBBIQQQQQqQHB5x", 2, 2, 1, 1, 7, 9, TIME, 1 << 48, 40, 2000, -3, TIME,
                        37, 16)
    packets = bytes(number % 256 for number in range(0, 6 * 90, 7))
    merged = struct.pack("<II3Q", 3, 0, 90, 2, 5)
    nic = struct.pack("<QII3Q", TIME, 3, 0, 7, 0, 1)
    # of -70, 5, 5, 2000 and what is beyond the last bucket
    histogram = (b"\x04" + struct.pack("<qq", -70, 1 << 40) + b"\xb9\x0f\x01" + b"\x4c\x02"
                 + b"\xf8\x02\x01" + b"\x82\x0d\x01")
    latencies = bytes(16) + histogram + b"\0" + histogram
    for which, data in enumerate((drop, line, session, ledger, clock, line + packets, merged, nic,
                                  histogram, latencies)):
        seeds.add("states", bytes([which]) + data)


def text_seeds(seeds):
    seeds.add("config", (configuration(FEEDS) + "unmatched: keep\nbuffer: 64MiB\nidle: adaptive\n"
                         "ports:\n  - { name: p0, device: net_pcap0, rx_lcores: [1], "
                         "writer_lcores: [2, 3] }\noutput: { directories: [/data0], rotate: "
                         "{ bytes: 1GiB, seconds: 60 } }\nlatency_bound: 1h\n").encode()
              + b"\0name=ny4\0ports.0.rx_lcores=[2]\0batch.messages=100\0")
    seeds.add("config", (configuration(["iextp/deep10"]) + """unmatched: keep
symbols: []
batch: { messages: 100, bytes: 256KiB, age_ms: 5 }
block: { messages: 200, bytes: 1MiB, age_ms: 50 }
codec: { level: none, chain: 1, cpu_target: 4 }
durability: { interval_ms: 100 }
latency_bound: 250us
validate: off
idle: spin
realtime: 0
main_cpus: [0, 1]
""").encode())
    seeds.add("config", b"channels: [{name: x, feed: iextp/deep10,\n  lines: [{name: a, group: "
                        b'"10.0.0.9@233.215.21.4:10378", vlan: 7}]}]\n')
    for path in sorted(SOURCE.glob("drivers-config/*.yaml")):
        seeds.add("profile", path.read_bytes())
    for word in ("0", "18446744073709551615", "4GiB", "-1.5e3", "233.54.12.111",
                 "2026-11-22T14:30:00.123456789Z", "2026-11-22T09:30:00-05:00",
                 "2026-02-30T00:00:00"):
        seeds.add("words", word.encode())
    for zone in ("America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"):
        path = pathlib.Path("/usr/share/zoneinfo") / zone
        if path.exists():
            seeds.add("zone", path.read_bytes())


def pcap_seeds(seeds, feeds, folder):
    frames = [(time_ns, len(frame), frame) for time_ns, frame in next(iter(feeds.values()))[:3]]
    path = folder / "one.pcap"
    for nanoseconds in (False, True):
        pcapio.write(path, frames, nanoseconds=nanoseconds)
        seeds.add("pcap", path.read_bytes())
        seeds.add("pcap", path.read_bytes()[:-7])
    seeds.add("pcap", struct.pack(">IHHiIII", pcapio.MAGIC_NS, 2, 4, 0, 0, 65535, 1)
              + struct.pack(">IIII", 1, 2, 4, 4) + b"abcd")
    block = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    block += struct.pack("<IIHHII", 1, 20, 1, 0, 65535, 20)
    block += struct.pack("<IIIIIII4sI", 6, 36, 0, 1, 2, 4, 4, b"abcd", 36)
    seeds.add("pcap", block)


def main(folder):
    seeds, feeds = Seeds(folder), samples()
    with workspace() as space:
        space = pathlib.Path(space)
        frames_seeds(seeds, feeds)
        segment_seeds(seeds, feeds, space)
        golden_seeds(seeds)
        block_seeds(seeds, feeds, space)
        state_seeds(seeds)
        text_seeds(seeds)
        pcap_seeds(seeds, feeds, space)
    return seeds


if __name__ == "__main__":
    main(sys.argv[1])
