"""Whether a new run is worth accepting now: it is not when it would spend its deadline on waiting."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi.concurrency import run_in_threadpool

from millrace.contracts.flow import Flow
from millrace.ingestion.body import Options
from millrace.ingestion.domain.pressure import estimate_s, retry_after_s
from millrace.ingestion.errors import Overloaded
from millrace.ingestion.flows import Flows
from millrace.ingestion.pressure import Pressure
from millrace.telemetry.logs import get_logger

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class View:
    """What is known at one moment: the flows, and how long each queue keeps a message waiting."""

    flows: Mapping[str, Flow]
    waits: Mapping[str, float] | None

    def refusal(self, options: Options) -> Overloaded | None:
        """Why a run with these options is not worth accepting; None when it is, and where nobody knows."""
        flow = self.flows.get(options.flow)
        if flow is None or self.waits is None:
            return None
        deadline_s = options.deadline_s or flow.deadline_s
        again_s = retry_after_s(flow, deadline_s, self.waits)
        if again_s is None:
            return None
        detail = (
            f"a new run would spend about {estimate_s(flow, self.waits):.0f} s of its {deadline_s:g} s waiting; "
            f"nothing was accepted: send it again in {again_s} s, or with a longer deadline_s"
        )
        return Overloaded(detail, again_s)


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Looks at what decides whether a run comes too late."""

    flows: Flows
    pressure: Pressure

    async def view(self) -> View:
        """The present view: at once while what was seen last is fresh, else by way of a thread."""
        if self.flows.fresh and self.pressure.fresh:
            return self._view()
        return await run_in_threadpool(self._view)

    def _view(self) -> View:
        return View(flows=self.flows(), waits=self.pressure.waits())


def told(refusal: Overloaded, tenant: str, options: Options) -> Overloaded:
    """The refusal, written to the log."""
    log.warning(
        "run_refused",
        extra={
            "action": "run_refused", "tenant": tenant, "flow": options.flow, "deadline_s": options.deadline_s,
            "retry_after_s": refusal.retry_after_s,
        },
    )  # fmt: skip
    return refusal


def may_name_its_budget(data: bytes) -> bool:
    """Whether a body may say its own flow or deadline, as a JSON document does beside its records."""
    return b'"deadline_s"' in data or b'"flow"' in data
