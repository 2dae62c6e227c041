"""How good it is: the level of the score, or of the tone where nothing is rated."""

from millrace.analytics.domain.findings.common import span
from millrace.analytics.domain.words import WORDS, of, percent
from millrace.contracts.insights import Estimate, Kpis, Score, ThemeImpacts
from millrace.contracts.records import Scale
from millrace.contracts.report import Finding


def level(kpis: Kpis | None, impact: ThemeImpacts | None) -> Finding | None:
    """The main score, or the tone where nothing is rated; None without either."""
    if kpis is not None and kpis.scores:
        score = kpis.scores[0]
        return _nps(score, score.nps) if score.nps else _mean(score)
    if impact is None or impact.sentiment.n == 0:
        return None
    net = impact.sentiment
    tone = "on balance positive" if net.low > 0 else "on balance negative" if net.high < 0 else "neither good nor bad"
    text = f"The tone is {tone}: net sentiment {net.value:+.2f} ({span(net, '+.2f')}, n={net.n:,} sentences)"
    return Finding(text=text, metric="sentiment", estimate=net, n=net.n)


def _mean(score: Score) -> Finding:
    scale, mean = Scale(score.kind), score.mean
    words = WORDS[scale]
    interval = f"({words.level(mean.low)} to {words.level(mean.high)}, n={mean.n:,})"
    text = f"{words.subject} {words.level(mean.value)}{of(scale)} {interval}"
    if not words.percent:
        text += f"; {percent(score.distribution[-1].share.value)} gave {words.top}"
    return Finding(text=text, metric=f"kpis.scores.{score.kind}.mean", estimate=mean, n=mean.n)


def _nps(score: Score, nps: Estimate) -> Finding:
    promoters = sum(bucket.count for bucket in score.distribution if bucket.value >= 9) / nps.n
    text = f"NPS {nps.value:+.0f} ({span(nps, '+.0f')}, n={nps.n:,}); {percent(promoters)} are promoters"
    return Finding(text=text, metric="kpis.scores.nps.nps", estimate=nps, n=nps.n)
