"""The tree itself: layers, sizes, names, and documents that say what the code says."""
import pathlib
import re
import subprocess
import sys

import tap
from program import SOURCE

LAYERS = {
    "base": {"base"},
    "net": {"base", "net"},
    "feed": {"base", "feed"},
    "track": {"base", "track"},
    "clock": {"base", "clock"},
    "codec": {"base", "codec"},
    "block": {"base", "net", "feed", "track", "clock", "codec", "block"},
    "file": {"base", "net", "feed", "track", "clock", "codec", "block", "file"},
}
LINE_COLUMNS = 100
FUNCTION_LINES = 70


def tracked(*patterns):
    """Files of the project, whether git knows them yet or not."""
    listed = subprocess.run(["git", "-C", SOURCE, "ls-files", "-co", "--exclude-standard",
                             *patterns], capture_output=True, text=True)
    if listed.returncode == 0:
        names = listed.stdout.split()
    else:  # an unpacked release has no git
        found = [path.relative_to(SOURCE) for pattern in patterns for path in SOURCE.rglob(pattern)]
        names = [str(path) for path in found if not path.parts[0].startswith("build")]
    return sorted(pathlib.Path(name) for name in names if (SOURCE / name).is_file())


def text_of(name):
    return (SOURCE / name).read_text()


def report(problems):
    for problem in problems:
        print(problem)
    assert not problems, f"{len(problems)} breaches, the first: {problems[0]}"


def test_layers_include_only_what_is_below():
    problems = []
    for name in tracked("lib/*.c", "lib/*.h"):
        layer = name.parts[1] if len(name.parts) > 2 else None
        for include in re.findall(r'#include "([^"]+)"', text_of(name)):
            below = include.split("/")[0]
            if layer is None:  # tickcap.h itself
                continue
            if below not in LAYERS[layer]:
                problems.append(f"{name} includes {include}")
    report(problems)


def test_dpdk_stands_only_in_the_appliance():
    problems = [f"{name} includes {include}"
                for name in tracked("*.c", "*.h")
                if name.parts[:2] != ("app", "tickcapd") and name.parts[0] != "tests"
                for include in re.findall(r"#include <(rte_\w+\.h)>", text_of(name))]
    report(problems)


def test_library_does_not_print_or_exit():
    words = re.compile(r"\b(printf|puts|putchar|fprintf|perror|exit|abort)\s*\(")
    problems = [f"{name}:{number}: {line.strip()}"
                for name in tracked("lib/*.c", "lib/*.h")
                for number, line in enumerate(text_of(name).splitlines(), 1)
                if words.search(line) and "snprintf" not in line]
    report(problems)


def test_lines_fit():
    problems = [f"{name}:{number} has {len(line)} columns"
                for name in tracked("*.c", "*.h", "*.py", "scripts/*", "meson.build")
                for number, line in enumerate(text_of(name).splitlines(), 1)
                if len(line) > LINE_COLUMNS]
    report(problems)


def functions_of(text):
    """(name, lines) of each function of a C file; a body opens and closes in column 0."""
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if line != "{" or index == 0:
            continue
        end = next(i for i in range(index, len(lines)) if lines[i] in ("}", "};"))
        start = index - 1
        while start > 0 and lines[start - 1] and not lines[start - 1].endswith((";", "}", "*/")) \
                and not lines[start - 1].startswith(("#", "/*", "//")):
            start -= 1
        name = re.search(r"(\w+)\s*\(", " ".join(lines[start:index]))
        yield (name.group(1) if name else lines[start]), end - start + 1


def test_functions_are_short():
    problems = [f"{name}: {function} has {length} lines"
                for name in tracked("*.c", "*.h")
                for function, length in functions_of(text_of(name)) if length > FUNCTION_LINES]
    report(problems)


def test_file_names_are_unique():
    seen, problems = {}, []
    for name in tracked("*.c", "*.h", "*.py"):
        stem = name.stem
        place = name.parent
        if stem in seen and seen[stem] != place:
            problems.append(f"{name} has the name of {seen[stem]}/{stem}")
        seen.setdefault(stem, place)
    report(problems)


def test_every_c_file_opens_with_a_comment():
    problems = [f"{name} does not open with a comment"
                for name in tracked("*.c", "*.h") if not text_of(name).startswith("/*")]
    report(problems)


def test_headers_are_guarded():
    problems = [f"{name} has no include guard"
                for name in tracked("*.h") if not re.search(r"#ifndef (TC_\w+)\n#define \1\n",
                                                            text_of(name))]
    report(problems)


if __name__ == "__main__":
    tap.run(__name__)
