"""Real files with their traps; skipped where the shared folder is not beside the repository."""

from pathlib import Path

import pytest

from millrace.ingestion.domain.parse import parse
from millrace.ingestion.domain.parsed import Parsed

SHARED = Path(__file__).resolve().parents[5] / "shared" / "data"


def _parsed(name: str) -> Parsed:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the repository")
    return parse(path.read_bytes(), "text/csv", name)


def _mean(parsed: Parsed) -> float:
    values = [record.rating.value for record in parsed.records if record.rating]
    return sum(values) / len(values)


def test_restaurant_reviews() -> None:
    parsed = _parsed("restaurant_reviews.csv")
    assert parsed.mapping is not None
    assert (len(parsed.records), parsed.set_aside_total) == (1000, 0)
    assert (parsed.mapping.fields, parsed.mapping.scale) == ({"text": "Review", "rating": "Liked"}, "binary")
    # Four rows say only `#NAME?`: they keep their rating and have no text.
    assert sum(not record.text for record in parsed.records) == 4
    assert _mean(parsed) == 0.5


def test_clothing_reviews() -> None:
    parsed = _parsed("clothing_reviews.csv")
    assert parsed.mapping is not None
    assert (len(parsed.records), parsed.set_aside_total) == (1000, 0)
    assert parsed.mapping.fields == {
        "text": "Review Text", "title": "Title", "rating": "Rating", "record_id": "column 1", "product": "Clothing ID",
    }  # fmt: skip
    assert parsed.mapping.scale == "stars5"
    assert set(parsed.mapping.attrs) > {"Age", "Recommended IND", "Department Name"}
    assert sum(not record.text for record in parsed.records) == 42
    # 546 fives, 228 fours, 127 threes, 72 twos and 27 ones, counted in the file itself.
    assert _mean(parsed) == pytest.approx(4.194)
