"""Sets of sequence numbers, as ranges: a jump over 2^60 numbers is one range like any other."""
import bisect


class Numbers:
    """A set of whole numbers; ranges are half open, apart from each other, and in order."""

    def __init__(self):
        self.firsts, self.ends = [], []

    def __iter__(self):
        """The ranges."""
        return iter(zip(self.firsts, self.ends))

    def __len__(self):
        raise TypeError("how many numbers there are may not fit a length: ask size()")

    def __contains__(self, number):
        place = bisect.bisect_right(self.firsts, number) - 1
        return place >= 0 and number < self.ends[place]

    def size(self):
        """How many numbers there are."""
        return sum(self.ends) - sum(self.firsts)

    def within(self, first, end):
        """The ranges of the numbers from `first` to below `end`."""
        place = max(bisect.bisect_right(self.firsts, first) - 1, 0)
        found = []
        while place < len(self.firsts) and self.firsts[place] < end:
            one, other = max(self.firsts[place], first), min(self.ends[place], end)
            if one < other:
                found.append((one, other))
            place += 1
        return found

    def count(self, first, end):
        """How many numbers there are from `first` to below `end`."""
        return sum(other - one for one, other in self.within(first, end))

    def add(self, first, end):
        """Adds a range."""
        if first >= end:
            return
        low = bisect.bisect_left(self.ends, first)
        high = bisect.bisect_right(self.firsts, end)
        if low < high:
            first, end = min(first, self.firsts[low]), max(end, self.ends[high - 1])
        self.firsts[low:high], self.ends[low:high] = [first], [end]

    def remove(self, first, end):
        """Takes a range away."""
        for one, other in self.within(first, end):
            place = bisect.bisect_right(self.firsts, one) - 1
            rest = [(self.firsts[place], one), (other, self.ends[place])]
            rest = [(a, b) for a, b in rest if a < b]
            self.firsts[place:place + 1] = [a for a, _ in rest]
            self.ends[place:place + 1] = [b for _, b in rest]

    def without(self, other):
        """A set of those that are not in another one."""
        left = Numbers()
        left.firsts, left.ends = list(self.firsts), list(self.ends)
        for first, end in other:
            left.remove(first, end)
        return left


def union(sets):
    """All numbers of some sets."""
    whole = Numbers()
    for one in sets:
        for first, end in one:
            whole.add(first, end)
    return whole
