"""Recorded messages of every task and version are still read, and nothing in them is lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from millrace.contracts import catalogue
from millrace.contracts.base import MAX_MESSAGE_BYTES, Message
from millrace.contracts.messages import PartMessage
from millrace.contracts.outcome import Outcome
from millrace.contracts.routing import queue_for

EXAMPLES = Path(__file__).parents[2] / "libs" / "contracts" / "examples"
FILES = sorted(EXAMPLES.glob("*/v*/*.json"))
PARTS = {spec.name for spec in catalogue.PARTS}


def name(file: Path) -> str:
    return str(file.relative_to(EXAMPLES))


def model_of(file: Path) -> type[Message]:
    task = file.parts[-3]
    if task not in PARTS:
        return catalogue.task(task).input
    return PartMessage if file.stem == "message" else Outcome


def kept(old: Any, new: Any) -> bool:
    """Whether everything in `old` is in `new`; what was added since does not matter."""
    if isinstance(old, dict):
        return isinstance(new, dict) and all(key in new and kept(value, new[key]) for key, value in old.items())
    if isinstance(old, list):
        return isinstance(new, list) and len(old) == len(new) and all(map(kept, old, new))
    return bool(old == new)


@pytest.mark.parametrize("spec", [*catalogue.CONTROL, *catalogue.PARTS], ids=lambda spec: spec.name)
def test_every_task_has_examples_of_its_present_version(spec: catalogue.TaskSpec[Message]) -> None:
    recorded = {file.stem for file in (EXAMPLES / spec.name / f"v{spec.version}").glob("*.json")}
    assert recorded >= ({"message", "outcome", "timed_out"} if spec.name in PARTS else {"message"})
    assert queue_for(spec.name) == spec.queue


@pytest.mark.parametrize("file", FILES, ids=name)
def test_an_old_message_is_read_and_keeps_every_field(file: Path) -> None:
    # given
    old = json.loads(file.read_text())
    # when
    read = model_of(file).model_validate(old)
    # then
    assert kept(old, read.model_dump(mode="json"))


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_message_with_a_field_of_the_next_release_is_read_too(file: Path) -> None:
    # given
    newer = json.loads(file.read_text()) | {"added_in_the_next_release": {"x": 1}}
    # when / then
    assert model_of(file).model_validate(newer)


@pytest.mark.parametrize("file", [file for file in FILES if file.stem == "message"], ids=name)
def test_a_parts_inputs_fit_its_task(file: Path) -> None:
    # given
    spec = catalogue.task(file.parts[-3])
    message = model_of(file).model_validate_json(file.read_text())
    # when / then
    if isinstance(message, PartMessage):
        assert spec.input.model_validate({**message.params, **message.inputs})
    assert len(file.read_bytes()) < MAX_MESSAGE_BYTES


def test_a_removed_field_would_be_noticed() -> None:
    assert not kept({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {}})
    assert not kept({"a": [1]}, {"a": []})
