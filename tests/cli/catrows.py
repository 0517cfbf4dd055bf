"""tickcap cat from outside: what it prints, leaves out, sorts and waits for."""
import json
import pathlib
import random
import re
import signal
import struct
import threading
import time

import expectedrows
import pcapio
import tap
from clispace import HERE, SMALL_BLOCKS, Mixed, csv_rows, record, same_rows, values
from expectedrows import COLUMNS, OPENING, SECOND
from program import TICKCAP, finish, info, start, tickcap


def cat(*words):
    """The rows of `cat --format csv`, without the names."""
    rows = csv_rows(tickcap("cat", Mixed.get().capture, "--format", "csv", *words))
    assert rows[0] == COLUMNS
    return rows[1:]


# ---- rows ----

def test_cat_csv_is_what_the_frames_hold():
    mixed = Mixed.get()
    same_rows(cat(), values(mixed.rows))
    raw = tickcap("cat", mixed.capture, "--format", "csv").expect(0).out
    lines = raw.split(b"\r\n")
    assert lines[-1] == b"" and b"\n" not in raw.replace(b"\r\n", b"")
    assert lines[0] == ",".join(COLUMNS).encode()
    assert any(b'"A,""B"' in line and b'"second, other"' in line for line in lines)


def test_cat_json_is_what_the_frames_hold():
    mixed = Mixed.get()
    lines = tickcap("cat", mixed.capture, "--format", "json").expect(0).text.splitlines()
    assert len(lines) == len(mixed.rows)
    numbers = {"stream", "frame", "index", "rx_ns", "exch_ns", "proc_ns", "seq", "length"}
    for line, row in zip(lines, mixed.rows):
        got = json.loads(line, parse_float=lambda text: f"a float: {text}")
        expected = {column: int(row[column]) if column in numbers and row[column] else row[column]
                    for column in COLUMNS}
        expected.update({column: None for column in ("exch_ns", "type", "symbol")
                         if row[column] == ""}, kind="message")
        fields = got.pop("fields")
        assert got == expected, f"{got}\n{expected}"
        assert (fields == {}) == (row["name"] is None), line
        if row["type"] == "A" and row["name"]:
            message = bytes.fromhex(row["message"])
            price = int.from_bytes(message[32:], "big")
            assert fields["price"] == f"{price // 10000}.{price % 10000:04}", line
            assert fields["order_reference_number"] == int.from_bytes(message[11:19], "big")
            assert fields["stock"] == row["symbol"] and fields["buy_sell_indicator"] == "B"
        if row["type"] == "8":
            price, = struct.unpack_from("<q", bytes.fromhex(row["message"]), 22)
            sign = "-" if price < 0 else ""
            assert fields["price"] == f"{sign}{abs(price) // 10000}.{abs(price) % 10000:04}", line


def test_cat_text_begins_with_time_channel_line_number_symbol_and_flags():
    mixed = Mixed.get()
    lines = tickcap("cat", mixed.capture).expect(0).text.splitlines()
    assert tickcap("cat", mixed.capture, "--format", "text").text.splitlines() == lines
    assert len(lines) == len(mixed.rows)
    for line, row in zip(lines, mixed.rows):
        seconds, ns = divmod(int(row["rx_ns"]), SECOND)
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{ns:09}+00:00"
        begin = " ".join([when, row["channel"], row["line"], row["seq"], row["symbol"] or "-",
                          row["flags"] or "-", row["name"] or "unknown", ""])
        assert line.startswith(begin), f"{line}\nexpected {begin}"
        if row["name"] is None:
            assert line[len(begin):] == row["message"]
        elif row["type"] == "E":
            assert " executed_shares=7 match_number=" in line, line
    zoned = tickcap("cat", mixed.capture, "--tz", "America/New_York", "--limit", "1").expect(0).text
    assert zoned.startswith("2026-11-20T09:30:00."), zoned
    assert zoned.split(" ")[0].endswith("-05:00"), zoned


