"""The corpus: the same by seed, and true to what it says of itself."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from statistics import mean

import pytest

from millrace.contracts.records import Record
from millrace.testing.corpus import Corpus, generate
from millrace.testing.corpus.vocabulary import THEMES, phrases

START, DAYS = date(2025, 8, 4), 91
SEEDS = (1, 2, 3)


def _corpus(seed: int, n: int = 600) -> Corpus:
    return generate(seed, n, START, DAYS)


def _stars(corpus: Corpus, which: Callable[[Record], bool]) -> list[float]:
    return [record.rating.value for record in corpus.records if record.rating and which(record)]


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def test_the_same_seed_gives_the_same_corpus_and_another_seed_another() -> None:
    assert _corpus(7) == _corpus(7)
    assert _corpus(7).records != _corpus(8).records


@pytest.mark.parametrize("n", [1, 2, 5, 100])
def test_it_has_as_many_records_as_were_asked_for(n: int) -> None:
    assert all(len(generate(seed, n, START, DAYS).records) == n for seed in range(20))


@pytest.mark.parametrize(("n", "days"), [(0, 1), (1, 0), (-1, 9)])
def test_there_is_no_corpus_without_records_or_days(n: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        generate(1, n, START, days)


@pytest.mark.parametrize("days", [1, 3, 91])
def test_dates_are_in_order_within_the_period(days: int) -> None:
    moments = [record.created_at for record in generate(5, 200, START, days).records if record.created_at]
    assert moments == sorted(moments)
    assert START <= moments[0].date() <= moments[-1].date() < START + timedelta(days=days)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_means_are_those_of_the_records(seed: int) -> None:
    corpus = _corpus(seed)
    truth = corpus.truth
    assert truth.mean_rating == pytest.approx(mean(_stars(corpus, lambda record: True)))
    low = _stars(corpus, lambda record: record.attrs["department"] == truth.low_department)
    assert truth.mean_by_department[truth.low_department] == pytest.approx(mean(low))
    drag = _stars(corpus, lambda record: truth.themes.get(record.record_id, ("",))[0] == truth.drag_theme)
    assert truth.mean_by_theme[truth.drag_theme] == pytest.approx(mean(drag))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planted_theme_and_department_score_lowest(seed: int) -> None:
    truth = _corpus(seed, 2000).truth
    assert min(truth.mean_by_theme, key=truth.mean_by_theme.__getitem__) == truth.drag_theme == "delivery"
    assert min(truth.mean_by_department, key=truth.mean_by_department.__getitem__) == truth.low_department == "Shoes"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_planted_theme_rises_and_the_score_falls_at_the_change_point(seed: int) -> None:
    # given a corpus of thirteen weeks
    corpus = _corpus(seed)
    truth = corpus.truth
    # when it is split at the change point, three weeks before its end
    after = {record.record_id for record in corpus.records if record.created_at.date() >= truth.change_point}  # type: ignore[union-attr]
    drag = [name in after for name, themes in truth.themes.items() if themes[0] == truth.drag_theme]
    others = [name in after for name, themes in truth.themes.items() if themes[0] != truth.drag_theme]
    # then the theme is mostly after it, the others are mostly before, and the mean falls by more than half a star
    assert truth.change_point == START + timedelta(days=70)
    assert mean(drag) > 0.4 > 0.25 > mean(others)
    before = mean(_stars(corpus, lambda record: record.record_id not in after))
    assert before - mean(_stars(corpus, lambda record: record.record_id in after)) > 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_stars_follow_from_the_tone(seed: int) -> None:
    corpus = _corpus(seed)
    for tone, allowed in (("positive", {4, 5}), ("negative", {1, 2}), ("mixed", {2, 3, 4})):
        assert set(_stars(corpus, lambda r, tone=tone: corpus.truth.sentiment.get(r.record_id) == tone)) == allowed  # type: ignore[misc]


@pytest.mark.parametrize("seed", SEEDS)
def test_personal_strings_are_in_the_text_and_fictional(seed: int) -> None:
    corpus = _corpus(seed)
    texts = {record.record_id: record.text for record in corpus.records}
    planted = [(name, each) for name, strings in corpus.truth.personal.items() for each in strings]
    assert {each.kind for _, each in planted} == {"email", "phone", "name"}
    assert all(each.text in texts[name] for name, each in planted)
    assert all("@example." in each.text for _, each in planted if each.kind == "email")
    assert all("555-01" in each.text for _, each in planted if each.kind == "phone")


@pytest.mark.parametrize("seed", SEEDS)
def test_only_planted_duplicates_repeat_a_text(seed: int) -> None:
    # given the texts by their letters alone
    corpus = _corpus(seed, 2000)
    letters = {record.record_id: _letters(record.text) for record in corpus.records if record.text}
    # when the planted copies are left out
    copies = {copy for copy, _ in corpus.truth.duplicates}
    counts = Counter(text for name, text in letters.items() if name not in copies)
    # then nothing repeats; and each copy says what its earlier original says
    assert max(counts.values()) == 1
    assert len(copies) > 20
    assert all(letters[copy] == letters[original] and original < copy for copy, original in corpus.truth.duplicates)


@pytest.mark.parametrize("seed", SEEDS)
def test_threads_have_a_complaint_an_answer_and_an_end(seed: int) -> None:
    corpus = _corpus(seed)
    threads: dict[str, list[Record]] = {}
    for record in corpus.records:
        if record.thread_ref:
            threads.setdefault(record.thread_ref, []).append(record)
    assert len(threads) > 10
    for turns in threads.values():
        assert [turn.author_role for turn in turns] == ["customer", "agent", "customer"]
        assert len({turn.customer_ref for turn in turns}) == 1
        assert turns[1].record_id not in corpus.truth.sentiment


def test_languages_and_silent_ratings_have_their_share() -> None:
    corpus = _corpus(1, 2000)
    languages = Counter(corpus.truth.language.values())
    assert 0.06 < 1 - languages["en"] / languages.total() < 0.15
    assert min(languages[code] for code in ("de", "es", "fr")) > 20
    assert 0.02 < mean(not record.text for record in corpus.records) < 0.08


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tone", ["positive", "negative"])
def test_every_theme_has_eighteen_phrases_a_tone(theme: str, tone: str) -> None:
    assert len(set(phrases("en")[theme][tone])) == 18
    assert all(len(phrases(code)[theme][tone]) >= 3 for code in ("de", "es", "fr"))
