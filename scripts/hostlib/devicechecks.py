"""Whether devices can be handed to a program in user space."""
from hostlib import bootloader
from hostlib.findings import Finding
from hostlib.machine import kernel_arguments

NVIDIA = "0x15b3"  # its NICs stay with the kernel


def network_vendors(machine):
    base = "/sys/bus/pci/devices"
    return {machine.read(f"{base}/{address}/vendor") for address in machine.names(base)
            if (machine.read(f"{base}/{address}/class") or "").startswith("0x02")}


def is_intel(machine):
    return "GenuineIntel" in (machine.read("proc/cpuinfo") or "")


def check_iommu(machine, _):
    groups = machine.names("sys/kernel/iommu_groups")
    vendors = network_vendors(machine)
    if groups:
        found = f"on, {len(groups)} groups of devices"
        return [Finding("iommu", "ok", "boot", found), check_passthrough(machine)]
    if vendors and vendors <= {NVIDIA}:
        text = "the NICs here stay with the kernel and need none"
        return [Finding("iommu", "not-applicable", "boot", text)]
    words = ["intel_iommu=on", "iommu=pt"] if is_intel(machine) else ["iommu=pt"]
    return [Finding("iommu", "bad", "boot", "off, or there is none",
                    "vfio-pci hands a NIC to a program only behind an IOMMU",
                    "switch VT-d or AMD-Vi on in the firmware; " +
                    bootloader.fix_text(machine, words), bootloader.changes_for(machine, words))]


def check_passthrough(machine):
    given = {"iommu=pt", "iommu.passthrough=1"} & set(kernel_arguments(machine))
    return Finding("iommu-passthrough", "ok" if given else "warn", "boot",
                   " ".join(sorted(given)) or "every device is translated",
                   "without iommu=pt each transfer of the kernel's own devices, such as the disks "
                   "of the capture, is mapped and unmapped",
                   bootloader.fix_text(machine, ["iommu=pt"]),
                   bootloader.changes_for(machine, ["iommu=pt"]))
