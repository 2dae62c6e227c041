"""The seed corpus: what the head learns from, and what it must not have seen."""

import csv
import io
import re
from collections import Counter
from pathlib import Path

import pytest

from millrace.nlp.training.seed import COMPOSED_WEIGHT, composed, written

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"


def plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z\d]+", text.lower()))


def real_texts(name: str) -> set[str]:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the repository")
    # Some rows end in a lone carriage return and some accents are no UTF-8: only the letters are compared.
    text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return {plain(field) for row in csv.reader(io.StringIO(text)) for field in row}


@pytest.mark.parametrize("name", ["restaurant_reviews.csv", "clothing_reviews.csv"])
def test_no_sentence_stands_in_the_real_feedback(name: str) -> None:
    assert sorted({plain(each.text) for each in (*written(), *composed())} & real_texts(name)) == []


def test_no_sentence_stands_in_the_labelled_lines(labelled) -> None:
    # Given the lines on which sentiment is measured
    lines = {plain(line.text) for which in ("dev", "heldout") for line in labelled(which)}

    # Then none of them was learnt from
    assert sorted({plain(each.text) for each in (*written(), *composed())} & lines) == []


def test_every_domain_has_every_tone_and_no_sentence_comes_twice() -> None:
    # Given what was written
    sentences = written()

    # Then each domain teaches all three tones, and nothing counts double
    tones = Counter((each.domain, each.tone) for each in sentences)
    assert len(tones) == 3 * len({each.domain for each in sentences}) == 30
    assert min(tones.values()) >= 15
    assert [text for text, times in Counter(each.text for each in sentences).items() if times > 1] == []


def test_composed_sentences_are_whole_and_count_less() -> None:
    # Given what patterns and facets make
    sentences = composed()

    # Then every slot is filled, and the same are made each time
    assert not [each.text for each in sentences if "{" in each.text or "  " in each.text]
    assert {each.weight for each in sentences} == {COMPOSED_WEIGHT}
    assert sentences == composed()
