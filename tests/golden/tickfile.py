"""A segment that is being changed, byte by byte, by docs/FORMAT.md; and put right again: its
lengths, offsets, checksums and digests follow what was changed."""
import collections
import struct

import xxhash

HEAD, BLOCK_HEADER, INDEX_HEADER, TAIL = 128, 128, 64, 64
EVENTS, LEDGER, LINES, CLOCK, CHANNELS, NIC = ((0, 0, 0, field) for field in
                                               (23, 24, 25, 26, 28, 29))

Event = collections.namedtuple("Event", "kind about position time payload")


def digest(data):
    return xxhash.xxh3_64_intdigest(bytes(data))


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def raw(data):
    """A column of kind 1 whose stream is stored as it is."""
    return varint(len(data) << 2) + data


class File:
    """A segment that is being changed. Offsets are looked up anew, since changes move them."""

    def __init__(self, data):
        self.data = bytearray(data)

    def number(self, at, layout):
        return struct.unpack_from("<" + layout, self.data, at)[0]

    def put(self, at, layout, *values):
        struct.pack_into("<" + layout, self.data, at, *values)

    # ---- where things are ----

    @property
    def head_bytes(self):
        return self.number(12, "I")

    def box(self, kind):
        """(offset of a box of the head, offset and length of its contents)."""
        at = HEAD
        while self.number(at, "I") != kind:
            at += 16 + -(-self.number(at + 8, "Q") // 8) * 8
        return at, at + 16, self.number(at + 8, "Q")

    def blocks(self):
        at = self.head_bytes
        while self.data[at:at + 8] == b"\x89TICKBLK":
            yield at
            at += -(-self.number(at + 32, "I") // 64) * 64

    def block(self, place):
        return list(self.blocks())[place]

    @property
    def index(self):
        last = self.block(-1)
        return last + -(-self.number(last + 32, "I") // 64) * 64

    def columns(self, block):
        """{(scope, group, class, field): (offset of the entry, offset and length of its bytes)}"""
        count, end = self.number(block + 36, "I"), block + self.number(block + 32, "I")
        at, found = block + BLOCK_HEADER, {}
        for entry in range(end - 16 * count, end, 16):
            scope, _, group, number, field = struct.unpack_from("<BBHBB", self.data, entry)
            stored = self.number(entry + 12, "I")
            found[scope, group, number, field] = entry, at, stored
            at += stored
        return found

    def values(self, block, key):
        """The values of a column that is stored as it is."""
        entry, at, length = self.columns(block)[key]
        assert self.data[entry + 1] == 1 and self.data[at] & 3 == 0, f"{key} is not plain"
        values = self.number(entry + 8, "I") * self.data[entry + 6]
        return bytes(self.data[at + length - values:at + length])

    def events(self, block):
        data, at, events = self.values(block, EVENTS), 0, []
        while at < len(data):
            kind, _, about, position, time, length, _ = struct.unpack_from("<BBHIQII", data, at)
            events.append(Event(kind, about, position, time, data[at + 24:at + 24 + length]))
            at += 24 + length
        return events

    def index_box(self, kind):
        """(offset of a box of the index, offset and length of its contents)."""
        at = self.index + INDEX_HEADER
        while self.number(at, "I") != kind:
            at += 16 + -(-self.number(at + 8, "Q") // 8) * 8
        return at, at + 16, self.number(at + 8, "Q")

    # ---- changes ----

    def replace(self, at, length, new):
        self.data[at:at + length] = new

    def set_box(self, kind, contents):
        """Other contents for a box of the head; the head grows or shrinks by whole 64 bytes."""
        at, start, length = self.box(kind)
        self.put(at + 8, "Q", len(contents))
        end = self.head_bytes
        body = bytes(self.data[start + -(-length // 8) * 8:end])
        self.resize_head(start, contents + bytes(-len(contents) % 8) + body)

    def resize_head(self, at, rest):
        """`rest` from a place of the head on."""
        end = self.head_bytes
        new = at + len(rest)
        self.replace(at, end - at, rest + bytes(-new % 64))
        self.put(12, "I", new + -new % 64)

    def add_box(self, before, box):
        at = self.box(before)[0]
        self.resize_head(at, box + bytes(self.data[at:self.head_bytes]))

    def set_column(self, block, key, stored, values, kind=1):
        """Other bytes for a column; the block grows or shrinks, and fills whole 64 bytes."""
        entry, at, length = self.columns(block)[key]
        size = self.number(block + 32, "I")
        body = self.data[block:block + size]
        self.put(entry + 12, "I", len(stored))
        self.put(entry + 8, "I", values)
        self.data[entry + 1] = kind
        body = self.data[block:block + size]
        body[at - block:at - block + length] = stored
        struct.pack_into("<I", body, 32, len(body))
        self.replace(block, -(-size // 64) * 64, body + bytes(-len(body) % 64))

    def set_values(self, block, key, values):
        """The same for a column of bytes that is stored as it is."""
        self.set_column(block, key, raw(values), len(values))

    def remove_column(self, block, key):
        entry, at, length = self.columns(block)[key]
        size, count = self.number(block + 32, "I"), self.number(block + 36, "I")
        body = self.data[block:block + size]
        del body[entry - block:entry - block + 16]
        del body[at - block:at - block + length]
        struct.pack_into("<II", body, 32, len(body), count - 1)
        self.replace(block, -(-size // 64) * 64, body + bytes(-len(body) % 64))

    def set_events(self, block, events):
        if not events:
            self.remove_column(block, EVENTS)
            self.put(block + 60, "I", 0)
            return
        self.set_values(block, EVENTS, b"".join(
            struct.pack("<BBHIQII", kind, 0, about, position, time, len(payload), 0) + payload
            for kind, about, position, time, payload in events))
        self.put(block + 60, "I", len(events))

    def set_index_box(self, kind, contents):
        at, start, length = self.index_box(kind)
        self.put(at + 8, "Q", len(contents))
        self.replace(start, -(-length // 8) * 8, contents + bytes(-len(contents) % 8))

    def add_entry(self, block, entry, stored=b""):
        """A column more, in front of the directory and at its end."""
        size, count = self.number(block + 32, "I"), self.number(block + 36, "I")
        body = bytes(self.data[block:block + size])
        start = size - 16 * count
        body = bytearray(body[:start] + stored + body[start:] + entry)
        struct.pack_into("<II", body, 32, len(body), count + 1)
        self.replace(block, -(-size // 64) * 64, body + bytes(-len(body) % 64))

    # ---- putting right ----

    def seal_head(self):
        self.put(112, "Q", digest(self.data[HEAD:self.head_bytes]))
        self.put(120, "Q", digest(self.data[:120]))

    def seal_block(self, block, body=True):
        size = self.number(block + 32, "I")
        self.put(block + 24, "Q", block)
        if body:
            self.put(block + 96, "Q", digest(self.data[block + BLOCK_HEADER:block + size]))
        self.put(block + 120, "Q", digest(self.data[block:block + 120]))

    def seal_index(self):
        index, size = self.index, len(self.data) - TAIL - self.index
        record = index + INDEX_HEADER + 16
        for block in self.blocks():
            self.put(record, "QI", block, self.number(block + 32, "I"))
            record += self.number(record + 56, "I")
        self.put(index + 24, "QQ", index, size)
        self.seal_index_head()

    def seal_index_head(self):
        index = self.index
        self.put(index + 48, "Q", digest(self.data[index + INDEX_HEADER:len(self.data) - TAIL]))
        self.put(index + 56, "Q", digest(self.data[index:index + 56]))

    def seal_tail(self):
        sums = [self.number(120, "Q")] + [self.number(at + 120, "Q") for at in self.blocks()]
        total = 0
        for checksum in sums + [self.number(self.index + 56, "Q")]:
            total = digest(struct.pack("<QQ", total, checksum))
        tail = len(self.data) - TAIL
        self.put(tail, "QQQQ", self.index, tail - self.index, len(self.data), total)
        self.seal_tail_head()

    def seal_tail_head(self):
        tail = len(self.data) - TAIL
        self.put(tail + 48, "Q", digest(self.data[tail:tail + 48]))

    def seal(self):
        self.seal_head()
        for block in self.blocks():
            self.seal_block(block)
        self.seal_index()
        self.seal_tail()
