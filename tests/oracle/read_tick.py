#!/usr/bin/python3
"""Reads .tick files by docs/FORMAT.md alone, and checks all that can be checked.

It shares no code and no author with the library, so that the two can be compared frame by frame
and message by message. Names in italics in the docstrings are sections of that page.

    read_tick.py PATH... --json         what is in the files, if everything in them agrees
    read_tick.py PATH... --frames       one line a frame
    read_tick.py PATH... --pcap OUT     all frames as a pcap file with nanoseconds

As a module: Capture(paths).items() yields frames and events in order, Segment(path).blocks() the
blocks of one file. What does not agree raises Fault.
"""
import argparse
import heapq
import json
import pathlib
import struct
import sys

from tickbytes import Fault, expect
from tickcounts import StreamCount, compare_spread
from ticksegments import Segment, Totals


def find_segments(paths):
    """The files of paths; of a directory those that are called so."""
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            yield from sorted(file for file in path.iterdir()
                              if file.name.endswith((".tick", ".tick.open")))
        else:
            yield path


class Capture:
    """Segments of any streams and writers, in order."""

    def __init__(self, paths, strict=True, salvage=False):
        self.salvage, self.counts = salvage, {}
        self.segments = [Segment(path, strict, salvage) for path in find_segments(paths)]
        self.lanes = {}
        for segment in sorted(self.segments, key=lambda one: one.head.number):
            head = segment.head
            lane = self.lanes.setdefault((head.stream, head.run_id), {})
            lane.setdefault(head.writer, []).append(segment)

    def writer_blocks(self, segments):
        """(number, segment, block) of one writer's segments; checks their chain."""
        last, before = -1, None
        for segment in segments:
            if before:
                segment.guarded(self.check_chain, before, segment)
            for block in segment.blocks(last):
                last = block.header.number
                yield last, segment, block
            if before:
                before.state = None
            before = segment

    @staticmethod
    def check_chain(before, segment):
        """A segment continues the one before it (*Head*, previous_digest)."""
        head, other = segment.head, before.head
        expect(head.number == other.number + 1, 56, f"segment {other.number + 1} of its writer")
        expect(head.writers == other.writers, 60, f"{other.writers} writers")
        if before.complete and not before.faults:
            expect(head.previous_digest == before.tail.segment_digest, 72,
                   f"previous_digest 0x{before.tail.segment_digest:016x}")
            expect(not before.tail.flags & 1, 56, "no segment behind the last one")
            if head.writers == 1:
                before.state.compare(head, 128, "the head")
                expect(before.state.symbols == head.symbols(), 128, "the names known so far")

    def blocks(self, lane):
        """(segment, block) of a stream, by block number across its writers."""
        writers = [self.writer_blocks(segments) for segments in self.lanes[lane].values()]
        count, whole, last = self.count_of(lane), self.is_whole(lane), -1
        for number, segment, block in heapq.merge(*writers, key=lambda row: row[0]):
            if number > last + 1 and not whole:
                count = self.counts[lane] = None
            if count:
                segment.guarded(count.take_block, block)
            last = number
            yield segment, block

    def is_whole(self, lane):
        """Whether the last segment of each of the stream's writers is at hand, and finished."""
        return all(segments[-1].complete and segments[-1].tail.flags & 1
                   for segments in self.lanes[lane].values())

    def count_of(self, lane):
        """What counts a stream again; None where its beginning is not at hand."""
        writers = self.lanes[lane]
        head = next(iter(writers.values()))[0].head
        begins = len(writers) == head.writers and all(segments[0].head.number == 1
                                                      for segments in writers.values())
        self.counts[lane] = StreamCount(head) if begins and not self.salvage else None
        return self.counts[lane]

    def stream_items(self, lane):
        """(time, item) of a stream; an event goes with the frame that it stands before."""
        number = 0
        for _, block in self.blocks(lane):
            time_ns = block.header.last_rx_ns
            rows = []
            for item in reversed(list(block.items())):
                item.stream = lane[0]
                time_ns = item.rx_ns if item.is_frame else time_ns
                rows.append((time_ns, item))
            for time_ns, item in reversed(rows):
                if item.is_frame:
                    item.number = number
                    number += 1
                yield time_ns, item

    def items(self):
        """Frames and events: streams merged by receive time, ties by the stream's number."""
        lanes = sorted(self.lanes, key=lambda lane: (lane[0], min(
            row[0].head.start_ns for row in self.lanes[lane].values())))
        for _, item in heapq.merge(*map(self.stream_items, lanes), key=lambda row: row[0]):
            yield item

    def frames(self):
        """Only the frames."""
        return (item for item in self.items() if item.is_frame)

    def check(self):
        """Reads everything and keeps nothing."""
        for lane in self.lanes:
            for _ in self.blocks(lane):
                pass
        for run in {run for _, run in self.lanes}:
            self.check_spread([lane for lane in self.lanes if lane[1] == run])

    def check_spread(self, lanes):
        """Channels whose lines arrive in several streams of a run."""
        counts = [self.counts[lane] for lane in lanes]
        streams = {number for number, _, _ in self.segments[0].head.streams}
        if all(counts) and all(map(self.is_whole, lanes)) and len(lanes) == len(streams):
            segment = next(iter(self.lanes[lanes[0]].values()))[0]
            segment.guarded(compare_spread, counts)


