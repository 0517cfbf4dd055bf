"""The commands of tickcap from outside: their words, info, gen, verify, parts of captures."""
import json
import os
import re
import shutil
import subprocess

import expectedrows
import pcapio
import tap
from clispace import (HERE, Mixed, csv_rows, exported, imported, refused, same_rows, values)
from program import ENVIRONMENT, TICKCAP, contains, info, tickcap, tickcapd

FILTERS = ["symbol", "channel", "type", "from", "to", "by", "tz"]
OPTIONS = {
    "info": ["json", "latency"],
    "cat": ["format", "fields", "order", "limit", "follow", "events"] + FILTERS,
    "gaps": ["json", "fail-on"],
    "verify": ["json"],
    "export": ["format", "output"] + FILTERS,
    "import": ["config", "output", "set"],
    "gen": ["output", "profile", "messages", "seed", "start", "symbols", "directory", "sessions",
            "lines", "group-a", "group-b", "vlan", "udp-checksum", "loss", "loss-both",
            "duplicates", "late", "expect", "expect-gaps", "config"],
}
FLAGS = {"json", "follow", "events", "latency"}  # options without an argument


# ---- help and wrong words ----

def listed_options(text):
    return set(re.findall(r"^  (?:-\w, )?--([\w-]+)", text, re.MULTILINE))


def test_help_lists_every_option():
    for command, options in OPTIONS.items():
        help = tickcap(command, "--help").expect(0)
        assert help.err == ""
        assert help.text.startswith(f"usage: tickcap {command} "), help.text
        assert listed_options(help.text) == set(options) | {"help"}, command
    text = tickcapd("--help").expect(0).text
    assert text.startswith("usage: tickcapd CAPTURE.yaml ")
    assert listed_options(text) >= {"check", "duration", "set", "help"}
    assert "-- EAL ARGUMENTS" in text


def test_help_of_the_program_lists_every_command():
    asked = tickcap("--help").expect(0)
    for command in OPTIONS:
        assert re.search(rf"^  {command} +\S", asked.text, re.MULTILINE), command
    assert tickcap("help").expect(0).text == asked.text
    lost = tickcap().expect(2)
    assert lost.out == b"" and lost.err == asked.text
    assert re.fullmatch(r"tickcap \d+\.\d+\.\d+\n", tickcap("--version").expect(0).text)
    assert re.fullmatch(r"tickcapd \d+\.\d+\.\d+.*\n", tickcapd("--version").expect(0).text)


def test_unknown_words_are_named():
    refused(tickcap("frobnicate"), "tickcap", "'frobnicate'")
    refused(tickcap("--bogus"), "tickcap", "'--bogus'")
    for command, options in OPTIONS.items():
        name = f"tickcap {command}"
        refused(tickcap(command, "--bogus"), name, "--bogus", f"{name} --help")
        refused(tickcap(command, "x", "-z"), name, "-z")
        for option in set(options) - FLAGS:
            refused(tickcap(command, "--" + option), name, f"--{option} needs an argument")
    refused(tickcap("export", "x", "-o"), "tickcap export", "-o needs an argument")
    refused(tickcap("info", "--json", "-zq"), "tickcap info", "-z")
    refused(tickcap("info", "--json=yes", "x"), "tickcap info", "--json=yes")
    refused(tickcapd("--bogus"), "tickcapd", "--bogus")
    refused(tickcapd("--duration"), "tickcapd", "--duration needs an argument")


def test_missing_words_are_named():
    for command in ["info", "cat", "verify", "export"]:
        refused(tickcap(command), f"tickcap {command}", "PATH")
    refused(tickcap("export", "x", "--format", "pcap"), "tickcap export", "-o OUT")
    refused(tickcap("import"), "tickcap import", "IN")
    refused(tickcap("import", "x"), "tickcap import", "-c CAPTURE.yaml")
    refused(tickcap("import", "x", "-c", "y"), "tickcap import", "-o DIR")
    refused(tickcap("gen"), "tickcap gen", "-o OUT.pcap")
    refused(tickcapd(), "tickcapd", "CAPTURE.yaml")


