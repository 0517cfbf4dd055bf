#!/usr/bin/env python3
"""A shell in a guest with an emulated NIC, on this terminal: to try by hand what the tests do.

usage: tests/guest/guestshell.py [NIC]     NIC: e1000e, vmxnet3 or virtio-net-pci

The programs are those of build/, or what TICKCAPD, TICKCAP and TC_INJECT name. `exit` ends the
guest, and so does Ctrl-A x. Nothing of it stays.
"""
import pathlib
import subprocess
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "harness"))

from guest import ADDRESS, NICS, Guest  # noqa: E402: the path comes first
from program import INJECT  # noqa: E402
from tap import Skip  # noqa: E402


def main(nic="e1000e", *more):
    if nic not in NICS or more:
        sys.exit(__doc__.strip())
    try:
        guest = Guest(nic)
    except Skip as reason:
        sys.exit(f"guestshell: {reason}")
    try:
        print(f"guestshell: {nic} is {ADDRESS} in the guest; frames for it, from elsewhere:\n"
              f"  {INJECT} FEED.pcap {guest.cable} 4000")
        return subprocess.call(guest.words(shell=True))
    finally:
        guest.folder.cleanup()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
