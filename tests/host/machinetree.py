"""Machines as trees of files, for scripts/host and scripts/nic: --root stands them in for this one.

`server()` is a server that is set up well, with two NUMA nodes, eight CPUs, and the capture's CPUs
2-3; tests then spoil it.
"""
import os
import pathlib
import shutil
import tempfile

from program import SOURCE, run

CPUS = 8
CAPTURE = "2-3"
THP = "sys/kernel/mm/transparent_hugepage/enabled"
GRUB = 'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\n'
LIMITS = """\
Limit                     Soft Limit           Hard Limit           Units
Max open files            1024                 1048576              files
Max locked memory         unlimited            unlimited            bytes
"""
CHRONY = "A9FEA97B,time1.example,2,1790000000.1,0.000000412,0.0,0.0,1.0,0.0,0.0,0.0,0.0,64.1,Normal"
GOOD_ARGUMENTS = [
    "BOOT_IMAGE=/vmlinuz", "quiet", "intel_iommu=on", "iommu=pt", "hugepages=0:512,1:512",
    "isolcpus=managed_irq,domain,2-3", "nohz_full=2-3", "rcu_nocbs=2-3", "irqaffinity=0-1,4-7",
    "transparent_hugepage=madvise", "cpufreq.default_governor=performance",
    "processor.max_cstate=1", "intel_idle.max_cstate=1",
]


class Tree:
    """A tree of files; as a context it is gone afterwards."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tickcap-test-"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)

    def put(self, name, text=""):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.endswith("\n") or not text else f"{text}\n")
        return path

    def link(self, name, target):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    def folder(self, name):
        (self.root / name).mkdir(parents=True, exist_ok=True)

    def remove(self, name):
        path = self.root / name
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def read(self, name):
        return (self.root / name).read_text().rstrip("\n")

    def orders(self):
        """Programs that would have been run."""
        path = self.root / "orders"
        return path.read_text().splitlines() if path.exists() else []

    def snapshot(self):
        """Everything in the tree but the orders: {name: text, target or None for a folder}."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            for name in folders + files:
                path = pathlib.Path(folder, name)
                key = str(path.relative_to(self.root))
                found[key] = ("link", os.readlink(path)) if path.is_symlink() else \
                    None if path.is_dir() else path.read_text() if path.is_file() else "special"
        found.pop("orders", None)
        # only a kernel puts the brackets back that stand around the value in force
        if THP in found:
            found[THP] = found[THP].partition("[")[2].partition("]")[0] or found[THP].strip()
        return found


def same(before, after):
    """Two snapshots are equal, or the names that differ are raised."""
    different = sorted(name for name in before.keys() | after.keys()
                       if before.get(name, "not there") != after.get(name, "not there"))
    assert not different, {name: (before.get(name, "not there"), after.get(name, "not there"))
                           for name in different[:5]}


def arguments(tree, *without):
    """Starts the machine with the good arguments, but for those that begin with a word."""
    words = [word for word in GOOD_ARGUMENTS if not word.startswith(without or ("nothing=",))]
    tree.put("proc/cmdline", " ".join(words))


def put_cpu(tree, cpu):
    base = f"sys/devices/system/cpu/cpu{cpu}"
    tree.put(f"{base}/topology/thread_siblings_list", str(cpu))
    tree.put(f"{base}/cpufreq/scaling_governor", "performance")
    for number, (name, latency, off) in enumerate([("POLL", 0, 0), ("C1", 2, 0), ("C6", 133, 1)]):
        tree.put(f"{base}/cpuidle/state{number}/name", name)
        tree.put(f"{base}/cpuidle/state{number}/latency", str(latency))
        tree.put(f"{base}/cpuidle/state{number}/disable", str(off))


def put_node(tree, node, cpus, pages=512):
    base = f"sys/devices/system/node/node{node}"
    tree.put(f"{base}/cpulist", cpus)
    for size, count in (("2048kB", pages), ("1048576kB", 0)):
        tree.put(f"{base}/hugepages/hugepages-{size}/nr_hugepages", str(count))
        tree.put(f"{base}/hugepages/hugepages-{size}/free_hugepages", str(count))


def put_interrupt(tree, number, cpus):
    tree.put(f"proc/irq/{number}/smp_affinity_list", cpus)
    tree.link(f"proc/irq/{number}/effective_affinity_list", "smp_affinity_list")


def put_process(tree, number, name):
    tree.put(f"proc/{number}/comm", name)


def server():
    tree = Tree()
    for cpu in range(CPUS):
        put_cpu(tree, cpu)
    tree.put("sys/devices/system/cpu/online", f"0-{CPUS - 1}")
    tree.put("sys/devices/system/cpu/isolated", CAPTURE)
    tree.put("sys/devices/system/cpu/nohz_full", CAPTURE)
    put_node(tree, 0, "0-3")
    put_node(tree, 1, "4-7")
    tree.put("proc/meminfo", "MemTotal:       131072000 kB\nHugepagesize:       2048 kB")
    tree.put("proc/mounts", "hugetlbfs /dev/hugepages hugetlbfs rw,relatime,pagesize=2M 0 0")
    tree.put("proc/cpuinfo", "vendor_id\t: GenuineIntel")
    tree.put("proc/self/limits", LIMITS)
    tree.put("proc/sys/kernel/sched_rt_runtime_us", "-1")
    tree.put("proc/sys/kernel/numa_balancing", "0")
    tree.put("proc/irq/default_smp_affinity", "f3")
    for number in (24, 25):
        put_interrupt(tree, number, "0-1,4-7")
    tree.put(THP, "always [madvise] never")
    for group in (0, 1, 12):
        tree.folder(f"sys/kernel/iommu_groups/{group}")
    tree.put("etc/default/grub", GRUB)
    tree.put("etc/sysctl.d/local.conf",
             "kernel.sched_rt_runtime_us = -1\nkernel.numa_balancing=0")
    for folder in ("dev", "var/lib"):
        tree.folder(folder)
    put_process(tree, 1, "systemd")
    put_process(tree, 700, "chronyd")
    tree.put("answers/chronyc -c tracking", CHRONY)
    arguments(tree)
    return tree


def script(name, *words):
    """Runs a script as a bare machine would: Python alone, without what else is installed."""
    return run("/usr/bin/python3", "-S", "-E", SOURCE / "scripts" / name, *words)
