"""Signatures of task messages: what they cover, which secrets count, and what is taken for none."""

import hashlib
import hmac
import json

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.dead_letters import Why
from millrace.worker.settings import WorkerSettings
from millrace.worker.signing import HEADER, Signer, agrees, said_of

JSON = "application/json"
SIGNER = Signer(secrets=(MESSAGE_SECRET,))
HEADERS = {"task": "nlp.annotate", "id": "run_1:1:annotate:annotate.0", "retries": 0, "timelimit": [None, None]}
MESSAGE = {"tenant": "acme", "run_id": "run_1", "stage": "annotate", "step": "annotate", "version": 1}
BODY = [[], {"message": MESSAGE}, {"chord": None}]
SERIALISED = json.dumps(BODY).encode()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def signed(signer: Signer = SIGNER) -> dict[str, object]:
    return HEADERS | {HEADER: signer.sign(HEADERS, JSON, SERIALISED, BODY)}


def test_the_signature_is_the_hmac_of_what_is_written_down() -> None:
    # given: the format, as docs/decisions/0016 has it
    digest = hashlib.sha256(SERIALISED).hexdigest()
    parts = [
        1,
        "acme",
        "run_1",
        "annotate",
        1,
        HEADERS["task"],
        HEADERS["id"],
        JSON,
        digest,
        0,
        [None, None],
        None,
        None,
    ]
    text = json.dumps(parts, separators=(",", ":")).encode()
    # when
    header = SIGNER.sign(HEADERS, JSON, SERIALISED, BODY)
    # then
    assert header.pop("signature") == hmac.new(MESSAGE_SECRET.encode(), text, "sha256").hexdigest()
    assert header == {"format": 1, "tenant": "acme", "run": "run_1", "step": "annotate", "schema": 1}


def test_what_we_signed_is_taken_as_text_and_as_bytes() -> None:
    assert SIGNER.refuses(signed(), JSON, SERIALISED) is None
    assert SIGNER.refuses(signed(), JSON, SERIALISED.decode()) is None
    assert agrees(signed(), BODY)


@pytest.mark.parametrize("name", ["task", "id", "retries", "timelimit", "eta", "expires"])
def test_a_header_that_a_worker_believes_cannot_be_changed(name: str) -> None:
    assert SIGNER.refuses(signed() | {name: "other"}, JSON, SERIALISED) is Why.BAD_SIGNATURE


@pytest.mark.parametrize("name", ["format", "tenant", "run", "step", "schema", "signature"])
def test_nothing_in_the_header_can_be_changed_or_left_out(name: str) -> None:
    # given
    header = SIGNER.sign(HEADERS, JSON, SERIALISED, BODY)
    # when / then
    assert SIGNER.refuses(HEADERS | {HEADER: header | {name: "other"}}, JSON, SERIALISED) is Why.BAD_SIGNATURE
    header.pop(name)
    assert SIGNER.refuses(HEADERS | {HEADER: header}, JSON, SERIALISED) is Why.BAD_SIGNATURE


def test_neither_the_body_nor_its_content_type_can_be_changed() -> None:
    assert SIGNER.refuses(signed(), JSON, SERIALISED + b" ") is Why.BAD_SIGNATURE
    assert SIGNER.refuses(signed(), "application/x-python-serialize", SERIALISED) is Why.BAD_SIGNATURE


def test_an_old_secret_still_opens_and_a_strange_one_never_does() -> None:
    # given
    old, new, strange = (Signer(secrets=(letter * 32,)) for letter in "onx")
    both = Signer(secrets=("n" * 32, "o" * 32))
    # when / then
    assert both.refuses(signed(old), JSON, SERIALISED) is None
    assert new.refuses(signed(both), JSON, SERIALISED) is None
    assert both.refuses(signed(strange), JSON, SERIALISED) is Why.BAD_SIGNATURE


def test_while_an_old_release_runs_a_missing_signature_is_taken_but_no_bad_one() -> None:
    # given
    lenient = Signer(secrets=(MESSAGE_SECRET,), accept_unsigned=True)
    # when / then
    assert lenient.refuses(HEADERS, JSON, SERIALISED) is None
    assert lenient.refuses(signed(Signer(secrets=("x" * 32,))), JSON, SERIALISED) is Why.BAD_SIGNATURE
    assert SIGNER.refuses(HEADERS, JSON, SERIALISED) is Why.UNSIGNED


