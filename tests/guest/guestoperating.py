"""docs/OPERATING.md, followed as written from a bare server to the restored one, in a guest.

The commands are the document's own, read from its blocks and run in their order; so is the
configuration. What is put in their places is listed here, with the reason, and nothing else.
"""
import json
import os
import re
import shlex
import socket

import tap
from guest import ADDRESS, PATIENCE, Guest
from guestnics import await_frames, fetch_capture, frames_of, inject, make_feed
from nicsetup import configuration_of, driver_of, interface_of
from program import SOURCE, contains, tickcap, workspace

DOCUMENT = (SOURCE / "docs/OPERATING.md").read_text()
REPORTS_TO = bytes.fromhex("01005e000016")  # where reports of IGMPv3 go
CAPTURE = "/data0/tickcap"
GROUPS = ("233.54.12.111", "233.86.230.111")  # of the feed

# in the document, in the guest, and why
PLACES = [
    ("0000:5e:00.0", ADDRESS, "the NIC"),
    (" --boot", "", "there is no systemd"),
    ("tickcap_NAME", "tickcap_ny4-cap1", "the name of the configuration"),
]
# the configuration speaks of an E810, of somebody's groups, and of processors of its own
KEYS = [
    ("0000:5e:00.0", ADDRESS),
    (r"    profile: ice .*\n", ""),
    (r'"206.200.43.72@233.49.196.111:26477", port: p0, vlan: 1013', '"233.86.230.111:26477"'),
    ("idle: spin", "idle: adaptive"),
]


def section(title):
    return DOCUMENT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def commands():
    """The commands of the way to a capture, in order, without what stands behind them."""
    blocks = re.findall(r"^```\n(.*?)^```", section("From a bare server to a running capture"),
                        re.S | re.M)
    lines = [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]
    for before, after, _ in PLACES:
        lines = [line.replace(before, after) for line in lines]
    return lines


def configuration(join):
    text = re.search(r"^```yaml\n(.*?)^```", section("Configuration"), re.S | re.M)[1]
    for before, after in KEYS + [("join: false", f"join: {join}")]:
        text, count = re.subn(before, after, text)
        assert count >= 1, f"the document's configuration has no {before!r}"
    return text


def take(lines, start):
    """The next command, which begins so; what was not taken in turn is not followed."""
    line = lines.pop(0)
    assert line.startswith(start), f"the document's next command is {line!r}, not {start!r}"
    return line


def do(guest, lines, start, code=0):
    return guest.run("sh", "-c", take(lines, start)).expect(code).text


def kernel_arguments(said):
    """What scripts/host says the next kernel needs, where no GRUB can be told."""
    rows = re.findall(r"add to the kernel's arguments in the boot loader: (.*)", said)
    return " ".join(dict.fromkeys(word for row in rows for word in row.split()))


def look_at_host(lines):
    """The arguments that the next kernel needs."""
    assert take(lines, "scripts/deps") and take(lines, "meson setup")  # done, out here
    with Guest("e1000e", cpus=4) as guest:
        arguments = kernel_arguments(do(guest, lines, "scripts/host --cpus 2-3", 1))
        assert "isolcpus=managed_irq,domain,2-3" in arguments, arguments
        return arguments


def set_host_up(guest, lines):
    """In a guest with that kernel: what --apply sets would be gone with the start of another."""
    do(guest, lines, "scripts/host --cpus 2-3 --apply", 1)
    take(lines, "update-grub && reboot")
    look = take(lines, "scripts/host --cpus 2-3")
    checks = json.loads(guest.run("sh", "-c", f"{look} --json").expect(1).text)["checks"]
    bad = {check["name"]: check["fix"] for check in checks if check["state"] == "bad"}
    assert list(bad) == ["clock"], bad  # nobody sets the guest's


class Network:
    """What is beyond the cable: hears what the NIC sends."""

    def __init__(self, guest):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(guest.path / "sent"))
        self.socket.settimeout(PATIENCE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def joined(self, wanted):
        """Waits until all these groups have been reported."""
        wanted = {bytes(map(int, group.split("."))) for group in wanted}
        while wanted:
            frame = self.socket.recv(2048)
            if frame[:6] == REPORTS_TO:
                wanted -= {group for group in wanted if group in frame[38:]}


def capture(guest, lines, feed, expected):
    """Steps 3 to 5: the first check, a capture of the feed with its joins, and what came in."""
    guest.put("/tickcap/capture.yaml", configuration("true").encode())
    assert "joins 2 groups by IGMPv3" in do(guest, lines, "tickcapd capture.yaml --check")
    ask = take(lines, "printf '/tickcap/joins")
    with Network(guest) as network:
        daemon = guest.start(*shlex.split(take(lines, "tickcapd capture.yaml")))
        daemon.await_words("capturing into")
        network.joined(GROUPS)
        assert inject(guest, feed) == expected["frames"]
        await_frames(guest, expected["frames"], "tickcap_ny4-cap1")
        said = guest.must("sh", "-c", ask)
        assert all(group in said for group in GROUPS), said
        daemon.signal()
        daemon.wait().expect(0)
    assert "totalview" in do(guest, lines, "tickcap info")
    do(guest, lines, "tickcap verify")
    contains(expected, json.loads(guest.must("tickcap", "info", "--json", CAPTURE)))


def test_e1000e_as_written():
    if not os.environ.get("TC_LONG"):
        raise tap.Skip("it takes minutes: scripts/check --long, or TC_LONG=1")
    lines = commands()
    arguments = look_at_host(lines)
    with workspace() as folder, Guest("e1000e", arguments, cpus=4, memory_mib=3072) as guest:
        feed, expected = make_feed(folder)
        guest.must("ln", "-s", "/data", "/data0")
        interface = interface_of(guest)
        guest.must("ip", "address", "add", "192.0.2.7/24", "dev", interface)
        guest.must("ip", "link", "set", "dev", interface, "up")
        before = configuration_of(guest, interface)
        set_host_up(guest, lines)
        assert interface in do(guest, lines, "scripts/nic list")
        do(guest, lines, "scripts/nic bind")
        capture(guest, lines, feed, expected)
        assert not lines, f"not followed: {lines}"
        segment = fetch_capture(guest, folder, CAPTURE)
        tickcap("export", segment, "--format", "pcap", "-o", f"{folder}/out.pcap").expect(0)
        assert frames_of(feed) == frames_of(f"{folder}/out.pcap"), "the frames differ"
        guest.must("scripts/nic", "--undo")
        guest.must("scripts/host", "--undo")
        assert driver_of(guest) == guest.driver and interface_of(guest) == interface
        assert configuration_of(guest, interface) == before


if __name__ == "__main__":
    tap.run(__name__)
