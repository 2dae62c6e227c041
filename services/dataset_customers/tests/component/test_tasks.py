from datetime import UTC, datetime
from typing import Any

import pytest

from millrace.contracts import catalogue, tables
from millrace.contracts.catalogue import TaskSpec
from millrace.contracts.insights import Manifest
from millrace.contracts.outcome import Coverage
from millrace.contracts.records import Rating, Record, Scale
from millrace.dataset_customers import tasks
from millrace.testing.parts import Bench
from millrace.worker.errors import BadInput
from millrace.worker.part import Handler, Part, Result
from millrace.worker.tables import read_table

RECORDS = [
    Record(
        record_id=f"r{n}", text="x" if n % 2 else "", rating=Rating(scale=Scale.NPS, value=n), customer_ref=f"c{n % 3}",
        created_at=datetime(2024, 5, 1 + n, tzinfo=UTC), attrs={"plan": ("Free", "Pro")[n % 2]},
    )
    for n in range(10)
]  # fmt: skip
TASKS: list[tuple[TaskSpec[Any], Handler[Any]]] = [
    (catalogue.RATINGS, tasks.build_ratings),
    (catalogue.CUSTOMERS, tasks.build_customers),
    (catalogue.OPERATIONS, tasks.build_operations),
]


def run(spec: TaskSpec[Any], handler: Handler[Any], records: list[Record]) -> tuple[Result, Part]:
    bench = Bench()
    part = bench.part(spec, {"batch": (bench.put_batch(records),)})
    return bench.run(handler, part), part


def rows(part: Part, name: str, schema: tables.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_table(part, part.artifacts[name][0], schema).to_pylist()
    return found


def manifest(part: Part) -> Manifest:
    return part.read_model(part.artifacts["quality"][0], Manifest)


def test_ratings_and_their_segments_are_written() -> None:
    # Given ten rated records on two plans / When the part runs
    result, part = run(catalogue.RATINGS, tasks.build_ratings, RECORDS)

    # Then both tables and the manifest are there
    assert [row["norm"] for row in rows(part, "ratings", tables.RATINGS)] == [n / 10 for n in range(10)]
    segments = rows(part, "segments", tables.SEGMENTS)
    assert segments[:2] == [
        {"record_id": "r0", "name": "Plan", "value": "Free"},
        {"record_id": "r1", "name": "Plan", "value": "Pro"},
    ]
    assert manifest(part).shares["with_text"] == 0.5
    assert result.coverage == Coverage(seen=10, total=10)


def test_customers_are_written() -> None:
    # Given three customers with a contact every third day / When the part runs
    result, part = run(catalogue.CUSTOMERS, tasks.build_customers, RECORDS)

    # Then the one with four contacts has a rating that rises by 0.3 each
    most = max(rows(part, "customers", tables.CUSTOMERS), key=lambda row: row["contacts"])
    assert most["contacts"] == most["n_rated"] == 4
    assert abs(most["rating_slope"] - 0.3) < 1e-12
    assert (most["plan"], most["churned"], most["contact_rate"]) == ("Pro", None, 4.0)
    assert [row["record_id"] for row in rows(part, "contacts", tables.CONTACTS)] == [f"r{n}" for n in range(10)]
    assert result.facts["repeat_customers"] == 3


def test_tickets_and_hours_are_written() -> None:
    # Given a ticket that took an hour
    attrs = {"resolved_at": "2024-05-01T10:00:00+00:00"}
    records = [Record(record_id="a", text="x", created_at=datetime(2024, 5, 1, 9, tzinfo=UTC), attrs=attrs)]

    # When the part runs
    result, part = run(catalogue.OPERATIONS, tasks.build_operations, records)

    # Then it is open at nine and gone at ten
    assert rows(part, "tickets", tables.TICKETS)[0]["resolution_s"] == 3600.0
    assert [row["backlog"] for row in rows(part, "hourly", tables.HOURLY)] == [1, 0]
    assert (result.facts["tickets"], result.facts["resolved"]) == (1, 1)


@pytest.mark.parametrize(("spec", "handler"), TASKS)
def test_a_batch_without_such_data_gives_empty_tables(spec: TaskSpec[Any], handler: Handler[Any]) -> None:
    # Given a text without rating, customer, time or ticket / When the part runs
    result, part = run(spec, handler, [Record(record_id="a", text="x")])

    # Then its tables are there, empty, and the facts say so
    assert set(part.artifacts) == set(spec.outputs)
    assert set(manifest(part).tables.values()) == {0}
    assert result.facts["records"] == 1
    assert all(count == 0 for name, count in result.facts.items() if name in ("rated", "customers", "tickets", "hours"))


@pytest.mark.parametrize(("spec", "handler"), TASKS)
def test_the_same_batch_gives_the_same_bytes(spec: TaskSpec[Any], handler: Handler[Any]) -> None:
    # Given one batch / When it is built twice in different runs / Then every artifact has the same digest
    digests = [
        {name: [ref.sha256 for ref in refs] for name, refs in run(spec, handler, RECORDS)[1].artifacts.items()}
        for _ in range(2)
    ]
    assert digests[0] == digests[1]


def test_failed_checks_are_told_not_raised() -> None:
    # Given the same record twice, and three that nobody rated
    records = [RECORDS[0], RECORDS[0], *(Record(record_id=f"t{n}", text="x") for n in range(3))]

    # When the part runs / Then it succeeds and names what is wrong
    result, _ = run(catalogue.RATINGS, tasks.build_ratings, records)
    assert result.facts["failed_checks"] == ["record_ids_unique", "rated_records"]


def test_a_line_that_is_no_record_is_refused_without_quoting_it() -> None:
    # Given a broken batch
    bench = Bench()
    part = bench.part(catalogue.RATINGS, {"batch": (bench.put("batch", b'{"text": "jo@example.com"}', "batch/1"),)})

    # When the part runs / Then it says which line, and nothing of what stands there
    with pytest.raises(BadInput, match="line 1 of the batch is not a record") as caught:
        bench.run(tasks.build_ratings, part)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("spec", "handler"), TASKS)
