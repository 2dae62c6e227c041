"""Which line of the table of spans a span belongs to."""

import re

from millrace.contracts.catalogue import names
from millrace.contracts.routing import QUEUES
from millrace.telemetry.table import SPANS, SpanSpec

_VARIABLES = {
    "queue": "|".join(map(re.escape, QUEUES)), "task": "|".join(map(re.escape, sorted(names()))),
    "stage": "[a-z0-9_]+", "thing": "[a-z ]+",
}  # fmt: skip
_WORD = "[a-z]+"
"""What any other variable part may be."""


def _pattern(name: str) -> re.Pattern[str]:
    pieces = re.split(r"\{(\w+)\}", name)
    odd = (
        f"(?:{_VARIABLES.get(piece, _WORD)})" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)
    )
    return re.compile("".join(odd) + r"\Z")


_PATTERNS = [(_pattern(spec.name), spec) for spec in SPANS]


def candidates(name: str) -> list[SpanSpec]:
    """Every line that the name fits; none for a name that is not in the table."""
    return [spec for pattern, spec in _PATTERNS if pattern.match(name)]


def spec_of(name: str, kind: str) -> SpanSpec | None:
    """The line of this name and kind; of several the first. None when there is none."""
    return next((spec for spec in candidates(name) if spec.kind == kind), None)
