"""Contacts, risks, service levels and segments from the datasets as they are stored."""

from datetime import UTC, datetime, timedelta

import pytest

from millrace.analytics import tasks
from millrace.contracts import catalogue, tables
from millrace.contracts.insights import Contacts, Kpis, Risks, Segments, ServiceLevels
from millrace.contracts.outcome import Coverage
from millrace.testing.parts import Bench

START = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def batch(bench, unit_rows):
    """References of thirty tickets by as many customers, of whom every third wants a refund and to leave."""
    units = unit_rows([[]] * 30, [-0.6, 0.2, None] * 10)
    for i, row in enumerate(units):
        leaves = i % 3 == 0
        span = {"kind": "order", "value": f"A-{i % 6}", "start": 0, "end": 3}
        row |= {
            "conv_id": f"c{i:02d}", "reason": "refund" if leaves else "", "reason_confidence": 0.8,
            "flags": ["churn"] if leaves else [], "entities": [span],
        }  # fmt: skip
    customers = [
        {"customer": f"p{i:02d}", "contacts": 1 + i % 2, "recency_days": 1.0, "rating_mean": 0.1, "n_rated": 1,
         "reopened": 0, "churned": True if i == 29 else None}
        for i in range(30)
    ]  # fmt: skip
    contacts = [
        {"record_id": f"r{i:03d}", "customer": f"p{i:02d}", "conv_id": f"c{i:02d}", "role": "customer",
         "created_at": START + timedelta(hours=i)}
        for i in range(30)
    ]  # fmt: skip
    tickets = [
        {"conv_id": f"c{i:02d}", "first_reply_s": 60.0 * i, "resolution_s": None if i > 9 else 600.0, "turns": 2,
         "reopened": i % 2, "agent": "x"}
        for i in range(30)
    ]  # fmt: skip
    hourly = [{"hour": START + timedelta(hours=i), "records": 100 * (i == 9) + 5, "backlog": i} for i in range(24)]
    return {
        "annotations": tuple(
            bench.put_table(f"annotations.{i}", chunk, tables.ANNOTATIONS)
            for i, chunk in enumerate((units[:13], units[13:]))
        ),
        "customers": (bench.put_table("customers", customers, tables.CUSTOMERS),),
        "contacts": (bench.put_table("contacts", contacts, tables.CONTACTS),),
        "tickets": (bench.put_table("tickets", tickets, tables.TICKETS),),
        "hourly": (bench.put_table("hourly", hourly, tables.HOURLY),),
    }


def run(bench, spec, handler, inputs, model):
    part = bench.part(spec, inputs)
    result = bench.run(handler, part)
    ((ref,),) = part.artifacts.values()
    return part.read_model(ref, model), result, ref


def only(batch, *names):
    return {name: batch[name] for name in names}


def test_contacts(bench, batch):
    found, result, ref = run(bench, catalogue.CONTACTS, tasks.contacts, only(batch, "annotations"), Contacts)

    assert ref.schema_name == "contacts/1"
    assert [(each.id, each.conversations, each.share.value) for each in found.reasons] == [("refund", 10, 0.333333)]
    assert [(each.id, each.records) for each in found.flags] == [("churn", 10)]
    assert [each.records for each in found.entities] == [5] * 6
    assert result.facts == {"conversations": 30, "reasons": 1}
    assert found.note == "10 of 30 conversations hold nothing that could be read"


def test_risks(bench, batch):
    inputs = only(batch, "customers", "contacts", "annotations")

    found, result, ref = run(bench, catalogue.RISKS, tasks.risks, inputs, Risks)

    assert ref.schema_name == "risks/1"
    assert (found.customers, found.high, found.medium) == (29, 10, 0)
    assert (found.risks[0].customer, found.risks[0].score, found.risks[0].evidence) == ("p00", 0.7, ("r000",))
    assert result.facts == {"method": "points", "customers": 29, "high": 10}