def test_cat_text_does_not_obey_what_was_captured():
    name = b"\x1b[2J\\ \xff\x07".ljust(8)
    message = b"A" + bytes(4) + (34200 * SECOND).to_bytes(6, "big") + bytes(13) + name + bytes(4)
    frame = pcapio.udp_frame(pcapio.moldudp64("S", 1, [message]))
    capture = record("escape", [(OPENING, len(frame), frame)])
    out = tickcap("cat", capture).expect(0).out
    assert all(32 <= byte < 127 or byte == 10 for byte in out), out
    assert b"\\x1b[2J\\x5c\\x20\\xff\\x07" in out, out
    row = json.loads(tickcap("cat", capture, "--format", "json").expect(0).text)
    assert row["symbol"] == row["fields"]["stock"] == "\x1b[2J\\ \xff\x07"
    rows = csv_rows(tickcap("cat", capture, "--format", "csv", "--fields", "symbol"))
    assert rows == [["symbol"], ["\x1b[2J\\ \xff\x07"]]


def test_cat_fields():
    mixed = Mixed.get()
    names = ["seq", "net_ns", "proc_lat_ns", "total_ns", "price", "symbol", "stock", "seq"]
    rows = csv_rows(tickcap("cat", mixed.capture, "--format", "csv", "--fields", ",".join(names)))
    assert rows[0] == names
    assert len(rows) == len(mixed.rows) + 1
    for got, row in zip(rows[1:], mixed.rows):
        latency = str(int(row["rx_ns"]) - int(row["exch_ns"])) if row["exch_ns"] else ""
        expected = [row["seq"], latency, "0", latency, got[4], row["symbol"], got[6], row["seq"]]
        assert got == expected, (got, row)
        assert (got[4] != "") == (row["name"] is not None and row["type"] in "AUP8"), (got, row)
        assert got[6] == (row["symbol"] if row["name"] and row["type"] in "ARP" else ""), (got, row)
    line = tickcap("cat", mixed.capture, "--format", "json", "--fields", "seq,net_ns",
                   "--limit", "1").expect(0).text
    first = mixed.rows[0]
    assert json.loads(line) == {"kind": "message", "seq": int(first["seq"]),
                                "net_ns": int(first["rx_ns"]) - int(first["exch_ns"])}
    text = tickcap("cat", mixed.capture, "--fields", "line,seq,flags").expect(0).text
    assert text.splitlines() == [f"{row['line']} {row['seq']} {row['flags'] or '-'}"
                                 for row in mixed.rows]


def test_cat_latencies_are_signed():
    stamp = OPENING + 5000
    message = expectedrows.itch_message(random.Random(1), "S", 0, stamp, "")
    frame = pcapio.udp_frame(pcapio.moldudp64("S", 1, [message]))
    capture = record("early", [(OPENING, len(frame), frame)])
    rows = csv_rows(tickcap("cat", capture, "--format", "csv", "--fields",
                            "net_ns,proc_lat_ns,total_ns"))
    assert rows[1] == ["-5000", "0", "-5000"]


def test_cat_filters():
    rows = Mixed.get().rows

    def check(words, keep):
        expected = [row for row in rows if keep(row)]
        same_rows(cat(*words), values(expected))
        return len(expected)

    for symbol in ["AAPL", 'A,"B', "X", "#0", "#3"]:
        assert check(["--symbol", symbol], lambda row: row["symbol"] == symbol) > 0, symbol
    for symbol in ["NONE", "aapl", "AAP", "AAPL ", "", "LONGERTHANEIGHT"]:
        check(["--symbol", symbol], lambda row: row["symbol"] == symbol and symbol)
    wanted = ["TSLA", "NONE", "X"]
    check([word for symbol in wanted for word in ("--symbol", symbol)],
          lambda row: row["symbol"] in wanted)
    for channel in ["totalview", "second, other", "deep", "none"]:
        check(["--channel", channel], lambda row: row["channel"] == channel)
    for code in ["A", "8", ",", "z", "?"]:
        check(["--type", code], lambda row: row["type"] == code)
    for name in ["add_order", "stock_directory", "system_event", "price_level_update_buy", "none"]:
        check(["--type", name], lambda row: row["name"] == name)
    assert check(["--symbol", "MSFT", "--channel", "second, other", "--type", "D"],
                 lambda row: (row["symbol"], row["channel"], row["type"]) ==
                 ("MSFT", "second, other", "D")) > 0


