"""`python tests/contracts/telemetry_page.py`: write the tables of spans and metrics into `docs/telemetry.md` anew.

They stand between two comments each; everything else of the page is written by hand.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from millrace.telemetry.attributes import FIELDS
from millrace.telemetry.table import ALL, METRICS, SPANS, WORKERS

PAGE = Path(__file__).parents[2] / "docs" / "telemetry.md"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [list(head), ["---"] * len(list(head)), *map(list, rows)]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def _services(services: tuple[str, ...]) -> str:
    return {ALL: "all", WORKERS: "all workers"}.get(services, ", ".join(services))


def spans() -> str:
    """Every span, whose child it is and who makes it."""
    rows = (
        (f"`{span.name}`", span.kind.value, ", ".join(f"`{name}`" for name in span.parents) or "the caller's, or none",
         _services(span.services), span.says + (f" Links to {span.links}." if span.links else ""))
        for span in SPANS
    )  # fmt: skip
    return _table(("span", "kind", "child of", "made by", "says"), rows)


def metrics() -> str:
    """Every metric with its labels."""
    rows = (
        (f"`{metric.name}`", metric.type.value, metric.unit,
         ", ".join(metric.labels) or "-", _services(metric.services), metric.says)
        for metric in METRICS
    )  # fmt: skip
    return _table(("metric", "type", "unit", "labels", "measured by", "says"), rows)


def fields() -> str:
    """Every field that a line of the log may carry."""
    return ", ".join(f"`{name}`" for name in sorted(FIELDS)) + "."


def page(text: str) -> str:
    """The page with its tables as they are now."""
    for name, made in {"spans": spans(), "metrics": metrics(), "fields": fields()}.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
        assert pattern.search(text), name
        text = pattern.sub(lambda found, made=made: f"{found[1]}{made}\n{found[2]}", text)  # type: ignore[misc]
    return text


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
