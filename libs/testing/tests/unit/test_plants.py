"""What options plant into a corpus is there, is as much as was asked for, and is told by the truth."""

from collections import Counter
from datetime import date, timedelta
from difflib import SequenceMatcher
from statistics import mean

import pytest

from millrace.testing.corpus import Corpus, generate
from millrace.testing.corpus.leaving import CHURNED, REASONS
from millrace.testing.corpus.options import DEPARTMENT, NEW_THEMES, PLAIN, Options
from millrace.testing.corpus.vocabulary import FURTHER_LANGUAGES, THEMES, new_phrases, phrases

START, DAYS = date(2025, 8, 4), 91
SEEDS = (1, 2, 3)
EVERYTHING = Options(
    foreign=0.2, new_theme="smell", new_theme_share=0.1, personal=0.2, decoys=0.1, campaigns=6, leavers=0.1, trend=0.3
)


def _corpus(seed: int, options: Options, n: int = 600) -> Corpus:
    return generate(seed, n, START, DAYS, options)


def _stars(corpus: Corpus, names: set[str]) -> float:
    return mean(each.rating.value for each in corpus.records if each.rating and each.record_id in names)


def test_the_same_options_give_the_same_corpus_and_no_options_the_old_one() -> None:
    assert _corpus(7, EVERYTHING) == _corpus(7, EVERYTHING)
    assert _corpus(7, EVERYTHING) != _corpus(8, EVERYTHING)
    assert _corpus(7, PLAIN) == generate(7, 600, START, DAYS)


@pytest.mark.parametrize("seed", SEEDS)
def test_plants_change_neither_the_number_of_records_nor_their_ids(seed: int) -> None:
    plain, planted = _corpus(seed, PLAIN), _corpus(seed, EVERYTHING)
    assert [each.record_id for each in plain.records] == [each.record_id for each in planted.records]
    assert len({each.customer_ref for each in planted.records}) > 200


@pytest.mark.parametrize("seed", SEEDS)
def test_one_option_does_not_change_what_another_plants(seed: int) -> None:
    alone = _corpus(seed, Options(foreign=0.2))
    beside = _corpus(seed, Options(foreign=0.2, decoys=0.2, personal=0.1))
    assert alone.truth.language == beside.truth.language


@pytest.mark.parametrize("seed", SEEDS)
def test_foreign_reviews_have_their_share_and_no_word_of_english_around_them(seed: int) -> None:
    # given a corpus of which a fifth of the free reviews is foreign
    corpus = _corpus(seed, Options(foreign=0.2), 2000)
    texts = {each.record_id: each for each in corpus.records}
    foreign = {name: code for name, code in corpus.truth.language.items() if code in FURTHER_LANGUAGES}
    # then it is, in every further language, without an English title, and with the same stars as before
    assert 0.12 < len(foreign) / len(corpus.records) < 0.2
    assert set(foreign.values()) == set(FURTHER_LANGUAGES)
    assert not any(texts[name].title for name in foreign)
    assert mean(len(texts[name].text) >= 20 for name in foreign) > 0.95
    assert [each.rating for each in corpus.records] == [each.rating for each in _corpus(seed, PLAIN, 2000).records]


@pytest.mark.parametrize("language", FURTHER_LANGUAGES)
@pytest.mark.parametrize("theme", THEMES)
def test_every_further_language_speaks_of_every_theme_in_both_tones(language: str, theme: str) -> None:
    assert len(set(phrases(language)[theme]["positive"])) >= 3
    assert len(set(phrases(language)[theme]["negative"])) >= 4


@pytest.mark.parametrize("theme", NEW_THEMES)
def test_a_new_theme_has_its_share_and_its_records_speak_of_nothing_else(theme: str) -> None:
    # given a tenth of the free reviews on a theme that the taxonomy does not know
    corpus = _corpus(2, Options(new_theme=theme, new_theme_share=0.1))
    texts = {each.record_id: each.text.lower() for each in corpus.records}
    about = [name for name, themes in corpus.truth.themes.items() if theme in themes]
    # then every sentence is one of the theme's phrases, up to slots, slips and case
    assert 0.05 < len(about) / len(corpus.records) < 0.1
    assert all(corpus.truth.themes[name] == (theme,) for name in about)
    known = [phrase.lower() for tone in new_phrases()[theme].values() for phrase in tone]
    nearest = [max(SequenceMatcher(None, texts[name], phrase).ratio() for phrase in known) for name in about]
    assert mean(nearest) > 0.6


def test_an_emerging_theme_begins_at_the_change_point() -> None:
    corpus = _corpus(3, Options(new_theme="smell", new_theme_share=0.3, emerging=True))
    about = {name for name, themes in corpus.truth.themes.items() if themes == ("smell",)}
    days = [each.created_at.date() for each in corpus.records if each.record_id in about]  # type: ignore[union-attr]
    assert len(days) > 20
    assert corpus.truth.change_point is not None
    assert min(days) >= corpus.truth.change_point


