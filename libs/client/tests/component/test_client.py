import json
import socket
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from millrace.client import Client
from millrace.client.errors import BadAnswer, Refused, SettingsError, Unavailable, UnknownMediaType, WaitTimeout
from millrace.contracts.api import CancelRequest, RedriveRequest, RunRequest, RunView
from millrace.contracts.records import Record
from millrace.contracts.run import RunStatus

KEY = "key-acme"
RUN = "run_01JZZZZZZZZZZZZZZZZZZZZZZZ"
REQUEST = RunRequest(records=(Record(record_id="r1", text="Fits well."),), metadata={"batch": "7"})


class Pauses(list[float]):
    """Remembers the pauses instead of making them."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def client(api: Any, pauses: Pauses | None = None) -> Client:
    return Client(api.url, KEY, timeout=5, pause=Pauses() if pauses is None else pauses)


def test_records_are_submitted_as_json_with_key_and_idempotency_key(api: Any) -> None:
    # given / when
    with client(api) as asked:
        answer = asked.submit_records(REQUEST, idempotency_key="once")

    # then
    method, path, headers, body = api.asked[0]
    assert (method, path) == ("POST", "/v1/runs")
    assert (headers["authorization"], headers["idempotency-key"]) == ("Bearer key-acme", "once")
    assert headers["content-type"] == "application/json"
    assert RunRequest.model_validate_json(body) == REQUEST
    assert (answer.run_id, answer.records, answer.set_aside_total) == (RUN, 1180, 20)


def test_a_file_is_submitted_as_it_is_with_its_options(api: Any, csv_file: Path) -> None:
    # given / when
    with client(api) as asked:
        asked.submit_file(
            csv_file, callback_url="http://hook.example/?a=1&b=2", mapping={"text": "Review: Text"},
            metadata={"order": "a:b", "month": "Jänner"}, deadline_s=7.5,
        )  # fmt: skip

    # then
    assert api.query() == {
        "flow": ["customer-feedback"], "callback_url": ["http://hook.example/?a=1&b=2"], "deadline_s": ["7.5"],
        "map": ["text:Review: Text"], "meta": ["order:a:b", "month:Jänner"],
    }  # fmt: skip
    assert api.asked[0][2]["content-type"] == "text/csv"
    assert len(api.asked[0][2]["idempotency-key"]) == 36
    assert api.asked[0][3] == csv_file.read_bytes()


def test_bytes_need_their_media_type(api: Any) -> None:
    with client(api) as asked:
        with pytest.raises(UnknownMediaType):
            asked.submit_file(b"{}\n")
        asked.submit_file(b"{}\n", "application/x-ndjson")

    assert [each[2]["content-type"] for each in api.asked] == ["application/x-ndjson"]


def test_a_name_with_a_colon_is_not_sent(api: Any) -> None:
    with client(api) as asked, pytest.raises(ValueError, match="colon"):
        asked.submit_file(b"a\n", "text/csv", metadata={"a:b": "c"})
    assert api.asked == []


def test_a_run_its_report_and_the_flows_are_typed(api: Any) -> None:
    # given / when
    with client(api) as asked:
        run, report, flows = asked.run(RUN), asked.report(RUN), asked.flows()

    # then
    assert (run.status, run.deadline_at.second) == (RunStatus.ACCEPTED, 10)
    assert report.themes[0].label == "Fit and size"
    assert (flows[0].stages[0].steps[1].task, flows[0].stages[1].budget_s) == ("dataset.customers.ratings", 1.5)


def test_runs_are_asked_for_by_status_and_page(api: Any) -> None:
    # given / when
    with client(api) as asked:
        page = asked.runs(RunStatus.RUNNING, limit=5, cursor="a/b=")

    # then
    assert api.query() == {"status": ["running"], "limit": ["5"], "cursor": ["a/b="]}
    assert [run.status for run in page.runs] == ["running", "running"]


def test_runs_are_asked_for_by_flow_and_time(api: Any) -> None:
    # given
    began = datetime(2026, 3, 1, 13, tzinfo=timezone(timedelta(hours=1)))
    # when
    with client(api) as asked:
        asked.runs(flow="tone", since=began, until=began + timedelta(days=1))
        # then: a time without its zone would mean another moment to each who reads it
        with pytest.raises(ValueError, match="zone"):
            asked.runs(since=began.replace(tzinfo=None))
    assert api.query() == {
        "flow": ["tone"], "since": ["2026-03-01T13:00:00+01:00"], "until": ["2026-03-02T13:00:00+01:00"],
    }  # fmt: skip


def test_a_cancel_and_a_redrive_say_what_is_wanted(api: Any, make_view: Callable[..., RunView]) -> None:
    # given / when
    with client(api) as asked:
        cancelled = asked.cancel(RUN, "a duplicate")
        api.walk = [make_view("failed", None, attempt=2)]
        redriven = asked.redrive(RUN, "report")

    # then
    assert [each[:2] for each in api.asked] == [
        ("POST", f"/v1/runs/{RUN}/cancel"), ("POST", f"/v1/runs/{RUN}/redrive"),
    ]  # fmt: skip
    assert CancelRequest.model_validate_json(api.asked[0][3]).reason == "a duplicate"
    assert RedriveRequest.model_validate_json(api.asked[1][3]).start == "report"
    assert (cancelled.asked, cancelled.attempt, redriven.asked, redriven.attempt) == ("cancel", 1, "redrive", 2)


def test_a_cancel_is_tried_again_and_a_redrive_is_not(api: Any, make_view: Callable[..., RunView]) -> None:
    # given
    pauses = Pauses()
    api.say(503, Retry_After="2")
    with client(api, pauses) as asked:
        asked.cancel(RUN)
    api.walk = [make_view("failed", None)]
    api.say(0)

    # when / then: nobody knows whether it was taken, and the new attempt may have ended by the second try
    with client(api) as asked, pytest.raises(Unavailable):
        asked.redrive(RUN)
    assert (pauses, len(api.asked)) == ([2.0], 3)


def test_a_redrive_is_waited_for_though_it_has_not_begun(
    api: Any, make_view: Callable[..., RunView], redriven: RunView
) -> None:
    # given
    changes: list[RunView] = []
    first, second = make_view("partial", None, None, None), make_view("completed", None, None, None, attempt=2)
    api.walk = [first, first, redriven, second]

    # when
    with client(api) as asked:
        found = asked.wait(RUN, timeout=30, on_change=changes.append, attempt=2)

    # then: looks at the first attempt are nobody's business
    assert (found, changes) == (second, [redriven, second])


def test_the_report_of_an_attempt_is_asked_for_by_its_number(api: Any) -> None:
    # given / when
    with client(api) as asked:
        asked.report(RUN, attempt=2)
        asked.report(RUN)

    # then
    assert [api.query(number) for number in (0, 1)] == [{"attempt": ["2"]}, {}]


def test_the_page_of_a_report_is_asked_for_as_html(api: Any) -> None:
    # given
    api.say(
        200,
        "<!DOCTYPE html><p>caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode(),
        Content_Type="text/html; charset=utf-8",
    )
    # when
    with client(api) as asked:
        page = asked.page(RUN, attempt=2)
    # then
    assert page.endswith("<p>caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    assert (api.asked[0][2]["accept"], api.query()) == ("text/html", {"attempt": ["2"]})


def test_a_run_id_cannot_reach_another_path(api: Any) -> None:
    with client(api) as asked, pytest.raises(Refused):
        asked.run("../flows?x=1")
    assert api.asked[0][1] == "/v1/runs/..%2Fflows%3Fx%3D1"


def test_a_refusal_carries_the_problem_and_is_not_tried_again(api: Any, samples: Any) -> None:
    # given
    api.say(422, samples("problem"), Content_Type="application/problem+json")

    # when / then
    with client(api) as asked, pytest.raises(Refused, match="The batch cannot be used: 2 of 2 rows") as caught:
        asked.submit_records(REQUEST, idempotency_key="once")
    assert caught.value.problem.type == "urn:millrace:problem:invalid-batch"
    assert caught.value.problem.errors[1].field == "created_at"
    assert not caught.value.retryable
    assert len(api.asked) == 1


def test_an_error_that_is_no_problem_keeps_its_status(api: Any) -> None:
    # given: a proxy's page
    for _ in range(4):
        api.say(502, b"<html>private</html>")

    # when / then
    with client(api) as asked, pytest.raises(Unavailable, match=r"^Bad Gateway$") as caught:
        asked.flows()
    assert (caught.value.problem.status, caught.value.problem.type) == (502, "about:blank")


def test_a_read_is_tried_again_with_growing_pauses(api: Any) -> None:
    # given
    pauses = Pauses()
    for status in (503, 0, 429):
        api.say(status)

    # when
    with client(api, pauses) as asked:
        asked.flows()

    # then: half to whole of 0.2, 0.4 and 0.8 s
    assert len(api.asked) == 4
    assert [0.1 <= pauses[0] <= 0.2, 0.2 <= pauses[1] <= 0.4, 0.4 <= pauses[2] <= 0.8] == [True] * 3


def test_after_four_tries_the_last_error_is_raised(api: Any) -> None:
    # given
    for number in range(5):
        api.say(503, {"type": "urn:x", "title": f"Try {number}", "status": 503})

    # when / then
    with client(api) as asked, pytest.raises(Unavailable, match="Try 3") as caught:
        asked.run(RUN)
    assert caught.value.retryable
    assert len(api.asked) == 4


@pytest.mark.parametrize(("given", "faults"), [(None, (503, 0)), ("once", (503, 503)), (None, (0, 502))])
def test_a_submission_is_tried_again_under_the_same_key(api: Any, given: str | None, faults: tuple[int, ...]) -> None:
    # given
    for fault in faults:
        api.say(fault)
    # when
    with client(api) as asked:
        asked.submit_records(REQUEST, idempotency_key=given)
    # then
    keys = [each[2].get("idempotency-key") for each in api.asked]
    assert len(keys) == 3 and len(set(keys)) == 1
    assert keys[0] == (given or keys[0]) and len(keys[0]) >= 4


def test_two_submissions_have_two_keys(api: Any) -> None:
    with client(api) as asked:
        asked.submit_records(REQUEST)
        asked.submit_records(REQUEST)
    assert len({each[2]["idempotency-key"] for each in api.asked}) == 2


def test_an_answer_that_is_still_being_made_is_asked_for_again(api: Any) -> None:
    # given: the first try arrived, its answer did not, and the server has not finished it
    pauses = Pauses()
    body = {"type": "urn:millrace:problem:idempotency-key-in-progress", "title": "Conflict", "status": 409}
    api.say(409, body, Retry_After="1")
    # when
    with client(api, pauses) as asked:
        answer = asked.submit_records(REQUEST)
    # then
    assert (answer.run_id, pauses) == (RUN, [1.0])


def test_retry_after_is_kept_and_a_long_one_is_the_callers(api: Any) -> None:
    # given
    pauses = Pauses()
    api.say(429, Retry_After="2")
    api.say(429, Retry_After="60")

    # when / then
    with client(api, pauses) as asked, pytest.raises(Unavailable) as caught:
        asked.flows()
    assert pauses == [2.0]
    assert caught.value.retry_after_s == 60.0


@pytest.mark.parametrize("key", [None, "once"])
def test_a_submission_that_was_turned_away_is_sent_again_when_it_may(api: Any, key: str | None) -> None:
    # given: nothing was accepted, so it needs no key
    pauses = Pauses()
    api.say(429, {"type": "urn:millrace:problem:overloaded", "title": "Too Many Requests"}, Retry_After="8")

    # when
    with client(api, pauses) as asked:
        answer = asked.submit_records(REQUEST, idempotency_key=key)

    # then
    assert (answer.run_id, len(api.asked), pauses) == (RUN, 2, [8.0])
    assert api.asked[0][3] == api.asked[1][3]


def test_an_api_that_stays_overloaded_is_asked_four_times(api: Any) -> None:
    # given
    for _ in range(5):
        api.say(429, Retry_After="1")

    # when / then
    with client(api) as asked, pytest.raises(Unavailable) as caught:
        asked.submit_records(REQUEST)
    assert (len(api.asked), caught.value.retry_after_s, caught.value.retryable) == (4, 1.0, True)


def test_an_error_of_the_server_itself_is_not_tried_again(api: Any) -> None:
    api.say(500)

    with client(api) as asked, pytest.raises(Unavailable):
        asked.flows()
    assert len(api.asked) == 1


def test_an_address_where_nobody_listens_is_unavailable() -> None:
    # given: a port that was free a moment ago
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    pauses = Pauses()

    # when / then: nothing was sent, so that even a submission without a key is tried again
    with Client(url, KEY, pause=pauses) as asked, pytest.raises(Unavailable, match="does not answer") as caught:
        asked.submit_records(REQUEST)
    assert caught.value.problem.status == 0
    assert len(pauses) == 3


def test_an_answer_of_something_else_is_a_bad_answer(api: Any) -> None:
    # given
    api.say(200, b"<html>hello</html>")
    api.say(302, Location="http://127.0.0.1:1/")

    # when / then
    with client(api) as asked:
        with pytest.raises(BadAnswer, match="answered with no FlowList"):
            asked.flows()
        with pytest.raises(BadAnswer, match="answered 302"):
            asked.flows()


def test_a_run_is_waited_for_and_every_change_is_told(api: Any) -> None:
    # given
    changes: list[RunView] = []
    api.walk.insert(1, api.walk[0])

    # when
    with client(api) as asked:
        found = asked.wait(RUN, timeout=30, on_change=changes.append)

    # then: the same look twice is one change
    assert found.status is RunStatus.COMPLETED
    assert [change.status for change in changes] == ["accepted", "running", "running", "completed"]
    assert api.looks == 5


def test_a_wait_outlasts_an_api_that_is_away(api: Any) -> None:
    # given
    api.say(503)
    api.say(0)

    # when / then
    with client(api) as asked:
        assert asked.wait(RUN, timeout=30).status is RunStatus.COMPLETED


def test_a_wait_that_is_over_leaves_the_run_as_it_was_seen(api: Any) -> None:
    # given
    api.walk = api.walk[:2]

    # when / then
    with Client(api.url, KEY) as asked, pytest.raises(WaitTimeout) as caught:
        asked.wait(RUN, timeout=0.3)
    assert caught.value.last is not None
    assert caught.value.last.status is RunStatus.RUNNING


def test_a_run_that_is_not_there_is_not_waited_for(api: Any) -> None:
    with client(api) as asked, pytest.raises(Refused, match="There is no such run"):
        asked.wait("run_nobody", timeout=30)


def test_a_field_of_a_newer_release_is_ignored(api: Any) -> None:
    # given
    api.say(200, json.loads(api.walk[0].model_dump_json()) | {"mood": "good"})

    # when / then
    with client(api) as asked:
        assert asked.run(RUN).status is RunStatus.ACCEPTED


@pytest.mark.parametrize("url", ["api.example", "ftp://api.example", "http://", "http://a:port"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError):
        Client(url, KEY)


@pytest.mark.parametrize("key", ["a\nb", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Client("http://127.0.0.1:1", key)
    assert key not in str(caught.value)
