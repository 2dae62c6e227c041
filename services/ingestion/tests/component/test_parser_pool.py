"""The parser's child ends with its parent, however that ends."""

import subprocess
import sys

import psutil

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
