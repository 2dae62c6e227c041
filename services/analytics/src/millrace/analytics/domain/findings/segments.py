"""Who is worse off."""

from millrace.analytics.domain.estimates import LEVEL, excludes_zero
from millrace.analytics.domain.words import WORDS
from millrace.contracts.insights import Segments, SegmentScore
from millrace.contracts.records import Scale
from millrace.contracts.report import Finding


def segment(found: Segments | None) -> Finding | None:
    """The segment below the rest that costs the overall score most (difference times size), or else the one above."""
    if found is None or not found.kind:
        return None
    stands = [each for each in found.segments if each.p_value < 1 - LEVEL and excludes_zero(each.difference)]
    if not stands:
        return None
    below = [each for each in stands if each.difference.value < 0]
    most = max(below or stands, key=lambda each: (abs(each.difference.value) * each.mean.n, each.name, each.value))
    return _apart(Scale(found.kind), most, "" if below else "; no segment scores measurably below")


def _apart(scale: Scale, segment: SegmentScore, rider: str) -> Finding:
    words, difference = WORDS[scale], segment.difference
    side = "above" if difference.value > 0 else "below"
    rest = words.level(segment.mean.value - difference.value)
    text = (
        f"{segment.name}: {segment.value} scores {side} the rest, {words.level(segment.mean.value)} against {rest} "
        f"({words.effect(difference)}, n={segment.mean.n:,}){rider}"
    )
    metric = f"segments.{segment.name}.{segment.value}.difference"
    return Finding(text=text, metric=metric, estimate=difference, n=segment.mean.n)
