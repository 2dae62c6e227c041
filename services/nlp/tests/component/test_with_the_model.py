"""What depends on the real model: themes by vector, and topics of sentences that share no words."""

import hashlib
import tomllib
from pathlib import Path

import numpy as np
import pytest

from millrace.nlp.domain.annotate import annotate_by_rules, give_reasons, nearest_themes
from millrace.nlp.domain.topics import find_topics
from millrace.nlp.domain.units import Source, Unit
from millrace.nlp.domain.vectors import unit_vectors
from millrace.nlp.embedding.encoder import Encoder
from millrace.nlp.tasks import Ports
from millrace.storage.memory import memory_artifacts

REASONS = Path(__file__).parents[1] / "data" / "contact_reasons.toml"
PARKING = [
    "There is nowhere to park near the place.",
    "We circled the block four times looking for a space.",
    "Parking is a nightmare on weekends.",
    "They need a bigger car park.",
    "The lot only holds a dozen cars.",
    "Had to leave the car half a mile away.",
    "Valet parking was not available and the garage was closed.",
    "My car was towed from their parking lot.",
]
ALLERGY = [
    "Nobody could tell me whether it contains nuts.",
    "I have a peanut allergy and they did not take it seriously.",
    "There was nothing gluten free on the list.",
    "They do not label allergens at all.",
    "Dairy was in it although I said that I am lactose intolerant.",
    "I asked about gluten twice and still got bread.",
    "They had to call an ambulance for my allergic reaction.",
    "No vegan option without nuts or soy.",
]


@pytest.fixture(scope="module")
def ports() -> Ports:
    warm = Ports(store=memory_artifacts(), embedder=Encoder.load())
    warm.warm_up()
    return warm


# Measured with int8: 21 of 23 right on dev, where the thresholds were chosen, and 21 of 22 on heldout.
@pytest.mark.parametrize(("which", "least"), [("dev", 0.85), ("heldout", 0.9)])
def test_themes_by_vector_alone_are_mostly_right(labelled, ports: Ports, which: str, least: float) -> None:
    # Given the hand-written lines as vectors
    lines = labelled(which)
    vectors, _ = ports.embedder.encode([line.text for line in lines])

    # When each gets the theme that it is near
    given = [
        (line, theme) for line, theme in zip(lines, nearest_themes(vectors, ports.exemplars), strict=True) if theme
    ]

    # Then there are some, and few are wrong
    assert len(given) >= 18
    assert np.mean([theme in line.themes for line, theme in given]) >= least


def reasons_told(ports: Ports, which: str) -> list[tuple[str, str]]:
    """What a reader and what the service gives as the reason of each hand-written line."""
    groups = tomllib.loads(REASONS.read_text(encoding="utf-8"))[which]
    lines = [(reason, Source(text, text, "en")) for reason, texts in groups.items() for text in texts]
    sources = [source for _, source in lines]
    vectors, _ = ports.embedder.encode([source.text for source in sources])
    read = annotate_by_rules(sources, ports.rules)
    given = give_reasons(sources, read, sources, vectors, ports.reasons)
    return [(reason, each.reason.id) for (reason, _), each in zip(lines, given, strict=True)]


# Measured with int8: 0.94 and 0.89 on dev, where cues and thresholds were chosen, 0.85 and 0.80 on heldout.
@pytest.mark.parametrize(("which", "top", "unknown"), [("dev", 0.85, 0.75), ("heldout", 0.75, 0.6)])
def test_contact_reasons_are_mostly_right(ports: Ports, which: str, top: float, unknown: float) -> None:
    # Given the hand-written lines, some of which give no reason
    told = reasons_told(ports, which)

    # Then most reasons are right, and most lines without one get none
    assert np.mean([said == given for said, given in told if said]) >= top
    assert np.mean([not given for said, given in told if not said]) >= unknown


def test_planted_topics_are_found_pure(labelled, ports: Ports) -> None:
    # Given two planted topics among lines on everything else
    texts = [*PARKING, *ALLERGY, *(line.text for line in labelled("dev"))]
    units = [
        Unit(unit_id=f"{n:03d}", record_id=f"{n:03d}", text=text, text_hash=hashlib.sha256(text.encode()).hexdigest())
        for n, text in enumerate(texts)
    ]
    vectors, _ = ports.embedder.encode(texts)

    # When topics are looked for
    found = find_topics(units, unit_vectors([unit.unit_id for unit in units], vectors))[0].topics

    # Then each of them is one topic, of which at least four in five belong to it
    for planted in (PARKING, ALLERGY):
        topic = max(found, key=lambda each: sum(quote.text in planted for quote in each.quotes))
        assert all(quote.text in planted for quote in topic.quotes)
        assert 5 <= topic.units <= len(planted) / 0.8
