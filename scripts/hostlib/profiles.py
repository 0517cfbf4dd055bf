"""The driver profiles of drivers-config, as far as they say which kernel driver a port needs.

tickcapd reads the same files (app/tickcapd/profile.c) and chooses in the same way.
"""
import pathlib

from hostlib.machine import Refused

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "drivers-config"
BINDINGS = ("vfio-pci", "kernel", "none")


def load():
    """{name: profile}"""
    try:
        import yaml
    except ImportError:
        raise Refused("Python's reader of YAML is missing, and profiles are YAML: apt install "
                      "python3-yaml") from None
    if not FOLDER.is_dir():
        raise Refused(f"the profiles are not in {FOLDER}")
    found = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        try:
            found[path.stem] = yaml.safe_load(path.read_text())
        except yaml.YAMLError as problem:
            raise Refused(f"{path} is not YAML: {problem}") from None
        if not isinstance(found[path.stem], dict) or \
                found[path.stem].get("bind") not in BINDINGS:
            raise Refused(f"{path}: bind: expected one of {', '.join(BINDINGS)}")
    if "default" not in found:
        raise Refused(f"there is no profile default in {FOLDER}")
    return found


def choose(profiles, device):
    """The name of the profile for "vendor:device": by both numbers, by the vendor, or default."""
    for pattern in (device, device.split(":")[0] + ":*"):
        for name, profile in profiles.items():
            if pattern in profile.get("pci", []):
                return name
    return "default"
