"""The language service's settings."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from millrace.contracts.settings import Settings
from millrace.nlp.models.configured import ModelSources


class NlpSettings(Settings):
    """Which model computes, `MILLRACE_NLP_*`."""

    prefix: ClassVar[str] = "MILLRACE_NLP_"

    model_dir: str = ""
    """Folder of the embedding model; empty for the one in its package."""
    sentiment_model: str = ""
    """A larger model for sentiment: `hub:owner/name@commit`, `s3://bucket/folder` or a folder. Needs torch."""
    reasons_model: str = ""
    """The same for contact reasons: its labels are their ids, or those of natural-language inference."""
    model_cache: str = ".millrace/models"
    """Folder for models that were fetched."""
    cache_s: int = Field(default=86_400, ge=0)
    """Seconds for which is remembered what was found out about a text; 0 for never. About 1 KiB of Redis a sentence."""

    @property
    def sources(self) -> ModelSources:
        """Models that take the place of a task's default."""
        return ModelSources(sentiment=self.sentiment_model, reasons=self.reasons_model, cache=Path(self.model_cache))

    @property
    def model_folder(self) -> Path | None:
        """`model_dir` as a path; None for the packaged model."""
        return Path(self.model_dir) if self.model_dir else None
