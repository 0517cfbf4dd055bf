"""scripts/nic against trees in which a fake kernel binds and unbinds, and against this machine as
far as that changes nothing."""
import json
import pathlib
import socket
import struct

import tap
import yaml
from fakekernel import FakeKernel
from machinetree import Tree, put_process, same
from ownprofiles import OwnProfiles
from program import SOURCE, run
from wires import Wire, must

ICE, MLX, VIRTIO = "0000:5e:00.0", "0000:af:00.0", "0000:00:03.0"
ADDRESSES = """[{"ifname":"eth2","addr_info":[
 {"family":"inet","local":"10.0.0.5","prefixlen":24,"scope":"global"},
 {"family":"inet6","local":"fe80::1","prefixlen":64,"scope":"link"}]}]"""
ROUTES = """[{"dst":"10.9.0.0/16","gateway":"10.0.0.1","protocol":"static","metric":50},
 {"dst":"10.0.0.0/24","protocol":"kernel","prefsrc":"10.0.0.5"}]"""


def nic(tree, *words):
    return run("/usr/bin/python3", SOURCE / "scripts/nic", "--root", tree.root, *words)


class Machine:
    """A tree with an E810, a ConnectX and a virtio port, each behind an IOMMU."""

    def __init__(self, iommu=True, refuses=()):
        self.tree = Tree()
        kernel = self.kernel = FakeKernel(self.tree, refuses)
        for address, numbers, driver, interface, group, node in (
                (ICE, "8086:1593", "ice", "eth2", 12, 1), (MLX, "15b3:1017", "mlx5_core", "eth3",
                                                           13, 0),
                (VIRTIO, "1af4:1041", "virtio-pci", "eth0", 14, 0)):
            kernel.add_nic(address, numbers, driver, interface, group if iommu else None, node)
        self.tree.put("answers/ip -json address show dev eth2", ADDRESSES)
        self.tree.put("answers/ip -json -4 route show table all dev eth2", ROUTES)
        self.tree.put("sys/class/net/eth2/flags", "0x1003")
        self.tree.put("sys/class/net/eth2/carrier", "1")
        for name in ("lo", "bond0", "eth9"):
            self.tree.put(f"sys/class/net/{name}/flags", "0x9")
        for folder in ("var/lib", "etc/systemd/system", "run/systemd/system"):
            self.tree.folder(folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tree.__exit__()

    def route(self, *routes):
        """[(network, bits, interface)]"""
        lines = ["Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT"]
        for network, bits, interface in routes:
            words = struct.unpack("=I", socket.inet_aton(network))[0]
            mask = struct.unpack("=I", struct.pack(">I", (1 << 32) - (1 << 32 - bits)))[0]
            lines.append(f"{interface} {words:08X} 00000000 0003 0 0 0 {mask:08X} 0 0 0")
        self.tree.put("proc/net/route", "\n".join(lines))

    def login(self, peer, port=22, state="01"):
        words = [f"{struct.unpack('=I', socket.inet_aton(text))[0]:08X}"
                 for text in ("10.0.0.5", peer)]
        self.tree.put("proc/net/tcp", "sl local rem st\n"
                      f"0: {words[0]}:{port:04X} {words[1]}:C001 {state} 0:0 0:0 0 0 0 1")

    def ports(self):
        return {port["address"]: port for port in
                json.loads(nic(self.tree, "list", "--json").expect(0).text)["ports"]}


def test_list_tells_all_of_a_port():
    with Machine() as machine:
        port = machine.ports()[ICE]
        for key, value in (("interface", "eth2"), ("driver", "ice"), ("kernel_driver", "ice"),
                           ("node", 1), ("link", "up, 10000 Mbit/s"), ("profile", "ice"),
                           ("mac", "02:00:00:00:00:01"), ("bind", "vfio-pci"), ("ready", False),
                           ("iommu_group", "12"), ("needed", []), ("device", "8086:1593")):
            assert port[key] == value, (key, port)
        assert machine.ports()[MLX]["ready"] and machine.ports()[MLX]["profile"] == "mlx5"
        assert machine.ports()[MLX]["link"] == "off"
        said = nic(machine.tree, "list").expect(0).text
        row, = [line for line in said.splitlines() if line.startswith(ICE)]
        assert row.split() == [ICE, "eth2", "ice", "ice", "1", "up,", "10000", "Mbit/s",
                               "02:00:00:00:00:01", "ice", "wants", "vfio-pci"], row


def test_bind_and_unbind():
    for word in (ICE, "5e:00.0", "eth2"):
        with Machine() as machine:
            tree = machine.tree
            before = tree.snapshot()
            said = nic(tree, "bind", word).expect(0).text
            assert said == f"eth2 ({ICE}): ice -> vfio-pci (profile ice)\n", said
            assert machine.kernel.driver(ICE) == "vfio-pci"
            assert tree.read(f"sys/bus/pci/devices/{ICE}/driver_override") == "vfio-pci"
            assert tree.orders() == ["ip link set dev eth2 down"], tree.orders()
            port = machine.ports()[ICE]
            assert port["ready"] and port["was_interface"] == "eth2" and not port["interface"]
            assert "(eth2)" in nic(tree, "list").expect(0).text
            # once more changes nothing
            bound = tree.snapshot()
            assert "already" in nic(tree, "bind", ICE).expect(0).text
            same(bound, tree.snapshot())
            nic(tree, "unbind", ICE).expect(0)
            assert machine.kernel.driver(ICE) == "ice"
            assert tree.orders()[1:] == [
                "ip link set dev eth2 mtu 1500", "ip link set dev eth2 up",
                "ip address replace 10.0.0.5/24 dev eth2",
                "ip -4 route replace 10.9.0.0/16 via 10.0.0.1 metric 50 dev eth2"], tree.orders()
            back(tree, before)


def back(tree, before):
    """Everything is as before, but for what a driver makes anew and an order would have set."""
    tree.put(f"sys/bus/pci/devices/{ICE}/driver_override", "(null)")
    tree.put("sys/class/net/eth2/flags", "0x1003")
    tree.put("sys/class/net/eth2/carrier", "1")
    same(before, tree.snapshot())


def test_undo_takes_everything_back():
    with Machine() as machine:
        before = machine.tree.snapshot()
        nic(machine.tree, "bind", ICE, "--boot").expect(0)
        nic(machine.tree, "bind", VIRTIO).expect(0)
        assert not machine.ports()[VIRTIO]["interface"]
        nic(machine.tree, "--undo").expect(0)
        assert machine.kernel.driver(VIRTIO) == "virtio-pci"
        machine.tree.put(f"sys/bus/pci/devices/{VIRTIO}/driver_override", "(null)")
        back(machine.tree, before)
        assert nic(machine.tree, "--undo").expect(0).text == "nothing to take back\n"


# In a namespace of its own: what is remembered of an interface is put back by the real `ip`.
PUT_BACK = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from hostlib import netconfig
from hostlib.machine import Machine
def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout
def state():
    return [ip("-br", "link", "show", "dev", "tap0").split()[:2],
            ip("-br", "address", "show", "dev", "tap0").split()[2:],
            ip("-4", "route", "show", "table", "all", "dev", "tap0"),
            ip("-6", "route", "show", "dev", "tap0"),
            "mtu 1420" in ip("link", "show", "dev", "tap0")]
before, machine = state(), Machine()
config = netconfig.remember(machine, "tap0")
ip("link", "set", "dev", "tap0", "down")
ip("address", "flush", "dev", "tap0")
ip("link", "set", "dev", "tap0", "mtu", "1500")
ip("link", "set", "dev", "tap0", "name", "other0")
netconfig.interface_of = lambda machine, address: "other0"
said = netconfig.put_back(machine, "0000:00:00.0", config)
assert not said, said
after = state()
assert before == after, (before, after)
assert "10.9.0.0/16 via 10.0.0.1" in before[2] and before[4], before
"""


def test_an_interface_comes_back_as_it_was():
    with Wire() as wire:
        inside = ("ip", "netns", "exec", wire.receiver)
        for words in ("address add 10.0.0.5/24 dev tap0", "link set dev tap0 mtu 1420",
                      "route add 10.9.0.0/16 via 10.0.0.1 dev tap0 metric 50",
                      "route add 10.8.0.0/16 via 10.0.0.1 dev tap0 table 100",
                      "route add 10.7.0.0/16 via 192.0.2.1 dev tap0 onlink"):
            must(*inside, "ip", *words.split())
        run(*inside, "/usr/bin/python3", "-c", PUT_BACK, SOURCE / "scripts").expect(0)


def test_mlx5_stays_with_the_kernel():
    with Machine() as machine:
        before = machine.tree.snapshot()
        said = nic(machine.tree, "bind", "eth3").expect(0).text
        assert said == f"eth3 ({MLX}) stays with mlx5_core: DPDK works beside it (profile mlx5)\n"
        same(before, machine.tree.snapshot())
        # bound wrongly by somebody else, bind brings it to what the profile says
        machine.kernel.unbind(MLX)
        machine.kernel.bind(MLX, "vfio-pci")
        machine.tree.put("proc/sys/kernel/osrelease", "6.1.0")
        machine.tree.put("lib/modules/6.1.0/modules.alias",
                         "alias vfio_pci:v*d*sv* vfio_pci\n"
                         "alias pci:v000015B3d00001017sv* wrong_case\n"
                         "alias pci:v000015b3d00001017sv* mlx5_core")
        assert machine.ports()[MLX]["kernel_driver"] == "mlx5_core"
        nic(machine.tree, "bind", MLX).expect(0)
        assert machine.kernel.driver(MLX) == "mlx5_core"


def refused(machine, words, said, forced=True):
    """An order is refused with that sentence, and changes nothing; --force carries it out."""
    before = machine.tree.snapshot()
    ended = nic(machine.tree, "bind", *words).expect(2)
    assert ended.err.startswith("scripts/nic: ") and said in ended.err, ended
    assert len(ended.err.splitlines()) == 1 and not machine.tree.orders(), ended
    same(before, machine.tree.snapshot())
    if forced:
        assert "or give --force" in ended.err, ended
        nic(machine.tree, "bind", *words, "--force").expect(0)
    else:
        nic(machine.tree, "bind", *words, "--force").expect(2)


def test_the_default_route_is_refused():
    with Machine() as machine:
        machine.route(("0.0.0.0", 0, "eth2"), ("10.0.0.0", 24, "eth2"))
        assert machine.ports()[ICE]["needed"], machine.ports()
        refused(machine, ["eth2"], f"eth2 ({ICE}) carries the default route")


def test_the_default_route_of_ipv6_is_refused():
    with Machine() as machine:
        zeros = "0" * 32
        machine.tree.put("proc/net/ipv6_route",
                         f"{zeros} 00 {zeros} 00 {zeros} ffffffff 1 0 00200200 lo\n"
                         f"{zeros} 00 {zeros} 00 {'f' * 32} 400 2 0 00000003 eth2")
        refused(machine, ["eth2"], f"eth2 ({ICE}) carries the default route")


def test_the_default_route_through_a_vlan_is_refused():
    with Machine() as machine:
        machine.tree.put("sys/class/net/eth2.100/lower_eth2")
        machine.route(("0.0.0.0", 0, "eth2.100"))
        refused(machine, ["eth2"], "carries the default route (through eth2.100)")


def test_a_login_is_refused():
    with Machine() as machine:
        machine.route(("0.0.0.0", 0, "eth0"), ("10.7.0.0", 16, "eth9"), ("10.7.1.0", 24, "eth2"))
        machine.login("10.7.1.9")
        refused(machine, ["eth2"], f"eth2 ({ICE}) carries the login from 10.7.1.9")
    for port, state, peer in ((22, "06", "10.7.1.9"), (443, "01", "10.7.1.9"),
                              (22, "01", "10.7.2.9")):
        with Machine() as machine:  # closing, no login, and by another way
            machine.route(("0.0.0.0", 0, "eth0"), ("10.7.0.0", 16, "eth9"),
                          ("10.7.1.0", 24, "eth2"))
            machine.login(peer, port, state)
            nic(machine.tree, "bind", "eth2").expect(0)


def test_a_login_on_another_port_is_refused():
    with Machine() as machine:
        machine.tree.put("etc/ssh/sshd_config.d/port.conf", "# Port 99\nPort 2222")
        machine.route(("10.7.1.0", 24, "eth2"))
        machine.login("10.7.1.9", 2222)
        refused(machine, ["eth2"], "carries the login from 10.7.1.9")


SESSION = """
import sys
sys.path.insert(0, sys.argv[1])
from hostlib import traffic
from hostlib.machine import Machine
print(sorted(traffic.ssh_ports(Machine())))
"""


def test_the_port_of_this_session_is_known_behind_sudo():
    """Which takes SSH_CONNECTION out of the environment: a shell above still has it."""
    words = ["env", "SSH_CONNECTION=10.7.1.9 50000 10.0.0.5 2223", "sh", "-c",
             'env -u SSH_CONNECTION "$@"; exit $?', "sh", "/usr/bin/python3", "-c", SESSION,
             SOURCE / "scripts"]
    assert "2223" in run(*words).expect(0).text
    assert "2223" not in run(*words[-4:]).expect(0).text


def test_a_login_over_ipv6_is_refused():
    with Machine() as machine:
        zeros, net = "0" * 32, "fd000001" + "0" * 24
        machine.tree.put("proc/net/ipv6_route",
                         f"{zeros} 00 {zeros} 00 {zeros} 400 2 0 00000003 eth0\n"
                         f"{net} 40 {zeros} 00 {zeros} 100 2 0 00000001 eth2")
        machine.tree.put("proc/net/tcp6", "sl local rem st\n0: "
                         f"{'0' * 32}:0016 010000FD{'0' * 16}09000000:C001 01 0:0 0:0 0 0 0 1")
        refused(machine, ["eth2"], "carries the login from fd00:1::9")


def test_a_login_over_a_link_local_address_is_refused():
    """Such addresses are on every link: the interface is the one that has our own end."""
    for interface in ("eth2", "eth9"):
        with Machine() as machine:
            zeros, net = "0" * 32, "fe80" + "0" * 28
            machine.tree.put("proc/net/ipv6_route", "\n".join(
                f"{net} 40 {zeros} 00 {zeros} 100 2 0 00000001 {name}"
                for name in ("eth2", "eth9")))
            machine.tree.put("proc/net/if_inet6", f"fe80{'0' * 27}1 02 40 20 80 {interface}\n"
                                                  f"fe80{'0' * 27}2 03 40 20 80 other")
            machine.tree.put("proc/net/tcp6", f"sl local rem st\n0: 000080FE{'0' * 16}01000000:0016"
                                              f" 000080FE{'0' * 16}09000000:C001 01 0:0")
            if interface == "eth2":
                refused(machine, ["eth2"], "carries the login from fe80::9")
            else:
                nic(machine.tree, "bind", "eth2").expect(0)


def test_a_member_of_a_bond_is_refused():
    with Machine() as machine:
        machine.tree.link("sys/class/net/eth2/master", "../bond0")
        refused(machine, ["eth2"],
                "is a member of bond0: take it out, ip link set dev eth2 nomaster")


def test_what_stands_on_a_port_is_not_taken_with_it():
    with Machine() as machine:
        machine.tree.link("sys/class/net/eth2/upper_eth2.100", "../eth2.100")
        refused(machine, ["eth2"], f"eth2 ({ICE}) carries eth2.100, which would be gone for good: "
                                   "take it away first, ip link delete dev eth2.100")


def test_virtual_functions_are_not_taken_with_it():
    with Machine() as machine:
        machine.tree.put(f"sys/bus/pci/devices/{ICE}/sriov_numvfs", "0")
        assert not machine.ports()[ICE]["needed"]
        machine.tree.put(f"sys/bus/pci/devices/{ICE}/sriov_numvfs", "4")
        refused(machine, ["eth2"], f"eth2 ({ICE}) has 4 virtual functions, which would be gone: "
                                   f"echo 0 > /sys/bus/pci/devices/{ICE}/sriov_numvfs")
        machine.tree.put(f"sys/bus/pci/devices/{MLX}/sriov_numvfs", "4")  # it keeps its driver
        nic(machine.tree, "bind", MLX).expect(0)


def test_every_interface_of_a_port_counts():
    with Machine() as machine:
        machine.tree.put("sys/class/net/eth20/flags", "0x1003")
        machine.tree.folder(f"sys/bus/pci/devices/{ICE}/net/eth20")
        machine.route(("0.0.0.0", 0, "eth20"))
        refused(machine, ["eth2"], "carries the default route")


def test_files_that_say_something_else():
    for name, text in (("sys/class/net/eth2/flags", "?"), ("sys/class/net/eth2/flags", ""),
                       (f"sys/bus/pci/devices/{ICE}/vendor", ""), ("proc/net/tcp", "sl\n0: 00"),
                       (f"sys/bus/pci/devices/{ICE}/numa_node", "-1")):
        with Machine() as machine:
            machine.tree.put(name, text)
            assert ICE in machine.ports(), (name, text)
    with Machine() as machine:  # who cannot tell where the default route is says so
        machine.tree.put("proc/net/route", "Iface\neth2 0 0 0003 0 0 0 ?")
        refused(machine, ["eth2"], "whether a port carries the default route cannot be told",
                forced=False)


def test_without_an_iommu():
    with Machine(iommu=False) as machine:
        refused(machine, [ICE], f"{ICE} has no IOMMU group, the IOMMU is off: run scripts/host",
                forced=False)
        machine.tree.put("sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y")
        nic(machine.tree, "bind", ICE).expect(0)


def test_groups_are_taken_whole():
    second = "0000:5e:00.1"
    with Machine() as machine:
        machine.kernel.add_nic(second, "8086:1593", "ice", "eth7", 12)
        machine.kernel.add_nic("0000:5d:00.0", "8086:1234", "pcieport", "", 12, kind="0x060400")
        refused(machine, [ICE], f"{ICE} shares IOMMU group 12 with {second} (driver ice)",
                forced=False)
        refused(machine, [ICE, MLX], f"scripts/nic bind {ICE} {second}", forced=False)
        nic(machine.tree, "bind", ICE, second).expect(0)
        assert machine.kernel.driver(second) == machine.kernel.driver(ICE) == "vfio-pci"
        nic(machine.tree, "--undo").expect(0)
        machine.kernel.unbind(second)  # nobody drives the other one: it is in nobody's way
        nic(machine.tree, "bind", ICE).expect(0)


def test_one_refusal_refuses_the_whole_order():
    with Machine() as machine:
        machine.route(("0.0.0.0", 0, "eth0"))
        before = machine.tree.snapshot()
        nic(machine.tree, "bind", ICE, VIRTIO).expect(2)
        same(before, machine.tree.snapshot())


def test_when_the_kernel_does_not_do_it():
    with Machine(refuses=[ICE]) as machine:
        before = machine.tree.snapshot()
        ended = nic(machine.tree, "bind", ICE).expect(1)
        assert f"{ICE}: the kernel did not give it to vfio-pci: see dmesg" in ended.err, ended
        assert machine.kernel.driver(ICE) == "ice"
        assert "ip link set dev eth2 up" in machine.tree.orders(), machine.tree.orders()
        back(machine.tree, before)


def test_a_port_in_use_is_not_taken_away():
    with Machine() as machine:
        nic(machine.tree, "bind", ICE).expect(0)
        put_process(machine.tree, 4711, "tickcapd")
        machine.tree.link("proc/4711/fd/9", "/dev/vfio/12")
        for words in (["unbind", ICE], ["--undo"]):
            ended = nic(machine.tree, *words).expect(2)
            assert f"{ICE} is in use by tickcapd (pid 4711): end it first" in ended.err, ended
            assert machine.kernel.driver(ICE) == "vfio-pci"
        machine.tree.link("proc/4711/fd/9", "/dev/vfio/13")
        nic(machine.tree, "unbind", ICE).expect(0)


def test_modules_are_loaded():
    with Machine() as machine:
        machine.tree.remove("sys/bus/pci/drivers/vfio-pci")
        nic(machine.tree, "bind", ICE).expect(0)
        assert machine.tree.orders()[0] == "modprobe vfio-pci", machine.tree.orders()
        machine.tree.remove("sys/bus/pci/drivers/ice")
        machine.kernel.add_driver("vfio-pci")
        nic(machine.tree, "unbind", ICE).expect(0)
        assert "modprobe ice" in machine.tree.orders(), machine.tree.orders()


def test_a_port_without_a_driver():
    with Machine() as machine:
        machine.kernel.unbind(ICE)
        before = machine.tree.snapshot()
        said = nic(machine.tree, "bind", ICE).expect(0).text
        assert said == f"{ICE}: no driver -> vfio-pci (profile ice)\n", said
        nic(machine.tree, "--undo").expect(0)
        assert machine.kernel.driver(ICE) == ""
        machine.tree.put(f"sys/bus/pci/devices/{ICE}/driver_override", "(null)")
        same(before, machine.tree.snapshot())


def test_uio_is_replaced():
    with Machine() as machine:
        machine.kernel.unbind(ICE)
        machine.kernel.add_driver("uio_pci_generic")
        machine.kernel.bind(ICE, "uio_pci_generic")
        machine.tree.put(f"sys/bus/pci/devices/{ICE}/driver_override", "uio_pci_generic")
        machine.tree.put("proc/sys/kernel/osrelease", "6.1.0")
        machine.tree.put("lib/modules/6.1.0/modules.alias", "alias pci:v00008086d00001593sv* ice")
        assert not machine.ports()[ICE]["ready"]
        said = nic(machine.tree, "bind", ICE).expect(0).text
        assert said == f"{ICE}: uio_pci_generic -> vfio-pci (profile ice)\n", said
        nic(machine.tree, "--undo").expect(0)  # to the kernel's own driver
        assert machine.kernel.driver(ICE) == "ice"


def start_again(machine):
    """The machine is started again: drivers have their devices, and what is on the disk stays."""
    for address, (driver, _) in machine.kernel.own.items():
        machine.kernel.unbind(address)
        machine.tree.put(f"sys/bus/pci/devices/{address}/driver_override", "(null)")
        machine.kernel.bind(address, driver)
    machine.tree.put("orders")


def test_after_a_start():
    with Machine() as machine:
        tree = machine.tree
        said = nic(tree, "bind", ICE, "--boot").expect(0).text
        unit = tree.read("etc/systemd/system/tickcap-nic.service")
        assert f'ExecStart="{SOURCE}/scripts/nic" restore' in unit, unit
        assert "tickcap-nic.service: written" in said, said
        assert "systemctl enable tickcap-nic.service" in tree.orders(), tree.orders()
        nic(tree, "bind", VIRTIO).expect(0)
        assert machine.ports()[ICE]["boot"] and not machine.ports()[VIRTIO]["boot"]
        start_again(machine)
        assert nic(tree, "restore").expect(0).text.startswith(f"eth2 ({ICE}): ice -> vfio-pci")
        assert machine.kernel.driver(VIRTIO) == "virtio-pci"
        # the port that was not bound again is only forgotten, the other comes back
        said = nic(tree, "--undo").expect(0).text
        assert f"eth0 ({VIRTIO}) is bound to virtio-pci already" in said, said
        assert machine.kernel.driver(ICE) == "ice"
        assert not (tree.root / "etc/systemd/system/tickcap-nic.service").exists()
        assert "systemctl disable tickcap-nic.service" in tree.orders(), tree.orders()
        assert not (tree.root / "var/lib/tickcap").exists()


def test_a_start_at_which_it_fails_is_not_the_last():
    with Machine() as machine:
        nic(machine.tree, "bind", ICE, "--boot").expect(0)
        for refuses, code, driver in (([ICE], 1, "ice"), ([], 0, "vfio-pci")):
            start_again(machine)
            machine.kernel.refuses = set(refuses)
            nic(machine.tree, "restore").expect(code)
            assert machine.ports()[ICE]["boot"] and machine.kernel.driver(ICE) == driver
        nic(machine.tree, "--undo").expect(0)


def test_a_port_that_came_back_with_a_start_is_looked_at_anew():
    with Machine() as machine:
        nic(machine.tree, "bind", ICE).expect(0)
        start_again(machine)
        machine.tree.put("sys/class/net/eth2/flags", "0x1003")
        machine.tree.put("answers/ip -json address show dev eth2",
                         ADDRESSES.replace("10.0.0.5", "10.0.0.6"))
        nic(machine.tree, "bind", ICE).expect(0)
        nic(machine.tree, "unbind", ICE).expect(0)
        addresses = [order for order in machine.tree.orders() if order.startswith("ip address")]
        assert addresses == ["ip address replace 10.0.0.6/24 dev eth2"], addresses


def test_restore_goes_on_after_a_port_that_is_gone():
    with Machine() as machine:
        nic(machine.tree, "bind", VIRTIO, ICE, "--boot").expect(0)
        start_again(machine)
        machine.tree.remove(f"sys/bus/pci/devices/{VIRTIO}")
        ended = nic(machine.tree, "restore").expect(1)
        assert f"there is no PCI device {VIRTIO}" in ended.err, ended
        assert machine.kernel.driver(ICE) == "vfio-pci"
        said = nic(machine.tree, "--undo").expect(0).text
        assert f"{VIRTIO} is gone, and forgotten" in said, said


def test_boot_for_a_port_that_is_bound_already():
    with Machine() as machine:
        nic(machine.tree, "bind", ICE).expect(0)
        nic(machine.tree, "bind", ICE, "--boot").expect(0)
        assert machine.ports()[ICE]["boot"]
        start_again(machine)
        nic(machine.tree, "restore").expect(0)
        assert machine.kernel.driver(ICE) == "vfio-pci"


def test_boot_needs_systemd():
    with Machine() as machine:
        machine.tree.remove("run/systemd")
        before = machine.tree.snapshot()
        ended = nic(machine.tree, "bind", ICE, "--boot").expect(2)
        assert "--boot needs systemd" in ended.err, ended
        same(before, machine.tree.snapshot())


def test_wrong_use():
    with Machine() as machine:
        machine.tree.put("sys/bus/pci/devices/0000:00:02.0/class", "0x010000")
        before = machine.tree.snapshot()
        for words, said in (
                (["bind", "0000:99:00.0"], "there is no PCI device 0000:99:00.0, see"),
                (["bind", "0000:00:02.0"], "0000:00:02.0 is no network device"),
                (["bind", "eth77"], "there is no interface eth77"),
                (["bind", "bond0"], "net_af_packet0,iface=bond0"), (["bind"], "expected a PORT"),
                (["list", "eth2"], "expected no PORT"), (["fetch"], "fetch"), ([], "expected list"),
                (["list", "--undo"], "expected list"),
                (["unbind", "eth2", "--force"], "with bind")):
            ended = nic(machine.tree, *words).expect(2)
            assert said in ended.err and not ended.out, ended
        same(before, machine.tree.snapshot())


def test_without_the_reader_of_yaml():
    with Machine() as machine:
        ended = run("/usr/bin/python3", "-S", "-E", SOURCE / "scripts/nic", "--root",
                    machine.tree.root, "list").expect(2)
        assert "apt install python3-yaml" in ended.err, ended
        assert len(ended.err.splitlines()) == 1, ended


def test_profiles_are_chosen_as_tickcapd_does():
    """For this machine's own devices, and by the loader's rules for all numbers of all profiles."""
    files = {path.stem: yaml.safe_load(path.read_text())
             for path in (SOURCE / "drivers-config").glob("*.yaml")}
    with Machine() as machine:
        numbers = [(name, device) for name, profile in files.items()
                   for device in profile.get("pci", [])]
        expected = {}
        for count, (name, device) in enumerate(numbers):
            address = f"{count // 256:04x}:{count % 256:02x}:1f.0"
            machine.kernel.add_nic(address, device.replace("*", "fffe"), "", "", bound=False)
            expected[address] = name
        machine.kernel.add_nic("00ff:00:1f.0", "dead:beef", "", "", bound=False)
        expected["00ff:00:1f.0"] = "default"
        ports = machine.ports()
        wrong = {address: ports[address]["profile"] for address, name in expected.items()
                 if ports[address]["profile"] != name}
        assert len(expected) > 200 and not wrong, wrong


def test_this_machine_is_listed():
    ended = run("/usr/bin/python3", SOURCE / "scripts/nic", "list", "--json").expect(0)
    ports = {port["address"]: port for port in json.loads(ended.text)["ports"]}
    devices = {device.name for device in pathlib.Path("/sys/bus/pci/devices").glob("*")
               if (device / "class").read_text().startswith("0x02")}
    assert set(ports) == devices, (ports, devices)
    for port in ports.values():
        if not port["ready"] and port["bind"] == "vfio-pci":
            with OwnProfiles() as own:
                said = own.tickcapd("--check", device=port["address"]).expect(2).err
                if any("default route" in why for why in port["needed"]):
                    assert f"{port['interface']}, which carries the default route" in said, said
                else:
                    assert f"profile {port['profile']} wants vfio-pci" in said, said


def test_the_default_route_of_this_machine_is_seen():
    """Seen only: a test does not try to bind a port that this machine lives by."""
    ended = run("/usr/bin/python3", SOURCE / "scripts/nic", "list", "--json").expect(0)
    needed = {port["interface"] for port in json.loads(ended.text)["ports"]
              if any("default route" in why for why in port["needed"])}
    rows = [line.split() for line in pathlib.Path("/proc/net/route").read_text().splitlines()[1:]]
    expected = {row[0] for row in rows if row[1] == row[7] == "00000000" and
                pathlib.Path(f"/sys/class/net/{row[0]}/device").exists()}
    assert expected <= needed, (expected, needed)


if __name__ == "__main__":
    tap.run(__name__)
