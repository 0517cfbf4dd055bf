"""A tickcapd with a drivers-config of its own, which tests may change.

The program looks for the folder from its own place upwards, so a copy of it beside a copy of the
folder uses that one.
"""
import os
import pathlib
import shutil
import tempfile

from pcapio import moldudp64, udp_frame, write
from program import SOURCE, TICKCAPD, run
from tap import Skip

NO_HUGE = ["--", "--no-huge"]
FRAMES = 200

CONFIGURATION = """\
name: {name}
output: {{ directories: [{folder}/out] }}
ports:
  - {{ name: p0, device: "{device}", {profile} rx_lcores: {lcores}, writer_lcores: [0] }}
channels:
  - name: c
    feed: moldudp64/itch50
    lines: [ {{ name: a, group: "233.54.12.111:26477"{vlan} }} ]
buffer: 8MiB
"""


def sources():
    return sorted((SOURCE / "drivers-config").glob("*.yaml"))


class OwnProfiles:
    """As a context; gone afterwards."""

    def __init__(self):
        if not os.access(TICKCAPD, os.X_OK):
            raise Skip("tickcapd was not built: DPDK is not on this machine")
        self.holder = tempfile.TemporaryDirectory(prefix="tickcap-test-")
        self.folder = pathlib.Path(self.holder.name)
        self.profiles = self.folder / "drivers-config"
        shutil.copytree(SOURCE / "drivers-config", self.profiles)
        (self.folder / "bin").mkdir()
        shutil.copy(TICKCAPD, self.folder / "bin")
        self.pcap = self.folder / "feed.pcap"
        message = b"S" + bytes(11)
        write(self.pcap, [(10**18 + i * 1000, len(frame), frame) for i, frame in enumerate(
            udp_frame(moldudp64("TEST", i + 1, [message])) for i in range(FRAMES))])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.cleanup()

    def change(self, profile, *pairs):
        """Replaces words of a profile; each must stand in it once."""
        path = self.profiles / f"{profile}.yaml"
        text = path.read_text()
        for old, new in pairs:
            assert text.count(old) == 1, f"{profile}: {old!r} stands there {text.count(old)} times"
            text = text.replace(old, new)
        path.write_text(text)

    def put(self, profile, text):
        (self.profiles / f"{profile}.yaml").write_text(text)

    def configure(self, device=None, profile=None, lcores="[0]", name=None, vlan=None):
        """Writes a configuration; answers its path."""
        path = self.folder / "c.yaml"
        path.write_text(CONFIGURATION.format(
            name=name or f"own{os.getpid()}", folder=self.folder, lcores=lcores,
            device=device or f"net_pcap0,rx_pcap={self.pcap}",
            profile=f"profile: {profile}," if profile else "",
            vlan=f", vlan: {vlan}" if vlan else ""))
        return path

    def without_routes(self):
        """Words before a program, for which this machine has no routes."""
        (self.folder / "machine/proc").mkdir(parents=True, exist_ok=True)
        for name, target in (("sys", "/sys"), ("proc/meminfo", "/proc/meminfo")):
            if not (self.folder / "machine" / name).is_symlink():
                (self.folder / "machine" / name).symlink_to(target)
        return "env", f"TICKCAPD_TEST_ROOT={self.folder}/machine"

    def tickcapd(self, *words, before=(), **configuration):
        return run(*before, self.folder / "bin/tickcapd", self.configure(**configuration), *words,
                   *NO_HUGE)
