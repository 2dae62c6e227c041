"""The service's one task: decode, call the domain, encode."""

from celery import Celery

from millrace.contracts import catalogue, tables
from millrace.contracts.inputs import BuildConversations
from millrace.contracts.outcome import Coverage
from millrace.dataset_conversations.adapters import uncollected
from millrace.dataset_conversations.domain import chunks, language, quality
from millrace.dataset_conversations.domain.build import Dataset, build
from millrace.dataset_conversations.domain.quality import Origin, Tables
from millrace.dataset_conversations.domain.rows import unit_columns
from millrace.storage.artifacts import ArtifactStore
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part
from millrace.worker.tables import read_records, table_from, table_of, write_table
from millrace.worker.tables import warm_up as warm_up_tables

SAFETY_S = 0.1
"""Seconds kept back from reading for the uploads."""
AFTERWARDS = 0.45
"""What comes after the reading (rows, checks, Parquet) takes 0.32 of its time; more is kept back, because on a busy
machine neither is steady."""


def register(app: Celery, store: ArtifactStore) -> None:
    """Offer the task on this app."""
    register_part(app, catalogue.CONVERSATIONS, build_conversations, store)


def warm_up() -> None:
    """Load what a worker should have before it forks, so that its children share it."""
    language.model()
    warm_up_tables()
    nothing = Dataset(conversations=[], cuts=[], replaced={}, looked_at=0)
    # pandera loads its backend when it first validates: 0.3 s that the first part would pay for.
    quality.checks(nothing, _tables(nothing, []), 0)


def build_conversations(request: BuildConversations, part: Part) -> Result:
    """Records to conversations, turns, chunks of units, and a manifest; only some of them where time runs short."""
    records = read_records(part, request.batch)
    begun = part.remaining_s()

    def keep_going() -> bool:
        left = part.remaining_s()
        return left > SAFETY_S + AFTERWARDS * (begun - left)

    with uncollected():
        dataset = build(records, language.model(), keep_going)
        pieces = chunks.cut(dataset.cuts, request.max_chunks, request.min_chunk_rows)
        written = _written(part, dataset, pieces)
    origin = Origin(
        generator=part.spec.name, code_version=part.spec.version, input_sha256=request.batch.sha256,
        records=len(records),
    )  # fmt: skip
    manifest = quality.manifest(origin, dataset, written)
    part.write_model("quality", manifest)
    facts = {**manifest.tables, "chunks": len(pieces), "masked": int(manifest.facts["masked"])}
    failed = [check.name for check in manifest.checks if not check.passed]
    return Result(
        coverage=Coverage(seen=len(dataset.cuts), total=len(records)),
        facts={**facts, "left_out": len(records) - dataset.looked_at, "failed_checks": failed},
    )


def _written(part: Part, dataset: Dataset, pieces: list[chunks.Chunk]) -> Tables:
    """The dataset as tables, after they were stored."""
    written = _tables(dataset, pieces)
    write_table(part, "conversations", written.conversations, tables.CONVERSATIONS)
    write_table(part, "turns", written.turns, tables.TURNS)
    at = 0
    for count in map(chunks.rows, pieces):
        write_table(part, "units", written.units.slice(at, count), tables.UNITS)
        at += count
    return written


def _tables(dataset: Dataset, pieces: list[chunks.Chunk]) -> Tables:
    return Tables(
        conversations=table_of(dataset.conversations, tables.CONVERSATIONS),
        turns=table_of(dataset.turns, tables.TURNS),
        units=table_from(unit_columns(cut for piece in pieces for cut in piece), tables.UNITS),
    )
