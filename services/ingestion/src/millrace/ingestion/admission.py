"""Whether a new run is worth accepting now: it is not when it would spend its deadline on waiting."""

from collections.abc import Callable
from dataclasses import dataclass

from millrace.contracts.flow import Flow
from millrace.ingestion.body import Options
from millrace.ingestion.domain.pressure import estimate_s, retry_after_s
from millrace.ingestion.errors import Overloaded
from millrace.ingestion.pressure import Pressure
from millrace.storage.ports import RunStore
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Refuses what would come too late. Where nobody knows how much waits, everything is let in."""

    runs: RunStore
    flows: Callable[[], dict[str, Flow]]
    pressure: Pressure

    def check_early(self, data: bytes, options: Options, tenant: str, idempotency_key: str) -> None:
        """The same as `check` before the body is parsed: a body that may name its own budget is judged after that."""
        try:
            self.check(options, tenant, idempotency_key)
        except Overloaded:
            if not may_name_its_budget(data):
                raise

    def check(self, options: Options, tenant: str, idempotency_key: str) -> None:
        """Overloaded when a run with these options would wait for too long.

        A request that was accepted before under the same idempotency key is let through to its first answer.
        """
        flow, waits = self.flows().get(options.flow), self.pressure.waits()
        if flow is None or waits is None:
            return
        deadline_s = options.deadline_s or flow.deadline_s
        again_s = retry_after_s(flow, deadline_s, waits)
        if again_s is None or (idempotency_key and self.runs.knows_key(tenant, idempotency_key)):
            return
        waiting_s = estimate_s(flow, waits)
        log.warning(
            "run_refused",
            extra={
                "action": "run_refused", "tenant": tenant, "flow": flow.name, "waiting_s": round(waiting_s, 3),
                "deadline_s": deadline_s, "retry_after_s": again_s,
            },
        )  # fmt: skip
        detail = (
            f"a new run would spend about {waiting_s:.0f} s of its {deadline_s:g} s waiting; nothing was accepted: "
            f"send it again in {again_s} s, or with a longer deadline_s"
        )
        raise Overloaded(detail, again_s)


def may_name_its_budget(data: bytes) -> bool:
    """Whether a body may say its own flow or deadline, as a JSON document does beside its records."""
    return b'"deadline_s"' in data or b'"flow"' in data
