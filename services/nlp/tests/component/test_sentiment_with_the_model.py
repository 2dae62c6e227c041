"""Sentiment with the real model: telling sentences, hand-written lines and real feedback."""

import csv
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from millrace.contracts import catalogue, tables
from millrace.nlp import adapters
from millrace.nlp.domain.sentiment import Lexicon, Sentiment, label
from millrace.nlp.embedding.encoder import Encoder
from millrace.nlp.tasks import Ports, annotate
from millrace.nlp.training.reliability import calibration_error, reliability
from millrace.testing.parts import Bench
from millrace.worker.tables import read_table

RESTAURANTS = Path(__file__).resolve().parents[5] / "shared" / "data" / "restaurant_reviews.csv"
TONES = ("positive", "negative", "neutral")

Judge = Callable[[list[str]], list[Sentiment]]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    loaded = Encoder.load()
    loaded.warm_up()
    return loaded


@pytest.fixture(scope="module")
def judge(encoder: Encoder, lexicon: Lexicon) -> Judge:
    # None if the encoder's version is not the one that the head was trained with: train it again.
    head = adapters.load_head(encoder.version)
    assert head is not None
    return lambda texts: head.judge(encoder.encode(texts)[0], [lexicon.judge(text) for text in texts])


@pytest.fixture(scope="module")
def restaurants() -> list[tuple[str, bool]]:
    if not RESTAURANTS.is_file():
        pytest.skip("restaurant_reviews.csv is not beside the repository")
    text = RESTAURANTS.read_text(encoding="utf-8", errors="replace").replace("\r", "\n")
    _, *rows = [row for row in csv.reader(io.StringIO(text)) if row]
    return [(row[0], row[1] == "1") for row in rows]


def test_the_task_hears_with_the_head(encoder: Encoder, lexicon: Lexicon) -> None:
    # Given a complaint that the lexicon is deaf to, and a smile that has no words
    bench, texts = Bench(), ["The laces snapped as I tied them.", "\N{SMILING FACE WITH HEART-SHAPED EYES}"]
    rows = [
        {
            "unit_id": f"t{n}.0", "turn_id": f"t{n}", "conv_id": "c", "record_id": f"r{n}", "n": 0, "start": 0,
            "end": len(text), "text": text, "text_hash": str(n), "lang": "en", "role": "customer", "created_at": None,
            "dup_of": "",
        }
        for n, text in enumerate(texts)
    ]  # fmt: skip
    part = bench.part(catalogue.ANNOTATE, {"units": (bench.put_table("units", rows, tables.UNITS),)})

    # When they are annotated
    bench.run(partial(annotate, Ports(store=bench.store, embedder=encoder)), part)

    # Then the head has the word on the first, with its tier, and the lexicon on the second
    complaint, smile = read_table(part, part.artifacts["annotations"][0], tables.ANNOTATIONS).to_pylist()
    assert lexicon.judge(texts[0]).score == 0.0 > -0.05 > complaint["sentiment"]
    assert complaint["confidence"] > 0.5
    assert smile["sentiment"] == lexicon.judge(texts[1]).score
    assert (complaint["tier"], smile["tier"]) == (1, 0)


# None of these stands in the seed corpus.
@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("The laces snapped as I tied them.", "negative"),
        ("Half of the crew was asleep behind the counter.", "negative"),
        ("My grandson has not put it down since his birthday.", "positive"),
        ("There was a dead wasp in the marmalade.", "negative"),
        ("I would happily live on their bread.", "positive"),
        ("I had to explain my problem to nine people.", "negative"),
        ("It took three tries before anybody picked up the phone.", "negative"),
        ("Lovely waiters, but the stew made us all sick.", "negative"),
        ("The stairs are steep, but the flat is a dream.", "positive"),
        ("I was afraid it would be noisy, and it was as quiet as a library.", "positive"),
        ("Which of the two plans includes roaming?", "neutral"),
        ("The second parcel is due on Thursday.", "neutral"),
        ("We booked a table for four.", "neutral"),
        ("The screen is not bright enough to read outside.", "negative"),
    ],
)
def test_telling_sentences(judge: Judge, text: str, sounds: str) -> None:
    assert label(judge([text])[0].score) == sounds


# Measured: 0.92 on dev, 0.97 on heldout; the lexicon alone 0.88 and 0.80.
@pytest.mark.parametrize(("which", "least"), [("dev", 0.87), ("heldout", 0.9)])
def test_macro_f1_on_the_hand_written_lines(labelled, judge: Judge, which: str, least: float) -> None:
    # Given what a reader says and what the head says
    lines = labelled(which)
    pairs = [
        (line.sentiment, label(heard.score))
        for line, heard in zip(lines, judge([line.text for line in lines]), strict=True)
    ]

    # When F1 is taken per class
    def f1(tone: str) -> float:
        hits = sum(said == heard == tone for said, heard in pairs)
        return 2 * hits / sum((said == tone) + (heard == tone) for said, heard in pairs)

    # Then its mean over the classes is as high as it was
    assert sum(map(f1, TONES)) / 3 >= least


def test_confidence_claims_no_more_than_is_true(labelled, judge: Judge) -> None:
    # Given all hand-written lines
    lines = [*labelled("dev"), *labelled("heldout")]
    heard = judge([line.text for line in lines])
    right = np.array([label(each.score) == line.sentiment for each, line in zip(heard, lines, strict=True)])

    # When claim and truth are compared
    bins = reliability(np.array([each.confidence for each in heard]), right)

    # Then they are not far apart, and the sure ones are right
    assert calibration_error(bins) < 0.15
    assert all(each.right >= each.confidence - 0.05 for each in bins if each.n >= 10)


def test_restaurant_sentences(judge: Judge, lexicon: Lexicon, restaurants: list[tuple[str, bool]], capsys) -> None:
    # Given a thousand labelled sentences from which nothing was learnt; one without a tone counts as not liked
    texts, liked = [text for text, _ in restaurants], np.array([liked for _, liked in restaurants])
    vader = SentimentIntensityAnalyzer()
    scores = {
        "VADER": [vader.polarity_scores(text)["compound"] for text in texts],
        "lexicon": [lexicon.judge(text).score for text in texts],
        "head": [each.score for each in judge(texts)],
    }

    # When the sign decides
    accuracy = {name: float(((np.array(each) > 0) == liked).mean()) for name, each in scores.items()}
    with capsys.disabled():
        print("\nrestaurant sentences:", {name: round(each, 3) for name, each in accuracy.items()})

    # Then the head is right often enough, and means hardly move when a unit loses its vector
    assert accuracy["head"] >= 0.85
    assert abs(np.mean(scores["head"]) - np.mean(scores["lexicon"])) < 0.05
