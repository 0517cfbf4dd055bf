"""Output on a file system without direct I/O: writes go through the page cache, nothing is lost."""
import os

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
mount -t ramfs ramfs {folder}/ram && mkdir {folder}/ram/out || exit 77
{tickcapd} {folder}/c.yaml -- --no-huge && {tickcap} verify {folder}/ram/out
"""


def test_ramfs():
    if os.getuid() != 0 or not os.access(TICKCAPD, os.X_OK):
        raise tap.Skip("not root, or tickcapd was not built")
    with workspace() as folder:
        write(f"{folder}/feed.pcap", [(10**18 + i, len(frame), frame) for i, frame in enumerate(
            udp_frame(moldudp64("TEST", i + 1, [b"S" + bytes(11)])) for i in range(FRAMES))])
        with open(f"{folder}/c.yaml", "w") as file:
            file.write(CONFIGURATION.format(name=new_name(), folder=folder))
        os.mkdir(f"{folder}/ram")
        ended = run("unshare", "--mount", "sh", "-c",
                    SCRIPT.format(folder=folder, tickcap=TICKCAP, tickcapd=TICKCAPD))
        if ended.code == 77:
            raise tap.Skip("ramfs cannot be mounted here")
        ended.expect(0)
        assert f"recorded {FRAMES} frames" in ended.err, ended


if __name__ == "__main__":
    tap.run(__name__)
