"""What a check found, and how that is told: a table for people, JSON for programs."""
import dataclasses
import json
import textwrap

STATES = ("ok", "warn", "bad", "unknown", "not-applicable")


@dataclasses.dataclass
class Finding:
    name: str
    state: str
    when: str  # "runtime": takes effect at once; "boot": with the next start or login
    found: str
    why: str = ""  # it matters for capture
    fix: str = ""  # the exact command or words
    changes: list = dataclasses.field(default_factory=list)  # what --apply does

    def __post_init__(self):
        assert self.state in STATES and self.when in ("runtime", "boot"), self
        if self.state in ("ok", "not-applicable"):
            self.fix, self.changes = "", []

    def as_json(self):
        return {"name": self.name, "state": self.state, "when": self.when, "found": self.found,
                "why": self.why, "fix": self.fix, "can_apply": bool(self.changes)}


def tally(findings):
    return {state: sum(finding.state == state for finding in findings) for state in STATES}


def print_table(findings, said):
    """The table; `said`: what --apply or --undo did, told before."""
    for sentence in said:
        print(sentence)
    if said and findings:
        print()
    wide = max([len(finding.name) for finding in findings], default=0)
    for finding in findings:
        print(f"{finding.state:14}  {finding.name:{wide}}  {finding.when:7}  {finding.found}")
        if finding.fix:
            print(textwrap.fill(f"why: {finding.why}", 98, initial_indent=" " * 16,
                                subsequent_indent=" " * 21))
            for number, line in enumerate(finding.fix.splitlines()):
                print(f"{'':16}{'fix: ' if number == 0 else '     '}{line}")
    counts = ", ".join(f"{count} {state}" for state, count in tally(findings).items() if count)
    if findings:
        print(f"\n{counts}")
    settable = sum(bool(finding.changes) for finding in findings)
    if settable:
        print(f"scripts/host --apply sets {settable} of them; --undo takes that back")


def print_json(findings, said):
    print(json.dumps({"schema": 1, "done": said, "counts": tally(findings),
                      "checks": [finding.as_json() for finding in findings]}, indent=2))
