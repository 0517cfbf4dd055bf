"""Packets of three lines in no good order: jumps, late and repeated packets of several sessions,
heartbeats and ends of session below and above what is expected, restarts, strange times."""
import random
import struct

import pcapio

START = 1795185000 * 10**9  # 2026-11-20T09:30:00-05:00
GROUPS = {"a": ("233.54.12.111", 26477), "b": ("233.86.230.111", 26477),
          "c": ("233.215.21.4", 10378), "d": ("233.215.21.5", 10378)}
CONFIGURATION = """name: odd
channels:
  - name: mold
    feed: moldudp64/itch50
    timezone: America/New_York
    lines:
      - { name: a, group: "233.54.12.111:26477" }
      - { name: b, group: "233.86.230.111:26477" }
  - name: iex
    feed: iextp/deep10
    lines:
      - { name: c, group: "233.215.21.4:10378" }
      - { name: d, group: "233.215.21.5:10378" }
"""


def itch_delete(draw, time_ns):
    """An order_delete message; its clock is sometimes far away."""
    apart = draw.choice([0, 0, 0, 0, -20 * 3600 * 10**9, 10**6, 5 * 10**11])
    since = (time_ns - START + 34200 * 10**9 - 50000 + apart) % (86400 * 10**9)
    return (b"D" + struct.pack(">HH", draw.randrange(1, 9), 0) + since.to_bytes(6, "big")
            + struct.pack(">Q", draw.randrange(10**6)))


def deep_update(draw, time_ns):
    """A price_level_update_buy message; its clock is sometimes far away."""
    apart = draw.choice([0] * 40 + [-10**12, 10**6, 40 * 10**9, -10**15, 10**15, -time_ns, 1 << 62])
    return struct.pack("<cBQ8sIq", b"8", 1, max(time_ns - 70000 + apart, 0), b"ZIEXT   ",
                       draw.randrange(999), draw.randrange(10**7))


class Source:
    """What sends on one line: sessions, numbers, an offset, a clock."""

    def __init__(self, draw, line):
        self.draw, self.line, self.session, self.next, self.offset = draw, line, 1, 1, 0

    def payload(self, time_ns):
        """A packet somewhere around the next number."""
        draw = self.draw
        if draw.random() < 0.02:
            self.session += draw.choice([1, 1, -1, 2])
            self.next = draw.choice([1, 1, 5, max(self.next - 3, 1)])
        session = self.session + draw.choice([0] * 30 + [-1, -1, -2])
        jump = draw.choice([0] * 12 + [1, 2, 3, 9, -1, -2, -3, -6, -9, -15])
        first = max(self.next + jump, 1)
        count = draw.choice([0, 1, 1, 1, 2, 3, 6])
        if self.line in "ab":
            messages = [itch_delete(draw, time_ns) for _ in range(count)]
            data = pcapio.moldudp64(f"S{session % 1000:09}", first, messages)
            if not count and draw.random() < 0.2:
                data = data[:18] + b"\xff\xff"
        else:
            messages = [deep_update(draw, time_ns) for _ in range(count)]
            back = draw.choice([0] * 20 + [-40, -5000])
            sent = time_ns + draw.choice([0, 0, 0, 0, -10**7])
            offset = max(self.offset + 32 * jump + back, 0)
            data = pcapio.iextp(session % 1000, first, messages, sent, offset)
            self.offset = offset + sum(2 + len(message) for message in messages)
        if jump >= 0 or draw.random() < 0.2:
            self.next = first + count
        return data


def frames(packets, seed, lines='aaabbbcccd'):
    """[(rx_ns, wire length, bytes)]"""
    draw = random.Random(seed)
    sources, time_ns, found, earlier = {}, START, [], []
    for _ in range(packets):
        time_ns += draw.choice([0, 1, 9000, 10**6, 3 * 10**9])
        line = draw.choice(lines)
        source = sources.setdefault(line, Source(draw, line))
        payload = source.payload(time_ns)
        if draw.random() < 0.15 and earlier:
            other, again = draw.choice(earlier[-8:])
            twin = {"a": "b", "b": "a", "c": "d", "d": "c"}
            line, payload = draw.choice([other, twin[other]]), again
        elif draw.random() < 0.03:
            payload = payload[:draw.randrange(len(payload))]
        earlier.append((line, payload))
        frame = pcapio.udp_frame(payload, *GROUPS[line])
        found.append((time_ns, len(frame), frame))
    return found
