"""The sentiment head without the model: weights, scale, confidence, speed, and whether the file is stale."""

import json
import time
from importlib import resources

import numpy as np
import pytest

from millrace.nlp import adapters
from millrace.nlp.domain.annotate import RULES, VECTORS, Annotation, hear_all
from millrace.nlp.domain.sentiment import EVIDENCE, UNHEARD, Lexicon, label
from millrace.nlp.domain.sentiment_head import SentimentHead, parse_head
from millrace.nlp.domain.units import Source
from millrace.nlp.embedding_twin import WordHashes
from millrace.nlp.errors import InvalidCues
from millrace.nlp.training.seed import corpus_hash
from millrace.nlp.training.sentiment import lexicon_hash

STORED = json.loads(resources.files("millrace.nlp").joinpath("data", "sentiment_head.json").read_text("utf-8"))
ENCODER = STORED["encoder"]


@pytest.fixture(scope="module")
def head() -> SentimentHead:
    found = adapters.load_head(ENCODER)
    assert found is not None
    return found


def sources(*texts: str, lang: str = "en") -> list[Source]:
    return [Source(text, text, lang) for text in texts]


def test_the_file_was_trained_on_this_corpus_and_this_lexicon() -> None:
    # Then, if not: python -m millrace.nlp.training.sentiment
    assert (STORED["corpus_sha256"], STORED["lexicon_sha256"]) == (corpus_hash(), lexicon_hash())
    assert STORED["evidence"] == list(EVIDENCE)


def test_the_file_says_that_it_beats_the_lexicon_in_domains_that_it_did_not_see() -> None:
    unseen = STORED["unseen"]
    assert unseen["macro_f1"] >= unseen["macro_f1_of_lexicon"] + 0.1
    assert unseen["sign_accuracy"] >= unseen["sign_accuracy_of_lexicon"] + 0.03
    assert unseen["calibration_error"] <= 0.05


@pytest.mark.parametrize(
    ("encoder", "fits"),
    [
        (ENCODER, True),
        (ENCODER.replace("int8", "float32"), True),
        (ENCODER[:-1] + "99", False),
        ("word-hashes-1", False),
    ],
)
def test_it_reads_the_vectors_of_its_own_encoder_only(encoder: str, fits: bool) -> None:
    assert (adapters.load_head(encoder) is not None) is fits


@pytest.mark.parametrize(
    "change",
    [
        {"weights": [[0, 0, 0]]},
        {"weights": "none"},
        {"intercepts": [0, 0]},
        {"evidence": [*EVIDENCE[:-1], "shape"]},
        {"leads": STORED["leads"][::-1]},
        {"truths": [1.0]},
    ],
)
def test_weights_for_something_else_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidCues):
        parse_head({**STORED, **change})


def test_the_label_is_the_likeliest_class_and_the_score_grows_with_its_lead(head: SentimentHead) -> None:
    # Given negative, neutral and positive units, ever surer, and two that are torn
    rows = [[0.9, 0.05, 0.05], [0.5, 0.3, 0.2], [0.2, 0.6, 0.2], [0.2, 0.3, 0.5], [0.05, 0.05, 0.9], [0.1, 0.46, 0.44]]

    # When they are scored
    scores = head.score(np.array(rows, dtype=np.float32)).tolist()

    # Then labels follow the probabilities, and strength the distance to the next class
    assert [label(score) for score in scores] == ["negative", "negative", "neutral", "positive", "positive", "neutral"]
    assert scores[0] < scores[1] < 0 == scores[2] < scores[5] < scores[3] < scores[4] <= 1
    assert scores[0] == pytest.approx(-scores[4])


def test_where_there_is_nothing_to_read_the_lexicon_stays(head: SentimentHead, lexicon: Lexicon) -> None:
    # Given a smile, a number and another language, with vectors
    lexical = [lexicon.judge("\N{SMILING FACE WITH HEART-SHAPED EYES}"), lexicon.judge("12345"), UNHEARD]

    # Then the head leaves them alone
    assert head.judge(np.eye(3, 384, dtype=np.float32), lexical) == lexical
    assert [head.calibrated(each) for each in lexical] == lexical


def test_units_without_a_vector_keep_their_score_and_get_an_honest_confidence(lexicon: Lexicon) -> None:
    # Given the same text in English and, by mistake of language, not, and a text that there was no time for
    texts = [*sources("Great soup!"), *sources("Great soup!", lang="de"), *sources("Awful soup, rude waiter.")]
    annotations = [Annotation(lexicon.judge(each.text) if each.lang == "en" else UNHEARD, ()) for each in texts]
    vectors, _ = WordHashes().encode(["Great soup!"])

    # When the head hears the first
    heard = hear_all(texts, annotations, texts[:1], vectors, adapters.load_head(ENCODER))

    # Then only that one is of its tier, the foreign one stays unheard, and the last keeps its score
    assert [each.tier for each in heard] == [VECTORS, RULES, RULES]
    assert heard[1].sentiment == UNHEARD
    assert heard[2].sentiment.score == annotations[2].sentiment.score
    assert heard[2].sentiment.confidence > annotations[2].sentiment.confidence
    assert hear_all(texts, annotations, texts[:1], vectors, None) == annotations


def test_texts_that_share_a_vector_are_each_heard_by_their_own_evidence(head: SentimentHead, lexicon: Lexicon) -> None:
    # Given two texts that an uncased model takes for one, of which the lexicon hears the second louder
    texts = [Source("the soup was great", "1", "en"), Source("The soup was GREAT", "1", "en")]
    annotations = [Annotation(lexicon.judge(each.text), ()) for each in texts]
    vectors, _ = WordHashes().encode(["the soup was great"])

    # When both are heard together, and each alone
    together = hear_all(texts, annotations, texts[1:], vectors, head)
    alone = [hear_all([text], [said], [text], vectors, head)[0] for text, said in zip(texts, annotations, strict=True)]

    # Then company changes nothing
    assert annotations[0].sentiment != annotations[1].sentiment
    assert together == alone


def test_a_thousand_vectors_take_less_than_ten_milliseconds(head: SentimentHead, lexicon: Lexicon) -> None:
    # Given a thousand units with vectors
    lexical = [lexicon.judge("The soup was good, but the waiter was rude.")] * 1000
    vectors = np.full((1000, 384), 384**-0.5, dtype=np.float32)

    # When the thread's own time is taken, of the fastest of several runs: other load disturbs that least
    def seconds() -> float:
        begun = time.thread_time()
        head.judge(vectors, lexical)
        return time.thread_time() - begun

    # Then it is (measured: 2 ms)
    assert min(seconds() for _ in range(20)) < 0.01
