"""The snippets of docs/callbacks.md, run as they stand against what the callback service sends."""

import json
import os
import re
import runpy
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from millrace.callback.domain.schedule import RETRIES
from millrace.callback.domain.signing import headers
from millrace.contracts.base import now
from millrace.contracts.endpoints import SigningKeys
from millrace.storage.endpoints import new_keys

PAGE = Path(__file__).parents[2] / "docs" / "callbacks.md"
NODE = Path(__file__).with_name("node")
BODY = '{"type":"insight.completed","data":{"headline":["größer 好"]}}'.encode()
NEW, OLD = new_keys(now()), new_keys(now())
STRANGERS = new_keys(now())
SENT = headers("evt_1", now(), BODY, [NEW, OLD])
LATE = headers("evt_1", now() - timedelta(minutes=6), BODY, [NEW])


def snippets(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def names(tmp_path: Path, code: str) -> dict[str, Any]:
    path = tmp_path / "snippet.py"
    path.write_text(code, encoding="utf-8")
    return runpy.run_path(str(path))


@pytest.mark.parametrize("keys", [NEW, OLD], ids=["new key", "former key"])
def test_the_python_snippet_accepts_what_is_sent(tmp_path: Path, keys: SigningKeys) -> None:
    receive = names(tmp_path, snippets("python")[0])["receive"]
    assert receive(SENT, BODY, keys.secret) == json.loads(BODY)


def test_the_python_snippet_refuses_all_else(tmp_path: Path) -> None:
    receive = names(tmp_path, snippets("python")[0])["receive"]
    assert receive(SENT, BODY, STRANGERS.secret) is None
    assert receive(SENT, BODY + b" ", NEW.secret) is None
    assert receive(LATE, BODY, NEW.secret) is None
    assert receive({}, BODY, NEW.secret) is None


def test_the_snippet_for_public_keys_accepts_what_is_sent_and_refuses_all_else(tmp_path: Path) -> None:
    genuine = names(tmp_path, snippets("python")[1])["is_genuine"]
    assert genuine(SENT, BODY, NEW.public_key) and genuine(SENT, BODY, OLD.public_key)
    assert not genuine(SENT, BODY, STRANGERS.public_key)
    assert not genuine(SENT, BODY + b" ", NEW.public_key)
    assert not genuine(LATE, BODY, NEW.public_key)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the official library, of the version and the digest in the lock file."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    made = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if made.returncode and "CI" not in os.environ:
        pytest.skip("npm cannot fetch the library standardwebhooks")
    assert made.returncode == 0, made.stderr
    return folder


def test_the_node_snippet_accepts_what_is_sent_and_refuses_all_else(node: Path) -> None:
    # given
    (node / "snippet.js").write_text(snippets("javascript")[0], encoding="utf-8")
    (node / "ask.js").write_text(
        'import { readFileSync } from "node:fs";\nimport { receive } from "./snippet.js";\n'
        "const asked = JSON.parse(readFileSync(0));\n"
        "console.log(JSON.stringify(asked.map(([headers, body, secret]) => receive(headers, body, secret))));\n"
    )
    text = BODY.decode()
    asked = [
        (SENT, text, NEW.secret), (SENT, text, OLD.secret), (SENT, text, STRANGERS.secret),
        (SENT, text + " ", NEW.secret), (LATE, text, NEW.secret),
    ]  # fmt: skip
    # when
    given = json.dumps(asked)
    said = subprocess.run(["node", "ask.js"], cwd=node, input=given, capture_output=True, text=True, timeout=60)
    # then
    assert said.returncode == 0, said.stderr
    event = json.loads(BODY)
    assert json.loads(said.stdout) == [event, event, None, None, None]


def test_the_retry_table_is_the_schedule() -> None:
    # given
    rows = re.findall(r"^\| (\d+) \| ([^|]*)\| [^|]* \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    units = {"s": 1, "min": 60, "h": 3_600}
    # when
    waits = [wait.split() for _, wait in rows[1:]]
    # then
    assert [timedelta(seconds=int(number) * units[unit]) for number, unit in waits] == list(RETRIES)
    assert [int(number) for number, _ in rows] == list(range(1, len(RETRIES) + 2))
