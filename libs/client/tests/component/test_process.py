"""The command line as a process of its own: what it imports, and how it takes Ctrl-C."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

RUN = "run_01JZZZZZZZZZZZZZZZZZZZZZZZ"


def test_help_loads_neither_http_nor_contracts() -> None:
    # given
    code = (
        "import sys; from typer.testing import CliRunner; from millrace.client.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print([name for name in ('httpx', 'millrace.contracts', 'rich.progress') if name in sys.modules])"
    )

    # when
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)

    # then
    assert done.stdout == "[]\n"


def test_ctrl_c_leaves_the_run_and_says_so(api: Any, csv_file: Path) -> None:
    # given
    api.walk = api.walk[:3]
    env = {**os.environ, "MILLRACE_API_URL": api.url, "MILLRACE_API_KEY": "key-acme", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "millrace.client.cli", "submit", str(csv_file), "--wait", "--json"]

    # when: the second look has been shown
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "datasets: running, 0 of 2 parts\n"
        out, err = _interrupted(process)

    # then
    assert process.returncode == 130
    assert err.endswith(f"No longer waiting; the run goes on: millrace show {RUN}\n")
    assert json.loads(out)["accepted"]["run_id"] == RUN


def _interrupted(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What it said, once it ended. Python drops a Ctrl-C that finds it in a finalizer: people press again."""
    for _ in range(10):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=6)
    raise AssertionError("it goes on whatever it is told")
