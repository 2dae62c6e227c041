"""The page holds all of it, is well formed, asks nothing of anybody, and no name can do more than be read."""

import re
from html.parser import HTMLParser

from libs.journey.tests.unit.conftest import START, Run

from millrace.contracts.run import Gap, RunRecord
from millrace.journey import journey
from millrace.journey.page import page

HOSTILE = '<script>alert(\'x\')</script> " onload="y" {{ 7*7 }}'
VOID = {"meta"}


class Tags(HTMLParser):
    """Fails where a tag is closed that is not open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_says_why_and_shows_every_row(normals: list[RunRecord]) -> None:
    # given
    found = journey(Run(compute_annotate_2=3.0, again_kpis_0=0.5).record(), normals, START, "https://app.datadoghq.eu/")
    # when
    made = page(found)
    # then
    assert "nlp was slow: annotate computed for 3.4 s" in made
    assert 'href="https://app.datadoghq.eu/apm/trace/4bf92f3577b34da6a3ce929d0e0e4736"' in made
    assert all(f"{row.name}" in made for row in found.rows)
    assert "begun twice" in made
    assert made.count("<svg") == len(found.rows)


def test_the_page_is_well_formed_and_needs_nothing_from_elsewhere(normals: list[RunRecord]) -> None:
    # given
    tags = Tags()
    # when
    made = page(journey(Run().record(), normals, START))
    tags.feed(made)
    # then
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & tags.seen
    assert not re.search(r"https?://|url\(|@import", made)


def test_what_names_hold_is_only_read() -> None:
    # given
    record = Run().record(flow=HOSTILE, gaps=(Gap(step=HOSTILE, reason=HOSTILE, effect=HOSTILE),))
    # when
    made = page(journey(record, [], START))
    # then
    assert "<script" not in made and 'onload="y"' not in made and "49" not in re.findall(r"\{\{.*?\}\}|>49<", made)
    assert "&lt;script&gt;" in made


def test_the_same_journey_gives_the_same_bytes(normals: list[RunRecord]) -> None:
    # when / then
    found = journey(Run().record(), normals, START)
    assert page(found) == page(found)
