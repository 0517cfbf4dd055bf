"""A list of entries that outlives the program and a reboot: what was done, and what was before."""
import json
import os
import pathlib
import stat

from hostlib.machine import Refused

FOLDER = "/var/lib/tickcap"


class Store:
    KEYS = set()  # that every entry has

    def __init__(self, machine, name):
        self.machine = machine
        self.path = f"{FOLDER}/{name}.json"
        self.must_be_ours()
        text = machine.read(self.path)
        try:
            self.entries = json.loads(text) if text else []
        except ValueError:
            raise Refused(f"{self.path} is no JSON: what it holds cannot be taken back; move it "
                          "away") from None
        if not isinstance(self.entries, list) or not all(
                isinstance(entry, dict) and self.KEYS <= entry.keys() for entry in self.entries):
            raise Refused(f"{self.path} is not a list of what was done: what it holds cannot be "
                          "taken back; move it away")

    def must_be_ours(self):
        """What stands there is done as root: nobody else may have written it."""
        for name in (FOLDER, self.path):
            path = self.machine.path(name)
            if os.geteuid() == 0 and path.exists() and \
                    (path.stat().st_uid != 0 or path.stat().st_mode & stat.S_IWOTH):
                raise Refused(f"{name} can be written by others than root, and what it says would "
                              f"be done as root: see what it holds, then chown root {name} && "
                              f"chmod o-w {name}")

    def save(self):
        """All at once or not at all: half a list could take nothing back. An empty one is gone."""
        path = self.machine.path(self.path)
        if not self.entries:
            path.unlink(missing_ok=True)
            if path.parent.is_dir() and not any(path.parent.iterdir()):
                path.parent.rmdir()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = pathlib.Path(f"{path}.new")
        fresh.write_text(json.dumps(self.entries, indent=1) + "\n")
        os.replace(fresh, path)
