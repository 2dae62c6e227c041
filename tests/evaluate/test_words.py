"""The page has words for everything that the manifests of the datasets name."""

import pytest
from tests.evaluate.pipeline import Pipeline
from tests.evaluate.world import DAYS, START

from millrace.contracts.insights import Manifest
from millrace.nlp.embedding_twin import WordHashes
from millrace.testing.corpus import generate
from millrace.view import words

STEPS = ("conversations", "ratings", "customers", "operations")
BATCHES = {"nothing": (), "a few records": generate(1, 30, START, DAYS).records}


@pytest.mark.parametrize("batch", BATCHES)
def test_every_check_and_kind_has_words_and_none_has_them_in_vain(batch: str) -> None:
    # given the datasets of a batch
    ran = Pipeline(WordHashes()).run(BATCHES[batch], STEPS)
    # when their manifests are read
    manifests = [manifest for step in STEPS for manifest in ran.models(f"{step}.quality", Manifest)]
    # then
    assert len(manifests) == len(STEPS)
    checks = {check.name for manifest in manifests for check in manifest.checks}
    assert {name for name in checks if not name.endswith("_schema")} == set(words.CHECKS)
    tables = {name.removesuffix("_schema") for name in checks if name.endswith("_schema")}
    assert tables == {name for manifest in manifests for name in manifest.tables}
    kinds = {key.removeprefix("masked_") for each in manifests for key in each.facts if key.startswith("masked_")}
    assert kinds == set(words.MASKED)
