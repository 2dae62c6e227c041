"""The flow schema: stages, the steps in each, their budgets and join policies. Data, not code."""

from collections.abc import Iterator
from math import ceil
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from millrace.contracts.base import Message
from millrace.contracts.ids import Name

BATCH = "run.batch"
"""The input source that every flow begins with: the raw batch."""

ANY_STEP = "*"
"""As the producer in a source: this output of every earlier step that has it."""

JoinPolicy = Annotated[str, StringConstraints(pattern=r"^(required|optional|by_deadline|quorum\([1-9][0-9]{0,3}%?\))$")]
"""What a stage's join asks of a step.

`required`: all of its parts, or the run fails. `optional`: all of them by the stage's deadline, or the step is a gap.
`by_deadline`: whatever is there by then; only a step without any part is a gap. `quorum(3)`, `quorum(75%)`: as soon as
so many parts succeeded the stage waits for no others; fewer than that and the run fails.
"""


class Step(Message):
    """One task of a stage. A step with `each` is mapped: one part per artifact of that input."""

    name: Name
    task: str
    join: JoinPolicy = "required"
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

    @property
    def required(self) -> bool:
        """Whether the run fails without it."""
        return self.join == "required" or self.join.startswith("quorum")

    def needed(self, planned: int) -> int:
        """How many of so many planned parts have to succeed before the stage waits for no others."""
        if not self.join.startswith("quorum"):
            return planned
        number = self.join.removeprefix("quorum(").removesuffix(")")
        wanted = ceil(planned * int(number[:-1]) / 100) if number.endswith("%") else int(number)
        return min(wanted, planned)


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
    amend_s: float = Field(default=0.0, ge=0)
    """For how long after a partial end late optional results lead to one amendment, in seconds; 0 for never."""
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
