"""The language service's settings."""

from pathlib import Path
from typing import ClassVar

from millrace.contracts.settings import Settings


class NlpSettings(Settings):
    """Which model computes, `MILLRACE_NLP_*`."""

    prefix: ClassVar[str] = "MILLRACE_NLP_"

    model_dir: str = ""
    """Folder of the embedding model; empty for the one in its package."""

    @property
    def model_folder(self) -> Path | None:
        """`model_dir` as a path; None for the packaged model."""
        return Path(self.model_dir) if self.model_dir else None
