"""Output on small file systems of our own: one without direct I/O, where writes go through the page
cache and nothing is lost; and one that becomes full, where what it holds stays good."""
import json
import os
import re

import tap
from daemon import new_name
from pcapio import moldudp64, udp_frame, write
from program import TICKCAP, TICKCAPD, run, workspace

FRAMES = 500
CONFIGURATION = """\
name: {name}
output: {{ directories: [{folder}/ram/out] }}
ports:
  - {{ name: p0, device: "net_pcap0,rx_pcap={folder}/feed.pcap", rx_lcores: [0],
      writer_lcores: [0] }}
channels:
  - {{ name: c, feed: moldudp64/itch50, lines: [ {{ name: a, group: "233.54.12.111:26477" }} ] }}
buffer: 8MiB
"""
# a mount namespace of its own, so that nothing stays behind
SCRIPT = """\
mount -t {kind} none {folder}/ram && mkdir {folder}/ram/out || exit 77
{tickcapd} {folder}/c.yaml -- --no-huge
code=$?
{tickcap} verify {folder}/ram/out
{tickcap} info --json {folder}/ram/out
exit $code
"""


def captured(folder, kind, frames):
    """How a capture of frames on a file system of a kind ended."""
    if os.getuid() != 0 or not os.access(TICKCAPD, os.X_OK):
        raise tap.Skip("not root, or tickcapd was not built")
    write(f"{folder}/feed.pcap", [(10**18 + i, len(frame), frame)
                                  for i, frame in enumerate(frames)])
    with open(f"{folder}/c.yaml", "w") as file:
        file.write(CONFIGURATION.format(name=new_name(), folder=folder))
    os.mkdir(f"{folder}/ram")
    ended = run("unshare", "--mount", "sh", "-c",
                SCRIPT.format(folder=folder, kind=kind, tickcap=TICKCAP, tickcapd=TICKCAPD))
    if ended.code == 77:
        raise tap.Skip(f"{kind} cannot be mounted here")
    return ended


def test_ramfs():
    with workspace() as folder:
        ended = captured(folder, "ramfs", (udp_frame(moldudp64("TEST", i + 1, [b"S" + bytes(11)]))
                                           for i in range(FRAMES)))
        ended.expect(0)
        assert f"recorded {FRAMES} frames" in ended.err, ended
        assert ended.text.startswith("good: "), ended


def test_a_disk_that_becomes_full():
    """What is lost has its cause and its number; what was written before reads back."""
    sent = 9000
    with workspace() as folder:
        ended = captured(folder, "tmpfs -o size=68M", (os.urandom(9000) for _ in range(sent)))
        ended.expect(1)
        assert "cannot be written: No space left" in ended.err, ended
        dropped, = re.findall(r"dropped +(\d+) frames", ended.err)
        assert "disk full" in ended.err, ended
        assert "not finished: no index and no tail" in ended.err, ended
        frames = json.loads(ended.text[ended.text.index("{"):])["frames"]
        assert frames + int(dropped) == sent and 0 < frames < sent, ended


if __name__ == "__main__":
    tap.run(__name__)
