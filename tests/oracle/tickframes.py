"""Frames and events: datagrams from templates or as they are (*Packets*, *Events*)."""
import struct
from typing import NamedTuple

from tickbytes import (
    ANY, COUNT, NO_CLASS, PAYLOAD_BYTES, SEND_TIME, SEQUENCE, SESSION, STREAM_OFFSET, U64,
    expect)
from tickhead import Line


def fold(total):
    """A ones' complement sum of 16 bits from any sum of 16-bit words."""
    return total % 0xFFFF or (0xFFFF if total else 0)


def words_sum(data):
    """A number that folds to the sum of big endian 16-bit words."""
    return int.from_bytes(data, "big") << (8 if len(data) % 2 else 0)


class Place(NamedTuple):
    """Where the headers of a datagram begin, and which line's it can be."""
    ip: int
    udp: int
    framing: int
    tags: tuple


def find_headers(frame, offset):
    """The headers of an Ethernet frame with up to two VLAN tags, IPv4, UDP (*Packets*)."""
    ip, tags = 14, []
    while len(tags) < 2 and frame[ip - 2:ip] != b"\x08\x00":
        tags.append(int.from_bytes(frame[ip:ip + 2], "big") & 0xFFF)
        ip += 4
    expect(frame[ip - 2:ip] == b"\x08\x00" and len(frame) >= ip + 20, offset,
           "IPv4 behind at most two VLAN tags")
    udp = ip + 4 * (frame[ip] & 15)
    expect(frame[ip] >> 4 == 4 and udp >= ip + 20 and frame[ip + 9] == 17 and len(frame) >= udp + 8,
           offset, "an IPv4 header with UDP behind it")
    return Place(ip, udp, udp + 8, tuple(tags))


def expect_line(frame, place, line, port, offset):
    """A datagram agrees with the row of its line (*Boxes*, 8)."""
    agrees = (frame[place.ip + 16:place.ip + 20] == line.group.to_bytes(4, "big")
              and frame[place.udp + 2:place.udp + 4] == line.udp_port.to_bytes(2, "big")
              and line.source in (0, int.from_bytes(frame[place.ip + 12:place.ip + 16], "big"))
              and (line.vlan == ANY or line.vlan in place.tags[-1:])
              and line.port in (0xFF, port))
    expect(agrees, offset, f"a datagram of line {line.name}")


def read_field(frame, start, field, order):
    """A number of a framing's header."""
    return int.from_bytes(frame[start + field.offset:start + field.offset + field.width], order)


def session_of(header, framing):
    """A session's id as on the wire, padded with zeros to 16 (*Tracker state*)."""
    field = framing.field(SESSION)
    return bytes(header[field.offset:field.offset + field.width]).ljust(16, b"\0")


class Datagram(NamedTuple):
    """A frame of a line, or of none: its bytes, and its messages with their lengths."""
    line: Line
    data: bytes
    first: int
    pieces: list
    sequence: int
    session: bytes
    in_columns: bool


def split(frame, line, port, offset):
    """The messages of a sound datagram that was stored as it is (*Feed tables*, *Flags*)."""
    framing, place = line.channel.feed.framing, find_headers(frame, offset)
    expect_line(frame, place, line, port, offset)
    udp_length = int.from_bytes(frame[place.udp + 4:place.udp + 6], "big")
    end, at = place.udp + udp_length, place.framing + framing.header_bytes
    expect(at <= end <= len(frame), offset, f"a whole datagram of line {line.name}")
    header = frame[place.framing:at]
    expect(not framing.flags & 8 or header[0] == framing.version, offset, "the framing's version")
    field = framing.field(PAYLOAD_BYTES)
    if field:
        promised = read_field(header, 0, field, framing.order)
        expect(promised <= end - at, offset, f"at most {end - at} bytes of messages in a datagram")
        end = at + promised
    count = framing.messages_of(read_field(header, 0, framing.field(COUNT), framing.order))
    first, pieces = at, []
    for _ in range(count):
        length = 2 + int.from_bytes(frame[at:at + 2], framing.order)
        expect(at + 2 <= end and at + length <= end, offset, f"{count} messages in a datagram")
        pieces.append(frame[at:at + length])
        at += length
    sequence = read_field(header, 0, framing.field(SEQUENCE), framing.order)
    expect(sequence + count <= U64, offset, "numbers of messages of 64 bits")
    return Datagram(line, frame, first, pieces, sequence, session_of(header, framing), False)


class Row(NamedTuple):
    """The columns of one packet (*Scope 0*)."""
    count: int
    sequence: int
    stream_offset: int
    send_time: int
    ip_id: int
    checksums: int
    twin: int
    extra: int
    pad: int


