"""The models that the settings name, loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from millrace.nlp.models.classifier import Classifier
from millrace.nlp.models.reading import Models, ReasonModel, ToneModel
from millrace.nlp.models.source import S3, fetch


@dataclass(frozen=True, kw_only=True)
class ModelSources:
    """Where models come from: `hub:owner/name@commit`, `s3://bucket/folder` or a folder; empty for the default."""

    sentiment: str = ""
    reasons: str = ""
    cache: Path = Path(".millrace/models")
    """Where they are kept once they have been fetched."""


def load_models(sources: ModelSources, reasons: Mapping[str, str], s3: S3) -> Models:
    """Fetch and load what is configured; ModelUnavailable or ModelUnfit end the worker at its start.

    `reasons`: id → label of the contact reasons that a model may give.
    """
    tone = _classifier(sources.sentiment, sources, s3)
    reason = _classifier(sources.reasons, sources, s3)
    return Models(tone=ToneModel.of(tone) if tone else None, reason=ReasonModel.of(reason, reasons) if reason else None)


def _classifier(source: str, sources: ModelSources, s3: S3) -> Classifier | None:
    return Classifier.load(fetch(source, sources.cache, s3)) if source else None
