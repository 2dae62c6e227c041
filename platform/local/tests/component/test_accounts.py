"""`millrace keys` and `millrace tenants` against a store, as an operator uses them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from millrace.client.cli import app
from millrace.contracts.access import Scope
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker, read_key
from millrace.storage.connect import Stores
from millrace.testing.servers import CREDENTIALS

Millrace = Callable[..., Any]
PEPPER = "a pepper of the tests that is long enough"


@pytest.fixture
def millrace(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Millrace:
    """The command line in a folder of its own, where a stack with this store runs."""
    monkeypatch.chdir(tmp_path)
    settings = stores.clients.settings
    state = tmp_path / ".millrace" / "stack.json"
    state.parent.mkdir()
    told = settings.model_dump(include={"aws_endpoint_url", "aws_region", "account_table"})
    state.write_text(json.dumps({"storage": told, "key_pepper": PEPPER}))

    def run(*arguments: str, **environ: str) -> Any:
        return CliRunner().invoke(app, arguments, env={"COLUMNS": "140"} | environ)

    run("tenants", "create", "acme")
    return run


def made(millrace: Millrace, *more: str) -> Any:
    return millrace("keys", "create", "acme", "--name", "ci", "--scope", "runs:write", *more)


def test_a_key_is_shown_once_and_opens_what_it_was_made_for(millrace: Millrace, stores: Stores) -> None:
    # when
    done = made(millrace, "--scope", "runs:read", "--expires", "90d", "--json")
    # then
    answer = json.loads(done.stdout)
    given = read_key(answer["key"])
    record = Accounts(items=stores.items).key(answer["key_id"])
    assert given is not None
    assert KeyMaker((PEPPER,)).matches(record, given.secret)
    assert record.scopes == (Scope.RUNS_WRITE, Scope.RUNS_READ)
    assert record.expires_at is not None
    assert (record.expires_at - record.created_at).days == 90
    assert given.secret not in millrace("keys", "list", "acme", "--json").stdout


def test_a_key_stands_alone_on_stdout(millrace: Millrace) -> None:
    # when
    done = made(millrace)
    # then
    assert (done.exit_code, read_key(done.stdout.strip()) is None) == (0, False)
    assert "not shown again" in done.stderr


def test_a_third_live_key_of_a_name_is_refused(millrace: Millrace) -> None:
    # when
    codes = [made(millrace).exit_code for _ in range(3)]
    # then
    assert codes == [0, 0, 2]


def test_a_revoked_key_is_listed_as_such(millrace: Millrace) -> None:
    # given
    key_id = json.loads(made(millrace, "--json").stdout)["key_id"]
    # when
    done = millrace("keys", "revoke", key_id)
    # then
    assert done.exit_code == 0
    listed = millrace("keys", "list", "acme")
    assert key_id in listed.stdout
    assert "revoked" in listed.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "list", "nobody"),
        ("keys", "revoke", "aaaaaaaaaaaa"),
        ("keys", "create", "nobody", "--name", "x", "--scope", "runs:read"),
        ("keys", "create", "acme", "--name", "x", "--scope", "runs:all"),
        ("tenants", "show", "nobody"),
        ("tenants", "create", "acme"),
        ("tenants", "create", "Not A Name"),
        ("tenants", "quota", "acme"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_sentence(millrace: Millrace, arguments: tuple[str, ...]) -> None:
    # when
    done = millrace(*arguments)
    # then
    assert done.exit_code == 2
    assert done.stderr.strip() and "Traceback" not in done.stderr
    assert not isinstance(done.exception, Exception) or isinstance(done.exception, SystemExit)


def test_a_tenant_is_suspended_and_resumed(millrace: Millrace) -> None:
    # when / then
    assert json.loads(millrace("tenants", "suspend", "acme", "--json").stdout)["suspended_at"]
    assert "suspended" in millrace("tenants", "list").stdout
    assert json.loads(millrace("tenants", "resume", "acme", "--json").stdout)["suspended_at"] is None


def test_a_quota_is_changed_in_part(millrace: Millrace) -> None:
    # when
    millrace("tenants", "quota", "acme", "--runs-per-day", "7")
    # then
    quota = json.loads(millrace("tenants", "show", "acme", "--json").stdout)["quota"]
    assert (quota["runs_per_day"], quota["burst_per_second"]) == (7, 200)


def test_the_environment_goes_before_the_local_stack(millrace: Millrace, stores: Stores) -> None:
    # given: another table, that is not there
    settings = stores.clients.settings
    named = {
        "MILLRACE_AWS_ENDPOINT_URL": settings.aws_endpoint_url, "MILLRACE_ACCOUNT_TABLE": "elsewhere",
        "AWS_ACCESS_KEY_ID": CREDENTIALS[0], "AWS_SECRET_ACCESS_KEY": CREDENTIALS[1],
    }  # fmt: skip
    # when
    done = millrace("tenants", "list", **named)
    # then
    assert done.exit_code != 0


def test_without_the_apis_pepper_no_key_is_made(millrace: Millrace, stores: Stores) -> None:
    # given
    named = {"MILLRACE_ACCOUNT_TABLE": stores.clients.settings.account_table}
    # when
    done = millrace("keys", "create", "acme", "--name", "x", "--scope", "runs:read", **named)
    # then
    assert done.exit_code == 2
    assert "MILLRACE_KEY_PEPPER" in done.stderr
