"""Metrics over OTLP: what was counted so far, told every ten seconds by one process of a worker for its whole pool."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import export as otlp
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import Metric
from prometheus_client.samples import Sample

from millrace.telemetry import metrics
from millrace.telemetry.identity import this_process
from millrace.telemetry.logs import get_logger
from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.table import METRICS, MetricSpec, Type

log = get_logger(__name__)

EVERY_S: Final = 10.0
ANSWER_S: Final = 2.0
"""Longest wait for the receiver, with all tries. Nothing waits for this but the thread, and the last time the end."""
LOG_S: Final = 60.0
_SPECS: Final = {metrics.PREFIX + spec.name: spec for spec in METRICS}
_CUMULATIVE: Final = otlp.AggregationTemporality.CUMULATIVE

Export = Callable[[otlp.MetricsData], bool]


@dataclass
class Bridge:
    """Tells the metrics over and over. A receiver that is away misses nothing: the next time the sums say it all."""

    resource: Resource
    export: Export
    """Sends it; whether it was taken."""
    every_s: float = EVERY_S
    _healthy: bool = True
    _log_at: float = float("-inf")
    _ending: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread."""
        self._thread = threading.Thread(target=self._run, name="otlp-metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell it once more, unless nobody listened the last time, and end."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(2 * ANSWER_S)
            self._thread = None

    def tell(self) -> None:
        """Send it now."""
        self._healthy = self.export(metrics_data(metrics.collect(), self.resource, time.time_ns()))
        if not self._healthy:
            self._not_taken("refused")

    def _not_taken(self, error: str) -> None:
        self._healthy = False
        if time.monotonic() >= self._log_at:
            self._log_at = time.monotonic() + LOG_S
            log.warning("metrics_not_taken", extra={"action": "metrics_not_taken", "error": error})

    def _run(self) -> None:
        while not self._ending.wait(self.every_s):
            self._tell()
        if self._healthy:
            self._tell()

    def _tell(self) -> None:
        try:
            self.tell()
        except Exception as error:  # whatever it is: this thread must live on, and what was counted is still there
            self._not_taken(type(error).__name__)


def bridge(service: str, settings: TelemetrySettings) -> Bridge:
    """The bridge to the settings' receiver."""
    # It tells each try on its own; that nobody listens is told here.
    logging.getLogger("opentelemetry.exporter.otlp.proto.http.metric_exporter").setLevel(logging.CRITICAL)
    exporter = OTLPMetricExporter(endpoint=f"{settings.otlp_endpoint.rstrip('/')}/v1/metrics", timeout=ANSWER_S)
    return Bridge(
        this_process(service, settings), lambda data: exporter.export(data) is otlp.MetricExportResult.SUCCESS
    )


def metrics_data(collected: Iterable[Metric], resource: Resource, at_ns: int) -> otlp.MetricsData:
    """What was collected, in OpenTelemetry's words: cumulative, with the table's names and units."""
    found = [_metric(_SPECS[each.name], each.samples, at_ns) for each in collected if each.samples]
    scope = otlp.ScopeMetrics(scope=InstrumentationScope("millrace"), metrics=found, schema_url="")
    return otlp.MetricsData(
        resource_metrics=[otlp.ResourceMetrics(resource=resource, scope_metrics=[scope], schema_url="")]
    )


def _metric(spec: MetricSpec, samples: Sequence[Sample], at_ns: int) -> otlp.Metric:
    data: Any
    if spec.type is Type.HISTOGRAM:
        data = otlp.Histogram(data_points=_distributions(spec, samples, at_ns), aggregation_temporality=_CUMULATIVE)
    elif spec.type is Type.COUNTER:
        data = otlp.Sum(data_points=_points(samples, at_ns), aggregation_temporality=_CUMULATIVE, is_monotonic=True)
    else:
        data = otlp.Gauge(data_points=_points(samples, at_ns))
    return otlp.Metric(name=f"millrace.{spec.name}", description=spec.says, unit=spec.unit, data=data)


def _points(samples: Sequence[Sample], at_ns: int) -> list[otlp.NumberDataPoint]:
    return [
        otlp.NumberDataPoint(
            attributes=dict(each.labels), start_time_unix_nano=metrics.began_ns(), time_unix_nano=at_ns,
            value=float(each.value),
        )
        for each in samples
    ]  # fmt: skip


def _distributions(spec: MetricSpec, samples: Sequence[Sample], at_ns: int) -> list[otlp.HistogramDataPoint]:
    series: dict[tuple[str, ...], dict[str, float]] = {}
    for each in samples:
        kind = each.labels.get("le") or each.name.rpartition("_")[2]
        series.setdefault(tuple(each.labels[name] for name in spec.labels), {})[kind] = each.value
    return [_distribution(spec, labels, values, at_ns) for labels, values in series.items()]


def _distribution(
    spec: MetricSpec, labels: Sequence[str], values: dict[str, float], at_ns: int
) -> otlp.HistogramDataPoint:
    # Prometheus counts in each bucket what is in the smaller ones too.
    upto = [values.get(bound, 0.0) for bound in (*(str(float(each)) for each in spec.bounds), "+Inf")]
    counts = [int(here - before) for before, here in zip([0.0, *upto], upto, strict=False)]
    none: Any = None
    return otlp.HistogramDataPoint(
        attributes=dict(zip(spec.labels, labels, strict=True)), start_time_unix_nano=metrics.began_ns(),
        time_unix_nano=at_ns, count=int(upto[-1]), sum=values.get("sum", 0.0), bucket_counts=counts,
        explicit_bounds=spec.bounds, min=none, max=none,
    )  # fmt: skip
