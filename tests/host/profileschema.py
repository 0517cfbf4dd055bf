"""Every profile of drivers-config: the real loader takes it and understands it as written, its
claims have sources, its devices are those of the driver, and the README documents the schema."""
import json
import pathlib
import re
import subprocess

import tap
import yaml
from ownprofiles import OwnProfiles, sources
from program import SOURCE

WANTED = {"mlx5", "ice", "iavf", "i40e", "ixgbe", "igc", "ena", "sfc", "bnxt", "virtio", "vmxnet3",
          "e1000e", "af_packet", "af_xdp", "pcap", "ring", "default"}
# where the table in the library has another name than the driver that DPDK reports
TABLE_OF = {"mlx5_pci": "mlx5_eth"}
CITED = re.compile(r"^(DPDK \d+\.\d+, \S+|Linux \d+\.\d+, \S+|QEMU \d+\.\d+, \S+|"
                   r"VMware vSphere \d+, \S+|Amazon VPC documentation, \S+)")
LOSSES = {"exact": "all counted", "partial": "partly counted", "absent": "not counted"}


def loaded():
    return {path.stem: yaml.safe_load(path.read_text()) for path in sources()}


def test_all_profiles_are_there():
    assert WANTED == set(loaded()), WANTED ^ set(loaded())


def test_the_loader_takes_every_profile():
    with OwnProfiles() as own:
        # without `profile` all of them are read, to find the best
        own.tickcapd("--check").expect(0)
        for name in loaded():
            path = own.profiles / f"{name}.yaml"
            text = path.read_text()
            path.write_text(text + "colour: red\n")
            said = own.tickcapd("--check").expect(2).err
            assert f"{name}.yaml:{len(text.splitlines()) + 1}: colour: unknown key" in said, said
            path.write_text(text)


def test_the_loader_understands_what_is_written():
    with OwnProfiles() as own:
        for name, profile in loaded().items():
            text = (own.profiles / f"{name}.yaml").read_text()
            text = re.sub(r"^drivers: .*\n", "drivers: []\n", text, flags=re.M)
            text = re.sub(r"^pci: \[[^]]*\]\n", "", text, flags=re.M)
            own.put("subject", text)
            said = own.tickcapd("--check", profile="subject").expect(0).text
            for words in (f"profile subject: {profile['descriptors']} descriptors",
                          f"bursts of {profile['burst']};",
                          f"are {LOSSES[profile['loss_counters']]};",
                          f"when no batch is free: {profile['when_full']}\n",
                          f"receive time: {profile['timestamp']['source']}"):
                assert words in said, f"{name}: {words!r} is not in {said}"
            for quirk in profile.get("quirks", []):
                assert f"note: {quirk['claim']} ({quirk['source']})" in said, (name, quirk, said)


def schema():
    """The keys that the loader knows, asked of the loader itself."""
    places = {"": "colour: red\n", "queues.": "queues: { colour: red }\n",
              "timestamp.": "timestamp: { colour: red }\n",
              "quirks.": "quirks: [ { colour: red } ]\n"}
    keys = set()
    with OwnProfiles() as own:
        for place, text in places.items():
            own.put("subject", text)
            said = own.tickcapd("--check", profile="subject").expect(2).err
            listed = said.split("expected one of ")[1].strip().split(", ")
            keys |= {place + key for key in listed}
    mappings = {place.rstrip(".") for place in places}
    return {key for key in keys if key == "quirks" or key not in mappings}


def test_the_readme_documents_exactly_the_keys():
    readme = (SOURCE / "drivers-config/README.md").read_text()
    rows = re.findall(r"^\| `([a-z_.]+)` \|", readme, re.M)
    assert len(rows) == len(set(rows)), rows
    assert set(rows) == schema(), set(rows) ^ schema()


def test_claims_have_sources():
    for path in sources():
        profile = yaml.safe_load(path.read_text())
        text = re.sub(r"\n# ", " ", path.read_text())  # comments, unfolded
        assert "DPDK 22.11, " in text, f"{path.name} cites nothing"
        for quirk in profile.get("quirks", []):
            assert CITED.match(quirk["source"]), f"{path.name}: {quirk}"
        if path.stem == "default":
            continue
        above = re.search(r"(\S.*)\nloss_counters:", text)
        assert "DPDK 22.11, " in above.group(1), f"{path.name}: loss_counters without source"


def test_quirks_are_one_sentence():
    for name, profile in loaded().items():
        for quirk in profile.get("quirks", []):
            assert not quirk["claim"].endswith(".") and "\n" not in quirk["claim"], (name, quirk)


def libraries():
    """{file name: bytes} of DPDK's drivers on this machine."""
    asked = subprocess.run(["pkg-config", "--variable=libdir", "libdpdk"], capture_output=True,
                           text=True)
    folder = pathlib.Path(asked.stdout.strip() or "/nonexistent")
    files = {path.name.split(".so")[0]: path.read_bytes()
             for path in sorted(folder.glob("dpdk/pmds-*/librte_*.so"))}
    if not files:
        raise tap.Skip("DPDK's drivers are not on this machine")
    return files


def driver_tables():
    """{driver: (library, its devices)} from the tables that each library carries."""
    tables = {}
    for library, data in libraries().items():
        for row in re.findall(rb'PMD_INFO_STRING= (\{.*?\})\0', data):
            about = json.loads(row)
            tables.setdefault(about["name"], (library, {
                f"{vendor:04x}:{device:04x}" for vendor, device, _, _ in about["pci_ids"]}))
    return tables


def test_devices_are_those_of_the_drivers():
    tables = driver_tables()
    for name, profile in loaded().items():
        wanted = set()
        for driver in profile["drivers"]:
            table = TABLE_OF.get(driver, driver)
            assert table in tables, f"{name}: DPDK has no driver {driver}"
            wanted |= tables[table][1]
        given = {device for device in profile.get("pci", []) if not device.endswith("*")}
        missing, more = sorted(wanted - given), sorted(given - wanted)
        assert not missing and not more, f"{name}: missing {missing}, not the driver's {more}"


def test_no_device_has_two_profiles():
    owners = {}
    for name, profile in loaded().items():
        for device in profile.get("pci", []):
            assert owners.setdefault(device, name) == name, f"{device}: {owners[device]}, {name}"


def test_counters_are_those_of_the_drivers():
    tables, files = driver_tables(), libraries()
    for name, profile in loaded().items():
        for counter in profile.get("missed_xstats", []):
            word = re.sub(r"^rx_q\*_", "", counter).rstrip("*").encode()
            library = tables[TABLE_OF.get(profile["drivers"][0], profile["drivers"][0])][0]
            family = library.split("_")[2]
            assert any(word in data for file, data in files.items() if family in file), \
                f"{name}: {library} does not know {counter}"


def test_what_belongs_together():
    for name, profile in loaded().items():
        virtual = profile["bind"] == "none"
        assert virtual == (name in {"af_packet", "af_xdp", "pcap", "ring"}), name
        assert virtual == ("pci" not in profile) or name == "default", name
        assert ("mtu" in profile) == (not virtual), name
        assert profile["timestamp"]["source"] == "tsc" or "unit" in profile["timestamp"], name
        assert (profile["queues"]["steering"] == "single") == (profile["queues"]["max"] == 1), name


if __name__ == "__main__":
    tap.run(__name__)