def test_cat_symbol_that_only_one_channel_has_a_name_for():
    """A name that messages carry counts, whatever another channel's directory says of it."""
    draw = random.Random(3)
    configuration = "".join(line for line in expectedrows.CONFIGURATION.splitlines(keepends=True)
                            if "deep" not in line)
    frames = []
    for number in range(1, 60):
        for group, locate, symbol in (("second", 9, "AAPL" if number == 1 else "MSFT"),
                                      ("a", 5, "AAPL")):
            code = "R" if number == 1 and group == "second" else "A"
            locate += symbol == "MSFT"
            message = expectedrows.itch_message(draw, code, locate, OPENING, symbol)
            payload = pcapio.moldudp64("S", number, [message])
            frame = pcapio.udp_frame(payload, *expectedrows.GROUPS[group])
            frames.append((OPENING + number, len(frame), frame))
    capture = record("oneknows", frames, configuration,
                     ["--set", "batch.messages=8", "--set", "block.messages=8"])
    expected = [row for row in expectedrows.rows(frames, expectedrows.channels())
                if row["symbol"] == "AAPL"]
    rows = csv_rows(tickcap("cat", capture, "--format", "csv", "--symbol", "AAPL"))
    same_rows(rows[1:], values(expected))


def test_cat_times_are_half_open():
    rows = Mixed.get().rows
    for by, column in (("rx", "rx_ns"), ("exch", "exch_ns")):
        times = sorted({int(row[column]) for row in rows if row[column]})
        for first, last in [(times[10], times[-10]), (times[40], times[41]), (times[5], times[5]),
                            (0, times[3]), (times[-3], 2**63), (times[100] + 1, times[200] - 1)]:
            expected = [row for row in rows if row[column] and first <= int(row[column]) < last]
            same_rows(cat("--by", by, "--from", str(first), "--to", str(last)), values(expected))
        expected = [row for row in rows if row[column] and int(row[column]) >= times[50]]
        same_rows(cat("--by", by, "--from", str(times[50])), values(expected))
        expected = [row for row in rows if row[column] and int(row[column]) < times[50]]
        same_rows(cat("--by", by, "--to", str(times[50])), values(expected))


def test_cat_times_as_people_write_them():
    rows = Mixed.get().rows
    moment = OPENING + 1_250_000_000  # 14:30:01.25 UTC
    expected = values([row for row in rows if int(row["rx_ns"]) >= moment])
    assert 0 < len(expected) < len(rows)
    for words in [["2026-11-20T14:30:01.25Z"], ["2026-11-20T09:30:01.250000000-05:00"],
                  ["2026-11-20T20:00:01.25+05:30"],
                  ["2026-11-20T09:30:01.25", "--tz", "America/New_York"],
                  ["2026-11-20T23:30:01.25", "--tz", "Asia/Tokyo"],
                  ["2026-11-20T14:30:01.25", "--tz", "UTC"],
                  ["2026-11-20T14:30:01.25Z", "--tz", "America/New_York"]]:
        same_rows(cat("--from", *words), expected)
    everything = values(rows)
    same_rows(cat("--from", "2026-11-20T14:30:00Z", "--to", "2026-11-20T15:30:00Z"), everything)


def test_cat_orders():
    rows = Mixed.get().rows
    same_rows(cat("--order", "recorded"), values(rows))

    def place(row):
        return int(row["stream"]), int(row["frame"]), int(row["index"])

    exch = sorted(rows, key=lambda row: (int(row["exch_ns"] or row["rx_ns"]), *place(row)))
    assert len({row["exch_ns"] for row in rows}) < len(rows) / 4, "there are too few ties"
    assert exch != rows
    same_rows(cat("--order", "exch"), values(exch))
    some = [row for row in exch if row["symbol"] == "TSLA"]
    same_rows(cat("--order", "exch", "--symbol", "TSLA", "--limit", "100"), values(some[:100]))


