"""Values of /proc/sys: now, and with the next start from a file in /etc/sysctl.d."""
from hostlib.changes import PutLines, SetValue
from hostlib.findings import Finding

FILE = "/etc/sysctl.d/90-tickcap.conf"

# name, key, wanted value, whether that is bad or worth a warning, why
ROWS = [
    ("rt-throttling", "kernel.sched_rt_runtime_us", "-1", "warn",
     "a spinning lcore under SCHED_FIFO (realtime: in the configuration) is stopped for the rest "
     "of every second, 50 ms by default, while frames pile up"),
    ("numa-balancing", "kernel.numa_balancing", "0", "warn",
     "the kernel unmaps pages to see who uses them, and lcores stop at each for a fault"),
]


def path_of(key):
    return "/proc/sys/" + key.replace(".", "/")


def boot_value(machine, key):
    """The value that sysctl.d gives a key at the next start; None: it stays the kernel's."""
    found = None
    files = [f"etc/sysctl.d/{name}" for name in machine.names("etc/sysctl.d")
             if name.endswith(".conf")] + ["etc/sysctl.conf"]
    for name in files:
        for line in (machine.read(name) or "").splitlines():
            left, equals, right = line.partition("=")
            if equals and left.strip().lstrip("-").replace("/", ".") == key:
                found = right.strip()
    return found


def put(values):
    """The change that makes values last: {key: value}."""
    return PutLines(FILE, {key: f"{key} = {value}" for key, value in values.items()})


def check(machine, _):
    """Each row now, and all of them at the next start."""
    findings, lasting = [], {}
    for name, key, wanted, state, why in ROWS:
        now = machine.setting(path_of(key))
        if now is None:
            findings.append(Finding(name, "not-applicable", "runtime",
                                    f"this kernel has no {key}"))
            continue
        good = now == wanted
        findings.append(Finding(name, "ok" if good else state, "runtime", f"{key} is {now}", why,
                                f"sysctl -w {key}={wanted}", [SetValue(path_of(key), wanted)]))
        if boot_value(machine, key) != wanted:
            lasting[key] = wanted
    if lasting:
        text = ", ".join(f"{key} = {value}" for key, value in lasting.items())
        findings.append(Finding("sysctl-boot", "warn", "boot", f"not set in /etc/sysctl.d: {text}",
                                "what is set now is gone with the next start",
                                f"in {FILE}: {text}", [put(lasting)]))
    else:
        findings.append(Finding("sysctl-boot", "ok", "boot", "all lasting values are set"))
    return findings
