"""Groups that a port joins, at a switch that watches IGMP and asks: a bridge of the kernel's. They
flow after the join and not before, for as long as the switch is answered, and no longer than until
the leave."""
import pathlib
import struct
import time

import tap
from daemon import PATIENCE, new_name
from madefeed import configure, exported, port
from pcapio import moldudp64, ones_sum, udp_frame, write
from program import info, workspace
from wires import Switch, Wire

FEED = "239.1.2.3"
SSM = "232.1.2.3"
FLOODED = "224.0.0.251"  # a switch sends 224.0.0.0/24 everywhere
PUBLISHER, STRANGER = "10.9.1.1", "10.9.1.2"
FRAMES = 50
AF_PACKET, AF_XDP = "net_af_packet0,iface=tap0", "net_af_xdp0,iface=tap0"
PCAP = "net_pcap0,iface=tap0"

# types of messages and of records in a version 3 report
V2_REPORT, V2_LEAVE, V3_REPORT = 0x16, 0x17, 0x22
IS_INCLUDE, IS_EXCLUDE, TO_INCLUDE, TO_EXCLUDE, ALLOW, BLOCK = range(1, 7)


def channel(group, name="feed", **of_line):
    return {"name": name, "feed": "moldudp64/itch50",
            "lines": [{"name": "a", "group": group, **of_line}]}


class Feed:
    """A file of frames of one group, for a channel named as the feed; sent again it goes on."""

    def __init__(self, folder, name, group, source=PUBLISHER, vlans=()):
        self.pcap = pathlib.Path(folder, f"{name}-{source}.pcap")
        self.name, self.group, self.source, self.vlans = name, group, source, vlans
        self.sent = 0

    def send(self, wire, frames=FRAMES):
        numbers = range(self.sent + 1, self.sent + frames + 1)
        write(self.pcap, [(10**18 + number, len(frame), frame) for number, frame in (
            (number, udp_frame(moldudp64("TEST", number, [b"S" + bytes(11)]), group=self.group,
                               source=self.source, vlans=self.vlans)) for number in numbers)])
        assert wire.send(self.pcap)[0] == frames
        self.sent += frames


def packets(capture, name):
    lines = capture.ask(f"/tickcap/lines,{name}")
    return lines["packets"][0]


def await_that(capture, what, sentence):
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert capture.process.poll() is None, "it has ended"
        assert time.monotonic() < deadline, sentence
        time.sleep(0.02)


def await_packets(capture, name, count):
    await_that(capture, lambda: packets(capture, name) >= count, f"{name}: fewer than {count}")


class Marker(Feed):
    """Frames that every port gets: what was sent before one of them has arrived, or never will."""

    def __init__(self, folder):
        super().__init__(folder, "marker", FLOODED)

    def pass_through(self, wire, capture):
        self.send(wire, 1)
        await_packets(capture, "marker", self.sent)


def joins(capture, group):
    """The row of telemetry about a group."""
    told = capture.ask("/tickcap/joins")
    index = told["group"].index(group)
    return {name: column[index] for name, column in told.items()}


def start(folder, wire, channels, device=AF_PACKET, **of_port):
    name = new_name()
    page = configure(folder, name, [port(device, **of_port)], channels, idle="adaptive")
    return wire.capture(name, page, "--", "--no-huge")


def await_quiet_switch(switch, capture, folder, known):
    """Until the switch holds back groups that nobody has joined."""
    probe = Feed(folder, "probe", "239.255.1.1")
    deadline = time.monotonic() + PATIENCE
    marker = known
    while True:
        before = capture.ask("/tickcap/summary")["unmatched"]
        probe.send(switch, 1)
        marker.pass_through(switch, capture)
        after = capture.ask("/tickcap/summary")["unmatched"]
        if before == after:
            return
        assert time.monotonic() < deadline, "the switch sends everything everywhere"
        time.sleep(0.05)


# ---- at a switch ----

def check_flow(igmp, device):
    """Nothing without a join; all of it with one, beyond what the switch remembers by itself."""
    with workspace() as folder, Switch(igmp=igmp) as switch:
        channels = [channel(f"{FEED}:26477"), channel(f"{FLOODED}:26477", "marker")]
        feed = Feed(folder, "feed", FEED)
        with start(pathlib.Path(folder), switch, channels, device) as capture:
            marker = Marker(folder)
            switch.ask()
            await_quiet_switch(switch, capture, folder, marker)
            feed.send(switch)
            marker.pass_through(switch, capture)
            assert packets(capture, "feed") == 0, "it arrives unasked"
            assert FEED not in switch.groups()
            capture.end().expect(0)
        place = pathlib.Path(folder, "joined")
        place.mkdir()
        feed.sent, before = 0, feed.sent
        with start(place, switch, channels, device, join=True) as capture:
            await_that(capture, lambda: FEED in switch.groups(), "the switch heard of no join")
            feed.send(switch)
            await_packets(capture, "feed", FRAMES)
            # six queries take longer than the switch remembers a report
            await_that(capture, lambda: joins(capture, FEED)["queries"] >= 6, "nobody asks")
            assert FEED in switch.groups(), "the queries were not answered"
            feed.send(switch)
            await_packets(capture, "feed", 2 * FRAMES)
            row = joins(capture, FEED)
            assert row["version"] == igmp and row["reports"] >= 5, row
            assert row["port"] == "p0" and row["source"] == row["vlan"] == "", row
            assert abs(int(row["last_query_ns"]) - time.time_ns()) < 10**10, row
            ended = capture.end().expect(0)
        assert f"joined     2 groups on port p0 by IGMPv{igmp}" in ended.err, ended
        told = info(place / "out")
        assert told["channels"][0]["lines"][0]["packets"] == 2 * FRAMES
        queries = [frame for _, _, frame in exported(place / "out") if frame[23] == 2]
        assert len(queries) >= 6, "queries are recorded as frames of no line"
        assert before == FRAMES


