"""The command line as a newcomer uses it, over the other broker: SQS as the stack's own moto server speaks it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from millrace.contracts.api import RunPage
from millrace.contracts.run import RunStatus

MILLRACE = Path(sys.executable).parent / "millrace"
PATIENCE_S = 180
"""Bounds a hang; nothing is expected to take as long."""


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"MILLRACE_BROKER_URL": "sqs://", "COLUMNS": "120"}
    return subprocess.run(
        [str(MILLRACE), *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a stack that `millrace up` started and `millrace down` stops."""
    where = tmp_path_factory.mktemp("commands")
    started = run(where, "up", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    yield where
    stopped = run(where, "down")
    assert (stopped.returncode, (where / ".millrace" / "stack.json").exists()) == (0, False)


def test_the_demo_shows_the_callback_its_signature_and_the_report(folder: Path) -> None:
    # when
    shown = run(folder, "demo")
    # then: the exit code also says whether ten seconds were enough, which is not for a test to judge
    assert "insight.completed" in shown.stdout or "insight.partial" in shown.stdout, shown.stdout + shown.stderr
    assert "verified" in shown.stdout and "NOT verified" not in shown.stdout
    (report,) = (folder / ".millrace" / "reports").glob("run_*.json")
    assert json.loads(report.read_text())["records"] == 400


def test_a_submitted_file_is_followed_listed_and_shown(folder: Path) -> None:
    # given
    with resources.as_file(resources.files("millrace.local") / "sample" / "feedback.csv") as sample:
        # when
        submitted = run(folder, "submit", str(sample), "--wait", "--json")
    # then
    assert submitted.returncode == 0, submitted.stderr
    answer = json.loads(submitted.stdout)
    run_id = answer["accepted"]["run_id"]
    page = RunPage.model_validate_json(run(folder, "runs", "--json").stdout)
    assert page.runs[0].run_id == run_id
    assert page.runs[0].status in (RunStatus.COMPLETED, RunStatus.PARTIAL)
    assert run_id in run(folder, "show", run_id).stdout


def test_a_file_that_is_none_is_refused_with_words(folder: Path, tmp_path: Path) -> None:
    # given
    bad = tmp_path / "numbers.csv"
    bad.write_text("a,b\n1,2\n3,4\n")
    # when
    refused = run(folder, "submit", str(bad))
    # then
    assert refused.returncode == 2
    assert "could be" in refused.stdout + refused.stderr


def test_a_second_stack_in_the_same_folder_is_refused(folder: Path) -> None:
    assert "runs from this folder already" in run(folder, "up", "--detach").stdout
