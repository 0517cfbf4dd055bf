"""The ports of a machine: PCI devices for networks, with all that is known of each."""
import dataclasses
import fnmatch
import re

from hostlib import profiles as profile_files
from hostlib import traffic
from hostlib.machine import Refused

DEVICES = "/sys/bus/pci/devices"
USERSPACE = ("vfio-pci", "uio_pci_generic", "igb_uio")
ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")


@dataclasses.dataclass
class Port:
    address: str
    device: str  # vendor:device
    driver: str  # that it is bound to; empty: none
    kernel_driver: str  # that the kernel would give it; empty: not known
    interface: str  # empty: none
    node: int
    link: str
    mac: str
    profile: str
    bind: str  # as the profile says
    iommu_group: str  # empty: none
    needed: list  # why its interface must not go away

    @property
    def folder(self):
        return f"{DEVICES}/{self.address}"

    @property
    def ready(self):
        """Bound as its profile says."""
        if self.bind == "kernel":
            return self.driver not in ("", *USERSPACE)
        return self.driver == self.bind

    @property
    def name(self):
        return f"{self.interface} ({self.address})" if self.interface else self.address


def driver_of(machine, address):
    return machine.link(f"{DEVICES}/{address}/driver") or ""


def interfaces_of(machine, address):
    """What the kernel made of a device, mostly one; a virtio device has it one step below."""
    folders = [f"{DEVICES}/{address}/net"] + [
        f"{DEVICES}/{address}/{name}/net" for name in machine.names(f"{DEVICES}/{address}")
        if re.fullmatch(r"virtio\d+", name)]
    return [name for folder in folders for name in machine.names(folder)]


def interface_of(machine, address):
    """The first of its interfaces; empty: it has none."""
    return next(iter(interfaces_of(machine, address)), "")


def alias_driver(machine, address):
    """The kernel driver that the system's table of modules gives a device."""
    alias = machine.read(f"{DEVICES}/{address}/modalias") or ""
    release = machine.read("proc/sys/kernel/osrelease") or ""
    for line in (machine.read(f"lib/modules/{release}/modules.alias") or "").splitlines():
        words = line.split()
        if len(words) == 3 and words[1].startswith("pci:v") and alias and \
                fnmatch.fnmatchcase(alias, words[1]):
            return words[2]
    return ""


def link_of(machine, interface):
    base = f"sys/class/net/{interface}"
    if not interface:
        return ""
    if not (machine.number(f"{base}/flags") or 0) & 1:
        return "off"
    if machine.read(f"{base}/carrier") != "1":
        return "no carrier"
    speed = machine.number(f"{base}/speed") or -1
    return f"up, {speed} Mbit/s" if speed > 0 else "up"


def read_port(machine, profiles, address):
    folder = f"{DEVICES}/{address}"
    device = ":".join((machine.read(f"{folder}/{what}") or "0x0000")[2:]
                      for what in ("vendor", "device"))
    driver, interface = driver_of(machine, address), interface_of(machine, address)
    profile = profile_files.choose(profiles, device)
    own = driver if driver not in ("", *USERSPACE) else alias_driver(machine, address)
    return Port(address=address, device=device, driver=driver, kernel_driver=own,
                interface=interface, node=max(machine.number(f"{folder}/numa_node") or 0, 0),
                link=link_of(machine, interface),
                mac=machine.read(f"sys/class/net/{interface}/address") or "" if interface else "",
                profile=profile, bind=profiles[profile]["bind"],
                iommu_group=machine.link(f"{folder}/iommu_group") or "",
                needed=[sentence for name in interfaces_of(machine, address)
                        for sentence in traffic.needs(machine, name)] +
                functions(machine, folder, profiles[profile]["bind"]))


def functions(machine, folder, bind):
    """A sentence where virtual functions would go with the driver of their physical one."""
    count = machine.number(f"{folder}/sriov_numvfs") if bind == "vfio-pci" else 0
    return [f"has {count} virtual functions, which would be gone: echo 0 > {folder}/sriov_numvfs, "
            "or name one of them"] if count else []


def is_port(machine, address):
    return (machine.read(f"{DEVICES}/{address}/class") or "").startswith("0x02")


def all_ports(machine, profiles):
    return [read_port(machine, profiles, address) for address in machine.names(DEVICES)
            if is_port(machine, address)]


def find(machine, profiles, word):
    """The port that a user names by address, with or without its domain, or by interface."""
    address = word if ADDRESS.fullmatch(word) else f"0000:{word}"
    if ADDRESS.fullmatch(address):
        if not machine.exists(f"{DEVICES}/{address}"):
            raise Refused(f"there is no PCI device {address}, see scripts/nic list")
        if not is_port(machine, address):
            raise Refused(f"{address} is no network device, see scripts/nic list")
        return read_port(machine, profiles, address)
    traffic.check_name(machine, word)
    for port in all_ports(machine, profiles):
        if port.interface == word:
            return port
    raise Refused(f"{word} is no port of a PCI device: DPDK takes it as it is, with "
                  f"device: net_af_packet0,iface={word}")
