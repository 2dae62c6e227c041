import json
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from millrace.client.cli import Status, app
from millrace.client.commands import Submission, submit
from millrace.client.settings import Settings
from millrace.contracts.api import RunView
from millrace.contracts.base import now
from millrace.contracts.run import CallbackStatus, RunStatus

RUN = "run_01JZZZZZZZZZZZZZZZZZZZZZZZ"
KEY = "key-acme"
Millrace = Callable[..., Any]


@pytest.fixture
def millrace(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Millrace:
    """The command line in a directory of its own, pointed at the API."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, **environ: str) -> Any:
        env = {"MILLRACE_API_URL": api.url, "MILLRACE_API_KEY": "key-acme", "COLUMNS": "100"} | environ
        return CliRunner().invoke(app, [str(each) for each in arguments], env=env)

    return run


def test_submit_prints_the_run_id_and_the_columns(millrace: Millrace, api: Any, csv_file: Path) -> None:
    # given / when
    done = millrace("submit", csv_file, "--map", "text=Review = Text", "--meta", "batch=7", "--scale", "nps")

    # then
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{RUN} accepted: 1,180 records")
    assert "rating     Rating           stars5, 1 to 5" in done.stdout
    assert done.stderr == ""
    assert api.query() == {
        "flow": ["customer-feedback"], "map": ["text:Review = Text"], "meta": ["batch:7"], "scale": ["nps"]
    }  # fmt: skip
    assert api.asked[0][2]["idempotency-key"].startswith("cli_")


def test_submit_and_wait_shows_progress_and_then_all_that_was_found(millrace: Millrace, csv_file: Path) -> None:
    # given / when
    done = millrace("submit", csv_file, "--wait")

    # then
    assert done.exit_code == 0
    assert done.stderr.splitlines() == [
        "datasets: running, 0 of 2 parts",
        "datasets: joined, 2 of 2 parts, 0.50 s",
        "annotate: running, 2 of 4 parts",
        "annotate: joined, 4 of 4 parts, 0.50 s",
        "report: joined, 1 of 1 part, 0.50 s",
    ]
    assert "Completed in 3.25 s from acceptance to the end\n" in done.stdout
    assert "Fit drags the mean score down by 0.21" in done.stdout
    assert "Callback: none was asked for" in done.stdout


def test_a_report_is_shown_or_kept_as_a_page(millrace: Millrace, api: Any, tmp_path: Path) -> None:
    # when
    shown = millrace("report", RUN)
    api.say(200, b"<!DOCTYPE html>", Content_Type="text/html")
    kept = millrace("report", RUN, "--out", "page.html")

    # then
    assert "Fit drags the mean score down by 0.21" in shown.stdout
    assert (kept.exit_code, kept.stdout, (tmp_path / "page.html").read_text()) == (0, "", "<!DOCTYPE html>")


def test_a_partial_run_ends_well_and_says_where_the_report_is(
    millrace: Millrace, api: Any, csv_file: Path, partial: RunView
) -> None:
    # given
    api.walk[-1] = partial

    # when
    done = millrace("submit", csv_file, "--wait", COLUMNS="40")

    # then: an address is never broken over two lines
    assert done.exit_code == 0
    assert "1 step is missing" in done.stdout
    assert f"Report: {api.url}/v1/runs/{RUN}/report\n" in done.stdout


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_run_that_ended_badly_is_exit_code_1(
    status: str, millrace: Millrace, api: Any, csv_file: Path, make_view: Callable[..., RunView]
) -> None:
    # given
    api.walk[-1] = make_view(status, None, reason="ratings: bad_input")

    # when
    done = millrace("submit", csv_file, "--wait")

    # then
    assert done.exit_code == 1
    assert "Reason: ratings: bad_input" in done.stdout


def test_a_refused_batch_is_exit_code_2_with_its_rows(
    millrace: Millrace, api: Any, csv_file: Path, samples: Any
) -> None:
    # given
    api.say(422, samples("problem"))

    # when
    done = millrace("submit", csv_file)

    # then
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "The batch cannot be used (422)" in done.stderr
    assert "  1  rating      9 is not between 1 and 5 (stars5)" in done.stderr


def test_a_wait_that_is_over_is_exit_code_3_and_the_run_goes_on(millrace: Millrace, api: Any, csv_file: Path) -> None:
    # given
    api.walk = api.walk[:2]

    # when
    done = millrace("submit", csv_file, "--wait", "--timeout", "0.2")

    # then
    assert done.exit_code == 3
    assert f"The run goes on: millrace show {RUN}" in done.stderr
    assert "had not ended after 0.2 s" in done.stderr


def test_an_api_that_does_not_answer_is_exit_code_3(millrace: Millrace, api: Any) -> None:
    # given
    for _ in range(4):
        api.say(0)

    # when
    done = millrace("runs")

    # then
    assert done.exit_code == 3
    assert "The API does not answer" in done.stderr
    assert f"Asked {api.url} (MILLRACE_API_URL)." in done.stderr


def test_an_overloaded_api_says_when_to_come_back(millrace: Millrace, api: Any, csv_file: Path) -> None:
    # given
    problem = {"type": "urn:millrace:problem:overloaded", "title": "Too Many Requests", "status": 429}
    api.say(429, problem | {"detail": "a new run would wait"}, Retry_After="42")

    # when
    done = millrace("submit", csv_file, "--json")

    # then
    assert done.exit_code == 3
    assert "Too Many Requests (429)" in done.stderr
    assert "The API has too much to do; nothing was accepted. Try again in 42 s." in done.stderr
    assert "millrace up" not in done.stderr
    assert json.loads(done.stdout)["type"] == problem["type"]


def test_a_wrong_key_says_where_the_key_is_from(millrace: Millrace) -> None:
    done = millrace("runs", MILLRACE_API_KEY="nobodys")

    assert done.exit_code == 2
    assert "No valid API key (401)" in done.stderr
    assert "MILLRACE_API_KEY" in done.stderr


def test_json_is_one_document_on_stdout(millrace: Millrace, csv_file: Path) -> None:
    assert json.loads(millrace("submit", csv_file, "--json").stdout)["run_id"] == RUN
    assert json.loads(millrace("runs", "--json").stdout)["runs"][0]["status"] == "accepted"
    assert json.loads(millrace("flows", "--json").stdout)["flows"][0]["version"] == 3
    shown = json.loads(millrace("show", RUN, "--json").stdout)
    assert (shown["run"]["status"], shown["report"]) == ("accepted", None)


def test_json_of_a_whole_run_leaves_the_progress_to_stderr(millrace: Millrace, csv_file: Path) -> None:
    # given / when
    done = millrace("submit", csv_file, "--wait", "--json")

    # then
    found = json.loads(done.stdout)
    assert (found["accepted"]["run_id"], found["run"]["status"]) == (RUN, "completed")
    assert found["report"]["themes"][0]["id"] == "fit"
    assert "report: joined, 1 of 1 part" in done.stderr


def test_json_of_a_problem_is_the_problem(millrace: Millrace, api: Any, csv_file: Path, samples: Any) -> None:
    # given
    api.say(422, samples("problem"))

    # when
    done = millrace("submit", csv_file, "--json")

    # then
    assert (done.exit_code, json.loads(done.stdout)) == (2, samples("problem"))


def test_json_of_a_wait_that_is_over_has_the_run_as_it_was_seen(millrace: Millrace, api: Any, csv_file: Path) -> None:
    # given
    api.walk = api.walk[:2]

    # when
    done = millrace("submit", csv_file, "--wait", "--timeout", "2", "--json")

    # then
    found = json.loads(done.stdout)
    assert (done.exit_code, found["run"]["status"], found["report"]) == (3, "running", None)


def test_a_report_that_cannot_be_kept_is_no_failure(
    millrace: Millrace, api: Any, tmp_path: Path, partial: RunView
) -> None:
    # given: a file where the folder should be
    (tmp_path / "r").touch()
    (tmp_path / ".millrace").mkdir()
    stack = {"api_url": api.url, "api_key": "key-acme", "report_dir": str(tmp_path / "r")}
    (tmp_path / ".millrace" / "stack.json").write_text(json.dumps(stack))
    api.walk = [partial]

    # when
    done = millrace("show", RUN)

    # then
    assert done.exit_code == 0
    assert "The report could not be kept in" in done.stderr


def test_a_callback_that_is_on_its_way_is_waited_for_a_little(
    millrace: Millrace, api: Any, csv_file: Path, partial: RunView
) -> None:
    # given: nothing sent when the run ends, delivered two looks later
    assert partial.callback is not None
    fresh = partial.callback.model_copy(update={"deliveries": 0, "last_status": None})
    done_so = {"status": CallbackStatus.DELIVERED, "deliveries": 1, "last_status": 200}
    sent = fresh.model_copy(update=done_so | {"delivered_at": partial.ended_at})
    api.walk = [partial.model_copy(update={"callback": each}) for each in (fresh, fresh, fresh, sent)]

    # when
    done = millrace("submit", csv_file, "--wait")

    # then
    assert "Callback: delivered at 2026-01-31 12:00:10 UTC (1 try, last answer HTTP 200," in done.stdout


def test_show_an_ended_run_with_its_report(millrace: Millrace, api: Any, partial: RunView) -> None:
    # given
    api.walk = [partial]

    # when
    done = millrace("show", RUN)

    # then
    assert done.exit_code == 0
    assert "Gaps" in done.stdout
    assert "Segments that differ: 1 of 2" in done.stdout


def test_show_an_unknown_run(millrace: Millrace) -> None:
    done = millrace("show", "run_nobody")

    assert (done.exit_code, done.stderr) == (2, "There is no such run (404)\n")


def test_runs_of_a_status(millrace: Millrace, api: Any) -> None:
    # given / when
    done = millrace("runs", "--status", "completed", "--limit", "5")

    # then
    assert api.query() == {"status": ["completed"], "limit": ["5"]}
    assert done.stdout.count(RUN) == 1


def test_runs_of_a_flow_between_two_times(millrace: Millrace, api: Any) -> None:
    # given / when
    done = millrace("runs", "--flow", "tone", "--since", "7d", "--until", "2026-03-01T12:00:00Z")

    # then
    asked = api.query()
    assert (done.exit_code, asked["flow"], asked["until"]) == (0, ["tone"], ["2026-03-01T12:00:00+00:00"])
    ago = now() - datetime.fromisoformat(asked["since"][0])
    assert timedelta(days=7) <= ago < timedelta(days=7, minutes=10)


@pytest.mark.parametrize("given", ["yesterday", "2026-03-01T12:00:00", "2026-03-01"])
def test_a_time_that_is_none_is_a_usage_error(given: str, millrace: Millrace, api: Any) -> None:
    done = millrace("runs", "--since", given)

    assert (done.exit_code, api.asked) == (2, [])
    assert "--since" in done.stderr


def test_flows_are_listed(millrace: Millrace) -> None:
    assert "dataset.conversations.build" in millrace("flows").stdout


@pytest.mark.parametrize("given", ["text", "=Text", "text=", "a:b=c"])
def test_a_pair_that_is_none_is_a_usage_error(given: str, millrace: Millrace, api: Any, csv_file: Path) -> None:
    done = millrace("submit", csv_file, "--map", given)

    assert done.exit_code == 2
    assert "name=value" in done.stderr
    assert api.asked == []


def test_a_file_of_an_unknown_kind_is_a_usage_error(millrace: Millrace, tmp_path: Path) -> None:
    # given
    path = tmp_path / "reviews.docx"
    path.touch()

    # when
    done = millrace("submit", path)

    # then
    assert done.exit_code == 2
    assert "cannot tell what 'reviews.docx' is" in done.stderr
    assert millrace("submit", tmp_path / "none.csv").exit_code == 2


def test_the_local_stack_gives_address_key_callback_and_a_place_for_reports(
    millrace: Millrace, api: Any, csv_file: Path, tmp_path: Path
) -> None:
    # given
    stack = {
        "api_url": api.url,
        "api_key": "key-acme",
        "callback_url": "http://127.0.0.1:9/hook",
        "report_dir": str(tmp_path / "r"),
    }
    (tmp_path / ".millrace").mkdir()
    (tmp_path / ".millrace" / "stack.json").write_text(json.dumps(stack))

    # when
    done = millrace("submit", csv_file, "--wait", MILLRACE_API_URL="", MILLRACE_API_KEY="")

    # then
    kept = tmp_path / "r" / f"{RUN}.json"
    assert done.exit_code == 0
    assert api.query()["callback_url"] == ["http://127.0.0.1:9/hook"]
    assert done.stdout.endswith(f"Kept in {kept}\n")
    assert json.loads(kept.read_bytes())["run_id"] == RUN


def test_without_the_local_package_the_stack_says_what_to_install(
    millrace: Millrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: Python's own way to say that a module is not there
    monkeypatch.setitem(sys.modules, "millrace.local.commands", None)

    # when / then
    for command in ("up", "down", "demo"):
        done = millrace(command)
        assert (done.exit_code, "package millrace-local" in done.stderr) == (2, True)


def test_the_local_package_does_what_is_asked(
    millrace: Millrace, monkeypatch: pytest.MonkeyPatch, csv_file: Path
) -> None:
    # given
    local = ModuleType("millrace.local.commands")
    asked: list[tuple[Any, ...]] = []

    def demo(file: Path | None) -> int:
        asked.append(("demo", file))
        return 4

    vars(local).update(up=lambda detach: asked.append(("up", detach)), down=lambda: asked.append(("down",)), demo=demo)
    monkeypatch.setitem(sys.modules, "millrace.local.commands", local)

    # when
    codes = [millrace(*each).exit_code for each in (["up", "--detach"], ["down"], ["demo", csv_file])]

    # then
    assert codes == [0, 0, 4]
    assert asked == [("up", True), ("down",), ("demo", csv_file)]


def test_every_status_may_be_asked_for() -> None:
    assert set(Status.__args__) == {status.value for status in RunStatus}  # type: ignore[attr-defined]


def test_settings_that_are_given_go_before_the_environment(
    api: Any, csv_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # given
    monkeypatch.setenv("MILLRACE_API_URL", "http://127.0.0.1:1")
    wanted = Submission(file=csv_file, flow="other", callback_url=None, mapping={}, metadata={}, deadline_s=None)

    # when
    answer = submit(wanted, wait=False, timeout_s=None, as_json=False, given=Settings(api_url=api.url, api_key=KEY))

    # then
    assert (answer.run_id, api.query()) == (RUN, {"flow": ["other"]})
    assert capsys.readouterr().out.startswith(RUN)
