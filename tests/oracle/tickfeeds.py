"""Feed tables, as a head carries them (*Feed tables* of docs/FORMAT.md)."""
from typing import NamedTuple

from tickbytes import (
    COUNT, EPOCH_S, EXCH_SECOND, LAST_FORMAT, LAST_MEANING, MIDNIGHT_S, NO_CLASS, PAYLOAD_BYTES,
    SEND_TIME, SEQUENCE, SESSION, STREAM_OFFSET, STRING_FORMATS, TYPE, expect)

# Most bytes of a header's field, by its meaning.
WIDTHS = {SESSION: 16, SEQUENCE: 8, COUNT: 2, PAYLOAD_BYTES: 4, STREAM_OFFSET: 8, SEND_TIME: 8}


class Field(NamedTuple):
    """A row of fields (*Feed tables*)."""
    name: str
    offset: int
    width: int
    format: int
    scale: int
    meaning: int

    @property
    def is_string(self):
        return self.format in STRING_FORMATS

    @property
    def stored(self):
        """Bytes of a value in a column (*Scope 1*)."""
        return self.width if self.is_string else next(w for w in (1, 2, 4, 8) if w >= self.width)


class Type(NamedTuple):
    """A row of message types; its place in the table is its class."""
    name: str
    code: int
    flags: int
    bytes: int
    fields: tuple


class Framing(NamedTuple):
    """How datagrams hold messages."""
    id: int
    flags: int
    header_bytes: int
    version: int
    name: str
    source: str
    fields: tuple

    @property
    def order(self):
        return "big" if self.flags & 1 else "little"

    def field(self, meaning):
        """The header's field of a meaning, or None."""
        return next((field for field in self.fields if field.meaning == meaning), None)

    def messages_of(self, count):
        """How many messages a count field tells of (*Feed tables*, framing flag 16)."""
        return 0 if count == 0xFFFF and self.flags & 16 else count


class Feed:
    """A feed table of the head."""

    def __init__(self, cursor):
        self.id, self.flags = cursor.number(2), cursor.number(1)
        self.name, self.source = cursor.text(), cursor.text()
        expect(self.flags <= 3, cursor.offset, "known feed flags")
        self.framing = read_framing(cursor)
        self.types = tuple(read_type(cursor) for _ in range(cursor.number(1)))
        expect(1 <= len(self.types) <= 250, cursor.offset, f"1 to 250 types in {self.name}")
        expect(len({row.code for row in self.types}) == len(self.types), cursor.offset,
               f"types of {self.name} with different codes")
        for row in self.types:
            code = [field for field in row.fields if field.meaning == TYPE]
            expect(len(code) == 1 and code[0].offset == 0 and code[0].width == 1, cursor.offset,
                   f"the type's code in byte 0 of {row.name}, and nowhere else")
        self.rows = {(row.code, row.bytes): number for number, row in enumerate(self.types)}

    @property
    def order(self):
        return "big" if self.flags & 1 else "little"

    def class_of(self, message):
        """The class of a message: the row with its code and its length."""
        return self.rows.get((message[0], len(message)), NO_CLASS) if message else NO_CLASS

    def values_of(self, message, meaning):
        """The values of a message's fields of a meaning."""
        number = self.class_of(message)
        for field in self.types[number].fields if number != NO_CLASS else ():
            if field.meaning == meaning:
                raw = message[field.offset:field.offset + field.width]
                yield raw if field.is_string else int.from_bytes(raw, self.order)


def read_fields(cursor, length, what):
    """Fields, which follow each other without holes (*Feed tables*)."""
    fields, end = [], 0
    for _ in range(cursor.number(1)):
        offset = cursor.offset
        field = Field(cursor.text(), cursor.number(2), *(cursor.number(1) for _ in range(4)))
        expect(field.offset == end and field.width, offset, f"{field.name} at byte {end} of {what}")
        expect(field.format <= LAST_FORMAT and field.meaning <= LAST_MEANING, offset,
               f"a known format and meaning of {field.name}")
        expect(field.is_string or field.width <= 8, offset, f"at most 8 bytes of {field.name}")
        expect(field.scale <= 18, offset, f"a scale of at most 18 of {field.name}")
        expect(field.meaning != EXCH_SECOND or field.format in (EPOCH_S, MIDNIGHT_S), offset,
               f"a second in {field.name}")
        end += field.width
        fields.append(field)
    expect(1 <= len(fields) <= 64, cursor.offset, f"1 to 64 fields in {what}")
    expect(end == length, cursor.offset, f"fields of {length} bytes in {what}, found {end}")
    return tuple(fields)


def read_framing(cursor):
    """The framing of a feed table."""
    start = cursor.offset
    number, flags = cursor.number(2), cursor.number(1)
    header_bytes, version = cursor.number(1), cursor.number(1)
    name, source = cursor.text(), cursor.text()
    fields = read_fields(cursor, header_bytes, name)
    expect(flags <= 31, start, "known framing flags")
    framing = Framing(number, flags, header_bytes, version, name, source, fields)
    expect(header_bytes <= 128, start, f"at most 128 bytes in the header of {name}")
    for meaning, most in WIDTHS.items():
        field = framing.field(meaning)
        expect(field or meaning not in (SESSION, SEQUENCE, COUNT), start,
               f"a field of meaning {meaning} in {name}")
        expect(not field or field.width <= most, start,
               f"at most {most} bytes of meaning {meaning} in {name}")
    return framing


def read_type(cursor):
    """A message type of a feed table."""
    start = cursor.offset
    name, code, flags, length = (cursor.text(), cursor.number(1), cursor.number(1),
                                 cursor.number(2))
    expect(flags <= 1, start, f"known flags of {name}")
    return Type(name, code, flags, length, read_fields(cursor, length, name))
