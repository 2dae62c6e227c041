"""The HTTP API over in-memory stores and a real parser child."""

import json
from typing import Any

import pytest
from services.ingestion.tests.component.world import AUTH, RIVALS, World

from millrace.contracts.run import RunStatus
from millrace.ingestion.openapi import api_routes
from millrace.testing.factories import artifact

CSV = b"id,review,stars\n1,Lovely and soft,5\n2,Too small,2\n"


def post_csv(world: World, data: bytes = CSV, **headers: str) -> tuple[int, Any]:
    answer = world.submit(data, headers=headers)
    return answer.status_code, answer.json()


def test_a_file_is_accepted_stored_and_started(world: World) -> None:
    # when
    status, answer = post_csv(world)
    # then
    assert (status, answer["records"], answer["status"]) == (202, 2, "accepted")
    assert answer["mapping"]["fields"] == {"record_id": "id", "text": "review", "rating": "stars"}
    assert [record.run_id for record in world.post.started] == [answer["run_id"]]
    assert len(world.objects) == 1


def test_json_carries_its_own_options(world: World) -> None:
    # given
    body = {"records": [{"record_id": "1", "text": "fine"}], "metadata": {"ticket": "7"}, "deadline_s": 20}
    # when
    answer = world.submit(json.dumps(body).encode(), "application/json")
    # then
    record = world.runs.get("acme", answer.json()["run_id"])
    assert (answer.status_code, record.metadata) == (202, {"ticket": "7"})
    assert (record.deadline_at - record.accepted_at).total_seconds() == 20


def test_the_links_of_an_accepted_run_lead_somewhere(world: World) -> None:
    # given
    links = world.submit(b'{"records": [{"record_id": "1", "text": "fine"}]}', "application/json").json()["links"]
    place = links["self"]
    # when / then
    assert links == {"self": place, "report": f"{place}/report", "events": f"{place}/events"}
    assert {route.path for route in api_routes(world.app)} >= {f"/v1/runs/{{run_id}}{end}" for end in ("", "/events")}


def test_json_of_no_particular_type_keeps_its_options_too(world: World) -> None:
    # given
    body = b'{"records": [{"record_id": "1", "text": "fine"}], "metadata": {"ticket": "7"}}'
    # when
    answer = world.submit(body, "text/plain")
    # then
    assert world.runs.get("acme", answer.json()["run_id"]).metadata == {"ticket": "7"}


def test_a_run_is_accepted_even_if_the_broker_is_away(world: World) -> None:
    # given
    world.post.broken = True
    # when
    status, answer = post_csv(world)
    # then: the sweep will start it
    assert status == 202
    assert world.runs.get("acme", str(answer["run_id"])).due_at is not None


def problem(answer: object) -> tuple[int, str]:
    status, body = answer.status_code, answer.json()  # type: ignore[attr-defined]
    assert answer.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    assert body["status"] == status
    return status, body["type"].removeprefix("urn:millrace:problem:")


