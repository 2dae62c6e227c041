"""Vectors of the packaged model: against torch, in any batch, in order, within an allowance, after a fork."""

import multiprocessing

import numpy as np
import pytest

from millrace.nlp.embedding.encoder import Encoder
from millrace.nlp.embedding.errors import BackendUnfit
from millrace.nlp.embedding.graph import build_graph
from millrace.nlp.embedding.precision import Precision
from millrace.nlp.embedding.source import encoder_shape, load_weights
from millrace.nlp.embedding.tokens import Tokens


def _cosines(left, right):
    return (left * right).sum(axis=1)


@pytest.mark.parametrize(("precision", "least"), [(Precision.INT8, 0.99), (Precision.FLOAT32, 0.9999)])
def test_vectors_are_those_of_torch(reference, precision, least):
    # given
    texts, expected = reference
    # when
    vectors, encoded = Encoder.load(precision=precision).encode(texts)
    # then
    assert encoded.all()
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert _cosines(vectors, expected).min() >= least


def test_a_vector_does_not_depend_on_its_batch(encoder, reference):
    # given
    texts, _ = reference
    alone = np.concatenate([encoder.encode([text])[0] for text in texts])
    # when
    together, _ = encoder.encode(texts)
    # then
    assert _cosines(alone, together).min() > 0.999


def test_vectors_are_in_the_order_of_their_texts(encoder, reference):
    # given
    texts, expected = reference
    many = list(reversed(texts)) * 60
    # when
    vectors, _ = encoder.encode(many)
    # then
    assert len(vectors) == 720
    assert _cosines(vectors, np.tile(expected[::-1], (60, 1))).min() >= 0.99


def test_encoding_stops_when_the_allowance_is_used_up(encoder):
    # given
    texts = ["The tram was late."] * 100
    answers = iter([True, True, False])
    # when
    vectors, encoded = encoder.encode(texts, keep_going=lambda: next(answers))
    # then
    assert encoded.sum() == 64
    assert np.allclose(np.linalg.norm(vectors, axis=1), encoded, atol=1e-5)


def test_nothing_is_encoded_without_an_allowance(encoder):
    # when
    vectors, encoded = encoder.encode(["one", "two"], keep_going=lambda: False)
    # then
    assert not encoded.any()
    assert not vectors.any()


def test_no_texts_have_no_vectors(encoder):
    # when
    vectors, encoded = encoder.encode([])
    # then
    assert (vectors.shape, encoded.shape) == ((0, 384), (0,))


def test_long_texts_are_cut(encoder):
    # given
    long = "late parcel " * 100
    # when
    vectors, _ = encoder.encode([long, long + "and something else", long * 1000])
    # then
    assert _cosines(vectors[:1], vectors[1:]).min() > 0.9999


def test_half_a_surrogate_pair_is_read_as_a_question_mark(encoder):
    # when
    vectors, _ = encoder.encode(["good \ud83d", "good ?"])
    # then
    assert _cosines(vectors[:1], vectors[1:]) > 0.9999


@pytest.mark.parametrize("precision", list(Precision))
def test_the_version_names_model_and_arithmetic(precision):
    # when
    loaded = Encoder.load(precision=precision)
    # then
    assert (loaded.version, loaded.dimension) == (f"minilm-53aa51172d14-ort-{precision}-1", 384)


def test_a_child_makes_its_own_session(reference):
    # given
    texts, expected = reference
    loaded = Encoder.load()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=lambda: sender.send(loaded.encode(texts)[0]))
    # when
    child.start()
    answered = receiver.poll(timeout=60)
    # then
    assert answered
    assert _cosines(receiver.recv(), expected).min() >= 0.99
    child.join(timeout=60)
    assert child.exitcode == 0


def test_warm_up_accepts_this_machine(encoder):
    # when, then: nothing is raised
    encoder.warm_up()


def test_warm_up_refuses_vectors_that_are_too_far(model_files):
    # given
    weights = {name: values * 1.1 for name, values in load_weights(model_files).items()}
    model = build_graph(encoder_shape(model_files), weights).SerializeToString()
    wrong = Encoder(Tokens.load(model_files.folder), model, 384, "wrong", 0.99)
    # when, then
    with pytest.raises(BackendUnfit, match="wrong"):
        wrong.warm_up()
