"""tickcapd on PCI devices with DPDK's real drivers, in a guest that QEMU emulates.

From the bare NIC to the restored one, as an operator does it: hugepages, binding, capture,
telemetry, end, verification. What was captured must be what was sent, byte for byte, and what
tickcapd refuses must be refused with the sentence that helps.

TC_GUEST_NICS names the NICs whose tests run: e1000e, or of the table in guest.py those one wants.
"""
import json
import os
import re
import sys

import pcapio
import tap
from guest import ADDRESS, NICS, PATIENCE, Guest
from nicsetup import (bind, bind_otherwise, configuration_of, give_hugepages_back, interface_of,
                      reserve_hugepages, restore)
from program import INJECT, contains, run, tickcap, workspace

FRAMES_A_SECOND = 4000
QUESTIONS = 8  # without an answer that more frames arrived; each takes the guest about a second
CAPTURE = "/data/capture"

TROUBLE = ["--lines", "2", "--loss", "a=0.01,b=0.005", "--loss-both", "0.001",
           "--duplicates", "0.002", "--late", "0.002"]


def make_feed(folder):
    """A feed with trouble: the file, and what a capture of it must come to."""
    feed, expect = f"{folder}/feed.pcap", f"{folder}/expect.json"
    tickcap("gen", "-o", feed, "--messages", 80000, *TROUBLE, "--expect", expect).expect(0)
    with open(expect) as file:
        expected = json.load(file)
    for name in ("first_rx_ns", "last_rx_ns"):  # those of the file, not of the NIC
        del expected[name]
    return feed, expected


def ask(guest, question, prefix="tickcap_guest"):
    """What telemetry answers, through DPDK's own client."""
    said = guest.must("dpdk-telemetry.py", "-f", prefix,
                      given=f"{question}\nquit\n".encode())
    answers = [json.loads(line[line.index("{"):]) for line in said.splitlines() if question in line]
    return answers[-1][question]


def await_frames(guest, frames, prefix="tickcap_guest"):
    """Asks until that many were received; the summary then."""
    received, patience = 0, QUESTIONS
    while patience > 0:
        summary = ask(guest, "/tickcap/summary", prefix)
        if summary["received"] >= frames:
            return summary
        patience = QUESTIONS if summary["received"] > received else patience - 1
        received = summary["received"]
    raise AssertionError(f"{received} of {frames} frames arrived, and no more: {summary}")


def inject(guest, feed):
    """Sends a feed into the guest's NIC, frame by frame; answers how many frames it were."""
    said = run(INJECT, feed, guest.cable, FRAMES_A_SECOND, timeout=PATIENCE).expect(0).text
    print(f"# {guest.nic}: {said.strip()}", file=sys.stderr)
    return int(said.split()[0])


def fetch_capture(guest, folder, capture=CAPTURE):
    """Brings the guest's only segment to the host."""
    names = guest.must("ls", capture).split()
    segments = [name for name in names if name.endswith(".tick")]
    assert len(segments) == 1, names
    path = f"{folder}/{segments[0]}"
    with open(path, "wb") as file:
        file.write(guest.get(f"{capture}/{segments[0]}"))
    return path


def frames_of(path):
    return [frame for _, _, frame in pcapio.read(path)]


def check_recorded(guest, feed, expected, folder):
    """What the guest has on its disk is the feed."""
    guest.run("tickcap", "verify", CAPTURE).expect(0)
    info = json.loads(guest.must("tickcap", "info", "--json", CAPTURE))
    contains(expected, info)
    contains({"received": expected["frames"], "recorded": expected["frames"], "exact": True},
             info["ledger"])
    segment = fetch_capture(guest, folder)
    tickcap("export", segment, "--format", "pcap", "-o", f"{folder}/out.pcap").expect(0)
    sent, got = frames_of(feed), frames_of(f"{folder}/out.pcap")
    assert len(sent) == expected["frames"] and sent == got, "the frames differ"


def capture_and_compare(nic):
    with workspace() as folder, Guest(nic) as guest:
        feed, expected = make_feed(folder)
        interface = interface_of(guest)
        guest.must("ip", "address", "add", "192.0.2.7/24", "dev", interface)
        guest.must("ip", "link", "set", "dev", interface, "up")
        before = configuration_of(guest, interface)
        reserve_hugepages(guest)
        bind(guest)
        assert interface_of(guest) is None

        daemon = guest.start("tickcapd", "capture.yaml")
        daemon.await_words("capturing into")
        assert inject(guest, feed) == expected["frames"]
        summary = await_frames(guest, expected["frames"])
        assert summary["recorded"] == summary["received"] == expected["frames"], summary
        assert summary["messages"] == expected["messages"], summary
        daemon.signal()
        daemon.wait().expect(0)
        check_recorded(guest, feed, expected, folder)

        restore(guest)
        give_hugepages_back(guest)
        assert interface_of(guest) == interface
        assert configuration_of(guest, interface) == before, before


