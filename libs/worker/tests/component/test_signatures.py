"""Who may have a task run: messages with a signature of ours, over real brokers and a real worker."""

import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest
from libs.worker.tests.component.desk import QUEUE, Desk

from millrace.contracts import catalogue
from millrace.contracts.messages import Deliver
from millrace.testing.factories import run_record
from millrace.worker.dead_letters import Why
from millrace.worker.publish import signature
from millrace.worker.signing import HEADER, Signer

HEADERS = {"task": "callback.done", "id": "x"}
JSON = "application/json"


class Bomb:
    """Pickled, it makes a folder wherever it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


def body(key: str) -> bytes:
    return json.dumps([[], {"key": key}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]).encode()


def signed(desk: Desk, content: bytes, said: Any = None, **headers: Any) -> dict[str, Any]:
    whole = {**HEADERS, **headers}
    signer: Signer = desk.app.signer  # type: ignore[attr-defined]
    return {**whole, HEADER: signer.sign(whole, JSON, content, said)}


def test_what_we_did_not_sign_is_put_aside_and_never_run(desk: Desk) -> None:
    # given
    good, other = signed(desk, body("forged")), body("other")
    strange = Signer(secrets=("a secret of somebody else entirely",)).sign(HEADERS, JSON, body("forged"), None)
    forged = [
        (Why.UNSIGNED, body("forged"), HEADERS),
        (Why.BAD_SIGNATURE, body("forged"), {**HEADERS, HEADER: strange}),
        (Why.BAD_SIGNATURE, body("forged"), {**HEADERS, HEADER: "x"}),
        (Why.BAD_SIGNATURE, body("forged"), {**HEADERS, HEADER: {}}),
        (Why.BAD_SIGNATURE, other, good),
        (Why.BAD_SIGNATURE, body("forged"), good | {"id": "y"}),
        (Why.BAD_SIGNATURE, body("forged"), good | {"task": "callback.again"}),
        (Why.BAD_SIGNATURE, body("forged"), good | {"retries": 2}),
        (Why.BAD_SIGNATURE, body("forged"), good | {HEADER: good[HEADER] | {"tenant": "acme"}}),
        (Why.BAD_SIGNATURE, body("forged"), good | {HEADER: good[HEADER] | {"signature": "\u00fc"}}),
    ]
    # when
    for _, content, headers in forged:
        desk.forge(content, headers)
    found = desk.letters()
    # then
    assert [(each.reason, each.content, each.queue) for each in found] == [
        (why, made, QUEUE) for why, made, _ in forged
    ]
    assert not desk.redis.exists("done:forged", "done:other")
    assert desk.worker.last_lines(500).count("dead_lettered") >= len(forged)


def test_a_header_that_speaks_of_another_run_than_the_body_is_refused_although_it_is_signed(desk: Desk) -> None:
    # given
    message = Deliver(tenant="acme", run_id=run_record().run_id, event_id="crossed").model_dump(mode="json")
    content = [[], {"message": message}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    about_another = [[], {"message": message | {"tenant": "globex"}}, {}]
    raw = json.dumps(content).encode()
    # when
    desk.forge(raw, signed(desk, raw, about_another, task=catalogue.DELIVER.name))
    (letter,) = desk.letters()
    # then
    assert letter.reason == Why.BAD_SIGNATURE
    assert not desk.redis.exists("done:crossed")


def test_retries_batches_and_a_chords_parts_and_body_are_signed_wherever_they_are_published(desk: Desk) -> None:
    # when: each part is tried again twice, and the last of them publishes the body
    desk.app.signature("callback.fan", queue=QUEUE).apply_async()
    # then
    for key in ("part-0", "part-1", "part-2", "end"):
        desk.wait(key)
    assert desk.letters() == []


def test_a_message_with_a_run_carries_it_in_its_header(desk: Desk) -> None:
    # given
    message = Deliver(tenant="acme", run_id=run_record().run_id, event_id="evt_of_a_later_release")
    # when
    signature(desk.app, catalogue.DELIVER, message, "later").apply_async()
    (letter,) = desk.letters()
    # then
    told = letter.parts["headers"][HEADER]
    assert (told["tenant"], told["run"], told["schema"]) == ("acme", message.run_id, 1)


@pytest.mark.parametrize("kind", ["x-python-serialize", "x-yaml", "x-msgpack"])
def test_only_json_is_decoded_even_when_it_is_signed(desk: Desk, tmp_path: Path, kind: str) -> None:
    # given: bytes that act when they are read
    trace = tmp_path / "was-here"
    contents = {
        "x-python-serialize": pickle.dumps(Bomb(trace)),
        "x-yaml": f"!!python/object/apply:os.mkdir ['{trace}']".encode(),
        "x-msgpack": b"\x93\x90\x81\xa3key\xa3bad\x80",
    }
    # when
    desk.publish(contents[kind], HEADERS, content_type=f"application/{kind}", content_encoding="binary")
    desk.forge(contents[kind], HEADERS, f"application/{kind}")
    found = desk.letters()
    # then
    assert [each.reason for each in found] == [Why.WRONG_CONTENT_TYPE, Why.UNSIGNED]
    assert not trace.exists()


def test_nothing_is_inflated_before_it_is_known_who_signed_it(desk: Desk) -> None:
    # given: a message that says to be compressed
    packed = zlib.compress(body("inflated"))
    # when
    desk.publish(packed, {**HEADERS, "compression": "application/x-gzip"})
    (letter,) = desk.letters()
    # then
    assert (letter.reason, letter.content) == (Why.UNREADABLE, packed)
    assert not desk.redis.exists("done:inflated")
