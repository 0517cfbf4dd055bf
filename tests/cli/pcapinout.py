"""pcap and pcapng into captures, and out of them again: nothing is lost, nothing changes."""
import json
import random
import struct

import expectedrows
import pcapio
import tap
from clispace import HERE, SMALL_BLOCKS, Mixed, exported, imported, refused, same_rows
from expectedrows import OPENING, SECOND
from program import contains, info, tickcap


def test_export_with_a_filter_is_the_frames_that_hold_a_match():
    mixed = Mixed.get()
    for words, keep in [
            (["--symbol", "NVDA"], lambda row: row["symbol"] == "NVDA"),
            (["--symbol", "NVDA", "--symbol", "X"], lambda row: row["symbol"] in ("NVDA", "X")),
            (["--channel", "deep"], lambda row: row["channel"] == "deep"),
            (["--type", "order_delete", "--symbol", "X"],
             lambda row: row["name"] == "order_delete" and row["symbol"] == "X"),
            (["--type", "none"], lambda row: False),
            (["--from", str(OPENING + SECOND), "--to", str(OPENING + 2 * SECOND)],
             lambda row: OPENING + SECOND <= int(row["rx_ns"]) < OPENING + 2 * SECOND),
            (["--by", "exch", "--to", "2026-11-20T09:30:01", "--tz", "America/New_York"],
             lambda row: row["exch_ns"] and int(row["exch_ns"]) < OPENING + SECOND)]:
        numbers = {int(row["frame"]) for row in mixed.rows if keep(row)}
        expected = [frame for number, frame in enumerate(mixed.frames) if number in numbers]
        same_rows(exported(mixed.capture, *words), expected)


def test_export_to_standard_output_is_the_same_file():
    mixed = Mixed.get()
    out = tickcap("export", mixed.capture, "--format", "pcap", "-o", "-").expect(0).out
    assert out == (HERE / "mixed/in.pcap").read_bytes()


def test_import_merges_its_inputs_by_time():
    frames = Mixed.get().frames
    draw = random.Random(5)
    parts = [[], [], []]
    for frame in frames:
        parts[draw.randrange(3)].append(frame)
    inputs = [HERE / f"part{index}.pcap" for index in range(3)]
    for path, part in zip(inputs, parts):
        pcapio.write(path, part)
    # at equal times the input named first comes first
    expected = sorted((frame for part in parts for frame in part), key=lambda frame: frame[0])
    same_rows(exported(imported("merged", *inputs)), expected)
    pcapio.write(inputs[0], frames[:1000])
    pcapio.write(inputs[1], frames[1000:])
    same_rows(exported(imported("joined", inputs[1], inputs[0])), sorted(
        frames[1000:] + frames[:1000], key=lambda frame: frame[0]))


def test_import_takes_lines_of_any_port():
    """A file does not say which port its frames are from; lines that only a port tells apart are
    refused."""
    mixed = Mixed.get()
    ports = ("ports:\n" + "".join(f"  - {{ name: p{port}, device: net_null{port}, rx_lcores: [1], "
                                  "writer_lcores: [2] }\n" for port in range(2)))
    bound = ports + expectedrows.CONFIGURATION.replace('26477" }', '26477", port: p1 }')
    capture = imported("ofports", HERE / "mixed/in.pcap", configuration=bound)
    assert info(capture)["channels"] == info(mixed.capture)["channels"]
    tickcap("verify", capture).expect(0)
    alike = bound.replace('233.54.12.111:26477", port: p1', '233.86.230.111:26477", port: p0')
    (HERE / "alike.yaml").write_text(alike)
    refused(tickcap("import", HERE / "mixed/in.pcap", "-c", HERE / "alike.yaml", "-o",
                    HERE / "alike"), "tickcap import", "channels", "233.86.230.111:26477")


