"""Train the sentiment head: `python -m millrace.nlp.training.sentiment`. Needs the extra `training`.

It embeds the seed corpus with the service's own encoder, chooses the penalty by leaving one domain out at a time,
sets temperature and scale on what the models did not see, and writes `data/sentiment_head.json`. The same corpus,
encoder and lexicon give the same file.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np

from millrace.nlp import adapters
from millrace.nlp.adapters import Embedder
from millrace.nlp.domain.sentiment import EVIDENCE, POSITIVE, Lexicon
from millrace.nlp.domain.sentiment_head import NEGATIVE_CLASS, NEUTRAL_CLASS, POSITIVE_CLASS, lead
from millrace.nlp.embedding.encoder import Encoder
from millrace.nlp.training import fitting
from millrace.nlp.training.fitting import Array, Classes, Lesson
from millrace.nlp.training.reliability import calibration_error, reliability
from millrace.nlp.training.seed import Example, composed, corpus_hash, written

FILE = "sentiment_head.json"
"""Its name in the package's folder `data`."""
RULES = "sentiment.toml"
"""The lexicon's, beside it."""
DIGITS = 4
"""Of every weight: what lies behind them differs between machines."""


def lesson(embedder: Embedder, lexicon: Lexicon, examples: list[Example]) -> Lesson:
    """The examples as features."""
    vectors, _ = embedder.encode([each.text for each in examples])
    evidence = np.array([lexicon.judge(each.text).evidence for each in examples])
    return Lesson(
        vectors=vectors.astype(np.float64),
        evidence=evidence,
        tones=np.array([each.tone for each in examples], dtype=np.intp),
        domains=np.array([each.domain for each in examples]),
        weights=np.array([each.weight for each in examples]),
        judged=np.array([each.weight == 1 for each in examples]),
    )


def train(taught: Lesson, strengths: Sequence[float] = fitting.STRENGTHS) -> dict[str, Any]:
    """Weights, scale and figures, as the file holds them."""
    strength, logits = fitting.choose_strength(taught, strengths)
    warmth = fitting.temperature(taught, logits[strength])
    unseen = fitting.softmax(logits[strength][taught.judged] / warmth)
    lexical, tones = taught.saw("score"), taught.tones[taught.judged]
    by_lexicon = 1 + (lexical >= POSITIVE).astype(np.intp) - (lexical <= -POSITIVE)
    both = (unseen.argmax(axis=1) == by_lexicon) & (by_lexicon != NEUTRAL_CLASS)
    leads, scores = fitting.equated(np.asarray(lead(unseen[both]), dtype=np.float64), lexical[both])
    claims, truths = fitting.calibrated(taught.saw("agreement"), by_lexicon == tones)
    model = fitting.fit(taught, strength)
    return {
        "strength": strength,
        "temperature": round(warmth, DIGITS),
        "unseen": _figures(unseen, lexical, by_lexicon, tones),
        "leads": _rounded(leads),
        "scores": _rounded(scores),
        "claims": _rounded(claims),
        "truths": _rounded(truths),
        "intercepts": _rounded(model.intercept_ / warmth),
        "weights": [_rounded(row) for row in model.coef_.T / warmth],
    }


def main() -> None:
    """Train on all of the seed corpus and write the file."""
    encoder = Encoder.load()
    taught = lesson(encoder, adapters.load_lexicon(), [*written(), *composed()])
    head = {
        "made_by": "python -m millrace.nlp.training.sentiment",
        "encoder": encoder.version,
        "corpus_sha256": corpus_hash(),
        "lexicon_sha256": lexicon_hash(),
        "examples": {"written": int(taught.judged.sum()), "composed": int((~taught.judged).sum())},
        "evidence": list(EVIDENCE),
        **train(taught),
    }
    with resources.as_file(resources.files("millrace.nlp").joinpath("data", FILE)) as path:
        path.write_text(_as_text(head), encoding="utf-8")
    sys.stdout.write(json.dumps({"strength": head["strength"], **head["unseen"]}, indent=2) + "\n")


def lexicon_hash() -> str:
    """Of the lexicon's rules: the head was trained on what they find."""
    return hashlib.sha256(resources.files("millrace.nlp").joinpath("data", RULES).read_bytes()).hexdigest()


def _figures(unseen: Array, lexical: Array, by_lexicon: Classes, tones: Classes) -> dict[str, Any]:
    """How good the head is in domains that it did not see, beside the lexicon."""
    found, opinion = unseen.argmax(axis=1), tones != NEUTRAL_CLASS
    margins = unseen[:, POSITIVE_CLASS] - unseen[:, NEGATIVE_CLASS]
    signs = (float(((each > 0) == (tones == POSITIVE_CLASS))[opinion].mean()) for each in (margins, lexical))
    sign, sign_of_lexicon = _rounded(signs)
    return {
        "n": len(tones),
        "macro_f1": round(fitting.macro_f1(tones, found), DIGITS),
        "macro_f1_of_lexicon": round(fitting.macro_f1(tones, by_lexicon), DIGITS),
        "sign_accuracy": sign,
        "sign_accuracy_of_lexicon": sign_of_lexicon,
        "log_loss": round(float(-np.log(unseen[np.arange(len(tones)), tones]).mean()), DIGITS),
        "calibration_error": calibration_error(reliability(unseen.max(axis=1), found == tones)),
    }


def _rounded(values: Any) -> list[float]:
    return [round(float(each), DIGITS) for each in values]


def _as_text(head: dict[str, Any]) -> str:
    """JSON with a line per key, and one per row of weights."""
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in head.items() if key != "weights"]
    rows = ",\n".join(json.dumps(row) for row in head["weights"])
    return "{\n" + ",\n".join([*lines, f'"weights": [\n{rows}\n]']) + "\n}\n"


if __name__ == "__main__":
    main()
