"""What should come out: an independent decoder of the feeds, written from the specifications.

Nothing here was taken from the tables under test. Sources, and what they leave to us:

* NASDAQ TotalView-ITCH 5.0 (2023, 23 message types): big endian, prices unsigned with 4 or 8
  implied decimals, time in nanoseconds since midnight in New York
* MoldUDP64 1.00
* IEX-TP 1.25, IEX DEEP 1.0 (1.06 and later additions), IEX TOPS 1.6 (1.66): little endian, prices
  signed with 4 implied decimals. A `Byte` is text where its values are letters, else a number.

One row is one field. Values are exact: int, Decimal for prices, str (Latin-1, right padding
removed) for text.
"""
import datetime
import decimal
import json
import struct
import typing
import zoneinfo

NEW_YORK = zoneinfo.ZoneInfo("America/New_York")

# Kinds of numbers: signed, implied decimals (None: an integer). `midnight` counts nanoseconds since
# local midnight, `epoch` nanoseconds since 1970, `second` seconds since 1970.
NUMBERS = {
    "uint": (False, None),
    "int": (True, None),
    "flags": (False, None),
    "midnight": (False, None),
    "epoch": (False, None),
    "second": (False, None),
    "price4": (False, 4),
    "price8": (False, 8),
    "signed4": (True, 4),
}


class Field(typing.NamedTuple):
    name: str
    offset: int
    width: int
    kind: str


class Type(typing.NamedTuple):
    name: str
    length: int
    fields: list  # of Field; the type code in byte 0 is not among them


class Message(typing.NamedTuple):
    sequence: int
    raw: bytes
    code: int   # None for a message without bytes
    type: Type  # None where the specification knows no such code, or another length
    fields: dict


class Packet(typing.NamedTuple):
    session: str
    sequence: int
    send_time: int  # None where the feed has none
    kind: str       # data, heartbeat, end
    messages: list  # of Message


def table(common, rows):
    """{code: Type} of rows (code, name, length, [(name, offset, width, kind)])."""
    types = {}
    for code, name, length, fields in rows:
        fields = [Field(*field) for field in sorted(common + fields, key=lambda row: row[1])]
        at = 1
        for field in fields:
            assert field.offset == at, f"{name}.{field.name}: no field ends at {field.offset}"
            at += field.width
        assert at == length, f"{name}: its fields have {at} bytes, it has {length}"
        assert ord(code) not in types, f"{name}: its code is taken"
        types[ord(code)] = Type(name, length, fields)
    return types


