"""The flows that may be asked for, as this process last saw them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from millrace.contracts.flow import Flow
from millrace.storage.ports import FlowStore
from millrace.telemetry.metrics import begin

FRESH_S = 30.0
"""Seconds for which the flows are not read again."""


@dataclass
class Flows:
    """The flows that the running orchestrator knows; half a minute old at most."""

    store: FlowStore
    clock: Callable[[], float] = time.monotonic
    _seen: dict[str, Flow] = field(default_factory=dict)
    _seen_at: float = float("-inf")

    @property
    def fresh(self) -> bool:
        """Whether a call answers without asking the store."""
        return bool(self._seen) and self.clock() - self._seen_at <= FRESH_S

    def __call__(self) -> dict[str, Flow]:
        """The flows by name; StorageError when they have to be read and cannot be."""
        if not self.fresh:
            self._seen = {flow.name: flow for flow in self.store.all()}
            self._seen_at = self.clock()
            for name in self._seen:
                begin("runs_accepted", flow=name)
        return self._seen
