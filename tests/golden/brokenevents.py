"""Files whose events, ledgers, clocks, states or latencies docs/FORMAT.md forbids: each would read
well, were it not that one figure is impossible, or is not what frames and events come to."""
import struct

from brokencases import broken
from tickfile import CHANNELS, CLOCK, EVENTS, LEDGER, LINES, NIC, raw, varint

(SYMBOL, CLOSED, DROPPED, LINE, FILTERED, GAP, FILLED, START, END, NIC_EVENT, LINK, STEP, CHANNEL,
 BAD_TIME, LATENCY) = 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 14, 15, 17, 18
SESSION = 16  # bytes; the figures of most events of a line follow it

# ---- events ------------------------------------------------------------------------------------


def place_of(file, kind, pick=0):
    """(block, events of it, place among them) of an event of that kind."""
    found = [(block, events, place)
             for block in file.blocks() if EVENTS in file.columns(block)
             for events in [file.events(block)]
             for place, event in enumerate(events) if event.kind == kind]
    return found[pick]


def remove(file, kind, pick=0):
    block, events, place = place_of(file, kind, pick)
    del events[place]
    file.set_events(block, events)


def change(file, of, pick=0, **changes):
    """Another head for an event: kind, about, position, time, payload."""
    block, events, place = place_of(file, of, pick)
    events[place] = events[place]._replace(**changes)
    file.set_events(block, events)


def put(file, kind, offset, layout, value, pick=0):
    """Another figure in the payload of an event."""
    block, events, place = place_of(file, kind, pick)
    payload = bytearray(events[place].payload)
    struct.pack_into("<" + layout, payload, offset, value)
    change(file, kind, pick, payload=bytes(payload))


def figure(file, kind, offset, layout="Q", pick=0):
    _, events, place = place_of(file, kind, pick)
    return struct.unpack_from("<" + layout, events[place].payload, offset)[0]


@broken("event_out_of_place", "damaged", "is cut short or out of place")
def _(file):
    change(file, GAP, position=5000)


@broken("event_reserved", "damaged", "is cut short or out of place")
def _(file):
    block, *_ = place_of(file, START)
    values = bytearray(file.values(block, EVENTS))
    values[20] = 1
    file.set_values(block, EVENTS, bytes(values))


@broken("more_events_than_there_are", "damaged", "is cut short or out of place", base="events")
def _(file):
    block = file.block(0)
    file.put(block + 60, "I", file.number(block + 60, "I") + 1)


@broken("fewer_events_than_there_are", "damaged", "bytes follow the last event", base="events")
def _(file):
    block = file.block(0)
    file.put(block + 60, "I", file.number(block + 60, "I") - 1)


def broken_event(name, words):
    return broken(name, "damaged", words, base="events")


# One is not there that the frames give, or one is there that they do not give.

@broken_event("gap_removed", "no gap event stands before it, but its sequence numbers give one")
def _(file):
    remove(file, GAP)


@broken_event("filled_late_removed", "no filled event stands before it")
def _(file):
    remove(file, FILLED, pick=1)


@broken_event("filled_by_line_removed", "no filled event stands before it")
def _(file):
    remove(file, FILLED)


@broken_event("session_start_removed", "no session_start event stands before it")
def _(file):
    remove(file, START)


@broken_event("session_end_removed", "no session_end event stands before it")
def _(file):
    remove(file, END)


@broken_event("session_closed_removed", "no session_closed event stands before it")
def _(file):
    remove(file, CLOSED)


@broken("dropped_removed", "damaged", "the flags of frame 21 are not those that its sequence")
def _(file):
    remove(file, DROPPED)


@broken_event("gap_twice", "a gap event stands before it, but its sequence numbers give none")
def _(file):
    block, events, place = place_of(file, GAP)
    events.insert(place, events[place])
    file.set_events(block, events)


@broken_event("gap_before_another_frame", "stands before it, but its sequence numbers give none")
def _(file):
    block, events, place = place_of(file, GAP)
    change(file, GAP, position=events[place].position - 1)


@broken_event("gap_behind_all_frames", "a gap event stands before no frame")
def _(file):
    block, events, place = place_of(file, GAP)
    events.append(events[place]._replace(position=file.number(block + 52, "I")))
    file.set_events(block, events)


# Kinds, and what they are about.

@broken_event("line_event", "a line event, which is in no file")
def _(file):
    change(file, GAP, kind=LINE)


@broken_event("channel_event", "a channel event, which is in no file")
def _(file):
    change(file, GAP, kind=CHANNEL)


