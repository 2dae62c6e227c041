"""Which spans of a run must hang below which: the road from the producer to the callback, queue by queue."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tests.telemetry.spans import Trace

from millrace.contracts.catalogue import ADVANCE, DELIVER, FAN_OUT, task
from millrace.contracts.flow import Flow
from millrace.telemetry.table import ACCEPT, DELIVERY, RUN
from millrace.testing.otlp import Span

Place = tuple[str, str]
"""Service and the span's name, in which `*` stands for anything."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """Somewhere in the run's trace a span of `child` must be a child of one of `parents`."""

    parents: tuple[Place, ...]
    child: Place

    def __str__(self) -> str:
        above = " or ".join(" ".join(place) for place in self.parents)
        return f"{above} -> {' '.join(self.child)}"


_ORCHESTRATOR = "orchestrator"
_RUN = (_ORCHESTRATOR, RUN)
_STAGES = (_ORCHESTRATOR, "stage *")
_SWEEP = (_ORCHESTRATOR, "sweep run")


def of_every_run(
    flow: Flow, called_back: bool = True, gaps: Collection[str] = (), live: bool = True
) -> tuple[Edge, ...]:
    """The edges of a run of the flow that went through all its stages. `gaps`: steps that it went without.

    `live`: it was recorded as it went; else its trace was written from its record, which tells of no store call.
    """
    found = [Edge(parents=(("ingestion", ACCEPT),), child=_RUN), *(_stored() if live else ()), *_moved()]
    for stage in flow.stages:
        tasks = sorted({step.task for step in stage.steps if step.name not in gaps})
        found += _stage(stage.name, tasks, live)
    if called_back:
        found += _hop("callback", (_RUN,), DELIVER.name, DELIVER.queue)
        found.append(Edge(parents=(("callback", f"process {DELIVER.name}"),), child=("callback", DELIVERY)))
    return tuple(dict.fromkeys(found))


def _stored() -> list[Edge]:
    accept = ("ingestion", ACCEPT)
    return [
        Edge(parents=(accept,), child=("ingestion", "put artifact")),
        Edge(parents=(accept,), child=("ingestion", "create run")),
    ]


def _moved() -> list[Edge]:
    return [
        *_hop(_ORCHESTRATOR, (_RUN, _STAGES), ADVANCE.name, ADVANCE.queue),
        *_hop(_ORCHESTRATOR, (_RUN, _STAGES), FAN_OUT.name, FAN_OUT.queue),
    ]  # fmt: skip


def _stage(name: str, tasks: Iterable[str], live: bool) -> list[Edge]:
    place = (_ORCHESTRATOR, f"stage {name}")
    found = [Edge(parents=(_RUN,), child=place)]
    joining = ((_ORCHESTRATOR, f"process {ADVANCE.name}"), _SWEEP) if live else (place,)
    found.append(Edge(parents=joining, child=(_ORCHESTRATOR, f"join {name}")))
    for each in tasks:
        spec = task(each)
        found += _hop(spec.service, (place,), spec.name, spec.queue)
    return found


def _hop(service: str, parents: tuple[Place, ...], task_name: str, queue: str) -> list[Edge]:
    """Into a queue and out of it."""
    waits = (service, f"wait {queue}")
    return [Edge(parents=parents, child=waits), Edge(parents=(waits,), child=(service, f"process {task_name}"))]


def missing(trace: Trace, expected: Iterable[Edge]) -> list[Edge]:
    """The edges that the trace does not have."""
    there = {(_place(parent), _place(span)) for span in trace.spans if (parent := trace.parent(span)) is not None}
    return [edge for edge in expected if not any(_is(edge, *pair) for pair in there)]


def _place(span: Span) -> Place:
    return span.service, span.name


def _is(edge: Edge, parent: Place, child: Place) -> bool:
    return _fits(edge.child, child) and any(_fits(each, parent) for each in edge.parents)


def _fits(wanted: Place, found: Place) -> bool:
    return wanted[0] == found[0] and fnmatchcase(found[1], wanted[1])
