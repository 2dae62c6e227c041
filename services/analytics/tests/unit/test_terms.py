import pandas as pd

from millrace.analytics.domain.terms import find_terms, main_language

FILLER = [f"Nothing alike {word}" for word in ("here", "there", "mine", "yours", "above", "below") for _ in range(5)]


def terms(*texts):
    return {term: list(rows) for term, rows in find_terms(pd.Series([*texts, *FILLER]), 2)}


def test_words_and_pairs_without_stop_words():
    found = terms("The zipper broke.", "My zipper broke off", "A zipper, and it broke")

    assert found["zipper"] == [0, 1, 2]
    assert found["zipper broke"] == [0, 1]
    assert not {"the", "my zipper", "off"} & found.keys()


def test_a_word_that_is_only_part_of_a_pair_is_left_to_it():
    assert terms("gift card", "gift card lost", "card lost") == {
        "gift card": [0, 1],
        "card": [0, 1, 2],
        "card lost": [1, 2],
    }


def test_what_is_everywhere_and_what_is_masked_is_no_term():
    masked = terms("Tell [NAME_1] about polish", "Tell [NAME_1] on polish")

    assert masked == {"tell": [0, 1], "polish": [0, 1]}
    assert "alike" not in masked


def test_texts_without_words():
    assert list(find_terms(pd.Series(["😀", "👍👍"]), 1)) == []
    assert list(find_terms(pd.Series([], dtype=object), 1)) == []


def test_the_language_of_most():
    assert main_language(pd.DataFrame({"lang": ["de", "en", "en", None]})) == "en"
    assert main_language(pd.DataFrame({"lang": []})) == ""
    assert main_language(pd.DataFrame({"text": ["a"]})) == ""
