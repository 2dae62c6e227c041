"""Crash points: silent in production, obeyed by exactly one process in a test."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from millrace.worker import crash

VISIT = """
import sys
from millrace.worker import crash
crash.arm(sys.argv[1], "nlp")
for name in sys.argv[2:]:
    crash.point(name)
print("survived")
"""


def visiting(folder: Path, *names: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", VISIT, str(folder), *names]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[str, int]:
    said, _ = process.communicate(timeout=60)
    return said.strip(), process.returncode


def test_an_unarmed_point_does_nothing_even_by_an_unknown_name(tmp_path: Path) -> None:
    crash.point("nowhere")
    assert list(tmp_path.iterdir()) == []


def test_an_armed_process_writes_down_each_point_once(tmp_path: Path) -> None:
    # when
    process = visiting(tmp_path, "part_begun", "part_computed", "part_begun")
    # then
    assert ended(process) == ("survived", 0)
    (log,) = tmp_path.glob("visited.*")
    assert [line.partition(":")[0] for line in log.read_text().splitlines()] == ["part_begun", "part_computed"]


def test_one_order_kills_exactly_one_of_many_processes(tmp_path: Path) -> None:
    # given
    (tmp_path / "part_begun").write_text("kill")
    # when
    ends = [ended(process) for process in [visiting(tmp_path, "part_begun") for _ in range(4)]]
    # then
    assert sorted(ends) == [("", -signal.SIGKILL)] + [("survived", 0)] * 3
    assert len(list(tmp_path.glob("part_begun.claimed.*"))) == 1


@pytest.mark.parametrize(("service", "code"), [("nlp", -signal.SIGKILL), ("analytics", 0)])
def test_an_order_may_be_for_one_service(tmp_path: Path, service: str, code: int) -> None:
    # given
    (tmp_path / f"part_begun@{service}").write_text("kill")
    # then
    assert ended(visiting(tmp_path, "part_begun"))[1] == code


def test_an_order_for_each_visit_stays(tmp_path: Path) -> None:
    # given
    (tmp_path / "part_begun").write_text("each kill")
    # then
    assert [ended(visiting(tmp_path, "part_begun"))[1] for _ in range(2)] == [-signal.SIGKILL] * 2


def test_a_stopped_process_goes_on_when_it_is_continued(tmp_path: Path) -> None:
    # given
    (tmp_path / "part_begun").write_text("stop")
    process = visiting(tmp_path, "part_begun")
    # when
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    # then
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    assert ended(process) == ("survived", 0)


@pytest.mark.parametrize(("order", "retryable"), [("raise", False), ("raise retryable", True)])
def test_a_process_may_fail_as_a_bug_would(tmp_path: Path, order: str, retryable: bool) -> None:
    # given
    (tmp_path / "part_begun").write_text(order)
    command = VISIT.replace("crash.point(name)", "\n    ".join([
        "", "try:", "    crash.point(name)", "except crash.Planted as error:", "    print(error.retryable)",
    ]).strip())  # fmt: skip
    # when
    process = subprocess.run(
        [sys.executable, "-c", command, str(tmp_path), "part_begun"], capture_output=True, text=True, timeout=60
    )
    # then
    assert process.stdout.split() == [str(retryable), "survived"]


def test_an_unknown_point_is_refused_where_a_test_would_see_it(tmp_path: Path) -> None:
    assert ended(visiting(tmp_path, "nowhere")) == ("", 1)
