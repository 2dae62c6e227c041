"""Uploads over the API: offered, resumed, completed, used once and dropped."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from services.ingestion.tests.component.world import AUTH, RIVALS, World

from millrace.ingestion.body import Options, ReadBody
from millrace.ingestion.uploads import UploadReader

PART = 1 << 20
ROWS = 9_000
FILE = b"id,review,stars,blob\n" + b"".join(b"%d,It runs small,2,%s\n" % (n, b"x" * 230) for n in range(ROWS))
ASKED = {"size": len(FILE), "media_type": "text/csv", "filename": "ann.csv"}
NOBODYS = "upl_01M80000000000000000000000"


def opened(world: World, **changes: Any) -> Any:
    answer = world.client.post("/v1/uploads", json=ASKED | changes, headers=AUTH)
    assert answer.status_code == 201, answer.text
    return answer.json()


def send(world: World, view: Any, *numbers: int) -> None:
    for target in view["missing"]:
        if not numbers or target["part"] in numbers:
            start = (target["part"] - 1) * view["part_size"]
            world.multipart.send(target["url"], FILE[start : start + target["size"]])


def whole(world: World) -> str:
    view = opened(world)
    send(world, view)
    assert world.client.post(f"{view['links']['complete']}", headers=AUTH).json()["status"] == "complete"
    return str(view["upload_id"])


def run_over(world: World, upload_id: str, key: str = "k-1", **more: Any) -> Any:
    body = {"upload_id": upload_id} | more
    return world.client.post("/v1/runs", json=body, headers=AUTH | {"idempotency-key": key})


def problem(answer: Any) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:millrace:problem:")


def test_a_place_is_offered_for_each_part(world: World) -> None:
    # when
    view = opened(world)
    # then
    assert [(each["part"], each["size"]) for each in view["missing"]] == [
        (1, PART),
        (2, PART),
        (3, len(FILE) - 2 * PART),
    ]
    assert (view["parts"], view["part_size"], view["status"]) == (3, PART, "open")


def test_an_upload_is_resumed_with_what_is_missing(world: World) -> None:
    # given
    view = opened(world)
    send(world, view, 2)
    # when
    found = world.client.get(view["links"]["self"], headers=AUTH).json()
    # then
    assert ([each["part"] for each in found["arrived"]], [each["part"] for each in found["missing"]]) == ([2], [1, 3])


def test_a_run_is_made_of_it_and_the_raw_file_is_dropped(world: World) -> None:
    # given
    upload_id = whole(world)
    # when
    answer = run_over(world, upload_id, deadline_s=20, metadata={"ticket": "7"}, mapping={"text": "review"})
    # then
    assert (answer.status_code, answer.json()["records"]) == (202, ROWS)
    record = world.runs.get("acme", answer.json()["run_id"])
    assert (record.metadata, (record.deadline_at - record.accepted_at).total_seconds()) == ({"ticket": "7"}, 20)
    assert (world.multipart.files, world.items.page("tenant#acme", "upload#").items) == ({}, ())


def test_the_query_names_an_upload_too(world: World) -> None:
    # given
    upload_id = whole(world)
    # when
    answer = world.client.post(f"/v1/runs?upload_id={upload_id}", headers=AUTH | {"idempotency-key": "k-1"})
    # then
    assert answer.status_code == 202


def test_a_repeat_gets_the_first_answer_although_the_upload_is_gone(world: World) -> None:
    # given
    upload_id = whole(world)
    first = run_over(world, upload_id)
    # when
    second, other = run_over(world, upload_id), run_over(world, upload_id, key="k-2")
    # then
    assert (second.json(), second.headers["idempotency-replayed"]) == (first.json(), "true")
    assert problem(other) == (404, "not-found")


@dataclass(frozen=True)
class Together:
    """Reads an upload when as many requests as that want to read it."""

    reader: UploadReader
    met: asyncio.Barrier

    async def read(self, tenant: str, address: str, size: int, options: Options) -> ReadBody:
        await self.met.wait()
        return await self.reader.read(tenant, address, size, options)


def test_of_two_keys_at_once_one_makes_a_run_of_an_upload(world: World) -> None:
    # given
    upload_id = whole(world)
    object.__setattr__(world.desk, "reader", Together(world.desk.reader, asyncio.Barrier(2)))
    # when
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda key: run_over(world, upload_id, key), ("k-1", "k-2")))
    # then
    refused = [problem(answer) for answer in answers if answer.status_code != 202]
    assert len(world.runs.records) == 1 and refused[0] in ((409, "upload-claimed"), (404, "not-found"))


def test_a_claimed_upload_is_its_claimers_until_the_run_is_refused(world: World) -> None:
    # given: another request was at it when its process was killed
    upload_id = whole(world)
    world.uploads.claim("acme", upload_id, "another")
    # when
    refused = run_over(world, upload_id)
    # then
    assert (problem(refused), refused.headers["retry-after"]) == ((409, "upload-claimed"), "2")
    world.uploads.unclaim("acme", upload_id, "another")
    bad = run_over(world, upload_id, callback_url="https://10.0.0.1/")
    assert (bad.status_code, run_over(world, upload_id, key="k-2").status_code) == (422, 202)


def test_a_repeat_drops_the_file_that_a_killed_process_left(world: World) -> None:
    # given: the run is accepted, the file was not dropped
    upload_id = whole(world)
    kept = dict(world.multipart.files), dict(world.items.items)
    assert run_over(world, upload_id).status_code == 202
    world.multipart.files.update(kept[0])
    world.items.items.update(kept[1])
    # when
    answer = run_over(world, upload_id)
    # then
    assert answer.headers["idempotency-replayed"] == "true"
    assert (world.multipart.files, world.items.page("tenant#acme", "upload#").items) == ({}, ())


def test_what_cannot_be_parsed_is_told_and_stays_for_another_try(world: World) -> None:
    # given
    upload_id = whole(world)
    # when / then
    assert problem(run_over(world, upload_id, mapping={"text": "nope"})) == (422, "unknown-column")
    assert run_over(world, upload_id, key="k-2").status_code == 202


def test_an_upload_that_is_not_complete_makes_no_run(world: World) -> None:
    # given
    view = opened(world)
    send(world, view, 1, 3)
    # when
    early = run_over(world, view["upload_id"])
    answer = world.client.post(view["links"]["complete"], headers=AUTH)
    # then
    assert problem(early) == problem(answer) == (409, "upload-incomplete")
    assert [(each["row"], each["reason"]) for each in answer.json()["errors"]] == [(2, "has not arrived")]


def test_tags_are_compared_where_they_are_given(world: World) -> None:
    # given
    view = opened(world)
    send(world, view)
    arrived = world.client.get(view["links"]["self"], headers=AUTH).json()["arrived"]
    tags = [{"part": each["part"], "etag": each["etag"]} for each in arrived]
    # when
    wrong = world.client.post(view["links"]["complete"], json={"parts": [{"part": 1, "etag": "0"}]}, headers=AUTH)
    right = world.client.post(view["links"]["complete"], json={"parts": tags}, headers=AUTH)
    # then
    assert (problem(wrong), right.status_code) == ((409, "upload-incomplete"), 200)


def test_an_aborted_upload_leaves_nothing(world: World) -> None:
    # given
    view = opened(world)
    send(world, view, 1)
    # when
    first, second = (world.client.delete(view["links"]["self"], headers=AUTH) for _ in range(2))
    # then
    assert (first.status_code, problem(second)) == (204, (404, "not-found"))
    assert world.multipart.open == {}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (ASKED | {"size": (1 << 26) + 1}, (413, "body-too-large")),
        (ASKED | {"size": 0}, (422, "invalid-parameter")),
        (ASKED | {"sizes": 1}, (422, "invalid-parameter")),
        ({"size": 1}, (422, "invalid-parameter")),
    ],
    ids=["too large", "empty", "misspelt", "without a type"],
)  # fmt: skip
def test_what_is_not_offered(world: World, asked: Any, expected: tuple[int, str]) -> None:
    assert problem(world.client.post("/v1/uploads", json=asked, headers=AUTH)) == expected


def test_a_tenant_has_so_many_at_a_time(world: World) -> None:
    # given
    for _ in range(10):
        opened(world)
    # when
    answer = world.client.post("/v1/uploads", json=ASKED, headers=AUTH)
    # then
    assert (problem(answer), answer.headers["retry-after"]) == ((429, "too-many-uploads"), "60")
    assert world.client.post("/v1/uploads", json=ASKED, headers=RIVALS).status_code == 201


@pytest.mark.parametrize("method", ["GET", "DELETE", "COMPLETE", "RUN"])
def test_another_tenants_upload_is_not_found(world: World, method: str) -> None:
    # given
    upload_id = whole(world)
    # when
    for found in (upload_id, NOBODYS, "upl_1"):
        if method == "RUN":
            answer = world.submit(f'{{"upload_id": "{found}"}}'.encode(), "application/json", headers=RIVALS)
        elif method == "COMPLETE":
            answer = world.client.post(f"/v1/uploads/{found}/complete", headers=RIVALS)
        else:
            answer = world.client.request(method, f"/v1/uploads/{found}", headers=RIVALS)
        # then
        assert problem(answer) == (404, "not-found")


def test_an_upload_and_a_body_are_one_too_many(world: World) -> None:
    assert problem(world.submit(b"review\nfine\n", query=f"?upload_id={NOBODYS}")) == (400, "bad-request")
    assert problem(run_over(world, NOBODYS, records=[])) == (422, "invalid-options")
