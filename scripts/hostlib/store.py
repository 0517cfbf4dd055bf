"""A list of entries that outlives the program and a reboot: what was done, and what was before."""
import json
import os
import pathlib

from hostlib.machine import Refused

FOLDER = "/var/lib/tickcap"


class Store:
    def __init__(self, machine, name):
        self.machine = machine
        self.path = f"{FOLDER}/{name}.json"
        text = machine.read(self.path)
        try:
            self.entries = json.loads(text) if text else []
        except ValueError:
            raise Refused(f"{self.path} is no JSON: what it holds cannot be taken back; move it "
                          "away") from None

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
