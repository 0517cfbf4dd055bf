"""Messages, put together from the columns of their group (*Scope 1: messages*)."""
import itertools
import struct

from tickbytes import CLASS, LOCATE, NO_CLASS, SHARED, SIGNED_FORMATS, SYMBOL, TYPE, expect
from tickcolumns import UNPACKED


def shared_parts(feed, meaning, values, classes):
    """{class: values} of a shared column: those of each class, in order (*Scope 1*)."""
    holders = {number: [] for number, row in enumerate(feed.types)
               if any(field.meaning == meaning for field in row.fields)}
    appends = {number: part.append for number, part in holders.items()}
    owners = [appends[number] for number in classes if number in appends]
    for append, value in zip(owners, values):
        append(value)
    return holders


def strings(data, width):
    """Byte strings of one length."""
    return [data[start:start + width] for start in range(0, len(data), width)]


class MessageGroup:
    """The messages of one group of a block, put together from their columns (*Scope 1*)."""

    def __init__(self, columns, group, feed):
        self.columns, self.group, self.feed = columns, group, feed
        self.used = {LOCATE: set(), SYMBOL: set()}
        count = columns.rows[1, group, SHARED, CLASS].values
        self.classes = columns.take((1, group, SHARED, CLASS), 1, count)
        self.counts = {number: self.classes.count(number) for number in set(self.classes)}
        for number in self.counts:
            expect(number < len(feed.types) or number == NO_CLASS, columns.offset,
                   f"a class of {feed.name}, found {number}")
        self.shared = self.read_shared()
        parts = {number: iter(self.pieces_of(number)) for number in self.counts}
        self.pieces = [next(parts[number]) for number in self.classes]

    def read_shared(self):
        """{meaning: {class: values}} of the shared columns of this group."""
        shared = {}
        meanings = [key[3] for key in self.columns.rows if key[:3] == (1, self.group, SHARED)]
        for meaning in meanings:
            rows = [(number, field) for number, row in enumerate(self.feed.types)
                    for field in row.fields if field.meaning == meaning]
            expect(rows and len({(field.stored, field.is_string) for _, field in rows}) == 1
                   and len({number for number, _ in rows}) == len(rows), self.columns.offset,
                   f"fields of one size, and one a type, that mean {meaning}")
            count = sum(self.counts.get(number, 0) for number, _ in rows)
            values = self.values((1, self.group, SHARED, meaning), rows[0][1], count)
            shared[meaning] = shared_parts(self.feed, meaning, values, self.classes)
        return shared

    def values(self, key, field, count):
        """The values of a column: numbers or byte strings."""
        data = self.columns.take(key, field.stored, count)
        expect(data is not None, self.columns.offset, f"a column {key} for {field.name}")
        if field.is_string:
            values = strings(data, field.width)
        else:
            values = struct.unpack(f"<{count}{UNPACKED[field.stored]}", data)
        if field.meaning in self.used:
            self.used[field.meaning].update(values)
        return values

    def packed(self, number, place, field):
        """A field of all messages of a class: struct code, and values for it."""
        row, count = self.feed.types[number], self.counts[number]
        if field.meaning == TYPE:
            return "B", itertools.repeat(row.code, count)
        if field.meaning in self.shared:
            values = self.shared[field.meaning][number]
        else:
            values = self.values((1, self.group, number, place), field, count)
        if field.is_string:
            return f"{field.width}s", values
        if field.stored == field.width:
            return UNPACKED[field.width], values
        return f"{field.width}s", [self.narrow(value, field) for value in values]

    def narrow(self, value, field):
        """The bytes of a number of 3, 5, 6 or 7 bytes."""
        if field.format in SIGNED_FORMATS and value >> (8 * field.stored - 1):
            value = value - (1 << 8 * field.stored) + (1 << 8 * field.width)
        expect(0 <= value < 1 << 8 * field.width, self.columns.offset,
               f"{field.name} in {field.width} bytes, found {value}")
        return value.to_bytes(field.width, self.feed.order)

    def pieces_of(self, number):
        """The messages of a class, each with its length before it."""
        if number == NO_CLASS:
            return self.unknown_pieces()
        row = self.feed.types[number]
        parts = [self.packed(number, place, field) for place, field in enumerate(row.fields)]
        sign = ">" if self.feed.order == "big" else "<"
        layout = struct.Struct(sign + "2s" + "".join(code for code, _ in parts))
        prefix = row.bytes.to_bytes(2, self.feed.framing.order)
        rows = zip(itertools.repeat(prefix, self.counts[number]), *(values for _, values in parts))
        return itertools.starmap(layout.pack, rows)

    def unknown_pieces(self):
        """The messages of class 0xff: lengths and bytes, as no row explains them."""
        key, count = (1, self.group, NO_CLASS), self.counts[NO_CLASS]
        lengths = self.columns.numbers((*key, 0), 2, count)
        expect(lengths is not None, self.columns.offset, "lengths of messages of no class")
        data = b""
        if sum(lengths):
            data = self.columns.take((*key, 1), 1, sum(lengths))
            expect(data is not None, self.columns.offset, "bytes of messages of no class")
        end = 0
        for length in lengths:
            end += length
            message = data[end - length:end]
            expect(self.feed.class_of(message) == NO_CLASS, self.columns.offset,
                   f"messages that no row of {self.feed.name} explains")
            yield length.to_bytes(2, self.feed.framing.order) + message