ITCH50 = table([("stock_locate", 1, 2, "uint"),
                ("tracking_number", 3, 2, "uint"),
                ("timestamp", 5, 6, "midnight")], [
    ("S", "system_event", 12, [
        ("event_code", 11, 1, "text")]),
    ("R", "stock_directory", 39, [
        ("stock", 11, 8, "text"),
        ("market_category", 19, 1, "text"),
        ("financial_status_indicator", 20, 1, "text"),
        ("round_lot_size", 21, 4, "uint"),
        ("round_lots_only", 25, 1, "text"),
        ("issue_classification", 26, 1, "text"),
        ("issue_sub_type", 27, 2, "text"),
        ("authenticity", 29, 1, "text"),
        ("short_sale_threshold_indicator", 30, 1, "text"),
        ("ipo_flag", 31, 1, "text"),
        ("luld_reference_price_tier", 32, 1, "text"),
        ("etp_flag", 33, 1, "text"),
        ("etp_leverage_factor", 34, 4, "uint"),
        ("inverse_indicator", 38, 1, "text")]),
    ("H", "stock_trading_action", 25, [
        ("stock", 11, 8, "text"),
        ("trading_state", 19, 1, "text"),
        ("reserved", 20, 1, "text"),
        ("reason", 21, 4, "text")]),
    ("Y", "reg_sho_restriction", 20, [
        ("stock", 11, 8, "text"),
        ("reg_sho_action", 19, 1, "text")]),
    ("L", "market_participant_position", 26, [
        ("mpid", 11, 4, "text"),
        ("stock", 15, 8, "text"),
        ("primary_market_maker", 23, 1, "text"),
        ("market_maker_mode", 24, 1, "text"),
        ("market_participant_state", 25, 1, "text")]),
    ("V", "mwcb_decline_level", 35, [
        ("level_1", 11, 8, "price8"),
        ("level_2", 19, 8, "price8"),
        ("level_3", 27, 8, "price8")]),
    ("W", "mwcb_status", 12, [
        ("breached_level", 11, 1, "text")]),
    ("K", "ipo_quoting_period", 28, [
        ("stock", 11, 8, "text"),
        ("ipo_quotation_release_time", 19, 4, "uint"),
        ("ipo_quotation_release_qualifier", 23, 1, "text"),
        ("ipo_price", 24, 4, "price4")]),
    ("J", "luld_auction_collar", 35, [
        ("stock", 11, 8, "text"),
        ("auction_collar_reference_price", 19, 4, "price4"),
        ("upper_auction_collar_price", 23, 4, "price4"),
        ("lower_auction_collar_price", 27, 4, "price4"),
        ("auction_collar_extension", 31, 4, "uint")]),
    ("h", "operational_halt", 21, [
        ("stock", 11, 8, "text"),
        ("market_code", 19, 1, "text"),
        ("operational_halt_action", 20, 1, "text")]),
    ("A", "add_order", 36, [
        ("order_reference_number", 11, 8, "uint"),
        ("buy_sell_indicator", 19, 1, "text"),
        ("shares", 20, 4, "uint"),
        ("stock", 24, 8, "text"),
        ("price", 32, 4, "price4")]),
    ("F", "add_order_mpid", 40, [
        ("order_reference_number", 11, 8, "uint"),
        ("buy_sell_indicator", 19, 1, "text"),
        ("shares", 20, 4, "uint"),
        ("stock", 24, 8, "text"),
        ("price", 32, 4, "price4"),
        ("attribution", 36, 4, "text")]),
    ("E", "order_executed", 31, [
        ("order_reference_number", 11, 8, "uint"),
        ("executed_shares", 19, 4, "uint"),
        ("match_number", 23, 8, "uint")]),
    ("C", "order_executed_with_price", 36, [
        ("order_reference_number", 11, 8, "uint"),
        ("executed_shares", 19, 4, "uint"),
        ("match_number", 23, 8, "uint"),
        ("printable", 31, 1, "text"),
        ("execution_price", 32, 4, "price4")]),
    ("X", "order_cancel", 23, [
        ("order_reference_number", 11, 8, "uint"),
        ("cancelled_shares", 19, 4, "uint")]),
    ("D", "order_delete", 19, [
        ("order_reference_number", 11, 8, "uint")]),
    ("U", "order_replace", 35, [
        ("original_order_reference_number", 11, 8, "uint"),
        ("new_order_reference_number", 19, 8, "uint"),
        ("shares", 27, 4, "uint"),
        ("price", 31, 4, "price4")]),
    ("P", "trade", 44, [
        ("order_reference_number", 11, 8, "uint"),
        ("buy_sell_indicator", 19, 1, "text"),
        ("shares", 20, 4, "uint"),
        ("stock", 24, 8, "text"),
        ("price", 32, 4, "price4"),
        ("match_number", 36, 8, "uint")]),
    ("Q", "cross_trade", 40, [
        ("shares", 11, 8, "uint"),
        ("stock", 19, 8, "text"),
        ("cross_price", 27, 4, "price4"),
        ("match_number", 31, 8, "uint"),
        ("cross_type", 39, 1, "text")]),
    ("B", "broken_trade", 19, [
        ("match_number", 11, 8, "uint")]),
    ("I", "net_order_imbalance", 50, [
        ("paired_shares", 11, 8, "uint"),
        ("imbalance_shares", 19, 8, "uint"),
        ("imbalance_direction", 27, 1, "text"),
        ("stock", 28, 8, "text"),
        ("far_price", 36, 4, "price4"),
        ("near_price", 40, 4, "price4"),
        ("current_reference_price", 44, 4, "price4"),
        ("cross_type", 48, 1, "text"),
        ("price_variation_indicator", 49, 1, "text")]),
    ("N", "retail_interest", 20, [
        ("stock", 11, 8, "text"),
        ("interest_flag", 19, 1, "text")]),
    ("O", "direct_listing", 48, [
        ("stock", 11, 8, "text"),
        ("open_eligibility_status", 19, 1, "text"),
        ("minimum_allowable_price", 20, 4, "price4"),
        ("maximum_allowable_price", 24, 4, "price4"),
        ("near_execution_price", 28, 4, "price4"),
        ("near_execution_time", 32, 8, "uint"),
        ("lower_price_range_collar", 40, 4, "price4"),
        ("upper_price_range_collar", 44, 4, "price4")]),
])

