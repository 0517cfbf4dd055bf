"""What takes time away from lcores: other programs, slow clocks, sleeping CPUs, interrupts."""
import re

from hostlib import bootloader
from hostlib.changes import SetValue
from hostlib.findings import Finding
from hostlib.machine import cpus_text, kernel_arguments, online_cpus, parse_cpus

# of a list in a kernel argument: 2, 2-3, 2-N up to the last CPU, 0-7:1/2 one of each two
PART = re.compile(r"(\d+|N)(?:-(\d+|N)(?::(\d+)/(\d+))?)?")

BASE = "/sys/devices/system/cpu"
SLOW_WAKE_US = 10  # an idle state that takes longer to leave costs frames of a burst


def without_cpus(name, when="runtime"):
    return Finding(name, "not-applicable", when, "give the capture's CPUs with --cpus LIST")


def part_cpus(text, last):
    """CPUs of a part of such a list; none of a flag, as in isolcpus=managed_irq,domain,2-3."""
    if text == "all":
        return set(range(last + 1))
    found = PART.fullmatch(text)
    if not found:
        return set()
    first, end = (last if word == "N" else int(word)
                  for word in (found[1], found[2] or found[1]))
    take, of = int(found[3] or 1), int(found[4] or 1)
    return {cpu for cpu in range(first, min(end, last) + 1) if (cpu - first) % max(of, 1) < take}


def argument_cpus(machine, name):
    """CPUs that a kernel argument names."""
    last = max(online_cpus(machine))
    return {cpu for word in kernel_arguments(machine) if word.startswith(f"{name}=")
            for part in word.partition("=")[2].split(",") for cpu in part_cpus(part, last)}


def isolation_arguments(machine, cpus):
    listed, others = cpus_text(cpus), cpus_text(online_cpus(machine) - cpus)
    return [f"isolcpus=managed_irq,domain,{listed}", f"nohz_full={listed}", f"rcu_nocbs={listed}",
            f"irqaffinity={others}"]


def check_isolated(machine, options):
    cpus = options.cpus
    if not cpus:
        return [without_cpus("isolated-cpus", "boot")]
    nohz = machine.cpus(f"{BASE}/nohz_full") | argument_cpus(machine, "nohz_full")
    lacking = {
        "isolcpus": cpus - machine.cpus(f"{BASE}/isolated"),
        "nohz_full": cpus - nohz,
        "rcu_nocbs": cpus - argument_cpus(machine, "rcu_nocbs") - nohz,
    }
    text = "; ".join(f"{name} lacks CPU {cpus_text(missing)}"
                     for name, missing in lacking.items() if missing)
    if not text:
        return [Finding("isolated-cpus", "ok", "boot", f"CPU {cpus_text(cpus)}")]
    words = isolation_arguments(machine, cpus)
    return [Finding("isolated-cpus", "bad" if lacking["isolcpus"] else "warn", "boot", text,
                    "the scheduler puts other programs, timer ticks and RCU's work onto an lcore's "
                    "CPU; each takes it away for long enough to lose frames",
                    bootloader.fix_text(machine, words), bootloader.changes_for(machine, words))]


def check_siblings(machine, options):
    """Two threads of one core share its units; what runs on the other slows the lcore down."""
    if not options.cpus:
        return [without_cpus("smt-siblings")]
    cores = {}
    for cpu in sorted(online_cpus(machine)):
        listed = machine.cpus(f"{BASE}/cpu{cpu}/topology/thread_siblings_list")
        cores[cpu] = listed & online_cpus(machine) or {cpu}
    shared = sorted({cpus_text(cores.get(cpu, {cpu})) for cpu in options.cpus
                     if len(cores.get(cpu, {cpu})) > 1})
    if not shared:
        return [Finding("smt-siblings", "ok", "runtime", "each CPU has a core of its own")]
    spare = sorted(set().union(*(parse_cpus(row) for row in shared)) - options.cpus)
    return [Finding("smt-siblings", "warn", "runtime",
                    "threads of one core: " + " and ".join(shared),
                    "what runs on the other thread of a core takes up to half of it",
                    "\n".join(f"echo 0 > {BASE}/cpu{cpu}/online" for cpu in spare) or
                    "give each lcore a core of its own")]


def check_governor(machine, options):
    paths = {cpu: f"{BASE}/cpu{cpu}/cpufreq/scaling_governor"
             for cpu in sorted(options.cpus or online_cpus(machine))}
    now = {cpu: machine.setting(path) for cpu, path in paths.items() if machine.exists(path)}
    if not now:
        return [Finding("governor", "not-applicable", "runtime",
                        "the kernel does not set this machine's frequency")]
    slow = {cpu for cpu, governor in now.items() if governor != "performance"}
    found = ", ".join(f"{governor} on CPU {cpus_text(c for c in now if now[c] == governor)}"
                      for governor in sorted(set(now.values())))
    path = f"{BASE}/cpu*/cpufreq/scaling_governor"
    return [Finding("governor", "bad" if slow else "ok", "runtime", found,
                    "a CPU that was idle starts a burst at its lowest frequency",
                    f"for f in {path}; do echo performance > $f; done",
                    [SetValue(paths[cpu], "performance") for cpu in sorted(slow)])]


