"""A machine as its files show it: /proc, /sys, /etc, and the few programs that tell more.

Everything is read and written below a root, so that tests (or the copied tree of another server)
can stand in for this machine. Below another root no program is run: an answer is read from
answers/WORDS there, and an order is appended to the file `orders`.
"""
import ctypes
import errno
import os
import pathlib
import re
import subprocess


class Refused(Exception):
    """Something that cannot be done; one sentence for the user."""


class Machine:
    def __init__(self, root="/"):
        self.root = pathlib.Path(root)
        self.is_this = self.root == pathlib.Path("/")

    def path(self, name):
        return self.root / str(name).lstrip("/")

    def exists(self, name):
        return os.path.lexists(self.path(name))

    def names(self, folder):
        """What a folder holds, numbers in their order; nothing where there is none."""
        try:
            found = os.listdir(self.path(folder))
        except OSError:
            return []
        return sorted(found, key=lambda name: [int(part) if part.isdigit() else part
                                               for part in re.split(r"(\d+)", name)])

    def read(self, name):
        """The text of a file without its line end; None where it cannot be read."""
        try:
            return self.path(name).read_text(errors="replace").rstrip("\n")
        except OSError:
            return None

    def number(self, name):
        try:
            return int(self.read(name) or "", 0)
        except ValueError:
            return None

    def cpus(self, name):
        """The CPUs that a file lists; none where it says something else, as (null)."""
        try:
            return parse_cpus(self.read(name))
        except ValueError:
            return set()

    def setting(self, name):
        """The value of a kernel file; of `always [madvise] never` the one in force."""
        text = self.read(name)
        chosen = re.search(r"\[(\S+)\]", text) if text else None
        return chosen.group(1) if chosen else text

    def link(self, name):
        """The last part of what a link points at; None where it is no link."""
        try:
            return os.path.basename(os.readlink(self.path(name)))
        except OSError:
            return None

    def write(self, name, text):
        """Writes a file that is there, as one write, which is how the kernel takes values."""
        try:
            handle = os.open(self.path(name), os.O_WRONLY | os.O_TRUNC)
        except OSError as problem:
            raise Refused(f"{name} cannot be written: {problem.strerror}") from None
        try:
            os.write(handle, f"{text}\n".encode())
        except OSError as problem:
            raise Refused(f"{name} does not take {text!r}: {problem.strerror}") from None
        finally:
            os.close(handle)

    def ask(self, *words):
        """What a program that changes nothing says; None where it is missing or fails."""
        if not self.is_this:
            return self.read("answers/" + " ".join(words).replace("/", "_"))
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.rstrip("\n") if done.returncode == 0 else None

    def order(self, *words):
        """Runs a program that changes something."""
        if not self.is_this:
            with open(self.path("orders"), "a") as orders:
                orders.write(" ".join(words) + "\n")
            return
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        except FileNotFoundError:
            raise Refused(f"the program {words[0]} is missing: apt install "
                          f"{PACKAGES.get(words[0], words[0])}") from None
        except (OSError, subprocess.TimeoutExpired) as problem:
            raise Refused(f"{' '.join(words)}: {problem}") from None
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise Refused(f"{' '.join(words)}: {said[-1] if said else 'failed'}")

    def must_be_root(self, what):
        if self.is_this and os.geteuid() != 0:
            raise Refused(f"{what} needs root")

    def processes(self):
        """The names of all running programs, as the kernel has them: at most 15 letters."""
        return {self.read(f"proc/{number}/comm") for number in self.names("proc")
                if number.isdigit()} - {None}


PACKAGES = {"ip": "iproute2", "modprobe": "kmod", "systemctl": "systemd", "mount": "mount"}


def parse_cpus(text):
    """{0, 1, 2, 7} of "0-2,7"; raises ValueError."""
    cpus = set()
    for part in (text or "").split(","):
        if part.strip():
            first, dash, last = part.strip().partition("-")
            cpus |= set(range(int(first), int(last if dash else first) + 1))
    return cpus


def cpus_text(cpus):
    """"0-2,7" of {0, 1, 2, 7}."""
    parts, row = [], []
    for cpu in sorted(cpus) + [None]:
        if row and cpu != row[-1] + 1:
            parts.append(str(row[0]) if len(row) == 1 else f"{row[0]}-{row[-1]}")
            row = []
        row.append(cpu)
    return ",".join(parts)


def online_cpus(machine):
    return machine.cpus("sys/devices/system/cpu/online") or {0}


def kernel_arguments(machine):
    """The words with which the running kernel was started."""
    return (machine.read("proc/cmdline") or "").split()


def clock_is_set():
    """(whether the kernel holds its clock for synchronised, worst error in µs); None: not said."""
    class Timex(ctypes.Structure):  # struct timex of adjtimex(2), as far as it is read here
        _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long),
                    ("maxerror", ctypes.c_long), ("esterror", ctypes.c_long),
                    ("status", ctypes.c_int), ("rest", ctypes.c_long * 32)]

    unsynchronised = 0x40
    timex = Timex()
    try:
        result = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return None
    if result < 0 and ctypes.get_errno() != errno.EINTR:
        return None
    return not timex.status & unsynchronised, timex.maxerror
