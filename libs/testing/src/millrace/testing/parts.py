"""Run one part through a service's handler in this process, on in-memory stores."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from millrace.contracts.artifacts import JSON, NDJSON, ArtifactRef
from millrace.contracts.base import Message, now
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.ids import new_run_id
from millrace.contracts.messages import PartMessage
from millrace.contracts.records import Record
from millrace.contracts.tables import Table
from millrace.storage.artifacts import ArtifactStore
from millrace.storage.memory import memory_artifacts
from millrace.worker.part import Handler, Part, Result

TENANT = "acme"


class Bench:
    """An artifact store with a run's name on it, and handlers run over it."""

    def __init__(self, store: ArtifactStore | None = None) -> None:
        self.store = store or memory_artifacts()
        self.run_id = new_run_id()

    def put(
        self, name: str, data: bytes, schema_name: str, media_type: str = JSON, rows: int | None = None
    ) -> ArtifactRef:
        """Store bytes as an input."""
        key = f"{self.run_id}/given/{name}"
        ref, _ = self.store.put(
            tenant=TENANT, key=key, data=data, media_type=media_type, schema_name=schema_name, rows=rows
        )
        return ref

    def put_batch(self, records: list[Record]) -> ArtifactRef:
        """Store records as a raw batch (NDJSON)."""
        data = "".join(f"{record.model_dump_json()}\n" for record in records).encode()
        return self.put("batch", data, "batch/1", NDJSON, len(records))

    def put_table(self, name: str, rows: list[dict[str, Any]], schema: Table) -> ArtifactRef:
        """Store rows as a dataset."""
        import pyarrow as pa  # type: ignore[import-untyped]

        from millrace.storage.tables import arrow_schema, encode

        data = pa.Table.from_pylist(rows, schema=arrow_schema(schema))
        return self.put(name, encode(data, schema), schema.schema_name, rows=len(rows))

    def part(
        self, spec: TaskSpec[Any], inputs: Mapping[str, tuple[ArtifactRef, ...]], allowance_s: float = 60, **params: Any
    ) -> Part:
        """A part with these inputs, ready to be handled."""
        deadline = now() + timedelta(seconds=allowance_s)
        message = PartMessage(
            tenant=TENANT, run_id=self.run_id, stage="stage", step="step", part=0, parts=1, deadline_at=deadline,
            stage_deadline_at=deadline, allowance_s=allowance_s, published_at=now(), inputs=dict(inputs), params=params,
        )  # fmt: skip
        return Part(spec=spec, message=message, store=self.store, input_hash="0" * 64)

    def run(self, handler: Handler[Any], part: Part) -> Result:
        """Hand the part to its handler, typed as the worker would."""
        message = part.message
        request: Message = part.spec.input.model_validate({**message.params, **message.inputs})
        return handler(request, part)
