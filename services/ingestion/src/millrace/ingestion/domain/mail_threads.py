"""Which messages belong together: by what they answer, else by subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from millrace.ingestion.domain.mail_head import Head

_LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Thread:
    """Messages that answer each other, oldest first."""

    name: str
    """The id of the first message, or of one before it that is missing."""
    heads: tuple[Head, ...]

    @property
    def opener(self) -> Head:
        """Its first message."""
        return self.heads[0]


def threads_of(heads: Sequence[Head]) -> dict[int, Thread]:
    """Every message's thread, by the message's number.

    Messages belong together when they name each other or a common third (`References`, `In-Reply-To`). An answer
    that names none joins the thread of its subject between the same people: mail programs that drop the references
    keep the subject (J. Zawinski, Message threading, 1997).
    """
    union = _Union()
    for head in heads:
        for reference in head.references:
            union.join(_name(head), reference)
    first: dict[str, list[Head]] = {}
    for head in heads:
        subject = head.subject.casefold()
        if head.is_reply and not head.references and subject:
            found = next((other for other in first.get(subject, ()) if _are_the_same_people(head, other)), None)
            if found is not None:
                union.join(_name(found), _name(head))
        first.setdefault(subject, []).append(head)
    members: dict[str, list[Head]] = {}
    for head in heads:
        members.setdefault(union.find(_name(head)), []).append(head)
    threads = [_thread(group) for group in members.values()]
    return {head.number: thread for thread in threads for head in thread.heads}


def _thread(group: list[Head]) -> Thread:
    ordered = sorted(group, key=lambda head: (head.sent_at or _LATEST, head.number))
    first = ordered[0]
    return Thread(name=next(iter(first.references), _name(first)), heads=tuple(ordered))


def _name(head: Head) -> str:
    return head.message_id or f"message {head.number}"


def _are_the_same_people(answer: Head, other: Head) -> bool:
    """Whether the answer's author and somebody whom it is for took part: a desk answers many about one subject."""
    people = {other.sender, *other.recipients} - {""}
    return answer.sender in people and any(to in people for to in answer.recipients if to != answer.sender)


class _Union:
    """Sets of names that are joined (union-find with path halving)."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}

    def find(self, name: str) -> str:
        """The name that stands for the set."""
        parent = self._parent
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def join(self, one: str, other: str) -> None:
        """Make one set of two; the first one's name stays."""
        self._parent[self.find(other)] = self.find(one)
