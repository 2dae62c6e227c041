"""The service's one task: decode, call the domain, encode."""

from celery import Celery

from millrace.contracts import catalogue, tables
from millrace.contracts.inputs import BuildConversations
from millrace.contracts.outcome import Coverage
from millrace.dataset_conversations.domain import chunks, language, quality
from millrace.dataset_conversations.domain.build import build
from millrace.storage.artifacts import ArtifactStore
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part
from millrace.worker.tables import read_records, write_rows
from millrace.worker.tables import warm_up as warm_up_tables


def register(app: Celery, store: ArtifactStore) -> None:
    """Offer the task on this app."""
    register_part(app, catalogue.CONVERSATIONS, build_conversations, store)


def warm_up() -> None:
    """Load what a worker should have before it forks, so that its children share it."""
    language.model()
    warm_up_tables()


def build_conversations(request: BuildConversations, part: Part) -> Result:
    """Records to conversations, turns, chunks of units, and a manifest."""
    records = read_records(part, request.batch)
    dataset = build(records, language.model())
    pieces = chunks.cut(dataset.units, request.max_chunks, request.min_chunk_rows)
    write_rows(part, "conversations", dataset.conversations, tables.CONVERSATIONS)
    write_rows(part, "turns", dataset.turns, tables.TURNS)
    for piece in pieces:
        write_rows(part, "units", piece, tables.UNITS)
    manifest = quality.manifest(dataset, len(records), part.spec.name, part.spec.version, request.batch.sha256)
    part.write_model("quality", manifest)
    failed = [check.name for check in manifest.checks if not check.passed]
    facts = {**manifest.tables, "chunks": len(pieces), "masked": int(manifest.facts["masked"])}
    return Result(
        coverage=Coverage(seen=len(dataset.turns), total=len(records)), facts={**facts, "failed_checks": failed}
    )
