"""Large files: sent in parts without the API key, resumed with what is missing, and then made a run of."""

from pathlib import Path
from typing import Any

import pytest

from millrace.client.client import INLINE_BYTES, Client
from millrace.client.errors import Refused, UploadBroken

PART = 4 << 20
SIZE = INLINE_BYTES + 5
ID = "upl_01M80000000000000000000000"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.csv"
    path.write_bytes(b"a" * PART + b"b" * PART + b"tail!")
    return path


@pytest.fixture
def client(api: Any) -> Any:
    with Client(api.url, "key-acme", pause=lambda seconds: None) as made:
        yield made


def view(api: Any, *missing: int, status: str = "open", size: int = SIZE) -> dict[str, Any]:
    sizes = {1: PART, 2: PART, 3: 5}
    return {
        "upload_id": ID, "status": status, "size": size, "media_type": "text/csv", "part_size": PART, "parts": 3,
        "created_at": "2026-01-31T12:00:00Z", "expires_at": "2026-02-01T12:00:00Z",
        "arrived": [{"part": n, "size": sizes[n], "etag": "e"} for n in sizes if n not in missing],
        "missing": [{"part": n, "size": sizes[n], "url": f"{api.url}/bucket/{n}"} for n in missing],
    }  # fmt: skip


def sent(api: Any) -> dict[str, bytes]:
    return {path: body for method, path, _, body in api.asked if method == "PUT"}


def test_a_large_file_goes_past_the_api_and_a_run_is_made_of_it(api: Any, client: Client, large: Path) -> None:
    # given
    api.uploads = [view(api, 1, 2, 3), view(api)]
    seen: list[tuple[int, int]] = []
    # when
    accepted = client.submit_file(large, flow="nightly", on_progress=lambda *told: seen.append(told))
    # then
    assert accepted.records == 1180
    assert sent(api) == {"/bucket/1": b"a" * PART, "/bucket/2": b"b" * PART, "/bucket/3": b"tail!"}
    assert all("authorization" not in headers for method, _, headers, _ in api.asked if method == "PUT")
    assert (seen[0], seen[-1]) == ((0, SIZE), (SIZE, SIZE))
    method, path, _, body = api.asked[-1]
    assert (method, path, body) == ("POST", f"/v1/runs?flow=nightly&upload_id={ID}", b"")


def test_an_upload_that_broke_off_is_gone_on_with(api: Any, client: Client, large: Path) -> None:
    # given
    api.uploads = [view(api, 3), view(api)]
    # when
    found = client.upload(large, upload_id=ID)
    # then
    assert (found.status, sent(api)) == ("complete", {"/bucket/3": b"tail!"})


def test_addresses_that_have_expired_are_asked_for_anew(api: Any, client: Client, large: Path) -> None:
    # given
    api.uploads, api.forbidden = [view(api, 3), view(api, 3), view(api)], 1
    # when / then
    assert client.upload(large, upload_id=ID).status == "complete"
    assert [method for method, *_ in api.asked].count("PUT") == 2


def test_what_breaks_off_says_which_upload_to_go_on_with(api: Any, client: Client, large: Path) -> None:
    # given
    api.uploads, api.broken = [view(api, 3)], True
    # when / then
    with pytest.raises(UploadBroken) as caught:
        client.upload(large, upload_id=ID)
    assert caught.value.upload_id == ID


def test_another_file_does_not_go_on_with_an_upload(api: Any, client: Client, large: Path) -> None:
    # given
    api.uploads = [view(api, 3, size=SIZE + 1)]
    # when / then
    with pytest.raises(UploadBroken, match="another size"):
        client.upload(large, upload_id=ID)
    assert sent(api) == {}


def test_a_refusal_to_offer_a_place_is_what_it_is(api: Any, client: Client, large: Path) -> None:
    # given
    api.say(413, {"type": "urn:millrace:problem:body-too-large", "title": "Too large", "status": 413})
    # when / then
    with pytest.raises(Refused):
        client.submit_file(large)