@broken_event("gap_of_no_line", "a gap event is about 4, which there is not")
def _(file):
    change(file, GAP, about=4)


@broken_event("link_of_no_port", "a link event is about 1, which there is not")
def _(file):
    change(file, LINK, about=1)


@broken_event("name_of_no_channel", "a symbol event is about 2, which there is not")
def _(file):
    change(file, SYMBOL, about=2)


@broken_event("name_of_a_feed_without_locates", "a name of 10 bytes for channel 1")
def _(file):
    change(file, SYMBOL, about=1)


@broken("dropped_about_a_line", "damaged", "a dropped event is about 0, which there is not")
def _(file):
    change(file, DROPPED, about=0)


@broken_event("nic_cut_short", "a nic event has 24 bytes, expected 32")
def _(file):
    _, events, place = place_of(file, NIC_EVENT)
    change(file, NIC_EVENT, payload=events[place].payload[:24])


@broken_event("session_end_too_long", "a session_end event has 32 bytes, expected 24")
def _(file):
    _, events, place = place_of(file, END)
    change(file, END, payload=events[place].payload + bytes(8))


# Figures that cannot be.

@broken_event("gap_of_nothing", "what a gap event says contradicts itself")
def _(file):
    put(file, GAP, SESSION, "Q", figure(file, GAP, SESSION + 8))


@broken_event("gap_known_to_more", "what a gap event says contradicts itself")
def _(file):
    put(file, GAP, SESSION + 24, "Q", 1000)


@broken_event("filled_by_nothing", "what a filled event says contradicts itself")
def _(file):
    put(file, FILLED, SESSION + 16, "Q", 0)


@broken_event("filled_by_too_many", "what a filled event says contradicts itself")
def _(file):
    put(file, FILLED, SESSION + 16, "Q", 4)


@broken_event("filled_in_a_third_way", "what a filled event says contradicts itself")
def _(file):
    put(file, FILLED, SESSION + 24, "Q", 3)


@broken_event("session_closed_backwards", "what a session_closed event says contradicts itself")
def _(file):
    put(file, CLOSED, SESSION + 8, "Q", 0)


@broken_event("session_closed_over_twice", "what a session_closed event says contradicts itself")
def _(file):
    put(file, CLOSED, SESSION + 20, "I", 2)


@broken_event("session_start_neither_first_nor_not",
              "what a session_start event says contradicts itself")
def _(file):
    put(file, START, SESSION + 16, "Q", 2)


@broken_event("link_neither_up_nor_down", "what a link event says contradicts itself")
def _(file):
    put(file, LINK, 0, "Q", 2)


@broken_event("step_of_a_third_clock", "what a clock_step event says contradicts itself")
def _(file):
    put(file, STEP, 8, "Q", 2)


@broken_event("bad_time_of_no_frame", "what a bad_time event says contradicts itself")
def _(file):
    put(file, BAD_TIME, 0, "Q", 0)


@broken_event("bad_time_without_reason", "what a bad_time event says contradicts itself")
def _(file):
    put(file, BAD_TIME, 16, "Q", 0)


@broken_event("bad_time_for_a_fifth_reason", "what a bad_time event says contradicts itself")
def _(file):
    put(file, BAD_TIME, 16, "Q", 5)


@broken_event("latency_within_its_bound", "what a latency event says contradicts itself")
def _(file):
    put(file, LATENCY, 8, "Q", 1 << 60)


# Figures that are possible, but not those of the frames.

@broken_event("gap_of_other_numbers", "the gap event before it says something else")
def _(file):
    put(file, GAP, SESSION, "Q", figure(file, GAP, SESSION) - 1)


@broken_event("gap_known_to_fewer", "the gap event before it says something else")
def _(file):
    assert figure(file, GAP, SESSION + 24, pick=1) == 2
    put(file, GAP, SESSION + 24, "Q", 1, pick=1)


@broken_event("gap_behind_another_packet", "the gap event before it says something else")
def _(file):
    put(file, GAP, SESSION + 16, "Q", figure(file, GAP, SESSION + 16) + 1)


@broken_event("gap_at_another_time", "the gap event before it says something else")
def _(file):
    _, events, place = place_of(file, GAP)
    change(file, GAP, time=events[place].time + 1)


@broken_event("gap_of_another_line", "the gap event before it says something else")
def _(file):
    change(file, GAP, about=1)


@broken_event("filled_with_fewer", "the filled event before it says something else")
def _(file):
    put(file, FILLED, SESSION + 16, "Q", figure(file, FILLED, SESSION + 16) - 1)


