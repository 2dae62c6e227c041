"""Small batches of feedback, drawn from a seed: enough for every step of the flow to have something to do."""

import json
from datetime import UTC, datetime, timedelta
from random import Random

_THINGS = ("parcel", "refund", "shoes", "app", "checkout", "support", "invoice", "jacket")
_GOOD = ("arrived early and looks wonderful", "was sorted out within a day, thank you", "fits perfectly, very happy")
_BAD = ("came broken and nobody answers", "was charged twice, I am still waiting", "fell apart after a week, awful")
_FIRST = datetime(2026, 1, 5, 8, tzinfo=UTC)


def batch(rng: Random, records: int) -> bytes:
    """NDJSON of so many records."""
    return b"".join(json.dumps(_record(rng, number)).encode() + b"\n" for number in range(records))


def _record(rng: Random, number: int) -> dict[str, object]:
    stars = rng.randint(1, 5)
    text = f"The {rng.choice(_THINGS)} {rng.choice(_GOOD if stars > 3 else _BAD)}. Order {rng.randint(1000, 9999)}."
    rating = {"scale": "stars5", "value": stars}
    at = _FIRST + timedelta(hours=rng.randint(0, 1200))
    return {"record_id": f"r{number}", "created_at": at.isoformat(), "text": text, "rating": rating}
