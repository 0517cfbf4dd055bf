"""tickcap gaps and cat --events from outside: what they print of one small feed with gaps of every
outcome, what they answer scripts, and what they refuse."""
import json

import pcapio
import tap
from clispace import HERE, record, refused
from expectedrows import GROUPS, OPENING
from program import tickcap

CONFIGURATION = """name: gaps
channels:
  - name: totalview
    feed: moldudp64/itch50
    timezone: America/New_York
    lines:
      - { name: a, group: "233.54.12.111:26477" }
      - { name: b, group: "233.86.230.111:26477" }
"""
HIGHEST = 2**64 - 100  # sums of what is missing fit 64 bits
STEP = 1000


def packets(*rows):
    """[(rx_ns, wire, bytes)] of (line, session, first number, messages; None: end of session)."""
    frames = []
    for line, session, sequence, count in rows:
        messages = [b"x"] * (count or 0)
        payload = pcapio.moldudp64(session, sequence, messages)
        if count is None:
            payload = payload[:18] + b"\xff\xff"
        frame = pcapio.udp_frame(payload, *GROUPS[line])
        frames.append((OPENING + STEP * len(frames), len(frame), frame))
    return frames


FEED = packets(("a", "one", 10, 2), ("b", "one", 10, 2),  # 0, 1
               ("a", "one", 15, 1),                       # 2: 12 to 14 are missing
               ("b", "one", 13, 1),                       # 3: 12 on both; 13 is recovered
               ("a", "one", 14, 1),                       # 4: late
               ("a", "one", 16, None),                    # 5
               ("a", "two", 1, 1), ("a", "two", 4, 1),    # 6, 7: 2 and 3 are missing
               ("a", "two", 2, 2),                        # 8: both late
               ("b", "two", 1, 0),                        # 9
               ("a", "two", HIGHEST, 0))                  # 10


def capture():
    return record("gaps", FEED, CONFIGURATION)


def whole():
    return record("whole", packets(("a", "one", 10, 2), ("a", "one", 12, 2)), CONFIGURATION)


def time_of(number):
    return OPENING + STEP * number


def gap(line, session, first, last, before, after, outcome, **besides):
    size = last - first + 1
    row = {"channel": "totalview", "line": line, "session": session, "stream": 0,
           "first_seq": first, "last_seq": last, "messages": size, "before_ns": time_of(before),
           "after_ns": time_of(after), "outcome": outcome, "late": 0, "recovered": 0,
           "recovered_by": None, "lost": 0, "owner": "unknown", "cause": None}
    row.update(besides)
    return row


GAPS = [gap("a", "one", 12, 14, 0, 2, "partly lost", late=1, recovered=1, recovered_by="b", lost=1),
        gap("a", "two", 2, 3, 6, 7, "filled late", late=2),
        gap("a", "two", 5, HIGHEST - 1, 8, 10, "lost", lost=HIGHEST - 5),
        gap("b", "one", 12, 12, 1, 3, "lost", lost=1)]
NUMBERS = HIGHEST - 5


# ---- what they print ----

def test_gaps_json():
    told = json.loads(tickcap("gaps", capture(), "--json").expect(0).out)
    assert told["gaps"] == GAPS, "\n".join(map(str, told["gaps"]))
    assert told["totals"] == {
        "gaps": 4, "messages": NUMBERS + 6, "late": 3, "recovered": 1, "lost": NUMBERS + 2,
        "owners": {"ours": 0, "ours-possible": 0, "upstream": 0, "unknown": 4}}
    channel, = told["channels"]
    a, b = channel["lines"]
    assert channel["name"] == "totalview"
    assert (a["line"], a["gap_events"], a["missing"], a["not_recorded"]) == \
        ("a", 3, NUMBERS + 2, 0)
    assert (b["line"], b["gap_events"], b["missing"], b["loss_rate"]) == ("b", 1, 1, 1 / 4)
    assert a["loss_rate"] == 1  # to a number of 53 bits
    assert channel["merged"] == {"missing": NUMBERS + 1, "recovered": 1, "loss_rate": 1}
    assert set(told) == {"schema", "gaps", "channels", "totals"} and told["schema"] == 1


def test_gaps_json_of_a_feed_without_gaps():
    told = json.loads(tickcap("gaps", whole(), "--json").expect(0).out)
    assert told["gaps"] == [] and told["totals"]["gaps"] == 0
    assert [line["loss_rate"] for line in told["channels"][0]["lines"]] == [0, 0]


