"""Handing a port to vfio-pci and giving it back.

Everything is checked before the first change, for all ports of an order: an order that cannot be
carried out changes nothing. What was before is written down first.
"""
import re
import time

from hostlib import netconfig
from hostlib.machine import Refused
from hostlib.ports import DEVICES, USERSPACE, driver_of
from hostlib.store import Store

PATIENCE_S = 5
DRIVERS = "/sys/bus/pci/drivers"
# these do not stand in the way of a group: bridges, and devices that nobody drives
HARMLESS = ("", "vfio-pci", "pci-stub", "pcieport")
UNIT = "/etc/systemd/system/tickcap-nic.service"
UNIT_TEXT = """\
# Written by tickcap's scripts/nic bind --boot; scripts/nic --undo removes it.
[Unit]
Description=Hand the ports of captures to vfio-pci
Before=network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart="{script}" restore

[Install]
WantedBy=multi-user.target
"""


class Failed(Exception):
    """The kernel did not do what it was asked for; one sentence."""


# ---- whether it can be done ----

def group_members(machine, port):
    return machine.names(f"/sys/kernel/iommu_groups/{port.iommu_group}/devices")


def check_group(machine, port, together):
    """vfio-pci takes a group of devices whole, since they can reach each other's memory."""
    if not port.iommu_group:
        unsafe = machine.read("sys/module/vfio/parameters/enable_unsafe_noiommu_mode")
        if unsafe in ("Y", "1"):
            return
        raise Refused(f"{port.address} has no IOMMU group, the IOMMU is off: run scripts/host "
                      "--apply --only iommu, update-grub, and reboot")
    for other in group_members(machine, port):
        driver = driver_of(machine, other)
        bridge = (machine.read(f"{DEVICES}/{other}/class") or "").startswith("0x06")
        if other in together or driver in HARMLESS or bridge:
            continue
        raise Refused(
            f"{port.address} shares IOMMU group {port.iommu_group} with {other} (driver {driver}), "
            "and vfio-pci takes groups whole: bind both in one order, scripts/nic bind "
            f"{port.address} {other}, or put the NIC into another slot")


def check_bind(machine, port, together, force):
    if port.bind == "none":
        raise Refused(f"{port.address}: profile {port.profile} is for no PCI device")
    if port.needed and not force:
        raise Refused(f"{port.name} {port.needed[0]}; or give --force")
    if port.bind == "vfio-pci":
        check_group(machine, port, together)


def check_idle(machine, port):
    """The kernel lets nobody take a device from vfio-pci while a program has it open: the write
    would hang until that ends."""
    if port.driver != "vfio-pci" or not port.iommu_group:
        return
    for process in machine.names("proc"):
        if not process.isdigit():
            continue
        for number in machine.names(f"proc/{process}/fd"):
            if machine.link(f"proc/{process}/fd/{number}") == port.iommu_group and \
                    re.search(r"/vfio/(noiommu-)?\d+$", held(machine, process, number)):
                raise Refused(f"{port.address} is in use by "
                              f"{machine.read(f'proc/{process}/comm')} (pid {process}): end it "
                              "first")


def held(machine, process, number):
    try:
        return str(machine.path(f"proc/{process}/fd/{number}").readlink())
    except OSError:
        return ""


# ---- doing it ----

def names_of(driver):
    """A module is named with underscores where its driver may have dashes, as virtio-pci."""
    return {driver, driver.replace("-", "_"), driver.replace("_", "-")}


def await_driver(machine, address, wanted):
    """Whether a device has come to a driver; `wanted` None: to any."""
    end = time.monotonic() + PATIENCE_S
    while True:
        driver = driver_of(machine, address)
        if driver if wanted is None else driver in names_of(wanted):
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)


def let_go(machine, address):
    driver = driver_of(machine, address)
    if driver:
        machine.write(f"{DEVICES}/{address}/driver/unbind", address)
        await_driver(machine, address, "")


def load_module(machine, name):
    def is_loaded():
        return any(machine.exists(f"{DRIVERS}/{one}") for one in names_of(name))

    if is_loaded():
        return
    machine.order("modprobe", name)
    if machine.is_this and not is_loaded():
        raise Refused(f"the kernel module {name} is loaded, and {DRIVERS}/{name} is not there")


def take(machine, port):
    """From whatever driver it has to vfio-pci; where that fails, back to what it had."""
    if port.interface:
        machine.order("ip", "link", "set", "dev", port.interface, "down")
    try:
        machine.write(f"{port.folder}/driver_override", "vfio-pci")
        let_go(machine, port.address)
        machine.write("/sys/bus/pci/drivers_probe", port.address)
        why = "" if await_driver(machine, port.address, "vfio-pci") else "see dmesg"
    except Refused as problem:
        why = str(problem)
    if not why:
        return
    machine.write(f"{port.folder}/driver_override", "")
    if not driver_of(machine, port.address):
        machine.write("/sys/bus/pci/drivers_probe", port.address)
    raise Failed(f"{port.address}: the kernel did not give it to vfio-pci: {why}")


def give_back(machine, address, entry):
    """To the driver that it had; sentences about what could not be put back."""
    driver = entry["driver"]  # None: whichever the kernel chooses; empty: it had none
    if driver:
        load_module(machine, driver)
    machine.write(f"{DEVICES}/{address}/driver_override", entry["override"])
    let_go(machine, address)
    if driver == "":
        return []
    machine.write("/sys/bus/pci/drivers_probe", address)
    if not await_driver(machine, address, driver):
        raise Failed(f"{address}: the kernel did not give it back to {driver or 'a driver'}, see "
                     "dmesg")
    return netconfig.put_back(machine, address, entry["config"]) if entry["config"] else []