def test_a_group_flows_only_after_the_join_igmp3():
    check_flow(3, AF_PACKET)


def test_a_group_flows_only_after_the_join_igmp2():
    check_flow(2, AF_PACKET)


def test_a_group_flows_only_after_the_join_libpcap():
    check_flow(3, PCAP)


def test_a_group_flows_only_after_the_join_af_xdp():
    check_flow(3, AF_XDP)


def test_one_source_of_a_group():
    """IGMPv3 lets through what the wanted source sends, and nothing of another one."""
    with workspace() as folder, Switch(igmp=3) as switch:
        channels = [channel(f"{PUBLISHER}@{SSM}:26477"), channel(f"{FLOODED}:26477", "marker")]
        wanted, other = Feed(folder, "feed", SSM), Feed(folder, "feed", SSM, STRANGER)
        with start(folder, switch, channels, join=True) as capture:
            marker = Marker(folder)
            switch.ask()
            await_quiet_switch(switch, capture, folder, marker)
            await_that(capture, lambda: SSM in switch.groups(), "the switch heard of no join")
            assert switch.groups()[SSM]["filter_mode"] == "include", switch.groups()
            other.send(switch)
            wanted.send(switch)
            other.send(switch)
            marker.pass_through(switch, capture)
            assert packets(capture, "feed") == FRAMES
            assert joins(capture, SSM)["source"] == PUBLISHER
            capture.end().expect(0)
        frames = [frame for _, _, frame in exported(pathlib.Path(folder, "out"))]
        sources = {frame[26:30] for frame in frames if frame[30:34] == address(SSM)}
        assert sources == {address(PUBLISHER)}, "frames of another source came too"


def test_the_leave_is_heard():
    """Long before the switch would have forgotten by itself."""
    for igmp in (2, 3):
        with workspace() as folder, Switch(igmp=igmp, membership=1000) as switch:
            channels = [channel(f"{FEED}:26477"),
                        channel(f"{PUBLISHER}@{SSM}:26477", "ssm")]
            with start(folder, switch, channels, join=True, igmp="auto") as capture:
                switch.ask()
                await_that(capture, lambda: {FEED, SSM} <= set(switch.groups()), "no join")
                await_that(capture, lambda: joins(capture, FEED)["version"] == igmp, "no query")
                capture.end().expect(0)
            deadline = time.monotonic() + PATIENCE
            while {FEED, SSM} & set(switch.groups()):
                assert time.monotonic() < deadline, f"IGMPv{igmp}: {switch.groups()}"
                time.sleep(0.02)


def test_an_older_querier_is_followed():
    with workspace() as folder, Switch(igmp=3) as switch:
        with start(folder, switch, [channel(f"{FEED}:26477")], join=True) as capture:
            switch.ask()
            await_that(capture, lambda: joins(capture, FEED)["queries"] >= 1, "nobody asks")
            assert joins(capture, FEED)["version"] == 3
            switch.set_igmp(2)
            await_that(capture, lambda: joins(capture, FEED)["version"] == 2, "it is not followed")
            asked = joins(capture, FEED)["queries"]
            await_that(capture, lambda: joins(capture, FEED)["queries"] >= asked + 6, "nobody asks")
            assert FEED in switch.groups(), "the queries were not answered"
            capture.end().expect(0)


# ---- on a wire ----

def address(text):
    return bytes(map(int, text.split(".")))


def ip_of(frame):
    """(VLAN or None, IPv4 packet) of a frame."""
    if frame[12:14] == b"\x81\x00":
        return struct.unpack_from(">H", frame, 14)[0] & 0xFFF, frame[18:]
    return None, frame[14:]


