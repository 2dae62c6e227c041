"""Queries over Millrace's metrics, whose names and labels are checked against the one table that has them.

What Datadog's Agent makes of OTLP: a cumulative sum becomes a COUNT of its differences, a gauge a GAUGE, and a
histogram a DISTRIBUTION, all under their own names; `service.name`, `deployment.environment.name` and
`service.version` become the tags `service`, `env` and `version`, attributes of a point its other tags.
https://docs.datadoghq.com/metrics/open_telemetry/otlp_metric_types/
"""

from collections.abc import Iterable

from millrace.telemetry.table import METRICS, MetricSpec, Type

SPECS = {spec.name: spec for spec in METRICS}
TAGS = {"env", "service", "version"}
"""Every point has these."""


class NotInTable(Exception):
    """A query names a metric or a label that Millrace does not have."""


def name_of(spec: MetricSpec) -> str:
    """What Datadog calls it."""
    return f"millrace.{spec.name}"


def _checked(metric: str, tags: Iterable[str], *types: Type) -> MetricSpec:
    spec = SPECS.get(metric)
    if spec is None or spec.type not in types:
        raise NotInTable(f"no {' or '.join(types)} is called {metric!r}")
    unknown = set(tags) - set(spec.labels) - TAGS
    if unknown:
        raise NotInTable(f"{metric} has no {sorted(unknown)}")
    return spec


def _scope(scope: str, where: dict[str, str]) -> str:
    filters = [scope, *(f"!{key}:{value[1:]}" if value[0] == "!" else f"{key}:{value}" for key, value in where.items())]
    return "{" + ",".join(filters) + "}"


def _by(by: tuple[str, ...]) -> str:
    return f" by {{{','.join(by)}}}" if by else ""


def count(metric: str, scope: str, by: tuple[str, ...] = (), rate: bool = False, **where: str) -> str:
    """How many in each interval, or a second: of a counter, or of what a histogram was given. `!x` is all but x."""
    spec = _checked(metric, {*where, *by}, Type.COUNTER, Type.HISTOGRAM)
    space = "sum" if spec.type is Type.COUNTER else "count"
    return f"{space}:{name_of(spec)}{_scope(scope, where)}{_by(by)}.as_{'rate' if rate else 'count'}()"


def highest(metric: str, scope: str, by: tuple[str, ...] = (), **where: str) -> str:
    """The largest value of a gauge."""
    return f"max:{name_of(_checked(metric, {*where, *by}, Type.GAUGE))}{_scope(scope, where)}{_by(by)}"


def spread(metric: str, space: str, scope: str, by: tuple[str, ...] = (), **where: str) -> str:
    """A percentile (`p99`) or `avg`, `min`, `max` of a histogram. Percentiles are switched on for each metric."""
    return f"{space}:{name_of(_checked(metric, {*where, *by}, Type.HISTOGRAM))}{_scope(scope, where)}{_by(by)}"
