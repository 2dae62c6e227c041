"""API keys as text."""

import re

import pytest

from millrace.contracts.access import Scope
from millrace.storage.api_keys import KeyMaker, read_key
from millrace.testing.factories import START

OLD, NEW = "o" * 32, "n" * 32
SECRET = "a" * 43


def test_a_key_is_read_back_and_its_record_knows_it() -> None:
    # given
    maker = KeyMaker((NEW,))
    # when
    record, text = maker.make("acme", "ci", (Scope.RUNS_READ,), START)
    given = read_key(text)
    # then
    assert given is not None
    assert given.key_id == record.key_id
    assert maker.matches(record, given.secret)


def test_a_key_has_256_bits_that_its_record_does_not_hold() -> None:
    # given
    record, text = KeyMaker((NEW,)).make("acme", "ci", (Scope.RUNS_READ,), START)
    # when
    secret = text.removeprefix(f"mlr_{record.key_id}_")
    # then
    assert len(secret) * 6 >= 256
    assert secret not in record.model_dump_json()
    assert record.digest not in repr(record)
    assert secret not in repr(read_key(text))


def test_a_pepper_can_be_changed_while_keys_are_out() -> None:
    # given
    record, text = KeyMaker((OLD,)).make("acme", "ci", (), START)
    given = read_key(text)
    # when / then
    assert given is not None
    assert KeyMaker((NEW, OLD)).matches(record, given.secret)
    assert not KeyMaker((NEW,)).matches(record, given.secret)


def test_another_secret_does_not_fit() -> None:
    # given
    maker = KeyMaker((NEW, OLD))
    record, _ = maker.make("acme", "ci", (), START)
    # when / then
    assert not maker.matches(record, SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "", "mlr", "mlr__", "demo-key", "mlr_abcdefghijkl_", f"mlr_ABCDEFGHIJKL_{SECRET}",
        f"xyz_abcdefghijkl_{SECRET}", f"mlr_abcdefghijkl_{SECRET}\n",
        f"mlr_abcdefghijkl_{SECRET[1:]}é", f"mlr_abcdefghijkl_{SECRET}a",
    ],
)  # fmt: skip
def test_what_does_not_look_like_a_key_is_none(text: str) -> None:
    # when / then
    assert read_key(text) is None


def test_no_two_keys_are_alike() -> None:
    # when
    made = [KeyMaker((NEW,)).make("acme", "ci", (), START) for _ in range(100)]
    # then
    assert len({record.key_id for record, _ in made}) == len({text for _, text in made}) == 100
    assert all(re.fullmatch("[a-z2-7]{12}", record.key_id) for record, _ in made)
