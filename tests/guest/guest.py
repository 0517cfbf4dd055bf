"""A guest: a small Debian under QEMU with a NIC of one's choice, tickcap in /tickcap, and a disk.

QEMU emulates the processor (TCG), so this runs where there is no virtualisation; and it emulates an
IOMMU and NICs as real PCI devices, so the guest binds them to vfio-pci and DPDK drives them with
its real drivers. The cable of the NIC is a Unix datagram socket: each datagram is a frame. UDP
could be that too, but there a frame is lost whenever this host is busy for longer than a socket
buffer lasts; here the sender waits, and what is missing at the end was lost by the guest. What the
NIC itself sends goes to the socket `sent` beside it, if somebody made one.

Programs run in the guest through an agent (guestagent.py). Whatever happens to the host's side, a
guest ends: QEMU is ended by the context, and a guest whose agent is left alone switches itself off.
"""
import base64
import contextlib
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import threading

from guestimage import image
from newc import Archive
from program import SOURCE, TICKCAP, TICKCAPD, Ended, workspace
from tap import Skip

PATIENCE = 300  # seconds after which something awaited is not going to happen
MEMORY_MIB = 1536
DISK_BYTES = 1 << 30  # sparse
ADDRESS = "0000:00:10.0"  # of the NIC; guestcapture.yaml has it too

# Each NIC as QEMU's device, and the kernel's driver of its PCI device.
NICS = {
    "e1000e": ("e1000e", "e1000e"),
    "vmxnet3": ("vmxnet3", "vmxnet3"),
    "virtio-net-pci": ("virtio-net-pci,disable-legacy=on,iommu_platform=on", "virtio-pci"),
}

QEMU = """
qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -machine q35
-accel tcg,thread=multi -cpu max,la57=off -device intel-iommu,intremap=on,caching-mode=on
-device virtio-serial-pci -device virtio-blk-pci,drive=disk
""".split()

# no_timer_check: under emulation the kernel's test of its timer fails now and then, and panics
KERNEL = "console=ttyS0 quiet panic=-1 intel_iommu=on no_timer_check"


class Program:
    """A program that runs in the guest."""

    def __init__(self, guest, number):
        self.guest = guest
        self.number = number
        self.said = queue.Queue()
        self.out = b""
        self.err = b""
        self.pid = None
        self.returncode = None

    def _take(self, timeout):
        """Takes up the next thing the agent told of it."""
        try:
            told = self.said.get(timeout=timeout)
        except queue.Empty:
            so_far = Ended(self, self.out, self.err)
            raise AssertionError(f"nothing happened for {timeout} s: {so_far!r}\n"
                                 f"{self.guest.last_words()}") from None
        if told is None:
            raise AssertionError(f"the guest has ended: {self.guest.last_words()}")
        self.out += base64.b64decode(told.get("out", ""))
        self.err += base64.b64decode(told.get("err", ""))
        self.pid = told.get("pid", self.pid)
        self.returncode = told.get("ended")

    def await_words(self, words, timeout=PATIENCE):
        """Waits until its standard error has the words."""
        while words.encode() not in self.err:
            assert self.returncode is None, f"it ended without saying {words!r}: {self.wait()!r}"
            self._take(timeout)

    def signal(self, number=signal.SIGINT):
        self.guest.tell({"signal": int(number), "to": self.number})

    def wait(self, timeout=PATIENCE):
        """Waits for its end; what it wrote, and its exit code."""
        while self.returncode is None:
            self._take(timeout)
        return Ended(self, self.out, self.err)