class Template:
    """A whole header, and what the packets before made of its numbers (*Packets*)."""

    def __init__(self, line, header, port, offset):
        self.line, self.header, self.offset = line, header, offset
        self.framing = line.channel.feed.framing
        self.place = find_headers(header, offset)
        expect(len(header) == self.place.framing + self.framing.header_bytes, offset,
               f"the whole header of a frame of line {line.name}")
        expect_line(header, self.place, line, port, offset)
        framed = header[self.place.framing:]
        expect(not self.framing.flags & 8 or framed[0] == self.framing.version, offset,
               f"version {self.framing.version} of the framing, found {framed[0]}")
        self.session = session_of(framed, self.framing)
        self.ip_id = int.from_bytes(header[self.place.ip + 4:self.place.ip + 6], "big")
        self.sequence = read_field(framed, 0, self.framing.field(SEQUENCE), self.framing.order)
        self.has_stream = self.framing.field(STREAM_OFFSET) is not None
        self.stream = read_field(framed, 0, self.framing.field(STREAM_OFFSET),
                                 self.framing.order) if self.has_stream else 0
        self.fields = [(field.meaning, self.place.framing + field.offset, field.width)
                       for field in self.framing.fields
                       if field.meaning in (SEQUENCE, COUNT, PAYLOAD_BYTES, STREAM_OFFSET,
                                            SEND_TIME)]
        ip = bytearray(header[self.place.ip:self.place.udp])
        ip[2:6], ip[10:12] = bytes(4), bytes(2)
        self.ip_sum = words_sum(ip)
        self.pseudo_sum = words_sum(ip[12:20]) + 17

    def put_together(self, row, pieces, area, tail, checksums):
        """The bytes of the next packet, and its sequence number (*Packets*)."""
        header = bytearray(self.header)
        sequence = (self.sequence + row.sequence) & U64
        stream = (self.stream + row.stream_offset) & U64
        self.sequence, self.stream = sequence + len(pieces), stream + len(area)
        expect(self.sequence <= U64, self.offset, "numbers of messages of 64 bits")
        self.ip_id = (self.ip_id + row.ip_id) & 0xFFFF
        if not self.has_stream:
            expect(not row.stream_offset, self.offset, "no stream offset where there is no field")
        values = {SEQUENCE: sequence, COUNT: row.count, PAYLOAD_BYTES: len(area),
                  STREAM_OFFSET: stream, SEND_TIME: row.send_time}
        for meaning, at, width in self.fields:
            expect(values[meaning] < 1 << 8 * width, self.offset, "numbers that fit the header")
            header[at:at + width] = values[meaning].to_bytes(width, self.framing.order)
        inside = area + tail[:row.extra]
        self.finish(header, inside, row.checksums, checksums)
        return b"".join((header, inside, tail[row.extra:])), sequence

    def finish(self, header, inside, how, checksums):
        """Lengths and checksums of IP and UDP (*Packets*)."""
        ip, udp = self.place.ip, self.place.udp
        udp_length = len(header) - udp + len(inside)
        ip_length = udp_length + udp - ip
        expect(ip_length <= 0xFFFF, self.offset, "a datagram of at most 65535 bytes")
        ip_checksum = (next(checksums.ip) if how & 4
                       else 0xFFFF - fold(self.ip_sum + ip_length + self.ip_id))
        struct.pack_into(">HH", header, ip + 2, ip_length, self.ip_id)
        struct.pack_into(">H", header, ip + 10, ip_checksum)
        struct.pack_into(">HH", header, udp + 4, udp_length, 0)
        if how & 3:
            pseudo_sum = self.pseudo_sum + udp_length
            if how & 3 == 1:
                data = bytes(header[udp:]) + inside
                udp_checksum = 0xFFFF - fold(pseudo_sum + words_sum(data)) or 0xFFFF
            else:
                udp_checksum = fold(pseudo_sum) if how & 3 == 2 else next(checksums.udp)
            struct.pack_into(">H", header, udp + 6, udp_checksum)


class Checksums(NamedTuple):
    """Checksums that are stored, as iterators."""
    ip: object
    udp: object


class Message(NamedTuple):
    """A message of a frame; `offset` is that of its first byte in the frame."""
    offset: int
    data: bytes
    name: str
    sequence: int
    flags: int


class Frame:
    """A frame, with the messages in it."""
    __slots__ = ("stream", "number", "rx_ns", "proc_ns", "flags", "wire_length", "datagram",
                 "message_flags")
    is_frame = True

    def __init__(self, rx_ns, proc_ns, flags, wire_length, datagram, message_flags):
        self.stream = self.number = None
        self.rx_ns, self.proc_ns, self.flags = rx_ns, proc_ns, flags
        self.wire_length, self.datagram, self.message_flags = wire_length, datagram, message_flags

    @property
    def data(self):
        """The captured bytes."""
        return self.datagram.data

    @property
    def line(self):
        """The row of its line, or None."""
        return self.datagram.line

    @property
    def line_name(self):
        return self.line.name if self.line else "-"

    @property
    def messages(self):
        """Its messages, in order."""
        at, feed = self.datagram.first, self.line.channel.feed if self.line else None
        for place, piece in enumerate(self.datagram.pieces):
            number = feed.class_of(piece[2:])
            yield Message(at + 2, piece[2:],
                          None if number == NO_CLASS else feed.types[number].name,
                          (self.datagram.sequence + place) & U64, self.message_flags[place])
            at += len(piece)

    def __str__(self):
        return (f"{self.stream} {self.number} {self.rx_ns} {self.proc_ns} {self.line_name} "
                f"0x{self.flags:04x} {len(self.data)} {self.wire_length} "
                f"{len(self.message_flags)} {self.message_flags.hex() or '-'}")
