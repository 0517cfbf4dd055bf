"""Makes the kept inputs that are segments anew, as what found a bug would be in today's format.

usage: make_kept.py

To be run when the format changes, after tests/golden/make_golden.py, whose captures they are made
from. The other kept inputs are texts and zones, which stay as they were found.
"""
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
GOLDEN = HERE.parent / "golden"
sys.path.insert(0, str(GOLDEN))

from tickfile import File  # noqa: E402

ALL_PUT_RIGHT = b"\0"  # see fuzz_segments.c


def box_twice(file, kind, before):
    at, start, length = file.box(kind)
    file.add_box(before, bytes(file.data[at:start + -(-length // 8) * 8]))


KEPT = {
    "channels_twice": lambda file: box_twice(file, 7, 8),
    "feeds_twice": lambda file: box_twice(file, 6, 7),
    "highest_number": lambda file: file.put(56, "I", 2**32 - 1),
    "names_cut_short": lambda file: file.set_box(9, bytes(6)),
    "no_writers": lambda file: file.put(60, "I", 0),
}


def main():
    segment = next((GOLDEN / "captures/chorus").glob("*_s0_*.tick")).read_bytes()
    for name, change in KEPT.items():
        file = File(segment)
        change(file)
        file.seal()
        (HERE / "kept/segments" / name).write_bytes(bytes(file.data) + ALL_PUT_RIGHT)


if __name__ == "__main__":
    main()
