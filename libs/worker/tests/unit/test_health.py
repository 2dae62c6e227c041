"""The health file: written while the worker is ready, and no reason to fail when it cannot be."""

import json
import os
from pathlib import Path

import pytest

from millrace.worker.health import Beat


def test_the_file_says_who_is_ready(tmp_path: Path) -> None:
    # given
    path, ready = tmp_path / "health.json", [False]
    beat = Beat(path=path, ready=lambda: ready[0])
    # when / then
    assert beat() is False and not path.exists()
    ready[0] = True
    assert beat() is True
    assert json.loads(path.read_text()) == {"pid": os.getpid(), "ready": True}


def test_a_full_disk_leaves_the_old_file_and_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    # given
    path = tmp_path / "health.json"
    beat = Beat(path=path, ready=lambda: True)
    beat()
    before = path.stat().st_mtime_ns
    path.with_suffix(".new").symlink_to("/dev/full")
    # when
    assert [beat() for _ in range(3)] == [False, False, False]
    # then
    assert path.stat().st_mtime_ns == before
    assert [(record.message, record.error) for record in caplog.records] == [  # type: ignore[attr-defined]
        ("health_unwritable", "No space left on device")
    ]


def test_once_there_is_room_again_the_file_is_new(tmp_path: Path) -> None:
    # given
    path = tmp_path / "gone" / "health.json"
    beat = Beat(path=path, ready=lambda: True)
    assert beat() is False
    # when
    path.parent.mkdir()
    # then
    assert beat() is True
    assert beat.failing is False
