"""A thread of a running program that stands still, as it would before a disk that does."""
import ctypes
import os
import pathlib

from tap import Skip

PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # waitpid: threads too

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long


def ptrace(request, thread):
    if LIBC.ptrace(request, thread, None, None) != 0:
        number = ctypes.get_errno()
        raise Skip(f"threads cannot be held here: ptrace: {os.strerror(number)}")


def lcore_thread(pid, lcore):
    """The thread of an lcore; DPDK names it after the number."""
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        if name in (f"rte-worker-{lcore}", f"dpdk-worker{lcore}"):
            return int(task.name)
    raise AssertionError(f"process {pid} has no thread for lcore {lcore}")


class HeldThread:
    """As a context: the thread of an lcore does not run."""

    def __init__(self, pid, lcore):
        self.thread = lcore_thread(pid, lcore)

    def __enter__(self):
        ptrace(PTRACE_SEIZE, self.thread)
        ptrace(PTRACE_INTERRUPT, self.thread)
        os.waitpid(self.thread, WALL)
        return self

    def __exit__(self, *_):
        ptrace(PTRACE_DETACH, self.thread)
