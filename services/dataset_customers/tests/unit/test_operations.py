from datetime import UTC, datetime

from millrace.contracts.records import Record
from millrace.dataset_customers.domain.operations import operations
from millrace.dataset_customers.domain.people import person


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 5, 1, hour, minute, tzinfo=UTC)


def record(record_id: str, hour: int, minute: int = 0, role: str = "customer", **attrs: str) -> Record:
    return Record(
        record_id=record_id, text="x", thread_ref="T", created_at=at(hour, minute), author_role=role, attrs=attrs
    )


def test_a_thread_with_an_answer_is_a_ticket() -> None:
    # Given a greeting by an agent, a question, and its answer 20 minutes later
    thread = [record("a", 9, 0, "agent"), record("b", 9, 10), record("c", 9, 30, "Support")]

    # When tickets are made
    (ticket,) = operations(thread, "acme").tickets

    # Then the reply is timed from the opening, and nothing says that it is resolved
    assert (ticket.turns, ticket.opened_at, ticket.first_reply_s) == (3, at(9), 1800.0)
    assert (ticket.resolution_s, ticket.reopened, ticket.agent) == (None, 0, "")
    assert ticket.conv_id == thread[0].conv_id


def test_a_life_cycle_in_the_attributes_is_a_ticket() -> None:
    # Given a row of a helpdesk's export, its headers written in different ways
    export = record(
        "a", 9, **{"First Reply At": "2024-05-01T09:05:00Z", "resolvedAt": "2024-05-01 11:00", "REOPENED": "2"},
        Agent="Ann",
    )  # fmt: skip

    # When tickets are made / Then the attributes tell the times, UTC where they name no zone, and the agent is a hash
    (ticket,) = operations([export], "acme").tickets
    assert (ticket.first_reply_s, ticket.resolution_s, ticket.reopened) == (300.0, 7200.0, 2)
    assert ticket.agent == person("acme", "Ann")


def test_reviews_are_no_tickets() -> None:
    # Given a review with a status of another kind
    found = operations([record("a", 9, status="active", department="Tops")], "acme")

    # When tickets are made / Then there is none, but the hour's load is known
    assert found.tickets == []
    assert [(row.hour, row.records, row.backlog) for row in found.hourly] == [(at(9), 1, 0)]


def test_records_without_times_have_no_hours() -> None:
    # Given a batch without times / When operations are made / Then both tables are empty
    found = operations([Record(record_id="a", text="x")], "acme")
    assert (found.tickets, found.hourly) == ([], [])


def test_the_backlog_rises_with_openings_and_falls_with_resolutions() -> None:
    # Given a ticket from 9 to 11, one that is still open since 10, and one within the hour of 11
    records = [
        record("a", 9, 30, resolved_at="2024-05-01T11:15:00Z").model_copy(update={"thread_ref": "A"}),
        record("b", 10, 30, status="On-Hold").model_copy(update={"thread_ref": "B"}),
        record("c", 11, 0, closed_at="2024-05-01T11:59:00Z").model_copy(update={"thread_ref": "C"}),
    ]

    # When the load is counted / Then only the open one is left at the end
    assert [(row.hour.hour, row.records, row.backlog) for row in operations(records, "acme").hourly] == [
        (9, 1, 1), (10, 1, 2), (11, 1, 1),
    ]  # fmt: skip


def test_times_that_cannot_be_are_counted_and_left_out() -> None:
    # Given a ticket that was answered before it was opened, and closed at no time that can be read
    found = operations([record("a", 9, first_reply_at="2024-05-01T08:00:00Z", closed_at="yesterday")], "acme")

    # When tickets are made / Then neither duration is there
    (ticket,) = found.tickets
    assert (ticket.first_reply_s, ticket.resolution_s) == (None, None)
    assert (found.negative, found.unreadable) == (1, 1)
