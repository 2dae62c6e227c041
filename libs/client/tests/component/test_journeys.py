"""`millrace why` and `millrace trace` against an API that answers with a journey."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from millrace.client import Client
from millrace.client.cli import app
from millrace.contracts.happening import Gap
from millrace.contracts.journey import (
    Cause,
    Interval,
    JourneyRow,
    Normal,
    Phase,
    PhaseTime,
    QueueTime,
    RunJourney,
    Trouble,
)
from millrace.contracts.run import RunStatus

RUN = "run_01JZZZZZZZZZZZZZZZZZZZZZZZ"
Millrace = Callable[..., Any]


def interval(phase: str, begin_s: float, end_s: float, **about: Any) -> Interval:
    return Interval(phase=phase, begin_s=begin_s, end_s=end_s, source="ended_at", **about)


PATH = (
    interval("accept", 0, 0.5, service="ingestion"),
    interval("queue", 0.5, 1.0, queue="nlp", stage="annotate", step="annotate", part=2),
    interval("compute", 1.0, 5.0, service="nlp", stage="annotate", step="annotate", part=2),
)


def journey(parts: int = 3, **changes: Any) -> RunJourney:
    """A run of one stage with so many parts, of which the last was waited for."""
    rows = [
        JourneyRow(kind="run", name=RUN, level=0, begin_s=0, end_s=5, critical=True, intervals=PATH),
        JourneyRow(kind="stage", name="annotate", level=1, begin_s=0.5, end_s=5, critical=True, intervals=PATH[1:]),
    ]
    for number in range(parts):
        last = number == parts - 1
        rows.append(
            JourneyRow(
                kind="part", name=f"annotate.{number}", level=3, begin_s=0.5, end_s=5 if last else 2, critical=last,
                deliveries=2 if number == 0 else 1, part=number, intervals=PATH[1:],
            )
        )  # fmt: skip
    cause = Cause(
        phase="compute", text="nlp was slow: annotate computed for 4.0 s; 1.1 s is normal (median of 18 runs)",
        seconds=4.0, normal_s=1.1, excess_s=2.9, unusual=True, service="nlp", step="annotate",
    )  # fmt: skip
    given: dict[str, Any] = {
        "run_id": RUN, "flow": "customer-feedback", "flow_version": 3, "status": RunStatus.PARTIAL, "attempt": 1,
        "records": 1180, "began_at": "2026-01-31T12:00:00Z", "ended": True, "seconds": 5.0, "deadline_s": 10.0,
        "verdict": "Took 5.0 s, 2.9 s more than usual. nlp was slow.", "path": PATH, "rows": tuple(rows),
        "phases": (PhaseTime(phase="accept", seconds=0.5, normal_s=0.4, p90_s=0.6), PhaseTime(phase="idle", seconds=0)),
        "queues": (
            QueueTime(queue="nlp", service="nlp", seconds=0.5, longest_s=0.5, longest="annotate.2", messages=3),
        ),
        "causes": (cause,), "troubles": (Trouble(kind="retry", text="annotate.0 was tried once again"),),
        "gaps": (Gap(step="topics", reason="deadline_passed", effect="no \x1b[31mtopics"),),
        "normal": Normal(runs=18, enough=True, similar=True, seconds=2.1, p90_s=2.5),
        "trace_url": "https://app.datadoghq.eu/apm/trace/4bf92f3577b34da6a3ce929d0e0e4736",
    }  # fmt: skip
    return RunJourney.model_validate(given | changes)


@pytest.fixture
def millrace(api: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Millrace:
    """The command line in a directory of its own, with an API that tells of this journey."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, told: RunJourney | bytes | None = None) -> Any:
        found = told or journey()
        api.say(200, found if isinstance(found, bytes) else found.model_dump(mode="json"))
        env = {"MILLRACE_API_URL": api.url, "MILLRACE_API_KEY": "key-acme", "COLUMNS": "100"}
        return CliRunner().invoke(app, list(arguments), env=env)

    return run