def slow_states(machine, cpu):
    """[(name, microseconds, path of its switch)] of a CPU's deep idle states that are on."""
    found = []
    for state in machine.names(f"{BASE}/cpu{cpu}/cpuidle"):
        folder = f"{BASE}/cpu{cpu}/cpuidle/{state}"
        latency = machine.number(f"{folder}/latency") or 0
        if latency > SLOW_WAKE_US and machine.number(f"{folder}/disable") == 0:
            found.append((machine.read(f"{folder}/name"), latency, f"{folder}/disable"))
    return found


def check_idle(machine, options):
    cpus = sorted(options.cpus or online_cpus(machine))
    if not any(machine.names(f"{BASE}/cpu{cpu}/cpuidle") for cpu in cpus):
        return [Finding("c-states", "not-applicable", "runtime", "no idle states to choose from")]
    slow = {cpu: slow_states(machine, cpu) for cpu in cpus}
    states = {(name, latency) for rows in slow.values() for name, latency, _ in rows}
    if not states:
        return [Finding("c-states", "ok", "runtime",
                        f"none that takes longer than {SLOW_WAKE_US} µs to leave")]
    found = ", ".join(f"{name} takes {latency} µs to leave" for name, latency in sorted(
        states, key=lambda state: state[1]))
    return [Finding("c-states", "warn", "runtime", found,
                    "an adaptive or a writing lcore sleeps between bursts, and a sleeping core "
                    "misses the begin of the next; deep ones also slow down the path to memory",
                    f"for f in {BASE}/cpu*/cpuidle/state*/disable of those; do echo 1 > $f; done",
                    [SetValue(path, "1") for rows in slow.values() for _, _, path in rows])]


def mask_text(cpus):
    """CPUs as /proc/irq/default_smp_affinity has them: hex, a comma each 32 bits."""
    digits = f"{sum(1 << cpu for cpu in cpus):x}"
    width = -(-len(digits) // 8) * 8 if len(digits) > 8 else len(digits)
    digits = digits.zfill(width)
    return ",".join(digits[at:at + 8] for at in range(0, len(digits), 8))


def mask_cpus(text):
    digits = (text or "").replace(",", "")
    number = int(digits, 16) if re.fullmatch("[0-9a-fA-F]+", digits) else 0
    return {bit for bit in range(number.bit_length()) if number >> bit & 1}


def check_interrupts(machine, options):
    if not options.cpus:
        return [without_cpus("irq-affinity")]
    others = online_cpus(machine) - options.cpus
    hits = []
    for number in machine.names("proc/irq"):
        path = f"/proc/irq/{number}/smp_affinity_list"
        effective = machine.cpus(f"/proc/irq/{number}/effective_affinity_list")
        if number.isdigit() and machine.exists(path) and options.cpus & (
                effective or machine.cpus(path)):
            hits.append(number)
    default = "/proc/irq/default_smp_affinity"
    changes = [SetValue(f"/proc/irq/{number}/smp_affinity_list", cpus_text(others), optional=True)
               for number in hits]
    if mask_cpus(machine.read(default)) & options.cpus:
        changes.append(SetValue(default, mask_text(others), optional=True))
    found = f"interrupt {', '.join(hits)} on CPU {cpus_text(options.cpus)}" if hits else \
        "new interrupts may go to the capture's CPUs" if changes else "none on the capture's CPUs"
    fix = f"echo {cpus_text(others)} > /proc/irq/N/smp_affinity_list, for each N\n" \
          f"echo {mask_text(others)} > {default}\n" \
          "one that refuses is the kernel's own to place: boot with isolcpus=managed_irq"
    if "irqbalance" in machine.processes():
        found += "; irqbalance runs and moves them back"
        banned = f"IRQBALANCE_BANNED_CPULIST={cpus_text(options.cpus)}"
        fix += f"\nin /etc/default/irqbalance: {banned}\nthen: systemctl restart irqbalance"
    state = "warn" if changes or "irqbalance" in found else "ok"
    return [Finding("irq-affinity", state, "runtime", found,
                    "an interrupt takes the CPU away in the middle of a burst", fix,
                    changes)]


def check_lasting(machine, options):
    """Runtime values of other checks that only a kernel argument makes last."""
    words = []
    if machine.setting("/sys/kernel/mm/transparent_hugepage/enabled") is not None:
        words.append("transparent_hugepage=madvise")
    cpus = sorted(options.cpus or online_cpus(machine))
    if any(machine.exists(f"{BASE}/cpu{cpu}/cpufreq/scaling_governor") for cpu in cpus):
        words.append("cpufreq.default_governor=performance")
    if any((machine.number(f"{BASE}/cpu{cpu}/cpuidle/{state}/latency") or 0) > SLOW_WAKE_US
           for cpu in cpus for state in machine.names(f"{BASE}/cpu{cpu}/cpuidle")):
        words += ["processor.max_cstate=1", "intel_idle.max_cstate=1"]
    lacking = [word for word in words if word not in kernel_arguments(machine)]
    if not lacking:
        return [Finding("kernel-arguments", "ok", "boot", "all lasting values are set")]
    return [Finding("kernel-arguments", "warn", "boot", "the kernel was started without " +
                    " ".join(lacking), "what is set now is gone with the next start",
                    bootloader.fix_text(machine, words), bootloader.changes_for(machine, words))]
