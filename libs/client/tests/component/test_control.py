"""`millrace cancel` and `millrace redrive`, of one run and of many."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from millrace.client import redriving
from millrace.client.cli import Ended, app
from millrace.contracts.api import RunView
from millrace.contracts.base import now
from millrace.contracts.run import RunStatus

RUN = "run_01JZZZZZZZZZZZZZZZZZZZZZZZ"
Millrace = Callable[..., Any]
MakeView = Callable[..., RunView]


@pytest.fixture
def millrace(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Millrace:
    """The command line in a directory of its own, pointed at the API."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, say: str = "") -> Any:
        env = {"MILLRACE_API_URL": api.url, "MILLRACE_API_KEY": "key-acme", "COLUMNS": "100"}
        return CliRunner().invoke(app, arguments, env=env, input=say)

    return run


@pytest.fixture
def many(api: Any, make_view: MakeView) -> list[RunView]:
    """Five ended runs on two pages, newest first, of the last four hours."""
    kinds = ["failed", "partial", "completed", "failed", "partial"]
    made = [
        make_view(kind, None, run_id=f"run_{number:026}", accepted_at=now() - timedelta(hours=number))
        for number, kind in enumerate(kinds)
    ]
    api.pages = [made[:3], made[3:]]
    ended = {"attempt": 2, "status": RunStatus.COMPLETED}
    api.ends = {run.run_id: run.model_copy(update=ended) for run in made}
    return made


def redriven_runs(api: Any) -> list[str]:
    return sorted(path.split("/")[3] for method, path, _, _ in api.asked if method == "POST")


def ids(runs: list[RunView], *numbers: int) -> list[str]:
    return [runs[number].run_id for number in numbers]


def test_a_cancel_is_asked_for_with_its_reason(millrace: Millrace, api: Any) -> None:
    # when
    done = millrace("cancel", RUN, "--reason", "sent twice")
    # then
    assert (done.exit_code, done.stdout) == (0, f"{RUN}: cancel of attempt 1 asked for\n")
    assert json.loads(api.asked[0][3]) == {"reason": "sent twice"}
    assert json.loads(millrace("cancel", RUN, "--json").stdout)["asked"] == "cancel"


def test_a_run_that_has_ended_is_not_cancelled(millrace: Millrace, api: Any, partial: RunView) -> None:
    # given
    api.walk = [partial]
    # when
    done = millrace("cancel", RUN)
    # then
    assert (done.exit_code, "already-ended" in done.stderr) == (2, True)


def test_a_run_is_redriven_from_where_it_is_said(millrace: Millrace, api: Any, partial: RunView) -> None:
    # given
    api.walk = [partial]
    # when
    done = millrace("redrive", RUN, "--from", "report")
    # then
    assert (done.exit_code, done.stdout) == (0, f"{RUN}: redrive asked for, attempt 2 follows\n")
    assert json.loads(api.asked[0][3]) == {"from": "report"}
    assert json.loads(millrace("redrive", RUN, "--json").stdout)["attempt"] == 1


def test_an_active_run_is_not_redriven(millrace: Millrace) -> None:
    done = millrace("redrive", RUN)

    assert (done.exit_code, "still-active" in done.stderr) == (2, True)


@pytest.mark.parametrize(("status", "code"), [("completed", 0), ("partial", 0), ("failed", 1), ("cancelled", 1)])
def test_a_redrive_is_waited_for_and_shown(
    status: str, code: int, millrace: Millrace, api: Any, make_view: MakeView, redriven: RunView
) -> None:
    # given: the first look is at the attempt that has ended
    first = make_view("partial", None, None, None)
    ended = redriven.model_copy(update={"redriving": False, "status": RunStatus(status), "links": {}})
    api.walk = [first, first, redriven, ended]
    # when
    done = millrace("redrive", RUN, "--wait")
    # then
    assert done.exit_code == code
    assert done.stdout.startswith(f"{RUN}: redrive asked for, attempt 2 follows\n")
    assert f"\n{status.capitalize()} in 3.25 s" in done.stdout
    assert "report: joined" not in done.stderr


def test_a_wait_for_a_redrive_that_is_over_is_exit_code_3(millrace: Millrace, api: Any, partial: RunView) -> None:
    # given
    api.walk = [partial]
    # when
    done = millrace("redrive", RUN, "--wait", "--timeout", "0.2", "--json")
    # then
    found = json.loads(done.stdout)
    assert (done.exit_code, found["asked"]["attempt"], found["run"]["attempt"]) == (3, 1, 1)
    assert f"The run goes on: millrace show {RUN}" in done.stderr


def test_runs_of_a_status_are_counted_and_redriven_when_that_is_wanted(
    millrace: Millrace, api: Any, many: list[RunView]
) -> None:
    # when
    done = millrace("redrive", "--status", "failed", "--status", "completed", say="y\n")
    # then
    assert done.exit_code == 0
    assert "3 runs (2 failed, 1 completed), accepted from 20" in done.stderr
    assert "Redrive them from failed? [y/n]" in done.stderr
    assert done.stdout == "Redriven: 3 of 3 runs, from failed\n"
    assert redriven_runs(api) == ids(many, 0, 2, 3)


