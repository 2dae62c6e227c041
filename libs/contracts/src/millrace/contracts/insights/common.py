"""What every insight rests on: numbers with intervals, quotes as evidence, manifests."""

from pydantic import Field

from millrace.contracts.base import Message


class Estimate(Message):
    """A number with its confidence interval."""

    value: float
    low: float
    high: float
    n: int = Field(ge=0)
    level: float = 0.95
    method: str = ""
    """How the interval was made: `wilson`, `bootstrap`, `t`."""


class Quote(Message):
    """A masked piece of feedback as evidence."""

    record_id: str
    unit_id: str = ""
    text: str
    sentiment: float | None = None
    rating: float | None = None
    """The raw rating of the record."""


class Check(Message):
    """A quality check of a dataset."""

    name: str
    passed: bool
    detail: str = ""


class Manifest(Message):
    """What a dataset generator wrote, from what, and how good it is."""

    generator: str
    code_version: int
    input_sha256: str
    tables: dict[str, int]
    """Row count by table name."""
    checks: tuple[Check, ...] = ()
    facts: dict[str, float] = {}
    """Counts of interest, such as `masked_email` or `duplicates`."""
    shares: dict[str, float] = {}
    """Shares between 0 and 1, such as `lang_en`."""


class SetAsideRecords(Message):
    """Records that a step did without, because each of them killed the process that worked on it."""

    step: str
    records: tuple[str, ...] = ()
    """Their ids, as the producer gave them."""