# What DEEP 1.0 and TOPS 1.6 say in the same words.
IEX_SYMBOL = ("symbol", 10, 8, "text")
IEX_TRADE = [
    ("sale_condition_flags", 1, 1, "flags"),
    IEX_SYMBOL,
    ("size", 18, 4, "uint"),
    ("price", 22, 8, "signed4"),
    ("trade_id", 30, 8, "int")]
IEX_COMMON = [
    ("S", "system_event", 10, [
        ("system_event", 1, 1, "text")]),
    ("D", "security_directory", 31, [
        ("flags", 1, 1, "flags"),
        IEX_SYMBOL,
        ("round_lot_size", 18, 4, "uint"),
        ("adjusted_poc_price", 22, 8, "signed4"),
        ("luld_tier", 30, 1, "uint")]),
    ("H", "trading_status", 22, [
        ("trading_status", 1, 1, "text"),
        IEX_SYMBOL,
        ("reason", 18, 4, "text")]),
    ("I", "retail_liquidity_indicator", 18, [
        ("retail_liquidity_indicator", 1, 1, "text"),
        IEX_SYMBOL]),
    ("O", "operational_halt_status", 18, [
        ("operational_halt_status", 1, 1, "text"),
        IEX_SYMBOL]),
    ("P", "short_sale_price_test_status", 19, [
        ("short_sale_price_test_status", 1, 1, "uint"),
        IEX_SYMBOL,
        ("detail", 18, 1, "text")]),
    ("T", "trade_report", 38, IEX_TRADE),
    ("B", "trade_break", 38, IEX_TRADE),
    ("X", "official_price", 26, [
        ("price_type", 1, 1, "text"),
        IEX_SYMBOL,
        ("official_price", 18, 8, "signed4")]),
    ("A", "auction_information", 80, [
        ("auction_type", 1, 1, "text"),
        IEX_SYMBOL,
        ("paired_shares", 18, 4, "uint"),
        ("reference_price", 22, 8, "signed4"),
        ("indicative_clearing_price", 30, 8, "signed4"),
        ("imbalance_shares", 38, 4, "uint"),
        ("imbalance_side", 42, 1, "text"),
        ("extension_number", 43, 1, "uint"),
        ("scheduled_auction_time", 44, 4, "second"),
        ("auction_book_clearing_price", 48, 8, "signed4"),
        ("collar_reference_price", 56, 8, "signed4"),
        ("lower_auction_collar", 64, 8, "signed4"),
        ("upper_auction_collar", 72, 8, "signed4")]),
]
IEX_LEVEL = [
    ("event_flags", 1, 1, "flags"),
    IEX_SYMBOL,
    ("size", 18, 4, "uint"),
    ("price", 22, 8, "signed4")]
IEX_TIME = [("timestamp", 2, 8, "epoch")]

DEEP10 = table(IEX_TIME, IEX_COMMON + [
    ("E", "security_event", 18, [
        ("security_event", 1, 1, "text"),
        IEX_SYMBOL]),
    ("8", "price_level_update_buy", 30, IEX_LEVEL),
    ("5", "price_level_update_sell", 30, IEX_LEVEL),
])
TOPS16 = table(IEX_TIME, IEX_COMMON + [
    ("Q", "quote_update", 42, [
        ("flags", 1, 1, "flags"),
        IEX_SYMBOL,
        ("bid_size", 18, 4, "uint"),
        ("bid_price", 22, 8, "signed4"),
        ("ask_price", 30, 8, "signed4"),
        ("ask_size", 38, 4, "uint")]),
])


class Feed(typing.NamedTuple):
    types: dict
    order: str      # of bytes, as struct and int want to know
    framing: str
    symbol: str     # name of the field with a symbol
    directory: str  # code of the message that names a locate


