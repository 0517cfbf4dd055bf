"""The root file system and the kernel of the guest, made by mmdebstrap and kept between runs.

It is Debian 12 with Debian's kernel and what tickcap needs at run time, and nothing of tickcap:
that is put on top when a guest starts (guest.py), so the image stays good while tickcap changes.
The image is a cpio archive that the kernel unpacks into memory: a guest needs no disk to boot from,
starts in the same state every time, and leaves nothing behind.

Its folder is build/guest-cache, or what TICKCAP_GUEST_CACHE names; its name is a digest of this
recipe. Nobody has to be root: without, mmdebstrap uses user namespaces (which takes the package
uidmap and a row for the user in /etc/subuid).
"""
import hashlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tarfile
import tempfile

from newc import Archive
from program import SOURCE
from tap import Skip

SUITE = "bookworm"

PACKAGES = """
linux-image-amd64 mount kmod procps iproute2 ethtool pciutils e2fsprogs python3 python3-yaml dpdk
librte-bus-pci23 librte-bus-vdev23 librte-mempool-ring23 librte-net-e1000-23 librte-net-virtio23
librte-net-vmxnet3-23 librte-net-af-packet23 librte-net-pcap23 librte-net-ring23
libfyaml0 libjansson4 libnuma1 libpcap0.8 liburing2 libxxhash0 libzstd1 tzdata
""".split()

# Of the 4,000 modules of Debian's kernel: NICs that QEMU has, what binds them, disk and console.
MODULES = """
drivers/net/ethernet/intel/e1000/* drivers/net/ethernet/intel/e1000e/* drivers/net/vmxnet3/*
drivers/net/virtio_net.ko drivers/net/net_failover.ko net/core/failover.ko drivers/ptp/*
drivers/pps/* drivers/vfio/* virt/lib/irqbypass.ko drivers/uio/* drivers/virtio/*
drivers/block/virtio_blk.ko drivers/char/virtio_console.ko fs/ext4/* fs/jbd2/* fs/mbcache.ko
lib/crc16.ko lib/libcrc32c.ko crypto/crc32c_generic.ko drivers/net/veth.ko net/8021q/*
""".split()

# What is not installed at all, and what is only needed while packages are installed.
LEFT_OUT = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info"]
DROPPED = LEFT_OUT + ["boot", "dev", "usr/share/perl", "usr/lib/x86_64-linux-gnu/perl",
                      "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/udev/hwdb.d", "usr/lib/klibc",
                      "usr/lib/udev/hwdb.bin", "var/cache", "var/lib/apt", "var/lib/dpkg"]

# dpdk-telemetry.py comes in dpdk-dev, with a gigabyte of what else that needs; one file is enough.
TELEMETRY_HOOK = """
cd "$1/tmp"
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q download dpdk-dev
dpkg-deb --fsys-tarfile dpdk-dev_*.deb | tar -x -C "$1" ./usr/bin/dpdk-telemetry.py
rm dpdk-dev_*.deb
"""

# What is said where it is the way to the packages, or a right of this user, that is missing.
NO_WAY = re.compile(r"E: (Failed to fetch .*|unable to pick chroot mode .*)")


class Image:
    """A made image: the folder with the files `kernel` and `root.cpio`."""

    def __init__(self, folder):
        self.kernel = folder / "kernel"
        self.root = folder / "root.cpio"


def cache_folder():
    return pathlib.Path(os.environ.get("TICKCAP_GUEST_CACHE", SOURCE / "build/guest-cache"))


def recipe_digest():
    here = pathlib.Path(__file__)
    recipe = b"".join(path.read_bytes() for path in (here, here.with_name("newc.py")))
    return hashlib.sha256(recipe).hexdigest()[:16]


def require_debian():
    """tickcapd was linked on this host, and finds the same libraries only in the same Debian."""
    try:
        about = pathlib.Path("/etc/os-release").read_text()
    except FileNotFoundError:
        about = ""
    if f"VERSION_CODENAME={SUITE}" not in about:
        raise Skip(f"this host is not Debian {SUITE}, as the guest is")
    if shutil.which("mmdebstrap") is None:
        raise Skip("mmdebstrap is not installed: scripts/deps guest")


def bootstrap(tar_path):
    """Has mmdebstrap install the packages into a tar file."""
    excluded = [f"/{path}/*" for path in LEFT_OUT] + ["/lib/modules/*/kernel/*"]
    words = ["mmdebstrap", "--variant=essential", "--format=tar",
             "--aptopt=APT::Install-Recommends false", f"--include={','.join(PACKAGES)}",
             f"--customize-hook={TELEMETRY_HOOK}"]
    words += [f"--dpkgopt=path-exclude={path}" for path in excluded]
    words += [f"--dpkgopt=path-include=/lib/modules/*/kernel/{path}" for path in MODULES]
    # the image is the first root file system itself, and needs no other before it
    environment = dict(os.environ, INITRD="No", DEBIAN_FRONTEND="noninteractive")
    done = subprocess.run(words + [SUITE, str(tar_path)], env=environment, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=900)
    if done.returncode == 0:
        return
    reason = NO_WAY.search(done.stderr)
    if reason:
        raise Skip(f"the guest's packages cannot be had, see tests/guest/README.md: {reason[1]}")
    raise AssertionError(f"mmdebstrap failed: {done.stderr[-3000:]}")


def dropped(name):
    return any(name == path or name.startswith(path + "/") for path in DROPPED)


def convert(tar_path, folder):
    """Takes a root file system out of a tar file: the kernel, and the rest as cpio."""
    with tarfile.open(tar_path) as tar, open(folder / "root.cpio", "wb") as file:
        archive = Archive(file)
        for member in tar:
            name = member.name.removeprefix("./")
            if name.startswith("boot/vmlinuz-"):
                (folder / "kernel").write_bytes(tar.extractfile(member).read())
            if name in ("", ".") or dropped(name):
                continue
            if member.isdir():
                archive.add_folder(name)
            elif member.issym():
                archive.add_link(name, member.linkname)
            elif member.isreg() or member.islnk():  # a hard link becomes a file of its own
                archive.add(name, stat.S_IFREG | member.mode, tar.extractfile(member).read())
        for name in ("dev", "proc", "sys", "run", "tmp"):
            archive.add_folder(name)
        archive.close()
    assert (folder / "kernel").exists(), "the packages brought no kernel"


def image():
    """The image, which is made unless it is there."""
    folder = cache_folder() / recipe_digest()
    if folder.exists():
        return Image(folder)
    require_debian()
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="making-", dir=cache_folder()) as making:
        made = pathlib.Path(making, "image")
        made.mkdir()
        # with user namespaces it is another user that has to write the tar file
        os.chmod(making, 0o755)
        bootstrap(pathlib.Path(making, "root.tar"))
        convert(pathlib.Path(making, "root.tar"), made)
        for old in cache_folder().iterdir():  # of earlier recipes
            if re.fullmatch("[0-9a-f]{16}", old.name):
                shutil.rmtree(old, ignore_errors=True)
        if not folder.exists():  # somebody else may have been faster
            made.rename(folder)
    return Image(folder)
