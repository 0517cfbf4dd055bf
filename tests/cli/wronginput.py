"""Wrong input of every kind, for tickcap and tickcapd alike: one sentence, the right exit code, no
crash, and nothing lost that was recorded."""
import mmap
import os
import pathlib
import re
import shutil
import struct
import subprocess

import expectedrows
import pcapio
import tap
from clispace import HERE, SMALL_BLOCKS, Mixed, csv_rows, exported, refused, same_rows
from program import (ENVIRONMENT, TICKCAP, TICKCAPD, finish, info, run, start, start_tickcapd,
                     tickcap, tickcapd)
from tap import Skip

NO_HUGE = ["--", "--no-huge"]
CAPTURE = """name: wrong
output: { directories: [FOLDER/out] }
ports:
  - name: p0
    device: "net_pcap0,rx_pcap=FOLDER/in.pcap"
    profile: pcap
    rx_lcores: [0]
    writer_lcores: [0]
channels:
  - name: totalview
    feed: moldudp64/itch50
    timezone: America/New_York
    lines:
      - { name: a, group: "233.54.12.111:26477" }
buffer: 16MiB
idle: adaptive
"""


def folder_of(name, frames=None):
    """A folder with a pcap and a configuration that works."""
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    if not (folder / "in.pcap").exists():
        pcapio.write(folder / "in.pcap", Mixed.get().frames[:200] if frames is None else frames)
    (folder / "c.yaml").write_text(CAPTURE.replace("FOLDER", str(folder)))
    return folder


def refused_by_both(path, *words, folder, only=None):
    """A configuration that neither program takes; nothing is begun."""
    if only != "tickcapd":
        refused(tickcap("import", folder / "in.pcap", "-c", path, "-o", folder / "imported"),
                "tickcap import", *words)
        assert not (folder / "imported").exists()
    if only != "import":
        refused(tickcapd(path, *NO_HUGE), "tickcapd", *words)
        refused(tickcapd(path, "--check", *NO_HUGE), "tickcapd", *words)
        assert not (folder / "out").exists()


# ---- configurations ----

# what is put in the place of which line, the key that is to be named, further words
WRONG_LINES = [
    ("buffer: 16MiB", "colour: red", "colour", ["unknown key"]),
    ("    profile: pcap", "    colour: red", "ports.0.colour", ["unknown key"]),
    ("    timezone: America/New_York", "    zone: x", "channels.0.zone", ["unknown key"]),
    ("name: wrong", "name: [a, b]", "name", ["one value"]),
    ("name: wrong", "name: ../up", "name", ["'../up'"]),
    ("name: wrong", 'name: ""', "name", ["''"]),
    ("name: wrong", "name: " + "x" * 64, "name", ["1 to 63"]),
    ("buffer: 16MiB", "buffer: 16MB", "buffer", ["'16MB'", "MiB"]),
    ("buffer: 16MiB", "buffer: 1KiB", "buffer", ["'1KiB'"]),
    ("buffer: 16MiB", "buffer: -1", "buffer", ["'-1'"]),
    ("buffer: 16MiB", "buffer: 99999999999TiB", "buffer", ["'99999999999TiB'"]),
    ("buffer: 16MiB", "buffer: {}", "buffer", ["one value"]),
    ("buffer: 16MiB", "batch: { messages: 0 }", "batch.messages", ["'0'"]),
    ("buffer: 16MiB", "batch: { messages: many }", "batch.messages", ["'many'"]),
    ("buffer: 16MiB", "batch: 7", "batch", ["mapping"]),
    ("buffer: 16MiB", "codec: { level: best }", "codec.level", ["'best'", "auto"]),
    ("buffer: 16MiB", "codec: { level: dense }", "codec.level", ["'dense'", "not supported"]),
    ("buffer: 16MiB", "realtime: 100", "realtime", ["'100'", "0 to 99"]),
    ("output: ", "output: { directories: [] }", "output.directories", ["at least 1"]),
    ("output: ", "output: { retention: { days: 5 } }", "output.retention.days", ["not supported"]),
    ("idle: adaptive", "idle: lazy", "idle", ["'lazy'", "spin, adaptive"]),
    ("    feed: moldudp64/itch50", "    feed: itch", "channels.0.feed",
     ["'itch'", "moldudp64/itch50", "iextp/deep10"]),
    ("    timezone: America/New_York", "    timezone: America/Gotham", "channels.0.timezone",
     ["America/Gotham"]),
    ("    rx_lcores: [0]", "    rx_lcores: 0", "ports.0.rx_lcores", ["list"]),
    ("    rx_lcores: [0]", "    rx_lcores: []", "ports.0.rx_lcores", ["at least 1"]),
    ("    rx_lcores: [0]", "    rx_lcores: [two]", "ports.0.rx_lcores.0", ["'two'"]),
    ("    rx_lcores: [0]", "    rx_lcores: [0, 1024]", "ports.0.rx_lcores.1", ["'1024'"]),
    ("  - name: totalview", '  - name: "x\\u009b31m"', "channels.0.name", ["control character"]),
    ("    profile: pcap", "    join: maybe", "ports.0.join", ["'maybe'"]),
    ("    profile: pcap", "    igmp: 3", "ports.0.igmp", ["'3'", "auto, 2"]),
    ("    profile: pcap", "    address: 233.54.12.111", "ports.0.address", ["'233.54.12.111'"]),
    ("    profile: pcap", "    address: 10.1.2", "ports.0.address", ["'10.1.2'", "10.1.2.3"]),
]
WRONG_GROUPS = ["233.54.12.111", "233.54.12.111:", "233.54.12.111:65536", "233.54.12:26477",
                "300.1.1.1:5", "example.com:26477", "[ff02::1]:5", "1.2.3.4@", "@233.1.1.1:5",
                "x@233.1.1.1:5", "233.1.1.1:5:6", "", "1.2.3.4@233.1.1.1:5@6", "9" * 80]