class Guest:
    """A running guest, as a context; `kernel`: more arguments for its kernel."""

    def __init__(self, nic="e1000e", kernel="", cpus=2, memory_mib=MEMORY_MIB):
        if shutil.which(QEMU[0]) is None:
            raise Skip(f"{QEMU[0]} is not installed: scripts/deps guest")
        if not os.access(TICKCAPD, os.X_OK):
            raise Skip("tickcapd was not built: DPDK is not on this machine")
        self.nic = nic
        self.kernel = kernel
        self.size = ["-smp", str(cpus), "-m", str(memory_mib)]
        self.driver = NICS[nic][1]
        self.image = image()
        self.folder = workspace()
        self.path = pathlib.Path(self.folder.name)  # of sockets too, which allow no long paths
        self.cable = self.path / "cable"  # where frames for the NIC are sent
        self.programs = {}
        self.process = self.agent = self.listener = None

    # ---- putting it together ----

    def _write_root(self):
        """The image, and behind it the project."""
        root = self.path / "root.cpio"
        shutil.copyfile(self.image.root, root)
        here = pathlib.Path(__file__).parent
        files = [("init", here / "guestinit"), ("tickcap/guestagent.py", here / "guestagent.py"),
                 ("tickcap/capture.yaml", here / "guestcapture.yaml"),
                 ("tickcap/build/app/tickcapd/tickcapd", TICKCAPD),
                 ("tickcap/build/app/tickcap/tickcap", TICKCAP)]
        for name in ("scripts", "drivers-config", "docs"):
            files += [(f"tickcap/{path.relative_to(SOURCE)}", path)
                      for path in sorted((SOURCE / name).rglob("*"))
                      if path.is_file() and path.suffix != ".pyc"]
        with open(root, "ab") as file:
            archive = Archive(file)
            for name, path in files:
                archive.add_file(name, pathlib.Path(path).read_bytes(), os.access(path, os.X_OK))
            archive.close()
        return root

    def words(self, shell=False):
        """QEMU's command line."""
        with open(self.path / "disk", "wb") as disk:
            disk.truncate(DISK_BYTES)
        words = QEMU + self.size + [
                        "-kernel", str(self.image.kernel), "-initrd", str(self._write_root()),
                        "-append", f"{KERNEL} {self.kernel}{' tickcap.shell' if shell else ''}",
                        "-drive", f"file={self.path}/disk,format=raw,if=none,id=disk,cache=unsafe",
                        "-netdev", f"dgram,id=cable,local.type=unix,local.path={self.cable},"
                        f"remote.type=unix,remote.path={self.path}/sent",
                        "-device", f"{NICS[self.nic][0]},netdev=cable,addr={ADDRESS[-4:-2]}"]
        if shell:
            return words + ["-serial", "mon:stdio"]
        return words + ["-serial", f"file:{self.path}/console",
                        "-chardev", f"socket,id=agent,path={self.path}/agent",
                        "-device", "virtserialport,chardev=agent,name=tickcap"]

    # ---- its life ----

    def __enter__(self):
        try:
            with socket.socket(socket.AF_UNIX) as server, open(self.path / "qemu", "wb") as said:
                server.bind(str(self.path / "agent"))
                server.listen()
                server.settimeout(0.5)
                self.process = subprocess.Popen(self.words(), stdin=subprocess.DEVNULL,
                                                stdout=said, stderr=said)
                self._await_agent(server)
            self.programs[0] = Program(self, 0)  # the agent itself
            self.listener = threading.Thread(target=self._listen, daemon=True)
            self.listener.start()
            self.programs[0]._take(PATIENCE)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        if self.agent is not None:
            self.agent.close()
        if self.listener is not None:
            self.listener.join()
        self.folder.cleanup()

    def _await_agent(self, server):
        """QEMU opens the port's far end as soon as it starts, unless it refuses to."""
        while self.agent is None:
            assert self.process.poll() is None, f"QEMU does not start: {self.last_words()}"
            with contextlib.suppress(TimeoutError):
                self.agent = server.accept()[0]
                self.agent.setblocking(True)

    def last_words(self):
        """What QEMU said, and the end of what the guest's console showed."""
        said = [(self.path / name).read_text(errors="replace")[-3000:]
                for name in ("qemu", "console") if (self.path / name).exists()]
        return "\n".join(said)

    def _listen(self):
        """Hands what the agent tells to the programs, until the guest ends."""
        with contextlib.suppress(OSError), self.agent.makefile("rb") as told:
            for line in told:
                event = json.loads(line)
                self.programs[event["id"]].said.put(event)
        for program in list(self.programs.values()):
            program.said.put(None)

    # ---- what can be done in it ----

    def tell(self, what):
        self.agent.sendall(json.dumps(what).encode() + b"\n")

    def start(self, *words, given=b""):
        """Starts a program in the guest, in /tickcap."""
        program = Program(self, len(self.programs))
        self.programs[program.number] = program
        self.tell({"start": program.number, "words": [str(word) for word in words],
                   "given": base64.b64encode(given).decode()})
        return program

    def run(self, *words, given=b"", timeout=PATIENCE):
        return self.start(*words, given=given).wait(timeout)

    def must(self, *words, given=b""):
        """Runs what has to work; what it wrote."""
        return self.run(*words, given=given).expect(0).text

    def put(self, path, data):
        self.must("sh", "-c", 'cat >"$0"', path, given=data)

    def get(self, path):
        return self.run("cat", path).expect(0).out