@broken_event("filled_in_another_way", "the filled event before it says something else")
def _(file):
    put(file, FILLED, SESSION + 24, "Q", 1)


@broken_event("session_start_at_another_number", "the session_start event before it says")
def _(file):
    put(file, START, SESSION, "Q", 2)


@broken_event("session_closed_elsewhere", "the session_closed event before it says")
def _(file):
    put(file, CLOSED, SESSION + 8, "Q", figure(file, CLOSED, SESSION + 8) + 1)


@broken_event("session_end_of_another", "the session_end event before it says")
def _(file):
    put(file, END, 0, "B", 0x58)


# ---- losses ------------------------------------------------------------------------------------

DROP = {"cause": 0, "exact": 4, "frames": 8, "messages": 16, "unmatched": 24, "malformed": 32,
        "filtered": 40, "filtered_messages": 48, "runs": 80}
RUN = 88  # offset of the first run
RUN_FIRST, RUN_END, RUN_PACKETS, RUN_HEARTBEATS, RUN_LINE, RUN_FATE = (
    RUN + at for at in (16, 24, 64, 68, 84, 86))


def broken_loss(name, words="what a dropped event says contradicts itself"):
    return broken(name, "damaged", words)


def more(file, name, by=1):
    put(file, DROPPED, DROP[name], "Q", figure(file, DROPPED, DROP[name]) + by)


@broken_loss("dropped_cut_short")
def _(file):
    put(file, DROPPED, DROP["runs"], "Q", 200)


@broken_loss("dropped_too_long")
def _(file):
    more(file, "runs", -1)


@broken_loss("dropped_for_no_cause")
def _(file):
    put(file, DROPPED, DROP["cause"], "I", 5)


@broken_loss("dropped_on_purpose")
def _(file):
    put(file, DROPPED, DROP["cause"], "I", 15)


@broken_loss("dropped_neither_exact_nor_not")
def _(file):
    put(file, DROPPED, DROP["exact"], "I", 2)


@broken_loss("dropped_run_of_no_line")
def _(file):
    put(file, DROPPED, RUN_LINE, "H", 2)


@broken_loss("dropped_run_of_no_fate")
def _(file):
    put(file, DROPPED, RUN_FATE, "B", 7)


@broken_loss("dropped_run_backwards")
def _(file):
    put(file, DROPPED, RUN_END, "Q", figure(file, DROPPED, RUN_FIRST) - 1)


@broken_loss("dropped_run_of_more_heartbeats")
def _(file):
    put(file, DROPPED, RUN_HEARTBEATS, "I", figure(file, DROPPED, RUN_PACKETS, "I") + 1)


@broken_loss("dropped_more_messages_than_its_runs")
def _(file):
    more(file, "messages")


@broken_loss("dropped_more_frames_than_its_runs")
def _(file):
    more(file, "frames")


@broken_loss("dropped_more_malformed_than_its_runs")
def _(file):
    more(file, "malformed")


@broken_loss("dropped_but_nothing_lost", "what a filtered event says contradicts itself")
def _(file):
    change(file, DROPPED, kind=FILTERED)


@broken_loss("dropped_for_another_cause", "the ledger: no_batch is")
def _(file):
    put(file, DROPPED, DROP["cause"], "I", 3)


@broken_loss("dropped_one_more", "the ledger: received is")
def _(file):
    more(file, "frames")
    more(file, "unmatched")


@broken_loss("dropped_other_numbers", "line a of channel0: gap_events is")
def _(file):
    put(file, DROPPED, RUN_FIRST, "Q", figure(file, DROPPED, RUN_FIRST) + 1)
    put(file, DROPPED, RUN_END, "Q", figure(file, DROPPED, RUN_END) + 1)


# ---- ledger, states and counters ---------------------------------------------------------------


def add(rows, row, by):
    """Another figure in rows, u32 how many and u32 zero before them."""
    at = 8 + 8 * row
    value, = struct.unpack_from("<Q", rows, at)
    return rows[:at] + struct.pack("<Q", value + by) + rows[at + 8:]


def set_ledger(file, first, changes):
    """Other figures in the ledgers from a block on, {row: more}, and in that of the index."""
    def changed(rows):
        for row, by in changes.items():
            rows = add(rows, row, by)
        return rows

    for block in list(file.blocks())[first:]:
        file.set_values(block, LEDGER, changed(file.values(block, LEDGER)))
    _, start, length = file.index_box(11)
    file.set_index_box(11, changed(bytes(file.data[start:start + length])))


@broken("ledger_open", "damaged", "the ledger does not close")
def _(file):
    set_ledger(file, 0, {0: 1})