def refused(guest, *sentence):
    """tickcapd and its --check refuse to start, with that in their only sentence; which it is."""
    said = [guest.run("tickcapd", "capture.yaml", *more).expect(2).err
            for more in (("--check",), ())]
    assert said[0] == said[1] and said[0].count("\n") == 1, said
    for words in sentence:
        assert words in said[0], f"expected {words!r}: {said[0]}"
    return said[0]


def do_as_told(guest, sentence):
    """Runs the command that a refusal names."""
    command = re.search(r"as root run: ([^,;]*?)(, or|;|$)", sentence.strip()).group(1)
    guest.must("sh", "-c", command)


def test_e1000e_refusals():
    """Each wrong set-up has its sentence, and what that says to do gets one step further."""
    with Guest("e1000e") as guest:
        port = f"port p0: {ADDRESS} is bound to"
        do_as_told(guest, refused(guest, f"{port} e1000e, but profile e1000e wants vfio-pci"))
        bind_otherwise(guest, None)
        do_as_told(guest, refused(guest, f"{port} no driver, but profile e1000e wants vfio-pci"))
        bind_otherwise(guest, "uio_pci_generic")
        do_as_told(guest, refused(guest, f"{port} uio_pci_generic, which receives nothing behind "
                                         "an IOMMU"))
        do_as_told(guest, refused(guest, "no hugepages are free on NUMA node 0"))
        guest.run("tickcapd", "capture.yaml", "--check").expect(0)


def test_e1000e_uio_where_the_iommu_lets_pass():
    """With iommu=pt addresses are as they are, and uio_pci_generic receives as it does without."""
    with Guest("e1000e", kernel="iommu=pt") as guest:
        reserve_hugepages(guest)
        bind_otherwise(guest, "uio_pci_generic")
        guest.run("tickcapd", "capture.yaml", "--check").expect(0)


def test_e1000e_captures():
    capture_and_compare("e1000e")


def write_groups(path, groups, frames):
    """A file with frames of each group in turn."""
    pcapio.write(path, [(10**18 + number, len(frame), frame) for number, frame in enumerate(
        pcapio.udp_frame(pcapio.moldudp64("TEST", 1 + number // len(groups), [b"S" + bytes(11)]),
                         group=groups[number % len(groups)])
        for number in range(frames * len(groups)))])


def test_e1000e_lets_in_what_is_joined():
    """A device that is to be neither promiscuous nor open to all groups is told their addresses:
    others stay outside."""
    with workspace() as folder, Guest("e1000e") as guest:
        reserve_hugepages(guest)
        bind(guest)
        guest.must("sh", "-c", "sed 's/^promiscuous: true/promiscuous: false/; "
                   "s/^allmulticast: true/allmulticast: false/' drivers-config/e1000e.yaml "
                   ">own.yaml")
        write_groups(f"{folder}/feed.pcap", ["233.54.12.111", "239.9.9.9", "233.86.230.111"], 50)
        daemon = guest.start("tickcapd", "capture.yaml", "--set", "ports.0.join=true", "--set",
                             "ports.0.profile=/tickcap/own.yaml")
        daemon.await_words("capturing into")
        inject(guest, f"{folder}/feed.pcap")
        assert await_frames(guest, 100)["received"] == 100
        daemon.signal()
        daemon.wait().expect(0)
        info = json.loads(guest.must("tickcap", "info", "--json", CAPTURE))
        lines = {line["line"]: line["packets"] for line in info["channels"][0]["lines"]}
        assert (info["frames"], info["unmatched_frames"], lines) == (100, 0, {"a": 50, "b": 50})


def test_vmxnet3_refuses_too_few_buffers():
    """With buffers for one of its two rings it would start, and never receive a frame."""
    with Guest("vmxnet3") as guest:
        reserve_hugepages(guest)
        bind(guest)
        ended = guest.run("tickcapd", "capture.yaml", "--set", "ports.0.profile=default").expect(2)
        assert "took all but 0 of" in ended.err and "set rings to 2 or more" in ended.err, ended


def test_vmxnet3_captures():
    capture_and_compare("vmxnet3")


def test_virtio_net_pci_captures():
    capture_and_compare("virtio-net-pci")


def wanted_tests():
    """Names of the tests of the NICs that were asked for."""
    nics = os.environ.get("TC_GUEST_NICS", "e1000e").split()
    assert set(nics) <= set(NICS), f"TC_GUEST_NICS: expected some of {', '.join(NICS)}"
    starts = tuple(f"test_{nic.replace('-', '_')}_" for nic in nics)
    return [name for name in globals() if name.startswith(starts)]


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.argv += wanted_tests()
    tap.run(__name__)
