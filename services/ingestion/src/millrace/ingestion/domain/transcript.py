"""Text with speakers (`Agent: How can I help?`) to conversations, and text without to pieces of feedback."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from millrace.contracts.api import ColumnMapping, SetAside
from millrace.contracts.records import Record
from millrace.ingestion.domain.errors import BadFile
from millrace.ingestion.domain.identity import id_for_row
from millrace.ingestion.domain.parsed import MAX_FIELD, MAX_LISTED, MAX_RECORDS, Parsed
from millrace.ingestion.domain.prose import passages, pieces
from millrace.ingestion.domain.speakers import is_speaker, role_in, roles_of
from millrace.ingestion.domain.stamps import STAMP, Clock
from millrace.ingestion.domain.synonyms import likeness, words
from millrace.ingestion.domain.tabular import NO_ROWS, guessed_order

_NAME = r"(?P<speaker>[^\W\d_][\w .'\u2019&/-]{0,39}?)"
_TURN = re.compile(
    rf"[ \t]*(?:[\[(]?(?P<stamp>{STAMP})[\])]?[ \t]*(?:[-\u2013|][ \t]*)?)?{_NAME}"
    rf"(?:[ \t]*[\[(](?P<aside>[^\])\n]{{1,30}})[\])])?[ \t]*:(?!//)[ \t]*(?P<text>.*)\Z"
)
"""`[00:01:23] Ann (Support): Good morning.` and what is less than that."""
_HEADING = re.compile(rf"[ \t]*{_NAME}[ \t]+[\[(]?(?P<stamp>{STAMP})[\])]?[ \t]*\Z")
"""A name and a time on a line of their own, as meeting programs write them above what was said."""
_RULE = re.compile(r"[ \t]*(?:[-=_*#~]{3,}|\f)[ \t]*\Z")
_WITHIN = 0.1
"""Least share of lines that begin a turn: a turn may be wrapped over several lines."""


@dataclass
class Turn:
    """What one speaker said at a time."""

    speaker: str
    stamp: str
    lines: list[str]

    @property
    def text(self) -> str:
        """The turn's lines as paragraphs."""
        paragraphs = "\n".join(self.lines).split("\n\n")
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).strip()


@dataclass
class Conversation:
    """Turns under one head."""

    name: str = ""
    """Number of the call or ticket, where the head says one."""
    began: str = ""
    """When, as the head says it."""
    turns: list[Turn] = field(default_factory=list)