def test_wrong_arguments_are_quoted():
    bad_times = ["tomorrow", "2026-11-20T09:30:00", "2026-13-20T09:30:00Z", "2026-02-29T00:00:00Z",
                 "2026-11-20T09:30:00.1234567890Z", "2026-11-20", "-5", "99999999999999999999",
                 "2026-11-20T24:00:00Z", "2026-11-20T09:30:00-05"]
    rows = [("cat", "--format", "xml"), ("cat", "--order", "random"), ("cat", "--by", "proc"),
            ("cat", "--limit", "0"), ("cat", "--limit", "-1"), ("cat", "--limit", "many"),
            ("cat", "--fields", "nope"), ("cat", "--fields", "seq,"), ("cat", "--fields", "Seq"),
            ("cat", "--tz", "Mars/Olympus"), ("cat", "--tz", "../../etc/passwd"),
            ("export", "--format", "pcapng"), ("export", "--by", "both"),
            ("gen", "--messages", "0"), ("gen", "--messages", "1e6"), ("gen", "--lines", "3"),
            ("gen", "--vlan", "4095"), ("gen", "--udp-checksum", "wrong"),
            ("gen", "--profile", "loud"), ("gen", "--loss", "0.5"), ("gen", "--loss", "c=0.1"),
            ("gen", "--loss", "a=1.5"), ("gen", "--late", "nan"), ("gen", "--duplicates", "2"),
            ("gen", "--directory", "maybe"), ("gen", "--group-a", "10.0.0.1:5"),
            ("gen", "--group-a", "233.1.1.1"), ("gen", "--start", "2026-11-20T09:30:00"),
            ("gen", "--sessions", "100"), ("gen", "--symbols", "65536"), ("gen", "--seed", "x")]
    rows += [("cat", option, word) for option in ("--from", "--to") for word in bad_times]
    for command, option, word in rows:
        operands = ["-o", HERE / "never.pcap"] if command != "cat" else [HERE]
        operands += [HERE] if command == "export" else []
        quoted = word.split(",")[1] if option == "--fields" and "," in word else word
        quoted = quoted.split("=")[-1] if option == "--loss" and "a=" in quoted else quoted
        refused(tickcap(command, option, word, *operands), f"tickcap {command}", option,
                f"'{quoted}'")
    assert not (HERE / "never.pcap").exists()


def test_words_that_contradict_each_other():
    capture = Mixed.get().capture
    refused(tickcap("cat", capture, "--follow", "--order", "exch"), "tickcap cat", "--follow",
            "--order")
    refused(tickcap("cat", capture, "--from", "10", "--to", "9"), "tickcap cat", "'10'", "'9'")
    out = HERE / "never.pcap"
    for words, named in [(["--loss", "b=0.1"], "line b"), (["--loss-both", "0.1"], "line b"),
                         (["--group-b", "233.1.1.1:5"], "--group-b"),
                         (["--messages", "2", "--sessions", "3"], "3 sessions"),
                         (["--expect", out], str(out)), (["extra"], "'extra'"),
                         (["--lines", "2", "--group-b", "233.54.12.111:26477"], "same group")]:
        refused(tickcap("gen", "-o", out, *words), "tickcap gen", named)
    refused(tickcap("gen", "-o", "-", "--config", out), "tickcap gen", "--config")
    assert not out.exists()


def test_output_that_cannot_be_written_is_a_failure():
    capture = Mixed.get().capture
    with open("/dev/full", "wb") as full:
        for words in [["info", capture], ["info", "--json", capture], ["verify", capture],
                      ["verify", "--json", capture], ["cat", capture], ["cat", "--help"],
                      ["export", capture, "--format", "pcap", "-o", "-"], ["gen", "-o", "-"],
                      ["--help"], ["--version"]]:
            process = subprocess.run([TICKCAP, *map(str, words)], stdout=full,
                                     stderr=subprocess.PIPE, env=ENVIRONMENT)
            said = process.stderr.decode().splitlines()
            assert process.returncode == 1, f"{words}: exit {process.returncode}"
            assert len(said) == 1 and "No space left" in said[0], f"{words}: {said}"
    for out in [HERE / "no such folder" / "x.pcap", HERE]:
        refused(tickcap("export", capture, "--format", "pcap", "-o", out), "tickcap export",
                str(out))


# ---- info ----

LEDGER = {"received": int, "recorded": int,
          "dropped": {"no_batch": int, "ring_full": int, "writer_failed": int, "disk_full": int,
                      "shutdown": int},
          "filtered": int, "messages_dropped": int,
          "nic": {"missed": (int, None), "errors": (int, None), "nombuf": (int, None)},
          "exact": bool}