# ---- Command -----------------------------------------------------------------------------------


def describe_head(head):
    """The fields of a head, and what its boxes name."""
    return {
        "version": f"{head.major}.{head.minor}", "head_bytes": head.head_bytes,
        "run_id": head.run_id.hex(), "segment_id": head.segment_id.hex(), "stream": head.stream,
        "writer": head.writer, "number": head.number, "writers": head.writers,
        "start_ns": head.start_ns, "previous_digest": f"{head.previous_digest:016x}",
        "tool": head.tool, "host": head.host, "name": head.name,
        "ports": [port._asdict() for port in head.ports],
        "streams": [{"number": number, "port": port, "queue": queue}
                    for number, port, queue in head.streams],
        "feeds": [{"name": feed.name, "id": feed.id, "framing": feed.framing.name,
                   "types": len(feed.types)} for feed in head.feeds],
        "channels": [{"name": channel.name, "feed": channel.feed.name, "group": channel.group,
                      "zone": channel.zone.name} for channel in head.channels],
        "lines": [dict(line._asdict(), channel=line.channel.name) for line in head.lines],
        "symbols": sum(map(len, head.symbols().values())), "ledger": head.ledger}


def describe(capture):
    """What --json prints."""
    files, totals = [], dict.fromkeys(("files", *Totals._fields), 0)
    for segment in capture.segments:
        files.append({"path": str(segment.path), "complete": segment.complete,
                      **describe_head(segment.head), **segment.totals._asdict(),
                      "segment_digest": f"{segment.digest:016x}"})
        if segment.faults:
            files[-1]["faults"] = [str(fault) for fault in segment.faults]
        totals["files"] += 1
        for name, value in segment.totals._asdict().items():
            totals[name] += value
    return {"files": files, "totals": totals}


def write_pcap(capture, path):
    """All frames as a pcap file with nanoseconds, little endian."""
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for frame in capture.frames():
            seconds, rest = divmod(frame.rx_ns, 10**9)
            file.write(struct.pack("<IIII", seconds, rest, len(frame.data), frame.wire_length))
            file.write(frame.data)


def run(options):
    """Does what the options say; faults are raised."""
    capture = Capture(options.paths, strict=not options.lenient, salvage=options.salvage)
    if options.pcap:
        write_pcap(capture, options.pcap)
    elif options.frames:
        for frame in capture.frames():
            print(frame)
    else:
        capture.check()
        print(json.dumps(describe(capture), indent=1))
    for segment in capture.segments:
        for fault in segment.faults:
            raise fault


def main():
    """The command: exit code 0, or 1 and one sentence."""
    parser = argparse.ArgumentParser(description="Reads and checks .tick files.")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a file or a directory of files")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--json", action="store_true", help="say what is in the files")
    what.add_argument("--frames", action="store_true", help="print one line a frame")
    what.add_argument("--pcap", metavar="OUT", help="write all frames as a pcap file")
    parser.add_argument("--lenient", action="store_true",
                        help="ignore padding that is not zero, as a reader must")
    parser.add_argument("--salvage", action="store_true",
                        help="go on with the next sound block after damage")
    try:
        run(parser.parse_args())
    except (Fault, OSError) as fault:
        print(f"{fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
