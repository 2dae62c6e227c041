"""A process whose files of metrics have no room, or are gone, works on."""

import subprocess
import sys
from pathlib import Path

import pytest

COUNTING = """
import json, resource, shutil, signal, sys
from pathlib import Path
from millrace.telemetry import metrics

folder = Path(sys.argv[1])
metrics.share(folder, 1, lambda: "parent")
if sys.argv[2] == "gone":
    shutil.rmtree(folder)
elif sys.argv[2] == "cut":
    for file in folder.iterdir():
        file.write_bytes(b"\\xff" * 64)
else:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    for file in folder.iterdir():
        file.unlink()
metrics.count("callbacks", result="failed")
metrics.observe("callback_seconds", 1.0, status="2xx")
metrics.gauge("dead_letters", 1)
try:
    metrics.count("callbacks", run_id="run_1")
except ValueError:
    print("refused")
"""


@pytest.mark.parametrize("what", ["gone", "cut", "full"])
def test_nothing_is_raised_into_the_work(tmp_path: Path, what: str) -> None:
    # given
    folder = tmp_path / "metrics"
    folder.mkdir()
    # when
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, str(folder), what], capture_output=True, text=True, timeout=60, check=False
    )
    # then: it went on to the end, lost what it counted, and told so once
    assert (done.returncode, done.stdout) == (0, "refused\n"), done.stderr
    assert done.stderr.count("metric_lost") == 1
