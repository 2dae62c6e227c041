"""Times and numbers of times in words."""

from millrace.contracts.messages import part_id
from millrace.contracts.run import PartRecord


def seconds(value: float) -> str:
    """`0 s`, `0.004 s`, `0.42 s`, `4.1 s`, `75 s`."""
    if value < 0.0005:
        return "0 s"
    if value < 0.01:
        return f"{value:.3f} s"
    if value < 1:
        return f"{value:.2f} s"
    return f"{value:.1f} s" if value < 60 else f"{value:,.0f} s"


def times(number: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def count(number: int, one: str, many: str = "") -> str:
    """`1 run`, `18 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def part_of(step: str, part: int | None) -> str:
    """`annotate.2`, or the step alone."""
    return step if part is None else part_id(step, part)


def said_of(name: str, part: PartRecord) -> str:
    """`annotate.2 timed out (deadline_passed)`: how a part ended that did not succeed."""
    return f"{name} {part.status.value.replace('_', ' ')}{f' ({part.reason.code})' if part.reason else ''}"