FEEDS = {
    "moldudp64/itch50": Feed(ITCH50, "big", "moldudp64", "stock", "R"),
    "iextp/deep10": Feed(DEEP10, "little", "iextp", "symbol", None),
    "iextp/tops16": Feed(TOPS16, "little", "iextp", "symbol", None),
}


# ---- decoding ----

def value_of(field, raw, order):
    """The value of one field of a message."""
    data = raw[field.offset:field.offset + field.width]
    if field.kind == "text":
        return data.decode("latin-1").rstrip(" ")
    signed, digits = NUMBERS[field.kind]
    number = int.from_bytes(data, order, signed=signed)
    return number if digits is None else decimal.Decimal(number).scaleb(-digits)


def message_of(feed, sequence, raw):
    """One message; without a type where code and length are not as the specification says."""
    code = raw[0] if raw else None
    kind = feed.types.get(code)
    if kind is None or kind.length != len(raw):
        return Message(sequence, raw, code, None, {})
    return Message(sequence, raw, code, kind,
                   {field.name: value_of(field, raw, feed.order) for field in kind.fields})


def cut(feed, payload, offset, sequence, count):
    """The messages of a packet after its header, or None where they do not fit."""
    messages = []
    for index in range(count):
        if offset + 2 > len(payload):
            return None
        length = int.from_bytes(payload[offset:offset + 2], feed.order)
        offset += 2
        if offset + length > len(payload):
            return None
        messages.append(message_of(feed, sequence + index, payload[offset:offset + length]))
        offset += length
    return messages


def moldudp64(feed, payload):
    if len(payload) < 20:
        return None
    session, sequence, count = struct.unpack_from(">10sQH", payload)
    printable = all(0x20 <= byte < 0x7F for byte in session)
    session = session.decode().rstrip(" ") if printable else session.hex()
    if count in (0, 0xFFFF):
        return Packet(session, sequence, None, "end" if count else "heartbeat", [])
    messages = cut(feed, payload, 20, sequence, count)
    if messages is None:
        return None
    return Packet(session, sequence, None, "data", messages)


def iextp(feed, payload):
    if len(payload) < 40:
        return None
    (version, _, _, _, session, length, count, _, sequence,
     send_time) = struct.unpack_from("<BBHIIHHqqq", payload)
    if version != 1 or 40 + length > len(payload):
        return None
    messages = cut(feed, payload[:40 + length], 40, sequence, count)
    if messages is None:
        return None
    return Packet(str(session), sequence, send_time, "data" if count else "heartbeat", messages)


FRAMINGS = {"moldudp64": moldudp64, "iextp": iextp}


def decode(name, payload):
    """The packet in a UDP payload of the named feed; None where its framing is broken."""
    feed = FEEDS[name]
    return FRAMINGS[feed.framing](feed, payload)


def datagram(frame):
    """(group, port, payload) of an Ethernet frame with a whole UDP datagram, else None."""
    offset = 12
    while frame[offset:offset + 2] in (b"\x81\x00", b"\x88\xa8"):
        offset += 4
    if frame[offset:offset + 2] != b"\x08\x00":
        return None
    ip = frame[offset + 2:]
    fragment = int.from_bytes(ip[6:8], "big") & 0x3FFF
    if len(ip) < 20 or ip[0] >> 4 != 4 or ip[9] != 17 or fragment:
        return None
    udp = ip[4 * (ip[0] & 15):int.from_bytes(ip[2:4], "big")]
    port, length = struct.unpack_from(">HH", udp, 2)
    return ".".join(str(byte) for byte in ip[16:20]), port, udp[8:length]


# ---- rows ----

def midnight_ns(day, zone):
    local = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(local.timestamp()) * 10**9


MIDNIGHTS = {}