COUNTS = {name: int for name in [
    "packets", "messages", "in_order", "late", "duplicates", "gap_events", "missing", "heartbeats",
    "stale_heartbeats", "resets", "not_recorded"]}
INFO = {"schema": int, "tool": str, "host": str, "run": str, "complete": bool, "repaired": bool,
        "segments": int, "blocks": int, "frames": int, "messages": int, "bytes_wire": int,
        "bytes_stored": int, "ratio": float, "first_rx_ns": int, "last_rx_ns": int,
        "unmatched_frames": int, "malformed_frames": int, "ledger": LEDGER,
        "streams": [{"stream": int, "port": str, "queue": int, "ledger": LEDGER}],
        "channels": [{"name": str, "feed": str, "symbols": int,
                      "lines": [{"line": str, **COUNTS, "loss_rate": float, "digest": str,
                                 "sessions": [{"id": str, "first_seq": int, "last_seq": int,
                                               "end_seen": bool}]}],
                      "merged": {"messages": int, "missing": int, "recovered": int,
                                 "loss_rate": float}}],
        "clocks": [{"port": str, "source": str, "unit": str, "epoch": str,
                    "error_ns_max": (int, None), "in_sync": bool, "from_ns": int, "to_ns": int}]}


def has_shape(shape, value, where="$"):
    """Every name is there, with its type; lists have something in them."""
    if isinstance(shape, dict):
        assert isinstance(value, dict), f"{where} is {value!r}"
        for name, of in shape.items():
            assert name in value, f"{where}.{name} is missing"
            has_shape(of, value[name], f"{where}.{name}")
    elif isinstance(shape, list):
        assert isinstance(value, list) and value, f"{where} is {value!r}"
        for index, item in enumerate(value):
            has_shape(shape[0], item, f"{where}[{index}]")
    else:
        kinds = tuple(type(None) if kind is None else kind
                      for kind in (shape if isinstance(shape, tuple) else (shape,)))
        assert type(value) in kinds, f"{where} is {value!r}, expected {shape}"


def test_info_json_has_the_fixed_names():
    mixed = Mixed.get()
    found = info(mixed.capture)
    has_shape(INFO, found)
    files = list(mixed.capture.glob("*.tick"))
    contains({
        "schema": 1, "complete": True, "repaired": False, "segments": len(files),
        "frames": len(mixed.frames), "messages": len(mixed.rows),
        "bytes_wire": sum(wire for _, wire, _ in mixed.frames),
        "bytes_stored": sum(file.stat().st_size for file in files),
        "first_rx_ns": mixed.frames[0][0], "last_rx_ns": mixed.frames[-1][0],
        "ledger": {"received": len(mixed.frames), "recorded": len(mixed.frames), "filtered": 0,
                   "exact": True},
        "clocks": [{"port": "import", "source": "file", "unit": "ns", "epoch": "utc"}],
    }, found)
    assert re.fullmatch(r"[0-9a-f]{32}", found["run"])
    assert found["host"] == os.uname().nodename
    assert abs(found["ratio"] - found["bytes_wire"] / found["bytes_stored"]) < 1e-6
    assert [channel["name"] for channel in found["channels"]] == ["totalview", "second, other",
                                                                  "deep"]
    for channel in found["channels"]:
        for line in channel["lines"]:
            rows = [row for row in mixed.rows
                    if (row["channel"], row["line"]) == (channel["name"], line["line"])]
            counted = {"messages": len(rows),
                       "late": sum("late" in row["flags"] for row in rows),
                       "duplicates": sum("duplicate" in row["flags"] for row in rows)}
            contains(counted, line, channel["name"])
            assert line["in_order"] == line["messages"] - line["late"] - line["duplicates"]
            assert re.fullmatch(r"[0-9a-f]{16}", line["digest"])


