"""Who sets the system clock, and how far it is off. Nothing here is changed: which clock a site
follows is the site's to decide."""
import re

from hostlib.findings import Finding
from hostlib.machine import clock_is_set

FAR_US = 1000
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")
WHY = ("receive times are held to the system clock: as far as it is off, so are they, and a clock "
       "that nobody sets drifts by seconds a day")
INSTALL = ("apt install chrony, and name the site's servers in /etc/chrony/chrony.conf; with a PTP "
           "grandmaster: apt install linuxptp, ptp4l -i IFACE and phc2sys -s IFACE -w")


def finding(state, found, fix=INSTALL):
    return Finding("clock", state, "runtime", found, WHY, fix)


def by_offset(who, offset_us, fix):
    state = "ok" if abs(offset_us) <= FAR_US else "warn"
    return finding(state, f"{who}: {offset_us:+.1f} µs off", fix)


def check_chrony(machine):
    fields = (machine.ask("chronyc", "-c", "tracking") or "").split(",")
    if len(fields) < 14 or not NUMBER.fullmatch(fields[4]):
        return finding("unknown", "chronyd runs, chronyc does not say how far it is",
                       "chronyc tracking")
    if fields[13] == "Not synchronised":
        return finding("bad", "chronyd runs and follows no server", "chronyc sources")
    return by_offset(f"chronyd follows {fields[1] or fields[0]}", float(fields[4]) * 1e6,
                     "chronyc sources; chronyc makestep")


def check_ptp(machine, running):
    said = machine.ask("pmc", "-u", "-b", "0", "GET TIME_STATUS_NP") or ""
    offset = re.search(r"master_offset\s+(-?\d+)", said)
    present = re.search(r"gmPresent\s+(\w+)", said)
    if "phc2sys" not in running:
        return finding("bad", "ptp4l sets the NIC's clock, and nobody the system's",
                       "phc2sys -s IFACE -w")
    if present and present.group(1) != "true":
        return finding("bad", "ptp4l runs and hears no grandmaster", "pmc -u 'GET PORT_DATA_SET'")
    if not offset:
        return finding("unknown", "ptp4l and phc2sys run, pmc does not say how far they are",
                       "pmc -u -b 0 'GET TIME_STATUS_NP'")
    return by_offset("ptp4l and phc2sys", int(offset.group(1)) / 1000, "pmc -u 'GET PORT_DATA_SET'")


def check_timesyncd(machine):
    if machine.exists("run/systemd/timesync/synchronized"):
        return finding("warn", "systemd-timesyncd: set, but only to milliseconds")
    return finding("bad", "systemd-timesyncd runs and has not set the clock", "timedatectl; " +
                   INSTALL)


def check_other(machine, running):
    who = sorted(running & {"ntpd", "openntpd"})
    state = clock_is_set() if machine.is_this else None
    if state and state[0]:
        return finding("unknown" if who else "warn",
                       f"{who[0] if who else 'somebody'} sets it, {state[1]} µs off at most",
                       "ntpq -p" if who else INSTALL)
    if who:
        return finding("unknown", f"{who[0]} runs, the kernel does not say how far it is",
                       "ntpq -p")
    return finding("bad", "nobody sets it")


def check(machine, _):
    running = machine.processes()
    setters = [name for name in ("chronyd", "phc2sys", "systemd-timesyn", "ntpd")
               if name in running]
    if "timemaster" in running and "chronyd" in running:
        return [check_chrony(machine)]  # phc2sys and ptp4l are chronyd's sources then
    if len(setters) > 1:
        return [finding("warn", f"{' and '.join(setters)} both set it, against each other",
                        "stop all but one, see systemctl list-units --state=running")]
    if "chronyd" in running:  # it may follow the clock that ptp4l sets (refclock PHC)
        return [check_chrony(machine)]
    if "ptp4l" in running:
        return [check_ptp(machine, running)]
    if "systemd-timesyn" in running:
        return [check_timesyncd(machine)]
    return [check_other(machine, running)]
