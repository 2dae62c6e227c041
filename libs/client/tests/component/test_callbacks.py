"""`millrace callbacks`, against a server that says what the API would."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from millrace.client.cli import app
from millrace.client.views.callbacks import reason

URL = "https://consumer.example.com/hook"
NAME = "ep_" + "0" * 26
EVENT = "evt_01JZZZZZZZZZZZZZZZZZZZZZZZ"
AT = "2026-01-31T12:00:00Z"
ENDPOINT = {"endpoint_id": NAME, "url": URL, "enabled": True, "created_at": AT, "public_keys": ["whpk_QUJD"]}
LISTED = {"endpoints": [ENDPOINT], "cursor": None}
NONE = {"endpoints": [], "cursor": None}
ASKED = {"endpoint_id": NAME, "event_id": EVENT, "links": {}}
HEADERS = {"webhook-id": EVENT, "webhook-timestamp": "1769860800", "webhook-signature": "v1,abc v1a,def"}
SENT = {
    "delivery_id": "01", "at": AT, "kind": "test", "event_id": EVENT, "delivery": 1, "status": 200, "seconds": 0.25,
    "headers": HEADERS,
}  # fmt: skip
Millrace = Callable[..., Any]


@pytest.fixture
def millrace(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Millrace:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Any:
        env = {"MILLRACE_API_URL": api.url, "MILLRACE_API_KEY": "key-acme", "COLUMNS": "100"}
        return CliRunner().invoke(app, ["callbacks", *arguments], env=env)

    return run


def says(api: Any, *answers: tuple[int, Any]) -> None:
    for status, body in answers:
        api.say(status, body)


def asked(api: Any) -> list[tuple[str, str]]:
    return [(method, path.partition("?")[0]) for method, path, *_ in api.asked]


def test_a_test_of_a_new_url_registers_it_waits_for_the_outcome_and_shows_what_was_sent(
    millrace: Millrace, api: Any
) -> None:
    # given
    says(api, (200, NONE), (201, ENDPOINT), (202, ASKED), (200, {"deliveries": []}), (200, {"deliveries": [SENT]}))
    # when
    done = millrace("test", URL)
    # then
    assert done.exit_code == 0, done.output
    for shown in ("delivered", "200", "0.25 s", EVENT, "1769860800", "v1,abc v1a,def"):
        assert shown in done.stdout
    place = f"/v1/endpoints/{NAME}"
    assert asked(api) == [
        ("GET", "/v1/endpoints"), ("POST", "/v1/endpoints"), ("POST", f"{place}/test"),
        ("GET", f"{place}/deliveries"), ("GET", f"{place}/deliveries"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "words"), [("certificate_refused", "known authority"), ("http_302", "redirects"), ("http_500", "500")]
)
def test_a_test_that_fails_says_why(millrace: Millrace, api: Any, error: str, words: str) -> None:
    # given
    says(api, (200, LISTED), (202, ASKED), (200, {"deliveries": [SENT | {"status": None, "error": error}]}))
    # when
    done = millrace("test", URL)
    # then
    assert (done.exit_code, words in done.stdout) == (1, True)


def test_a_test_of_which_nothing_becomes_known_is_no_answer(millrace: Millrace, api: Any) -> None:
    # given
    says(api, (200, LISTED), (202, ASKED), (200, {"deliveries": []}))
    # when
    done = millrace("test", URL, "--timeout", "0")
    # then
    assert (done.exit_code, "callback service" in done.stdout) == (3, True)


def test_a_url_that_may_not_be_called_is_refused(millrace: Millrace, api: Any) -> None:
    # given
    problem = {"type": "urn:x", "title": "Unprocessable Entity", "status": 422, "detail": "the address is not public"}
    says(api, (200, NONE), (422, problem))
    # when
    done = millrace("test", "https://10.0.0.1/")
    # then
    assert (done.exit_code, "not public" in done.stderr) == (2, True)


def test_an_endpoint_is_shown_by_its_url_with_its_secrets_whole(millrace: Millrace, api: Any) -> None:
    # given
    secret = "whsec_" + "A" * 43 + "="
    secrets = {"endpoint_id": NAME, "secrets": [{"secret": secret, "public_key": "whpk_QUJD", "created_at": AT}]}
    says(api, (200, LISTED), (200, secrets))
    # when
    done = millrace("show", URL, "--secret")
    # then
    assert done.exit_code == 0 and secret in done.stdout and URL in done.stdout


def test_nothing_is_changed_of_a_url_that_is_no_endpoint(millrace: Millrace, api: Any) -> None:
    # given
    says(api, (200, NONE))
    # when
    done = millrace("rotate", URL)
    # then
    assert (done.exit_code, len(api.asked)) == (2, 1)


@pytest.mark.parametrize(("arguments", "enabled"), [(("enable",), True), (("disable", "--reason", "moving"), False)])
def test_it_is_enabled_and_disabled(millrace: Millrace, api: Any, arguments: tuple[str, ...], enabled: bool) -> None:
    # given
    says(api, (200, ENDPOINT), (200, ENDPOINT | {"enabled": enabled, "disabled_reason": "moving"}))
    # when
    done = millrace(arguments[0], NAME, *arguments[1:], "--json")
    # then
    assert json.loads(done.stdout)["enabled"] is enabled
    assert api.asked[1][0] == "PATCH" and json.loads(api.asked[1][3])["enabled"] is enabled


def test_deliveries_and_a_replay(millrace: Millrace, api: Any) -> None:
    # given
    failed = SENT | {"kind": "run", "run_id": "run_1", "status": 500, "error": "http_500"}
    says(api, (200, ENDPOINT), (200, {"deliveries": [failed], "cursor": "x"}))
    says(api, (202, {"run_id": "run_1", "event_id": EVENT, "delivery": 3, "links": {}}))
    # when
    listed, replayed = millrace("deliveries", NAME), millrace("replay", "run_1")
    # then
    assert "it answered 500" in listed.stdout and "--limit" in listed.stdout
    assert "delivery 3" in replayed.stdout
    assert asked(api)[2] == ("POST", "/v1/runs/run_1/callback/replay")


def test_a_reason_of_a_newer_release_is_shown_as_it_is() -> None:
    assert reason("something_new") == "something_new"
