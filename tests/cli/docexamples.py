"""The examples of the documents work: every `console` block of README.md, line by line."""
import os
import re
import subprocess

import tap
from program import ENVIRONMENT, SOURCE, TICKCAP, TICKCAPD, workspace


def commands(document):
    """The commands of a document's console blocks, in order."""
    blocks = re.findall(r"```console\n(.*?)```", (SOURCE / document).read_text(), re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def test_readme():
    if not os.access(TICKCAPD, os.X_OK):
        raise tap.Skip("tickcapd was not built: DPDK is not on this machine")
    lines = commands("README.md")
    assert len(lines) > 5, lines
    path = os.pathsep.join([os.path.dirname(TICKCAP), os.path.dirname(TICKCAPD),
                            ENVIRONMENT["PATH"]])
    with workspace() as folder:
        for line in lines:
            done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True,
                                  env=dict(ENVIRONMENT, PATH=path), timeout=120)
            print(line, done.stderr)
            assert done.returncode == 0, f"{line}: exit {done.returncode}: {done.stderr}"


if __name__ == "__main__":
    tap.run(__name__)
