"""A capture in hugepages, which are reserved for the test, used, and given back."""
import contextlib
import os
import pathlib

import tap
from daemon import Capture, new_name
from madefeed import MadeFeed, check_file_capture, configure, file_port, port
from program import tickcapd, workspace
from tap import Skip

PAGES = 64  # of 2 MiB, on node 0


def pool():
    """The folder of the pages of 2 MiB of node 0."""
    for folder in ("/sys/devices/system/node/node0/hugepages", "/sys/kernel/mm/hugepages"):
        path = pathlib.Path(folder, "hugepages-2048kB")
        if path.exists():
            return path
    raise Skip("no hugepages of 2 MiB")


def number(name):
    return int((pool() / name).read_text())


@contextlib.contextmanager
def reserved(pages):
    """So many hugepages are free; afterwards there are as many as before."""
    path, before = pool() / "nr_hugepages", number("nr_hugepages")
    if os.getuid() != 0 or not os.access(path, os.W_OK):
        raise Skip("not root: no hugepages can be reserved")
    try:
        path.write_text(str(before + pages))
        if number("free_hugepages") < pages:
            raise Skip(f"no memory for {pages} hugepages")
        yield
    finally:
        path.write_text(str(before))


def test_capture_in_hugepages():
    with workspace() as folder, reserved(PAGES):
        feed, name = MadeFeed(folder, "--messages", "20000", "--lines", "2"), new_name()
        free = number("free_hugepages")
        page = configure(folder, name, [file_port(feed.pcap), port("net_ring0", "idle")],
                         [feed.channel()])
        plan = tickcapd(page, "--check").expect(0)
        assert "in hugepages" in plan.text
        with Capture(name, page) as capture:
            capture.await_capturing()
            capture.await_count("recorded", feed.expected["frames"])
            assert number("free_hugepages") < free, "it uses none"
            maps = pathlib.Path(f"/proc/{capture.process.pid}/smaps").read_text()
            assert "KernelPageSize:     2048 kB" in maps
            capture.end().expect(0)
        check_file_capture(pathlib.Path(folder, "out"), feed)
        assert number("free_hugepages") == free, "not all were given back"
        mounts = pathlib.Path("/proc/mounts").read_text().splitlines()
        left = [path for line in mounts if line.split()[2] == "hugetlbfs"
                for path in pathlib.Path(line.split()[1]).glob(f"*{name}*")]
        assert not left, "files stay behind"


def test_too_few_hugepages_are_told():
    with workspace() as folder:
        feed = MadeFeed(folder, "--messages", "1000")
        page = configure(folder, new_name(), [file_port(feed.pcap)], [feed.channel()],
                         buffer="256GiB")
        refused = tickcapd(page).expect(2)
        assert "hugepages are free on NUMA node" in refused.err
        assert "nr_hugepages, or give -- --no-huge" in refused.err
        assert not pathlib.Path(folder, "out").exists()


if __name__ == "__main__":
    tap.run(__name__)
