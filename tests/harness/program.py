"""Running the programs under test, and places to run them in.

The programs come from the environment (TICKCAP, TICKCAPD, TC_SOURCE, TC_INJECT, TC_RINGCAPTURE),
as the build sets it, which also says what they are instrumented with (TC_SANITIZE). TICKCAP_CORPUS
names the folder of real captures, which is beside the project by default.
"""
import json
import os
import pathlib
import subprocess
import tempfile

from tap import Skip

SOURCE = pathlib.Path(os.environ.get("TC_SOURCE", pathlib.Path(__file__).parents[2]))
TICKCAP = os.environ.get("TICKCAP", str(SOURCE / "build/app/tickcap/tickcap"))
TICKCAPD = os.environ.get("TICKCAPD", str(SOURCE / "build/app/tickcapd/tickcapd"))
INJECT = os.environ.get("TC_INJECT", str(SOURCE / "build/tests/tools/inject"))
RINGCAPTURE = os.environ.get("TC_RINGCAPTURE", str(SOURCE / "build/tests/capture/ringcapture"))

SANITIZED = os.environ.get("TC_SANITIZE", "none") != "none"

# A sanitized program is slower, and needs a word about what DPDK does with memory: its libraries
# are not instrumented, so the thread sanitizer sees what they do with memory, and not why they may.
ENVIRONMENT = dict(os.environ,
                   ASAN_OPTIONS="detect_leaks=0:abort_on_error=0:exitcode=99",
                   UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=99",
                   TSAN_OPTIONS="exitcode=99:ignore_noninstrumented_modules=1:suppressions="
                                + str(SOURCE / "tests/tsan.suppressions"))


class Ended:
    """A program that has ended: its exit code, and what it wrote."""

    def __init__(self, process, out, err):
        self.code = process.returncode
        self.out = out
        self.err = err.decode(errors="replace")

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out[-2000:]!r}\n--- stderr\n{self.err[-4000:]}"

    @property
    def text(self):
        return self.out.decode(errors="replace")

    def expect(self, code):
        """The same, if it ended as expected."""
        assert self.code == code, f"expected exit {code}: {self!r}"
        return self


def start(*words, **options):
    return subprocess.Popen([str(word) for word in words], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT,
                            **options)


def finish(process, timeout=300, given=None):
    try:
        out, err = process.communicate(given, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"did not end in {timeout} s: {Ended(process, out, err)!r}")
    return Ended(process, out, err)


def run(*words, timeout=300, given=None, **options):
    return finish(start(*words, **options), timeout, given)


def tickcap(*words, **options):
    return run(TICKCAP, *words, **options)


def tickcapd(*words, **options):
    if not os.access(TICKCAPD, os.X_OK):
        raise Skip("tickcapd was not built: DPDK is not on this machine")
    return run(TICKCAPD, *words, **options)


def start_tickcapd(*words, **options):
    if not os.access(TICKCAPD, os.X_OK):
        raise Skip("tickcapd was not built: DPDK is not on this machine")
    return start(TICKCAPD, *words, **options)


def info(*paths):
    return json.loads(tickcap("info", "--json", *paths).expect(0).text)


def corpus(*parts):
    """A file of the corpus, or the test is skipped."""
    folder = pathlib.Path(os.environ.get("TICKCAP_CORPUS", SOURCE.parent / "shared/corpus"))
    path = folder.joinpath(*parts)
    if not path.exists():
        raise Skip("the corpus of real captures is not there")
    return path


def workspace():
    """A temporary folder, as a context."""
    return tempfile.TemporaryDirectory(prefix="tickcap-test-")


def contains(expected, got, where="$"):
    """Everything of `expected` is in `got`; floats nearly. Raises with the first difference."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in got, f"{where}.{key} is missing"
            contains(value, got[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(expected) == len(got), f"{where}: {len(got)} items, expected {len(expected)}"
        for index, (one, other) in enumerate(zip(expected, got)):
            contains(one, other, f"{where}[{index}]")
    elif isinstance(expected, float):
        assert abs(expected - got) < 1e-9, f"{where}: {got}, expected {expected}"
    else:
        assert expected == got, f"{where}: {got!r}, expected {expected!r}"
