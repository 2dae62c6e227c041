"""The service's tasks: decode, call the domain, encode."""

from celery import Celery

from millrace.contracts import catalogue, tables
from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.inputs import BuildCustomers, BuildOperations, BuildRatings
from millrace.contracts.outcome import Coverage
from millrace.dataset_customers.domain import quality
from millrace.dataset_customers.domain.customers import contacts, customers
from millrace.dataset_customers.domain.operations import operations
from millrace.dataset_customers.domain.quality import Described, Origin
from millrace.dataset_customers.domain.ratings import ratings
from millrace.dataset_customers.domain.segments import segments
from millrace.storage.artifacts import ArtifactStore
from millrace.worker.part import Part, Result
from millrace.worker.register import register_part
from millrace.worker.tables import read_records, table_of, write_table
from millrace.worker.tables import warm_up as warm_up_tables


def register(app: Celery, store: ArtifactStore) -> None:
    """Offer the tasks on this app."""
    register_part(app, catalogue.RATINGS, build_ratings, store)
    register_part(app, catalogue.CUSTOMERS, build_customers, store)
    register_part(app, catalogue.OPERATIONS, build_operations, store)


def warm_up() -> None:
    """Load what a worker should have before it forks, so that its children share it."""
    warm_up_tables()
    # pandera loads its backend when it first validates: 0.3 s that the first part would pay for.
    quality.of_customers(
        {"customers": table_of([], tables.CUSTOMERS), "contacts": table_of([], tables.CONTACTS)}, [], []
    )


def build_ratings(request: BuildRatings, part: Part) -> Result:
    """Records to ratings on one scale and their segments."""
    records = read_records(part, request.batch)
    rated, grouped = ratings(records, part.message.tenant), segments(records)
    written = {"ratings": table_of(rated, tables.RATINGS), "segments": table_of(grouped, tables.SEGMENTS)}
    write_table(part, "ratings", written["ratings"], tables.RATINGS)
    write_table(part, "segments", written["segments"], tables.SEGMENTS)
    described = quality.of_ratings(written, records, rated, grouped)
    return _reported(part, request.batch, described, Coverage(seen=len(rated), total=len(records)))


def build_customers(request: BuildCustomers, part: Part) -> Result:
    """Records to one row per customer, and one for each of their records."""
    records = read_records(part, request.batch)
    rows, theirs = customers(records, part.message.tenant), contacts(records, part.message.tenant)
    written = {"customers": table_of(rows, tables.CUSTOMERS), "contacts": table_of(theirs, tables.CONTACTS)}
    write_table(part, "customers", written["customers"], tables.CUSTOMERS)
    write_table(part, "contacts", written["contacts"], tables.CONTACTS)
    described = quality.of_customers(written, records, rows)
    return _reported(part, request.batch, described, Coverage(seen=len(records), total=len(records)))


def build_operations(request: BuildOperations, part: Part) -> Result:
    """Records to tickets and the load by hour."""
    records = read_records(part, request.batch)
    found = operations(records, part.message.tenant)
    written = {"tickets": table_of(found.tickets, tables.TICKETS), "hourly": table_of(found.hourly, tables.HOURLY)}
    write_table(part, "tickets", written["tickets"], tables.TICKETS)
    write_table(part, "hourly", written["hourly"], tables.HOURLY)
    described = quality.of_operations(written, records, found)
    return _reported(part, request.batch, described, Coverage(seen=len(records), total=len(records)))


def _reported(part: Part, batch: ArtifactRef, described: Described, coverage: Coverage) -> Result:
    origin = Origin(generator=part.spec.name, code_version=part.spec.version, input_sha256=batch.sha256)
    manifest = quality.manifest(origin, described)
    part.write_model("quality", manifest)
    failed = [check.name for check in manifest.checks if not check.passed]
    return Result(coverage=coverage, facts={**manifest.facts, "failed_checks": failed})
