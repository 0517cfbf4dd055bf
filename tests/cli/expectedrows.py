"""What `tickcap cat` must print, worked out from the frames alone; and a feed with a bit of all.

The rules are those of the counting rules and of the specifications of the feeds, followed one
message at a time with sets of numbers: slow, and nothing that is shared with the code under test.
"""
import datetime
import random
import struct
import zoneinfo

import pcapio

SECOND = 10**9
OPENING = 1795185000 * SECOND  # 2026-11-20T09:30:00-05:00
NEW_YORK = zoneinfo.ZoneInfo("America/New_York")
COLUMNS = ("stream,frame,index,rx_ns,exch_ns,proc_ns,channel,line,session,seq,type,symbol,flags,"
           "length,message").split(",")
ITCH = {"S": ("system_event", 12), "R": ("stock_directory", 39), "A": ("add_order", 36),
        "D": ("order_delete", 19), "E": ("order_executed", 31), "U": ("order_replace", 35),
        "P": ("trade", 44)}
DEEP = {"S": ("system_event", 10), "8": ("price_level_update_buy", 30)}
STOCK_OFFSET = {"R": 11, "A": 24, "P": 24}


def midnight_of(time_ns):
    """The midnight in New York before a time, in nanoseconds."""
    day = datetime.datetime.fromtimestamp(time_ns // SECOND, NEW_YORK).date()
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).timestamp()) \
        * SECOND


class Sequence:
    """The numbers of one line: which message is in order, late or a duplicate."""

    def __init__(self):
        self.sessions = {}  # id: [next, missing]; the last two are open
        self.opened = 0

    def packet(self, session, sequence, count):
        """Whether it told of a gap, and the flag of each message."""
        if session not in self.sessions:
            self.sessions[session] = [sequence if self.opened == 0 else 1, set()]
            self.opened += 1
            if len(self.sessions) > 2:
                self.sessions.pop(next(iter(self.sessions)))
        track = self.sessions[session]
        gap = sequence > track[0]
        track[1].update(range(track[0], sequence))
        track[0] = max(track[0], sequence)
        flags = []
        for number in range(sequence, sequence + count):
            if number >= track[0]:
                track[0] = number + 1
                flags.append("")
            elif number in track[1]:
                track[1].remove(number)
                flags.append("late")
            else:
                flags.append("duplicate")
        return gap, flags


