"""The samples of the feeds, imported and printed: every format says what the reference says."""
import csv
import functools
import io
import json
import pathlib

import make_samples
import pcapio
import reference
import tap
from program import SOURCE, info, tickcap, workspace

FOLDER = SOURCE / "lib/feed"
COLUMNS = ["stream", "frame", "index", "rx_ns", "exch_ns", "proc_ns", "channel", "line", "session",
           "seq", "type", "symbol", "flags", "length", "message"]
PLACE = workspace()


def sample_file(sample, ending):
    return (FOLDER / sample.path).with_suffix(ending)


@functools.cache
def expected_rows(sample):
    frames = pcapio.read(sample_file(sample, ".pcap"))
    return list(make_samples.channel_of(sample).rows(frames))


@functools.cache
def imported(sample, block=65536, batch=8192):
    """The capture that `tickcap import` makes of a sample, with so many messages a block."""
    folder = pathlib.Path(PLACE.name, f"{sample.channel}-{block}")
    config = folder.with_suffix(".yaml")
    lines = [{"name": name, "group": group} for name, group in sample.lines]
    config.write_text(json.dumps({  # JSON is YAML
        "name": "sample",
        "channels": [{"name": sample.channel, "feed": sample.feed, "timezone": sample.timezone,
                      "lines": lines}],
        "batch": {"messages": batch},
        "block": {"messages": block}}))
    tickcap("import", sample_file(sample, ".pcap"), "-c", config, "-o", folder).expect(0)
    return folder


def cat(sample, *words):
    return tickcap("cat", imported(sample), *words).expect(0).out


def csv_records(output):
    """Records of CSV. Older csv modules refuse NUL, which another character stands for here."""
    text = output.decode("latin-1").replace("\0", "\u2400")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def csv_value(value):
    """A price has all its decimals: `1E-8` is not how money is written."""
    if isinstance(value, reference.decimal.Decimal):
        return format(value, "f")
    return "" if value is None else str(value).replace("\0", "\u2400")


def csv_type(row):
    """The wire code: a printable character as it is, any other in hex."""
    code = row["type"]
    return "" if code is None else code if "!" <= code <= "~" else f"{ord(code):02x}"


def first_difference(expected, got):
    expected, got = expected.splitlines(), got.splitlines()
    for number, (one, other) in enumerate(zip(expected, got), 1):
        if one != other:
            return f"line {number} is\n{other!r}\nexpected\n{one!r}"
    return f"{len(got)} lines, expected {len(expected)}"


# ---- the samples themselves ----

def test_samples_are_what_their_maker_makes():
    with workspace() as folder:
        make_samples.main(folder)
        for sample in make_samples.SAMPLES:
            for ending in (".pcap", ".expected"):
                made = pathlib.Path(folder, sample.path).with_suffix(ending)
                assert made.read_bytes() == sample_file(sample, ending).read_bytes(), \
                    f"{sample.path}{ending} is not what make_samples.py makes"


def test_samples_have_every_type_more_than_once():
    for sample in make_samples.SAMPLES:
        feed = reference.FEEDS[sample.feed]
        codes = [message.code for _, message in expected_rows(sample) if message.type]
        for code, kind in feed.types.items():
            assert codes.count(code) >= 5, f"{sample.path}: {codes.count(code)} {kind.name}"
        lengths = [len(message.raw) for _, message in expected_rows(sample) if not message.type]
        assert 0 in lengths and len(lengths) > 4
        symbols = {row["symbol"] for row, _ in expected_rows(sample)}
        if feed.directory:
            assert {"#13", "AAPL", ""} <= symbols


# ---- printing ----

def test_text_is_as_expected():
    for sample in make_samples.SAMPLES:
        expected = sample_file(sample, ".expected").read_bytes()
        got = cat(sample)
        assert got == expected, f"{sample.path}: {first_difference(expected, got)}"


def test_text_does_not_depend_on_blocks():
    for sample in make_samples.SAMPLES:
        folder = imported(sample, block=16, batch=8)
        assert info(folder)["blocks"] > 1
        expected = sample_file(sample, ".expected").read_bytes()
        got = tickcap("cat", folder).expect(0).out
        assert got == expected, f"{sample.path}: {first_difference(expected, got)}"


def test_json_agrees_with_the_reference():
    for sample in make_samples.SAMPLES:
        lines = cat(sample, "--format", "json").decode("ascii").splitlines()
        assert len(lines) == len(expected_rows(sample))
        for (row, message), line in zip(expected_rows(sample), lines):
            reference.check_json(row, message, line)


