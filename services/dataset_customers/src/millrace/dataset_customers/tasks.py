"""The service's tasks: decode, call the domain, encode."""

from celery import Celery

from millrace.contracts import catalogue, tables
from millrace.contracts.inputs import BuildCustomers, BuildOperations, BuildRatings
from millrace.contracts.insights import Manifest
from millrace.contracts.outcome import Coverage
from millrace.dataset_customers.domain import quality
from millrace.dataset_customers.domain.customers import customers
from millrace.dataset_customers.domain.operations import operations
from millrace.dataset_customers.domain.quality import Origin
from millrace.dataset_customers.domain.ratings import ratings
from millrace.dataset_customers.domain.segments import segments
from millrace.storage.artifacts import ArtifactStore
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part
from millrace.worker.tables import read_records, write_rows
from millrace.worker.tables import warm_up as warm_up_tables


def register(app: Celery, store: ArtifactStore) -> None:
    """Offer the tasks on this app."""
    register_part(app, catalogue.RATINGS, build_ratings, store)
    register_part(app, catalogue.CUSTOMERS, build_customers, store)
    register_part(app, catalogue.OPERATIONS, build_operations, store)


def warm_up() -> None:
    """Load what a worker should have before it forks, so that its children share it."""
    warm_up_tables()


def build_ratings(request: BuildRatings, part: Part) -> Result:
    """Records to ratings on one scale and their segments."""
    records = read_records(part, request.batch)
    rated, grouped = ratings(records, part.message.tenant), segments(records)
    write_rows(part, "ratings", rated, tables.RATINGS)
    write_rows(part, "segments", grouped, tables.SEGMENTS)
    manifest = quality.of_ratings(_origin(part, request.batch.sha256), records, rated, grouped)
    return _reported(part, manifest, Coverage(seen=len(rated), total=len(records)))


def build_customers(request: BuildCustomers, part: Part) -> Result:
    """Records to one row per customer."""
    records = read_records(part, request.batch)
    rows = customers(records, part.message.tenant)
    write_rows(part, "customers", rows, tables.CUSTOMERS)
    manifest = quality.of_customers(_origin(part, request.batch.sha256), records, rows)
    return _reported(part, manifest, Coverage(seen=len(records), total=len(records)))


def build_operations(request: BuildOperations, part: Part) -> Result:
    """Records to tickets and the load by hour."""
    records = read_records(part, request.batch)
    found = operations(records, part.message.tenant)
    write_rows(part, "tickets", found.tickets, tables.TICKETS)
    write_rows(part, "hourly", found.hourly, tables.HOURLY)
    manifest = quality.of_operations(_origin(part, request.batch.sha256), records, found)
    return _reported(part, manifest, Coverage(seen=len(records), total=len(records)))


def _origin(part: Part, input_sha256: str) -> Origin:
    return Origin(generator=part.spec.name, code_version=part.spec.version, input_sha256=input_sha256)


def _reported(part: Part, manifest: Manifest, coverage: Coverage) -> Result:
    part.write_model("quality", manifest)
    failed = [check.name for check in manifest.checks if not check.passed]
    return Result(coverage=coverage, facts={**manifest.facts, "failed_checks": failed})
