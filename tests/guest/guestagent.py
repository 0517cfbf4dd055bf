"""Runs in the guest: starts programs for the host, and tells it what they write and how they end.

The conversation is lines of JSON over a virtio-serial port. From the host:
    {"start": ID, "words": [...], "given": base64}      starts a program with that standard input
    {"signal": NUMBER, "to": ID}
To the host:
    {"id": ID, "pid": PID}                              it runs
    {"id": ID, "out" or "err": base64}                  it wrote
    {"id": ID, "ended": EXIT CODE}                      it has ended, and all it wrote has been told
"""
import base64
import json
import os
import subprocess
import sys
import threading

CHUNK = 65536


class Agent:
    def __init__(self, port):
        # a port can be opened only once
        self.given = os.fdopen(port, "rb")
        self.told = os.fdopen(os.dup(port), "wb", buffering=0)
        self.lock = threading.Lock()
        self.running = {}

    def tell(self, about, **what):
        line = json.dumps(dict(what, id=about)).encode() + b"\n"
        with self.lock:
            while line:  # a raw file may take less than all of it
                line = line[self.told.write(line):]

    def pass_on(self, about, kind, pipe):
        while data := pipe.read1(CHUNK):
            self.tell(about, **{kind: base64.b64encode(data).decode()})

    def attend(self, about, process, given):
        """Follows a program to its end, in a thread of its own."""
        readers = [threading.Thread(target=self.pass_on, args=(about, kind, pipe))
                   for kind, pipe in (("out", process.stdout), ("err", process.stderr))]
        for reader in readers:
            reader.start()
        try:
            process.stdin.write(given)
            process.stdin.close()
        except BrokenPipeError:
            pass  # it did not want it
        for reader in readers:
            reader.join()
        self.tell(about, ended=process.wait())
        del self.running[about]

    def start(self, about, words, given):
        try:
            process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
        except OSError as reason:
            self.tell(about, err=base64.b64encode(f"{reason}\n".encode()).decode())
            self.tell(about, ended=127)
            return
        self.running[about] = process
        self.tell(about, pid=process.pid)
        threading.Thread(target=self.attend, args=(about, process, given), daemon=True).start()

    def listen(self):
        self.tell(0, ready=True)
        for line in self.given:
            asked = json.loads(line)
            if "start" in asked:
                self.start(asked["start"], asked["words"], base64.b64decode(asked["given"]))
            elif asked["to"] in self.running:
                self.running[asked["to"]].send_signal(asked["signal"])


if __name__ == "__main__":
    Agent(os.open(sys.argv[1], os.O_RDWR)).listen()
