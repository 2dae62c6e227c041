"""What tells the metrics of a process: on its port and over OTLP, each only when it is configured."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from millrace.telemetry.fates import begin_counting
from millrace.telemetry.settings import TelemetrySettings


@dataclass
class Voice:
    """Tells the metrics of a process; in a worker of the parent, for all of its children."""

    service: str
    settings: TelemetrySettings | None = None
    """What the environment says, when there are none."""
    _stops: list[Callable[[], None]] = field(default_factory=list)

    def start(self, **_: Any) -> None:
        """Begin, once the first children are forked: then no thread of this is there when that happens."""
        settings = self.settings or TelemetrySettings()
        begin_counting(settings)
        if settings.metrics_port:
            # Imported here, as below: who tells nobody need not know how, which takes a third of a second to learn.
            from millrace.telemetry.exposition import serve

            stop = serve(settings.metrics_host, settings.metrics_port)
            self._stops += [stop] if stop else []
        if settings.otlp_endpoint:
            from millrace.telemetry.bridge import bridge

            told = bridge(self.service, settings)
            told.start()
            self._stops.append(told.stop)

    def stop(self, **_: Any) -> None:
        """Tell it for the last time, when the children have ended."""
        while self._stops:
            self._stops.pop()()
