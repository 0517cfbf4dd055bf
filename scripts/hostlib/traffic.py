"""What an interface is needed for: the default route, a login, a bond, a bridge or a VLAN.

Read from /proc/net and sysfs, so that nothing has to be installed and a tree can stand in.
"""
import ipaddress

from hostlib.machine import Refused

ESTABLISHED = "01"
ROUTE_UP, ROUTE_REJECT = 0x1, 0x200


def rows(machine, name):
    return [line.split() for line in (machine.read(f"proc/net/{name}") or "").splitlines()]


def words_address(text):
    """An address of /proc/net/tcp: 32-bit words, each with its bytes backwards."""
    data = b"".join(bytes.fromhex(text[at:at + 8])[::-1] for at in range(0, len(text), 8))
    address = ipaddress.ip_address(data)
    return getattr(address, "ipv4_mapped", None) or address


def routes(machine):
    """[(network, interface)] of the main tables of IPv4 and IPv6."""
    try:
        return read_routes(machine)
    except ValueError as problem:
        raise Refused("whether a port carries the default route cannot be told: /proc/net/route "
                      f"or /proc/net/ipv6_route has a row that is no route: {problem}") from None


def read_routes(machine):
    found = []
    for row in rows(machine, "route")[1:]:
        if len(row) > 7 and int(row[3], 16) & (ROUTE_UP | ROUTE_REJECT) == ROUTE_UP:
            bits = bin(int(row[7], 16)).count("1")
            found.append((ipaddress.ip_network((words_address(row[1]), bits)), row[0]))
    for row in rows(machine, "ipv6_route"):
        if len(row) > 9 and int(row[8], 16) & (ROUTE_UP | ROUTE_REJECT) == ROUTE_UP:
            address = ipaddress.ip_address(bytes.fromhex(row[0]))
            found.append((ipaddress.ip_network((address, int(row[1], 16)), strict=False), row[9]))
    return found


def default_interfaces(machine):
    return {interface for network, interface in routes(machine)
            if network.prefixlen == 0 and interface != "lo"}


def session_ports(machine):
    """Where this very session arrived. sudo takes the variable away, so that those who started
    this program are asked too."""
    process, found = "self", set()
    while process and process != "0":
        environment = (machine.read(f"proc/{process}/environ") or "").split("\0")
        words = next((entry.split() for entry in environment
                      if entry.startswith("SSH_CONNECTION=")), [])
        found |= {int(word) for word in words[3:4] if word.isdigit()}
        about = machine.read(f"proc/{process}/stat") or ""
        process = next(iter(about.rpartition(") ")[2].split()[1:2]), None)  # its parent
    return found


def ssh_ports(machine):
    """Where logins arrive: as sshd is configured, and as this session says."""
    ports = {22}
    files = ["etc/ssh/sshd_config"] + [f"etc/ssh/sshd_config.d/{name}"
                                       for name in machine.names("etc/ssh/sshd_config.d")]
    for name in files:
        for line in (machine.read(name) or "").splitlines():
            words = line.split()
            if len(words) > 1 and words[0].lower() == "port" and words[1].isdigit():
                ports.add(int(words[1]))
    return ports | (session_ports(machine) if machine.is_this else set())


def ways_to(machine, table, own, peer):
    """Interfaces that may lead to a peer. Addresses of a link are on every one of them: there it
    is that which has our own end."""
    if peer.version == 6 and peer.is_link_local:
        return {row[5] for row in rows(machine, "if_inet6")
                if len(row) > 5 and ipaddress.ip_address(bytes.fromhex(row[0])) == own}
    ways = [(network.prefixlen, interface) for network, interface in table
            if network.version == peer.version and peer in network]
    return {interface for length, interface in ways if length == max(ways)[0]}


def logins(machine):
    """{peer address: interfaces that lead to it} of established connections to sshd."""
    ports, table, found = ssh_ports(machine), routes(machine), {}
    for name in ("tcp", "tcp6"):
        for row in rows(machine, name)[1:]:
            if len(row) < 4 or row[3] != ESTABLISHED or int(row[1].split(":")[1], 16) not in ports:
                continue
            own, peer = (words_address(end.split(":")[0]) for end in row[1:3])
            if not peer.is_loopback:
                found[str(peer)] = ways_to(machine, table, own, peer)
    return found


def below(machine, interface):
    """The interface and all that it stands on: of a VLAN its port, of a bond its members."""
    found, waiting = set(), [interface]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [entry[len("lower_"):] for entry in machine.names(f"sys/class/net/{name}")
                        if entry.startswith("lower_")]
    return found


def needs(machine, interface):
    """Sentences about why an interface must not go away, each with what to do."""
    found = []
    for upper in sorted(default_interfaces(machine)):
        if interface in below(machine, upper):
            through = "" if upper == interface else f" (through {upper})"
            found.append(f"carries the default route{through}, without it this host is cut off: "
                         "move the route to another interface")
    for peer, uppers in sorted(logins(machine).items()):
        if any(interface in below(machine, upper) for upper in uppers):
            found.append(f"carries the login from {peer}: log in through another interface")
    master = machine.link(f"sys/class/net/{interface}/master")
    if master:
        found.append(f"is a member of {master}: take it out, ip link set dev {interface} nomaster")
    for entry in machine.names(f"sys/class/net/{interface}"):
        upper = entry.removeprefix("upper_")
        if entry != upper != master:
            found.append(f"carries {upper}, which would be gone for good: take it away first, ip "
                         f"link delete dev {upper}")
    return found


def check_name(machine, interface):
    if not machine.exists(f"sys/class/net/{interface}"):
        raise Refused(f"there is no interface {interface}, see scripts/nic list")
