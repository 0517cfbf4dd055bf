"""Writes cpio archives of the "newc" kind, from which Linux unpacks its first root file system.

Only what an image needs: folders, files, links. Everything belongs to root. An archive may follow
another in the same file: the kernel unpacks them in turn, and later files replace earlier ones.
"""
import stat

MAGIC = b"070701"
TRAILER = "TRAILER!!!"


class Archive:
    def __init__(self, file):
        self.file = file
        self.inode = 0

    def _pad(self):
        self.file.write(b"\0" * (-self.file.tell() % 4))

    def add(self, name, mode, data=b""):
        """One entry; a file's bytes, or a symbolic link's target, are its data."""
        name = name.encode() + b"\0"
        self.inode += 1
        numbers = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        self.file.write(MAGIC + b"".join(b"%08X" % number for number in numbers) + name)
        self._pad()
        self.file.write(data)
        self._pad()

    def add_folder(self, name):
        self.add(name, stat.S_IFDIR | 0o755)

    def add_file(self, name, data, executable=False):
        """A file, with the folders above it."""
        parts = name.split("/")
        for depth in range(1, len(parts)):
            self.add_folder("/".join(parts[:depth]))
        self.add(name, stat.S_IFREG | (0o755 if executable else 0o644), data)

    def add_link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def close(self):
        self.add(TRAILER, 0)
