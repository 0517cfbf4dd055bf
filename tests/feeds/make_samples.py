"""Makes the sample captures of the feeds and their expected prints, the same bytes every time.

    make_samples.py [FOLDER]      writes into FOLDER, else into lib/feed of the project

Each sample has every message type of its feed with plausible values, with the highest, the lowest
and odd ones; then what a feed can do besides: heartbeats, an end of session, unknown types, wrong
lengths, messages without bytes, loss, late and repeated packets. The expected print is made from
reference.py, never from tickcap, so that an error in a table of tickcap is a difference.
"""
import datetime
import pathlib
import sys
import typing

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "harness"), str(TESTS / "feeds")]

import pcapio
import reference

MICROSECOND, SECOND = 10**3, 10**9


class Sample(typing.NamedTuple):
    path: str      # below lib/feed, without its ending
    channel: str
    feed: str
    lines: tuple   # of (name, "group:port")
    timezone: str
    make: object   # () -> frames


# ---- messages ----

# By field name what an exchange would send; all others are made from their kind.
PLAUSIBLE = {
    "adjusted_poc_price": [1234500, 99900],
    "attribution": ["NSDQ", "UBSS"],
    "auction_book_clearing_price": [1000100, 0],
    "auction_collar_extension": [0, 3],
    "auction_collar_reference_price": [1850000, 12345],
    "auction_type": ["O", "C"],
    "authenticity": ["P", "T"],
    "breached_level": ["1", "3"],
    "buy_sell_indicator": ["B", "S"],
    "cross_type": ["O", "C"],
    "detail": ["A", "N"],
    "etp_flag": ["N", "Y"],
    "etp_leverage_factor": [0, 3],
    "event_code": ["O", "Q"],
    "event_flags": [0, 1],
    "extension_number": [0, 2],
    "financial_status_indicator": ["N", "D"],
    "flags": [0x80, 0x40],
    "imbalance_direction": ["B", "N"],
    "imbalance_side": ["S", "N"],
    "interest_flag": ["B", "A"],
    "inverse_indicator": ["N", "Y"],
    "ipo_flag": ["N", "Z"],
    "ipo_quotation_release_qualifier": ["A", "C"],
    "ipo_quotation_release_time": [37800, 34200],
    "issue_classification": ["C", "Q"],
    "issue_sub_type": ["Z", "AI"],
    "luld_reference_price_tier": ["1", "2"],
    "luld_tier": [1, 2],
    "market_category": ["Q", "N"],
    "market_code": ["Q", "X"],
    "market_maker_mode": ["N", "P"],
    "market_participant_state": ["A", "W"],
    "mpid": ["GSCO", "JPM"],
    "near_execution_time": [34200123456789, 0],
    "official_price": [2500000, 99],
    "open_eligibility_status": ["N", "Y"],
    "operational_halt_action": ["H", "T"],
    "operational_halt_status": ["O", "N"],
    "price_type": ["Q", "M"],
    "price_variation_indicator": ["L", "A"],
    "primary_market_maker": ["Y", "N"],
    "printable": ["Y", "N"],
    "reason": ["T1", "IPO1"],
    "reg_sho_action": ["0", "2"],
    "reserved": [" ", " "],
    "retail_liquidity_indicator": ["A", " "],
    "round_lot_size": [100, 10],
    "round_lots_only": ["N", "Y"],
    "sale_condition_flags": [0x40, 0xA8],
    "scheduled_auction_time": [1772807400, 1772830800],
    "security_event": ["O", "C"],
    "short_sale_price_test_status": [0, 1],
    "short_sale_threshold_indicator": ["N", "Y"],
    "stock": ["AAPL", "BRK.B", "ZVZZT", "A"],
    "symbol": ["AAPL", "BRK.B", "ZIEXT", "A"],
    "system_event": ["O", "S"],
    "trading_state": ["H", "T"],
    "trading_status": ["H", "T"],
}
ODD_TEXT = b'\x1b"\\,\xff \0\x7f'  # what an output format must escape, or must not
LOCATES = {"AAPL": 13, "BRK.B": 1200, "ZVZZT": 8123, "A": 1}


def packed(text, width):
    return text.ljust(width).encode("latin-1")


def plausible(field, number, time):
    if field.name == "timestamp":
        return time
    if field.name in PLAUSIBLE:
        return PLAUSIBLE[field.name][number % len(PLAUSIBLE[field.name])]
    if field.kind == "text":
        return "ABCDEFGH"[number % 8:][:field.width]
    if field.kind == "signed4" and number % 3 == 2:
        return -10000 * number - 1
    return (field.offset * 7919 + number * 104729) % min(10**7, 2**(8 * field.width - 1))


def highest(field, number, time):
    if field.kind == "text":
        return "Z" * field.width
    signed = reference.NUMBERS[field.kind][0] or field.kind == "epoch"
    return 2**(8 * field.width - signed) - 1