@pytest.mark.parametrize("say", ["n\n", ""])
def test_without_a_yes_nothing_is_redriven(say: str, millrace: Millrace, api: Any, many: list[RunView]) -> None:
    done = millrace("redrive", "--status", "failed", say=say)

    assert (done.exit_code, done.stdout, redriven_runs(api)) == (1, "", [])


def test_an_age_alone_means_what_lacks_something(millrace: Millrace, api: Any, many: list[RunView]) -> None:
    # when
    done = millrace("redrive", "--since", "210m", "--yes", "--from", "report")
    # then: the last is half an hour too old
    assert (done.exit_code, redriven_runs(api)) == (0, ids(many, 0, 1, 3))
    assert done.stdout == "Redriven: 3 of 3 runs, from report\n"


def test_pages_of_older_runs_are_not_fetched(millrace: Millrace, api: Any, many: list[RunView]) -> None:
    # when
    millrace("redrive", "--since", "90m", "--yes")
    # then
    assert redriven_runs(api) == ids(many, 0, 1)
    assert len([path for method, path, _, _ in api.asked if method == "GET"]) == 1


def test_a_run_whose_redrive_is_at_work_is_left_alone(
    millrace: Millrace, api: Any, many: list[RunView], redriven: RunView
) -> None:
    # given
    api.pages = [[redriven]]
    # when
    done = millrace("redrive", "--status", "partial", "--json")
    # then: and nobody is asked about nothing
    assert (done.exit_code, json.loads(done.stdout)["runs"], redriven_runs(api)) == (0, [], [])
    assert done.stderr == "There is no run to redrive.\n"


def test_a_run_that_is_refused_stops_no_other_and_is_named(
    millrace: Millrace, api: Any, many: list[RunView], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: one at a time, so that the second is the one that is refused
    monkeypatch.setattr(redriving, "CONCURRENCY", 1)
    api.say(200, {"runs": [run.model_dump(mode="json") for run in many], "cursor": None})
    api.say(202, {"run_id": many[0].run_id, "attempt": 1, "asked": "redrive", "links": {}})
    api.say(409, {"type": "urn:x", "title": "Conflict", "status": 409, "detail": "attempt 2 has not ended"})
    # when
    done = millrace("redrive", "--status", "failed", "--status", "partial", "--yes")
    # then
    assert done.exit_code == 2
    assert "Redriven: 3 of 4 runs, from failed\n" in done.stdout
    assert f"{many[1].run_id}  refused  attempt 2 has not ended" in " ".join(done.stdout.split("\n"))


def test_a_run_without_an_answer_is_exit_code_3(millrace: Millrace, api: Any, many: list[RunView]) -> None:
    # given
    api.say(200, {"runs": [many[0].model_dump(mode="json")], "cursor": None})
    api.say(503)
    # when
    done = millrace("redrive", "--status", "failed", "--yes", "--json")
    # then
    (run,) = json.loads(done.stdout)["runs"]
    assert (done.exit_code, run["no_answer"], run["asked"]) == (3, True, None)


def test_many_are_waited_for_and_counted(millrace: Millrace, api: Any, many: list[RunView]) -> None:
    # given
    worse = api.ends[many[3].run_id].model_copy(update={"status": RunStatus.FAILED})
    api.ends[worse.run_id] = worse
    # when
    done = millrace("redrive", "--since", "7d", "--yes", "--wait")
    # then
    assert done.exit_code == 1
    assert "Redriven: 4 of 4 runs, from failed\nEnded: 3 completed, 1 failed\n" in done.stdout
    assert worse.run_id in done.stdout and many[0].run_id not in done.stdout


def test_many_that_go_on_when_the_wait_is_over_are_exit_code_3(
    millrace: Millrace, api: Any, many: list[RunView]
) -> None:
    # given
    api.ends = {run.run_id: run for run in many}
    # when
    done = millrace("redrive", "--status", "failed", "--yes", "--wait", "--timeout", "0.3")
    # then
    assert (done.exit_code, "Ended: 2 still going on" in done.stdout) == (3, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "name one run, or filter"),
        ((RUN, "--status", "failed"), "name one run, or filter"),
        (("--since", "soon"), "takes 90s, 30m, 2h or 7d"),
        (("--status", "running"), "running"),
    ],
)
def test_what_makes_no_selection_is_a_usage_error(
    arguments: tuple[str, ...], says: str, millrace: Millrace, api: Any
) -> None:
    done = millrace("redrive", *arguments)

    assert (done.exit_code, says in done.stderr, api.asked) == (2, True, [])


def test_every_end_may_be_asked_for() -> None:
    assert {each.value for each in Ended} == {status.value for status in RunStatus if status.terminal}
