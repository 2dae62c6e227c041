"""A small dose of `make fuzz`, and the arithmetic of its table."""

from collections import Counter
from pathlib import Path

from tests.fuzz.coverage import RACES, documented, undocumented, unseen
from tests.fuzz.engine import FITTING, MEANING
from tests.fuzz.probes import NOBODY
from tests.fuzz.suite import attack
from tests.fuzz.tables import wrong

from millrace.contracts.ids import ENDPOINT_ID, RUN_ID
from millrace.storage.uploads import UPLOAD_ID

PROMISED = {"GET /a": ("200", "404"), "POST /a": ("202",)}


def test_a_few_requests_an_operation_and_every_documented_answer_is_seen(tmp_path: Path):
    promised, found = attack(tmp_path, examples=5, seed=1)
    assert len(promised) > 15 and sum(found.seen.values()) > 400
    assert wrong(promised, found) == []
    assert {f"{label} {status}" for label, statuses in promised.items() for status in statuses} >= RACES


def test_the_names_that_nobody_has_are_of_the_right_form():
    """Others would be refused for their form, and the stores never asked."""
    forms = {"run_id": RUN_ID, "endpoint_id": ENDPOINT_ID, "upload_id": UPLOAD_ID}
    assert NOBODY.keys() == forms.keys()
    assert all(forms[name].match(each) for name, each in NOBODY.items())


def test_only_what_can_mean_nothing_may_be_refused_though_it_fits():
    """An operation that refuses what its description allows is to be noticed."""
    refusals = {400, 409, 413, 415, 422}
    assert not refusals & set(FITTING)
    assert {name for name, statuses in MEANING.items() if refusals <= set(statuses)} == {"POST /v1/runs"}
    assert not {name for name, statuses in MEANING.items() if 401 in statuses}


def test_the_description_says_what_is_promised():
    description = {"paths": {"/a": {"post": {"responses": {"202": {}}}, "parameters": [], "get": {"responses": {
        "404": {}, "200": {}}}}}}  # fmt: skip
    assert documented(description) == PROMISED


def test_an_answer_that_never_came_and_one_that_nobody_promised_are_told():
    seen = Counter({("GET /a", "200"): 3, ("GET /a", "500"): 1, ("POST /a", "202"): 1, ("GET /unknown", "200"): 1})
    assert unseen(PROMISED, seen) == ["GET /a 404"]
    assert undocumented(PROMISED, seen) == ["GET /a 500"]