@broken("ledger_of_other_losses", "damaged", "the ledger: no_batch is")
def _(file):
    set_ledger(file, 1, {2: -1, 5: 1})


@broken("ledger_of_fewer_losses", "damaged", "the ledger: received is")
def _(file):
    set_ledger(file, 1, {0: -1, 2: -1})


@broken("ledger_of_other_frames", "damaged", "the ledger: received is")
def _(file):
    set_ledger(file, 0, {0: 2, 1: 2})


@broken("ledger_of_other_messages", "damaged", "the ledger: messages is")
def _(file):
    set_ledger(file, 0, {8: 1})


@broken("ledger_of_other_dropped_messages", "damaged", "the ledger: messages_dropped is")
def _(file):
    set_ledger(file, 1, {9: -1})


@broken("ledger_backwards", "damaged", "the ledger counts messages backwards")
def _(file):
    set_ledger(file, 1, {8: -100})


@broken("ledger_cut_short", "damaged", "the ledger: cut short")
def _(file):
    block = file.block(0)
    file.set_values(block, LEDGER, file.values(block, LEDGER)[:-8])


@broken("ledger_too_long", "damaged", "the ledger: 4 bytes too long")
def _(file):
    block = file.block(0)
    file.set_values(block, LEDGER, file.values(block, LEDGER) + bytes(4))


@broken("ledger_reserved", "damaged", "the ledger: cut short, or with values that there are not")
def _(file):
    block = file.block(0)
    values = bytearray(file.values(block, LEDGER))
    values[4] = 1
    file.set_values(block, LEDGER, bytes(values))


@broken("state_of_no_line", "damaged", "state of line 77, but there are 2 lines")
def _(file):
    _, at, length = file.columns(file.block(0))[LINES]
    file.put(at + 1 + (file.data[at] >> 7), "Q", 77)


@broken("figures_of_no_channel", "damaged", "figures of channel 5, but there are 2 channels",
        base="events")
def _(file):
    block = file.block(0)
    values = file.values(block, CHANNELS)
    file.set_values(block, CHANNELS, struct.pack("<Q", 5) + values[8:])


def set_states(file, column, box, row, by):
    """Another figure of the first line or channel, in the last block and in the index."""
    block = file.block(-1)
    values = file.values(block, column)
    file.set_values(block, column, values[:8] + add(values[8:], row, by))
    _, start, length = file.index_box(box)
    contents = bytes(file.data[start:start + length])
    assert contents[:8] == values[:8]
    file.set_index_box(box, contents[:8] + add(contents[8:], row, by))


@broken("line_of_fewer_missing", "damaged", "line a of channel0: missing is")
def _(file):
    set_states(file, LINES, 10, 6, -1)


@broken("line_of_more_gaps", "damaged", "line a of channel0: gap_events is")
def _(file):
    set_states(file, LINES, 10, 5, 1)


@broken("line_of_other_losses", "damaged", "line a of channel0: not_recorded is")
def _(file):
    set_states(file, LINES, 10, 10, 1)


@broken("line_of_three_sessions", "damaged", "the state of line 0 is cut short")
def _(file):
    block = file.block(0)
    values = bytearray(file.values(block, LINES))
    rows, = struct.unpack_from("<I", values, 8)
    struct.pack_into("<Q", values, 16 + 8 * rows, 3)
    file.set_values(block, LINES, bytes(values))


@broken("channel_of_more_recovered", "damaged", "channel0: recovered is")
def _(file):
    set_states(file, CHANNELS, 15, 2, 1)


@broken("port_counts_backwards", "damaged", "the port counts missed backwards", base="events")
def _(file):
    first, second = file.block(0), file.block(1)
    values = file.values(second, NIC)
    file.set_values(second, NIC, values[:8] + add(values[8:], 0, -1))
    assert NIC in file.columns(first)


@broken("port_counters_cut_short", "damaged", "the port's counters: cut short", base="events")
def _(file):
    block = file.block(1)
    file.set_values(block, NIC, file.values(block, NIC)[:-8])


# ---- clock -------------------------------------------------------------------------------------


def broken_clock(name, words="the clock: cut short, or with values that there are not"):
    return broken(name, "damaged", words)


def set_clock(file, offset, value):
    block = file.block(0)
    values = bytearray(file.values(block, CLOCK))
    assert len(values) == 72
    values[offset] = value
    file.set_values(block, CLOCK, bytes(values))


@broken_clock("clock_of_no_source")
def _(file):
    set_clock(file, 0, 3)


@broken_clock("clock_of_no_unit")
def _(file):
    set_clock(file, 1, 3)


