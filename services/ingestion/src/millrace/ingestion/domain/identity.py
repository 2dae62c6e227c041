"""Record ids: made from the row where missing, made unique where repeated."""

from millrace.contracts.records import Record

_LIMIT = 128


def id_for_row(row: int) -> str:
    """The id of a record that came without one: `r000001` for row 1."""
    return f"r{row:06d}"


class UniqueIds:
    """Hands every id out once: the second `A7` becomes `A7-2`."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._next: dict[str, int] = {}

    def claim(self, wanted: str) -> str:
        """The id itself the first time, then with the lowest free suffix."""
        unique = wanted
        while unique in self._seen:
            count = self._next.get(wanted, 1) + 1
            self._next[wanted] = count
            suffix = f"-{count}"
            unique = f"{wanted[: _LIMIT - len(suffix)]}{suffix}"
        self._seen.add(unique)
        return unique


def with_unique_ids(records: list[Record]) -> tuple[Record, ...]:
    """The records in order, with repeated ids suffixed."""
    ids = UniqueIds()
    claimed = ((record, ids.claim(record.record_id)) for record in records)
    return tuple(
        record if record.record_id == unique else record.model_copy(update={"record_id": unique})
        for record, unique in claimed
    )