def pcapng(frames, order="<", resolutions=(9,)):
    """A pcapng file; frame i is of interface i modulo their number."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack(order + "II", kind, 12 + len(body)) + body + \
            struct.pack(order + "I", 12 + len(body))

    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))
    for resolution in resolutions:
        out += block(1, struct.pack(order + "HHI", 1, 0, 262144) +
                     struct.pack(order + "HHBxxxHH", 9, 1, resolution, 0, 0))
    for index, (time_ns, wire, frame) in enumerate(frames):
        interface = index % len(resolutions)
        ticks = time_ns * 10**resolutions[interface] // SECOND
        out += block(6, struct.pack(order + "IIIII", interface, ticks >> 32, ticks & 0xFFFFFFFF,
                                    len(frame), wire) + frame)
        if index % 7 == 0:
            out += block(0xBAD, b"a block that nobody knows")
    return out


def in_microseconds(frames):
    return [(time_ns // 1000 * 1000, wire, frame) for time_ns, wire, frame in frames]


def test_import_of_pcapng():
    frames = Mixed.get().frames
    path = HERE / "in.pcapng"
    path.write_bytes(pcapng(frames))
    capture = imported("fromng", path)
    same_rows(exported(capture), frames)
    assert info(capture)["clocks"][0]["unit"] == "ns"
    path.write_bytes(pcapng(frames, ">"))
    same_rows(exported(imported("fromngbig", path)), frames)
    path.write_bytes(pcapng(frames, resolutions=(9, 6)))
    mixed = [frame if index % 2 == 0 else in_microseconds([frame])[0]
             for index, frame in enumerate(frames)]
    same_rows(exported(imported("fromngtwo", path)), mixed)
    capture = imported("fromngstdin", "-", given=pcapng(frames))
    same_rows(exported(capture), frames)


def swapped(frames, nanoseconds):
    """A pcap file of the other byte order."""
    magic = pcapio.MAGIC_NS if nanoseconds else pcapio.MAGIC_US
    out = struct.pack(">IHHiIII", magic, 2, 4, 0, 0, 262144, 1)
    for time_ns, wire, frame in frames:
        fraction = time_ns % SECOND // (1 if nanoseconds else 1000)
        out += struct.pack(">IIII", time_ns // SECOND, fraction, len(frame), wire) + frame
    return out


def test_import_of_other_byte_orders_and_resolutions():
    frames = Mixed.get().frames
    path = HERE / "other.pcap"
    path.write_bytes(swapped(frames, True))
    capture = imported("swapped", path)
    same_rows(exported(capture), frames)
    assert info(capture)["clocks"][0]["unit"] == "ns"
    path.write_bytes(swapped(frames, False))
    capture = imported("swappedus", path)
    same_rows(exported(capture), in_microseconds(frames))
    assert info(capture)["clocks"][0]["unit"] == "us"
    pcapio.write(path, frames, nanoseconds=False)
    capture = imported("us", path)
    same_rows(exported(capture), in_microseconds(frames))
    contains([{"source": "file", "unit": "us"}], info(capture)["clocks"])


def test_import_from_standard_input():
    mixed = Mixed.get()
    data = (HERE / "mixed/in.pcap").read_bytes()
    capture = imported("stdin", "-", given=data)
    same_rows(exported(capture), mixed.frames)
    pcapio.write(HERE / "half.pcap", mixed.frames[::2])
    pcapio.write(HERE / "other half.pcap", mixed.frames[1::2])
    capture = imported("stdintoo", HERE / "half.pcap", "-",
                       given=(HERE / "other half.pcap").read_bytes())
    same_rows(exported(capture), sorted(mixed.frames[::2] + mixed.frames[1::2],
                                        key=lambda frame: frame[0]))


def hostile_frames():
    """Frames that no feed sends: short, long, cut, broken, of other kinds, at odd times."""
    draw = random.Random(5)
    message = expectedrows.itch_message(draw, "S", 0, OPENING, "")
    good = pcapio.udp_frame(pcapio.moldudp64("S000000001", 1, [message]))
    fragment = bytearray(good)
    fragment[20:22] = b"\x20\x00"
    later_fragment = bytearray(good)
    later_fragment[20:22] = b"\x00\x05"
    payloads = [pcapio.moldudp64("S000000001", 5, [message], count=7),
                pcapio.moldudp64("S000000001", 5, [message] * 2, count=1),
                pcapio.moldudp64("S000000001", 2**64 - 2, [message] * 4),
                pcapio.moldudp64("S000000001", 0, [message]),
                pcapio.moldudp64("S000000001", 7, [], count=0xFFFF),
                pcapio.moldudp64("S000000002", 7, [b"", b"x", b"A" * 36, b"A" * 35]),
                pcapio.moldudp64("\x01,\"\n", 7, [message]),
                pcapio.moldudp64("S000000002", 20, [bytes([i]) * 400 for i in range(150)]), b""]
    frames = [pcapio.udp_frame(payload) for payload in payloads]
    frames += [pcapio.udp_frame(payloads[5], vlans=range(1, tags + 1)) for tags in range(1, 6)]
    frames += [pcapio.udp_frame(payloads[5], options=b"\x01" * 40, trailer=bytes(100)),
               bytes(fragment), bytes(later_fragment), b"", draw.randbytes(9000),
               draw.randbytes(65535 + 22)]
    frames += [good[:cut] for cut in (1, 13, 14, 33, 34, 41, 42, 61, len(good) - 1)]
    frames += [draw.randbytes(draw.randrange(200)) for _ in range(300)]
    for _ in range(300):
        flipped = bytearray(good)
        flipped[draw.randrange(len(good))] ^= 1 << draw.randrange(8)
        frames.append(bytes(flipped))
    times = [0, OPENING - 5 * SECOND, (2**31 - 1) * SECOND, 2**31 * SECOND,
             (2**32 - 1) * SECOND + 999999999, OPENING]
    return [(OPENING + index * 1000, len(frame) + draw.choice([0, 0, 4, 9000]), frame)
            for index, frame in enumerate(frames)] + \
        [(OPENING, wire, good) for wire in (0, 10)] + \
        [(time_ns, len(good), good) for time_ns in times]


def test_import_then_export_is_identical():
    feeds = {"quiet": [], "two lines": ["--lines", "2", "--loss", "a=0.01,b=0.02", "--late", "0.01",
                                        "--duplicates", "0.01"]}
    inputs = {"hostile": HERE / "hostile.pcap", "mixed": HERE / "mixed.pcap"}
    pcapio.write(inputs["hostile"], hostile_frames(), snaplen=70000)
    pcapio.write(inputs["mixed"], Mixed.get().frames)
    for name, options in feeds.items():
        inputs[name] = HERE / f"{name}.pcap"
        tickcap("gen", "-o", inputs[name], "--messages", "30000", *options).expect(0)
    for name, path in inputs.items():
        for level in ("auto", "none"):
            capture = imported(f"{name} {level}", path, options=["--set", f"codec.level={level}"])
            tickcap("verify", capture).expect(0)
            tickcap("export", capture, "--format", "pcap", "-o", HERE / "again.pcap").expect(0)
            assert (HERE / "again.pcap").read_bytes() == path.read_bytes(), f"{name}, {level}"
    rows = tickcap("cat", HERE / "hostile auto", "--format", "json").expect(0).text.splitlines()
    assert len(rows) > 150 and all(json.loads(row)["kind"] == "message" for row in rows)


def test_times_that_cannot_be_meant_are_kept_and_decide_nothing():
    """Zero, before 2000 and from 2100 on: marked, counted, and back in export."""
    good = [OPENING + index * SECOND // 10000 for index in range(6000)]
    frame = pcapio.udp_frame(b"of no channel")
    bad = [0, 946684799 * SECOND + 999999999, 5], [4102444800 * SECOND] * 3000, \
        [(2**32 - 1) * SECOND + 1]
    path = HERE / "hostile times.pcap"
    pcapio.write(path, [(time_ns, len(frame), frame)
                        for time_ns in [*bad[0], *good[:2000], *bad[1], *good[2000:], *bad[2]]])
    capture = imported("hostile times", path, options=[
        *SMALL_BLOCKS, "--set", "output.rotate.seconds=1"])
    told = info(capture)
    assert told["ledger"]["bad_time"] == 3004 and told["blocks"] > 1
    assert (told["first_rx_ns"], told["last_rx_ns"]) == (good[0], good[-1])
    assert (told["clocks"][0]["from_ns"], told["clocks"][0]["to_ns"]) == (good[0], good[-1])
    assert [path.name[:16] for path in capture.glob("*.tick")] == ["20261120T143000."]
    tickcap("verify", capture).expect(0)
    tickcap("export", capture, "--format", "pcap", "-o", HERE / "again.pcap").expect(0)
    assert (HERE / "again.pcap").read_bytes() == path.read_bytes()


def test_a_fraction_of_a_second_that_is_none():
    """Nanoseconds in a file of microseconds, for example: no time follows from them."""
    frame = pcapio.udp_frame(b"of no channel")
    path = HERE / "fractions.pcap"
    for magic, unit in ((pcapio.MAGIC_US, 1000), (pcapio.MAGIC_NS, 1)):
        most = SECOND // unit
        rows = list(enumerate([most - 1, most, 2**31 - 1, 2**31, 2**32 - 1, 0], OPENING // SECOND))
        path.write_bytes(struct.pack("<IHHiIII", magic, 2, 4, 0, 0, 262144, 1) + b"".join(
            struct.pack("<IIII", *row, len(frame), len(frame)) + frame for row in rows))
        capture = imported(f"fractions {unit}", path)
        tickcap("verify", capture).expect(0)
        told = info(capture)
        good = [(rows[index][0] * SECOND + rows[index][1] * unit, len(frame), frame)
                for index in (0, 5)]
        assert (told["frames"], told["ledger"]["bad_time"]) == (6, 4), told["ledger"]
        assert (told["first_rx_ns"], told["last_rx_ns"]) == (good[0][0], good[1][0])
        same_rows([exported(capture)[index] for index in (0, 5)], good)


def test_a_file_without_one_good_time():
    frame = pcapio.udp_frame(b"of no channel")
    path = HERE / "timeless.pcap"
    pcapio.write(path, [(index % 3, len(frame), frame) for index in range(50)])
    capture = imported("timeless", path)
    assert [path.name[:16] for path in capture.glob("*.tick")] == ["20000101T000000."]
    told = info(capture)
    assert told["ledger"]["bad_time"] == 50
    assert (told["first_rx_ns"], told["last_rx_ns"]) == (0, 0)
    assert "50 with a refused time" in tickcap("info", capture).expect(0).text
    tickcap("verify", capture).expect(0)
    assert exported(capture) == pcapio.read(path)


def test_refused_times_are_told_once_a_burst():
    mixed = Mixed.get().frames[:300]
    frames = [(0 if index % 100 < 30 else time_ns, wire, frame)
              for index, (time_ns, wire, frame) in enumerate(mixed)]
    path = HERE / "bursts.pcap"
    pcapio.write(path, frames)
    capture = imported("bursts", path)
    rows = tickcap("cat", capture, "--format", "json", "--events").expect(0).text
    rows = [json.loads(row) for row in rows.splitlines()]
    messages = [row for row in rows if row["kind"] == "message"]
    flagged = [row["rx_ns"] == 0 for row in messages]
    assert any(flagged) and flagged == ["bad_time" in row["flags"] for row in messages]
    told = [row for row in rows if row.get("event") == "bad_time"]
    assert [(row["frames"], row["stamp"]) for row in told] == [(30, 0)] * 3
    tickcap("verify", capture).expect(0)


if __name__ == "__main__":
    tap.run(__name__)
