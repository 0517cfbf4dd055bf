"""Makes all golden files anew: tests/golden/captures and tests/golden/broken.

usage: make_golden.py [BUILD-FOLDER]     build/release or build without a word

To be run when the format changes, and committed with the change; until version 1.0 no old file has
to be read. The captures are written by goldsmith, which gives the same bytes each time as long as
the library and libzstd do; beside each stands what is in it, as text. The broken ones are made
from them, each by one change that docs/FORMAT.md forbids (brokenfiles.py, brokenevents.py);
`sentences.txt` lists by which status and words each is refused.
"""
import pathlib
import shutil
import subprocess
import sys

import brokenfiles  # noqa: F401: adds its cases, as does the next
import brokenevents  # noqa: F401
from brokencases import CASES, FOLDERS
from tickfile import File

HERE = pathlib.Path(__file__).parent
CAPTURES, BROKEN = HERE / "captures", HERE / "broken"


def make_captures(build):
    """Runs goldsmith; the further streams of a run, NAME.1 and so on, are put beside its first."""
    shutil.rmtree(CAPTURES, ignore_errors=True)
    CAPTURES.mkdir()
    subprocess.run([build / "tests/golden/goldsmith", CAPTURES], check=True)
    for further in sorted(CAPTURES.glob("*.[0-9]")):
        first = further.with_suffix("")
        with open(first / "expected.txt", "a") as text:
            text.write((further / "expected.txt").read_text())
        for path in further.glob("*.tick"):
            path.rename(first / path.name)
        shutil.rmtree(further)


def segments_of(name):
    return {path.name: path.read_bytes() for path in (CAPTURES / name).glob("*.tick*")}


def make_broken():
    shutil.rmtree(BROKEN, ignore_errors=True)
    BROKEN.mkdir()
    lines = ["# Made by make_golden.py: name, status and words by which it is refused."]
    for name, status, words, base, sealed, change in CASES:
        file = File(*segments_of(base).values())
        data = change(file)
        if sealed:
            segment_id = bytes(file.data[32:48])
            file.seal()
            assert bytes(file.data[32:48]) == segment_id
        (BROKEN / f"{name}.tick").write_bytes(file.data if data is None else data)
        lines.append(f"{name}.tick\t{status}\t{words}")
    for name, status, words, change in FOLDERS:
        (BROKEN / name).mkdir()
        for path, data in change(segments_of("chain")).items():
            (BROKEN / name / path).write_bytes(data)
        lines.append(f"{name}\t{status}\t{words}")
    (BROKEN / "sentences.txt").write_text("\n".join(lines) + "\n")


def main(build=None):
    root = HERE.parents[1]
    folders = [pathlib.Path(build)] if build else [root / "build/release", root / "build"]
    folder = next((folder for folder in folders
                   if (folder / "tests/golden/goldsmith").exists()), None)
    if folder is None:
        sys.exit("make_golden.py: goldsmith was not built: name the build folder")
    make_captures(folder)
    make_broken()


if __name__ == "__main__":
    main(*sys.argv[1:])