def numbered(text, line):
    return text.splitlines().index(line) + 1


def test_wrong_lines_are_named_with_file_line_and_key():
    folder = folder_of("lines")
    path = folder / "wrong.yaml"
    good = (folder / "c.yaml").read_text()
    rows = WRONG_LINES + [
        ('      - { name: a, group: "233.54.12.111:26477" }',
         f"      - {{ name: a, group: '{group}' }}", "channels.0.lines.0.group",
         [f"'{group[:80]}'"])
        for group in WRONG_GROUPS]
    for old, new, key, words in rows:
        lines = good.splitlines()
        number, = [index for index, line in enumerate(lines) if line.startswith(old)]
        lines[number] = new
        path.write_text("\n".join(lines) + "\n")
        refused_by_both(path, f"{path}:{number + 1}: {key}: ", *words, folder=folder)


def test_wrong_assignments_are_named():
    folder = folder_of("sets")
    path = folder / "c.yaml"
    rows = [("colour=red", "colour: "), ("output.colour=1", "output.colour: "),
            ("depth.of.path=1", "depth: "), ("buffer=16MB", "buffer: "),
            ("ports.0.rx_lcores=[two]", "ports.0.rx_lcores.0: "), ("batch={messages: 0}", "batch."),
            ("ports.7.name=x", "'ports.7'"), ("ports.x.name=x", "'ports.x'"),
            ("buffer", "PATH=VALUE"), ("=5", "PATH=VALUE"), ("name.first=x", "cannot stand there"),
            ("channels.0.lines.0.group=nowhere", "channels.0.lines.0.group: "),
            ("ports=[", "cannot stand there"), ("channels=[]", "at least 1")]
    for assignment, word in rows:
        for program, words in [
                ("tickcap import", [TICKCAP, "import", folder / "in.pcap", "-c", path, "-o",
                                    folder / "imported"]), ("tickcapd", [TICKCAPD, path])]:
            if program == "tickcapd" and not os.access(TICKCAPD, os.X_OK):
                continue
            end = NO_HUGE if program == "tickcapd" else []
            refused(run(*words, "--set", assignment, *end), program, f"--set '{assignment}': ",
                    word)
    assert not (folder / "imported").exists() and not (folder / "out").exists()


