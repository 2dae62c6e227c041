"""Children end with their parent, however that ends; and one that is ended takes nobody else's work with it."""

import asyncio
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from millrace.ingestion.children import Children, Limits
from millrace.ingestion.errors import ChildDied, ChildFailed

_PARENT = """
import os, signal
from millrace.ingestion.adapters import ParserPool
if __name__ == "__main__":
    import psutil
    pool = ParserPool()
    pool.start()
    begun = psutil.Process().children()
    print(*(child.pid for child in begun if "spawn_main" in " ".join(child.cmdline())), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
PATIENCE_S = 30
"""Bounds a hang."""
TIMEOUT_S = 12.0
"""Far more than a second of CPU takes on a busy machine."""


def test_a_killed_parent_leaves_no_child_behind(tmp_path) -> None:
    # given
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    # when
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE_S)
    # then
    (child,) = map(int, ended.stdout.split())
    if psutil.pid_exists(child):
        psutil.Process(child).wait(PATIENCE_S)
    assert not psutil.pid_exists(child)


_APP = """
import sys
import millrace.ingestion.app
heavy = {"pyarrow", "pandas", "numpy", "python_calamine", "pypdf", "mailbox"}
print(sorted(heavy & set(sys.modules)))
"""


def test_the_api_process_loads_no_reader_of_files() -> None:
    ended = subprocess.run([sys.executable, "-c", _APP], capture_output=True, text=True, timeout=PATIENCE_S)
    assert (ended.stdout.strip(), ended.returncode) == ("[]", 0)


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    limits = Limits(data_bytes=256 << 20, cpu_s=1)
    made = Children(processes=1, timeout_s=TIMEOUT_S, patience_s=PATIENCE_S, limits=limits)
    made.start()
    yield made
    made.stop()


# A child cannot import this module, so its work comes as text.
KILL_ONESELF = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
SPIN = "while True: pass"
HALF_A_SECOND = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"


async def gathered(children: Children) -> list[object]:
    """One that kills its child, and three that wait behind it for the same one."""
    innocent = [children.call(abs, -number) for number in (1, 2, 3)]
    return await asyncio.gather(children.call(exec, KILL_ONESELF), *innocent, return_exceptions=True)


def test_whoever_waits_behind_a_file_that_kills_its_child_gets_an_answer(children: Children) -> None:
    # when
    hostile, *innocent = asyncio.run(gathered(children))
    # then
    assert isinstance(hostile, ChildDied)
    assert innocent == [1, 2, 3]


def test_a_call_that_hangs_is_ended_and_the_next_works(children: Children) -> None:
    with pytest.raises(ChildDied):
        asyncio.run(children.call(time.sleep, 3600))
    assert asyncio.run(children.call(abs, -7)) == 7


def test_a_call_that_never_ends_is_ended_by_the_kernel_and_told_of(
    children: Children, caplog: pytest.LogCaptureFixture
) -> None:
    # when
    with caplog.at_level(logging.WARNING), pytest.raises(ChildDied):
        asyncio.run(children.call(exec, SPIN))
    # then: long before its time is up
    (told,) = [vars(record) for record in caplog.records if record.message == "child_killed"]
    assert (told["action"], told["task"], told["exit_code"]) == ("child_killed", "exec", -signal.SIGXCPU)


def test_the_cpu_time_of_earlier_calls_does_not_count(children: Children) -> None:
    assert [asyncio.run(children.call(exec, HALF_A_SECOND)) for _ in range(4)] == [None] * 4


def test_a_call_that_wants_too_much_memory_fails_alone(children: Children) -> None:
    with pytest.raises(MemoryError):
        asyncio.run(children.call(bytes, 1 << 30))
    assert asyncio.run(children.call(bytes, 7)) == bytes(7)


def test_who_finds_no_child_free_in_time_is_told_to_come_back() -> None:
    # given
    children = Children(processes=1, timeout_s=PATIENCE_S, patience_s=0.05)
    children.start()

    async def both() -> list[object]:
        return await asyncio.gather(children.call(time.sleep, 1.0), children.call(abs, -1), return_exceptions=True)

    # when
    worked, turned_away = asyncio.run(both())
    children.stop()
    # then
    assert worked is None
    assert isinstance(turned_away, ChildFailed) and not isinstance(turned_away, ChildDied)
    assert turned_away.retry_after_s is not None
