"""Which messages belong together: by what they answer, else by subject."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

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
    of_person: dict[tuple[str, str], list[Head]] = {}
    for head in heads:
        subject = head.subject.casefold()
        if head.is_reply and not head.references and subject:
            found = _answered(head, of_person)
            if found is not None:
                union.join(_name(found), _name(head))
        for person in _people(head):
            of_person.setdefault((subject, person), []).append(head)
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


def _answered(answer: Head, of_person: Mapping[tuple[str, str], list[Head]]) -> Head | None:
    """The first message so far of the same subject between the same people; those of either side are by person.

    The fewer are looked at: a desk has thousands of messages of one subject, each of its customers has few.
    """
    subject = answer.subject.casefold()
    authors = of_person.get((subject, answer.sender), [])
    readers = [of_person.get((subject, to), []) for to in dict.fromkeys(answer.recipients) if to != answer.sender]
    if sum(map(len, readers)) < len(authors):
        authors = sorted(chain(*readers), key=lambda head: head.number)
    return next((other for other in authors if _are_the_same_people(answer, other)), None)


def _people(head: Head) -> set[str]:
    return {head.sender, *head.recipients} - {""}


def _are_the_same_people(answer: Head, other: Head) -> bool:
    """Whether the answer's author and somebody whom it is for took part: a desk answers many about one subject."""
    people = _people(other)
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
