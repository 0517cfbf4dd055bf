"""Latencies: what a segment says of them in histograms (*Latencies*)."""
import struct
from typing import NamedTuple

from tickbytes import expect

PLACES = 4096
TOP = 37  # bits; a magnitude of more falls into the last bucket
EXTREMES = struct.Struct("<qq")


class Histogram(NamedTuple):
    """Signed nanoseconds: lowest and highest, and how many are in each bucket that has any."""
    lowest: int
    highest: int
    buckets: dict


NO_VALUES = Histogram(0, 0, {})


def place_of(value):
    """The bucket of a value."""
    size = abs(value)
    if size < 64:
        bucket = size
    elif size >> TOP:
        bucket = 2047
    else:
        power = size.bit_length() - 1
        bucket = 64 * (power - 5) + (size >> (power - 6)) - 64
    return 2048 + bucket if value >= 0 else 2047 - bucket


def histogram_of(values):
    """The histogram of {value: count}."""
    if not values:
        return NO_VALUES
    buckets = {}
    for value, count in values.items():
        place = place_of(value)
        buckets[place] = buckets.get(place, 0) + count
    return Histogram(min(values), max(values), dict(sorted(buckets.items())))


def read_histogram(cursor):
    """A histogram (*Latencies*)."""
    count, buckets, place = cursor.varint(), {}, 0
    if not count:
        return NO_VALUES
    lowest, highest = cursor.unpack(EXTREMES)
    for number in range(count):
        step, values = cursor.varint(), cursor.varint()
        expect(values and (step or not number), cursor.offset, "another bucket with a value")
        place += step
        expect(place < PLACES, cursor.offset, f"a place below {PLACES}, found {place}")
        buckets[place] = values
    expect(place_of(lowest) == min(buckets) and place_of(highest) == max(buckets)
           and lowest <= highest, cursor.offset,
           f"the lowest and the highest value in the outer buckets, found {lowest} and {highest}")
    return Histogram(lowest, highest, buckets)


class Latencies(NamedTuple):
    """Box 17."""
    without_room: int
    lines: dict


def read_latencies(cursor, lines):
    """Box 17: of each line that has any, three histograms."""
    without_room, found = cursor.number(8), {}
    while cursor.left:
        offset, line = cursor.offset, cursor.number(8)
        expect(max(found, default=-1) < line < len(lines), offset, "latencies of a higher line")
        found[line] = tuple(read_histogram(cursor) for _ in range(3))
    return Latencies(without_room, found)