def test_csv_agrees_with_the_reference():
    for sample in make_samples.SAMPLES:
        records = csv_records(cat(sample, "--format", "csv"))
        assert records[0] == COLUMNS
        assert len(records) == len(expected_rows(sample)) + 1
        for (row, _), record in zip(expected_rows(sample), records[1:]):
            expected = [csv_value(row[name]) for name in COLUMNS]
            expected[COLUMNS.index("type")] = csv_type(row)
            assert record == expected, f"{sample.path}: {record}, expected {expected}"


# ---- chosen columns ----

def chosen(sample):
    """Names of all fields of a feed that are no columns too."""
    types = reference.FEEDS[sample.feed].types.values()
    names = {field.name: None for kind in types for field in kind.fields}
    return [name for name in names if name not in COLUMNS]


def chosen_value(row, message, name):
    """What --fields tells for a name; None for nothing."""
    if name in row:
        return row[name]
    exchange = row["exch_ns"]
    if name == "proc_lat_ns":
        return row["proc_ns"] - row["rx_ns"]
    if name in ("net_ns", "total_ns"):
        return None if exchange is None else row["rx_ns"] - exchange
    return message.fields.get(name)


def test_fields_in_csv():
    for sample in make_samples.SAMPLES:
        names = chosen(sample)
        for part in (names[:30], names[30:]):
            part = ["seq", "net_ns", "proc_lat_ns", "total_ns"] + part
            records = csv_records(cat(sample, "--format", "csv", "--fields", ",".join(part)))
            assert records[0] == part
            assert len(records) == len(expected_rows(sample)) + 1
            for (row, message), record in zip(expected_rows(sample), records[1:]):
                for name, got in zip(part, record):
                    expected = csv_value(chosen_value(row, message, name))
                    assert got == expected, \
                        f"{sample.path}: seq {row['seq']} {name} is {got!r}, expected {expected!r}"


def test_fields_in_json():
    for sample in make_samples.SAMPLES:
        names = ["seq", "net_ns", "proc_lat_ns", "total_ns", *chosen(sample)[:20]]
        lines = cat(sample, "--format", "json", "--fields", ",".join(names)).splitlines()
        assert len(lines) == len(expected_rows(sample))
        for (row, message), line in zip(expected_rows(sample), lines):
            expected = {name: chosen_value(row, message, name) for name in names}
            got = json.loads(line)
            assert got.pop("kind") == "message"
            assert list(got) == names, f"{list(got)}, expected {names}"
            for name, value in expected.items():
                if isinstance(value, reference.decimal.Decimal):
                    value = format(value, "f")
                assert got[name] == value, \
                    f"{sample.path}: seq {row['seq']} {name} is {got[name]!r}, expected {value!r}"


def test_fields_in_text():
    for sample in make_samples.SAMPLES:
        names = ["channel", "seq", "timestamp", "total_ns"]
        lines = cat(sample, "--fields", ",".join(names)).decode("ascii").splitlines()
        values = [[chosen_value(row, message, name) for name in names]
                  for row, message in expected_rows(sample)]
        expected = [" ".join("-" if value is None else str(value) for value in line)
                    for line in values]
        assert lines == expected


# ---- around the messages ----

def test_counts():
    for sample in make_samples.SAMPLES:
        frames = pcapio.read(sample_file(sample, ".pcap"))
        rows = expected_rows(sample)
        told = info(imported(sample))
        lines = told["channels"][0]["lines"]
        assert (told["frames"], told["messages"]) == (len(frames), len(rows))
        for line in lines:
            flags = [row["flags"] for row, _ in rows if row["line"] == line["line"]]
            assert line["messages"] == len(flags)
            assert line["late"] == flags.count("late")
            assert line["duplicates"] == flags.count("duplicate")
        assert lines[0]["late"] == 1 and lines[0]["duplicates"] == 2
        assert told["unmatched_frames"] > 0 and told["malformed_frames"] > 1


def test_export_is_the_sample():
    for sample in make_samples.SAMPLES:
        tickcap("verify", imported(sample)).expect(0)
        out = pathlib.Path(PLACE.name, "export.pcap")
        tickcap("export", imported(sample), "--format", "pcap", "-o", out).expect(0)
        assert out.read_bytes() == sample_file(sample, ".pcap").read_bytes(), sample.path
        out.unlink()


if __name__ == "__main__":
    tap.run(__name__)
