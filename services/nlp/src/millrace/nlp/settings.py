"""The language service's settings."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class NlpSettings(BaseSettings):
    """Which model computes, `MILLRACE_NLP_*`."""

    model_config = SettingsConfigDict(env_prefix="MILLRACE_NLP_", frozen=True, extra="ignore")

    model_dir: str = ""
    """Folder of the embedding model; empty for the one in its package."""

    @property
    def model_folder(self) -> Path | None:
        """`model_dir` as a path; None for the packaged model."""
        return Path(self.model_dir) if self.model_dir else None
