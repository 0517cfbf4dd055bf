"""What the keys of a profile do: each is changed in a copy of the folder, and tickcapd, with real
ports of DPDK, does otherwise or says why it cannot."""
import pathlib
import re

import tap
import yaml
from daemon import new_name
from ownprofiles import FRAMES, NO_HUGE, OwnProfiles
from pcapio import moldudp64, read, udp_frame, write
from program import SOURCE, tickcap
from wires import Wire, must

NULL = """\
drivers: [net_null]
bind: none
descriptors: 512
burst: 32
frame_bytes: 2048
queues: { max: 2, steering: rss }
timestamp: { source: tsc }
when_full: drop
loss_counters: absent
promiscuous: false
allmulticast: false
vlan_strip: false
lro: false
"""


def recorded(ended):
    return int(re.search(r"recorded (\d+) frames", ended.err).group(1))


def test_missed_counters_are_read_by_name():
    with OwnProfiles() as own:
        own.change("pcap", ("exhausted_after: 1000", "missed_xstats: [rx_q*_packets]\n"
                                                     "exhausted_after: 1000"))
        ended = own.tickcapd().expect(3)  # what was received is what is said to be missed
        assert f"the driver lost {FRAMES} frames" in ended.err, ended
        assert recorded(ended) == FRAMES, ended


def test_two_patterns_add_up():
    with OwnProfiles() as own:
        own.change("pcap", ("exhausted_after: 1000",
                            "missed_xstats: [rx_good_packets, rx_q0_packets]\n"
                            "exhausted_after: 1000"))
        ended = own.tickcapd().expect(3)
        assert f"the driver lost {2 * FRAMES} frames" in ended.err, ended


def test_a_missing_counter_is_told():
    with OwnProfiles() as own:
        own.change("pcap", ("exhausted_after: 1000",
                            "missed_xstats: [rx_lost, \"tx_*_lost\"]\nexhausted_after: 1000"))
        ended = own.tickcapd().expect(0)
        assert "port p0: the driver has no counter rx_lost, tx_*_lost, which missed_xstats of " \
               "profile pcap names" in ended.err, ended
        assert recorded(ended) == FRAMES, ended


def test_more_queues_than_the_profile_has():
    with OwnProfiles() as own:
        own.put("null", NULL)
        ended = own.tickcapd("--check", device="net_null0", lcores="[0, 0, 0]").expect(2)
        assert "port p0: rx_lcores: 3 queues, profile null has at most 2" in ended.err, ended


def test_a_device_that_cannot_spread_frames():
    with OwnProfiles() as own:
        own.change("pcap", ("queues: { max: 16, steering: device }",
                            "queues: { max: 16, steering: rss }"))
        device = f"net_pcap0,rx_pcap={own.pcap},rx_pcap={own.pcap}"
        ended = own.tickcapd(device=device, lcores="[0, 0]").expect(2)
        assert "the device cannot spread frames over 2 queues" in ended.err, ended


def test_two_files_are_two_queues():
    with OwnProfiles() as own:
        device = f"net_pcap0,rx_pcap={own.pcap},rx_pcap={own.pcap}"
        assert recorded(own.tickcapd(device=device, lcores="[0, 0]").expect(0)) == 2 * FRAMES


def test_single_is_one_queue():
    with OwnProfiles() as own:
        own.put("null", NULL.replace("max: 2, steering: rss", "max: 2, steering: single"))
        ended = own.tickcapd("--check", device="net_null0").expect(2)
        assert "null.yaml:6: queues.max: expected 1, since steering is single" in ended.err, ended


def test_stamps_are_read_in_the_unit_of_the_profile():
    for unit, flags in (("auto", ""), ("us", ""), ("ns", "bad_time software_time")):
        with OwnProfiles() as own:
            own.change("pcap", ("unit: auto", f"unit: {unit}"))
            assert recorded(own.tickcapd().expect(0)) == FRAMES
            rows = tickcap("cat", own.folder / "out", "--format", "csv", "--fields",
                           "rx_ns,flags").expect(0).text.splitlines()[1:]
            told = [row.split(",") for row in rows]
            assert len(told) == FRAMES and {row[1] for row in told} == {flags}, (unit, told[:3])
            right = [int(row[0]) == 10**18 + i * 1000 for i, row in enumerate(told)]
            assert all(right) == any(right) == (flags == ""), (unit, told[:3])


