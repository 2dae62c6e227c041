"""What this process has counted so far. Counters go on over tests, so that a test looks at what has changed."""

from collections.abc import Mapping

from millrace.telemetry.metrics import collect

Reading = Mapping[str, float]
"""Series, such as `gaps_total{flow=a,step=b}`, to its value; buckets are left out."""


def read() -> Reading:
    """Every series as it is now."""
    samples = (each for family in collect() for each in family.samples if "le" not in each.labels)
    return {_name(each.name, each.labels): each.value for each in samples}


def _name(name: str, labels: Mapping[str, str]) -> str:
    written = ",".join(f"{key}={labels[key]}" for key in sorted(labels))
    return f"{name.removeprefix('millrace_')}{{{written}}}"


def changes(before: Reading) -> dict[str, float]:
    """What has changed since, and by how much."""
    found = {name: value - before.get(name, 0.0) for name, value in read().items()}
    return {name: value for name, value in found.items() if value}
