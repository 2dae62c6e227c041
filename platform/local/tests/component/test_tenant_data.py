"""`millrace tenants rotate | shred | erase`, as an operator uses them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from millrace.client.cli import app
from millrace.contracts.artifacts import NDJSON
from millrace.contracts.ids import new_run_id
from millrace.contracts.run import RunStatus
from millrace.local.stack import STORAGE_SETTINGS
from millrace.local.which_store import chosen
from millrace.storage.accounts import Accounts
from millrace.storage.artifacts import batch_key
from millrace.storage.connect import Stores
from millrace.testing.factories import START, run_record

Millrace = Callable[..., Any]
CUSTOMER = "customer-4711"


@pytest.fixture
def millrace(stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Millrace:
    """The command line in a folder where a stack with these stores runs; the tenant acme has one run."""
    monkeypatch.chdir(tmp_path)
    state = tmp_path / ".millrace" / "stack.json"
    state.parent.mkdir()
    known = {name: str(getattr(stores.clients.settings, name)) for name in STORAGE_SETTINGS}
    state.write_text(json.dumps({"storage": known}))
    Accounts(items=stores.items).create_tenant("acme")
    _run(stores)

    def run(*arguments: str, **given: Any) -> Any:
        return CliRunner().invoke(app, ["tenants", *arguments], env={"COLUMNS": "160"}, **given)

    return run


def _run(stores: Stores, status: RunStatus = RunStatus.COMPLETED) -> None:
    run_id = new_run_id()
    line = json.dumps({"record_id": "1", "text": "t", "customer_ref": CUSTOMER}).encode() + b"\n"
    ref, _ = stores.artifacts.put(
        tenant="acme", key=batch_key(run_id), data=line, media_type=NDJSON, schema_name="batch/1", durable=True
    )
    ended = START if status.terminal else None
    stores.runs.create(run_record(run_id=run_id, batch=ref, records=1, status=status, ended_at=ended, due_at=None))


def test_a_rotation_adds_a_key(millrace: Millrace, stores: Stores) -> None:
    # when
    answer = millrace("rotate", "acme", "--json")
    # then
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["versions"] == len(stores.keys.seal("acme").versions) == 2


def test_nothing_is_shredded_until_the_name_was_typed(millrace: Millrace, stores: Stores) -> None:
    # when
    wrong = millrace("shred", "acme", input="acne\n")
    # then
    assert wrong.exit_code == 2
    assert len(list(stores.runs.ids("acme"))) == 1
    # and when it was
    right = millrace("shred", "acme", input="acme\n")
    assert right.exit_code == 0
    assert "1 run and 1 object" in right.stdout
    assert list(stores.runs.ids("acme")) == []


def test_who_shreds_is_told_where(millrace: Millrace, stores: Stores) -> None:
    # when
    asked = millrace("shred", "acme", input="acne\n")
    # then
    settings = stores.clients.settings
    told = asked.stderr.replace("\n", "")
    assert "stack.json" in told
    assert f"{settings.account_table} at {settings.aws_endpoint_url}" in told


@pytest.mark.parametrize("named", ["MILLRACE_AWS_ENDPOINT_URL", "MILLRACE_ACCOUNT_TABLE", "MILLRACE_KMS_KEY_ARN"])
def test_what_shreds_a_tenant_means_the_store_that_what_suspends_it_means(
    named: str, millrace: Millrace, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv(named, "http://127.0.0.1:9")
    # when
    found = chosen()
    # then: both commands ask for it here, and neither means the laptop's own stack
    assert found.credentials is None
    assert "stack.json" not in found.name
    monkeypatch.setenv("MILLRACE_AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert {millrace(*command, "acme").exit_code for command in (("suspend",), ("shred", "--yes"))} == {3}
    assert len(list(stores.runs.ids("acme"))) == 1


def test_shredding_says_how_much_and_until_when(millrace: Millrace) -> None:
    # when
    answer = millrace("shred", "acme", "--yes", "--json")
    # then
    told = json.loads(answer.stdout)
    assert (told["runs"], told["objects"], told["items"]) == (1, 1, 0)
    assert told["shredded_at"] < told["caches_end_at"] < told["backups_end_at"]
    # and once more, and a rotation is refused
    assert json.loads(millrace("shred", "acme", "--yes", "--json").stdout)["runs"] == 0
    assert millrace("rotate", "acme").exit_code == 2


def test_erasing_says_how_much_and_never_whom(millrace: Millrace) -> None:
    # when
    answer = millrace("erase", "acme", "--customer", CUSTOMER)
    # then
    assert answer.exit_code == 0
    assert "Erased 1 record in 1 run" in answer.stdout
    assert "millrace redrive run_" in answer.stdout
    assert CUSTOMER not in answer.output
    assert json.loads(millrace("erase", "acme", "--customer", CUSTOMER, "--json").stdout)["runs"] == 0


def test_a_run_that_goes_on_makes_erasing_incomplete(millrace: Millrace, stores: Stores) -> None:
    # given
    _run(stores, RunStatus.RUNNING)
    # when
    answer = millrace("erase", "acme", "--customer", CUSTOMER, "--json")
    # then
    assert answer.exit_code == 1
    assert len(json.loads(answer.stdout)["active"]) == 1


@pytest.mark.parametrize("command", [("rotate",), ("shred", "--yes"), ("erase", "--customer", "c")])
def test_a_tenant_that_is_not_there_is_refused(millrace: Millrace, command: tuple[str, ...]) -> None:
    # when / then
    assert millrace(command[0], "nobody", *command[1:]).exit_code == 2
