"""Wrong set-ups, a row each, and the one sentence that tickcapd says of each, with the fix in it.

What can be known without starting anything is refused by --check and by a start alike, on a machine
made of files. What only the port can say is said at the start, and what only the wire can show,
while it captures: there real drivers of DPDK run, in network namespaces.
"""
import os
import pathlib
import re
import tempfile
import time

import tap
from daemon import PATIENCE, Capture, new_name
from machinetree import server
from ownprofiles import NO_HUGE, OwnProfiles
from pcapio import moldudp64, udp_frame, write
from program import TICKCAPD, run
from tap import Skip
from wires import Switch, Wire, must

NIC = "0000:5e:00.0"
ICE, CONNECTX = ("0x8086", "0x1592"), ("0x15b3", "0x1019")
GROUP = "233.54.12.111:26477"
DEFAULT_ROUTE = ("Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n"
                 "{}\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n")

CONFIGURATION = """\
name: {name}
output: {{ directories: [{out}] }}
ports:
  - {{ name: p0, device: "{device}", rx_lcores: [4], writer_lcores: [5] }}
channels:
  - name: c
    feed: moldudp64/itch50
    lines: [ {{ name: a, group: "{group}" }} ]
buffer: 16MiB
"""


def said_by(ended, code):
    """Its own sentences, but for the one that says that it has begun."""
    return [line for line in ended.expect(code).err.splitlines()
            if line.startswith("tickcapd: ") and "capturing into" not in line]


def one_sentence(ended, words, code=2):
    """It ended so, and said one sentence, which has the words."""
    said = said_by(ended, code)
    assert len(said) == 1, f"not one sentence: {ended!r}"
    for word in words:
        assert re.search(word, said[0]), f"{word!r} is not in {said[0]!r}"


# ---- what --check knows, on a machine of files ----

