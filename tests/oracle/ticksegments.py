"""Segments: a file from its head to its tail, and what its blocks add up to."""
import contextlib
import mmap
import pathlib
import struct
from typing import NamedTuple

from tickblocks import Block, read_block_header
from tickbytes import (
    BLOCK_MAGIC, DUPLICATE, GAP, HEARTBEAT, INDEX_MAGIC, LATE, LEDGER_MALFORMED,
    LEDGER_MESSAGES, LEDGER_WIRE, LOCATE, MALFORMED, NOT_RECORDED, RECORDED, SOME_FLAGGED,
    STALE, SYMBOL, UNMATCHED, Fault, digest, expect, up_to)
from tickends import TAIL, Index, read_tail
from tickhead import Head


class Totals(NamedTuple):
    """What a segment holds."""
    blocks: int = 0
    frames: int = 0
    messages: int = 0
    events: int = 0
    frame_bytes: int = 0

    def plus(self, header):
        """With a block more."""
        return Totals(self.blocks + 1, self.frames + header.frames,
                      self.messages + header.messages, self.events + header.events,
                      self.frame_bytes + header.frame_bytes)


class Segment:
    """A file. Its head and tail are read at once, its blocks and index by blocks().

    `strict` also refuses what a reader must ignore but a writer must not write: padding that is
    not zero. With `salvage`, blocks that are damaged are left out and noted in `faults`.
    """

    def __init__(self, path, strict=True, salvage=False):
        self.path, self.strict, self.salvage = pathlib.Path(path), strict, salvage
        self.totals, self.faults = Totals(), []
        self.data = self.tail = self.index = self.state = None
        with self.mapped():
            self.guarded(self.read_ends)

    @contextlib.contextmanager
    def mapped(self):
        """Has the bytes of the file at hand."""
        with open(self.path, "rb") as file:
            if self.path.stat().st_size == 0:
                self.data = b""
                yield
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as self.data:
                yield

    def guarded(self, function, *words):
        """Calls a function; a fault in it learns whose it is."""
        try:
            return function(*words)
        except Fault as fault:
            fault.path = fault.path or str(self.path)
            raise

    def read_ends(self):
        """Head, and unless the name says that there is none, the tail (*A segment*)."""
        self.head = Head(self.data, self.strict)
        if not self.path.name.endswith(".tick.open"):
            self.tail = self.salvaging(read_tail, self.data)

    def salvaging(self, function, *words):
        """Calls a function; None if it finds a fault that is only noted."""
        try:
            return self.guarded(function, *words)
        except Fault as fault:
            if not self.salvage:
                raise
            self.faults.append(fault)
            return None

    @property
    def complete(self):
        return self.tail is not None

    @staticmethod
    def part_digest(before, checksum):
        """The segment digest with a part more (*Tail*)."""
        return digest(struct.pack("<QQ", before, checksum))

    def blocks(self, last=-1):
        """The blocks, one after the other; behind the last one everything is compared.

        `last` is the number of the block before, in the segment before.
        """
        self.totals, self.state = Totals(), State(self.head)
        self.digest = self.part_digest(0, self.head.head_checksum)
        with self.mapped():
            if self.tail:
                self.index = self.salvaging(Index, self.data, self.tail, self.head, self.strict)
            offset = self.head.head_bytes
            while not self.guarded(self.at_end, offset):
                block = self.salvaging(self.read_block, offset, last)
                if block is None:
                    offset = self.next_block(offset + 64)
                    continue
                last = block.header.number
                yield block
                offset = up_to(offset + block.header.stored_bytes, 64)
            if not self.faults:
                self.guarded(self.finish, offset)
        self.index = None

    def read_block(self, offset, last):
        """The block at a place, compared with those before it."""
        block = Block(self.data, offset, self.head)
        self.take_block(block, last)
        return block

    def at_end(self, offset):
        """Whether the blocks end here (*Reading what is damaged*)."""
        if self.index:
            expect(offset <= self.tail.index_offset or self.faults, offset,
                   f"the index at {offset}, found at {self.tail.index_offset}")
            return offset >= self.tail.index_offset
        if offset >= len(self.data) or self.data[offset:offset + 8] == INDEX_MAGIC:
            return True
        if self.path.name.endswith(".tick.open") and self.is_cut_off(offset):
            return True
        zeros = not any(self.data[offset:offset + 64])
        strict = self.strict and not self.salvage
        expect(not zeros or not strict or not any(self.data[offset:]), offset,
               "zeros up to the end of the file")
        return zeros

    def is_cut_off(self, offset):
        """Whether the file ends within the block that begins here (*A segment*)."""
        left = len(self.data) - offset
        if left >= 128 and self.data[offset:offset + 8] == BLOCK_MAGIC:
            return int.from_bytes(self.data[offset + 32:offset + 36], "little") > left
        return left < 128 and any(self.data[offset:])

    def next_block(self, offset):
        """Where the next block begins after damage, or the end."""
        while True:
            offset = self.data.find(BLOCK_MAGIC, offset)
            if offset < 0:
                return len(self.data)
            try:
                expect(offset % 64 == 0, offset, "a multiple of 64")
                read_block_header(self.data, offset, self.head)
                return offset
            except Fault:
                offset += 1

    def take_block(self, block, last):
        """Compares a block with those before it and with its record in the index."""
        header, end = block.header, block.offset + block.header.stored_bytes
        expect(header.number > last, block.offset + 40, f"a block number above {last}")
        padding = self.data[end:up_to(end, 64)]
        limit = self.tail.index_offset if self.tail else len(self.data)
        expect(end <= limit, end, "a block that ends before the index")
        expect(not self.strict or not any(padding), end, "zeros behind a block")
        if self.index and not self.faults:
            expect(self.totals.blocks < len(self.index.records), block.offset,
                   f"{len(self.index.records)} blocks, as the index has records")
            check_record(self.index.records[self.totals.blocks], block)
        self.state.take_block(block, self.totals.blocks, self.alone(header, last))
        self.totals = self.totals.plus(header)
        self.digest = self.part_digest(self.digest, header.header_checksum)

    def alone(self, header, last):
        """Whether a block tells all that happened since the one before it."""
        follows = last < 0 or header.number == last + 1
        return self.head.writers == 1 and not self.faults and follows

    def finish(self, offset):
        """Compares index and tail with the blocks (*Index*, *Tail*)."""
        if not self.index:
            return
        start, where = self.tail.index_offset, len(self.data) - TAIL.size
        expect(offset == start, offset, f"the index, found at {start}")
        blocks = self.totals.blocks
        expect(len(self.index.records) == blocks, start, f"{blocks} records in the index")
        expect(self.tail.blocks == blocks, where + 32, f"{blocks} blocks")
        self.digest = self.part_digest(self.digest, self.index.head_checksum)
        expect(self.digest == self.tail.segment_digest, where + 24,
               f"segment_digest 0x{self.digest:016x}, found 0x{self.tail.segment_digest:016x}")
        self.state.check_index(self.index, start, self.head.writers == 1)


