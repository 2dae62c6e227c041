"""A small dose of `make fuzz`, and the arithmetic of its table."""

from collections import Counter
from pathlib import Path

from tests.fuzz.coverage import documented, undocumented, unseen
from tests.fuzz.suite import attack
from tests.fuzz.tables import wrong

PROMISED = {"GET /a": ("200", "404"), "POST /a": ("202",)}


def test_a_few_requests_an_operation_and_every_documented_answer_is_seen(tmp_path: Path):
    promised, found = attack(tmp_path, examples=5, seed=1)
    assert len(promised) > 15 and sum(found.seen.values()) > 400
    assert wrong(promised, found) == []


def test_the_description_says_what_is_promised():
    description = {"paths": {"/a": {"post": {"responses": {"202": {}}}, "parameters": [], "get": {"responses": {
        "404": {}, "200": {}}}}}}  # fmt: skip
    assert documented(description) == PROMISED


def test_an_answer_that_never_came_and_one_that_nobody_promised_are_told():
    seen = Counter({("GET /a", "200"): 3, ("GET /a", "500"): 1, ("POST /a", "202"): 1, ("GET /unknown", "200"): 1})
    assert unseen(PROMISED, seen) == ["GET /a 404"]
    assert undocumented(PROMISED, seen) == ["GET /a 500"]