def test_why_answers_first_and_then_shows_where_the_time_went(millrace: Millrace, api: Any) -> None:
    # when
    done = millrace("why", RUN, "--attempt", "1")
    # then
    said = done.stdout.splitlines()
    assert done.exit_code == 0
    assert api.asked[0][:2] == ("GET", f"/v1/runs/{RUN}/journey?attempt=1")
    assert said[1] == "Took 5.0 s, 2.9 s more than usual. nlp was slow."
    assert "Where the time went (normal: median of 18 runs of about this size)" in said
    assert any(each.split() == ["accept", "0.50", "s", "10", "%", "0.40", "s", "0.60", "s"] for each in said)
    assert not any(each.startswith("idle") for each in said)
    assert " - annotate.0 was tried once again" in [each.rstrip() for each in said]
    assert "\x1b" not in done.stdout and "topics (deadline_passed)" in done.stdout
    assert said[-1] == "In Datadog: https://app.datadoghq.eu/apm/trace/4bf92f3577b34da6a3ce929d0e0e4736"


def test_trace_draws_each_row_to_scale_and_marks_the_critical_path(millrace: Millrace) -> None:
    # when
    done = millrace("trace", RUN)
    # then
    said = done.stdout.splitlines()
    (whole,) = (each for each in said if each.startswith(f"* {RUN}") and "#" in each)
    bar = whole[whole.index("-") :].rstrip()
    assert (bar.count("-"), bar.count(".")) == (bar.index("."), bar.count("-"))
    assert 7 < bar.count("#") / bar.count("-") < 9
    assert any(each.startswith("*       annotate.2") for each in said)
    assert any(each.startswith("        annotate.0 x2") for each in said)
    assert "* critical path   - orchestration   . waiting   # computing" in said
    assert all(len(each) <= 100 for each in said)


def test_parts_that_nobody_waited_for_are_folded_beyond_forty_rows(millrace: Millrace) -> None:
    # when
    folded, every = millrace("trace", RUN, told=journey(60)), millrace("trace", RUN, "--all", told=journey(60))
    # then: those that were begun twice and the last are shown
    assert "58 parts that the run did not wait for: --all shows them." in folded.stdout
    assert "annotate.59" in folded.stdout and "annotate.30" not in folded.stdout
    assert "annotate.30" in every.stdout and "--all" not in every.stdout


@pytest.mark.parametrize("command", ["why", "trace"])
def test_both_give_the_journey_as_json_or_as_a_page(millrace: Millrace, tmp_path: Path, command: str) -> None:
    # when
    data = millrace(command, RUN, "--json")
    page = millrace(command, RUN, "--html", "page.html", told=b"<!doctype html>")
    # then
    assert RunJourney.model_validate(json.loads(data.stdout)) == journey()
    assert (page.exit_code, page.stdout, (tmp_path / "page.html").read_text()) == (0, "", "<!doctype html>")


def test_a_run_that_is_not_there_is_refused(api: Any, millrace: Millrace) -> None:
    # given: the API's own answer, not a journey
    api.say(404, {"type": "urn:millrace:problem:not-found", "title": "There is no such run", "status": 404})
    # when
    done = millrace("why", RUN)
    # then
    assert done.exit_code == 2
    assert "There is no such run" in done.stderr


def test_what_a_newer_api_tells_of_is_shown_all_the_same(api: Any, millrace: Millrace) -> None:
    # given
    newer = (*PATH, interval("teleport", 5.0, 6.0))
    rows = (JourneyRow(kind="run", name=RUN, level=0, begin_s=0, end_s=6, intervals=newer),)
    # when
    done = millrace("trace", RUN, told=journey(rows=rows, seconds=6.0))
    # then
    assert done.exit_code == 0
    assert Phase.COMPUTE in {each.phase for each in newer}


def test_the_client_asks_for_a_journey(api: Any) -> None:
    # given
    api.say(200, journey().model_dump(mode="json"))
    # when
    with Client(api.url, "key-acme") as client:
        found = client.journey(RUN)
    # then
    assert found == journey()
