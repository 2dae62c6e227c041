"""The sample that the local stack ships is what the generator writes."""

import csv
import io
from importlib.resources import files
from pathlib import Path

from millrace.testing.corpus.__main__ import main

SAMPLE = files("millrace.local") / "sample" / "feedback.csv"


def test_the_sample_is_regenerated_byte_for_byte(tmp_path: Path) -> None:
    # given the command that the README names
    out = tmp_path / "feedback.csv"
    # when it runs
    main(["--seed", "7", "--n", "400", "--out", str(out)])
    # then the committed file is its output
    assert out.read_bytes() == SAMPLE.read_bytes()


def test_the_sample_has_the_columns_of_an_export() -> None:
    rows = list(csv.DictReader(io.StringIO(SAMPLE.read_text("utf-8"), newline="")))
    assert len(rows) == 400
    assert list(rows[0]) == [
        "id", "created_at", "channel", "customer", "thread", "author", "title", "review", "stars", "department",
        "plan", "country", "age",
    ]  # fmt: skip
    assert (rows[0]["id"], rows[-1]["id"]) == ("fb-00001", "fb-00400")
    assert {row["author"] for row in rows} == {"customer", "agent"}
