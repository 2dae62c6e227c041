import numpy as np
import pandas as pd
import pytest

from millrace.analytics.domain.emerging import find_emerging, rate_ratio

WORDS = [f"{first}{rest}" for first in "bcdfgklmnprstvz" for rest in ("alor", "eno", "irma", "ostu", "ubek", "anti")]
FLAT = 0.0


@pytest.fixture
def mentions(annotations):
    """Six hundred records over 60 days that use words at random; from day 50 on some also say a sentence."""

    def make(seed, theme=FLAT, saying="", share=FLAT, share_before=FLAT):
        rng = np.random.default_rng(seed)
        day = np.arange(600) // 10
        rate = 1 / np.arange(1, len(WORDS) + 1)
        texts = [" ".join(rng.choice(WORDS, 9, p=rate / rate.sum())) for _ in day]
        says = rng.random(600) < np.where(day >= 50, share, share_before)
        about = rng.random(600) < np.where(day >= 50, theme or 0.1, 0.1)
        units = annotations([["fit"] if each else [] for each in about], np.where(about, -0.5, 0.3))
        return units.assign(
            created_at=pd.Timestamp("2026-03-02", tz="UTC") + pd.to_timedelta(day, "D"),
            text=[f"{text} {saying}" if each else text for text, each in zip(texts, says, strict=True)],
            conv_id=units["record_id"], reason="",
        )  # fmt: skip

    return make


def test_a_theme_that_doubles_is_found(mentions):
    found = find_emerging(mentions(1, theme=0.35))

    (theme,) = found.themes
    assert (theme.kind, theme.id, theme.label) == ("theme", "fit", "Fit")
    assert theme.ratio.low > 1.5
    assert theme.ratio.low < theme.ratio.value < theme.ratio.high
    assert theme.p_value < 0.001
    assert str(found.recent_from)[:10] == "2026-04-21"
    assert len(theme.quotes) == 3
    assert all(quote.sentiment == -0.5 for quote in theme.quotes)


def test_a_phrase_without_a_past_is_new(mentions):
    # given five records of the last ten days that speak of what nobody spoke of before
    found = find_emerging(mentions(2, saying="The parcel locker was jammed.", share=0.1))

    (phrase,) = found.themes
    assert (phrase.kind, phrase.before) == ("phrase", 0)
    assert "locker" in phrase.label or "parcel" in phrase.label
    assert phrase.recent >= 5
    assert 1 < phrase.ratio.low < phrase.ratio.value < 10 * phrase.recent
    assert all("locker" in quote.text for quote in phrase.quotes)


def test_a_phrase_that_says_what_a_theme_says_is_not_told_again(mentions):
    # given a sentence that is always said of the fit
    units = mentions(3, saying="The sleeves pinch badly.", share=0.4)
    units["themes"] = [["fit"] if "sleeves" in text else [] for text in units["text"]]

    assert [(each.kind, each.id) for each in find_emerging(units).themes] == [("theme", "fit")]


def test_a_contact_reason_rises(mentions):
    units = mentions(4, saying="Jammed.", share=0.4, share_before=0.1)
    units["reason"] = np.where(units["text"].str.contains("Jammed"), "order_status", "")

    assert [(each.kind, each.label) for each in find_emerging(units).themes] == [("reason", "Order status")]


def test_false_alarms_are_rare(mentions):
    found = [find_emerging(mentions(100 + seed)) for seed in range(10)]

    assert sum(bool(each.themes) for each in found) <= 1
    assert min(each.tested for each in found) > 50


def test_a_thread_is_one_voice(mentions):
    # given one thread that says the same thing thirty times
    units = mentions(5)
    units.loc[560:589, "text"] = "The parcel locker was jammed."
    alone = units.copy()
    units.loc[560:589, "conv_id"] = "thread"

    assert find_emerging(units).themes == ()
    assert [each.kind for each in find_emerging(alone).themes] == ["phrase"]


def test_another_language_is_no_phrase(mentions):
    # given German records that appear only lately
    units = mentions(6, saying="Das Paket kam nicht an.", share=0.4)
    units["lang"] = np.where(units["text"].str.contains("Paket"), "de", "en")

    assert find_emerging(units).themes == ()


def test_what_cannot_be_done_is_said(mentions):
    units = mentions(7)
    one_day = units.assign(created_at=units["created_at"].min())

    assert find_emerging(units.iloc[:0]).note == "no dates in this batch"
    assert find_emerging(units.assign(created_at=None)).note == "no dates in this batch"
    need = "too little history: 90 conversations over 7 days are needed, there are"
    assert find_emerging(units.iloc[:1]).note == f"{need} 1 over 1"
    assert find_emerging(one_day).note == f"{need} 600 over 1"
    late = units.assign(created_at=units["created_at"].where(units.index < 40, units["created_at"].max()))
    assert find_emerging(late).note == "too little history: only 40 of 600 conversations are not recent"
    assert find_emerging(units.assign(text="😀", themes=[[]] * 600)).note == "nothing is mentioned by 5 conversations"


def test_a_ratio_of_little_is_near_one():
    # the same shares, ten times the records
    little, much = rate_ratio(2, 100, 4, 500), rate_ratio(20, 1_000, 40, 5_000)

    assert 1 < little.value < much.value < 2.5
    assert little.low < 1 < much.low
    assert rate_ratio(5, 100, 0, 500).value == pytest.approx(6 / 220 / (1 / 620))