def test_values_that_do_not_go_together():
    folder = folder_of("together")
    path = folder / "wrong.yaml"
    good = (folder / "c.yaml").read_text()
    line = '      - { name: a, group: "233.54.12.111:26477" }\n'
    again = '      - { name: %s, group: "%s", vlan: 5 }\n'
    port = "".join(good.splitlines(keepends=True)[3:8])
    channel = "".join(good.splitlines(keepends=True)[9:14])
    rows = [
        (line, line + again % ("a", "233.1.1.1:5"), again % ("a", "233.1.1.1:5"), ["'a'"]),
        (line, line + again % ("b", "233.54.12.111:26477"), None, ["channels: ", "b"]),
        (line, line.replace("a,", "a, port: p9,"), line.replace("a,", "a, port: p9,"), ["'p9'"]),
        (line, line.replace("a,", "a1234567890123456,"), line.replace("a,", "a1234567890123456,"),
         ["a1234567890123456"]),
        (port, port + port, None, [":9: ", "'p0'", "ports.1.name"]),
        ("    profile: pcap\n", "    address: 10.1.2.3\n", "  - name: p0\n",
         ["ports.0: address and igmp are for a port with join: true"]),
        (channel, channel + channel, None, [":15: ", "'totalview'", "channels.1.name"]),
        ("buffer: 16MiB\n", "buffer: 16MiB\nbatch: { messages: 70000 }\n",
         "batch: { messages: 70000 }\n", ["batch.messages", "70000"]),
        ("buffer: 16MiB\n", "buffer: 16MiB\nblock: { messages: 100 }\n",
         "block: { messages: 100 }\n", ["batch.messages", "100"]),
        ("buffer: 16MiB\n", "buffer: 16MiB\nbatch: { bytes: 9MiB }\n", "batch: { bytes: 9MiB }\n",
         ["batch.bytes"]),
        ("buffer: 16MiB\n", "buffer: 1MiB\nbatch: { bytes: 512KiB }\n", "buffer: 1MiB\n",
         ["buffer", "four batches"]),
        ("    feed: moldudp64/itch50\n", "", "  - name: totalview\n", ["channels.0", "key feed"]),
        ("    rx_lcores: [0]\n", "", "  - name: p0\n", ["ports.0", "key rx_lcores"]),
    ]
    for old, new, at, words in rows:
        assert old in good
        path.write_text(good.replace(old, new))
        place = f"{path}:{numbered(path.read_text(), at.rstrip())}: " if at else f"{path}:"
        refused_by_both(path, place, *words, folder=folder)
    for gone, key in (("ports", "ports"), ("output", "output.directories")):
        kept = re.sub(rf"^{gone}:.*\n(?: .*\n)*", "", good, flags=re.MULTILINE)
        path.write_text(kept)
        refused_by_both(path, str(path), f"the key {key} is missing", folder=folder,
                        only="tickcapd")


def test_files_that_are_no_configuration():
    folder = folder_of("noyaml")
    path = folder / "wrong.yaml"
    for text, words in [
            ("name: [a\nports: 5\n", ["not YAML"]), ("", ["empty"]),
            ("# only a remark\n", ["empty"]), ("just a sentence\n", ["mapping"]),
            ("- a\n- b\n", ["mapping"]),
            ("\tname: x\n", ["not YAML"]), ("name: a\nname: b\n", []), ("name: *nowhere\n", []),
            ("a: &a [*a]\n", ["a"]), ("\0\1\2\xff", []), ("name: \"\xe9\n", []),
            ("name: a\nhost: \xe9\n", [":2: ", "0xe9", "UTF-8"]), ("%a\xae\xae x\n", ["UTF-8"]),
            ("{" * 3000, []), ("? [complex, key]\n: value\n", []), ("name:\n", ["name"]),
            ("%YAML 9.9\n---\nname: x\n", [])]:
        path.write_bytes(text.encode("latin-1"))
        refused_by_both(path, f"{path}", *words, folder=folder)
    for missing in (folder / "nowhere.yaml", folder):
        refused_by_both(missing, str(missing), folder=folder)