def test_cat_order_by_receive_time():
    """A file whose times go back and forth: recorded order is the file's."""
    draw = random.Random(11)
    frames = []
    for number in range(1, 400):
        message = expectedrows.itch_message(draw, "S", 0, OPENING, "")
        frame = pcapio.udp_frame(pcapio.moldudp64("S", number, [message, message]))
        frames.append((OPENING + draw.randrange(60) * 1000, len(frame), frame))
    capture = record("unsorted", frames, options=["--set", "batch.messages=64", "--set",
                                                  "block.messages=64"])
    rows = expectedrows.rows(frames, expectedrows.channels())
    arrival = csv_rows(tickcap("cat", capture, "--format", "csv"))
    same_rows(arrival[1:], values(rows))
    got = csv_rows(tickcap("cat", capture, "--format", "csv", "--order", "rx"))
    same_rows(got[1:], values(sorted(rows, key=lambda row: (int(row["rx_ns"]), int(row["frame"]),
                                                            int(row["index"])))))
    got = csv_rows(tickcap("cat", capture, "--format", "csv", "--from", str(OPENING + 20000),
                           "--to", str(OPENING + 21000)))
    same_rows(got[1:], values([row for row in rows if row["rx_ns"] == str(OPENING + 20000)]))
    found = info(capture)
    assert found["first_rx_ns"] == min(frame[0] for frame in frames)
    assert found["last_rx_ns"] == max(frame[0] for frame in frames)


def test_cat_limit():
    rows = Mixed.get().rows
    for limit in [1, 2, 777, len(rows) - 1, len(rows), len(rows) + 1]:
        same_rows(cat("--limit", str(limit)), values(rows[:limit]))


# ---- following ----

