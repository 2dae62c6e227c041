"""Themes by cues."""

import pytest

from millrace.nlp.domain.taxonomy import Taxonomy, Theme, parse_taxonomy
from millrace.nlp.errors import InvalidCues


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("Customer service hung up on me.", ("customer_support",)),
        ("The service was slow.", ("staff", "wait_time")),
        ("I can't wait to wear it.", ()),
        ("The portions were too small.", ("portion_size",)),
        ("My order never arrived.", ("delivery",)),
        ("When we arrived it was packed.", ()),
        ("There was a bug in my salad.", ("food", "cleanliness")),
        ("The app crashes at login.", ("account", "app_crashes")),
        ("We will definitely return to this place.", ()),
        ("I had to return it.", ("returns",)),
        ("A white button down shirt.", ()),
        ("It took too long to load.", ("performance",)),
        ("Noise cancelling works.", ()),
        ("Dry clean only.", ()),
    ],
)
def test_a_cue_counts_unless_an_exception_covers_it(taxonomy: Taxonomy, text: str, themes: tuple[str, ...]) -> None:
    assert taxonomy.mentioned(text) == themes


def test_an_exception_covers_its_own_words_only() -> None:
    # Given a theme whose cue may stand in an exception
    theme = Theme(id="fit", label="Fit", cues=("size",), exceptions=("portion size",))

    # Then the cue still counts elsewhere in the same text
    assert Taxonomy([theme]).mentioned("The portion size is fine") == ()
    assert Taxonomy([theme]).mentioned("The portion size is fine, the dress size is not") == ("fit",)


def test_every_theme_can_be_compared_with_a_vector(taxonomy: Taxonomy) -> None:
    assert len(taxonomy.themes) == 25
    assert all(4 <= len(set(theme.exemplars)) <= 8 for theme in taxonomy.themes)


@pytest.mark.parametrize(
    "themes",
    [
        [{"id": "a", "label": "A"}],
        [{"id": "Fit!", "label": "A", "cues": []}],
        [{"id": "a", "label": "A", "cues": []}, {"id": "a", "label": "B", "cues": []}],
        [{"id": "a", "label": "A", "cues": ["(open"]}],
        [{"id": "a", "label": "A", "cues": [], "exemplars": ["one is too few"]}],
    ],
)
def test_a_broken_taxonomy_is_refused(themes: list[dict[str, object]]) -> None:
    with pytest.raises(InvalidCues):
        parse_taxonomy({"theme": themes})


# Measured: dev 56 right, 4 wrong, 4 missed; heldout 44, 3 and 1.
@pytest.mark.parametrize(("which", "precision", "recall"), [("dev", 0.92, 0.92), ("heldout", 0.92, 0.95)])
def test_precision_and_recall_on_the_hand_written_lines(
    labelled, taxonomy: Taxonomy, which: str, precision: float, recall: float
) -> None:
    # Given what a reader says and what the cues say
    pairs = [(line.themes, set(taxonomy.mentioned(line.text))) for line in labelled(which)]

    # Then the share of themes that are right, and of those that are found, are as high as they were
    right = sum(len(said & found) for said, found in pairs)
    assert right / sum(len(found) for _, found in pairs) >= precision
    assert right / sum(len(said) for said, _ in pairs) >= recall
