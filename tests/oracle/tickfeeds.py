"""Feed tables, as a head carries them (*Feed tables* of docs/FORMAT.md)."""
from typing import NamedTuple

from tickbytes import (
    COUNT, LAST_FORMAT, LAST_MEANING, NO_CLASS, SEQUENCE, SESSION, STRING_FORMATS, TYPE, expect)


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
        self.rows, self.code_offsets = {}, set()
        for number, row in enumerate(self.types):
            code = [field for field in row.fields if field.meaning == TYPE]
            expect(len(code) == 1 and code[0].width == 1, cursor.offset,
                   f"one field of 1 byte in {row.name} that means its type")
            key = (code[0].offset, row.code, row.bytes)
            expect(key not in self.rows, cursor.offset, f"one row for messages like {row.name}")
            self.rows[key] = number
            self.code_offsets.add(code[0].offset)

    @property
    def order(self):
        return "big" if self.flags & 1 else "little"

    def class_of(self, message):
        """The class of a message: the row with its code and its length."""
        for offset in self.code_offsets:
            if offset < len(message):
                number = self.rows.get((offset, message[offset], len(message)))
                if number is not None:
                    return number
        return NO_CLASS

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
        end += field.width
        fields.append(field)
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
    for meaning in (SESSION, SEQUENCE, COUNT):
        expect(framing.field(meaning), start, f"a field of meaning {meaning} in {name}")
    expect(framing.field(SESSION).width <= 16, start, f"at most 16 bytes of session in {name}")
    return framing


def read_type(cursor):
    """A message type of a feed table."""
    start = cursor.offset
    name, code, flags, length = (cursor.text(), cursor.number(1), cursor.number(1),
                                 cursor.number(2))
    expect(flags <= 1, start, f"known flags of {name}")
    return Type(name, code, flags, length, read_fields(cursor, length, name))
