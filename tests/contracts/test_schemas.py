"""The published schemas of the report and the callback are those of the code, and forbid no field of tomorrow."""

import json
from pathlib import Path

import pytest

from millrace.contracts.base import Message
from millrace.contracts.report import CallbackBody, Report

SCHEMAS = Path(__file__).parents[2] / "libs" / "contracts" / "schemas"
REPORT = f"report.v{Report.model_fields['schema_version'].default}.json"


@pytest.mark.parametrize(("file", "model"), [(REPORT, Report), ("callback.v1.json", CallbackBody)])
def test_a_published_schema_is_that_of_the_code(file: str, model: type[Message]) -> None:
    # given
    published = json.loads((SCHEMAS / file).read_text())
    # then: `python tests/contracts/record.py` writes it anew
    assert published == model.model_json_schema(mode="serialization")
    assert '"additionalProperties": false' not in (SCHEMAS / file).read_text()
