"""The flow schema: stages, the steps in each, their budgets and join policies. Data, not code."""

from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from millrace.contracts.base import Message
from millrace.contracts.ids import Name

BATCH = "run.batch"
"""The input source that every flow begins with: the raw batch."""

ANY_STEP = "*"
"""As the producer in a source: this output of every earlier step that has it."""


class Step(Message):
    """One task of a stage. A step with `each` is mapped: one part per artifact of that input."""

    name: Name
    task: str
    join: Literal["required", "optional"] = "required"
    inputs: dict[str, str] = {}
    """Field of the task's input model → `run.batch`, or `<step>.<output>` of an earlier stage; `*` is any step."""
    each: str | None = None
    lanes: int = Field(default=1, ge=1)
    """How many parts of a mapped step are expected to run at once; shares out the stage's budget."""
    params: dict[str, Any] = {}
    effect: str = ""
    """What the reader misses when this step is a gap."""

    @model_validator(mode="after")
    def _mapped_over_an_input(self) -> Self:
        if self.each is not None and self.each not in self.inputs:
            raise ValueError(f"step {self.name}: each = {self.each!r} is none of its inputs")
        return self


class Stage(Message):
    """Steps that run in parallel and end in one join."""

    name: Name
    budget_s: float = Field(gt=0)
    steps: tuple[Step, ...] = Field(min_length=1)


class Flow(Message):
    """A definition of a run: what happens in which order, and by when."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")
    version: int = Field(default=1, ge=1)
    title: str = ""
    deadline_s: float = Field(default=10.0, gt=0)
    reserve_s: float = Field(default=1.0, ge=0)
    """Kept back from the deadline for the callback."""
    report: str
    """`<step>.<output>` that is the run's report."""
    stages: tuple[Stage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = {BATCH, f"{ANY_STEP}.*"}
        for stage in self.stages:
            for step in stage.steps:
                self._check_sources(step, known)
            known |= {f"{step.name}.*" for step in stage.steps}
        names = [step.name for step in self.steps()]
        if len(names) != len(set(names)):
            raise ValueError("step names must be unique within a flow")
        if sum(stage.budget_s for stage in self.stages) > self.deadline_s - self.reserve_s:
            raise ValueError("the stages' budgets exceed the deadline less its reserve")
        return self

    @staticmethod
    def _check_sources(step: Step, known: set[str]) -> None:
        for source in step.inputs.values():
            if source not in known and f"{source.partition('.')[0]}.*" not in known:
                raise ValueError(f"step {step.name}: {source!r} comes from no earlier stage")

    def steps(self) -> Iterator[Step]:
        """Every step in the order of the stages."""
        for stage in self.stages:
            yield from stage.steps

    def index(self, stage: str) -> int:
        """Position of the stage of this name; ValueError when there is none."""
        return [each.name for each in self.stages].index(stage)
