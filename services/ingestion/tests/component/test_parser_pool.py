"""Children end with their parent, however that ends; and one that is ended takes no later one with it."""

import asyncio
import subprocess
import sys
import time

import psutil
import pytest

from millrace.ingestion.children import Children
from millrace.ingestion.errors import ChildFailed

_PARENT = """
import os, signal
from millrace.ingestion.adapters import ParserPool
if __name__ == "__main__":
    pool = ParserPool()
    pool.start()
    print(*pool._children._pool._processes, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
PATIENCE_S = 30
"""Bounds a hang."""


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


TIMEOUT_S = 6.0
"""Long enough to begin a child anew."""


def test_who_waited_for_a_child_that_is_ended_does_not_end_the_next() -> None:
    # given a call that hangs, and one that waits for the same child
    children = Children(1, TIMEOUT_S)
    children.start()

    async def hang_then_ask() -> int:
        with pytest.raises(ChildFailed):
            await children.call(time.sleep, 3600)
        return await children.call(abs, -7)

    async def wait_behind() -> None:
        await asyncio.sleep(TIMEOUT_S / 2)
        with pytest.raises(ChildFailed):
            await children.call(abs, -1)

    async def both() -> int:
        answer, _ = await asyncio.gather(hang_then_ask(), wait_behind())
        return answer

    # when / then
    try:
        assert asyncio.run(both()) == 7
    finally:
        children.stop()