# ---- the machine ----

def refused_by_tickcapd(folder, *words, sets=(), end=NO_HUGE, code=2):
    options = [word for each in sets for word in ("--set", each)]
    for check in ([], ["--check"]):
        ended = tickcapd(folder / "c.yaml", *options, *check, *end)
        if check:
            ended.out = b""  # the plan, as far as it goes
        refused(ended, "tickcapd", *words, code=code)
    assert not list(folder.glob("out/[!.]*"))


def test_missing_lcores():
    folder = folder_of("lcores")
    for key in ("rx_lcores", "writer_lcores"):
        refused_by_tickcapd(folder, "port p0", key, "CPU 1000", "this machine has",
                            sets=[f"ports.0.{key}=[0, 1000]"])
    refused_by_tickcapd(folder, "main_cpus", "CPU 1000", sets=["main_cpus=[1000]"])


def test_missing_devices():
    folder = folder_of("devices")
    rows = [("0000:ff:1f.7", "pcap", "PCI device"), ("eth0", "pcap", "expected a PCI address"),
            ("net_af_packet0,iface=nosuch0", "af_packet", "interface"),
            ("net_af_packet0", "af_packet", "iface=NAME"),
            ("net_pcap0,iface=nosuch0", "pcap", "interface"),
            ("net_pcap0", "pcap", "rx_pcap=FILE"),
            (f"net_pcap0,rx_pcap={folder}/nowhere.pcap", "pcap", "nowhere.pcap")]
    for device, profile, word in rows:
        refused_by_tickcapd(folder, "port p0", device if "pcap=" not in device else word, word,
                            sets=[f"ports.0.device='{device}'", f"ports.0.profile={profile}"])
    refused_by_tickcapd(folder, "port p0", "'nosuch'", sets=["ports.0.profile=nosuch"])
    refused(tickcapd(folder / "c.yaml", "--set", "ports.0.device=net_nosuch0", "--set",
                     "ports.0.profile=default", *NO_HUGE), "tickcapd", "net_nosuch0")
    ended = tickcapd(folder / "c.yaml", *NO_HUGE, "--no-such-argument").expect(2)
    said, = said_by(ended, "tickcapd")  # and DPDK's own words
    assert "DPDK cannot be started" in said, ended
    assert not list(folder.glob("out/[!.]*"))


NODE = pathlib.Path("/sys/devices/system/node/node0/hugepages/hugepages-2048kB")


def huge(name):
    return int((NODE / name).read_text())


def test_missing_hugepages_and_the_command_that_helps():
    """Somebody else holds pages too; the command given must be right all the same."""
    if os.getuid() != 0 or not NODE.is_dir() or len(list(NODE.parents[1].glob("hugepages/*"))) > 2:
        raise Skip("not root, or no hugepages of 2 MiB on node 0")
    folder = folder_of("huge")
    before = huge("nr_hugepages")
    try:
        (NODE / "nr_hugepages").write_text(str(before + 24))
        if huge("free_hugepages") < 16:
            raise Skip("hugepages cannot be reserved here")
        held = mmap.mmap(-1, 8 << 21, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x40000)
        for page in range(8):
            held[page << 21] = 1
        free = huge("free_hugepages")
        buffer = ["--set", f"buffer={2 * free}MiB"]
        ended = tickcapd(folder / "c.yaml", *buffer)
        refused(ended, "tickcapd", "hugepages", "NUMA node 0", f"{2 * free} are there", "--no-huge")
        command = re.search(r"run: (echo \d+ > \S+nr_hugepages)", ended.err).group(1)
        subprocess.run(command, shell=True, check=True)
        needed = re.search(r"(\d+) MiB are needed", ended.err).group(1)
        if 2 * huge("free_hugepages") < int(needed):
            assert huge("nr_hugepages") < int(command.split()[1]), "the command asks for too few"
            raise Skip("hugepages cannot be reserved here")
        tickcapd(folder / "c.yaml", "--check", *buffer).expect(0)
        held.close()
    finally:
        (NODE / "nr_hugepages").write_text(str(before))
    assert huge("nr_hugepages") == before
    assert not list(folder.glob("out/[!.]*"))


