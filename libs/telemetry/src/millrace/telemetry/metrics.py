"""Count and measure, by the names of the table: in memory, or, where processes fork, in files that outlive them.

A child of a pool may be replaced or killed at any time. What it counted stays in a file of its place in the pool, which
whoever takes that place goes on with: counters never fall, and there are never more files than places.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf, isfinite
from pathlib import Path
from typing import Any, Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Metric, values
from prometheus_client.multiprocess import MultiProcessCollector

from millrace.telemetry.logs import get_logger
from millrace.telemetry.settings import tell_prometheus
from millrace.telemetry.table import METRICS, MetricSpec, Type

log = get_logger(__name__)

PREFIX: Final = "millrace_"
LOG_S: Final = 60.0
"""Values that are lost are told of this often."""
HOLDS_S: Final = 30.0
"""A gauge that nobody has set for so long vanishes, where no processes are forked: it says nothing of now."""
_SPECS: Final = {spec.name: spec for spec in METRICS}
_FILE_BYTES: Final = {"counter": 1 << 16, "histogram": 1 << 19}
"""Room that a file gets at once. A page of a mapped file that the disk has no room for would kill its process."""

Change = Callable[[float], None]

# The library has no types here.
_Files: Any = MultiProcessCollector


def count(name: str, amount: float = 1, **labels: object) -> None:
    """Add to a counter. ValueError for a name or for labels that are not the table's; nothing else is ever raised."""
    _apply(Type.COUNTER, name, amount, labels)


def begin(name: str, **labels: object) -> None:
    """Have a counter that may stay at nothing begin there, for labels whose values are known. ValueError as `count`.

    A series that is born at 1 has not grown: Prometheus's `increase` never sees its first event.
    https://www.robustperception.io/existential-issues-with-metrics/
    """
    count(name, 0, **labels)


def observe(name: str, value: float, **labels: object) -> None:
    """Put a value, such as seconds, into a histogram. ValueError as `count`."""
    _apply(Type.HISTOGRAM, name, value, labels)


@contextmanager
def timed(name: str, **labels: object) -> Iterator[None]:
    """Put the seconds that the block takes into a histogram, unless it raises. ValueError as `count`."""
    began = time.perf_counter()
    yield
    observe(name, time.perf_counter() - began, **labels)


def gauge(name: str, value: float, **labels: object) -> None:
    """Set a gauge, which holds for `HOLDS_S` seconds. ValueError as `count`."""
    _apply(Type.GAUGE, name, value, labels)
    _state.until[name] = time.monotonic() + HOLDS_S


def forget(name: str) -> None:
    """This process has nothing to say of a metric any more: it vanishes. Not for a process that forks."""
    with _state.lock:
        known = _state.instruments.pop(name, None)
        if known is not None:
            _state.registry.unregister(known)
        _state.until.pop(name, None)
        for key in [key for key in _state.changes if key[1] == name]:
            del _state.changes[key]


def collect() -> list[Metric]:
    """What was counted and measured by now, of all processes that share the files. Holds up forks, and they it."""
    with _state.lock:
        if _state.folder is None:
            for name in [name for name, until in _state.until.items() if until < time.monotonic()]:
                forget(name)
            return list(_state.registry.collect())
        return list(_Files(None, str(_state.folder)).collect())


def began_ns() -> int:
    """Since when it is counted, in nanoseconds of the epoch."""
    return _state.began_ns


def share(folder: Path, places: int, place: Callable[[], object]) -> None:
    """Keep the values in files of this empty folder, before a pool of so many places forks; they begin at nothing.

    `place()`: the place of the calling process in the pool, without an underscore; no two live processes have the
    same. OSError when there is no room for the files.
    """
    for number in ["parent", *range(places)]:
        for kind, size in _FILE_BYTES.items():
            (folder / f"{kind}_{number}.db").write_bytes(bytes(size))
    # The library looks for the folder whenever it opens a file, and asks for the class with each new value.
    tell_prometheus(folder)
    values.ValueClass = values.MultiProcessValue(place)  # type: ignore[no-untyped-call]
    _state.begin(folder)
    os.register_at_fork(
        before=_state.lock.acquire, after_in_parent=_state.lock.release, after_in_child=_state.lock.release
    )


Key = tuple[object, ...]


@dataclass
class _State:
    """The instruments of this process, made when they are first used."""

    folder: Path | None = None
    lock: Any = field(default_factory=threading.RLock)
    """Held while a value changes, so that a fork never falls into the middle of that."""
    changing: bool = False
    began_ns: int = 0
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    instruments: dict[str, Counter | Gauge | Histogram] = field(default_factory=dict)
    changes: dict[Key, Change] = field(default_factory=dict)
    until: dict[str, float] = field(default_factory=dict)
    """Until when a gauge's values hold."""
    log_at: float = -inf

    def __post_init__(self) -> None:
        self.begin(None)

    def begin(self, folder: Path | None) -> None:
        """Forget everything and keep the values there from now on; None for in memory."""
        self.folder, self.began_ns = folder, time.time_ns()
        self.registry = CollectorRegistry()
        self.instruments.clear()
        self.changes.clear()


_state: Final = _State()
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]


def _apply(type_: Type, name: str, value: float, labels: Mapping[str, object]) -> None:
    key = type_, name, *labels.items()
    with _state.lock:
        change = _state.changes.get(key)
        if change is None:
            _check(type_, name, labels)
        # A signal's handler that comes in between may not wait for what it has interrupted.
        if _state.changing or not isfinite(value) or (value < 0 and type_ is not Type.GAUGE):
            _lost(name)
            return
        _state.changing = True
        try:
            (change or _change(type_, name, labels))(value)
        except Exception as error:  # a full disk, a folder that is gone, a file that was cut: the work goes on
            _lost(name, type(error).__name__)
        finally:
            _state.changing = False


def _check(type_: Type, name: str, labels: Mapping[str, object]) -> None:
    spec = _SPECS.get(name)
    if spec is None or spec.type is not type_ or set(labels) != set(spec.labels):
        raise ValueError(f"the table has no {type_} {name} with the labels {sorted(labels)}")


def _change(type_: Type, name: str, labels: Mapping[str, object]) -> Change:
    """What changes the metric's value for these labels; kept for the next time. Raises when there is no room."""
    if name not in _state.instruments:
        _state.instruments[name] = _instrument(_SPECS[name])
    known: Any = _state.instruments[name]
    series = known.labels(**labels) if labels else known
    change: Change = getattr(series, {Type.COUNTER: "inc", Type.GAUGE: "set", Type.HISTOGRAM: "observe"}[type_])
    _state.changes[type_, name, *labels.items()] = change
    return change


def _instrument(spec: MetricSpec) -> Counter | Gauge | Histogram:
    name, says, labels, into = PREFIX + spec.name, spec.says, spec.labels, _state.registry
    if spec.type is Type.COUNTER:
        return Counter(name, says, labels, registry=into)
    if spec.type is Type.GAUGE:
        return Gauge(name, says, labels, registry=into, multiprocess_mode="mostrecent")
    return Histogram(name, says, labels, registry=into, buckets=spec.bounds)


def _lost(name: str, error: str = "value") -> None:
    if time.monotonic() >= _state.log_at:
        _state.log_at = time.monotonic() + LOG_S
        log.warning("metric_lost", extra={"action": "metric_lost", "detail": name, "error": error})
