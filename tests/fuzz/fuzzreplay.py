"""Inputs of the fuzzers, once more: the seeds, and every input that ever found a bug.

The programs are in the folder that TC_FUZZ names; scripts/fuzz looks for new inputs.
"""
import os
import pathlib
import tempfile

import make_seeds
import tap
from program import SOURCE, run

PROGRAMS = pathlib.Path(os.environ.get("TC_FUZZ", SOURCE / "build/tests/fuzz"))
TARGETS = sorted(path.stem.removeprefix("fuzz_")
                 for path in (SOURCE / "tests/fuzz").glob("fuzz_*.c"))
SEEDS = tempfile.TemporaryDirectory(prefix="tickcap-seeds-")


def replay(target):
    """Every input of a target ends well, and was taken."""
    folders = [pathlib.Path(SEEDS.name) / target, SOURCE / "tests/fuzz/kept" / target]
    folders = [folder for folder in folders if folder.exists()]
    inputs = sorted(str(path) for folder in folders for path in folder.iterdir())
    ended = run(PROGRAMS / f"replay_{target}", *folders)
    assert inputs and sorted(ended.text.splitlines()) == inputs, \
        f"the last of {len(inputs)} inputs that was begun: {ended!r}"
    ended.expect(0)


def test_seeds():
    """Every target has seeds; they are for the tests that follow."""
    seeds = make_seeds.main(SEEDS.name)
    assert sorted(seeds.counts) == TARGETS


def test_kept_inputs_are_of_a_target():
    kept = SOURCE / "tests/fuzz/kept"
    assert {path.name for path in kept.iterdir()} <= set(TARGETS)


def case(target):
    """The test of a target."""
    def test():
        replay(target)
    return test


for name in TARGETS:
    globals()[f"test_{name}"] = case(name)


if __name__ == "__main__":
    tap.run(__name__)
