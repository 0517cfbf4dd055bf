"""Hugepages of every NUMA node, their mount, transparent ones, and the limit on locked memory."""
import re

from hostlib import bootloader, sysctls
from hostlib.changes import Mount, PutLines, SetValue
from hostlib.findings import Finding
from hostlib.machine import kernel_arguments

WHY_HUGE = ("batches and receive buffers live in hugepages of the NIC's node: without them "
            "tickcapd does not start, and on another node every frame crosses the link between "
            "processors")
LIMITS = "/etc/security/limits.d/90-tickcap.conf"


def page_kib(machine):
    found = re.search(r"^Hugepagesize:\s+(\d+) kB", machine.read("proc/meminfo") or "", re.M)
    return int(found.group(1)) if found else 2048


def nodes(machine, cpus):
    """[(node or None, folder of its hugepages)] of the nodes that a capture uses: those of its
    CPUs where they are given, else all that have CPUs."""
    base = "/sys/devices/system/node"
    found = []
    for name in machine.names(base):
        held = machine.cpus(f"{base}/{name}/cpulist") \
            if re.fullmatch(r"node\d+", name) else set()
        if held and (not cpus or held & cpus) and machine.exists(f"{base}/{name}/hugepages"):
            found.append((int(name[4:]), f"{base}/{name}/hugepages"))
    return found or [(None, "/sys/kernel/mm/hugepages")]


def wanted_pages(machine, options):
    return -(-options.hugepages * 1024 // page_kib(machine))


def check_node(machine, options, node, folder):
    kib, wanted = page_kib(machine), wanted_pages(machine, options)
    path = f"{folder}/hugepages-{kib}kB/nr_hugepages"
    have = machine.number(path)
    name = "hugepages" if node is None else f"hugepages-node{node}"
    if have is None:
        return Finding(name, "bad", "runtime", "this kernel has no hugepages", WHY_HUGE,
                       "use a kernel with CONFIG_HUGETLBFS")
    # pages of other sizes serve as well
    other = sum((machine.number(f"{folder}/{size}/nr_hugepages") or 0) * int(size[10:-2])
                for size in machine.names(folder)
                if re.fullmatch(r"hugepages-\d+kB", size) and size != f"hugepages-{kib}kB")
    free = machine.number(f"{folder}/hugepages-{kib}kB/free_hugepages")
    found = f"{have} pages of {kib // 1024} MiB, {free if free is not None else '?'} free, " \
            f"{wanted} wanted"
    if other:
        found += f"; {other // 1024} MiB in pages of other sizes"
    good = have * kib + other >= options.hugepages * 1024
    return Finding(name, "ok" if good else "bad" if have + other == 0 else "warn", "runtime", found,
                   WHY_HUGE, f"echo {wanted} > {path}", [SetValue(path, str(wanted))])


def check_boot(machine, options, count):
    """One node: sysctl.d; more: the kernel's own arguments, since a sysctl spreads its pages over
    all nodes."""
    kib, wanted = page_kib(machine), wanted_pages(machine, options)
    given = [word for word in kernel_arguments(machine) if word.startswith("hugepages=")]
    lasting = sysctls.boot_value(machine, "vm.nr_hugepages")
    why = "memory is in pieces later on: only at the start are all pages sure to be had"
    if given or (lasting or "0") not in ("0", ""):
        return Finding("hugepages-boot", "ok", "boot", " ".join(given) or
                       f"vm.nr_hugepages = {lasting} in /etc/sysctl.d")
    if len(count) < 2:
        return Finding("hugepages-boot", "warn", "boot", "not reserved at the start", why,
                       f"in {sysctls.FILE}: vm.nr_hugepages = {wanted}",
                       [sysctls.put({"vm.nr_hugepages": wanted})])
    words = [f"hugepagesz={kib // 1024}M", "hugepages=" +
             ",".join(f"{node}:{wanted}" for node, _ in count)]
    return Finding("hugepages-boot", "warn", "boot", "not reserved at the start", why,
                   bootloader.fix_text(machine, words), bootloader.changes_for(machine, words))


def check_hugepages(machine, options):
    used = nodes(machine, options.cpus)
    return [check_node(machine, options, node, folder) for node, folder in used] + \
        [check_boot(machine, options, used)]


def check_mount(machine, _):
    mounts = [line.split()[1] for line in (machine.read("proc/mounts") or "").splitlines()
              if len(line.split()) > 2 and line.split()[2] == "hugetlbfs"]
    return [Finding("hugetlbfs", "ok" if mounts else "warn", "runtime",
                    f"mounted at {', '.join(mounts)}" if mounts else "not mounted",
                    "tickcapd takes its pages without a mount; other DPDK programs on this host, "
                    "such as testpmd, need one",
                    "mkdir -p /dev/hugepages && mount -t hugetlbfs hugetlbfs /dev/hugepages",
                    [Mount("hugetlbfs", "/dev/hugepages")])]


def check_thp(machine, _):
    path = "/sys/kernel/mm/transparent_hugepage/enabled"
    now = machine.setting(path)
    if now is None:
        return [Finding("thp", "not-applicable", "runtime", "this kernel has none")]
    return [Finding("thp", "ok" if now != "always" else "warn", "runtime", f"{path} is {now}",
                    "the kernel moves memory together behind every program's back, and stops "
                    "lcores meanwhile",
                    f"echo madvise > {path}", [SetValue(path, "madvise")])]


def check_memlock(machine, _):
    limits = machine.read("proc/self/limits") or ""
    found = re.search(r"^Max locked memory\s+(\S+)", limits, re.M)
    now = found.group(1) if found else None
    why = ("a device under vfio-pci locks all hugepages: a user other than root cannot start a "
           "capture with less than they come to")
    lines = {f"{who} - memlock": f"{who} - memlock unlimited" for who in ("*", "root")}
    if now == "unlimited":
        return [Finding("memlock", "ok", "boot", "unlimited")]
    text = f"at most {int(now) >> 20} MiB" if (now or "").isdigit() else "not said"
    if any(line in (machine.read(LIMITS) or "") for line in lines.values()):
        return [Finding("memlock", "ok", "boot", f"{text} in this session, unlimited from the next "
                        "login on")]
    return [Finding("memlock", "warn", "boot", text, why,
                    f"in {LIMITS}: * - memlock unlimited\nthen log in again",
                    [PutLines(LIMITS, lines)])]
