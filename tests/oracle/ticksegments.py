"""Segments: a file from its head to its tail, and what its blocks add up to."""
import contextlib
import mmap
import pathlib
import struct
from typing import NamedTuple

from tickblocks import Block, read_block_header
from tickbytes import BLOCK_MAGIC, INDEX_MAGIC, LOCATE, SYMBOL, Fault, digest, expect, up_to
from tickends import TAIL, Index, read_tail
from tickevents import SYMBOL_KNOWN
from tickhead import Head
from ticktimes import SegmentLatencies


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
        self.data = self.tail = self.index = self.state = self.said_latencies = None
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
        self.latencies = SegmentLatencies(self.head)
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
        self.state.take_block(block, self.totals.blocks)
        self.latencies.take_block(block)
        self.totals = self.totals.plus(header)
        self.digest = self.part_digest(self.digest, header.header_checksum)

    def finish(self, offset):
        """Compares index and tail with the blocks (*Index*, *Tail*)."""
        if not self.index:
            return
        self.said_latencies = self.index.latencies
        start, where = self.tail.index_offset, len(self.data) - TAIL.size
        expect(offset == start, offset, f"the index, found at {start}")
        blocks = self.totals.blocks
        expect(len(self.index.records) == blocks, start, f"{blocks} records in the index")
        expect(self.tail.blocks == blocks, where + 32, f"{blocks} blocks")
        self.digest = self.part_digest(self.digest, self.index.head_checksum)
        expect(self.digest == self.tail.segment_digest, where + 24,
               f"segment_digest 0x{self.digest:016x}, found 0x{self.tail.segment_digest:016x}")
        self.state.check_index(self.index, start, self.head.writers == 1)
        if self.latencies.can_be_known:
            self.latencies.compare(self.index.latencies, start)


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


def looked_at_later(before, after):
    """Counters of a port, looked at once more: none is less (*Boxes*, 16)."""
    return (before and after and before.time_ns <= after.time_ns
            and len(before.rows) == len(after.rows)
            and all(one <= other for one, other in zip(before.rows, after.rows)))


class State:
    """What is known at a place of a segment: names, lines, channels, ledger, clock, port."""

    def __init__(self, head):
        self.symbols, self.log = head.symbols(), []
        self.line_states, self.channel_states = dict(head.line_states), dict(head.channel_states)
        self.ledger, self.clock, self.nic = head.ledger, head.clock, head.nic

    def take_block(self, block, place):
        """Continues with what a block says."""
        self.line_states.update(block.line_states)
        self.channel_states.update(block.channel_states)
        if block.ledger is not None:
            backwards = [one for one, other in zip(self.ledger, block.ledger) if one > other]
            expect(not backwards, block.offset,
                   f"a ledger of at least {self.ledger}, found {block.ledger}")
            self.ledger = block.ledger
        if block.clock is not None:
            self.clock = block.clock
        if block.nic is not None:
            expect(not self.nic or looked_at_later(self.nic, block.nic), block.offset,
                   f"counters of the port of at least {self.nic}, found {block.nic}")
            self.nic = block.nic
        for event in block.events:
            if event.kind == SYMBOL_KNOWN:
                locate, name = event.contents
                self.symbols.setdefault(event.about, {})[locate] = name
                self.log.append((place, event.about, locate, name))

    def check_index(self, index, offset, alone):
        """The index says the same; of lines and ledger only if no other writer tells of them."""
        expect(index.symbol_log == self.log, offset, "the names of the blocks in the index")
        if alone:
            self.compare(index, offset, "the index")

    def compare(self, other, offset, where):
        """Lines, channels, ledger and clock are the same in an index or a head."""
        for name in ("line_states", "channel_states", "ledger", "clock", "nic"):
            wanted, found = getattr(self, name), getattr(other, name)
            if name == "nic" and looked_at_later(wanted, found):
                continue
            expect(wanted == found, offset, f"{name} {wanted} in {where}, found {found}")
