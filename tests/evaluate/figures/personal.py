"""Personal data out of the text: what is found, and what is masked without need."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tests.evaluate.figure import Figure, Target, not_offered, share
from tests.evaluate.metrics import NO_SPANS, Span, Spans, masked_spans, match_spans
from tests.evaluate.pipeline import Ran
from tests.evaluate.world import World

from millrace.contracts import tables
from millrace.contracts.records import Record
from millrace.dataset_conversations.domain.text import joined, own_words
from millrace.testing import labelled
from millrace.testing.corpus import Corpus

AREA = "personal"
STRUCTURED = ("email", "phone", "card", "iban")
"""Kinds that can be told by their form, which the targets are about."""
RECALL, PRECISION = Target(least=0.98), Target(least=0.95)

ByKind = dict[str, Spans]


def measure(world: World) -> Iterator[Figure]:
    """Planted strings of every seed, then the hand-written lines."""
    first = world.ran("steady", world.seeds[0])
    if why := first.missing("conversations"):
        yield from not_offered(AREA, [("recall, planted", RECALL), ("precision, planted", PRECISION)], why)
        return
    planted: ByKind = defaultdict(lambda: NO_SPANS)
    for seed in world.seeds:
        _add(planted, _of_corpus(world.steady(seed), world.ran("steady", seed)))
    yield from _figures("planted", planted)
    yield from _figures("hand-written", _of_lines(world))


def _figures(where: str, found: ByKind) -> Iterator[Figure]:
    whole = sum((found[kind] for kind in STRUCTURED if kind in found), NO_SPANS)
    yield Figure(
        area=AREA, name=f"recall, {where}", value=share(whole.found, whole.planted), n=whole.planted,
        target=RECALL if where == "planted" else None, note=", ".join(STRUCTURED),
    )  # fmt: skip
    yield Figure(
        area=AREA, name=f"precision, {where}", value=share(whole.right, whole.masks), n=whole.masks,
        target=PRECISION if where == "planted" else None, note=", ".join(STRUCTURED),
    )  # fmt: skip
    for kind in sorted(found):
        each = found[kind]
        right = share(each.right, each.masks)
        yield Figure(
            area=AREA, name=f"recall of {kind}, {where}", value=share(each.found, each.planted), n=each.planted,
            note=f"precision {right:.3f} of {each.masks}" if right is not None else "none masked",
        )  # fmt: skip


def _add(total: ByKind, more: ByKind) -> None:
    for kind, spans in more.items():
        total[kind] += spans


def _of_corpus(corpus: Corpus, ran: Ran) -> ByKind:
    found: ByKind = defaultdict(lambda: NO_SPANS)
    turns = _turns(ran)
    for record in corpus.records:
        raw = own_words(joined(record.title, record.text))
        spans = [
            Span(each.kind, raw.index(each.text), raw.index(each.text) + len(each.text))
            for each in corpus.truth.personal.get(record.record_id, ())
        ]
        if record.record_id in turns:
            _add(found, _matched(raw, turns[record.record_id], spans))
    return found


def _of_lines(world: World) -> ByKind:
    found: ByKind = defaultdict(lambda: NO_SPANS)
    told = labelled.personal()
    records = [Record(record_id=each.id, text=each.text) for each in told]
    turns = _turns(world.pipeline.run(records, ("conversations",)))
    for each in told:
        spans = [Span(span.kind, span.start, span.end) for span in each.spans]
        _add(found, _matched(each.text, turns[each.id], spans))
    return found


def _turns(ran: Ran) -> dict[str, str]:
    return {row["record_id"]: row["text"] for row in ran.rows("conversations.turns", tables.TURNS)}


def _matched(raw: str, masked: str, planted: Sequence[Span]) -> ByKind:
    masks = masked_spans(raw, masked)
    if masks is None:
        raise ValueError("a masked text is not its raw text with masks in it")
    kinds = {span.kind for span in (*planted, *masks)}
    return {
        kind: match_spans([p for p in planted if p.kind == kind], [m for m in masks if m.kind == kind])
        for kind in sorted(kinds)
    }