def since_midnight(value, rx_ns, zone):
    """Absolute time of `value` ns after a local midnight: the day that is nearest to `rx_ns`."""
    day = datetime.datetime.fromtimestamp(rx_ns // 10**9, zone).date()
    if (day, zone) not in MIDNIGHTS:
        MIDNIGHTS[day, zone] = [midnight_ns(day + datetime.timedelta(days), zone)
                                for days in (-1, 0, 1)]
    return min((midnight + value for midnight in MIDNIGHTS[day, zone]),
               key=lambda time: abs(time - rx_ns))


class Line:
    """Sequence numbers of one line, by session: which messages are late, duplicate, after a gap."""

    def __init__(self):
        self.sessions = {}

    def flags_of(self, packet):
        """Flags of each message of the packet, and whether the packet told of a gap."""
        first = 1 if self.sessions else packet.sequence
        expected, missing = self.sessions.get(packet.session, (first, set()))
        gap = packet.sequence > expected
        if gap:
            missing |= set(range(expected, packet.sequence))
            expected = packet.sequence
        flags = []
        for message in packet.messages:
            if message.sequence >= expected:
                expected = message.sequence + 1
                flags.append([])
            elif message.sequence in missing:
                missing.remove(message.sequence)
                flags.append(["late"])
            else:
                flags.append(["duplicate"])
        self.sessions[packet.session] = expected, missing
        if gap and flags:
            flags[0].append("gap_before")
        return flags


class Channel:
    """A channel of a configuration, with lines {name: "group:port"}."""

    def __init__(self, name, feed, lines, zone=datetime.timezone.utc):
        self.name, self.feed_name, self.zone = name, feed, zone
        self.feed = FEEDS[feed]
        self.lines = {group: line for line, group in lines.items()}
        self.trackers = {line: Line() for line in lines}
        self.symbols = {}

    def symbol_of(self, message):
        """A message's own symbol, or the name of its locate if a directory message gave it one."""
        if message.type is None:
            return None
        symbol = message.fields.get(self.feed.symbol)
        locate = message.fields.get("stock_locate")
        if message.code == ord(self.feed.directory or "\0"):
            self.symbols[locate] = symbol
        if symbol is None and locate is not None:
            return self.symbols.get(locate, f"#{locate}")
        return symbol

    def time_of(self, message, rx_ns):
        if message.type is None:
            return None
        value = message.fields["timestamp"]
        if self.feed.framing == "moldudp64":
            return since_midnight(value, rx_ns, self.zone)
        return value

    def rows(self, frames):
        """What `tickcap cat` should tell of [(time_ns, wire_length, frame)]: (row, Message)."""
        for number, (rx_ns, _, frame) in enumerate(frames):
            found = datagram(frame)
            line = self.lines.get("%s:%d" % found[:2]) if found else None
            packet = decode(self.feed_name, found[2]) if line else None
            if packet is None:
                continue
            flags = self.trackers[line].flags_of(packet)
            for index, message in enumerate(packet.messages):
                yield {
                    "stream": 0, "frame": number, "index": index, "rx_ns": rx_ns,
                    "exch_ns": self.time_of(message, rx_ns), "proc_ns": rx_ns,
                    "channel": self.name, "line": line, "session": packet.session,
                    "seq": message.sequence,
                    "type": None if message.code is None else chr(message.code),
                    "symbol": self.symbol_of(message), "flags": " ".join(flags[index]),
                    "length": len(message.raw), "message": message.raw.hex(),
                }, message


def check_json(row, message, text, besides=()):
    """A line of `cat --format json` tells that row and all fields; keys of `besides` may differ."""
    got = json.loads(text)
    where = f"frame {row['frame']} index {row['index']}"
    expected = {"kind": "message", **row}
    fields = got.pop("fields")
    for key in besides:
        expected[key] = got[key]
    assert list(got) == list(expected), f"{where}: keys {list(got)}, expected {list(expected)}"
    for key, value in expected.items():
        assert got[key] == value and type(got[key]) is type(value), \
            f"{where}: {key} is {got[key]!r}, expected {value!r}"
    assert list(fields) == list(message.fields), \
        f"{where}: fields {list(fields)}, expected {list(message.fields)}"
    for name, value in message.fields.items():
        told = fields[name]
        if isinstance(value, decimal.Decimal):
            assert isinstance(told, str), f"{where}: {name} is {told!r}, expected a string"
            told = decimal.Decimal(told)
        assert told == value and type(told) is type(value), \
            f"{where}: {name} is {fields[name]!r}, expected {value!r}"
