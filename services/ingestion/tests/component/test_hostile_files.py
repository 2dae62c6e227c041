"""Hostile files through the API and a real parser's child: no crash, a clear answer, within time and memory."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from services.ingestion.tests.component.hostile import FILES, MIB
from services.ingestion.tests.component.world import World

from millrace.ingestion.adapters import PARSE_TIMEOUT_S, PATIENCE_S, ParserPool
from millrace.ingestion.children import Children, Limits

MEMORY_MIB = 300
"""What a file may cost beyond what the child has before it."""
CPU_S = 2
LARGE = 16 * MIB


def data_bytes(status: str) -> int:
    """Of a process, what RLIMIT_DATA counts (proc(5))."""
    found = re.search(r"VmData:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) << 10


@pytest.fixture(scope="module")
def bounded() -> Iterator[World]:
    """An API whose parser may use no more than is asked of it: the kernel holds it to that."""
    children = Children(processes=1, timeout_s=PARSE_TIMEOUT_S, patience_s=PATIENCE_S)
    children.start()
    before = data_bytes(asyncio.run(children.call(Path.read_text, Path("/proc/self/status"))))
    children.stop()
    pool = ParserPool(limits=Limits(data_bytes=before + (MEMORY_MIB << 20), cpu_s=CPU_S))
    pool.start()
    world = World(reader=pool, max_body_bytes=LARGE)
    with world.client:
        yield world
    pool.stop()


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_gets_a_clear_answer(bounded: World, name: str) -> None:
    # when
    answer = bounded.submit(FILES[name](), "application/octet-stream")
    # then: it is refused for what it is, not for what became of the child
    if answer.status_code != 202:
        assert (answer.status_code in (413, 415, 422), answer.headers["content-type"]) == (
            True,
            "application/problem+json",
        )
        problem = answer.json()
        assert problem["type"] != "urn:millrace:problem:unreadable"
        assert problem["detail"] and len(answer.content) < 8_192
        assert "root:" not in answer.text


def test_the_files_that_are_only_odd_are_taken(bounded: World) -> None:
    taken = [name for name in ("NUL in cells", "CSV formulas", "duplicate keys", "half of UTF-16")
             if bounded.submit(FILES[name](), "application/octet-stream").status_code == 202]  # fmt: skip
    assert taken == ["NUL in cells", "CSV formulas", "duplicate keys", "half of UTF-16"]
