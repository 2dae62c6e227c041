"""Records to conversations, turns and units."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from millrace.contracts.records import Record
from millrace.dataset_conversations.domain.language import Identifier, Language, Spoken, languages
from millrace.dataset_conversations.domain.masking import Masked, Masker, known_names
from millrace.dataset_conversations.domain.rows import Conversation, Turn, Unit
from millrace.dataset_conversations.domain.sentences import sentences
from millrace.dataset_conversations.domain.text import joined, own_words, same_words, text_hash

_LAST = datetime.max.replace(tzinfo=UTC)

Threads = dict[str, list[Record]]
"""Records by conversation, both in order."""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What one batch became."""

    conversations: list[Conversation]
    turns: list[Turn]
    units: list[Unit]
    replaced: dict[str, int]
    """How many values were masked, by kind."""


def build(records: Sequence[Record], identifier: Identifier) -> Dataset:
    """Thread the records, mask their texts, and cut them into units. Nothing after the masking reads a raw text."""
    masker = Masker()
    threads = thread(records)
    texts = {conv_id: _masked(members, masker) for conv_id, members in threads.items()}
    turns = list(_turns(threads, texts, identifier))
    return Dataset(
        conversations=list(_conversations(threads, turns)),
        turns=turns,
        units=[unit for turn in turns for unit in units_of(turn)],
        replaced=dict(masker.counts),
    )


def thread(records: Iterable[Record]) -> Threads:
    """Records by conversation: conversations by first appearance, records by time and then as they came.

    Records without a time come after those that have one.
    """
    threads: Threads = {}
    for record in records:
        threads.setdefault(record.conv_id, []).append(record)
    for members in threads.values():
        members.sort(key=lambda record: record.created_at or _LAST)
    return threads


def _masked(members: list[Record], masker: Masker) -> list[Masked]:
    raw = [own_words(joined(record.title, record.text)) for record in members]
    people = known_names(raw)
    return [masker.mask(text, people) for text in raw]


def _turns(threads: Threads, texts: dict[str, list[Masked]], identifier: Identifier) -> Iterable[Turn]:
    spoken = [
        (record, masked)
        for conv_id, members in threads.items()
        for record, masked in zip(members, texts[conv_id], strict=True)
        if masked.text
    ]
    langs = languages((Spoken(masked.text, record.lang) for record, masked in spoken), identifier)
    numbers: dict[str, int] = {}
    first: dict[str, str] = {}
    for (record, masked), lang in zip(spoken, langs, strict=True):
        n = numbers[record.conv_id] = numbers.get(record.conv_id, -1) + 1
        original = first.setdefault(same_words(masked.text), record.record_id)
        yield _turn(record, masked, lang, n, "" if original == record.record_id else original)


def _turn(record: Record, masked: Masked, lang: Language, n: int, dup_of: str) -> Turn:
    return Turn(
        turn_id=record.record_id, conv_id=record.conv_id, record_id=record.record_id, n=n,
        role=record.author_role.strip().lower(), created_at=record.created_at, text=masked.text, lang=lang.code,
        lang_prob=lang.probability, dup_of=dup_of, masked=masked.count,
    )  # fmt: skip


def _conversations(threads: Threads, turns: list[Turn]) -> Iterable[Conversation]:
    spoken: dict[str, list[Turn]] = {conv_id: [] for conv_id in threads}
    for turn in turns:
        spoken[turn.conv_id].append(turn)
    first: dict[tuple[str, ...], str] = {}
    for conv_id, members in threads.items():
        mine = spoken[conv_id]
        times = [record.created_at for record in members if record.created_at is not None]
        said = tuple(turn.dup_of or turn.turn_id for turn in mine)
        original = first.setdefault(said, conv_id) if said else conv_id
        yield Conversation(
            conv_id=conv_id, channel=members[0].channel, opened_at=min(times, default=None),
            closed_at=max(times, default=None), turns=len(mine), langs=tuple(sorted({turn.lang for turn in mine})),
            dup_of="" if original == conv_id else original,
        )  # fmt: skip


def units_of(turn: Turn) -> list[Unit]:
    """The sentences of a turn's masked text."""
    return [
        Unit(
            unit_id=f"{turn.record_id}#{n}", turn_id=turn.turn_id, conv_id=turn.conv_id, record_id=turn.record_id, n=n,
            start=start, end=end, text=turn.text[start:end], text_hash=text_hash(turn.text[start:end]), lang=turn.lang,
            role=turn.role, created_at=turn.created_at, dup_of=turn.dup_of,
        )
        for n, (start, end) in enumerate(sentences(turn.text))
    ]  # fmt: skip
