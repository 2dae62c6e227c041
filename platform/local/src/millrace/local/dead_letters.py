"""`millrace dead-letters list | show | return`: what no worker could use, at the broker itself."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType

from millrace.client import screen
from millrace.client.screen import Screen
from millrace.client.views.tables import line, table
from millrace.client.views.words import NONE, count, moment
from millrace.contracts.base import Message, Timestamp
from millrace.local.settings import LocalSettings
from millrace.worker.dead_letters import DeadLetter
from millrace.worker.dead_queue import DeadLetterQueue, Held, NoWayBack, dead_letter_queue
from millrace.worker.errors import WorkerError
from millrace.worker.settings import BrokerSettings

MOST = 100_000
"""Letters that are looked through for one: more than anyone leaves lying."""


class Summary(Message):
    """A letter as it is listed: nothing of what is in it."""

    id: str
    reason: str
    queue: str
    task: str | None
    at: Timestamp
    worker: str
    bytes: int

    @classmethod
    def of(cls, letter: DeadLetter) -> "Summary":
        """The letter's own."""
        return cls.model_validate({**letter.model_dump(), "bytes": len(letter.content)})


class Opened(Summary):
    """A letter as it is shown. Its body only when that was asked for."""

    content_type: str | None
    content_encoding: str | None
    headers: dict[str, Any]
    properties: dict[str, Any]
    framed: bool
    body: str | None = None
    """As text; bytes that are none stand in it as `\\xff`."""


class Listing(Message):
    """The answer of `list --json`."""

    dead_letters: tuple[Summary, ...]
    more: bool
    """Whether there are more than were asked for."""


class Returned(Message):
    """The answer of `return --json`."""

    returned: tuple[Summary, ...]
    left: tuple[Summary, ...] = ()
    """Those that no queue of ours is named for."""


def show_all(limit: int, *, as_json: bool) -> None:
    """The oldest letters, which stay."""
    shown = Screen(as_json=as_json)
    with _queue(shown) as queue:
        found = [Summary.of(letter) for letter in queue.read(limit + 1)]
    listing = Listing(dead_letters=tuple(found[:limit]), more=len(found) > limit)
    shown.document(listing)
    shown.show(_listed(listing))


def show(letter_id: str, *, body: bool, as_json: bool) -> None:
    """One letter, with its body when `body` says so."""
    shown = Screen(as_json=as_json)
    with _queue(shown) as queue:
        letter = _find(shown, queue.hold(MOST), letter_id).letter
    text = letter.content.decode(errors="backslashreplace") if body else None
    summary = Summary.of(letter)
    opened = Opened.model_validate({**summary.model_dump(), **_parts(letter), "framed": letter.framed, "body": text})
    shown.document(opened)
    shown.show(_opened(opened))


def _parts(letter: DeadLetter) -> dict[str, Any]:
    """Its headers and what goes with them. JSON may hold half of a surrogate pair, text may not."""
    text = json.dumps(json.loads(letter.original), ensure_ascii=False)
    parts: dict[str, Any] = json.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return parts


def send_back(letter_id: str | None, *, as_json: bool) -> None:
    """Return one letter, or every one that has a queue to go to."""
    shown = Screen(as_json=as_json)
    returned: list[Summary] = []
    left: list[Summary] = []
    with _queue(shown) as queue:
        held = queue.hold(MOST)
        for each in held if letter_id is None else [_find(shown, held, letter_id)]:
            (returned if _sent_back(shown, queue, each) else left).append(Summary.of(each.letter))
    shown.document(Returned(returned=tuple(returned), left=tuple(left)))
    shown.show(Group(*(line(f"{each.id} returned to {each.queue}") for each in returned)))
    if letter_id is None and not held:
        shown.show(line("No dead letters."))
    if left:
        raise SystemExit(screen.REFUSED)


def _sent_back(shown: Screen, queue: DeadLetterQueue, held: Held) -> bool:
    try:
        queue.send_back(held)
    except NoWayBack as error:
        shown.tell(str(error))
        return False
    return True


def _find(shown: Screen, held: Any, letter_id: str) -> Held:
    for each in held:
        if each.letter.id == letter_id:
            return each  # type: ignore[no-any-return]
    shown.tell(f"There is no dead letter {letter_id}.")
    raise SystemExit(screen.REFUSED)


@contextmanager
def _queue(shown: Screen) -> Iterator[DeadLetterQueue]:
    try:
        with dead_letter_queue(_broker()) as queue:
            yield queue
    except WorkerError as error:
        shown.tell(f"{error}. MILLRACE_BROKER_URL names it; `millrace up` starts a local stack.")
        raise SystemExit(screen.UNREACHABLE) from error


def _broker() -> BrokerSettings:
    """The broker that the environment names in full, else that of the stack that runs here, else the default."""
    settings = BrokerSettings()
    named = "broker_url" in settings.model_fields_set
    # `sqs://` or `amqp://` alone stands for the local stack's own, unless it says where the queues are.
    if named and (settings.sqs_queue_url or not settings.broker_url.endswith("://")):
        return settings
    path = Path(LocalSettings().state_dir) / "stack.json"
    state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return BrokerSettings(**state["broker"]) if "broker" in state else settings


def _listed(listing: Listing) -> RenderableType:
    if not listing.dead_letters:
        return line("No dead letters.")
    columns = ("!Letter", "Reason", "Queue", "Task", "Put aside (UTC)", ">Bytes")
    made = table("Dead letters", columns, map(_row, listing.dead_letters))
    return Group(made, line("There are more: raise --limit.")) if listing.more else made


def _row(each: Summary) -> tuple[str, ...]:
    return each.id, each.reason, each.queue or NONE, each.task or NONE, f"{each.at:%Y-%m-%d %H:%M}", f"{each.bytes:,}"


def _opened(letter: Opened) -> RenderableType:
    facts = {
        "Reason": letter.reason, "Queue": letter.queue or NONE, "Task": letter.task or NONE,
        "Put aside": moment(letter.at), "Worker": letter.worker or NONE, "Content type": letter.content_type or NONE,
        "Encoding": letter.content_encoding or NONE, "Size": count(letter.bytes, "byte"),
    }  # fmt: skip
    parts = [table(letter.id, ("Fact", "Value"), facts.items())]
    for title, values in (("Headers", letter.headers), ("Properties", letter.properties)):
        if values:
            rows = [(str(name), json.dumps(value, default=str)) for name, value in values.items()]
            parts.append(table(title, ("Name", "Value"), rows))
    if letter.body is not None:
        parts.append(Group(line("Body", style="bold"), line(letter.body)))
    return Group(*parts)
