"""What a part's handler sees: its message, its inputs' bytes, its outputs, and the time that is left."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from millrace.contracts.artifacts import JSON, PARQUET, ArtifactRef
from millrace.contracts.base import Message, now
from millrace.contracts.catalogue import Output, TaskSpec
from millrace.contracts.messages import PartMessage, Slice
from millrace.contracts.outcome import Coverage
from millrace.contracts.tables import Table
from millrace.storage.artifacts import ArtifactStore, part_key
from millrace.worker.crash import point
from millrace.worker.errors import BadInput, NobodyWaits, PermanentError

Model = TypeVar("Model", bound=Message)
Input = TypeVar("Input", bound=Message)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a handler says beside its artifacts."""

    coverage: Coverage | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    """Small counts for the run record; nothing personal."""


def _never() -> bool:
    return False


@dataclass(kw_only=True)
class Part:
    """One execution of one part. Handlers read and write through it, so that a broken-off part leaves nothing."""

    spec: TaskSpec[Any]
    message: PartMessage
    store: ArtifactStore
    input_hash: str
    abandoned: Callable[[], bool] = _never
    """Whether nobody waits for this part any more; asked once, before its first effect."""
    clock: Callable[[], float] = time.monotonic
    artifacts: dict[str, list[ArtifactRef]] = field(default_factory=dict)
    created: list[ArtifactRef] = field(default_factory=list)
    read_s: float = 0.0
    write_s: float = 0.0
    _began: float = field(init=False)
    _allowed: float = field(init=False)

    def __post_init__(self) -> None:
        self._began = self.clock()
        stage_left = (self.message.stage_deadline_at - now()).total_seconds()
        self._allowed = min(self.message.allowance_s, stage_left)

    def remaining_s(self) -> float:
        """Seconds of this part's share of the stage's budget that are left; negative when overdrawn."""
        return self._allowed - (self.clock() - self._began)

    def read(self, ref: ArtifactRef) -> bytes:
        """The artifact's bytes, checked against the reference's digest; StorageError when they are lost or altered."""
        began = self.clock()
        try:
            return self.store.get(self.message.tenant, ref)
        finally:
            self.read_s += self.clock() - began

    def rows_of(self, ref: ArtifactRef) -> Slice | None:
        """The rows of this artifact that the part is about; None for all of them."""
        message = self.message
        mapped = message.inputs.get(message.mapped or "", ())
        return message.slice if ref in mapped else None

    def read_model(self, ref: ArtifactRef, model: type[Model]) -> Model:
        """A JSON artifact as its model; BadInput when it is none."""
        try:
            return model.model_validate_json(self.read(ref))
        except ValidationError:
            # Its text quotes what it could not read, and that may be personal.
            raise BadInput(f"{ref.schema_name} is not readable as {model.__name__}") from None

    def write(self, name: str, data: bytes, rows: int | None = None) -> ArtifactRef:
        """Store one artifact of the output `name` under a key that depends on the inputs only.

        NobodyWaits when the run was cancelled or its stage is over.
        """
        output = self._output(name)
        if not self.artifacts and self.abandoned():
            raise NobodyWaits("what this part would write has no reader")
        written = self.artifacts.setdefault(name, [])
        began = self.clock()
        ref, created = self.store.put(
            tenant=self.message.tenant,
            key=part_key(self.message, self.input_hash, f"{name}.{len(written)}"),
            data=data,
            media_type=PARQUET if isinstance(output.content, Table) else JSON,
            schema_name=output.schema_name,
            rows=rows,
            durable=output.durable,
        )
        self.write_s += self.clock() - began
        point("artifact_written")
        written.append(ref)
        if created:
            self.created.append(ref)
        return ref

    def write_model(self, name: str, model: Message) -> ArtifactRef:
        """Store a JSON artifact; the model must be the one that the catalogue names."""
        if not isinstance(model, self._content(name)):
            raise PermanentError(f"output {name} of {self.spec.name} is not a {type(model).__name__}")
        return self.write(name, model.model_dump_json().encode())

    def write_aside(self, name: str, model: Message) -> ArtifactRef:
        """Store a JSON artifact that is no output of the task but speaks about the part itself."""
        ref, _ = self.store.put(
            tenant=self.message.tenant,
            key=part_key(self.message, self.input_hash, f"{name}.0"),
            data=model.model_dump_json().encode(),
            media_type=JSON,
            schema_name=f"{type(model).__name__.lower()}/1",
        )
        return ref

    def roll_back(self) -> None:
        """Delete what this execution created, so that a broken-off part leaves nothing half-done."""
        for ref in self.created:
            self.store.delete(self.message.tenant, ref)
        self.created.clear()
        self.artifacts.clear()

    def _output(self, name: str) -> Output:
        output = self.spec.outputs.get(name)
        if output is None:
            raise PermanentError(f"{self.spec.name} has no output {name!r} in the catalogue")
        if not output.many and self.artifacts.get(name):
            raise PermanentError(f"{self.spec.name} wrote its output {name!r} twice")
        return output

    def _content(self, name: str) -> type[Message]:
        content = self._output(name).content
        if isinstance(content, Table):
            raise PermanentError(f"output {name} of {self.spec.name} is a table")
        return content


Handler = Callable[[Input, Part], Result]
"""A part's work: typed input and the part in, result out. Raises WorkerError, or anything else for a bug."""
