"""Numbers in a few readable bands, such as `18-34`."""

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

MAX_BANDS = 5
MIN_BANDS = 2
MIN_SHARE = 0.08
"""Share of the values that a band with rounded edges must keep."""
_NUMERIC = 0.95
"""Share of the values that must be numbers for a column to be one."""
_UNIQUE = 0.9
"""Share of distinct whole numbers from which they number the records."""
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_ROUND_TO = (5.0, 2.0, 1.0)

Values = dict[str, str]


def banded(values: Values) -> Values:
    """Each record's band; empty when the values are no quantity or fall into a single band.

    The edges are quantiles (the lowest value of each fifth of the sorted values), rounded where the bands stay alike
    in size.
    """
    found = numbers(values)
    if found is None or _numbers_the_records(list(found.values())):
        return {}
    ordered = sorted(found.values())
    edges = _edges(ordered)
    if len(edges) + 1 < MIN_BANDS:
        return {}
    labels = _labels(ordered, edges)
    return {record_id: labels[bisect_right(edges, number)] for record_id, number in found.items()}


def numbers(values: Values) -> dict[str, float] | None:
    """The values that are numbers, by record; None when the column is not numeric."""
    parsed = ((record_id, _number(value)) for record_id, value in values.items())
    found = {record_id: number for record_id, number in parsed if number is not None}
    return found if found and len(found) >= _NUMERIC * len(values) else None


def _number(value: str) -> float | None:
    try:
        number = float(_THOUSANDS.sub("", value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _numbers_the_records(found: list[float]) -> bool:
    return _whole(found) and len(set(found)) >= _UNIQUE * len(found)


def _edges(ordered: Sequence[float]) -> list[float]:
    """Lower ends of all bands but the first."""
    fifths = [ordered[len(ordered) * part // MAX_BANDS] for part in range(1, MAX_BANDS)]
    exact = sorted({edge for edge in fifths if edge > ordered[0]})
    for step in _steps(ordered[-1] - ordered[0], _whole(ordered)):
        rounded = [round(edge / step) * step for edge in exact]
        if len(set(rounded)) == len(exact) and _shares_hold(ordered, rounded):
            return rounded
    return exact


def _steps(spread: float, whole: bool) -> list[float]:
    """Steps of 5, 2 and 1 times a power of ten, about a tenth of the spread; whole numbers stay whole."""
    if spread <= 0:
        return []
    power = 10.0 ** math.floor(math.log10(spread / 10))
    return [factor * power for factor in _ROUND_TO if not whole or factor * power >= 1]


def _shares_hold(ordered: Sequence[float], edges: list[float]) -> bool:
    places = [bisect_right(edges, number) for number in ordered]
    return all(places.count(band) >= MIN_SHARE * len(ordered) for band in range(len(edges) + 1))


def _labels(ordered: Sequence[float], edges: list[float]) -> list[str]:
    """`18-34` for whole numbers, `under 12.5` and `12.5 to under 20` for others."""
    if not _whole(ordered):
        inner = [f"{_plain(low)} to under {_plain(high)}" for low, high in pairwise(edges)]
        return [f"under {_plain(edges[0])}", *inner, f"{_plain(edges[-1])} and more"]
    lower, upper = [ordered[0], *edges], [*(edge - 1 for edge in edges), ordered[-1]]
    return [
        _plain(low) if low == high else f"{_plain(low)}-{_plain(high)}" for low, high in zip(lower, upper, strict=True)
    ]


def _whole(found: Sequence[float]) -> bool:
    return all(number.is_integer() for number in found)


def _plain(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
