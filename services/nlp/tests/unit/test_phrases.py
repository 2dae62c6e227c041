"""Key phrases."""

from millrace.nlp.domain.phrases import find_phrases

FILLER = [
    "Blue lamps stand beside wooden chairs",
    "My neighbour paints garden fences yellow",
    "Children carried heavy baskets uphill",
    "Nobody opened seven empty letters",
]


def test_a_phrase_is_counted_by_records_with_its_mean_tone(unit) -> None:
    # Given a phrase in three records, twice in one of them, once in the plural
    units = [
        unit(1, "The arm holes gape", sentiment=-0.6, record_id="r1"),
        unit(2, "Again the arm holes", sentiment=-0.2, record_id="r1"),
        unit(3, "One arm hole was torn", sentiment=-0.8, record_id="r2"),
        unit(4, "Lovely arm holes", sentiment=0.9, record_id="r3"),
        *(unit(10 + n, text) for n, text in enumerate(FILLER)),
    ]

    # When phrases are looked for
    first = find_phrases(units).phrases[0]

    # Then it counts once per record, in its usual spelling; its tone is the mean of the records' means
    assert (first.text, first.records) == ("arm holes", 3)
    assert first.sentiment == round((-0.4 - 0.8 + 0.9) / 3, 4)


def test_duplicates_agents_and_other_languages_do_not_count(unit) -> None:
    # Given one record with a phrase, and others that must not count
    units = [
        unit(1, "The card reader broke"),
        unit(2, "The card reader broke", dup_of="t1"),
        unit(3, "Your card reader is on its way", role="agent"),
        unit(4, "card reader kaputt", lang="de"),
        *(unit(10 + n, text) for n, text in enumerate(FILLER)),
    ]

    # Then a phrase of one record is none
    assert find_phrases(units).phrases == ()


def test_stop_words_may_stand_within_a_phrase_but_not_at_its_edges(unit) -> None:
    # Given a phrase around a stop word, and one that only praises
    texts = ["It is true to size and I love this top", "They were true to size, love this top"]
    units = [unit(n, text) for n, text in enumerate([*texts, *FILLER])]

    # Then "true to size" is one, "love this top" and "it is true" are none
    assert [phrase.text for phrase in find_phrases(units).phrases] == ["true to size"]


def test_the_longer_phrase_and_the_first_order_stand_for_their_variants(unit) -> None:
    # Given a phrase that nearly always has a third word, and one in both orders
    texts = ["Red brick oven", "A red brick oven", "The red brick oven", "Soup and bread", "Bread and soup"]
    units = [unit(n, text, record_id=f"r{n}{m}", unit_id=f"u{n}{m}") for n, text in enumerate(texts) for m in (1, 2)]

    # Then its pieces are not told beside it, nor the other order
    told = {phrase.text for phrase in find_phrases([*units, *(unit(90 + n, t) for n, t in enumerate(FILLER))]).phrases}
    assert told == {"red brick oven", "bread and soup"}


def test_the_order_of_the_units_does_not_matter(unit) -> None:
    units = [unit(n, f"{text} near the old harbour") for n, text in enumerate(FILLER)]
    assert find_phrases(units) == find_phrases(units[::-1])
    assert find_phrases([]).phrases == ()