def without_pages(*words):
    """Runs where the system shows no hugepages at all."""
    script = ("mount -t tmpfs none /sys/devices/system/node && "
              "mount -t tmpfs none /sys/kernel/mm/hugepages && exec \"$@\"")
    return finish(start("unshare", "-m", "sh", "-c", script, "sh", *words))


def test_no_hugepages_at_all():
    tickcapd("--version")
    if without_pages("true").code != 0:
        raise Skip("not root, or no mount namespaces")
    folder = folder_of("nohuge")
    ended = without_pages(TICKCAPD, folder / "c.yaml")
    refused(ended, "tickcapd", "no hugepages are free on NUMA node 0", "0 are there", "--no-huge")
    pages = int(re.search(r"run: echo (\d+) > /sys/\S+/hugepages-2048kB/nr_hugepages", ended.err)
                .group(1))
    needed = int(re.search(r"(\d+) MiB are needed", ended.err).group(1))
    assert pages == (needed + 1) // 2, ended
    assert without_pages(TICKCAPD, folder / "c.yaml", *NO_HUGE).code == 0


def unprivileged(*words):
    """Runs without the right to write where root may."""
    if os.getuid() != 0:
        return run(*words)
    return finish(start("setpriv", "--bounding-set=-dac_override,-dac_read_search",
                        "--inh-caps=-dac_override,-dac_read_search", *words))


def test_unwritable_directories():
    folder = folder_of("unwritable")
    into = [TICKCAP, "import", folder / "in.pcap", "-c", folder / "c.yaml", "-o"]
    (folder / "file").write_text("not a directory")
    places = [folder / "file", folder / "file/below", folder / "no/such/parent"]
    for place in places:
        refused(run(*into, place), "tickcap import", str(place))
        refused_by_tickcapd(folder, str(place), sets=[f"output.directories=['{place}']"])
    locked = folder / "locked"
    locked.mkdir(exist_ok=True)
    locked.chmod(0o555)
    try:
        if unprivileged("test", "-w", locked).code == 0:
            raise Skip("the right to write anywhere cannot be dropped")
        for place in (locked, locked / "below"):
            refused(unprivileged(*into, place), "tickcap import", str(place), "Permission denied")
            refused(unprivileged(TICKCAPD, folder / "c.yaml", "--set",
                                 f"output.directories=['{place}']", *NO_HUGE), "tickcapd",
                    str(place), "Permission denied")
        config = folder / "secret.yaml"
        config.write_text((folder / "c.yaml").read_text())
        config.chmod(0)
        refused(unprivileged(*into[:3], "-c", config, "-o", folder / "x"), "tickcap import",
                str(config), "Permission denied")
    finally:
        locked.chmod(0o755)
    assert not list(locked.iterdir())


# ---- pcap files ----

def said_by(ended, program):
    """Sentences of the program but the one that says that it has begun."""
    return [line for line in ended.err.splitlines()
            if line.startswith(f"{program}: ") and "capturing into" not in line]