class Watch:
    """Ends a process that does not do what is awaited, so that reading from it cannot hang."""

    def __init__(self, process, seconds=120):
        self.process = process
        self.timer = threading.Timer(seconds, process.kill)

    def __enter__(self):
        self.timer.start()
        return self

    def __exit__(self, *_):
        self.timer.cancel()
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    def lines(self, count):
        got = []
        for _ in range(count):
            line = self.process.stdout.readline()
            assert line, f"it ended after {len(got)} of {count} lines"
            got.append(line)
        return got

    def await_pauses(self, count):
        """Until it has given its CPU away so often: it waits, and looks again and again."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status")
        while int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status.read_text(),
                            re.M)[1]) < count:
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)

    def rest(self):
        out = self.process.stdout.read()
        return out.splitlines(keepends=True), self.process.stderr.read(), self.process.wait()


def test_follow_reads_on_where_a_file_grows():
    frames = Mixed.get().frames
    capture = record("growing", frames, options=SMALL_BLOCKS)
    whole, = capture.glob("*.tick")
    data = whole.read_bytes()
    folder = HERE / "follow"
    folder.mkdir()
    growing = folder / (whole.name + ".open")
    expected = tickcap("cat", capture, "--format", "csv").expect(0).out.splitlines(keepends=True)
    growing.write_bytes(data[:len(data) // 3])
    now = tickcap("cat", folder, "--format", "csv").expect(0).out.splitlines(keepends=True)
    assert 100 < len(now) < len(expected), "a part of the file must hold a part of the rows"
    with Watch(start(TICKCAP, "cat", "--follow", "--format", "csv", folder)) as watch:
        got = watch.lines(len(now))
        for cut in [len(data) // 3 + 10, len(data) // 2, len(data) // 2 + 1, len(data) * 3 // 4]:
            with open(growing, "ab") as file:
                file.write(data[growing.stat().st_size:cut])
            now = tickcap("cat", folder, "--format", "csv").expect(0).out
            got += watch.lines(len(now.splitlines()) - len(got))
        with open(growing, "ab") as file:
            file.write(data[growing.stat().st_size:])
        growing.rename(folder / whole.name)
        rest, said, code = watch.rest()
    assert code == 0 and said == b"", (code, said)
    same_rows(got + rest, expected)


def test_follow_stops_at_its_limit():
    folder = HERE / "limited"
    folder.mkdir()
    whole, = record("growing", Mixed.get().frames, options=SMALL_BLOCKS).glob("*.tick")
    data = whole.read_bytes()
    (folder / (whole.name + ".open")).write_bytes(data[:len(data) // 3])
    ended = finish(start(TICKCAP, "cat", "--follow", "--limit", "5", folder), timeout=120)
    assert len(ended.expect(0).text.splitlines()) == 5
    with Watch(start(TICKCAP, "cat", "--follow", "--format", "csv", folder)) as watch:
        watch.lines(50)
        watch.process.send_signal(signal.SIGTERM)
        assert watch.rest()[2] == -signal.SIGTERM


def test_follow_a_running_import_over_several_segments():
    mixed = Mixed.get()
    folder = HERE / "running"
    folder.mkdir()
    data = (HERE / "mixed/in.pcap").read_bytes()
    importing = start(TICKCAP, "import", "-", "-c", HERE / "mixed/c.yaml", "-o", folder / "capture",
                      *Mixed.options)
    with Watch(importing):
        importing.stdin.write(data[:len(data) * 2 // 3])
        importing.stdin.flush()
        while not list(folder.glob("capture/*.tick")):
            assert importing.poll() is None, importing.communicate()
            time.sleep(0.01)
        with Watch(start(TICKCAP, "cat", "--follow", "--format", "csv",
                         folder / "capture")) as watch:
            got = watch.lines(100)
            importing.stdin.write(data[len(data) * 2 // 3:])
            finish(importing).expect(0)
            rest, said, code = watch.rest()
    assert code == 0 and said == b"", (code, said)
    expected = tickcap("cat", mixed.capture, "--format", "csv").expect(0).out
    same_rows(got + rest, expected.splitlines(keepends=True))


def test_follow_waits_for_a_segment_that_has_just_begun():
    """A segment is empty until its first bytes are durable; that is no fault."""
    folder = HERE / "begun"
    folder.mkdir()
    whole, = record("growing", Mixed.get().frames, options=SMALL_BLOCKS).glob("*.tick")
    data = whole.read_bytes()
    growing = folder / (whole.name + ".open")
    growing.write_bytes(data[:len(data) // 3])
    begun = folder / "zz.tick.open"
    now = tickcap("cat", folder, "--format", "csv").expect(0).out.splitlines(keepends=True)
    with Watch(start(TICKCAP, "cat", "--follow", "--format", "csv", folder)) as watch:
        got = watch.lines(len(now))
        begun.touch()
        with open(growing, "ab") as file:
            file.write(data[growing.stat().st_size:len(data) // 2])
        got += watch.lines(20)
        begun.unlink()
        with open(growing, "ab") as file:
            file.write(data[growing.stat().st_size:])
        growing.rename(folder / whole.name)
        rest, said, code = watch.rest()
    assert code == 0 and said == b"", (code, said)
    assert len(got + rest) == len(Mixed.get().rows) + 1


def test_follow_waits_for_a_capture_that_has_just_begun():
    folder = HERE / "first begun"
    folder.mkdir()
    whole, = record("growing", Mixed.get().frames, options=SMALL_BLOCKS).glob("*.tick")
    growing = folder / (whole.name + ".open")
    growing.touch()
    ended = tickcap("cat", folder).expect(1)
    assert "just begun" in ended.err, ended
    with Watch(start(TICKCAP, "cat", "--follow", "--format", "csv", folder)) as watch:
        watch.await_pauses(10)
        growing.write_bytes(whole.read_bytes())
        growing.rename(folder / whole.name)
        rest, said, code = watch.rest()
    assert code == 0 and said == b"", (code, said)
    assert len(rest) == len(Mixed.get().rows) + 1


if __name__ == "__main__":
    tap.run(__name__)