def test_info_for_people_says_the_same():
    mixed = Mixed.get()
    found = info(mixed.capture)
    text = tickcap("info", mixed.capture).expect(0).text
    told = [f"capture mixed of {found['host']}, run {found['run']}, by tickcap import",
            f"{found['frames']} frames, {found['messages']} messages",
            "from 2026-11-20T14:30:00", f"in {found['segments']} segments",
            f"{found['frames']} received = {found['frames']} recorded + 0 dropped + 0 filtered; "
            f"{found['unmatched_frames']} unmatched, 0 malformed", "time of import: file, ns, utc"]
    for channel in found["channels"]:
        told.append(f"channel {channel['name']}, {channel['feed']}, {channel['symbols']} symbols")
        for line in channel["lines"]:
            told.append(f"line {line['line']}: {line['messages']} messages in {line['packets']} "
                        f"packets, {line['in_order']} in order, {line['late']} late, "
                        f"{line['duplicates']} duplicate")
            told.append(f"{line['gap_events']} gaps, {line['missing']} missing")
            told.append(f"digest {line['digest']}")
            told += [f"session {session['id']}: {session['first_seq']} to {session['last_seq']}"
                     for session in line["sessions"]]
    merged = found["channels"][0]["merged"]
    told.append(f"merged: {merged['messages']} messages, {merged['missing']} missing on every "
                f"line, {merged['recovered']} recovered")
    for sentence in told:
        assert sentence in text, f"{sentence!r} is not in\n{text}"


# ---- gen ----

GENERATED = {
    "one line": [],
    "two lines": ["--lines", "2"],
    "loss": ["--lines", "2", "--loss", "a=0.05,b=0.1"],
    "loss on one": ["--loss", "a=0.2"],
    "loss on both": ["--lines", "2", "--loss-both", "0.05"],
    "duplicates": ["--duplicates", "0.1"],
    "late": ["--lines", "2", "--late", "0.1"],
    "sessions": ["--lines", "2", "--sessions", "5", "--late", "0.05"],
    "vlan": ["--lines", "2", "--vlan", "1013"],
    "no checksum": ["--udp-checksum", "zero"],
    "partial checksum": ["--lines", "2", "--udp-checksum", "partial"],
    "open": ["--profile", "open", "--lines", "2"],
    "burst": ["--profile", "burst", "--symbols", "40"],
    "no directory": ["--directory", "off", "--lines", "2", "--loss", "a=0.01"],
    "other groups": ["--lines", "2", "--group-a", "239.1.1.1:5000", "--group-b", "239.1.1.1:5001"],
    "far future": ["--start", "2050-06-01T14:00:00Z"],
    "all of it": ["--lines", "2", "--loss", "a=0.03,b=0.02", "--loss-both", "0.01", "--late",
                  "0.02", "--duplicates", "0.02", "--sessions", "3", "--vlan", "7",
                  "--udp-checksum", "partial", "--profile", "open", "--symbols", "300"],
}


def generate(folder, *options, seed=3, messages=15000):
    folder.mkdir(exist_ok=True)
    said = tickcap("gen", "-o", folder / "f.pcap", "--expect", folder / "e.json", "--config",
                   folder / "c.yaml", "--messages", messages, "--seed", seed, *options).expect(0)
    assert said.err.startswith(f"tickcap gen: {messages} messages in "), said
    return json.loads((folder / "e.json").read_text())


def test_gen_expects_what_info_finds():
    seen = []
    for name, options in GENERATED.items():
        folder = HERE / ("gen " + name)
        expected = generate(folder, *options)
        tickcap("import", folder / "f.pcap", "-c", folder / "c.yaml", "-o", folder / "d").expect(0)
        found = info(folder / "d")
        try:
            contains(expected, found)
        except AssertionError as difference:
            raise AssertionError(f"{name}: {difference}") from None
        tickcap("verify", folder / "d").expect(0)
        frames = pcapio.read(folder / "f.pcap")
        assert len(frames) == expected["frames"], name
        assert sum(len(frame) for _, _, frame in frames) == expected["bytes_wire"], name
        lines = expected["channels"][0]["lines"]
        assert len(lines) == (2 if "--lines" in options else 1), name
        seen.append((name, lines, expected["channels"][0]))
        vlans = {expectedrows.payload_of(frame)[3] for _, _, frame in frames}
        assert vlans == {int(options[options.index("--vlan") + 1]) if "--vlan" in options else None}
    by_name = {name: lines for name, lines, _ in seen}
    channel = {name: channel for name, _, channel in seen}
    assert all(line["missing"] > 0 for line in by_name["loss"])
    assert channel["loss on both"]["merged"]["missing"] > 0
    assert channel["loss"]["merged"]["recovered"] > 0
    assert by_name["duplicates"][0]["duplicates"] > 0 and by_name["late"][1]["late"] > 0
    assert [line["resets"] for line in by_name["sessions"]] == [4, 4]
    assert channel["no directory"]["symbols"] == 0 and channel["burst"]["symbols"] == 40


