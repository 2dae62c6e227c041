"""`millrace dead-letters` against a broker, as an operator uses it."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from typer.testing import CliRunner

from millrace.client.cli import app
from millrace.contracts import routing
from millrace.contracts.base import now
from millrace.contracts.services import WorkerClass
from millrace.local.servers import Server
from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.app import create_app
from millrace.worker.dead_letters import DeadLetter, Why, put
from millrace.worker.join.store import MemoryJoins
from millrace.worker.settings import WorkerSettings

Millrace = Callable[..., Any]
SECRET = "ann@example.org"


@pytest.fixture
def broker_url(redis_server: Server) -> str:
    url = f"{redis_server.url}/7"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url


@pytest.fixture
def millrace(broker_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Millrace:
    """The command line in a folder of its own, where a stack with this broker runs."""
    monkeypatch.chdir(tmp_path)
    state = tmp_path / ".millrace" / "stack.json"
    state.parent.mkdir()
    state.write_text(json.dumps({"broker": {"broker_url": broker_url, "sqs_queue_url": "", "aws_region": "eu-west-1"}}))

    def run(*arguments: str, **environ: str) -> Any:
        return CliRunner().invoke(app, ["dead-letters", *arguments], env={"COLUMNS": "140"} | environ)

    return run


@pytest.fixture
def letters(broker_url: str) -> list[DeadLetter]:
    """Two letters: one can go back, of the other nobody knows whence it came."""
    headers = {"task": "nlp.gone", "half": "\ud800"}
    original = json.dumps(
        {"content_type": "application/json", "content_encoding": "utf-8", "headers": headers, "properties": {}}
    )
    made = [
        DeadLetter(
            id=f"dl_{queue}", reason=Why.UNKNOWN_TASK, queue=queue, at=now(), worker="nlp@host", task="nlp.gone",
            original=original, body=base64.b64encode(SECRET.encode()).decode(),
        )
        for queue in ("nlp", "elsewhere")
    ]  # fmt: skip
    settings = WorkerSettings(message_secret=MESSAGE_SECRET, broker_url=broker_url)
    celery = create_app("test", settings, WorkerClass.TASK, MemoryJoins())
    for letter in made:
        put(celery, letter)
    celery.close()
    return made


def test_letters_are_listed_without_what_is_in_them(millrace: Millrace, letters: list[DeadLetter]) -> None:
    # when
    listed, as_json = millrace("list"), millrace("list", "--json", "--limit", "1")
    # then
    assert listed.exit_code == 0
    assert "dl_nlp" in listed.stdout and "unknown_task" in listed.stdout and SECRET not in listed.stdout
    document = json.loads(as_json.stdout)
    assert [each["id"] for each in document["dead_letters"]] == ["dl_nlp"]
    assert document["more"] and document["dead_letters"][0]["bytes"] == len(SECRET)


def test_no_letters_are_said_to_be_none(millrace: Millrace) -> None:
    assert millrace("list").stdout == "No dead letters.\n"


def test_the_body_is_shown_only_when_it_is_asked_for(millrace: Millrace, letters: list[DeadLetter]) -> None:
    # when
    closed, opened = millrace("show", "dl_nlp", "--json"), millrace("show", "dl_nlp", "--body")
    # then
    document = json.loads(closed.stdout)
    assert document["headers"] == {"task": "nlp.gone", "half": "\N{REPLACEMENT CHARACTER}"}
    assert document["body"] is None and SECRET not in closed.stdout
    assert SECRET in opened.stdout and "15 bytes" in opened.stdout


def test_a_letter_that_is_not_there_is_refused(millrace: Millrace) -> None:
    # when
    done = millrace("show", "dl_none")
    # then
    assert (done.exit_code, done.stderr) == (2, "There is no dead letter dl_none.\n")


def test_one_letter_is_returned_and_the_other_stays(
    millrace: Millrace, letters: list[DeadLetter], broker_url: str
) -> None:
    # when
    done = millrace("return", "dl_nlp")
    # then
    assert (done.exit_code, done.stdout) == (0, "dl_nlp returned to nlp\n")
    with Redis.from_url(broker_url) as client:
        (frame,) = client.lrange("nlp", 0, -1)
        assert client.llen(routing.DEAD_LETTERS) == 1
    assert base64.b64decode(json.loads(frame)["body"]).decode() == SECRET


def test_all_are_returned_but_those_that_no_queue_is_named_for(millrace: Millrace, letters: list[DeadLetter]) -> None:
    # when
    done = millrace("return", "--all", "--json")
    # then
    document = json.loads(done.stdout)
    assert done.exit_code == 2
    assert [each["id"] for each in document["returned"]] == ["dl_nlp"]
    assert [each["id"] for each in document["left"]] == ["dl_elsewhere"]
    assert "no queue of ours" in done.stderr


def test_one_or_all_and_not_both(millrace: Millrace) -> None:
    assert millrace("return").exit_code == 2
    assert millrace("return", "dl_nlp", "--all").exit_code == 2


def test_a_broker_that_does_not_answer_is_said_without_its_password(millrace: Millrace) -> None:
    # when
    done = millrace("list", MILLRACE_BROKER_URL="redis://:hunter2@127.0.0.1:1/0")
    # then
    assert done.exit_code == 3
    assert "does not answer" in done.stderr and "hunter2" not in done.stderr