@pytest.mark.parametrize(
    "records",
    [
        [],
        [Record(record_id="a", text="x")],
        [Record(record_id=str(n), text="😀👎") for n in range(3)],
        [Record(record_id="a", text="word " * 2_000)],
        [Record(record_id=str(n), text="x", thread_ref="T", customer_ref="jo") for n in range(5_000)],
        [Record(record_id=str(n), rating=Rating(scale=Scale.NPS, value=9)) for n in range(20)],
    ],
    ids=("none", "one", "emoji", "long", "one-thread", "no-dates"),
)
def test_batches_with_little_in_them(spec: TaskSpec[Any], handler: Handler[Any], records: list[Record]) -> None:
    # Given such a batch / When the part runs / Then its tables are there, and their rows are counted
    result, part = run(spec, handler, records)
    assert set(part.artifacts) == set(spec.outputs)
    assert result.facts["records"] == len(records)
    ignored = {"rated_records", "times_given"}
    assert set(result.facts["failed_checks"]) <= ignored


def test_nothing_personal_gets_out_of_any_task() -> None:
    # Given records whose every field and header holds something personal
    secrets = ("jo@example.com", "Anna Kowalski", "+44 20 7946 0958", "12 Maple Street", "4111 1111 1111 1111")
    records = [
        Record(
            record_id=f"r{n}", text="x", rating=Rating(scale=Scale.NPS, value=9), customer_ref=secrets[n % 2],
            thread_ref=secrets[0], author_role=secrets[n % 2], channel=secrets[0], source=secrets[n % 2 * 2],
            product=secrets[n % 2 * 3], lang=secrets[0][:16],
            attrs={
                "Agent": secrets[1], "Handled by": secrets[1], "plan": secrets[0], "Depot": secrets[3],
                "status": secrets[1], "tenure": secrets[4], "Card": secrets[4], "Wohin": secrets[n % 3],
            },
        )
        for n in range(60)
    ]  # fmt: skip

    # When every task runs / Then no artifact holds any of it
    for spec, handler in TASKS:
        bench = Bench()
        part = bench.part(spec, {"batch": (bench.put_batch(records),)})
        bench.run(handler, part)
        found = [
            str(rows(part, name, output.content) if isinstance(output.content, tables.Table) else manifest(part))
            for name, output in spec.outputs.items()
        ]
        assert not [secret for secret in secrets if any(secret.casefold() in text.casefold() for text in found)]
