"""The page about telemetry has the tables of the code, and points at pages and settings that there are."""

import re

from tests.contracts.telemetry_page import PAGE, page

from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.table import METRICS, SPANS


def test_the_tables_are_those_of_the_code() -> None:
    # when / then: `python tests/contracts/telemetry_page.py` writes them anew
    assert PAGE.read_text() == page(PAGE.read_text())


def test_every_span_and_metric_is_on_the_page() -> None:
    text = PAGE.read_text()
    assert [
        name for name in (*(each.name for each in SPANS), *(each.name for each in METRICS)) if name not in text
    ] == []


def test_a_table_that_is_out_of_date_is_found() -> None:
    # given
    text = PAGE.read_text().replace("| `queue_depth` | gauge |", "| `queue_depth` | counter |")
    # when / then
    assert text != PAGE.read_text()
    assert page(text) == PAGE.read_text()


def test_every_setting_of_telemetry_is_named() -> None:
    named = set(re.findall(r"MILLRACE_[A-Z_]+", PAGE.read_text()))
    settings = {f"MILLRACE_{name.upper()}" for name in TelemetrySettings.model_fields}
    assert settings - named == set()
