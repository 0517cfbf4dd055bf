"""Feeds that `tickcap gen` makes, configurations that capture them, and what must come of it."""
import copy
import json
import os
import pathlib

import pcapio
from program import contains, info, tickcap, tickcapd

MICROSECOND = 1000
GROUPS = {"a": "233.54.12.111:26477", "b": "233.86.230.111:26477"}  # of lines, unless told


def cpus():
    """(CPU that receives, CPU that writes): the same where there is only one."""
    ours = sorted(os.sched_getaffinity(0))
    return ours[0], ours[min(1, len(ours) - 1)]


class MadeFeed:
    """A feed in a file, and the figures that a capture of it must come to."""

    def __init__(self, folder, *options, name="feed", groups=None):
        self.name, self.groups = name, groups or GROUPS
        self.pcap = pathlib.Path(folder, name + ".pcap")
        expectation = pathlib.Path(folder, name + ".expected")
        gaps = pathlib.Path(folder, name + ".gaps")
        where = [f"--group-{line}={group}" for line, group in (groups or {}).items()]
        tickcap("gen", "-o", self.pcap, "--expect", expectation, "--expect-gaps", gaps, *where,
                *options).expect(0)
        self.expected = json.loads(expectation.read_text())
        self.expected["channels"][0]["name"] = name
        self.gaps = [{**gap, "channel": name} for gap in json.loads(gaps.read_text())["gaps"]]
        self.lines = [line["line"] for line in self.expected["channels"][0]["lines"]]

    def channel(self, **of_lines):
        """The channel of a configuration; `of_lines` are more keys of each of its lines."""
        return {"name": self.name, "feed": "moldudp64/itch50", "timezone": "America/New_York",
                "lines": [{"name": line, "group": self.groups[line], **of_lines}
                          for line in self.lines]}

    def group_bytes(self, line):
        """The address of a line's group, as it stands in frames."""
        return bytes(map(int, self.groups[line].split(":")[0].split(".")))

    def frames(self, unit_ns=1):
        """Its frames, their times cut to a unit."""
        return [(time_ns // unit_ns * unit_ns, wire, frame)
                for time_ns, wire, frame in pcapio.read(self.pcap)]

    def halves(self):
        """The first and the second half of its frames, as files."""
        frames, paths = self.frames(), []
        for number, part in enumerate((frames[:len(frames) // 2], frames[len(frames) // 2:])):
            paths.append(self.pcap.with_suffix(f".half{number}.pcap"))
            pcapio.write(paths[-1], part)
        return paths

    def expected_of_file_source(self):
        """Its figures as net_pcap lets them be seen: in microseconds."""
        expected = copy.deepcopy(self.expected)
        for name in ("first_rx_ns", "last_rx_ns"):
            expected[name] -= expected[name] % MICROSECOND
        return expected

    def expected_live(self):
        """Its figures without the times, which are those of arrival."""
        return {name: value for name, value in self.expected.items() if not name.endswith("_ns")}


def port(device, name="p0", **besides):
    rx, writer = cpus()
    return {"name": name, "device": device, "rx_lcores": [rx], "writer_lcores": [writer],
            **besides}


def file_port(pcap, name="p0", number=0, **besides):
    return port(f"net_pcap{number},rx_pcap={pcap}", name, **besides)


def configure(folder, name, ports, channels, **besides):
    """Writes a configuration into a folder; it captures into `out` there. Answers its path."""
    folder = pathlib.Path(folder)
    path = folder / "capture.yaml"
    page = {"name": name, "buffer": "16MiB", "ports": ports, "channels": channels, **besides}
    page["output"] = {"directories": [str(folder / "out")], **besides.get("output", {})}
    path.write_text(json.dumps(page))  # JSON is YAML
    return path


def capture_file(folder, name, feed, code=0, of_port=None, **besides):
    """Captures a feed from its file, as configured; answers the folder and how it ended."""
    page = configure(folder, name, [file_port(feed.pcap, **(of_port or {}))], [feed.channel()],
                     **besides)
    ended = tickcapd(page, "--", "--no-huge").expect(code)
    return pathlib.Path(folder, "out"), ended


def exported(capture):
    """The frames of a capture, by `tickcap export` and the other pcap reader."""
    out = pathlib.Path(capture, "exported.pcap")
    tickcap("export", capture, "--format", "pcap", "-o", out).expect(0)
    frames = pcapio.read(out)
    out.unlink()
    return frames


def same_frames(expected, got):
    """Both lists of (time_ns, wire length, bytes) are equal; names the first difference."""
    for number, (one, other) in enumerate(zip(expected, got)):
        assert one == other, f"frame {number}: {other}, expected {one}"
    assert len(expected) == len(got), f"{len(got)} frames, expected {len(expected)}"


def nothing_lost(told):
    """The ledgers of a capture close, and nothing was dropped or filtered."""
    for ledger in [told["ledger"]] + [stream["ledger"] for stream in told["streams"]]:
        assert ledger["received"] == ledger["recorded"], ledger
        assert not any(ledger["dropped"].values()) and ledger["filtered"] == 0, ledger
        assert ledger["messages_dropped"] == 0 and ledger["exact"], ledger
    assert told["ledger"]["recorded"] == told["frames"]


def check_file_capture(capture, feed):
    """Everything the file has is in the capture: every figure, and every frame."""
    tickcap("verify", capture).expect(0)
    told = info(capture)
    contains(feed.expected_of_file_source(), told)
    nothing_lost(told)
    assert told["complete"] and not told["repaired"]
    same_frames(feed.frames(MICROSECOND), exported(capture))
    return told
