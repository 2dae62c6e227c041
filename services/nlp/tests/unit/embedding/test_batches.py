"""Which texts go through the model together."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from millrace.nlp.embedding.batches import MAX_CELLS, MAX_TEXTS, batches

LENGTHS = st.lists(st.integers(min_value=2, max_value=128), max_size=200)


@given(LENGTHS)
def test_every_text_is_in_one_batch_and_batches_are_bounded(lengths):
    # given
    ids = [[place + 1] * length for place, length in enumerate(lengths)]
    # when
    made = list(batches(ids, first_place=7))
    # then
    places = sorted(place for batch in made for place in batch.places)
    assert places == list(range(7, 7 + len(ids)))
    assert all(len(batch.places) <= MAX_TEXTS and batch.ids.size <= MAX_CELLS for batch in made)


def test_texts_are_filled_up_to_the_longest():
    # when
    (batch,) = batches([[101, 8, 9, 102], [101, 102]])
    # then
    assert batch.places == [1, 0]
    assert np.array_equal(batch.ids, [[101, 102, 0, 0], [101, 8, 9, 102]])
    assert np.array_equal(batch.mask, [[1, 1, 0, 0], [1, 1, 1, 1]])
