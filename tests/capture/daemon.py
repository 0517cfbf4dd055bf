"""A capture as a running program: what it says, what its telemetry answers, how it ends."""
import itertools
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import threading
import time

from program import TICKCAPD, Ended, start, tickcap
from tap import Skip

PATIENCE = 120  # seconds after which something awaited is not going to happen
NUMBERS = itertools.count(1)


def new_name():
    """A name of a capture, and so of DPDK's files, that no other process uses."""
    return f"test{os.getpid()}-{next(NUMBERS)}"


def need_cpus(count):
    if len(os.sched_getaffinity(0)) < count:
        raise Skip(f"fewer than {count} CPUs")


def runtime_folder(name):
    """Where DPDK keeps the files of a process."""
    base = "/var/run" if os.getuid() == 0 else os.environ.get("XDG_RUNTIME_DIR", "/tmp")
    return pathlib.Path(base, "dpdk", f"tickcap_{name}")


class Telemetry:
    """A conversation with the telemetry socket of a capture."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(runtime_folder(name) / "dpdk_telemetry.v2"))
        self.about = json.loads(self.socket.recv(1 << 16))

    def ask(self, question):
        self.socket.send(question.encode())
        answer = json.loads(self.socket.recv(1 << 20))
        assert list(answer) == [question.split(",")[0]], answer
        return answer[question.split(",")[0]]

    def close(self):
        self.socket.close()


class Capture:
    """A tickcapd, or another program that captures; as a context it is ended at the end, whatever
    happened."""

    def __init__(self, name, *words, before=(), program=TICKCAPD):
        if not os.access(program, os.X_OK):
            raise Skip("tickcapd was not built: DPDK is not on this machine")
        self.name = name
        self.process = start(*before, program, *words)
        self.process.stdin.close()
        self.process.stdin = None
        self.said = []  # lines on standard error
        self.lines = queue.Queue()
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self):
        for line in self.process.stderr:
            self.lines.put(line.decode(errors="replace"))
        self.lines.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(runtime_folder(self.name), ignore_errors=True)

    def await_line(self, words):
        """Reads what it says until a line has the words."""
        while True:
            try:
                line = self.lines.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"it did not say {words!r}: {self.said}") from None
            assert line is not None, f"it ended without saying {words!r}: {self.said}"
            self.said.append(line)
            if words in line:
                return line

    def await_capturing(self):
        line = self.await_line("capturing into")
        assert f"pid {self.process.pid}" in line, line

    def ask(self, question):
        telemetry = Telemetry(self.name)
        try:
            return telemetry.ask(question)
        finally:
            telemetry.close()

    def await_count(self, what, count):
        """Asks until the summary's figure has come to that; answers the summary."""
        telemetry = Telemetry(self.name)
        deadline = time.monotonic() + PATIENCE
        try:
            while True:
                summary = telemetry.ask("/tickcap/summary")
                if summary[what] >= count:
                    return summary
                assert self.process.poll() is None, "it has ended"
                assert time.monotonic() < deadline, f"{summary[what]} {what}, expected {count}"
                time.sleep(0.02)
        finally:
            telemetry.close()

    def end(self, with_signal=signal.SIGINT):
        if with_signal is not None:
            self.process.send_signal(with_signal)
        try:
            self.process.wait(PATIENCE)
        except Exception:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it did not end: {self.said}") from None
        self.listener.join(PATIENCE)
        while not self.lines.empty():
            line = self.lines.get()
            self.said += [line] if line is not None else []
        return Ended(self.process, self.process.stdout.read(), "".join(self.said).encode())


def await_readable(capture, folder, count):
    """Reads what is being written until so many frames are in it; answers how many there are."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        asked = tickcap("info", "--json", folder)  # fails as long as no segment is there
        frames = json.loads(asked.text)["frames"] if asked.code == 0 else 0
        if frames >= count:
            return frames
        assert capture.process.poll() is None, "it has ended"
        time.sleep(0.02)
    raise AssertionError(f"{frames} frames can be read, expected {count}")
