"""Changes that can be taken back.

Each is written down before it is made, with what was there, in a file that outlives a reboot.
Taking back goes from the last change to the first, and leaves alone what somebody has changed
since.
"""
import dataclasses

from hostlib.machine import Refused
from hostlib.store import Store


@dataclasses.dataclass
class SetValue:
    """A file of the kernel's gets a value."""
    path: str
    value: str
    optional: bool = False  # a refusal is told, and is no failure


@dataclasses.dataclass
class PutLines:
    """A file of ours gets lines; lines of it with the same key give way."""
    path: str
    lines: dict  # {key: line}
    head: str = "# Written by tickcap's scripts/host; --undo takes it back."


@dataclasses.dataclass
class AddArguments:
    """Arguments of the next kernel; hostlib.bootloader knows where they stand."""
    words: list


@dataclasses.dataclass
class Mount:
    kind: str
    target: str


class Journal(Store):
    """The changes made so far."""

    KEYS = {"kind", "path", "before", "after"}

    def add(self, entry):
        """A change that is about to be made; of a path changed before the first state is kept."""
        for old in self.entries:
            if (old["kind"], old["path"]) == (entry["kind"], entry["path"]):
                old["after"] = entry["after"]
                self.save()
                return old
        self.entries.append(entry)
        self.save()
        return entry

    def set_value(self, change):
        before = self.machine.setting(change.path)
        if before is None:
            raise Refused(f"{change.path} is not there")
        if before == change.value:
            return []
        kept = [dict(entry) for entry in self.entries]
        entry = self.add({"kind": "value", "path": change.path, "before": before,
                          "after": change.value})
        try:
            self.machine.write(change.path, change.value)
        except Refused as problem:
            self.entries = kept
            self.save()
            if change.optional:
                return [str(problem)]
            raise
        # the kernel may take less than it was asked for, as of hugepages
        entry["after"] = self.machine.setting(change.path)
        self.save()
        if entry["after"] != change.value:
            return [f"{change.path}: {before} -> {entry['after']}, asked for {change.value}"]
        return [f"{change.path}: {before} -> {change.value}"]

    def put_text(self, path, text):
        """A whole file; `text` None removes it."""
        place = self.machine.path(path)
        before = place.read_text() if place.is_file() else None
        if before == text:
            return []
        folders = [str(folder.relative_to(self.machine.root)) for folder in place.parents
                   if not folder.exists()]
        entry = self.add({"kind": "file", "path": path, "before": before, "after": text})
        entry.setdefault("folders", folders)
        self.save()
        self._put(place, text)
        return [f"{path}: {'changed' if before is not None else 'written'}"]

    @staticmethod
    def _put(place, text):
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        except OSError as problem:
            raise Refused(f"{place} cannot be written: {problem.strerror}") from None

    def put_lines(self, change):
        """Lines of other keys that are in the file already stay."""
        place = self.machine.path(change.path)
        lines = place.read_text().splitlines() if place.is_file() else [change.head]
        for key, line in change.lines.items():
            lines = [old for old in lines if old.split("=")[0].strip() != key] + [line]
        return self.put_text(change.path, "\n".join(lines) + "\n")

    def mount(self, change):
        made = not self.machine.exists(change.target)
        self.add({"kind": "mount", "path": change.target, "before": made, "after": change.kind})
        self.machine.path(change.target).mkdir(parents=True, exist_ok=True)
        self.machine.order("mount", "-t", change.kind, change.kind, change.target)
        return [f"{change.target}: {change.kind} mounted"]

    def undo(self):
        """Takes everything back; answers sentences about it. What cannot be stays written down."""
        said = []
        for entry in reversed(list(self.entries)):
            try:
                said.append(getattr(self, "_undo_" + entry["kind"])(entry))
                self.entries.remove(entry)
            except Refused as problem:
                said.append(str(problem))
            except OSError as problem:
                said.append(f"{entry['path']}: it cannot be taken back: {problem.strerror}")
            self.save()
        return said

    def _undo_value(self, entry):
        path, now = entry["path"], self.machine.setting(entry["path"])
        if now == entry["before"]:
            return f"{path}: it is {now} already"
        if now is None and not self.machine.exists(path):
            return f"{path}: it is gone"
        if now != entry["after"]:
            return f"{path}: left alone, it was changed to {now} since"
        self.machine.write(path, entry["before"])
        return f"{path}: {now} -> {entry['before']}"

    def _undo_file(self, entry):
        place = self.machine.path(entry["path"])
        now = place.read_text() if place.is_file() else None
        if now != entry["after"]:
            return f"{entry['path']}: left alone, it was changed since"
        if entry["before"] is not None:
            place.write_text(entry["before"])
            return f"{entry['path']}: as it was before"
        place.unlink()
        for folder in entry.get("folders", []):
            folder = self.machine.path(folder)
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        return f"{entry['path']}: removed"

    def _undo_mount(self, entry):
        if any(line.split()[1] == entry["path"]
               for line in (self.machine.read("proc/mounts") or "").splitlines()):
            self.machine.order("umount", entry["path"])
        place = self.machine.path(entry["path"])
        if entry["before"] and place.is_dir() and not any(place.iterdir()):
            place.rmdir()
        return f"{entry['path']}: unmounted"