def payload_of(frame):
    """(source, group, port, vlan, payload) of a whole UDP datagram."""
    at, vlan = 12, None
    while frame[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
        vlan = struct.unpack_from(">H", frame, at + 2)[0] & 0xFFF
        at += 4
    if frame[at:at + 2] != b"\x08\x00":
        return None
    ip = at + 2
    udp = ip + 4 * (frame[ip] & 15)
    source, group = (".".join(map(str, frame[ip + i:ip + i + 4])) for i in (12, 16))
    _, port, length = struct.unpack_from(">HHH", frame, udp)
    return source, group, port, vlan, frame[udp + 8:udp + length]


def split_messages(body, count, order):
    messages, at = [], 0
    for _ in range(count):
        length, = struct.unpack_from(order + "H", body, at)
        messages.append(body[at + 2:at + 2 + length])
        at += 2 + length
    return messages


class Channel:
    def __init__(self, name, feed):
        self.name = name
        self.feed = feed
        self.names = {}  # by locate

    def open(self, payload):
        """(session as bytes, as text, sequence, messages) of a datagram."""
        if self.feed == "iextp/deep10":
            session, _, count, _, sequence = struct.unpack_from("<IHHqq", payload, 8)
            return (payload[8:12], str(session), sequence,
                    split_messages(payload[40:], count, "<"))
        sequence, count = struct.unpack_from(">QH", payload, 10)
        count = 0 if count == 0xFFFF else count
        return (payload[:10], payload[:10].decode().rstrip(" "), sequence,
                split_messages(payload[20:], count, ">"))

    def known(self, message):
        """(code, name of the type) of a message that a row of the feed's table explains."""
        code = chr(message[0]) if message else None
        name, length = (DEEP if self.feed == "iextp/deep10" else ITCH).get(code, (None, 0))
        return (code, name) if name and length == len(message) else (code, None)

    def exchange_time(self, message, rx_ns):
        if self.feed == "iextp/deep10":
            return struct.unpack_from("<Q", message, 2)[0]
        return midnight_of(rx_ns) + int.from_bytes(message[5:11], "big")

    def symbol(self, code, message):
        if self.feed == "iextp/deep10":
            return message[10:18].decode().rstrip(" ") if code != "S" else ""
        locate, = struct.unpack_from(">H", message, 1)
        own = STOCK_OFFSET.get(code)
        name = message[own:own + 8].decode().rstrip(" ") if own else None
        if code == "R":
            self.names[locate] = name
        return name if own else self.names.get(locate, f"#{locate}")


def rows(frames, lines, stream=0):
    """
    The rows of a stream of [(rx_ns, wire, bytes)]: dicts of COLUMNS, text as in csv, and the type's
    name under `name`. `lines`: {(group, port): (channel, line)}.
    """
    sequences, found = {}, []
    for number, (rx_ns, wire, frame) in enumerate(frames):
        datagram = payload_of(frame)
        key = datagram and datagram[1:3]
        if key not in lines:
            continue
        channel, line = lines[key]
        session, session_text, sequence, messages = channel.open(datagram[4])
        track = sequences.setdefault((channel.name, line), Sequence())
        gap, flags = track.packet(session, sequence, len(messages))
        for index, (message, flag) in enumerate(zip(messages, flags)):
            code, name = channel.known(message)
            found.append({
                "stream": str(stream), "frame": str(number), "index": str(index),
                "rx_ns": str(rx_ns),
                "exch_ns": str(channel.exchange_time(message, rx_ns)) if name else "",
                "proc_ns": str(rx_ns), "channel": channel.name, "line": line,
                "session": session_text, "seq": str(sequence + index), "type": code or "",
                "symbol": channel.symbol(code, message) if name else "",
                "flags": " ".join(filter(None, [flag, "gap_before" if gap and index == 0 else ""])),
                "length": str(len(message)), "message": message.hex(), "name": name})
    return found


# ---- a feed with a bit of all ----

GROUPS = {"a": ("233.54.12.111", 26477), "b": ("233.86.230.111", 26477),
          "second": ("233.54.12.112", 26478), "deep": ("233.215.21.4", 10378)}
SYMBOLS = ["AAPL", "MSFT", "ZVZZT", "BRK.B", 'A,"B', "TSLA", "NVDA", "X"]
CONFIGURATION = """name: mixed
channels:
  - name: totalview
    feed: moldudp64/itch50
    timezone: America/New_York
    lines:
      - { name: a, group: "233.54.12.111:26477" }
      - { name: b, group: "233.86.230.111:26477" }
  - name: second, other
    feed: moldudp64/itch50
    timezone: America/New_York
    lines: [ { name: a, group: "233.54.12.112:26478" } ]
  - { name: deep, feed: iextp/deep10, lines: [ { name: a, group: "233.215.21.4:10378" } ] }
"""


def channels():
    """Fresh channels of the feed, for `rows`."""
    totalview = Channel("totalview", "moldudp64/itch50")
    return {GROUPS["a"]: (totalview, "a"), GROUPS["b"]: (totalview, "b"),
            GROUPS["second"]: (Channel("second, other", "moldudp64/itch50"), "a"),
            GROUPS["deep"]: (Channel("deep", "iextp/deep10"), "a")}


def itch_message(draw, code, locate, exch_ns, symbol):
    stamp = (exch_ns - midnight_of(exch_ns)).to_bytes(6, "big")
    head = code.encode() + struct.pack(">HH", locate, 0) + stamp
    name = symbol.encode().ljust(8)
    reference = struct.pack(">Q", draw.randrange(10**6))
    price = struct.pack(">I", draw.randrange(10**7))
    body = {"S": b"O", "R": name + b"QN" + struct.pack(">I", 100) + b"NCZ PNN1N" + bytes(4) + b"N",
            "A": reference + b"B" + struct.pack(">I", 100) + name + price,
            "D": reference, "E": reference + struct.pack(">IQ", 7, draw.randrange(10**6)),
            "U": reference + reference + struct.pack(">I", 9) + price,
            "P": bytes(8) + b"S" + struct.pack(">I", 5) + name + price + reference}[code]
    assert len(head + body) == ITCH[code][1]
    return head + body


def deep_message(draw, exch_ns, symbol):
    return struct.pack("<cBQ8sIq", b"8", 1, exch_ns, symbol.encode().ljust(8),
                       draw.randrange(1000), draw.randrange(-10**6, 10**7))


def feed(packets=2400, seed=7):
    """[(rx_ns, wire, bytes)]: three channels, ties, gaps, late packets, names that come late."""
    draw = random.Random(seed)
    frames, sent, held = [], [], []
    time_ns = OPENING
    numbers = {"a": 1, "second": 1, "deep": 1}
    session = 1

    def land(group, payload):
        frame = pcapio.udp_frame(payload, *GROUPS[group])
        frames.append((time_ns, len(frame), frame))

    for packet in range(packets):
        time_ns += draw.choice([0, 0, 1, 700, 25000, 9 * 10**6])
        channel = draw.choice(["a", "a", "a", "second", "deep"])
        exch_ns = (time_ns - 150000) // 10000 * 10000  # coarse, so that times tie
        count = draw.choice([0, 1, 1, 2, 3, 9])
        messages = []
        if packet == packets // 2:
            session, numbers["a"] = 2, 1
        for _ in range(count):
            locate = draw.randrange(1, len(SYMBOLS) + 1)
            symbol = SYMBOLS[locate - 1] if channel == "a" else SYMBOLS[-locate]
            code = draw.choice("AADDEEUPS" + ("R" if packet > 40 else ""))
            if channel == "deep":
                messages.append(deep_message(draw, exch_ns, symbol))
            elif draw.random() < 0.02:
                messages.append(draw.choice([b"", b"z", b",odd", b'"', b"A" * 35]))
            else:
                messages.append(itch_message(draw, code, 0 if code == "S" else locate, exch_ns,
                                             symbol))
        if channel == "deep":
            land("deep", pcapio.iextp(77, numbers["deep"], messages, time_ns, numbers["deep"] * 32))
        else:
            name = f"20261120{session:02}" if channel == "a" else "  odd one"
            payload = pcapio.moldudp64(name, numbers[channel], messages)
            sent.append((channel, payload))
            for group in ["a", "b"] if channel == "a" else ["second"]:
                fate = draw.random()
                if packet > 20 and fate < 0.03:
                    continue
                if packet > 20 and fate < 0.07:
                    held.append((packet + draw.randrange(1, 9), group, payload))
                    continue
                time_ns += draw.choice([0, 0, 12000])
                land(group, payload)
        numbers[channel] += count
        for late in [late for late in held if late[0] <= packet]:
            held.remove(late)
            land(*late[1:])
        if draw.random() < 0.02:
            again = draw.choice(sent[-20:] or [("a", pcapio.moldudp64("2026112001", 1, []))])
            land(*again)
        if draw.random() < 0.02:
            frames.append((time_ns, 60, draw.randbytes(60)))
    return frames