def test_the_plan_tells_of_times():
    for stamps, words in (
            ("source: tsc", "receive time: tsc at the burst"),
            ("source: kernel, unit: us, epoch: utc",
             "receive time: kernel, in us since 1970 (UTC), taken as stamped; without a stamp: "
             "tsc at the burst"),
            ("source: nic, unit: ticks, epoch: start, clock: read_clock, bits: 32",
             "receive time: nic, in ticks since its start, its clock is read by "
             "rte_eth_read_clock;"),
            ("source: nic, unit: ns, epoch: tai, clock: timesync",
             "receive time: nic, in ns since 1970 (TAI), its clock is read by "
             "rte_eth_timesync_read_time"),
            ("source: nic, unit: auto, epoch: auto, clock: none",
             "receive time: nic, in a unit that stamps show since an epoch that stamps show")):
        with OwnProfiles() as own:
            own.put("null", NULL.replace("source: tsc", stamps))
            said = own.tickcapd("--check", device="net_null0").expect(0).text
            assert words in said, said


def test_words_of_times_are_checked():
    for stamps, words in (("source: phc", "source"), ("source: nic, unit: ms", "unit"),
                          ("source: nic, epoch: gps", "epoch"),
                          ("source: nic, clock: set", "clock"),
                          ("source: nic, bits: 31", "bits"), ("source: nic, bits: 65", "bits")):
        with OwnProfiles() as own:
            own.put("null", NULL.replace("source: tsc", stamps))
            said = own.tickcapd("--check", device="net_null0").expect(2).err
            assert f"null.yaml:7: timestamp.{words}: " in said, said


def test_stamps_that_a_driver_does_not_give_are_told():
    with OwnProfiles() as own:
        own.put("null", NULL.replace("source: tsc", "source: nic, unit: ns, epoch: utc"))
        ended = own.tickcapd("--duration", 1, device="net_null0").expect(0)
        assert "port p0: profile null asks for the time of the NIC, but driver net_null does not " \
            "offer to stamp every frame: receive times are software time" in ended.err, ended


def test_frames_must_fit_the_mtu():
    with OwnProfiles() as own:
        own.put("null", NULL + "mtu: 4000\n")
        ended = own.tickcapd("--duration", 1, device="net_null0").expect(2)
        assert "frames of MTU 4000 have up to 4026 bytes, the buffers of profile null hold 2048" \
               in ended.err, ended
        assert "set frame_bytes to 4026 or more" in ended.err, ended
        own.change("null", ("frame_bytes: 2048", "frame_bytes: 4026"))
        own.tickcapd("--duration", 1, device="net_null0").expect(0)


def test_each_ring_has_its_buffers():
    def memory_mib(own):
        said = own.tickcapd("--check", device="net_null0").expect(0).text
        return int(re.search(r"memory: (\d+) MiB", said).group(1))

    with OwnProfiles() as own:
        own.put("null", NULL.replace("descriptors: 512", "descriptors: 4096"))
        one = memory_mib(own)
        own.put("null", NULL.replace("descriptors: 512", "descriptors: 4096\nrings: 5"))
        more = 4 * 4096 * 2048 >> 20
        assert more <= memory_mib(own) - one < 2 * more, one


def test_refused_filters_are_told_and_the_capture_goes_on():
    with OwnProfiles() as own, Wire() as wire:
        own.change("af_packet", ("promiscuous: true", "promiscuous: false"),
                   ("allmulticast: false", "allmulticast: true"))
        inside = ("ip", "netns", "exec", wire.receiver)
        ended = own.tickcapd("--duration", 1, device="net_af_packet0,iface=tap0",
                             before=inside).expect(0)
        assert "port p0: receiving all multicast groups cannot be switched on" in ended.err, ended
        own.change("af_packet", ("promiscuous: false", "promiscuous: true"))
        ended = own.tickcapd("--duration", 1, device="net_af_packet0,iface=tap0",
                             before=inside).expect(0)
        assert "cannot be switched on" not in ended.err, ended  # promiscuous sees all groups


def test_what_a_driver_cannot_be_told_is_said():
    with OwnProfiles() as own:
        own.put("null", NULL.replace("vlan_strip: false", "vlan_strip: true")
                .replace("lro: false", "lro: true"))
        ended = own.tickcapd("--duration", 1, device="net_null0").expect(0)
        assert "may take VLAN tags off frames" in ended.err, ended
        assert "may join TCP frames" in ended.err, ended


def test_tags_stay_on_frames():
    sent = [(10**18 + i, len(frame), frame) for i, frame in enumerate(
        udp_frame(moldudp64("TEST", i + 1, [b"S" + bytes(11)]), vlans=(1013,))
        for i in range(FRAMES))]
    for device in ("net_af_packet0,iface=tap0", "net_af_xdp0,iface=tap0"):
        with OwnProfiles() as own, Wire() as wire:
            write(own.pcap, sent)
            name = new_name()
            path = own.configure(device=device, name=name, vlan=1013)
            with wire.capture(name, path, *NO_HUGE) as capture:
                assert wire.send(own.pcap, 20000)[0] == FRAMES
                capture.await_count("received", FRAMES)
                assert f"recorded {FRAMES} frames with {FRAMES} messages" in \
                    capture.end().expect(0).err, device
            tickcap("export", own.folder / "out", "--format", "pcap", "-o",
                    own.folder / "again.pcap").expect(0)
            again = [frame for _, _, frame in read(own.folder / "again.pcap")]
            assert again == [frame for _, _, frame in sent], device