def test_risks_without_text(bench, batch):
    found, _, _ = run(bench, catalogue.RISKS, tasks.risks, only(batch, "customers", "contacts"), Risks)

    assert (found.customers, found.risks) == (29, ())
    assert "what customers wrote was not looked at" in found.note


def test_service_levels(bench, batch):
    inputs = only(batch, "tickets", "hourly")

    found, result, ref = run(bench, catalogue.SERVICE_LEVELS, tasks.service_levels, inputs, ServiceLevels)

    assert ref.schema_name == "servicelevels/1"
    assert (found.tickets, found.backlog, found.busiest_hours[0]) == (30, 23, 9)
    assert (found.resolution_s["p50"].n, found.reopened.value, found.agents) == (10, 0.5, ())
    assert result.facts == {"tickets": 30, "agents": 0}


def test_segments(bench, rating_rows):
    segments = [{"record_id": f"r{i:03d}", "name": "shop", "value": "ab"[i % 2]} for i in range(100)]
    inputs = {
        "ratings": (bench.put_table("ratings", rating_rows([1, 3, 4, 5] * 25), tables.RATINGS),),
        "segments": (bench.put_table("segments", segments, tables.SEGMENTS),),
    }

    found, result, ref = run(bench, catalogue.SEGMENTS, tasks.segments, inputs, Segments)

    assert ref.schema_name == "segments/1"
    assert [(each.value, each.difference.value, each.effect.value) for each in found.segments] == [
        ("a", -1.5, -0.5), ("b", 1.5, 0.5),
    ]  # fmt: skip
    assert (result.coverage, result.facts) == (Coverage(seen=100, total=100), {"segments": 2})


def test_kpis_with_customers(bench, batch, rating_rows):
    inputs = only(batch, "customers") | {"ratings": (bench.put_table("ratings", rating_rows([4, 2]), tables.RATINGS),)}

    found, _, _ = run(bench, catalogue.KPIS, tasks.kpis, inputs, Kpis)

    assert (found.contacts_per_customer.value, found.contacts_per_customer.n) == (1.5, 30)
    assert found.scores[0].satisfied.value == 0.5


@pytest.mark.parametrize(
    ("spec", "handler", "schemas", "note"),
    [
        (catalogue.CONTACTS, tasks.contacts, {"annotations": tables.ANNOTATIONS}, "no customer's text"),
        (
            catalogue.RISKS, tasks.risks, {"customers": tables.CUSTOMERS, "contacts": tables.CONTACTS},
            "risks need 5 customers",
        ),
        (
            catalogue.SERVICE_LEVELS, tasks.service_levels, {"tickets": tables.TICKETS, "hourly": tables.HOURLY},
            "there are no tickets",
        ),
        (
            catalogue.SEGMENTS, tasks.segments, {"ratings": tables.RATINGS, "segments": tables.SEGMENTS},
            "nothing is rated",
        ),
    ],
)  # fmt: skip
def test_empty_tables_give_a_note(bench, spec, handler, schemas, note):
    inputs = {name: (bench.put_table(name, [], schema),) for name, schema in schemas.items()}

    found, _, _ = run(bench, spec, handler, inputs, next(iter(spec.outputs.values())).content)

    assert note in found.note


@pytest.mark.parametrize(
    ("spec", "handler", "names"),
    [
        (catalogue.CONTACTS, tasks.contacts, ("annotations",)),
        (catalogue.RISKS, tasks.risks, ("customers", "contacts", "annotations")),
    ],
)
def test_the_cut_into_chunks_leaves_no_trace(bench, batch, spec, handler, names):
    inputs = only(batch, *names)
    turned = inputs | {"annotations": inputs["annotations"][::-1]}

    digests = set()
    for number, given in enumerate((inputs, turned)):
        part = bench.part(spec, given)
        part.input_hash = f"{number:064d}"
        bench.run(handler, part)
        digests |= {ref.sha256 for refs in part.artifacts.values() for ref in refs}

    assert len(digests) == 1
