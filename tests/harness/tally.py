"""Adds up what the test runs reported, and prints the line by which scripts/check ends.

usage: tally.py RESULTS-FOLDER SKIPS-FILE [STEP THAT FAILED]...
"""
import fnmatch
import pathlib
import sys
import xml.etree.ElementTree as tree


def allowed_skips(path):
    """[(pattern of names, reason)]: tab-separated lines; # begins a comment."""
    rows = [line.split("\t", 1) for line in pathlib.Path(path).read_text().splitlines()
            if line.strip() and not line.startswith("#")]
    return [(row[0].strip(), row[1].strip()) for row in rows]


def main(folder, skips, *broken):
    allowed = allowed_skips(skips)
    passed = failed = skipped = 0
    for step in broken:
        print(f"FAILED: {step}")
        failed += 1
    for path in sorted(pathlib.Path(folder).glob("*.xml")):
        for case in tree.parse(path).iter("testcase"):
            name = f"{path.stem}: {case.get('classname', '')} {case.get('name', '')}"
            skip = case.find("skipped")
            if case.find("failure") is not None or case.find("error") is not None:
                print(f"FAILED: {name}")
                failed += 1
            elif skip is None:
                passed += 1
            elif any(fnmatch.fnmatch(name, f"*{pattern}*") for pattern, _ in allowed):
                print(f"skipped: {name}: {skip.get('message') or (skip.text or '').strip()}")
                skipped += 1
            else:
                print(f"FAILED: {name} was skipped, and tests/skips does not allow it")
                failed += 1
    if passed == 0:
        print("FAILED: no test ran")
        failed += 1
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed != 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
