"""A kernel for trees: what happens when somebody writes to the files of the PCI bus.

The files are pipes; a thread reads each and then moves links and folders as the kernel would, so
that the real program can be run against a tree.
"""
import os
import shutil
import threading

DEVICES = "sys/bus/pci/devices"
DRIVERS = "sys/bus/pci/drivers"


class FakeKernel:
    """PCI network devices in a tree: add_nic() puts one, the files of the bus move it."""

    def __init__(self, tree, refuses=()):
        self.tree = tree
        self.refuses = set(refuses)  # addresses that vfio-pci does not take
        self.own = {}  # address: (its kernel driver, its interface)
        self.lock = threading.Lock()
        self.pipe("sys/bus/pci/drivers_probe", self.probe)

    def pipe(self, name, act):
        path = self.tree.root / name
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)

        def serve():
            while True:
                try:
                    with open(path) as writer:
                        word = writer.read().strip()
                except OSError:  # the tree is gone
                    return
                if word:
                    with self.lock:
                        act(word)

        threading.Thread(target=serve, daemon=True).start()

    def add_driver(self, driver):
        self.pipe(f"{DRIVERS}/{driver}/unbind", self.unbind)

    def add_nic(self, address, numbers, driver, interface, group=None, node=0, kind="0x020000",
                bound=True):
        base = f"{DEVICES}/{address}"
        vendor, device = numbers.split(":")
        for name, text in (("vendor", f"0x{vendor}"), ("device", f"0x{device}"), ("class", kind),
                           ("numa_node", str(node)), ("driver_override", "(null)"),
                           ("modalias", f"pci:v0000{vendor}d0000{device}sv")):
            self.tree.put(f"{base}/{name}", text)
        if group is not None:
            self.tree.link(f"{base}/iommu_group", f"../../../kernel/iommu_groups/{group}")
            self.tree.link(f"sys/kernel/iommu_groups/{group}/devices/{address}", f"/{base}")
        self.own[address] = (driver, interface)
        for one in (driver, "vfio-pci"):
            if one:
                self.add_driver(one)
        if bound:
            self.bind(address, driver)

    def bind(self, address, driver):
        self.tree.link(f"{DEVICES}/{address}/driver", f"../../drivers/{driver}")
        own, interface = self.own[address]
        if driver != own or not interface:
            return
        # the interface comes a moment after the driver, as with a real one
        for name, text in (("flags", "0x1002"), ("mtu", "1500"), ("address", "02:00:00:00:00:01"),
                           ("carrier", "0"), ("speed", "10000")):
            self.tree.put(f"sys/class/net/{interface}/{name}", text)
        self.tree.link(f"sys/class/net/{interface}/device", f"/{DEVICES}/{address}")
        self.tree.folder(f"{DEVICES}/{address}/net/{interface}")

    def unbind(self, address):
        (self.tree.root / DEVICES / address / "driver").unlink(missing_ok=True)
        shutil.rmtree(self.tree.root / DEVICES / address / "net", ignore_errors=True)
        shutil.rmtree(self.tree.root / f"sys/class/net/{self.own[address][1]}", ignore_errors=True)

    def probe(self, address):
        if (self.tree.root / DEVICES / address / "driver").is_symlink():
            return
        override = self.tree.read(f"{DEVICES}/{address}/driver_override")
        driver = override if override not in ("", "(null)") else self.own[address][0]
        if driver and not (driver == "vfio-pci" and address in self.refuses):
            self.bind(address, driver)

    def driver(self, address):
        path = self.tree.root / DEVICES / address / "driver"
        return os.path.basename(os.readlink(path)) if path.is_symlink() else ""
