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
from millrace.ingestion.errors import ChildBroken, ChildDied, ChildFailed, RateLimited
from millrace.ingestion.failures import Counts

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
    left = [int(pid) for pid in ended.stdout.split()]
    assert len(left) == 2
    for child in left:
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
    assert isinstance(hostile, ChildDied) and not isinstance(hostile, ChildBroken)
    assert innocent == [1, 2, 3]


def test_a_call_that_hangs_is_ended_and_the_next_works(children: Children) -> None:
    with pytest.raises(ChildDied) as caught:
        asyncio.run(children.call(time.sleep, 3600))
    assert (type(caught.value), caught.value.status) == (ChildDied, 503)
    assert asyncio.run(children.call(abs, -7)) == 7


def test_a_call_that_never_ends_is_ended_by_the_kernel_and_told_of(
    children: Children, caplog: pytest.LogCaptureFixture
) -> None:
    # when
    with caplog.at_level(logging.WARNING), pytest.raises(ChildBroken):
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


PID = "import os; raise MemoryError(os.getpid())"


async def died_idle(children: Children) -> int:
    """The result of a call whose child was killed while it had nothing to do."""
    with pytest.raises(MemoryError) as caught:
        await children.call(exec, PID)
    child = psutil.Process(caught.value.args[0])
    child.kill()
    child.wait(PATIENCE_S)
    while True:
        # The pool hears of it in a thread of its own: until then it would still hand the call to the dead child.
        try:
            return await children.call(abs, -5)
        except ChildDied:
            continue


def test_a_child_that_died_while_it_had_nothing_to_do_is_replaced_and_the_file_is_read(children: Children) -> None:
    assert asyncio.run(died_idle(children)) == 5


def test_a_tenant_has_one_child_at_a_time_and_the_others_are_for_others() -> None:
    # given
    children = Children(processes=2, timeout_s=PATIENCE_S, patience_s=0.5)
    children.start()

    async def all_of_them() -> list[object]:
        mine = [children.call_for("acme", time.sleep, 2.0) for _ in range(3)]
        return await asyncio.gather(*mine, children.call_for("rival", abs, -1), return_exceptions=True)

    # when
    first, *late, other = asyncio.run(all_of_them())
    children.stop()
    # then
    assert (first, other) == (None, 1)
    assert all(isinstance(each, RateLimited) and each.retry_after_s for each in late)


def test_who_spends_too_long_on_files_of_which_nothing_comes_is_told_to_wait(children: Children) -> None:
    # given
    children._turns.refused = Counts(0.4)
    with pytest.raises(MemoryError):
        asyncio.run(children.call_for("acme", exec, f"{HALF_A_SECOND}\nraise MemoryError"))
    # when
    with pytest.raises(RateLimited) as caught:
        asyncio.run(children.call_for("acme", abs, -1))
    # then
    assert caught.value.retry_after_s
    assert asyncio.run(children.call_for("rival", abs, -1)) == 1


def test_a_child_that_comes_when_the_wait_is_cut_off_goes_to_the_next(children: Children) -> None:
    async def cut_off() -> int:
        held = await children._free()
        waits = asyncio.create_task(children.call(abs, -1))
        await asyncio.sleep(0)
        # In one turn of the loop: the child comes, and whoever waits for it leaves.
        children._release(held)
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
        return await children.call(abs, -3)

    assert asyncio.run(cut_off()) == 3
