"""Personal strings of every kind are in the text, are fictional, and are told from what only looks like them."""

import random
import re
from collections import Counter
from datetime import date

import pytest

from millrace.testing.corpus import Planted, generate
from millrace.testing.corpus.options import Options
from millrace.testing.corpus.personal import KINDS, decoy, statement

RESERVED = ("example.com", "example.org", "example.net")


def _luhn(number: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    digits = [int(letter) for letter in reversed(number)]
    return sum(sum(divmod(2 * each, 10)) if place % 2 else each for place, each in enumerate(digits)) % 10 == 0


def _iban(number: str) -> bool:
    """ISO 7064 MOD 97-10."""
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1


def _values(kind: str) -> list[str]:
    rng = random.Random(kind)
    return [statement(rng, kind)[1] for _ in range(200)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_sentence_with_its_value_in_many_forms(kind: str) -> None:
    rng = random.Random(1)
    told = [statement(rng, kind) for _ in range(200)]
    assert all(value in sentence for sentence, value in told)
    assert len({value for _, value in told}) > 15


def test_addresses_of_mail_are_under_reserved_domains() -> None:
    assert all(value.lower().endswith(RESERVED) for value in _values("email"))


def test_cards_are_valid_and_ibans_too() -> None:
    assert all(_luhn(re.sub(r"[ -]", "", value)) for value in _values("card"))
    assert all(_iban(value.replace(" ", "")) for value in _values("iban"))
    assert not _luhn("4111111111111112")
    assert not _iban("DE89370400440532013001")


def test_telephone_numbers_are_of_six_countries() -> None:
    values = " ".join(_values("phone"))
    assert all(part in values for part in ("555", "7946", "23125", "99 00", "5550", "465 004"))


def test_decoys_hold_no_valid_number_of_sixteen_digits() -> None:
    rng = random.Random(3)
    sentences = [decoy(rng) for _ in range(2000)]
    sixteen = [digits for each in sentences for digits in re.findall(r"(?:\d{4} ){3}\d{4}", each)]
    assert len(sixteen) > 40
    assert not any(_luhn(each.replace(" ", "")) for each in sixteen)
    assert not any("@" in each for each in sentences)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_corpus_has_its_share_of_every_kind_and_the_truth_knows_each(seed: int) -> None:
    # given personal strings in a third of the free reviews
    corpus = generate(seed, 900, date(2025, 8, 4), 91, Options(personal=0.33, decoys=0.2))
    texts = {each.record_id: each.text for each in corpus.records}
    planted: list[tuple[str, Planted]] = [
        (name, each) for name, strings in corpus.truth.personal.items() for each in strings
    ]
    # then they are in the text, once, and of all kinds alike
    assert all(texts[name].count(each.text) == 1 for name, each in planted)
    counts = Counter(each.kind for _, each in planted)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) > 25
