"""How the head is trained, on lessons whose answer is known."""

import json

import numpy as np
import pytest

from millrace.nlp.domain.sentiment import EVIDENCE, Lexicon
from millrace.nlp.domain.sentiment_head import parse_head
from millrace.nlp.embedding_twin import WordHashes
from millrace.nlp.training import fitting
from millrace.nlp.training.fitting import Lesson
from millrace.nlp.training.reliability import calibration_error, reliability
from millrace.nlp.training.seed import composed, written
from millrace.nlp.training.sentiment import lesson, train


def coin_lesson(rng: np.random.Generator, examples: int = 3000) -> tuple[Lesson, np.ndarray]:
    """Examples whose true logits are known."""
    logits = rng.normal(0, 2, (examples, 3))
    tones = np.array([rng.choice(3, p=row) for row in fitting.softmax(logits)])
    nothing = np.zeros((examples, len(EVIDENCE)))
    taught = Lesson(logits, nothing, tones, np.array(["a"] * examples), np.ones(examples), np.ones(examples, bool))
    return taught, logits


def test_the_temperature_takes_exaggeration_back() -> None:
    # Given logits of which the truth is a third
    taught, logits = coin_lesson(np.random.default_rng(7))

    # Then the temperature is about three
    assert fitting.temperature(taught, 3 * logits) == pytest.approx(3, rel=0.1)


def test_a_domain_is_judged_by_a_model_that_never_saw_it() -> None:
    # Given two domains in which the same feature means the opposite
    side = np.tile([-1.0, 1.0], 100)
    tones = np.where(side > 0, 2, 0)
    tones[100:] = 2 - tones[100:]
    domains = np.array(["a"] * 100 + ["b"] * 100)
    ones = np.ones(200)
    taught = Lesson(side[:, None], np.zeros((200, len(EVIDENCE))), tones, domains, ones, ones > 0)
    with_a_third = Lesson(*(np.concatenate([each, each[:3]]) for each in vars(taught).values()))
    with_a_third.domains[200:] = "c"
    with_a_third.tones[200:] = 1

    # When each is judged by what the others teach
    logits = fitting.unseen_logits(with_a_third, 1.0)

    # Then every answer is wrong, which it could not be with a look at the answers
    assert (logits[:200].argmax(axis=1) == tones).mean() < 0.05


def test_the_strongest_penalty_that_is_good_enough_is_chosen() -> None:
    # Given a lesson in which one feature tells the tone and sixty are noise
    rng = np.random.default_rng(3)
    tones = rng.integers(0, 3, 150)
    features = np.hstack([(tones - 1)[:, None] + rng.normal(0, 0.5, (150, 1)), rng.normal(0, 1, (150, 60))])
    domains = np.array(list("abc") * 50)
    taught = Lesson(features, np.zeros((150, len(EVIDENCE))), tones, domains, np.ones(150), np.ones(150, bool))

    # When the penalty is chosen
    chosen, logits = fitting.choose_strength(taught, (1e-6, 0.05, 5.0))

    # Then neither the one that learns nothing nor the one that learns the noise is
    assert chosen == 0.05
    assert sorted(logits) == [1e-6, 0.05, 5.0]


def test_scores_are_set_equal_where_both_say_the_same() -> None:
    # Given leads that are twice as large as the lexicon's scores
    lexical = np.linspace(0.06, 0.5, 200)
    leads, scores = fitting.equated(2 * lexical, -lexical)

    # Then every knot halves its lead, between the edge of neutral and 1
    assert np.array(scores[1:-1]) == pytest.approx(np.array(leads[1:-1]) / 2)
    assert (leads[0], scores[0], leads[-1], scores[-1]) == (0.0, 0.05, 1.0, 1.0)


def test_a_claim_is_replaced_by_how_often_it_was_right() -> None:
    # Given a lexicon that is right in 30 of 100 cases without a cue, and in 80 of 100 with one
    claims = np.concatenate([np.zeros(100), np.linspace(0.2, 0.7, 600)])
    right = np.concatenate([np.arange(100) < 30, np.arange(600) % 10 < 8])

    # Then that is what its confidences come to mean
    places, truths = fitting.calibrated(claims, right)
    assert np.interp([0.0, 0.5], places, truths) == pytest.approx([0.3, 0.8])


def test_the_calibration_error_is_the_mean_distance_of_claim_and_truth() -> None:
    # Given 10 units that claim 0.9 of which 8 are right, and 30 that claim 0.55 of which 18 are
    confidences = np.array([0.9] * 10 + [0.55] * 30)
    right = np.array([True] * 8 + [False] * 2 + [True] * 18 + [False] * 12)

    # Then the error is (10 * 0.1 + 30 * 0.05) / 40
    bins = reliability(confidences, right)
    assert [(each.n, each.right) for each in bins] == [(30, 0.6), (10, 0.8)]
    assert calibration_error(bins) == 0.0625
    assert calibration_error([]) == 0.0


def test_the_same_lesson_gives_the_same_weights(lexicon: Lexicon) -> None:
    # Given a part of the corpus with vectors that need no model
    examples = [each for each in (*written(), *composed()) if each.domain in ("telecom", "banking")][::4]
    taught = lesson(WordHashes(), lexicon, examples)

    # When a head is trained twice
    first, second = train(taught, (0.1, 1.0)), train(taught, (0.1, 1.0))

    # Then both are the same, and can be used
    assert json.dumps(first) == json.dumps(second)
    head = parse_head({"encoder": "word-hashes-1", "evidence": list(EVIDENCE), **first})
    praise, blame = (
        head.judge(WordHashes().encode([text])[0], [lexicon.judge(text)])[0] for text in ("Great!", "Awful!")
    )
    assert praise.score > 0.05
    assert blame.score < -0.05