def test_gen_depends_on_its_options_alone():
    options = GENERATED["all of it"]
    files = {}
    for name, seed in (("one", 8), ("same", 8), ("other", 9)):
        generate(HERE / name, *options, seed=seed)
        files[name] = [(HERE / name / file).read_bytes() for file in ("f.pcap", "e.json")]
    assert files["one"] == files["same"]
    assert files["one"][0] != files["other"][0] and files["one"][1] != files["other"][1]
    out = tickcap("gen", "-o", "-", "--messages", "15000", "--seed", "8", *options).expect(0).out
    assert out == files["one"][0]


# ---- several captures, parts of one ----

def test_two_runs_in_one_directory():
    frames = Mixed.get().frames
    half = len(frames) // 2
    for index, part in enumerate((frames[:half], frames[half:])):
        pcapio.write(HERE / f"run{index}.pcap", part)
        imported("tworuns", HERE / f"run{index}.pcap")
    both = info(HERE / "tworuns")
    contains({"segments": 2, "complete": True, "frames": len(frames)}, both)
    assert len(both["streams"]) == 2
    tickcap("verify", HERE / "tworuns").expect(0)
    same_rows(exported(HERE / "tworuns"), frames)
    again = tickcap("import", HERE / "run0.pcap", "-c", HERE / "any.yaml", "-o",
                    HERE / "tworuns")
    assert again.code == 0 or "File exists" in again.err, again  # never written over
    kept = exported(*sorted((HERE / "tworuns").glob("*.tick"))[:1])
    assert kept == frames[:half]


def test_a_part_of_a_capture():
    mixed = Mixed.get()
    segments = sorted(mixed.capture.glob("*.tick"))
    got, frames = [], 0
    for number, segment in enumerate(segments, 1):
        assert re.fullmatch(rf"2026112\dT\d{{6}}\.\d{{9}}Z_mixed_s0_w0_{number:06}\.tick",
                            segment.name), segment.name
        found = info(segment)
        contains({"segments": 1, "complete": False, "bytes_stored": segment.stat().st_size}, found)
        frames += found["frames"]
        rows = csv_rows(tickcap("cat", segment, "--format", "csv"))[1:]
        assert found["messages"] == len(rows) > 0
        got += rows
    assert frames == len(mixed.frames)
    same_rows(got, values(mixed.rows))  # names, flags, frame numbers: as read in one go
    contains({"segments": 2, "complete": False}, info(*segments[:2]))
    contains({"segments": 2, "complete": False}, info(*segments[1:3]))
    contains({"segments": 2, "complete": False}, info(segments[0], segments[2]))
    contains({"segments": len(segments), "complete": True}, info(*reversed(segments)))
    text = tickcap("info", segments[1]).expect(0).text
    assert "not complete" in text and "not complete" not in tickcap("info", mixed.capture).text


def test_verify():
    mixed = Mixed.get()
    found = info(mixed.capture)
    words = ["good: ", f"{found['segments']} segments", f"{found['blocks']} blocks",
             f"{found['frames']} frames", f"{found['messages']} messages", "0 faults"]
    text = tickcap("verify", mixed.capture).expect(0).text
    assert all(word in text for word in words), text
    result = json.loads(tickcap("verify", "--json", mixed.capture).expect(0).text)
    contains({"schema": 1, "good": True, "faults": [], "segments": found["segments"],
              "blocks": found["blocks"], "frames": found["frames"],
              "messages": found["messages"]}, result)
    folder = HERE / "damaged"
    shutil.copytree(mixed.capture, folder)
    victim = sorted(folder.glob("*.tick"))[1]
    data = bytearray(victim.read_bytes())
    data[-len(data) // 3] ^= 0x10  # in a block, behind the head
    victim.write_bytes(data)
    ended = tickcap("verify", "--json", folder).expect(1)
    result = json.loads(ended.text)
    assert not result["good"] and any(victim.name in fault for fault in result["faults"])
    ended = tickcap("verify", folder).expect(1)
    assert ended.text.startswith("NOT good: ") and victim.name in ended.err, ended
    assert all(line.startswith("tickcap verify: ") for line in ended.err.splitlines()), ended
    read = tickcap("info", "--json", folder).expect(1)
    assert victim.name in read.err
    lost = len(mixed.frames) - json.loads(read.text)["frames"]
    assert 0 < lost < len(mixed.frames) / 2, "only the damaged block may be missing"

if __name__ == "__main__":
    tap.run(__name__)