def check_record(record, block):
    """A record says the same as its block (*Index*)."""
    header = block.header
    wanted = (header.offset, header.stored_bytes, header.frames, header.messages, header.flags,
              header.number, header.first_rx_ns, header.last_rx_ns)
    expect(record.block == wanted, block.offset, f"a record {wanted}, found {record.block}")
    expect(record.ranges == block.ranges, block.offset,
           f"ranges {block.ranges} in the index, found {record.ranges}")
    expect(len({row[0] for row in record.sets}) == len(record.sets), block.offset,
           "at most one symbol set a group")
    for group, form, values in record.sets:
        missing = block.symbols_of(group, LOCATE if form == 1 else SYMBOL) - values
        expect(not missing, block.offset, f"{missing} in the symbol set of group {group}")


class State:
    """What is known at a place of a segment: names, lines, ledger, clock (*Boxes*, 9 to 12)."""

    def __init__(self, head):
        self.symbols, self.line_states = head.symbols(), dict(head.line_states)
        self.ledger, self.clock, self.log = head.ledger, head.clock, []

    def take_block(self, block, place, alone):
        """Continues with what a block says; counters grow by its frames."""
        if alone:
            self.check_ledger(block)
            self.check_figures(block)
        self.line_states.update(block.line_states)
        if block.ledger is not None:
            expect(all(one >= other for one, other in zip(block.ledger, self.ledger)),
                   block.offset, f"a ledger that never counts backwards from {self.ledger}")
            self.ledger = block.ledger
        if block.clock is not None:
            self.clock = block.clock
        for event in block.events:
            if event.kind == 1:
                locate, name = event.contents
                self.symbols.setdefault(event.about, {})[locate] = name
                self.log.append((place, event.about, locate, name))

    def check_ledger(self, block):
        """The ledger grew by the frames of a block, unless some were lost (*Counters*)."""
        before, after = self.ledger, block.ledger or self.ledger
        if len(before) <= LEDGER_WIRE or len(after) <= LEDGER_WIRE or before[2:8] != after[2:8]:
            return
        frames = block.frames
        grown = {RECORDED: len(frames), LEDGER_MESSAGES: block.header.messages,
                 UNMATCHED: sum(1 for frame in frames if not frame.line),
                 LEDGER_MALFORMED: sum(1 for frame in frames if frame.flags & MALFORMED),
                 LEDGER_WIRE: sum(frame.wire_length for frame in frames)}
        for place, count in grown.items():
            expect(after[place] == before[place] + count, block.offset,
                   f"ledger {place} to grow by {count}, found {before[place]} to {after[place]}")

    def check_figures(self, block):
        """The figures of a line grew by its frames, unless some were lost (*Counters*)."""
        grown = {}
        for frame in block.frames:
            if frame.line:
                counts = grown.setdefault(frame.line.number, [0] * 14)
                flags, own = frame.flags, frame.message_flags
                counts[0] += not flags & MALFORMED
                counts[1] += len(own)
                if flags & SOME_FLAGGED:
                    counts[3] += sum(1 for value in own if value & LATE)
                    counts[4] += sum(1 for value in own if value & DUPLICATE)
                counts[5] += bool(flags & GAP)
                counts[7] += bool(flags & HEARTBEAT)
                counts[8] += bool(flags & STALE)
                counts[11] += bool(flags & MALFORMED)
                counts[13] += frame.wire_length
        for line, counts in grown.items():
            self.check_line(block, line, counts)

    def check_line(self, block, line, counts):
        """The figures of one line."""
        before = self.line_states[line].figures if line in self.line_states else (0,) * 14
        expect(line in block.line_states, block.offset, f"the state of line {line}")
        after = block.line_states[line].figures
        if len(before) < 14 or len(after) < 14 or before[NOT_RECORDED] != after[NOT_RECORDED]:
            return
        for place in (0, 1, 3, 4, 5, 7, 8, 11, 13):
            expect(after[place] == before[place] + counts[place], block.offset,
                   f"figure {place} of line {line} to grow by {counts[place]}, "
                   f"found {before[place]} to {after[place]}")

    def check_index(self, index, offset, alone):
        """The index says the same; of lines and ledger only if no other writer tells of them."""
        expect(index.symbol_log == self.log, offset, "the names of the blocks in the index")
        if alone:
            self.compare(index, offset, "the index")

    def compare(self, other, offset, where):
        """Lines, ledger and clock are the same in an index or a head."""
        for name in ("line_states", "ledger", "clock"):
            wanted, found = getattr(self, name), getattr(other, name)
            expect(wanted == found, offset, f"{name} {wanted} in {where}, found {found}")
