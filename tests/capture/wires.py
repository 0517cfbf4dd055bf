"""A wire of our own: two network namespaces with a veth pair between them, gone afterwards."""
import contextlib
import itertools
import os
import pathlib
import subprocess

from daemon import Capture
from program import INJECT, TICKCAPD, finish, run, start
from tap import Skip

NUMBERS = itertools.count(1)
QUIET = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"]


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
        self.mtu = str(mtu)

    def __enter__(self):
        try:
            for namespace in (self.sender, self.receiver):
                must("ip", "netns", "add", namespace)
                for setting in QUIET:
                    quietly("ip", "netns", "exec", namespace, "sysctl", "-qw", setting)
            must("ip", "link", "add", "tap0", "netns", self.receiver, "type", "veth", "peer",
                 "name", "tap0", "netns", self.sender)
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
        for namespace in (self.sender, self.receiver):
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