class Machine:
    """A server with two nodes and a NIC that is bound as it should be, for a row to spoil."""

    def __init__(self):
        self.tree = server()
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.tree.root))
        self.out = self.folder / "out"
        self.device = NIC
        self.before, self.sets, self.end = [], [], []
        for cpu in range(8):
            self.tree.folder(f"sys/devices/system/node/node{cpu // 4}/cpu{cpu}")
        self.put_nic()

    def put_nic(self, numbers=ICE, driver="vfio-pci", interface=None, node=1):
        base = f"sys/bus/pci/devices/{NIC}"
        for name, text in zip(("vendor", "device", "class", "numa_node"),
                              (*numbers, "0x020000", str(node))):
            self.tree.put(f"{base}/{name}", text)
        self.tree.link(f"{base}/driver", f"../../drivers/{driver}")
        self.tree.put(f"{base}/iommu_group/type", "DMA")
        if interface:
            self.tree.folder(f"{base}/net/{interface}")
            self.tree.folder(f"sys/class/net/{interface}")

    def pages(self, node, free):
        self.tree.put(f"sys/devices/system/node/node{node}/hugepages/hugepages-2048kB/"
                      "free_hugepages", str(free))

    def check(self, *words):
        path = self.folder / "c.yaml"
        path.write_text(CONFIGURATION.format(name=new_name(), out=self.out, device=self.device,
                                             group=GROUP))
        sets = [word for value in self.sets for word in ("--set", value)]
        return run(*self.before, "env", f"TICKCAPD_TEST_ROOT={self.tree.root}", TICKCAPD, path,
                   *words, *sets, *self.end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tree.__exit__()


def sets(*values):
    return lambda machine: machine.sets.extend(values)


def no_hugepages(machine):
    machine.pages(0, 0)
    machine.pages(1, 0)


def default_route(numbers, driver, upper=None):
    def spoil(machine):
        machine.put_nic(numbers, driver, "eth4")
        machine.tree.put("proc/net/route", DEFAULT_ROUTE.format(upper or "eth4"))
        if upper:
            machine.tree.folder(f"sys/class/net/{upper}/lower_eth4")
    return spoil


def default_route_ipv6(machine):
    machine.put_nic(driver="ice", interface="eth4")
    machine.tree.put("proc/net/ipv6_route", f"{'0' * 32} 00 {'0' * 32} 00 {'f' * 32} 00000400 "
                                            "00000001 00000000 00000003     eth4")


def second_interface(machine):
    default_route(CONNECTX, "mlx5_core")(machine)
    machine.tree.folder(f"sys/bus/pci/devices/{NIC}/net/eth5")
    machine.tree.put("proc/net/route", DEFAULT_ROUTE.format("eth5"))


def small_disk(machine):
    if os.getuid() != 0:
        raise Skip("not root: no file system can be mounted")
    machine.out.mkdir()
    machine.before = ["unshare", "-m", "sh", "-c",
                      f'mount -t tmpfs -o size=16M none {machine.out} && exec "$@"', "sh"]


def unwritable(machine):
    machine.out.mkdir()
    machine.out.chmod(0o555)
    if os.getuid() == 0:
        machine.before = ["setpriv", "--bounding-set=-dac_override,-dac_read_search",
                          "--inh-caps=-dac_override,-dac_read_search"]


def a_file_in_its_place(machine):
    machine.out.write_text("")


def no_parent(machine):
    machine.out = machine.folder / "no/such/place"


def throttled(machine):
    machine.tree.put("proc/sys/kernel/sched_rt_runtime_us", "950000")
    machine.tree.put("proc/sys/kernel/sched_rt_period_us", "1000000")
    machine.sets.append("realtime=50")


def throttled_by_chrt(machine):
    throttled(machine)
    machine.sets.remove("realtime=50")
    if os.getuid() != 0:
        raise Skip("not root: no real-time priority")
    machine.before = ["chrt", "-f", "20"]


def no_right_to_priority(machine):
    machine.sets.append("realtime=50")
    if os.getuid() == 0:
        machine.before = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"]


def of_priority(*values):
    def spoil(machine):
        machine.sets.extend(("realtime=50", *values))
        if os.getuid() != 0:
            raise Skip("not root: no real-time priority")
    return spoil


def a_file_source(machine):
    machine.device = f"net_pcap0,rx_pcap={machine.folder}/feed.pcap"
    write(machine.folder / "feed.pcap", [])
    machine.sets.append("ports.0.join=true")


CHECKED = {
    "no hugepages": (no_hugepages, [
        r"no hugepages are free on NUMA node 1: \d+ MiB are needed, 0 are there; as root run: echo "
        r"\d+ > /sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages, or give "
        "-- --no-huge"]),
    "hugepages on the wrong node": (lambda machine: machine.pages(1, 3), [
        "too few hugepages are free on NUMA node 1", "6 are there and 1024 on node 0, where the "
        "NIC is not", "as root run: echo .* > /sys/devices/system/node/node1/"]),
    "the NIC is bound to another driver": (lambda machine: machine.put_nic(driver="ice"), [
        f"{NIC} is bound to ice, but profile ice wants vfio-pci; as root run: scripts/nic bind"]),
    "the NIC is bound to none": (lambda machine: machine.tree.remove(
        f"sys/bus/pci/devices/{NIC}/driver"), [
        f"{NIC} is bound to no driver, but profile ice wants vfio-pci"]),
    "mlx5 was taken away from the kernel": (lambda machine: machine.put_nic(CONNECTX), [
        "profile mlx5 works beside the kernel's own driver; as root run: scripts/nic unbind"]),
    "uio behind an IOMMU": (lambda machine: machine.put_nic(driver="uio_pci_generic"), [
        "bound to uio_pci_generic, which receives nothing behind an IOMMU; as root run: "
        "scripts/nic bind"]),
    "the NIC carries the default route": (default_route(ICE, "ice"), [
        f"{NIC} is eth4, which carries the default route", "name another device, or move the "
        "route"]),
    "by a VLAN on it": (default_route(ICE, "ice", upper="eth4.7"), ["carries the default route"]),
    "by IPv6": (default_route_ipv6, ["carries the default route"]),
    "by the second interface of a NIC": (second_interface, [
        f"{NIC} is eth5, which carries the default route"]),
    "a bifurcated NIC carries the default route": (default_route(CONNECTX, "mlx5_core"), [
        "carries the default route: DPDK would take its frames away from the kernel"]),
    "no such NIC": (sets('ports.0.device="0000:5f:00.0"'), [
        "'0000:5f:00.0': there is no such PCI device, see scripts/nic list"]),
    "no NIC at all": (lambda machine: machine.tree.put(
        f"sys/bus/pci/devices/{NIC}/class", "0x010802"), [
        "it is no network device, see scripts/nic list"]),
    "an lcore is missing": (sets("ports.0.rx_lcores=[9]"), [
        "port p0: rx_lcores: there is no CPU 9: this machine has 0-7, take one of them"]),
    "a CPU of main is missing": (sets("main_cpus=[9]"), [
        "main_cpus: there is no CPU 9: take others, or leave main_cpus out"]),
    "a directory cannot be written": (unwritable, [
        "/out cannot be written: Permission denied: give it to the user that captures"]),
    "a file where a directory is to be": (a_file_in_its_place, [
        "/out is not a directory: move the file away, or name another"]),
    "a directory that cannot be made": (no_parent, [
        "/no/such/place cannot be made: No such file or directory: make it as the user"]),
    "a disk that is almost full": (small_disk, [
        r"/out has \d+ MiB free, and its writers reserve 64 MiB to begin with: make room, or name "
        "another"]),
    "real-time throttling": (throttled, [
        "lcores of real-time priority 50 would be stopped for 50 ms in every 1000 ms: as root run: "
        "sysctl -w kernel.sched_rt_runtime_us=-1"]),
    "real-time throttling of a priority from outside": (throttled_by_chrt, [
        "lcores of real-time priority 20 would be stopped"]),
    "no right to a priority": (no_right_to_priority, [
        "realtime: this user may not have priority 50: run as root, or put 'USER - rtprio 50' into "
        "/etc/security/limits.d"]),
    "real-time lcores everywhere": (of_priority(
        "ports.0.rx_lcores=[4]", "ports.0.writer_lcores=[0, 1, 2, 3, 5, 6, 7]"), [
        "realtime: every CPU of this machine is an lcore: leave one for the main thread"]),
    "main behind a real-time lcore": (of_priority("main_cpus=[4]"), [
        "realtime: the main thread would wait for ever behind lcore 4: leave CPU 4 out of "
        "main_cpus"]),
    "an unknown profile": (sets("ports.0.profile=icc"), [
        "there is no profile 'icc' in .*/drivers-config: name a file there, without .yaml, or "
        "leave `profile` out"]),
    "the profile of another NIC": (sets("ports.0.profile=mlx5"), [
        "profile 'mlx5' is not for PCI device 8086:1592; leave `profile` out"]),
    "more queues than there are": (sets(f"ports.0.rx_lcores={[4] * 200}"), [
        r"rx_lcores: 200 queues|200 queues, at most"]),
    "a file that joins": (a_file_source, [
        "port p0: join: a file has no groups to join: leave join out"]),
    "nothing to join": (sets("ports.0.join=true",
                             "channels.0.lines.0.group='10.1.1.1:26477'"), [
        "port p0: join: no line has a multicast group on this port: leave join out"]),
    "an address without a join": (sets("ports.0.address=10.1.2.3"), [
        "address and igmp are for a port with join: true"]),
}


def test_what_is_refused_before_anything_starts():
    failed, skipped = [], []
    for name, (spoil, words) in CHECKED.items():
        with Machine() as machine:
            try:
                spoil(machine)
                for mode in (["--check"], []):
                    one_sentence(machine.check(*mode), words)
            except Skip as reason:
                skipped.append(f"{name}: {reason}")
            except AssertionError as problem:
                failed.append(f"{name}: {problem}")
    assert not failed, "\n".join(failed)
    if skipped:
        raise Skip("; ".join(skipped))


def test_the_machine_is_good_before_it_is_spoiled():
    with Machine() as machine:
        plan = machine.check("--check").expect(0)
        assert plan.err == "", plan
        for words in (f"port p0: {NIC}", "profile ice: ", "lets in: all frames (promiscuous)",
                      "receive time: nic, in ns since an epoch that stamps show, its clock is read "
                      "by rte_eth_timesync_read_time", "losses of the driver are all counted",
                      "stream 0: port p0 queue 0, RX lcore 4, writer lcore 5, NUMA node 1",
                      "buffer: 16 MiB a stream, 12 ms of 1,400-byte frames at 10 Gbit/s",
                      "MiB on NUMA node 1 in hugepages", "GB free, which is ",
                      "disk rate: at most 1250 MB/s"):
            assert words in plan.text, f"{words!r} is not in {plan.text}"
        assert "note: lcore" not in plan.text and "note: the main" not in plan.text, plan.text


def same_core(machine):
    for cpu in (4, 5):
        machine.tree.put(f"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", "4-5")


# what works, but could be better: --check notes it
NOTED = {
    "an lcore is shared": (sets("ports.0.writer_lcores=[4]"), "lcore 4 receives and writes, so "
                           "frames wait while it packs: give writer_lcores a CPU of their own"),
    "an lcore has two streams": (sets("ports.0.rx_lcores=[4, 4]"), "lcore 4 receives 2 streams in "
                                 "turn: give each a CPU of its own"),
    "main runs on an lcore": (sets("main_cpus=[5]"), "the main thread takes time from lcore 5: "
                              "leave CPU 5 out of main_cpus"),
    "lcores share a core": (same_core, "lcores 4 and 5 are two threads of one core, and slow each "
                            "other: take CPUs of two cores"),
    "an lcore is far from the NIC": (sets("ports.0.rx_lcores=[2]"), "lcore 2 is on NUMA node 0, "
                                     "port p0 and its buffers are on node 1: take one of CPUs 4-7"),
    "joins without an address": (sets("ports.0.join=true"), "some switches ignore them: set "
                                 "`address` at the port"),
    "sources without IGMPv3": (
        sets("ports.0.join=true", "ports.0.igmp=2", "ports.0.address=10.1.2.3",
             "channels.0.lines.0.group='10.1.1.1@232.1.1.1:5'"),
        "IGMPv2 knows no sources: 1 of the lines are joined from any source"),
}


def test_what_could_be_better_is_noted():
    for name, (spoil, words) in NOTED.items():
        with Machine() as machine:
            spoil(machine)
            plan = machine.check("--check").expect(0)
            assert f"note: {words}" in plan.text or words in plan.text, f"{name}: {plan.text}"


def threads_of(pid):
    """{CPUs: real-time priority} of a process's threads; ordinary ones have 0."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rsplit(") ", 1)[1].split()
        cpus = re.search(r"Cpus_allowed_list:\s*(\S+)", (task / "status").read_text()).group(1)
        found[cpus] = max(found.get(cpus, 0), int(fields[37]))
    return found


def test_real_time_lcores_and_nothing_else():
    cpus = sorted(os.sched_getaffinity(0))
    if os.getuid() != 0 or len(cpus) < 2:
        raise Skip("not root, or one CPU: no real-time priority")
    with OwnProfiles() as own:
        before, name = own.without_routes(), new_name()
        (own.folder / "machine/proc/sys/kernel").mkdir(parents=True)
        (own.folder / "machine/proc/sys/kernel/sched_rt_runtime_us").write_text("-1\n")
        path = own.configure(device="net_ring0", name=name)
        lcore = f"[{cpus[-1]}]"
        with Capture(name, path, "--set", "idle=adaptive", "--set", "realtime=7", "--set",
                     f"ports.0.rx_lcores={lcore}", "--set", f"ports.0.writer_lcores={lcore}",
                     *NO_HUGE, before=before) as capture:
            capture.await_capturing()
            deadline = time.monotonic() + PATIENCE
            while threads_of(capture.process.pid).get(str(cpus[-1])) != 7:
                assert time.monotonic() < deadline, threads_of(capture.process.pid)
            priorities = threads_of(capture.process.pid)
            assert priorities.pop(str(cpus[-1])) == 7, priorities
            assert set(priorities.values()) == {0}, priorities
            capture.end().expect(0)


# ---- what the port says at the start ----

NULL = """\
drivers: [net_null]
bind: none
descriptors: 512
burst: 32
frame_bytes: 2048
mtu: 4000
queues: { max: 2, steering: rss }
timestamp: { source: tsc }
when_full: drop
loss_counters: absent
promiscuous: false
allmulticast: false
vlan_strip: false
lro: false
"""


class Bench(OwnProfiles):
    """A tickcapd whose profiles a row may spoil, beside a wire of its own."""

    def __init__(self, **of_wire):
        super().__init__()
        self.wire = Wire(**of_wire)
        self.sets = []

    def __enter__(self):
        self.wire.__enter__()
        return self

    def __exit__(self, *_):
        self.wire.__exit__()
        super().__exit__()

    def run(self, device, *words, **configuration):
        options = [word for value in self.sets for word in ("--set", value)]
        return self.tickcapd("--duration", 1, *options, *words, device=device,
                             before=("ip", "netns", "exec", self.wire.receiver), **configuration)


def frames_longer_than_buffers(bench):
    bench.put("null", NULL)
    return bench.run("net_null0")


def descriptors_that_are_no_power_of_two(bench):
    bench.change("af_xdp", ("descriptors: 2048", "descriptors: 1000"))
    return bench.run("net_af_xdp0,iface=tap0")


def frames_that_are_merged(bench):
    bench.wire.set_offload("gro", "on")
    return bench.run("net_af_packet0,iface=tap0")


def af_xdp_on_the_default_route(bench):
    bench.wire.set_address("10.1.2.3/24")
    must("ip", "-n", bench.wire.receiver, "route", "add", "default", "via", "10.1.2.1")
    return bench.run("net_af_xdp0,iface=tap0")


def a_device_that_only_receives(bench):
    bench.sets.append("ports.0.join=true")
    return bench.run("net_pcap0,rx_iface=tap0")


def no_such_device(bench):
    return bench.run("net_nosuch0")


REFUSED = {
    "frames longer than buffers": (frames_longer_than_buffers, [
        "frames of MTU 4000 have up to 4026 bytes, the buffers of profile null hold 2048 and the "
        "driver cannot fill several: set frame_bytes to 4026 or more"]),
    "a descriptor count that is refused": (descriptors_that_are_no_power_of_two, [
        "the driver refuses a queue of 1000 descriptors: Invalid argument: set descriptors of "
        "profile af_xdp to a power of two, such as 512"]),
    "an interface that merges frames": (frames_that_are_merged, [
        "tap0 merges frames into longer ones, which were never on the wire; run: ethtool -K tap0 "
        "gro off lro off"]),
    "AF_XDP on the default route": (af_xdp_on_the_default_route, [
        "tap0 carries the default route, and AF_XDP takes its frames away from the kernel: capture "
        "from another interface, or by net_af_packet"]),
    "a device that only receives": (a_device_that_only_receives, [
        "join: a device with rx_iface only receives, and cannot ask for groups: give iface=tap0 "
        "instead"]),
    "a driver that DPDK does not have": (no_such_device, ["net_nosuch0"]),
}


def test_what_is_refused_at_the_start():
    for name, (spoil, words) in REFUSED.items():
        with Bench() as bench:
            try:
                one_sentence(spoil(bench), words)
            except AssertionError as problem:
                raise AssertionError(f"{name}: {problem}") from None
    with Bench(mtu=9000) as bench:
        one_sentence(bench.run("net_af_packet0,iface=tap0"), [
            "tap0 has MTU 9000, but a slot of framesz=2048 holds frames of 1982 bytes: longer ones "
            "would be cut; set framesz=16384 and a blocksz of whole slots, or: ip link set dev "
            "tap0 mtu 1500"])


def test_promiscuous_mode_is_refused():
    """A virtio device without a control queue, whose other end is another tickcapd: it is told,
    and the capture goes on."""
    with Bench() as bench:
        name, end = new_name(), bench.folder / "socket"
        other = bench.configure(device=f"net_vhost0,iface={end}", name=name)
        with Capture(name, other, *NO_HUGE) as beside:
            beside.await_capturing()
            ended = bench.tickcapd("--duration", 1, "--set",
                                   f"output.directories=['{bench.folder}/here']",
                                   device=f"net_virtio_user0,path={end},cq=0", profile="default")
            one_sentence(ended, [
                "promiscuous mode cannot be switched on: Operation not supported; a mirrored feed "
                "may not be seen: allow it where the device is set up, or set join: true"], 0)


# ---- what the wire shows ----

def of_vlans(vlans, **of_frame):
    def frames(number):
        return udp_frame(moldudp64("TEST", number, [b"S" + bytes(11)]), vlans=vlans, **of_frame)
    return frames


MISSED = {
    "another VLAN": (of_vlans((12,)), {"vlan": 13},
                     "nothing in VLAN 13, but such frames arrive on port p0 in VLAN 12: set vlan: "
                     "12 at the line"),
    "no VLAN": (of_vlans(()), {"vlan": 13},
                "nothing in VLAN 13, but such frames arrive on port p0 without a tag: leave vlan "
                "out at the line"),
    "another source": (of_vlans((), source="10.1.1.2"), {"group": f"10.1.1.1@{GROUP}"},
                       "nothing from 10.1.1.1, but such frames arrive on port p0 from 10.1.1.2: "
                       f'set group: "10.1.1.2@{GROUP}" at the line'),
    "another port": (of_vlans(()), {"port": "p1"},
                     "nothing on port p1, but such frames arrive on port p0: set port: p0 at the "
                     "line"),
    "nothing is wrong": (of_vlans((13,)), {"vlan": 13}, None),
}


def test_frames_that_miss_a_line():
    """From a file, so that it is clear at the end what has come."""
    for name, (frames, of_line, words) in MISSED.items():
        with OwnProfiles() as own:
            write(own.pcap, [(10**18 + i, len(frame), frame)
                             for i, frame in enumerate(frames(n + 1) for n in range(20))])
            values = [f"channels.0.lines.0.{key}='{value}'" for key, value in of_line.items()]
            ports = [f"{{name: p{i}, device: 'net_pcap{i},rx_pcap={own.pcap}', rx_lcores: [0], "
                     "writer_lcores: [0]}" for i in range(2)]
            if of_line.get("port"):
                (own.folder / "empty.pcap").touch()
                write(own.folder / "empty.pcap", [])
                ports[1] = ports[1].replace(str(own.pcap), str(own.folder / "empty.pcap"))
                values.append(f"ports=[{', '.join(ports)}]")
            options = [word for value in values for word in ("--set", value)]
            ended = own.tickcapd(*options)
            expected = [f"tickcapd: line a of c ({GROUP}): {words}"] if words else []
            assert said_by(ended, 0) == expected, (name, ended)


def capture_beside(own, wire, *values):
    name = new_name()
    path = own.configure(device="net_af_packet0,iface=tap0", name=name)
    options = [word for value in values for word in ("--set", value)]
    return wire.capture(name, path, *options, "--set", "idle=adaptive", *NO_HUGE)


def test_another_vlan_is_told_while_it_captures():
    with OwnProfiles() as own, Wire() as wire:
        frame = of_vlans((12,))(1)
        write(own.pcap, [(10**18, len(frame), frame)])
        with capture_beside(own, wire, "channels.0.lines.0.vlan=13") as capture:
            wire.send(own.pcap)
            capture.await_line("set vlan: 12 at the line")
            wire.send(own.pcap)
            ended = capture.end().expect(0)
            assert ended.err.count("set vlan: 12") == 1, "it is told once"


SILENT = {
    "a group that is not joined": ([], "it joins nothing: see whether the mirror shows the group, "
                                   "or set join: true at the port where it is none"),
    "a group that nobody asks for": (["ports.0.join=true"], "it has joined, and no querier has "
                                     "asked for that yet: see whether the switch lists this port"),
    "a group that nobody sends": (["ports.0.join=true", None], "it has joined, and a querier was "
                                  "answered: see whether group and source are right, and anybody "
                                  "sends"),
}


def test_a_line_of_which_nothing_comes():
    """At a switch that holds back what nobody has joined; other groups of the channel go along."""
    for name, (values, words) in SILENT.items():
        with OwnProfiles() as own, Switch() as switch:
            lines = ", ".join(f"{{name: l{i}, group: '239.1.1.{i}:1000'}}" for i in range(1, 4))
            with capture_beside(own, switch, f"channels.0.lines=[{lines}]",
                                *[value for value in values if value]) as capture:
                if None in values:
                    switch.ask()
                line = capture.await_line("nothing in ")
                assert re.search(r"line l1 of c \(239.1.1.1:1000\) and 2 more: nothing in \d+ s on "
                                 "port p0; ", line) and words in line, f"{name}: {line}"
                capture.end().expect(0)


if __name__ == "__main__":
    tap.run(__name__)