@broken_clock("clock_of_no_epoch")
def _(file):
    set_clock(file, 2, 3)


@broken_clock("clock_neither_settled_nor_not")
def _(file):
    set_clock(file, 3, 2)


@broken_clock("clock_of_too_few_bits")
def _(file):
    set_clock(file, 66, 64)


@broken_clock("clock_reserved")
def _(file):
    set_clock(file, 71, 1)


@broken_clock("clock_cut_short")
def _(file):
    file.set_values(file.block(0), CLOCK, file.values(file.block(0), CLOCK)[:64])


@broken_clock("clock_too_long", "the clock: 8 bytes too long")
def _(file):
    file.set_values(file.block(0), CLOCK, file.values(file.block(0), CLOCK) + bytes(8))


@broken_clock("clock_of_the_head_of_no_source")
def _(file):
    file.data[file.box(12)[1]] = 3


# ---- latencies ---------------------------------------------------------------------------------


def read_varint(data, at):
    """(number, offset behind it)."""
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return number, at


def read_histogram(data, at):
    """([lowest, highest, [step, count]...], offset behind it)."""
    buckets, at = read_varint(data, at)
    if buckets == 0:
        return None, at
    histogram, at = list(struct.unpack_from("<qq", data, at)), at + 16
    for _ in range(buckets):
        step, at = read_varint(data, at)
        count, at = read_varint(data, at)
        histogram.append([step, count])
    return histogram, at


def read_latencies(file):
    """[[line, three histograms]...] of the index."""
    _, start, length = file.index_box(17)
    data, at, lines = bytes(file.data[start:start + length]), 8, []
    while at < length:
        line = [struct.unpack_from("<Q", data, at)[0]]
        at += 8
        for _ in range(3):
            histogram, at = read_histogram(data, at)
            line.append(histogram)
        lines.append(line)
    return lines


def bytes_of(histogram):
    if histogram is None:
        return varint(0)
    return varint(len(histogram) - 2) + struct.pack("<qq", *histogram[:2]) + b"".join(
        varint(step) + varint(count) for step, count in histogram[2:])


def set_latencies(file, lines, left_out=0):
    file.set_index_box(17, struct.pack("<Q", left_out) + b"".join(
        struct.pack("<Q", line) + b"".join(map(bytes_of, histograms))
        for line, *histograms in lines))


def broken_latencies(name, words="the latencies cannot be read"):
    """Notes a case whose function changes the list that read_latencies gives; of the events, since
    its third line has latencies of every size."""
    def note(break_list):
        def change_box(file):
            lines = read_latencies(file)
            break_list(lines)
            set_latencies(file, lines)
        return broken(name, "damaged", words, base="events")(change_box)
    return note


@broken("latencies_cut_short", "damaged", "the latencies cannot be read", base="events")
def _(file):
    _, start, length = file.index_box(17)
    file.set_index_box(17, bytes(file.data[start:start + length - 1]))


@broken("latencies_not_there", "damaged", "the latencies cannot be read", base="events")
def _(file):
    file.set_index_box(17, b"")


@broken_latencies("latencies_of_no_line")
def _(lines):
    lines[-1][0] = 4


@broken_latencies("latencies_of_a_line_twice")
def _(lines):
    lines[1][0] = lines[0][0]


@broken_latencies("latencies_of_buckets_out_of_order")
def _(lines):
    lines[2][1][3][0] = 0


@broken_latencies("latencies_of_an_empty_bucket")
def _(lines):
    lines[2][1][3][1] = 0


@broken_latencies("latencies_beyond_the_last_bucket")
def _(lines):
    lines[2][1][-1][0] += 4096


@broken_latencies("latencies_highest_below_lowest")
def _(lines):
    lines[2][1][0], lines[2][1][1] = lines[2][1][1], lines[2][1][0]


@broken_latencies("latencies_of_a_lowest_elsewhere")
def _(lines):
    lines[2][1][0] -= 1 << 20


@broken_latencies("latencies_of_other_counts", "the latencies are not those of the frames")
def _(lines):
    lines[2][1][3][1] += 1


@broken_latencies("latencies_of_another_extreme", "the latencies are not those of the frames")
def _(lines):
    lines[3][3][0] -= 1


@broken_latencies("latencies_of_a_line_less", "the latencies are not those of the frames")
def _(lines):
    del lines[3]


@broken("latencies_of_a_line_left_out", "damaged", "the latencies are not those of the frames",
        base="events")
def _(file):
    set_latencies(file, read_latencies(file), left_out=1)
