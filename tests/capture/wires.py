"""Networks of our own, gone afterwards: two namespaces with a veth pair between them, or with a
switch."""
import contextlib
import ctypes
import itertools
import json
import os
import pathlib
import socket
import subprocess
import threading

from daemon import PATIENCE, Capture
from program import INJECT, TICKCAPD, finish, run, start
from tap import Skip

NUMBERS = itertools.count(1)
# a bare Debian has no sysctl; where the kernel has no IPv6, all is quiet already
QUIET = """cd /proc/sys/net/ipv6/conf 2>/dev/null || exit 0
echo 1 >all/disable_ipv6 && echo 1 >default/disable_ipv6"""


def quietly(*words):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True)


def must(*words):
    done = quietly(*words)
    if done.returncode != 0:
        raise Skip(f"no network namespaces: {' '.join(words)}: {done.stderr.strip()}")


class Wire:
    """Frames that are sent into one end come out at the other: `tap0` in namespace `.receiver`."""

    def __init__(self, mtu=1500):
        if os.getuid() != 0:
            raise Skip("not root: no network namespaces")
        tag = f"tc{os.getpid()}x{next(NUMBERS)}"
        self.sender, self.receiver = f"{tag}s", f"{tag}r"
        self.namespaces = [self.sender, self.receiver]
        self.mtu = str(mtu)

    def _plug(self):
        must("ip", "link", "add", "tap0", "netns", self.receiver, "type", "veth", "peer", "name",
             "tap0", "netns", self.sender)

    def __enter__(self):
        try:
            for namespace in self.namespaces:
                must("ip", "netns", "add", namespace)
                must("ip", "netns", "exec", namespace, "sh", "-c", QUIET)
            self._plug()
            for namespace in (self.sender, self.receiver):
                must("ip", "-n", namespace, "link", "set", "lo", "up")
                must("ip", "-n", namespace, "link", "set", "tap0", "mtu", self.mtu, "up")
                must("ip", "netns", "exec", namespace, "ethtool", "-K", "tap0", "gro", "off",
                     "gso", "off", "tso", "off")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for namespace in self.namespaces:
            if pathlib.Path("/var/run/netns", namespace).exists():
                quietly("ip", "netns", "del", namespace)

    def capture(self, name, *words):
        """A tickcapd at the receiving end, as soon as it captures."""
        capture = Capture(name, *words, before=("ip", "netns", "exec", self.receiver))
        try:
            capture.await_capturing()
        except BaseException:
            capture.__exit__()
            raise
        return capture

    def run(self, *words):
        """A tickcapd at the receiving end that ends by itself."""
        return run("ip", "netns", "exec", self.receiver, TICKCAPD, *words)

    def set_offload(self, name, value):
        must("ip", "netns", "exec", self.receiver, "ethtool", "-K", "tap0", name, value)

    def set_address(self, address):
        """Gives the receiving end an address, as 10.1.2.3/24."""
        must("ip", "-n", self.receiver, "address", "add", address, "dev", "tap0")

    def socket(self, namespace):
        """A socket for whole frames at the end of the wire in a namespace."""
        made = []

        def make():  # in a thread, which alone goes to the namespace
            with open(pathlib.Path("/var/run/netns", namespace)) as file:
                if ctypes.CDLL(None).setns(file.fileno(), 0x40000000) != 0:
                    return
            made.append(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
            made[0].bind(("tap0", 0))

        thread = threading.Thread(target=make)
        thread.start()
        thread.join()
        made[0].settimeout(PATIENCE)
        return made[0]

    def _sender(self, pcap, rate):
        words = [INJECT, pcap, "tap0"] + ([rate] if rate else [])
        return ["ip", "netns", "exec", self.sender, *words]

    def send(self, pcap, rate=None):
        """Sends the frames of a file; answers how many, and how many a second it were."""
        said = run(*self._sender(pcap, rate)).expect(0).text.split()
        return int(said[0]), float(said[2])

    @contextlib.contextmanager
    def sending(self, pcap, rate):
        """The same while something else is done."""
        sender = start(*self._sender(pcap, rate))
        try:
            yield
            finish(sender).expect(0)
        finally:
            if sender.poll() is None:
                sender.kill()
                sender.communicate()


class Switch(Wire):
    """A switch between the two ends: a bridge that watches IGMP and is the querier. Times are in
    seconds; a group is forgotten `membership` after the last report."""

    def __init__(self, igmp=3, interval=1, response=0.5, membership=3, last_member=0.1):
        super().__init__()
        self.switch = self.sender[:-1] + "w"
        self.namespaces.append(self.switch)
        # in units of USER_HZ
        self.settings = ["mcast_snooping", 1, "mcast_igmp_version", igmp]
        for name, seconds in (("query_interval", interval), ("query_response_interval", response),
                              ("startup_query_interval", interval),
                              ("membership_interval", membership),
                              ("last_member_interval", last_member)):
            self.settings += [f"mcast_{name}", round(seconds * 100)]

    def _plug(self):
        must("ip", "-n", self.switch, "link", "add", "name", "br0", "type", "bridge",
             *map(str, self.settings))
        for end, name in ((self.receiver, "out"), (self.sender, "in")):
            must("ip", "link", "add", "tap0", "netns", end, "type", "veth", "peer", "name", name,
                 "netns", self.switch)
            must("ip", "-n", self.switch, "link", "set", "dev", name, "master", "br0", "up")
        must("ip", "-n", self.switch, "link", "set", "dev", "br0", "up")

    def ask(self):
        """It is a querier from now on, and lets unknown groups through no more."""
        must("ip", "-n", self.switch, "link", "set", "dev", "br0", "type", "bridge",
             "mcast_querier", "1")

    def set_igmp(self, version):
        must("ip", "-n", self.switch, "link", "set", "dev", "br0", "type", "bridge",
             "mcast_igmp_version", str(version))

    def groups(self):
        """What it sends to the receiver: {group: row of its table}, sources apart."""
        shown = run("bridge", "-n", self.switch, "-d", "-j", "mdb").expect(0).text
        return {row["grp"]: row for table in json.loads(shown) for row in table.get("mdb", [])
                if row["port"] == "out" and "src" not in row}