def cut_pcapng(frames):
    """A pcapng file whose last block is cut, and how many frames are whole."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack("<II", kind, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))

    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(1, struct.pack("<HHIHHBxxxHH", 1, 0, 262144, 9, 1, 9, 0, 0))
    for time_ns, wire, frame in frames:
        out += block(6, struct.pack("<IIIII", 0, time_ns >> 32, time_ns & 0xFFFFFFFF, len(frame),
                                    wire) + frame)
    return out[:-9]


def test_truncated_pcap_files():
    """Everything before the cut is recorded, and the cut is told."""
    folder = folder_of("cut")
    frames = Mixed.get().frames[:200]
    data = (folder / "in.pcap").read_bytes()
    ends = [24]
    for _, _, frame in frames:
        ends.append(ends[-1] + 16 + len(frame))
    assert ends[-1] == len(data)
    files = [(data[:cut], sum(cut >= end for end in ends) - 1)
             for cut in (len(data) - 1, ends[150] + 1, ends[150] + 15, ends[150] + 16,
                         ends[150] + 20, ends[0] + 3)]
    files.append((cut_pcapng(frames), len(frames) - 1))
    for number, (content, whole) in enumerate(files):
        path = folder / f"cut{number}.pcap"
        path.write_bytes(content)
        out = folder / f"imported{number}"
        ended = tickcap("import", path, "-c", folder / "c.yaml", "-o", out).expect(1)
        said = said_by(ended, "tickcap import")
        assert len(said) == 1 and str(path) in said[0] and str(whole) in said[0], ended
        same_rows(exported(out), frames[:whole])
        tickcap("verify", out).expect(0)
        ended = tickcap("import", "-", "-c", folder / "c.yaml", "-o", folder / f"stdin{number}",
                        given=content).expect(1)
        assert len(said_by(ended, "tickcap import")) == 1, ended
        same_rows(exported(folder / f"stdin{number}"), frames[:whole])
    ended = tickcap("import", folder / "cut1.pcap", folder / "in.pcap", "-c", folder / "c.yaml",
                    "-o", folder / "both").expect(1)
    assert info(folder / "both")["frames"] == 150 + 200
    for number, (_, whole) in enumerate(files):
        out = folder / f"captured{number}"
        ended = tickcapd(folder / "c.yaml", "--set", f"output.directories=['{out}']", "--set",
                         f"ports.0.device='net_pcap0,rx_pcap={folder}/cut{number}.pcap'",
                         *NO_HUGE).expect(1)
        said = said_by(ended, "tickcapd")
        assert len(said) == 1 and f"cut{number}.pcap" in said[0], ended
        same_rows(exported(out), [(time_ns // 1000 * 1000, wire, frame)
                                  for time_ns, wire, frame in frames[:whole]])
        tickcap("verify", out).expect(0)


def test_files_that_are_no_pcap_of_ethernet():
    folder = folder_of("nopcap")
    files = {"empty": (b"", "empty"), "stub": (b"\x4d\x3c\xb2", "3 bytes"),
             "header": ((folder / "in.pcap").read_bytes()[:23], "23 bytes"),
             "text": (b"this is no pcap file\n" * 9, "not a pcap"),
             "tick": (next(Mixed.get().capture.glob("*.tick")).read_bytes(), "not a pcap")}
    for name, (content, _) in files.items():
        (folder / name).write_bytes(content)
    pcapio.write(folder / "raw", [(1, 3, b"abc")], link=101)
    pcapio.write(folder / "linux", [(1, 20, bytes(20))], link=113)
    words = dict({name: word for name, (_, word) in files.items()}, raw="101", linux="113")
    for name, word in words.items():
        path = folder / name
        for inputs in ([path], [folder / "in.pcap", path]):
            refused(tickcap("import", *inputs, "-c", folder / "c.yaml", "-o", folder / "imported"),
                    "tickcap import", str(path), word, code=1)
        refused(tickcap("import", "-", "-c", folder / "c.yaml", "-o", folder / "imported",
                        given=path.read_bytes()), "tickcap import", "-: ", code=1)
    assert not (folder / "imported").exists()
    refused(tickcap("import", folder / "nowhere", "-c", folder / "c.yaml", "-o", folder / "x"),
            "tickcap import", "nowhere", "No such file", code=1)
    for name, word in words.items():
        refused_by_tickcapd(folder, str(folder / name), word, code=1,
                            sets=[f"ports.0.device='net_pcap0,rx_pcap={folder / name}'"])


def test_pcap_without_frames():
    folder = folder_of("noframes", [])
    tickcap("import", folder / "in.pcap", "-c", folder / "c.yaml", "-o", folder / "d").expect(0)
    found = info(folder / "d")
    assert found["frames"] == 0 and found["complete"] and found["ledger"]["exact"], found
    tickcap("verify", folder / "d").expect(0)
    assert exported(folder / "d") == []
    assert len(csv_rows(tickcap("cat", folder / "d", "--format", "csv"))) == 1
    tickcapd(folder / "c.yaml", *NO_HUGE).expect(0)
    assert info(folder / "out")["complete"]


def test_a_frame_that_is_too_long_ends_an_import_with_a_sentence():
    folder = folder_of("toolong")
    frames = Mixed.get().frames[:10]
    path = folder / "long.pcap"
    pcapio.write(path, frames + [(frames[-1][0], 70000, bytes(70000))] + frames)
    ended = tickcap("import", path, "-c", folder / "c.yaml", "-o", folder / "d").expect(1)
    said, = said_by(ended, "tickcap import")
    assert "frame 11" in said and "70000" in said, said
    same_rows(exported(folder / "d"), frames)


def test_names_of_files_that_are_no_text_do_not_make_a_capture_unreadable():
    folder = folder_of("names")
    for number, name in enumerate([b"a\nb.pcap", b"\xe9.pcap", b"x\xc2\x9b31m.pcap",
                                   "Z\xfcrich.pcap".encode(), b"x" * 198 + "\xfc.pcap".encode()]):
        path = os.fsencode(folder) + b"/" + name
        shutil.copy(folder / "in.pcap", path)
        out = folder / f"out{number}"
        tickcap("import", os.fsdecode(path), "-c", folder / "c.yaml", "-o", out).expect(0)
        tickcap("verify", out).expect(0)
        assert info(out)["frames"] == 200
        same_rows(exported(out), pcapio.read(folder / "in.pcap"))


# ---- segments ----

READERS = [["info"], ["info", "--json"], ["cat", "--format", "csv"], ["verify"],
           ["export", "--format", "pcap", "-o", HERE / "read.pcap"]]


def segment():
    """A whole segment of many blocks, and its rows."""
    folder = HERE / "whole"
    if not folder.exists():
        tickcap("import", Mixed.get().capture.parent / "in.pcap", "-c",
                Mixed.get().capture.parent / "c.yaml", "-o", folder, *SMALL_BLOCKS).expect(0)
    path, = folder.glob("*.tick")
    return path


def test_segments_that_cannot_be_read_at_all():
    folder = folder_of("foreign")
    whole = segment().read_bytes()
    head = bytearray(whole)
    head[130] ^= 1
    version = bytearray(whole)
    version[10] = 9
    files = {"empty": (b"", "empty"), "stub": (whole[:60], "60"), "head": (whole[:4000], "4000"),
             "pcap": ((folder / "in.pcap").read_bytes(), "not a tickcap segment"),
             "flip": (bytes(head), "checksum"), "version": (bytes(version), "version 0.9")}
    for name, (content, word) in files.items():
        path = folder / f"{name}.tick"
        path.write_bytes(content)
        for command, *options in READERS:
            refused(tickcap(command, path, *options), f"tickcap {command}", str(path), word, code=1)
    for missing in (folder / "nowhere.tick", folder / "nowhere"):
        for command, *options in READERS:
            refused(tickcap(command, missing, *options), f"tickcap {command}", str(missing), code=1)
    (folder / "bare").mkdir()
    for command, *options in READERS:
        refused(tickcap(command, folder / "bare", *options), f"tickcap {command}",
                str(folder / "bare"), "no readable segment", code=1)


def whole_rows():
    return tickcap("cat", segment(), "--format", "csv").expect(0).out.splitlines(keepends=True)


def test_segments_that_are_cut_off():
    """All whole blocks before the cut read back; a cut inside a block is told."""
    folder = folder_of("cutoff")
    whole = segment().read_bytes()
    rows = whole_rows()
    before = 0
    for part in (0.2, 0.5, 0.8, 0.97):
        path = folder / "cut.tick"
        path.write_bytes(whole[:int(len(whole) * part)])
        ended = tickcap("cat", path, "--format", "csv")
        got = ended.out.splitlines(keepends=True)
        assert len(got) >= before and got == rows[:len(got)], part
        before = len(got)
        if ended.code != 0:
            assert len(said_by(ended.expect(1), "tickcap cat")) == 1 and str(path) in ended.err
        ended = tickcap("verify", path).expect(1)
        assert "cut off" in ended.err and ended.text.startswith("NOT good"), ended
        found = tickcap("info", "--json", path)
        assert f'"messages": {len(got) - 1}' in found.text and '"complete": false' in found.text
        # the same file under the name of one that is being written is not at fault
        opened = folder / "cut.tick.open"
        path.rename(opened)
        ended = tickcap("cat", opened, "--format", "csv").expect(0)
        assert ended.out.splitlines(keepends=True) == got and ended.err == "", ended
        ended = tickcap("verify", opened).expect(1)
        assert "not finished" in ended.err, ended
        opened.unlink()
    assert len(rows) / 2 < before <= len(rows)


def test_damage_costs_the_block_it_is_in():
    folder = folder_of("flipped")
    whole = segment().read_bytes()
    rows = whole_rows()
    for part in (0.6, 0.9):  # where all symbols have their names
        path = folder / "flipped.tick"
        data = bytearray(whole)
        data[int(len(whole) * part)] ^= 0x40
        path.write_bytes(data)
        ended = tickcap("cat", path, "--format", "csv").expect(1)
        assert len(said_by(ended, "tickcap cat")) == 1 and str(path) in ended.err, ended
        got = ended.out.splitlines(keepends=True)
        lost = len(rows) - len(got)
        assert 0 < lost <= 512, f"{lost} rows are lost"
        first = next(index for index, row in enumerate(rows) if row != got[index])
        assert got == rows[:first] + rows[first + lost:]


def test_one_bad_segment_does_not_hide_the_others():
    mixed = Mixed.get()
    folder = HERE / "badamong"
    shutil.copytree(mixed.capture, folder)
    victim = sorted(folder.glob("*.tick"))[1]
    good = [frame for path in sorted(mixed.capture.glob("*.tick")) if path.name != victim.name
            for frame in exported(path)]
    for content, name in ((b"", victim.name), (victim.read_bytes()[:100], victim.name),
                          (b"no readable segment", victim.name)):
        victim.write_bytes(content)
        ended = tickcap("export", folder, "--format", "pcap", "-o", HERE / "some.pcap").expect(1)
        said = said_by(ended, "tickcap export")
        assert len(said) == 1 and name in said[0], ended
        same_rows(pcapio.read(HERE / "some.pcap"), good)
        ended = tickcap("verify", folder).expect(1)
        assert name in ended.err and ended.text.startswith("NOT good"), ended
        found = tickcap("info", "--json", folder).expect(1)
        assert name in found.err and f'"frames": {len(good)},' in found.text, found
    # a segment that has only just been begun has nothing yet, and is no fault
    victim.unlink()
    begun = folder / (victim.name + ".open")
    begun.touch()
    ended = tickcap("export", folder, "--format", "pcap", "-o", HERE / "some.pcap")
    same_rows(pcapio.read(HERE / "some.pcap"), good)
    assert '"complete": false' in tickcap("info", "--json", folder).text
    ended = tickcap("verify", folder).expect(1)
    assert begun.name in ended.err, ended


def test_nothing_recorded_is_lost_where_a_run_is_refused():
    """Wrong input of a second run leaves the first one as it was."""
    folder = folder_of("kept")
    tickcapd(folder / "c.yaml", *NO_HUGE).expect(0)
    before = {path.name: path.read_bytes() for path in (folder / "out").glob("[!.]*")}
    assert len(before) == 1
    refused(tickcapd(folder / "c.yaml", "--set", "ports.0.rx_lcores=[1000]", *NO_HUGE), "tickcapd")
    (folder / "empty").touch()
    refused(tickcapd(folder / "c.yaml", "--set",
                     f"ports.0.device='net_pcap0,rx_pcap={folder}/empty'", *NO_HUGE),
            "tickcapd", code=1)
    pcapio.write(folder / "raw", [(1, 3, b"abc")], link=101)
    refused(tickcap("import", folder / "raw", "-c", folder / "c.yaml", "-o", folder / "out"),
            "tickcap import", code=1)
    after = {path.name: path.read_bytes() for path in (folder / "out").glob("[!.]*")}
    assert after == before


if __name__ == "__main__":
    tap.run(__name__)