def lowest(field, number, time):
    if field.kind == "text":
        return ""
    return -2**(8 * field.width - 1) if reference.NUMBERS[field.kind][0] else 0


def odd(field, number, time):
    if field.kind == "text":
        return (ODD_TEXT * 2)[field.offset % 8:][:field.width].decode("latin-1")
    return -1 if reference.NUMBERS[field.kind][0] else 1


def build(feed, code, values):
    """A message from {field name: value}."""
    kind = feed.types[ord(code)]
    raw = bytearray(code.encode().ljust(kind.length, b"\0"))
    for field in kind.fields:
        value = values[field.name]
        if field.kind == "text":
            data = packed(value, field.width)
        else:
            data = value.to_bytes(field.width, feed.order,
                                  signed=reference.NUMBERS[field.kind][0])
        raw[field.offset:field.offset + field.width] = data
    return bytes(raw)


def message(feed, code, style, number, time, **given):
    fields = feed.types[ord(code)].fields
    values = {field.name: style(field, number, time) for field in fields}
    if "stock_locate" in values and style is plausible:
        values["stock_locate"] = LOCATES.get(values.get("stock"), 13)
        values["tracking_number"] = number % 3
    values.update(given)
    return build(feed, code, values)


def one_of_each(feed, style, number, time):
    """Every type of the feed once."""
    return [message(feed, chr(code), style, number + index, time + index * MICROSECOND)
            for index, code in enumerate(feed.types)]


def oddities(feed, time):
    """What no row of a table explains; the messages around it are ordinary."""
    known = [message(feed, chr(code), plausible, 0, time) for code in list(feed.types)[:3]]
    return [known[0], b"z\x01\x02\x03\x04", known[1], known[0][:-1], b"", known[1] + b"\0",
            b",", b'"more', b"\xe9\x00", b"\x01\x02\x03", known[2]]


def in_packets(messages, most):
    """The messages in groups of 1, 2, ... most, 1, 2, ..."""
    size, at = 0, 0
    while at < len(messages):
        size = size % most + 1
        yield messages[at:at + size]
        at += size


def damaged(payload):
    """The payload cut inside its last message, and inside its header."""
    return payload[:-1], payload[:13]


# ---- the two ways of framing ----

class Wire:
    """Frames of a channel, in the order of their receive times."""

    def __init__(self, lines):
        self.lines = {name: group.split(":") for name, group in lines}
        self.frames = []

    def send(self, rx_ns, payload, line="a", vlans=(), port=None):
        group, usual = self.lines[line]
        frame = pcapio.udp_frame(payload, group=group, port=port or int(usual), vlans=vlans,
                                 identification=len(self.frames))
        frame += bytes(max(0, 60 - len(frame)))  # Ethernet's shortest frame, without FCS
        self.raw(rx_ns, frame)

    def raw(self, rx_ns, frame):
        self.frames.append((rx_ns, len(frame), frame))


def utc_ns(*date):
    return int(datetime.datetime(*date, tzinfo=datetime.timezone.utc).timestamp()) * SECOND


def itch_sample():
    feed = reference.FEEDS["moldudp64/itch50"]
    wire = Wire(ITCH.lines)
    midnight = utc_ns(2026, 3, 6, 5)  # in New York; three days later daylight saving has begun
    session, sequence, at = "260306001A", 1, 34200 * SECOND

    def packet(messages, **where):
        nonlocal sequence, at
        at += 1_000_003
        payload = pcapio.moldudp64(session, sequence, messages)
        wire.send(midnight + at + 180 * MICROSECOND, payload, **where)
        sequence += len(messages)
        return payload

    def again(payload, **where):
        nonlocal at
        at += 700
        wire.send(midnight + at + 180 * MICROSECOND, payload, **where)

    # a locate before and after its directory message
    packet([])
    packet([message(feed, "E", plausible, 0, at)])
    packet([message(feed, "D", plausible, 1, at), message(feed, "R", plausible, 0, at),
            message(feed, "D", plausible, 2, at)])
    packet([message(feed, "X", plausible, 3, at)])

    # every type
    for style, number in ((plausible, 0), (plausible, 1), (highest, 0), (lowest, 0), (odd, 0)):
        for group in in_packets(one_of_each(feed, style, number, at), 5):
            packet(group)
    packet(oddities(feed, at), vlans=(1013,))

    # line b: the same packets with its own loss; line a: loss, late, twice
    lost = pcapio.moldudp64(session, sequence, [message(feed, "A", plausible, 7, at)])
    sequence += 1
    second = packet([message(feed, "U", plausible, 8, at), message(feed, "D", plausible, 8, at)])
    again(second, line="b")
    again(lost)
    again(second)
    again(lost, line="b")
    sequence += 2
    packet([])
    packet([message(feed, "P", plausible, 9, at)])
    for payload in damaged(second):
        again(payload)
    again(second, port=9)
    wire.raw(midnight + at + SECOND, b"\xff" * 6 + b"\2" * 6 + b"\x08\x06" + bytes(46))

    # times of the next day and of the day before; the session's end, twice; the next trading day
    at = 86400 * SECOND - 10_000 * MICROSECOND
    packet([message(feed, "S", plausible, 0, 2_000, stock_locate=0)])
    at = 86400 * SECOND - 50 * MICROSECOND
    packet([message(feed, "S", plausible, 0, at, stock_locate=0, event_code="C")])
    end = pcapio.moldudp64(session, sequence, [], count=0xFFFF)
    again(end)
    again(end)
    midnight = utc_ns(2026, 3, 9, 4)
    session, sequence, at = "  26030902", 1, 34200 * SECOND
    packet([message(feed, "R", plausible, 1, at), message(feed, "E", plausible, 1, at,
                                                          stock_locate=1200)])
    return wire.frames


