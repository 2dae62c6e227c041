"""Near-duplicate records."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations, count
from pathlib import Path

import pytest

from millrace.nlp.domain.duplicates import Written, find_duplicates
from millrace.nlp.domain.shingles import folded

LINES = Path(__file__).parents[1] / "data" / "contact_reasons.toml"
EDITS: list[Callable[[str], str]] = [
    str.upper,
    lambda text: f"As I said, {text}",
    lambda text: f"{text} Please help!",
    lambda text: text.replace("e", "", 1),
    lambda text: " ".join([*text.split()[:2][::-1], *text.split()[2:]]),
]
START = datetime(2026, 3, 1, tzinfo=UTC)
TEXT = "The new checkout of your shop is slow and it forgot my basket twice today."
OTHERS = [
    "I would like to know whether the lamp can be dimmed.",
    "The courier threw my parcel over the fence, and it rained.",
    "Lovely colours, soft cotton, and my daughter wears it all day.",
    "My invoice for May shows an amount that I cannot explain.",
]


def written(*texts: str) -> list[Written]:
    return [
        Written(record_id=f"r{n:03d}", text=text, created_at=START + timedelta(days=n)) for n, text in enumerate(texts)
    ]


def always() -> bool:
    return True


@pytest.mark.parametrize(
    "copy",
    [
        TEXT.upper(),
        TEXT.replace("checkout", "chekcout"),
        TEXT.replace("slow and it", "slow it and"),
        f"Hello, {TEXT}",
        f"{TEXT} Thanks!",
        TEXT.rstrip(".") + "!!! \U0001f621",
    ],
    ids=["case", "typo", "swapped words", "prefix", "suffix", "marks"],
)
def test_an_edited_copy_is_found(copy: str) -> None:
    # Given a text, other texts and an edited copy
    found, seen = find_duplicates(written(TEXT, *OTHERS, copy), always)

    # Then the two are one cluster, with the first as its quote
    (cluster,) = found.clusters
    assert cluster.records == ("r000", "r005")
    assert (cluster.first_at, cluster.last_at) == (START, START + timedelta(days=5))
    assert cluster.quote is not None
    assert (cluster.quote.record_id, cluster.quote.text) == ("r000", TEXT)
    assert (found.records, seen) == (6, 6)


def test_exact_copies_are_counted_within_their_cluster() -> None:
    # Given two texts that differ by case, and one that differs by a word
    found, _ = find_duplicates(written(TEXT, TEXT.lower(), TEXT.replace("twice", "again")), always)

    # Then all are one cluster in which two are the same, and two of three repeat
    assert [(len(cluster.records), cluster.exact) for cluster in found.clusters] == [(3, 2)]
    assert found.share is not None
    assert (found.share.n, found.share.value) == (3, pytest.approx(2 / 3, abs=1e-6))


def test_texts_that_share_a_sentence_are_no_copies() -> None:
    assert find_duplicates(written(*(f"{TEXT} {other}" for other in OTHERS)), always)[0].clusters == ()


def test_short_texts_are_alike_by_chance() -> None:
    # Given a text of two words in three records
    found, seen = find_duplicates(written("Great product", "great product!", "Great product.", *OTHERS), always)

    # Then they are looked at and not compared, and the note says so
    assert (found.clusters, found.records, seen) == ((), 4, 7)
    assert found.note == "3 records of fewer than 24 letters were left out: short texts are alike by chance."


def test_one_short_text_is_told_in_the_singular() -> None:
    found, _ = find_duplicates(written("Great product", *OTHERS), always)
    assert found.note == "1 record of fewer than 24 letters was left out: short texts are alike by chance."


def test_nearly_all_edited_copies_are_found_and_hardly_anything_else() -> None:
    # Given texts of two sentences, of which neighbours share one, and an edited copy of every second
    lines = [line for group in tomllib.loads(LINES.read_text(encoding="utf-8"))["dev"].values() for line in group]
    texts = [" ".join(lines[n : n + 2]) for n in range(len(lines) - 1)]
    copies = {n: EDITS[n // 2 % len(EDITS)](texts[n]) for n in range(0, len(texts), 2)}
    truth = {(f"r{n:03d}", f"r{len(texts) + place:03d}") for place, n in enumerate(copies)}

    # When duplicates are looked for
    found, _ = find_duplicates(written(*texts, *copies.values()), always)

    # Then the pairs are the planted ones: F1 of 0.9 and more
    pairs = {pair for cluster in found.clusters for pair in combinations(cluster.records, 2)}
    assert 2 * len(pairs & truth) / (len(pairs) + len(truth)) >= 0.9


def test_without_time_fewer_are_looked_at_and_the_note_says_so() -> None:
    # Given 300 texts and time for a hundred
    looks = count()
    texts = [f"Text number {n} about {OTHERS[n % 4]} {n * 7}" for n in range(300)]

    # When duplicates are looked for
    found, seen = find_duplicates(written(*texts), lambda: next(looks) < 100)

    # Then a hundred were
    assert (found.records, seen) == (100, 100)
    assert found.note == "There was no time for 200 records."


def test_a_long_text_does_not_delay_the_next_look_at_the_clock() -> None:
    # Given texts of a page each and a clock that says no at its third look
    looks = count()
    texts = [" ".join(f"word{n}x{place}" for place in range(500)) for n in range(20)]

    # Then two were read
    assert find_duplicates(written(*texts), lambda: next(looks) < 2)[1] == 2


def test_without_time_to_compare_what_was_not_compared_is_told() -> None:
    # Given texts that share most of what they say, copies among them, and time for some of their pairs
    texts = [f"{TEXT} {OTHERS[0]} Reference {n * 7919} of {n * 104729}." for n in range(100)]
    records = written(*texts, *(text.upper() for text in texts))
    looks = count()

    # When duplicates are looked for
    found, seen = find_duplicates(records, always, lambda: next(looks) < 50)

    # Then fewer count as looked at, and the note says so
    assert 0 < found.records == seen < 200
    assert found.note == f"There was no time for {200 - seen} records."
    assert find_duplicates(records, always, lambda: False)[1] == 0


def test_the_order_does_not_matter_and_nothing_is_no_error() -> None:
    records = written(TEXT, *OTHERS, TEXT.lower(), f"{OTHERS[0]} Thanks")
    assert find_duplicates(records, always) == find_duplicates(records[::-1], always)
    nothing, seen = find_duplicates([], always)
    assert (nothing.clusters, nothing.share, seen) == ((), None, 0)


def test_folding_keeps_words_only() -> None:
    assert folded("  Don\u2019t \U0001f600 STOP--now, \uff21! ") == "don t stop now a"