def test_gaps_for_people():
    day = "2026-11-20T14:30:00"
    first = int(str(OPENING)[-9:])

    def clock(number):
        return f"{day}.{first + STEP * number:09}Z"

    lines = tickcap("gaps", capture()).expect(0).text.splitlines()
    assert lines[:4] == [
        f"totalview line a, session one: 12 to 14 (3 messages) between {clock(0)} and {clock(2)}: "
        "partly lost by line b (1 late, 1 recovered, 1 lost); unknown",
        f"totalview line a, session two: 2 to 3 (2 messages) between {clock(6)} and {clock(7)}: "
        "filled late; unknown",
        f"totalview line a, session two: 5 to {HIGHEST - 1} ({NUMBERS} messages) between "
        f"{clock(8)} and {clock(10)}: lost; unknown",
        f"totalview line b, session one: 12 to 12 (1 messages) between {clock(1)} and {clock(3)}: "
        "lost; unknown"], "\n".join(lines)
    assert lines[4].startswith(f"totalview line a: 3 gaps, {NUMBERS + 2} missing, 0 not recorded, ")
    assert lines[5] == "totalview line b: 1 gaps, 1 missing, 0 not recorded, loss rate 0.25"
    assert lines[6].startswith(f"totalview, all lines: {NUMBERS + 1} missing, 1 recovered, ")
    assert lines[7:] == [f"4 gaps of {NUMBERS + 6} messages: 3 late, 1 recovered, "
                         f"{NUMBERS + 2} lost; 4 unknown"]


# ---- what they answer scripts ----

def test_fail_on():
    rows = [(whole(), {"ours": 0, "unknown": 0, "any": 0}),
            (capture(), {"ours": 0, "unknown": 1, "any": 1})]
    for path, codes in rows:
        plain = tickcap("gaps", path).expect(0).out
        for word, code in codes.items():
            asked = tickcap("gaps", path, "--fail-on", word).expect(code)
            assert asked.out == plain and asked.err == "", "only the exit code differs"
            tickcap("gaps", "--json", "--fail-on", word, path).expect(code)


def test_gaps_of_a_damaged_capture_is_a_failure():
    path, = capture().glob("*.tick")
    cut = HERE / "cut.tick"
    cut.write_bytes(path.read_bytes()[:-100])
    said = tickcap("gaps", cut).expect(1)
    assert "cut.tick" in said.err


# ---- what they refuse ----

def test_wrong_words():
    for word in ["never", "upstream", "ours-possible", "nothing", "", "Any"]:
        refused(tickcap("gaps", capture(), "--fail-on", word), "tickcap gaps", "--fail-on",
                f"'{word}'")
    refused(tickcap("gaps"), "tickcap gaps", "PATH")
    refused(tickcap("gaps", "--json"), "tickcap gaps", "PATH")
    refused(tickcap("gaps", HERE / "nowhere"), "tickcap gaps", "nowhere", code=1)
    for words in [["--format", "csv"], ["--order", "exch"], ["--type", "A"],
                  ["--format", "json", "--order", "rx"]]:
        refused(tickcap("cat", capture(), "--events", *words), "tickcap cat", "--events")


# ---- cat --events ----

def told_events():
    """(what stands before message n of the rows, the event) of all events."""
    text = tickcap("cat", capture(), "--events", "--format", "json").expect(0).text
    rows = [json.loads(line) for line in text.splitlines()]
    messages = [row for row in rows if row["kind"] == "message"]
    plain = tickcap("cat", capture(), "--format", "json").expect(0).text.splitlines()
    assert messages == [json.loads(line) for line in plain], "events change no message"
    return [row for row in rows if row["kind"] == "event"]


def event(name, frame, line, **fields):
    return {"kind": "event", "event": name, "stream": 0, "frame": frame, "time_ns": time_of(frame),
            "channel": "totalview", "line": line, **fields}


EVENTS = [event("session_start", 0, "a", session="one", first=10, ordinal=0, reset=False),
          event("session_start", 1, "b", session="one", first=10, ordinal=0, reset=False),
          event("gap", 2, "a", session="one", first=12, end=15, before_ns=time_of(0), known=0),
          event("gap", 3, "b", session="one", first=12, end=13, before_ns=time_of(1), known=0),
          event("filled", 3, "b", session="one", first=13, end=14, count=1, way="by_line"),
          event("filled", 4, "a", session="one", first=14, end=15, count=1, way="late"),
          event("session_end", 5, "a", session="one", next=16),
          event("session_start", 6, "a", session="two", first=1, ordinal=1, reset=True),
          event("gap", 7, "a", session="two", first=2, end=4, before_ns=time_of(6), known=0),
          event("filled", 8, "a", session="two", first=2, end=4, count=2, way="late"),
          event("session_start", 9, "b", session="two", first=1, ordinal=1, reset=True),
          event("gap", 10, "a", session="two", first=5, end=HIGHEST, before_ns=time_of(8),
                known=0)]


def test_events_stand_before_the_frames_that_they_are_of():
    for told, expected in zip(told_events(), EVENTS):
        assert told == expected, f"{told}\n{expected}"
    assert len(told_events()) == len(EVENTS)


def test_events_for_people():
    lines = tickcap("cat", capture(), "--events").expect(0).text.splitlines()
    told = [line for line in lines if line.startswith("kind=event ")]
    assert len(told) == len(EVENTS)
    for line, row in zip(told, EVENTS):
        words = [f"{name}={str(value).lower() if isinstance(value, bool) else value}"
                 for name, value in row.items()]
        assert line == " ".join(words)


if __name__ == "__main__":
    tap.run(__name__)
