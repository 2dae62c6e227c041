"""Who wrote a record."""

from millrace.contracts.records import Record

AGENTS = frozenset({"agent", "support", "staff", "operator", "representative", "bot"})
"""Author roles that answer rather than ask."""


def is_agent(record: Record) -> bool:
    """Whether the record is an answer of the organisation."""
    return record.author_role.strip().lower() in AGENTS
