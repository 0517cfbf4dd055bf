"""What the tests of the commands share: a place for captures, a feed, and comparisons."""
import csv
import io
import pathlib

import expectedrows
import pcapio
from expectedrows import COLUMNS
from program import tickcap, workspace

SPACE = workspace()
HERE = pathlib.Path(SPACE.name)
SMALL_BLOCKS = ["--set", "batch.messages=512", "--set", "block.messages=512"]


def refused(ended, program, *words, code=2):
    """One sentence of that program that names the words, nothing on standard output."""
    ended.expect(code)
    lines = ended.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith(f"{program}: "), f"not one sentence: {ended!r}"
    for word in words:
        assert word in lines[0], f"{word!r} is not named: {ended!r}"
    assert ended.out == b"", f"it printed: {ended!r}"


def record(name, frames, configuration=expectedrows.CONFIGURATION, options=()):
    """A capture made by import, beside its pcap and configuration."""
    folder = HERE / name
    if not folder.exists():
        folder.mkdir()
        pcapio.write(folder / "in.pcap", frames)
        (folder / "c.yaml").write_text(configuration)
        tickcap("import", folder / "in.pcap", "-c", folder / "c.yaml", "-o", folder / "capture",
                *options).expect(0)
    return folder / "capture"


class Mixed:
    """The feed with a bit of all: its frames, its rows, and a capture of it in many pieces."""
    made = None
    options = SMALL_BLOCKS + ["--set", "output.rotate.seconds=1"]

    def __init__(self):
        self.frames = expectedrows.feed()
        self.rows = expectedrows.rows(self.frames, expectedrows.channels())
        self.capture = record("mixed", self.frames, options=self.options)
        assert len(list(self.capture.glob("*.tick"))) >= 3, "the capture is too small for the tests"

    @classmethod
    def get(cls):
        cls.made = cls.made or cls()
        return cls.made


def csv_rows(ended):
    return list(csv.reader(io.StringIO(ended.expect(0).out.decode("latin-1"), newline="")))


def values(rows):
    """Rows as lists of their columns, as csv has them."""
    return [[row[column] for column in COLUMNS] for row in rows]


def same_rows(got, expected):
    for index, (one, other) in enumerate(zip(got, expected)):
        assert one == other, f"row {index} is\n{one}, expected\n{other}"
    assert len(got) == len(expected), f"{len(got)} rows, expected {len(expected)}"


def imported(name, *inputs, options=(), given=None, configuration=expectedrows.CONFIGURATION):
    (HERE / "any.yaml").write_text(configuration)
    tickcap("import", *inputs, "-c", HERE / "any.yaml", "-o", HERE / name, *options,
            given=given).expect(0)
    return HERE / name


def exported(capture, *words):
    out = HERE / "out.pcap"
    tickcap("export", capture, "--format", "pcap", "-o", out, *words).expect(0)
    return pcapio.read(out)
