"""Records to conversations, turns and units."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from millrace.contracts.records import Record
from millrace.dataset_conversations.domain.language import Heard, Identifier, Language, hear, languages
from millrace.dataset_conversations.domain.masking import Masked, Masker, known_people
from millrace.dataset_conversations.domain.people import about_people
from millrace.dataset_conversations.domain.rows import Conversation, Cut, Turn
from millrace.dataset_conversations.domain.sentences import Span, sentences
from millrace.dataset_conversations.domain.shedding import Piece, Threads, blocks
from millrace.dataset_conversations.domain.text import joined, own_words, same_words, text_hash

_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """What one batch became."""

    conversations: list[Conversation]
    cuts: list[Cut]
    """Every turn and the sentences of its text."""
    replaced: dict[str, int]
    """How many values were masked, by kind."""
    looked_at: int
    """Records that there was time for, those without text among them."""

    @property
    def turns(self) -> list[Turn]:
        """The turns alone."""
        return [cut.turn for cut in self.cuts]


class _Read(NamedTuple):
    """A record whose text was masked, heard and cut into sentences."""

    record: Record
    masked: Masked
    heard: Heard
    spans: list[Span]
    hashes: list[str]


def _always() -> bool:
    return True


def build(records: Sequence[Record], identifier: Identifier, keep_going: Callable[[], bool] = _always) -> Dataset:
    """Thread the records, mask their texts, and cut them into units. Nothing after the masking reads a raw text.

    Once `keep_going` says no, the rest of the batch is left out, threads as a whole. The first one is always read.
    """
    masker = Masker()
    threads = thread(records)
    found: dict[str, list[_Read]] = {}
    for block in blocks(threads):
        if found and not keep_going():
            break
        for each in _read(block, masker, identifier):
            found.setdefault(each.record.conv_id, []).append(each)
    # In the order of the batch again, whatever the order of reading was.
    read = {conv_id: found[conv_id] for conv_id in threads if conv_id in found}
    cuts = list(_cuts(read, identifier))
    channels = {each.record.channel for members in read.values() for each in members[:1]}
    named = {channel: masker.mask(channel).text for channel in sorted(channels)}
    return Dataset(
        conversations=list(_conversations(read, [cut.turn for cut in cuts], named)),
        cuts=cuts,
        replaced=dict(masker.counts),
        looked_at=sum(map(len, read.values())),
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


def _read(block: list[Piece], masker: Masker, identifier: Identifier) -> list[_Read]:
    """Step by step rather than record by record: what a step needs stays in the processor's cache."""
    records = [record for _, members in block for record in members]
    masked = [each for _, members in block for each in _masked(members, masker)]
    heard = [hear(each.text, record.lang, identifier) for record, each in zip(records, masked, strict=True)]
    spans = [sentences(each.text) for each in masked]
    hashes = [
        [text_hash(each.text[start:end]) for start, end in cuts] for each, cuts in zip(masked, spans, strict=True)
    ]
    return list(map(_Read, records, masked, heard, spans, hashes))


def _masked(members: list[Record], masker: Masker) -> list[Masked]:
    raw = [own_words(joined(record.title, record.text)) for record in members]
    people = known_people(raw, about_people(members))
    return [masker.mask(text, people) for text in raw]


def _cuts(read: dict[str, list[_Read]], identifier: Identifier) -> Iterator[Cut]:
    spoken = [each for members in read.values() for each in members if each.masked.text]
    langs = languages([each.heard for each in spoken], identifier)
    numbers: dict[str, int] = {}
    first: dict[str, str] = {}
    for each, lang in zip(spoken, langs, strict=True):
        record = each.record
        n = numbers[record.conv_id] = numbers.get(record.conv_id, -1) + 1
        original = first.setdefault(same_words(each.masked.text), record.record_id)
        turn = _turn(record, each.masked, lang, n, "" if original == record.record_id else original)
        yield Cut(turn, each.spans, each.hashes)


def _turn(record: Record, masked: Masked, lang: Language, n: int, dup_of: str) -> Turn:
    return Turn(
        turn_id=record.record_id, conv_id=record.conv_id, record_id=record.record_id, n=n,
        role=record.role, created_at=record.created_at, text=masked.text, lang=lang.code,
        lang_prob=lang.probability, dup_of=dup_of, masked=masked.count,
    )  # fmt: skip


def _conversations(read: dict[str, list[_Read]], turns: list[Turn], channels: dict[str, str]) -> Iterator[Conversation]:
    spoken: dict[str, list[Turn]] = {conv_id: [] for conv_id in read}
    for turn in turns:
        spoken[turn.conv_id].append(turn)
    first: dict[tuple[str, ...], str] = {}
    for conv_id, members in read.items():
        mine = spoken[conv_id]
        times = [each.record.created_at for each in members if each.record.created_at is not None]
        said = tuple(turn.dup_of or turn.turn_id for turn in mine)
        original = first.setdefault(said, conv_id) if said else conv_id
        yield Conversation(
            conv_id=conv_id, channel=channels[members[0].record.channel], opened_at=min(times, default=None),
            closed_at=max(times, default=None), turns=len(mine), langs=tuple(sorted({turn.lang for turn in mine})),
            dup_of="" if original == conv_id else original,
        )  # fmt: skip
