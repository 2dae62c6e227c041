"""What configured models read out of units: their tone and their contact reason."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from millrace.nlp.domain.annotate import Annotation
from millrace.nlp.domain.reasons import NO_REASON, Reason
from millrace.nlp.domain.sentiment import Sentiment
from millrace.nlp.domain.units import Source
from millrace.nlp.errors import ModelUnfit
from millrace.nlp.models.classifier import Classifier, Text

MODEL = 2
"""The tier of what a configured model had a say in."""
SURE = 0.5
"""Probability below which a reason is not given."""
HYPOTHESIS = "This is about {}."
"""How a reason is put to a model of natural-language inference (Yin et al. 2019, "Benchmarking Zero-shot Text
Classification")."""

KeepGoing = Callable[[], bool]
Read = dict[Source, Annotation]

_TONES = {
    "very negative": -1.0, "negative": -1.0, "neg": -1.0, "neutral": 0.0, "neu": 0.0, "mixed": 0.0, "positive": 1.0,
    "pos": 1.0, "very positive": 1.0,
}  # fmt: skip
_STARS = re.compile(r"([1-5]) ?stars?")


@dataclass(frozen=True)
class ToneModel:
    """A sentiment classifier with labels in words or stars."""

    classifier: Classifier
    values: NDArray[np.float32]
    """Of each label, between -1 and 1."""

    @classmethod
    def of(cls, classifier: Classifier) -> "ToneModel":
        """ModelUnfit when a label says nothing of a tone."""
        return cls(classifier, np.array([_tone(label) for label in classifier.labels], dtype=np.float32))

    def read(self, annotations: Read, keep_going: KeepGoing) -> Read:
        """Those that there was time for, with the model's sentiment."""
        sources = list(annotations)
        found, seen = self.classifier.probabilities([source.text for source in sources], keep_going)
        scores = found @ self.values
        return {
            source: replace(annotations[source], sentiment=Sentiment(round(score, 4), round(sure, 4)), tier=MODEL)
            for source, score, sure, done in zip(
                sources, scores.tolist(), found.max(axis=1).tolist(), seen.tolist(), strict=True
            )
            if done
        }


def _tone(label: str) -> float:
    words = label.casefold().replace("_", " ").replace("-", " ").strip()
    stars = _STARS.fullmatch(words)
    if stars:
        return (int(stars[1]) - 3) / 2
    try:
        return _TONES[words]
    except KeyError:
        raise ModelUnfit(f"the label {label!r} says nothing of a tone") from None


@dataclass(frozen=True)
class ReasonModel:
    """A classifier whose labels are contact reasons, or one of natural-language inference that judges each of them."""

    classifier: Classifier
    reasons: Mapping[str, str]
    """Id → label, in the order of the answers' columns."""
    entailment: int | None
    """Column of "follows from"; None where the labels themselves are reasons."""

    @classmethod
    def of(cls, classifier: Classifier, reasons: Mapping[str, str]) -> "ReasonModel":
        """ModelUnfit when its labels are neither known reasons nor those of inference."""
        labels = [label.casefold().replace(" ", "_") for label in classifier.labels]
        if "entailment" in labels:
            return cls(classifier, reasons, labels.index("entailment"))
        if not set(labels) & set(reasons):
            raise ModelUnfit("no label of the model is a contact reason, and none is `entailment`")
        return cls(classifier, {label: reasons.get(label, "") for label in labels}, None)

    def read(self, annotations: Read, keep_going: KeepGoing) -> Read:
        """Those that there was time for, with the model's reason, or none where it is not sure of any."""
        sources = list(annotations)
        found, seen = self._scores([source.text for source in sources], keep_going)
        ids = list(self.reasons)
        read: Read = {}
        for source, row, done in zip(sources, found, seen.tolist(), strict=True):
            if done:
                best = int(row.argmax())
                told = row[best] >= SURE and bool(self.reasons[ids[best]])
                reason = Reason(ids[best], round(float(row[best]), 4)) if told else NO_REASON
                read[source] = replace(annotations[source], reason=reason, tier=MODEL)
        return read

    def _scores(self, texts: Sequence[str], keep_going: KeepGoing) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        if self.entailment is None:
            return self.classifier.probabilities(texts, keep_going)
        hypotheses = [HYPOTHESIS.format(label.lower()) for label in self.reasons.values()]
        pairs: list[Text] = [(text, hypothesis) for text in texts for hypothesis in hypotheses]
        found, seen = self.classifier.probabilities(pairs, keep_going)
        shape = len(texts), len(hypotheses)
        return found[:, self.entailment].reshape(shape), np.asarray(seen.reshape(shape).all(axis=1))


@dataclass(frozen=True, kw_only=True)
class Models:
    """The configured models; none by default."""

    tone: ToneModel | None = None
    reason: ReasonModel | None = None

    @property
    def versions(self) -> tuple[str, ...]:
        """Of all that are configured."""
        return tuple(each.classifier.version for each in (self.tone, self.reason) if each is not None)

    def read(self, annotations: Read, keep_going: KeepGoing) -> tuple[Read, frozenset[Source]]:
        """All annotations, deepened where every model had time, and those sources: all of them without models.

        In an order that has nothing to do with the text, so that what there was time for is a sample.
        """
        if not self.versions:
            return annotations, frozenset(annotations)
        order = sorted(annotations, key=lambda source: hashlib.blake2b(source.text_hash.encode()).digest())
        done: Read = {source: annotations[source] for source in order}
        for model in (self.tone, self.reason):
            done = model.read(done, keep_going) if model else done
        return {**annotations, **done}, frozenset(done)