def unit_text(path):
    """A path between quotes, as systemd reads them (systemd.syntax, systemd.unit)."""
    return re.sub(r'(["\\])', r"\\\1", str(path)).replace("%", "%%")


class Bindings(Store):
    """The ports that were handed over, with what they were before."""

    KEYS = {"address", "driver", "override", "config", "boot", "force"}

    def __init__(self, machine):
        super().__init__(machine, "nic")

    def entry(self, address):
        return next((entry for entry in self.entries if entry["address"] == address), None)

    def bind(self, ports, force, boot, script):
        together = {port.address for port in ports}
        for port in ports:
            check_bind(self.machine, port, together, force)
            if boot and port.bind == "vfio-pci" and \
                    not self.machine.exists("run/systemd/system"):
                raise Refused("--boot needs systemd, which does not run here: call scripts/nic "
                              "restore at the start in another way")
        said = []
        for port in ports:
            said += self.bind_kernel(port) if port.bind == "kernel" else \
                self.bind_vfio(port, force, boot)
        if any(entry["boot"] for entry in self.entries) and \
                not self.machine.exists(UNIT):
            said += self.install_unit(script)
        return said

    def bind_kernel(self, port):
        if port.ready:
            return [f"{port.name} stays with {port.driver}: DPDK works beside it (profile "
                    f"{port.profile})"]
        return self.unbind([port])

    def bind_vfio(self, port, force, boot, afresh=True):
        """`afresh`: what is known of a port that is with the kernel is of before a start of the
        machine, and is looked at again."""
        kept = list(self.entries)
        entry = self.entry(port.address)
        if entry and afresh and port.driver not in ("", *USERSPACE):
            boot = boot or entry["boot"]
            self.entries.remove(entry)
            entry = None
        if entry and boot and not entry["boot"]:
            entry["boot"] = True
            self.save()
        if port.ready and (entry or not boot):
            return [f"{port.address} is bound to vfio-pci already"]
        load_module(self.machine, "vfio-pci")
        if entry is None:
            override = self.machine.read(f"{port.folder}/driver_override")
            before = (port.kernel_driver or None) if port.driver in USERSPACE else port.driver
            entry = {"address": port.address, "driver": before,
                     "override": "" if override in (None, "(null)", *USERSPACE) else override,
                     "config": netconfig.remember(self.machine, port.interface)
                     if port.interface else None, "boot": boot, "force": force}
            self.entries.append(entry)
            self.save()
        if port.ready:
            return [f"{port.address} is bound to vfio-pci already, and after each start from now"]
        was = port.driver or "no driver"
        try:
            take(self.machine, port)
        except (Failed, Refused):
            if await_driver(self.machine, port.address, port.driver):
                if entry["config"]:
                    netconfig.put_back(self.machine, port.address, entry["config"])
                self.entries = kept
                self.save()
            raise
        return [f"{port.name}: {was} -> vfio-pci (profile {port.profile})"]

    def unbind(self, ports):
        for port in ports:
            check_idle(self.machine, port)
        said = []
        for port in ports:
            entry = self.entry(port.address)
            if port.driver in USERSPACE or not port.driver:
                said += give_back(self.machine, port.address, entry or {
                    "driver": port.kernel_driver or None, "override": "", "config": None})
                now = driver_of(self.machine, port.address) or "no driver, as before"
                said.append(f"{port.address}: {port.driver or 'no driver'} -> {now}")
            else:
                said.append(f"{port.name} is bound to {port.driver} already")
            if entry:
                self.entries.remove(entry)
                self.save()
        return said + self.remove_unit()

    def restore(self, find):
        """After a start: hands over again what --boot named; `find`: the port of an address."""
        said, failed = [], []
        for entry in [entry for entry in self.entries if entry["boot"]]:
            try:
                port = find(entry["address"])
                check_bind(self.machine, port, {other["address"] for other in self.entries},
                           entry["force"])
                said += self.bind_vfio(port, entry["force"], True, afresh=False)
            except (Failed, Refused) as problem:  # the others still get their turn
                failed.append(str(problem))
        return said, failed

    def undo(self, find):
        said = []
        for entry in reversed(list(self.entries)):
            if self.machine.exists(f"{DEVICES}/{entry['address']}"):
                said += self.unbind([find(entry["address"])])
            else:
                said.append(f"{entry['address']} is gone, and forgotten")
                self.entries.remove(entry)
                self.save()
        return said + self.remove_unit()

    # ---- after a start ----

    def install_unit(self, script):
        self.machine.path(UNIT).parent.mkdir(parents=True, exist_ok=True)
        self.machine.path(UNIT).write_text(UNIT_TEXT.format(script=unit_text(script)))
        self.machine.order("systemctl", "daemon-reload")
        self.machine.order("systemctl", "enable", "tickcap-nic.service")
        return [f"{UNIT}: written; the ports are handed over again after each start"]

    def remove_unit(self):
        if any(entry["boot"] for entry in self.entries) or not self.machine.exists(UNIT):
            return []
        self.machine.order("systemctl", "disable", "tickcap-nic.service")
        self.machine.path(UNIT).unlink()
        self.machine.order("systemctl", "daemon-reload")
        return [f"{UNIT}: removed"]
