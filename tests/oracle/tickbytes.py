"""The words that all of a .tick file is written in: numbers, texts, boxes, checksums.

*Conventions* and *Boxes* of docs/FORMAT.md, and the ids that several of its sections share.
"""

import xxhash

HEAD_MAGIC = b"\x89TICKSEG"
BLOCK_MAGIC = b"\x89TICKBLK"
INDEX_MAGIC = b"\x89TICKIDX"
TAIL_MAGIC = b"TICKEND\x89"

U64 = (1 << 64) - 1
NO_LINE = 0xFFFF
ANY = 0xFFFF
NO_CLASS = 0xFF
SHARED = 0xFE

# Meanings, by the table of that name.
TYPE, LOCATE, SYMBOL = 2, 3, 4
SESSION, SEQUENCE, COUNT, PAYLOAD_BYTES, STREAM_OFFSET, SEND_TIME = 15, 16, 17, 18, 19, 20
CLASS = 24
EXCH_TIME, EXCH_SECOND = 5, 28
LAST_MEANING, LAST_FORMAT = 28, 11
SIGNED_FORMATS, STRING_FORMATS = (2, 5), (0, 3)
MIDNIGHT_NS, EPOCH_NS, EPOCH_S, MIDNIGHT_S, SECOND_NS = 6, 7, 8, 10, 11

# Flags of frames, and of messages.
MALFORMED, GAP, SOME_FLAGGED, HEARTBEAT, END = 0x0001, 0x0002, 0x0004, 0x0008, 0x0010
FIRST, STALE, SOFTWARE_TIME, BAD_TIME, ALL_FRAME_FLAGS = 0x0020, 0x0040, 0x0080, 0x0100, 0x01FF
LATE, DUPLICATE = 1, 2

# What a capture and a block have at most (*Conventions*).
MOST = {"ports": 64, "streams": 256, "channels": 1024, "lines": 4096, "spans": 640,
        "frames": 1 << 20, "messages": 1 << 22, "bytes": 1 << 29, "runs": 256}
NAME_BYTES, LINE_NAME_BYTES = 63, 15


class Fault(Exception):
    """Something in a file is not as the page says: where, and what was expected."""

    def __init__(self, offset, expected, path=None):
        super().__init__(offset, expected)
        self.path, self.offset, self.expected = path, offset, expected

    def __str__(self):
        return f"{self.path}: at {self.offset} expected {self.expected}"


def expect(agrees, offset, expected):
    """Raises a fault unless something agrees."""
    if not agrees:
        raise Fault(offset, expected)


def digest(data):
    """XXH3-64 with seed 0 (*Conventions*)."""
    return xxhash.xxh3_64_intdigest(data)


def expect_digest(data, wanted, offset, what):
    """Compares a checksum with the bytes that it is over."""
    got = digest(data)
    expect(got == wanted, offset, f"{what} 0x{got:016x}, found 0x{wanted:016x}")


def up_to(number, unit):
    """The next multiple of a unit."""
    return -(-number // unit) * unit


class Cursor:
    """Bytes that are used up from the front; all of them must be there, and be used."""

    def __init__(self, data, base, packed=False):
        """`base` is where the bytes begin in the file; `packed` ones came out of a column."""
        self.data, self.base, self.packed, self.at = data, base, packed, 0

    @property
    def offset(self):
        return self.base if self.packed else self.base + self.at

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        expect(count <= self.left, self.offset, f"{count} bytes more, found {self.left}")
        self.at += count
        return bytes(self.data[self.at - count:self.at])

    def unpack(self, layout):
        return layout.unpack(self.take(layout.size))

    def number(self, width):
        return int.from_bytes(self.take(width), "little")

    def zero(self, width):
        expect(not any(self.take(width)), self.offset - (0 if self.packed else width),
               f"{width} reserved bytes of zero")

    def text(self, most=255):
        """A length and UTF-8 without control characters."""
        offset, raw = self.offset, self.take(self.number(1))
        expect(len(raw) <= most, offset, f"a name of at most {most} bytes, found {len(raw)}")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise Fault(offset, "a text in UTF-8") from None
        expect(not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in text), offset,
               "a text without control characters")
        return text

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                expect(value <= U64, self.offset, "a varint of 64 bits")
                return value
        raise Fault(self.offset, "a varint of at most ten bytes")

    def done(self, what):
        expect(self.left == 0, self.offset, f"the end of {what}, found {self.left} bytes more")


def read_boxes(data, base, in_head, strict):
    """{kind: cursor} of the boxes of a head or an index (*Boxes*)."""
    cursor, boxes = Cursor(data, base), {}
    while cursor.left >= 16 if in_head else cursor.left:
        offset, kind = cursor.offset, cursor.number(4)
        if in_head and kind == 0:
            cursor.at -= 4
            break
        cursor.zero(4)
        length = cursor.number(8)
        expect(kind and kind not in boxes, offset, f"a box of a new kind, found {kind}")
        start = cursor.offset
        boxes[kind] = Cursor(cursor.take(length), start)
        padding = cursor.take(up_to(length, 8) - length)
        expect(not strict or not any(padding), start + length, "zeros behind a box")
    expect(not strict or not any(cursor.data[cursor.at:]), cursor.offset, "zeros behind the boxes")
    return boxes