def parse_text(text: str, format: str, notes: tuple[str, ...] = (), set_aside: tuple[SetAside, ...] = ()) -> Parsed:
    """The records of a text: turns where it has speakers, else paragraphs, lines or one in all.

    `set_aside` is what could not be read of the file before. BadFile when there are too many, or speakers who say
    nothing.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if has_speakers(lines):
        records, aside, said = _from_turns(_conversations(lines))
        fields = {"text": "text", "author_role": "speaker", "thread_ref": "conversation", "created_at": "time"}
    else:
        records, aside, said, fields = *_from_prose(text), {"text": "text"}
    if len(records) > MAX_RECORDS:
        raise BadFile("too_many_records", f"{len(records)} pieces of text; a batch takes at most {MAX_RECORDS}")
    notes = (*notes, *said)
    mapping = ColumnMapping(fields=fields if records else {}, delimiter="", format=format, notes=notes)
    left = (*set_aside, *aside)
    if left and not records:
        raise BadFile("no_usable_rows", "the text holds nothing that anybody said", left[:MAX_LISTED])
    return Parsed(
        records=tuple(records), mapping=mapping, set_aside=left[:MAX_LISTED], set_aside_total=len(left), notes=notes
    )


def has_speakers(lines: Iterable[str]) -> bool:
    """Whether the lines are a transcript: names before colons that come again, or that say a role."""
    filled = [line for line in lines if line.strip()]
    labels = [label for line in filled if (label := speaker_of(line))]
    if not labels or len(labels) < _WITHIN * len(filled):
        return False
    counts = Counter(labels)
    if any(roles_of([(label, "") for label in counts]).values()):
        return len(labels) >= 2 or len(filled) == 1
    return len(counts) >= 2 and len(labels) >= 2 * len(counts)


def speaker_of(line: str) -> str:
    """Who begins to speak on a line; empty where nobody does."""
    turn = _turn(line)
    return turn.speaker if turn else ""


def _conversations(lines: Iterable[str]) -> list[Conversation]:
    conversations = [Conversation()]
    for line in lines:
        current = conversations[-1]
        if _RULE.match(line[:200]):
            if current.turns:
                conversations.append(Conversation())
        elif (head := _head(line)) is not None:
            if current.turns:
                conversations.append(current := Conversation())
            current.began, current.name = head[0] or current.began, head[1] or current.name
        elif (turn := _turn(line)) is not None:
            current.turns.append(turn)
        elif current.turns:
            current.turns[-1].lines.append(line)
    return [conversation for conversation in conversations if conversation.turns]


def _head(line: str) -> tuple[str, str] | None:
    """When a conversation began, or its number, out of a line of its head; None for any other line."""
    label, sign, value = line[:200].partition(":")
    if not sign or role_in(label) or len(label) > 40:
        return None
    if likeness("created_at", label) or "started" in words(label):
        return value.strip(), ""
    named = max(likeness("thread_ref", label), likeness("record_id", label)) > 0 or "call" in words(label)
    return ("", value.strip()[:200]) if named else None


def _turn(line: str) -> Turn | None:
    found = _HEADING.match(line[:80]) or _TURN.match(line)
    if found is None or not is_speaker(found["speaker"]):
        return None
    parts = found.groupdict()
    aside, stamp = parts.get("aside") or "", parts["stamp"] or ""
    if aside and not stamp and re.fullmatch(STAMP, aside):
        aside, stamp = "", aside
    name = parts["speaker"].strip()
    return Turn(speaker=f"{name} ({aside})" if aside else name, stamp=stamp, lines=[parts.get("text") or ""])


def _from_turns(conversations: list[Conversation]) -> tuple[list[Record], list[SetAside], tuple[str, ...]]:
    clock = Clock.over([turn.stamp for each in conversations for turn in each.turns], [c.began for c in conversations])
    records: list[Record] = []
    aside: list[SetAside] = []
    unknown = 0
    for number, conversation in enumerate(conversations, start=1):
        roles = roles_of([(turn.speaker, turn.text) for turn in conversation.turns])
        times = clock.times(conversation.began, [turn.stamp for turn in conversation.turns])
        unknown += not any(roles.values())
        thread = conversation.name or f"conversation {number}"
        for turn, moment in zip(conversation.turns, times, strict=True):
            found = _records(turn, len(records) + len(aside) + 1, thread, roles[turn.speaker], moment)
            records += found
            if not found:
                aside.append(SetAside(row=len(records) + len(aside) + 1, reason="a speaker who says nothing"))
    notes = [f"conversations whose speakers have no known role, all read as customers: {unknown}"] if unknown else []
    if clock.undated:
        notes.append("times of day without a date were not read")
    if not clock.order.told:
        notes.append(guessed_order(clock.order))
    return records, aside, tuple(notes)


def _records(turn: Turn, number: int, thread: str, role: str, moment: datetime | None) -> list[Record]:
    return [
        Record(
            record_id=id_for_row(number + offset), text=piece, thread_ref=thread, author_role=role or "customer",
            created_at=moment,
        )
        for offset, piece in enumerate(pieces(turn.text, MAX_FIELD))
    ]  # fmt: skip


def _from_prose(text: str) -> tuple[list[Record], list[SetAside], tuple[str, ...]]:
    found, kind = passages(text)
    records = [
        Record(record_id=id_for_row(number), text=piece)
        for number, piece in enumerate((piece for each in found for piece in pieces(each, MAX_FIELD)), start=1)
    ]
    note = f"no speakers were found: each {kind} is one record" if kind != "text" else "read as one text"
    return records, [], (note,) if records else (NO_ROWS,)
