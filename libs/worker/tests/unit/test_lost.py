"""Why a child was lost, by what billiard says and what the kernel counts."""

from pathlib import Path

import pytest

from millrace.worker.lost import Memory, reason_of


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Worker exited prematurely: signal 9 (SIGKILL) Job: 3.", "sigkill"),
        ("Worker exited prematurely: signal 11 (SIGSEGV) Job: 3.", "sigsegv"),
        ("Worker exited prematurely: signal 15 (SIGTERM) Job: 3.", "sigterm"),
        ("Worker exited prematurely: signal 999 (unknown) Job: 3.", "exited"),
        ("Worker exited prematurely: exitcode 155 Job: 3.", "exited"),
        ("", "exited"),
    ],
)
def test_the_signal_names_the_reason(said: str, reason: str, tmp_path: Path) -> None:
    assert reason_of(said, Memory(tmp_path / "none")) == reason


def test_a_kill_is_for_memory_when_the_kernel_says_so_meanwhile(tmp_path: Path) -> None:
    # given
    events = tmp_path / "memory.events"
    events.write_text("low 0\noom 1\noom_kill 2\n")
    memory, killed = Memory(events), "Worker exited prematurely: signal 9 (SIGKILL) Job: 3."
    # when / then
    assert reason_of(killed, memory) == "sigkill"
    events.write_text("low 0\noom 2\noom_kill 3\n")
    assert reason_of(killed, memory) == "out_of_memory"
    assert reason_of(killed, memory) == "sigkill"
