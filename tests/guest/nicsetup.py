"""Setting a guest up for a capture, and back, with scripts/host and scripts/nic as operators do."""
import json
import pathlib

from guest import ADDRESS

HUGEPAGES_MIB = 192  # buffers and batches of the test's captures take 100 to 120
DEVICE = f"/sys/bus/pci/devices/{ADDRESS}"


def reserve_hugepages(guest):
    guest.must("scripts/host", "--apply", "--only", "hugepages-node*", "--hugepages", HUGEPAGES_MIB)


def give_hugepages_back(guest):
    guest.must("scripts/host", "--undo")


def bind(guest):
    """Hands the NIC to DPDK."""
    guest.must("scripts/nic", "bind", ADDRESS)
    assert driver_of(guest) == "vfio-pci", driver_of(guest)


def restore(guest):
    """Gives the NIC back to the kernel."""
    guest.must("scripts/nic", "unbind", ADDRESS)
    assert driver_of(guest) == guest.driver, driver_of(guest)


def bind_otherwise(guest, driver):
    """Binds the NIC to what its profile does not want; None: to nothing."""
    if driver is None:
        guest.must("dpdk-devbind.py", "-u", ADDRESS)
    else:
        guest.must("modprobe", driver)
        guest.must("dpdk-devbind.py", "-b", driver, ADDRESS)
    assert driver_of(guest) == driver, driver_of(guest)


def driver_of(guest):
    """Who has the NIC; None: nobody."""
    link = guest.run("readlink", f"{DEVICE}/driver").text.strip()
    return pathlib.Path(link).name if link else None


def interface_of(guest):
    """The name of the NIC's network interface; None: the kernel has none."""
    # a virtio device stands between the NIC and its interface
    shown = guest.run("sh", "-c", f"ls -d {DEVICE}/net/* {DEVICE}/virtio*/net/*").text.split()
    return pathlib.Path(shown[0]).name if shown else None


def configuration_of(guest, interface):
    """What the kernel knows of an interface: link address, whether it is up, IPv4 addresses."""
    about, = json.loads(guest.must("ip", "-json", "-4", "address", "show", "dev", interface))
    addresses = [f"{one['local']}/{one['prefixlen']}" for one in about["addr_info"]]
    link, = json.loads(guest.must("ip", "-json", "link", "show", "dev", interface))
    return link["address"], "UP" in link["flags"], addresses
