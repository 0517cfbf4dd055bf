"""The configuration of an interface, remembered before its driver goes and put back after."""
import json
import time

from hostlib.machine import Refused
from hostlib.ports import interface_of

PATIENCE_S = 10  # a driver makes its interface, and udev names it, a moment after the binding


def remember(machine, interface):
    """Everything that goes with the interface; nothing of it is written anywhere else."""
    base = f"sys/class/net/{interface}"
    said = machine.ask("ip", "-json", "address", "show", "dev", interface)
    up = bool((machine.number(f"{base}/flags") or 0) & 1)
    if said is None and up:
        raise Refused(f"the addresses of {interface} cannot be remembered without the program ip: "
                      "apt install iproute2")
    addresses = [f"{entry['local']}/{entry['prefixlen']}"
                 for link in json.loads(said or "[]") for entry in link.get("addr_info", [])
                 if entry.get("scope") == "global" and "local" in entry]
    found = {"name": interface, "mtu": machine.number(f"{base}/mtu"), "up": up,
             "addresses": addresses, "routes": []}
    for family in ("-4", "-6"):
        said = machine.ask("ip", "-json", family, "route", "show", "table", "all", "dev",
                           interface)
        for route in json.loads(said or "[]"):
            if route.get("protocol") not in ("kernel", "ra", "dhcp"):
                words = [family, "route", "replace", route["dst"]]
                for key, word in (("gateway", "via"), ("metric", "metric"), ("prefsrc", "src"),
                                  ("table", "table")):
                    words += [word, str(route[key])] if key in route else []
                words += ["onlink"] if "onlink" in route.get("flags", []) else []
                found["routes"].append(words)
    return found


def await_interface(machine, address):
    """The name of the interface once it is there; empty: there is none."""
    end = time.monotonic() + PATIENCE_S
    while not interface_of(machine, address) and time.monotonic() < end:
        time.sleep(0.05)
    return interface_of(machine, address)


def put_back(machine, address, config):
    """Sentences about what could not be put back."""
    name = await_interface(machine, address)
    if not name:
        return [f"{address}: its interface {config['name']} did not come back, see dmesg"]
    wanted, said = config["name"], []
    orders = [] if name == wanted else [["link", "set", "dev", name, "down"],
                                        ["link", "set", "dev", name, "name", wanted]]
    if config["mtu"]:
        orders.append(["link", "set", "dev", wanted, "mtu", str(config["mtu"])])
    if config["up"]:
        orders.append(["link", "set", "dev", wanted, "up"])
    orders += [["address", "replace", address, "dev", wanted] for address in config["addresses"]]
    orders += [words + ["dev", wanted] for words in config["routes"]]
    for words in orders:
        try:
            machine.order("ip", *words)
        except Refused as problem:
            said.append(str(problem))
    return said