class Listener:
    """The other end of a wire: reads what was sent, and asks."""

    def __init__(self, wire):
        self.socket = wire.socket(wire.sender)

    def next(self):
        """The next IGMP message: its VLAN, IPv4 header, and bytes. AF_PACKET takes tags off."""
        deadline = time.monotonic() + PATIENCE
        self.socket.setsockopt(263, 8, 1)  # SOL_PACKET, PACKET_AUXDATA
        while time.monotonic() < deadline:
            frame, besides, _, _ = self.socket.recvmsg(2048, 256)
            vlan, packet = ip_of(frame)
            for level, kind, data in besides:
                status, _, _, _, _, tag, _ = struct.unpack("=IIIHHHH", data[:20])
                if (level, kind) == (263, 8) and status & 0x10:
                    vlan = tag & 0xFFF
            if packet[:1] == b"\x46" and packet[9] == 2 and packet[24] != 0x11:
                length, = struct.unpack_from(">H", packet, 2)
                assert ones_sum(packet[:24]) == 0xFFFF and ones_sum(packet[24:length]) == 0xFFFF
                assert packet[8] == 1 and packet[20:24] == b"\x94\x04\0\0", "TTL, Router Alert"
                return vlan, packet[:24], packet[24:length]
        raise AssertionError("nothing was sent")

    def ask(self, igmp, vlan=None, group="0.0.0.0", tenths=5):
        message = struct.pack(">BBH4s", 0x11, tenths, 0, address(group))
        message += struct.pack(">BBH", 2, 5, 0) if igmp == 3 else b""
        message = message[:2] + struct.pack(">H", 0xFFFF - ones_sum(message)) + message[4:]
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(message), 0, 0, 1, 2, 0,
                         address("10.9.9.9"), address("224.0.0.1"))
        ip = ip[:10] + struct.pack(">H", 0xFFFF - ones_sum(ip)) + ip[12:]
        tag = struct.pack(">HH", 0x8100, vlan) if vlan is not None else b""
        self.socket.send(b"\x01\0\x5e\0\0\1\2\0\0\0\0\2" + tag + b"\x08\0" + ip + message)


def records(message):
    """[(type, group, sources)] of a version 3 report."""
    found, offset = [], 8
    for _ in range(struct.unpack_from(">H", message, 6)[0]):
        kind, _, count, group = struct.unpack_from(">BBH4s", message, offset)
        sources = [message[offset + 8 + 4 * i:offset + 12 + 4 * i] for i in range(count)]
        found.append((kind, group, sources))
        offset += 8 + 4 * count
    assert offset == len(message)
    return found


def test_every_vlan_is_a_network_of_its_own():
    """Reports carry the tag of the line, queries are answered in their own VLAN and version."""
    with workspace() as folder, Wire() as wire:
        other = Listener(wire)
        channels = [channel(f"{FEED}:26477", vlan=1013),
                    channel(f"{PUBLISHER}@{SSM}:26477", "ssm", vlan=1014)]
        with start(folder, wire, channels, join=True, address="10.1.2.3") as capture:
            first = [other.next(), other.next()]
            assert {vlan for vlan, _, _ in first} == {1013, 1014}
            for vlan, header, message in first:
                assert header[12:20] == address("10.1.2.3") + address("224.0.0.22")
                assert message[0] == V3_REPORT
                assert records(message) == ([(TO_EXCLUDE, address(FEED), [])] if vlan == 1013 else
                                            [(ALLOW, address(SSM), [address(PUBLISHER)])])
            [other.next(), other.next()]  # the same again, as what may be lost is
            other.ask(3, vlan=1013)
            vlan, _, message = other.next()
            assert (vlan, records(message)) == (1013, [(IS_EXCLUDE, address(FEED), [])])
            other.ask(2, vlan=1013, group=FEED)
            vlan, header, message = other.next()
            assert (vlan, message[0], message[4:8]) == (1013, V2_REPORT, address(FEED))
            assert header[16:20] == address(FEED)
            other.ask(3, vlan=1012)  # in a VLAN where nothing is joined
            other.ask(3)
            other.ask(3, vlan=1014)
            vlan, _, message = other.next()
            assert (vlan, records(message)) == (
                1014, [(IS_INCLUDE, address(SSM), [address(PUBLISHER)])])
            assert joins(capture, FEED)["version"] == 2 and joins(capture, SSM)["version"] == 3
            assert (joins(capture, FEED)["queries"], joins(capture, SSM)["queries"]) == (2, 1)
            assert (joins(capture, FEED)["vlan"], joins(capture, SSM)["vlan"]) == ("1013", "1014")
            capture.end().expect(0)
        left = {}
        while len(left) < 2:
            vlan, header, message = other.next()
            left[vlan] = header[16:20], message
        to, message = left[1013]
        assert (to, message[0], message[4:8]) == (address("224.0.0.2"), V2_LEAVE, address(FEED))
        to, message = left[1014]
        assert to == address("224.0.0.22")
        assert records(message) == [(BLOCK, address(SSM), [address(PUBLISHER)])]


def test_version_and_address():
    """Reports come from the interface's own address unless one is given; igmp: 2 is never left."""
    with workspace() as folder, Wire() as wire:
        other = Listener(wire)
        wire.set_address("10.7.7.7/24")
        with start(folder, wire, [channel(f"{FEED}:26477")], join=True, igmp=2) as capture:
            for _ in range(2):
                vlan, header, message = other.next()
                assert (vlan, message[0], message[4:8]) == (None, V2_REPORT, address(FEED))
                assert header[12:20] == address("10.7.7.7") + address(FEED)
                other.ask(3)
            assert joins(capture, FEED)["version"] == 2
            capture.end().expect(0)


if __name__ == "__main__":
    tap.run(__name__)
