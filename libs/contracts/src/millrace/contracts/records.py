"""The canonical record: one piece of feedback, whatever file it came in."""

import hashlib
from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from millrace.contracts.base import Message, Timestamp
from millrace.contracts.roles import role_of

MAX_TEXT = 20_000
"""Characters of one record's text; longer text is refused at the door."""
MAX_ATTRS = 64


class Scale(StrEnum):
    """What a rating's number means."""

    STARS5 = "stars5"
    """1 to 5, higher is better."""
    STARS10 = "stars10"
    """1 to 10, higher is better."""
    NPS = "nps"
    """0 to 10, likelihood to recommend (Reichheld 2003)."""
    CSAT = "csat"
    """1 to 5, satisfaction."""
    CES = "ces"
    """1 to 7, ease: higher is easier (CES 2.0)."""
    BINARY = "binary"
    """0 or 1: disliked or liked."""
    PERCENT = "percent"
    """0 to 100."""

    @property
    def bounds(self) -> tuple[float, float]:
        """Lowest and highest value, inclusive."""
        return _BOUNDS[self]


_BOUNDS = {
    Scale.STARS5: (1.0, 5.0),
    Scale.STARS10: (1.0, 10.0),
    Scale.NPS: (0.0, 10.0),
    Scale.CSAT: (1.0, 5.0),
    Scale.CES: (1.0, 7.0),
    Scale.BINARY: (0.0, 1.0),
    Scale.PERCENT: (0.0, 100.0),
}


class Rating(Message):
    """A number that a customer gave, with its scale."""

    scale: Scale
    value: float

    @model_validator(mode="after")
    def _on_scale(self) -> "Rating":
        low, high = self.scale.bounds
        if not low <= self.value <= high:
            raise ValueError(f"{self.value:g} is not between {low:g} and {high:g} ({self.scale})")
        return self


class Record(Message):
    """One piece of feedback. At least a text or a rating; personal until masked."""

    record_id: str = Field(min_length=1, max_length=128)
    text: str = Field(default="", max_length=MAX_TEXT)
    title: str = Field(default="", max_length=1_000)
    rating: Rating | None = None
    created_at: Timestamp | None = None
    source: str = Field(default="", max_length=128)
    channel: str = Field(default="", max_length=64)
    author_role: str = Field(default="customer", max_length=32)
    customer_ref: str = Field(default="", max_length=256)
    thread_ref: str = Field(default="", max_length=256)
    product: str = Field(default="", max_length=256)
    lang: str = Field(default="", max_length=16)
    # Not a `{}`: pydantic copies that deeply for each record, a quarter of what reading one takes.
    attrs: dict[str, str] = Field(default_factory=dict)
    """Everything else the producer sent: segments such as department, plan or age."""

    @field_validator("attrs")
    @classmethod
    def _bounded(cls, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MAX_ATTRS:
            raise ValueError(f"more than {MAX_ATTRS} attributes")
        return value

    @model_validator(mode="after")
    def _says_something(self) -> "Record":
        if not self.text.strip() and not self.title.strip() and self.rating is None:
            raise ValueError("neither text nor rating")
        return self

    @property
    def role(self) -> str:
        """Who wrote it: `customer`, `agent` or `other`."""
        return role_of(self.author_role)

    @property
    def conv_id(self) -> str:
        """The conversation that the record belongs to: a digest of its thread, or the record itself.

        A digest, because a thread's own name may be a subject or a message id that holds an address.
        """
        if not self.thread_ref:
            return self.record_id
        return f"thread_{hashlib.sha256(self.thread_ref.encode()).hexdigest()[:20]}"