def test_an_interface_that_joins_frames_is_refused():
    with OwnProfiles() as own, Wire() as wire:
        inside = ("ip", "netns", "exec", wire.receiver)
        must(*inside, "ethtool", "-K", "tap0", "gro", "on")
        for device in ("net_af_packet0,iface=tap0", "net_pcap0,iface=tap0"):
            ended = own.tickcapd("--check", device=device, before=inside).expect(2)
            assert "tap0 merges frames into longer ones" in ended.err, ended
            assert "ethtool -K tap0 gro off lro off" in ended.err, ended


def test_a_profile_of_another_driver_is_refused():
    with OwnProfiles() as own:
        for profile in ("ice", "ring", "af_packet"):
            ended = own.tickcapd("--check", profile=profile).expect(2)
            assert f"profile '{profile}' is not for driver net_pcap" in ended.err, ended
        own.tickcapd("--check", profile="default").expect(0)


def test_the_best_profile_wins():
    with OwnProfiles() as own:
        assert "profile pcap:" in own.tickcapd("--check").expect(0).text
        assert "profile ring:" in own.tickcapd("--check", device="net_ring_feed").expect(0).text
        assert "profile default:" in own.tickcapd("--check", device="net_null0").expect(0).text
        own.put("null", NULL)
        assert "profile null:" in own.tickcapd("--check", device="net_null0").expect(0).text
        own.put("zero", NULL)
        said = own.tickcapd("--check", device="net_null0").expect(2).err
        assert "are both for this device, name one with `profile`" in said, said
        assert "null" in said and "zero" in said, said
        assert "profile zero:" in own.tickcapd("--check", device="net_null0",
                                               profile="zero").expect(0).text


def test_patterns_of_devices():
    with OwnProfiles() as own:
        for pattern in ("8086", "8086:15", "8086:157g", "8086:1572:1", "8086:**", "*:1572",
                        "15B3:1017"):
            own.put("null", NULL + f'pci: ["{pattern}"]\n')
            said = own.tickcapd("--check").expect(2).err
            assert f"null.yaml:14: pci.0: '{pattern}' is no PCI device: expected" in said, said


def network_devices():
    """[(address, vendor:device, kernel driver)] of this machine."""
    found = []
    for device in sorted(pathlib.Path("/sys/bus/pci/devices").glob("*")):
        if (device / "class").read_text().startswith("0x02"):
            numbers = ":".join((device / what).read_text()[2:].strip()
                               for what in ("vendor", "device"))
            driver = device / "driver"
            found.append((device.name, numbers, driver.resolve().name if driver.exists() else ""))
    return found


def test_a_pci_device_is_known_by_its_numbers():
    devices = [row for row in network_devices() if row[2] not in ("", "vfio-pci")]
    if not devices:
        raise tap.Skip("no PCI network device with a kernel driver on this machine")
    address, numbers, driver = devices[0]
    expected = [path.stem for path in (SOURCE / "drivers-config").glob("*.yaml")
                if numbers in yaml.safe_load(path.read_text()).get("pci", [])]
    with OwnProfiles() as own:
        here = {"device": address, "before": own.without_routes()}
        if expected:
            said = own.tickcapd("--check", **here).expect(2).err
            assert f"{address} is bound to {driver}, but profile {expected[0]} wants vfio-pci; " \
                   f"as root run: scripts/nic bind {address}" in said, said
        vendor = numbers.split(":")[0]
        own.put("whole", NULL.replace("drivers: [net_null]", f'drivers: []\npci: ["{vendor}:*"]')
                .replace("bind: none", "bind: kernel"))
        ended = own.tickcapd("--check", **here)
        if expected:  # its own number says more than its vendor's
            assert f"profile {expected[0]} wants vfio-pci" in ended.err, ended
        said = own.tickcapd("--check", **here, profile="whole").expect(0).text
        assert f"port p0: {address}" in said, said
        said = own.tickcapd("--check", **here, profile="pcap").expect(2).err
        assert f"profile 'pcap' is not for PCI device {numbers}" in said, said


def test_a_pci_device_that_is_no_nic_is_refused():
    others = [device.name for device in sorted(pathlib.Path("/sys/bus/pci/devices").glob("*"))
              if not (device / "class").read_text().startswith("0x02")]
    if not others:
        raise tap.Skip("no other PCI device on this machine")
    with OwnProfiles() as own:
        said = own.tickcapd("--check", device=others[0]).expect(2).err
        assert f"device '{others[0]}': it is no network device" in said, said


if __name__ == "__main__":
    tap.run(__name__)
