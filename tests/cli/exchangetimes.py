"""Exchange times since midnight, made absolute, against Python's own time zones: any day from 2000
to 2100, days on which clocks change, leap days, both sides of midnight, old days after new ones."""
import datetime
import random
import zoneinfo

import expectedrows
import pcapio
import tap
from clispace import HERE, imported
from program import tickcap

SECOND = 10**9
ZONES = ["America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata", "UTC"]


def instant(day, seconds, zone):
    """Nanoseconds since 1970 of the moment so many seconds after that local day began."""
    began = datetime.datetime(day.year, day.month, day.day, tzinfo=zone)
    return (int(began.timestamp()) + seconds) * SECOND


def days_of(draw, zone):
    """Days of a century: any, leap days and their neighbours, and those of 23 and 25 hours."""
    one = datetime.timedelta(days=1)
    first = datetime.date(2000, 1, 2)
    days = [first + draw.randrange(36_522) * one for _ in range(300)]
    for year in range(2000, 2100, 4):
        days += [datetime.date(year, 2, 28), datetime.date(year, 2, 29), datetime.date(year, 3, 1)]
    year = draw.randrange(2000, 2099)
    for number in range(366 * 3):
        day = datetime.date(year, 1, 2) + number * one
        if instant(day + one, 0, zone) - instant(day, 0, zone) != 86400 * SECOND:
            days += [day - one, day, day + one]
    return [day for day in days if day < datetime.date(2099, 12, 30)]


def messages_of(draw, zone):
    """[(exchange time, receive time)], around midnight and anywhere on the day."""
    pairs = []
    for day in days_of(draw, zone):
        length = (instant(day + datetime.timedelta(days=1), 0, zone) -
                  instant(day, 0, zone)) // SECOND
        for seconds in (0, 1, length - 1, draw.randrange(length), draw.randrange(length)):
            exch_ns = instant(day, seconds, zone) + draw.randrange(SECOND)
            latency = draw.choice([0, 1, 163_658, 742_623, 2 * SECOND, -5, -SECOND, 3600 * SECOND])
            pairs.append((exch_ns, exch_ns + latency))
    return pairs


def frame_of(exch_ns, sequence, zone):
    """A packet whose one message says how long after its midnight it was made."""
    day = datetime.datetime.fromtimestamp(exch_ns // SECOND, zone).date()
    since = exch_ns - instant(day, 0, zone)
    message = b"S" + (0).to_bytes(4, "big") + since.to_bytes(6, "big") + b"O"
    return pcapio.udp_frame(pcapio.moldudp64("S000000001", sequence, [message]))


def found(name, pairs, zone):
    """What cat says of the exchange times."""
    frames = [(rx_ns, 0, frame_of(exch_ns, sequence, zone))
              for sequence, (exch_ns, rx_ns) in enumerate(pairs, 1)]
    path = HERE / "times.pcap"
    pcapio.write(path, [(rx_ns, len(frame), frame) for rx_ns, _, frame in frames])
    configuration = expectedrows.CONFIGURATION.replace("America/New_York", str(zone))
    capture = imported(name, path, configuration=configuration)
    out = tickcap("cat", capture, "--format", "csv", "--fields", "exch_ns,net_ns").expect(0).text
    return [tuple(map(int, row.split(","))) for row in out.split()[1:]]


def test_days_of_a_century():
    for number, name in enumerate(ZONES):
        zone = zoneinfo.ZoneInfo(name)
        pairs = sorted(messages_of(random.Random(number), zone), key=lambda pair: pair[1])
        got = found(f"century {number}", pairs, zone)
        assert len(got) == len(pairs) > 1500
        for (exch_ns, rx_ns), row in zip(pairs, got):
            assert row == (exch_ns, rx_ns - exch_ns), \
                f"{name}, made at {exch_ns}, received at {rx_ns}: {row}"


def test_old_days_after_new_ones():
    """The date is that of each receive time, not of the last one."""
    zone = zoneinfo.ZoneInfo("America/New_York")
    pairs = messages_of(random.Random(9), zone)
    random.Random(9).shuffle(pairs)
    got = found("shuffled", pairs, zone)
    assert [row[0] for row in got] == [exch_ns for exch_ns, _ in pairs]


def test_a_clock_change_of_a_feed_that_counts_from_midnight():
    """On 1 November 2026 New York has 25 hours: the last one is the 24th after midnight."""
    zone = zoneinfo.ZoneInfo("America/New_York")
    day = datetime.date(2026, 11, 1)
    exch_ns = instant(day, 24 * 3600 + 1800, zone)
    local = datetime.datetime.fromtimestamp(exch_ns // SECOND, zone)
    assert (local.date(), local.hour, local.minute) == (day, 23, 30)
    assert found("longday", [(exch_ns, exch_ns + 7)], zone) == [(exch_ns, 7)]


if __name__ == "__main__":
    tap.run(__name__)
