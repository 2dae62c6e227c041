"""What findings share."""

from collections.abc import Iterable

from millrace.contracts.insights import Estimate, Quote


def records_of(quotes: Iterable[Quote]) -> tuple[str, ...]:
    """The records behind the quotes, each once."""
    return tuple(dict.fromkeys(quote.record_id for quote in quotes))


def span(number: Estimate, spec: str) -> str:
    """The interval in words."""
    return f"{number.low:{spec}} to {number.high:{spec}}"
