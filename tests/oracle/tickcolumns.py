"""Columns of a block: its directory, the kinds, the stages of their streams (*Columns*)."""
import itertools
import struct
from typing import NamedTuple

import zstandard

from tickbytes import Cursor, Fault, expect


class Column(NamedTuple):
    """An entry of a block's directory, and its stored bytes (*Blocks*)."""
    kind: int
    width: int
    values: int
    stored: bytes
    offset: int


UNPACKED = {1: "B", 2: "H", 4: "I", 8: "Q"}
ZSTD = zstandard.ZstdDecompressor()


def unzstd(stored, length, offset):
    """The contents of one whole zstd frame, and nothing behind it (*Columns*)."""
    frame = ZSTD.decompressobj()
    try:
        data = frame.decompress(stored)
    except zstandard.ZstdError:
        raise Fault(offset, "a zstd frame") from None
    expect(frame.eof and not frame.unused_data, offset, "one whole zstd frame")
    expect(len(data) == length, offset, f"{length} bytes in a zstd frame, found {len(data)}")
    return data


def read_stream(cursor, length):
    """One stream of a column: so many bytes, by its stage (*Columns*)."""
    offset, head = cursor.offset, cursor.varint()
    stored, stage = cursor.take(head >> 2), head & 3
    if stage == 0:
        expect(len(stored) == length, offset, f"{length} raw bytes, found {len(stored)}")
        return stored
    if stage == 1:
        expect(len(stored) == 1, offset, "one byte that is repeated")
        return stored * length
    expect(stage == 2, offset, f"a stage from 0 to 2, found {stage}")
    return unzstd(stored, length, offset)


def read_varints(data, count, offset):
    """So many varints that use up the bytes."""
    if len(data) == count and data.isascii():
        return list(data)
    cursor = Cursor(data, offset, packed=True)
    values = [cursor.varint() for _ in range(count)]
    cursor.done("varints")
    return values


def undelta(first, zigzags, width):
    """Values from the first one and the differences, modulo 2^(8w) (*Columns*)."""
    mask = (1 << 8 * width) - 1
    steps = ((number >> 1) ^ -(number & 1) for number in zigzags)
    values = [value & mask for value in itertools.accumulate(steps, initial=first)]
    return struct.pack(f"<{len(values)}{UNPACKED[width]}", *values)


def join_planes(planes, count, width):
    """Numbers from their bytes: all lowest ones, all second ones, and so on."""
    joined = bytearray(count * width)
    for place, plane in enumerate(planes):
        joined[place::width] = plane
    return bytes(joined)


def decode_dictionary(cursor, count, width):
    """Kind 4: distinct values, and for each value its place among them."""
    size = cursor.varint()
    expect(1 <= size <= 256, cursor.offset, f"1 to 256 entries, found {size}")
    table = read_stream(cursor, size * width)
    places = read_stream(cursor, count)
    rows = [table[start:start + width] for start in range(0, len(table), width)]
    expect(len(set(rows)) == size, cursor.offset, f"{size} distinct values")
    expect(max(places) < size, cursor.offset, f"places below {size}")
    return b"".join(map(rows.__getitem__, places))


def decode_delta(cursor, count, width):
    """Kind 3: the first value and varints."""
    first = read_stream(cursor, width)
    varints = read_stream(cursor, cursor.varint())
    zigzags = read_varints(varints, count - 1, cursor.base)
    expect(max(zigzags, default=0) < 1 << 8 * width, cursor.base, f"zigzags of {width} bytes")
    return undelta(int.from_bytes(first, "little"), zigzags, width)


def decode_deltaplanes(cursor, count, width):
    """Kind 6: the first value and the planes of the zigzags."""
    first = int.from_bytes(read_stream(cursor, width), "little")
    planes = cursor.varint()
    expect(planes <= width, cursor.offset, f"at most {width} planes, found {planes}")
    joined = join_planes([read_stream(cursor, count - 1) for _ in range(planes)], count - 1, width)
    return undelta(first, struct.unpack(f"<{count - 1}{UNPACKED[width]}", joined), width)


def decode(column):
    """The bytes of a column's values, one after the other (*Columns*)."""
    cursor, count, width = Cursor(column.stored, column.offset), column.values, column.width
    if column.kind in (3, 5, 6):
        expect(width in UNPACKED and (column.kind, width) != (5, 1), column.offset,
               f"values of 1, 2, 4 or 8 bytes in kind {column.kind}, found {width}")
    if column.kind == 1:
        data = read_stream(cursor, count * width)
    elif column.kind == 2:
        data = read_stream(cursor, width) * count
    elif column.kind == 3:
        data = decode_delta(cursor, count, width)
    elif column.kind == 4:
        data = decode_dictionary(cursor, count, width)
    elif column.kind == 5:
        data = join_planes([read_stream(cursor, count) for _ in range(width)], count, width)
    elif column.kind == 6:
        data = decode_deltaplanes(cursor, count, width)
    else:
        raise Fault(column.offset, f"a column of kind 1 to 6, found {column.kind}")
    cursor.done("a column")
    return data


class Columns:
    """The columns of a block; each must be taken once, in the size that it has."""

    def __init__(self, block, offset, count):
        """`block` is a whole block at a place in the file, with so many columns."""
        self.offset, self.rows = offset, {}
        start, end = 128, len(block) - 16 * count
        expect(end >= start, offset + 36, f"a directory of {count} columns")
        for place in range(end, len(block), 16):
            scope, kind, group, number, field, width, zero, values, stored = struct.unpack_from(
                "<BBHBBBBII", block, place)
            where = offset + place
            expect(not zero, where + 7, "a reserved byte of zero")
            expect(scope <= 1 and (scope or not (group or number)), where, "scope 0 or 1")
            expect(values and width, where + 6, "at least 1 value of at least 1 byte")
            expect(stored <= end - start, where + 12, f"at most {end - start} stored bytes")
            key = (scope, group, number, field)
            expect(key not in self.rows, where, f"only one column {key}")
            self.rows[key] = Column(kind, width, values, block[start:start + stored],
                                    offset + start)
            start += stored
        expect(start == end, offset + start, "columns up to their directory")

    def take(self, key, width, count):
        """The bytes of a column of so many values, or None if it is left out."""
        column = self.rows.pop(key, None)
        if column is None:
            return None
        what = f"{count} values of {width} bytes in column {key}"
        expect(column.width == width and count in (column.values, None), column.offset,
               f"{what}, found {column.values} of {column.width}")
        return decode(column)

    def numbers(self, key, width, count):
        """The numbers of a column, or None if it is left out."""
        data = self.take(key, width, count)
        return None if data is None else struct.unpack(f"<{count}{UNPACKED[width]}", data)

    def frames(self, field, width, count):
        """Numbers of scope 0: all zero where they are left out."""
        return self.numbers((0, 0, 0, field), width, count) or (0,) * count

    def bytes(self, field, count):
        """Bytes of scope 0, so many: all zero where they are left out."""
        return self.take((0, 0, 0, field), 1, count) or bytes(count)

    def cursor(self, field):
        """A structure of scope 0, empty where it is left out."""
        column = self.rows.get((0, 0, 0, field))
        if column is None:
            return Cursor(b"", self.offset)
        return Cursor(self.take((0, 0, 0, field), 1, None), column.offset, packed=True)

    def done(self):
        """Every column has been taken."""
        for key, column in self.rows.items():
            raise Fault(column.offset, f"only columns of its frames and messages, found {key}")