def iex_sample(sample, protocol):
    feed = reference.FEEDS[sample.feed]
    wire = Wire(sample.lines)
    now, sequence, offset = utc_ns(2026, 3, 6, 14, 30), 1, 0

    def packet(messages, lose=False, **where):
        nonlocal now, sequence, offset
        now += 1_000_003
        payload = pcapio.iextp(0x48DD0001, sequence, messages, now, offset, protocol)
        sequence += len(messages)
        offset += len(payload) - 40
        if not lose:
            wire.send(now + 35 * MICROSECOND, payload, **where)
        return payload

    def again(payload, **where):
        nonlocal now
        now += 700
        wire.send(now + 35 * MICROSECOND, payload, **where)

    packet([])
    for style, number in ((plausible, 0), (plausible, 1), (plausible, 2), (highest, 0), (lowest, 0),
                          (odd, 0)):
        for group in in_packets(one_of_each(feed, style, number, now), 5):
            packet(group)
    packet(oddities(feed, now), vlans=(1013,))
    lost = packet([message(feed, "T", plausible, 7, now)], lose=True)
    second = packet([message(feed, "H", plausible, 8, now), message(feed, "X", plausible, 8, now)])
    again(second, line="b")
    again(lost)
    again(second)
    again(lost, line="b")
    packet([message(feed, "T", plausible, 8, now)] * 2, lose=True)
    packet([])
    packet([message(feed, "B", plausible, 9, now)])
    for payload in damaged(second):
        again(payload)
    again(b"\2" + second[1:])
    again(second, port=9)
    packet([])
    return wire.frames


ITCH = Sample("nasdaq/itch50", "totalview", "moldudp64/itch50",
              (("a", "233.54.12.111:26477"), ("b", "233.49.196.111:26477")), "America/New_York",
              itch_sample)
DEEP = Sample("iex/deep10", "iex-deep", "iextp/deep10",
              (("a", "233.215.21.4:10378"), ("b", "233.215.21.132:10378")), "UTC",
              lambda: iex_sample(DEEP, 0x8004))
TOPS = Sample("iex/tops16", "iex-tops", "iextp/tops16",
              (("a", "233.215.21.3:10377"), ("b", "233.215.21.131:10377")), "UTC",
              lambda: iex_sample(TOPS, 0x8003))
SAMPLES = [ITCH, DEEP, TOPS]


# ---- the expected print: a line of `tickcap cat` for each message ----

def plain(text):
    """Text for a terminal: nothing in it can be mistaken for the space between two words."""
    return "".join(c if "\x20" < c < "\x7f" and c != "\\" else f"\\x{ord(c):02x}" for c in text)


def utc_text(time_ns):
    moment = datetime.datetime.fromtimestamp(time_ns // SECOND, datetime.timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ns % SECOND:09d}+00:00"


def print_line(row, message):
    words = [utc_text(row["rx_ns"]), row["channel"], row["line"], str(row["seq"]),
             plain(row["symbol"] or "-"), row["flags"] or "-"]
    if message.type is None:
        return " ".join(words + ["unknown", message.raw.hex()])
    words.append(message.type.name)
    for field in message.type.fields:
        value = message.fields[field.name]
        if field.kind == "text":
            value = plain(value)
        elif not isinstance(value, int):
            value = format(value, "f")
        words.append(f"{field.name}={value}")
    return " ".join(words)


def channel_of(sample):
    return reference.Channel(sample.channel, sample.feed, dict(sample.lines),
                             reference.zoneinfo.ZoneInfo(sample.timezone))


def main(folder):
    for sample in SAMPLES:
        path = pathlib.Path(folder, sample.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        frames = sample.make()
        pcapio.write(path.with_suffix(".pcap"), frames)
        lines = [print_line(*row) + "\n" for row in channel_of(sample).rows(frames)]
        path.with_suffix(".expected").write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else TESTS.parent / "lib/feed")