@settings(suppress_health_check=[HealthCheck.too_slow])  # making examples is slow on a busy machine
@given(header=ANYTHING, name=ANYTHING, body=st.binary() | st.text() | st.none())
def test_whatever_a_stranger_writes_is_refused_and_raises_nothing(header: object, name: object, body: object) -> None:
    assert SIGNER.refuses({"task": name, "id": name, HEADER: header}, JSON, body) in (Why.UNSIGNED, Why.BAD_SIGNATURE)


def test_a_body_of_no_run_says_nothing() -> None:
    assert said_of([["key"], {}, {}]) == said_of("text") == said_of(None)
    assert not agrees(signed(), [[], {"message": MESSAGE | {"tenant": "globex"}}, {}])
    assert agrees(HEADERS, BODY)


@pytest.mark.parametrize("secret", ["short", "", " , ", f"{MESSAGE_SECRET},short"])
def test_a_secret_that_is_too_short_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValidationError) as caught:
        WorkerSettings(message_secret=secret)
    assert "short" not in str(caught.value)


def test_no_representation_shows_a_secret() -> None:
    assert MESSAGE_SECRET not in repr(SIGNER) + repr(WorkerSettings(message_secret=MESSAGE_SECRET))


def test_an_outcome_is_signed_for_its_part_and_an_old_release_reads_past_the_signature() -> None:
    # given
    value = json.dumps({"step": "annotate", "part": 0, "facts": {"odd": '\u00fc "signature"'}})
    # when
    kept = SIGNER.sign_outcome("acme/run_1/1/annotate", "run_1:1:annotate:annotate.0", value)
    # then
    assert {**json.loads(kept), "signature": ""} == {**json.loads(value), "signature": ""}
    assert SIGNER.open_outcome("acme/run_1/1/annotate", "run_1:1:annotate:annotate.0", kept) == (value, None)


@pytest.mark.parametrize(
    ("join", "part", "kept"),
    [
        ("other", "a:0", SIGNER.sign_outcome("a", "a:0", '{"step": "x"}')),
        ("a", "a:1", SIGNER.sign_outcome("a", "a:0", '{"step": "x"}')),
        ("a", "a:0", SIGNER.sign_outcome("a", "a:0", '{"step": "x"}').replace("x", "y", 1)),
        ("a", "a:0", Signer(secrets=("x" * 32,)).sign_outcome("a", "a:0", '{"step": "x"}')),
    ],
    ids=["another join", "another part", "another value", "another secret"],
)
def test_what_was_changed_of_an_outcome_is_a_bad_signature_in_a_roll_out_too(join: str, part: str, kept: str) -> None:
    assert SIGNER.open_outcome(join, part, kept)[1] is Why.BAD_SIGNATURE
    assert Signer(secrets=SIGNER.secrets, accept_unsigned=True).open_outcome(join, part, kept)[1] is Why.BAD_SIGNATURE


def test_an_outcome_without_a_signature_is_taken_in_a_roll_out_alone() -> None:
    assert SIGNER.open_outcome("a", "a:0", '{"step": "x"}') == ('{"step": "x"}', Why.UNSIGNED)
    assert Signer(secrets=SIGNER.secrets, accept_unsigned=True).open_outcome("a", "a:0", "[1]") == ("[1]", None)


def test_an_outcome_opens_with_an_old_secret() -> None:
    # given
    old, both = Signer(secrets=("o" * 32,)), Signer(secrets=("n" * 32, "o" * 32))
    # then
    assert both.open_outcome("a", "a:0", old.sign_outcome("a", "a:0", '{"step": "x"}')) == ('{"step": "x"}', None)


@given(kept=st.text(st.characters()))
def test_whatever_stands_in_a_join_is_refused_and_raises_nothing(kept: str) -> None:
    assert SIGNER.open_outcome("a", "a:0", kept)[1] is not None
    assert SIGNER.open_outcome("a", "a:0", f'{kept}, "signature": "{"0" * 64}"}}')[1] is Why.BAD_SIGNATURE