@pytest.mark.parametrize("options", [{"new_theme": "smell"}, {"new_theme_share": 0.1}, {"new_theme": "delivery"}])
def test_a_new_theme_that_is_none_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="NEW_THEMES"):
        Options(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", SEEDS)
def test_members_of_a_campaign_say_nearly_the_same_and_nobody_else_does(seed: int) -> None:
    # given long reviews, some of which are edited copies
    corpus = _corpus(seed, Options(long=True, campaigns=10), 300)
    words = {each.record_id: set(each.text.lower().split()) for each in corpus.records if each.text}
    clusters = corpus.truth.campaigns
    # then members share most of their words with their campaign's first, and differ from it
    assert len(clusters) == 10 and all(3 <= len(members) <= 6 for members in clusters)
    for first, *others in clusters:
        assert all(len(words[first] & words[each]) / len(words[first] | words[each]) > 0.6 for each in others)
    # and two strangers share few
    strangers = [members[0] for members in clusters]
    pairs = [(a, b) for a in strangers for b in strangers if a < b]
    assert max(len(words[a] & words[b]) / len(words[a] | words[b]) for a, b in pairs) < 0.6


@pytest.mark.parametrize(("option", "lowest"), [("price", "price"), ("quality", "quality")])
def test_a_driver_is_the_theme_that_scores_lowest_by_far(option: str, lowest: str) -> None:
    truth = _corpus(4, Options(change=False, driver=option), 2000).truth
    ordered = sorted(truth.mean_by_theme.items(), key=lambda each: each[1])
    assert truth.driver == option
    assert ordered[0][0] == lowest
    assert ordered[1][1] - ordered[0][1] > 1


def test_a_department_may_be_the_driver() -> None:
    truth = _corpus(4, Options(change=False, driver=DEPARTMENT), 2000).truth
    others = [each for name, each in truth.mean_by_department.items() if name != truth.low_department]
    assert min(others) - truth.mean_by_department[truth.low_department] > 1
    assert max(truth.mean_by_theme.values()) - min(truth.mean_by_theme.values()) < 0.8


def test_a_flat_corpus_has_no_change_point_and_no_change() -> None:
    corpus = _corpus(5, Options(change=False), 4000)
    late = START + timedelta(days=70)
    after = {each.record_id for each in corpus.records if each.created_at.date() >= late}  # type: ignore[union-attr]
    assert corpus.truth.change_point is None
    before = {each.record_id for each in corpus.records} - after
    assert abs(_stars(corpus, before) - _stars(corpus, after)) < 0.2
    drag = [name in after for name, themes in corpus.truth.themes.items() if themes[0] == corpus.truth.drag_theme]
    assert mean(drag) == pytest.approx(len(after) / len(corpus.records), abs=0.05)


def _per_day(corpus: Corpus, first: int, last: int) -> float:
    counts = Counter((each.created_at.date() - START).days for each in corpus.records)  # type: ignore[union-attr]
    return mean(counts[day] for day in range(first, last))


def test_a_surge_lifts_the_days_from_the_change_point_on() -> None:
    corpus = _corpus(6, Options(change=False, surge=2.0), 6000)
    assert corpus.truth.change_point == START + timedelta(days=70)
    assert _per_day(corpus, 70, 91) / _per_day(corpus, 0, 70) == pytest.approx(2, rel=0.1)


def test_a_trend_grows_over_the_period_and_weekends_stay_busy() -> None:
    corpus = _corpus(6, Options(change=False, trend=1.0), 6000)
    assert _per_day(corpus, 84, 91) / _per_day(corpus, 0, 7) == pytest.approx(1.9, rel=0.15)
    weekdays = Counter(each.created_at.weekday() for each in corpus.records)  # type: ignore[union-attr]
    assert weekdays[6] > 1.5 * weekdays[2]


@pytest.mark.parametrize("seed", SEEDS)
def test_customers_who_leave_say_so_last_and_have_had_a_bad_time(seed: int) -> None:
    # given a corpus of which some customers leave
    corpus = _corpus(seed, Options(leavers=0.2))
    by_customer = {each.customer_ref: each for each in corpus.records}
    leavers = corpus.truth.leavers
    # then their last text gives the reason, the producer knows of it, and their stars are low
    assert 0.05 < len(leavers) / len(by_customer) < 0.25
    for customer, reason in leavers.items():
        assert by_customer[customer].text.endswith(REASONS[reason])
    known = {each.customer_ref for each in corpus.records if each.attrs[CHURNED] == "yes"}
    assert known == set(leavers)
    left = {each.record_id for each in corpus.records if each.customer_ref in leavers}
    stayed = {each.record_id for each in corpus.records} - left
    assert _stars(corpus, stayed) - _stars(corpus, left) > 1