@pytest.mark.parametrize(
    ("query", "body", "expected"),
    [
        ("?flow=nope", CSV, (422, "unknown-flow")),
        ("?callback_url=http://10.0.0.1/x", CSV, (422, "bad-callback-url")),
        ("?callback_url=not-a-url", CSV, (422, "bad-callback-url")),
        ("?map=text:Nope", CSV, (422, "unknown-column")),
        ("?map=text", CSV, (400, "bad-request")),
        ("?deadline_s=0", CSV, (422, "invalid-parameter")),
        ("", b"review,stars\n,\nn/a,\n", (422, "no-usable-rows")),
        ("", b"PK\x03\x04zip", (415, "media-type-mismatch")),
        ("", b"x" * (1 << 20) + b"x", (413, "body-too-large")),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_cannot_be_accepted_is_a_problem_and_leaves_nothing(
    world: World, query: str, body: bytes, expected: tuple[int, str]
) -> None:
    # when
    answer = world.submit(body, query=query)
    # then
    assert problem(answer) == expected
    assert (world.runs.records, world.objects, world.post.started) == ({}, {}, [])


def test_a_bad_record_is_named_by_row_and_field_without_its_value(world: World) -> None:
    # given
    bad = {"text": "no id", "rating": {"scale": "nps", "value": 99}}
    body = {"records": [{"record_id": "1", "text": "ok"}, bad, bad]}
    # when
    answer = world.submit(json.dumps(body).encode(), "application/json")
    # then
    assert problem(answer) == (422, "invalid-records")
    errors = [(each["row"], each["field"]) for each in answer.json()["errors"]]
    assert (2, "rating") in errors
    assert "no id" not in answer.text
    assert world.runs.records == {}


def test_a_misspelt_option_is_refused_not_ignored(world: World) -> None:
    # when
    answer = world.submit(b'{"records": [{"text": "x"}], "calback_url": "x"}', "application/json")
    # then
    assert problem(answer) == (422, "invalid-options")
    assert answer.json()["errors"][0]["field"] == "calback_url"


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/nothing", (404, "not-found")),
        ("DELETE", "/v1/runs", (405, "method-not-allowed")),
        ("GET", "/v1/runs?limit=0", (422, "invalid-parameter")),
        ("GET", "/v1/runs/run_01M8000000000000000000000A", (404, "not-found")),
        ("GET", "/v1/runs/../../etc", (404, "not-found")),
    ],
)
def test_the_frameworks_own_errors_are_problems_too(
    world: World, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert problem(world.client.request(method, path, headers=AUTH)) == expected


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", pytest.param(AUTH["authorization"].replace("Bearer", "Basic"), id="Basic")]
)
def test_without_a_key_there_is_nothing_to_see(world: World, given: str) -> None:
    for method, path in [("POST", "/v1/runs"), ("GET", "/v1/runs"), ("GET", "/v1/flows")]:
        assert problem(world.client.request(method, path, headers={"authorization": given})) == (
            401,
            "not-authenticated",
        )


def test_another_tenants_run_and_report_are_not_found(world: World) -> None:
    # given
    _, answer = post_csv(world)
    # when / then
    for path in ("", "/report"):
        found = world.client.get(f"/v1/runs/{answer['run_id']}{path}", headers=RIVALS)
        assert problem(found) == (404, "not-found")


def test_the_same_idempotency_key_makes_one_run_and_the_same_answer(world: World) -> None:
    # when
    first = post_csv(world, **{"idempotency-key": "k-1"})
    second = post_csv(world, **{"idempotency-key": "k-1"})
    third = post_csv(world, CSV + b"3,More,4\n", **{"idempotency-key": "k-1"})
    # then
    assert first == second
    assert (third[0], third[1]["type"]) == (422, "urn:millrace:problem:idempotency-key-reused")
    assert (len(world.runs.records), len(world.post.started), len(world.objects)) == (1, 1, 1)


def test_a_run_is_shown_with_the_stages_still_to_come(world: World) -> None:
    # given
    _, answer = post_csv(world)
    # when
    shown = world.client.get(f"/v1/runs/{answer['run_id']}", headers=AUTH).json()
    # then
    assert (shown["status"], [(stage["name"], stage["status"]) for stage in shown["stages"]]) == (
        "accepted", [("one", "pending")],
    )  # fmt: skip


def test_the_report_is_what_the_run_stored(world: World) -> None:
    # given
    _, answer = post_csv(world)
    record = world.runs.get("acme", str(answer["run_id"]))
    world.runs.replace(record.model_copy(update={"status": RunStatus.COMPLETED, "report": record.batch}))
    # when
    got = world.client.get(f"/v1/runs/{record.run_id}/report", headers=AUTH)
    # then
    assert [json.loads(line)["text"] for line in got.text.splitlines()] == ["Lovely and soft", "Too small"]


def test_runs_are_listed_newest_first_and_filtered(world: World) -> None:
    # given
    ids = [str(post_csv(world)[1]["run_id"]) for _ in range(3)]
    done = world.runs.get("acme", ids[0])
    world.runs.replace(done.model_copy(update={"status": RunStatus.COMPLETED, "report": artifact()}))
    # when
    page = world.client.get("/v1/runs?limit=2", headers=AUTH).json()
    filtered = world.client.get("/v1/runs?status=completed", headers=AUTH).json()
    # then
    assert len(page["runs"]) == 2 and page["cursor"]
    assert [run["run_id"] for run in filtered["runs"]] == [ids[0]]


def test_ready_means_that_a_flow_is_known(world: World) -> None:
    assert world.client.get("/readyz").status_code == 200
    assert world.client.get("/healthz").json() == {"status": "ok"}
