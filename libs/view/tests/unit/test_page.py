"""The page: what a reader finds, and what no text can do to it."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from millrace.contracts.insights import Kpis, Quote, ServiceLevels
from millrace.contracts.outcome import Coverage, OutcomeStatus
from millrace.contracts.report import Report
from millrace.contracts.run import Gap, StepContext
from millrace.view import render

VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "path", "use", "source", "wbr"}
HOSTILE = (
    "<script>alert('x')</script> \" onload=\"y\" ' {{ 7*7 }} $\\frac{1}{2}$ שלום \u202e مرحبا 😀 日本語 & \x00\x07"
)


class Page(HTMLParser):
    """A page as its parser sees it; fails on elements that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.opened == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.text += " " if tag == "small" else ""
        if tag not in VOID:
            self.opened.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag in VOID or self.opened.pop() == tag
        self.text += " " if tag in ("h2", "h3", "h4", "li", "p", "td", "th") else ""

    def handle_data(self, data):
        if self.opened and self.opened[-1] != "style":
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self):
        return " ".join(self.text.split())


def gaps_only(bare: Report) -> Report:
    steps = ("conversations", "ratings", "customers", "operations")
    return bare.model_copy(
        update={"records": 40, "gaps": tuple(Gap(step=step, reason="deadline_passed", effect="none") for step in steps)}
    )


def undated(rich: Report) -> Report:
    return rich.model_copy(
        update={
            "kpis": rich.kpis.model_copy(update={"first_at": None, "last_at": None}), "trends": (), "change_points": (),
            "anomalies": (), "forecasts": (), "gaps": (), "service_levels": ServiceLevels(note="no tickets"),
            "notes": (
                "trends: no dates in this batch", "changes: no dates in this batch", "service levels: no tickets",
            ),
        }
    )  # fmt: skip


def unrated(rich: Report) -> Report:
    themes = tuple(theme.model_copy(update={"impact": None, "score_with": None}) for theme in rich.themes)
    return rich.model_copy(
        update={
            "kpis": Kpis(records=1_204, rated=0), "themes": themes, "drivers": (), "segments": (), "headline": (),
            "notes": ("drivers: nothing is rated",),
        }
    )  # fmt: skip


def hostile(rich: Report) -> Report:
    quote = Quote(record_id=HOSTILE, text=HOSTILE + "x" * 10_000, sentiment=-0.5, rating=1)
    return rich.model_copy(
        update={
            "themes": tuple(each.model_copy(update={"label": HOSTILE, "quotes": (quote,)}) for each in rich.themes),
            "segments": tuple(each.model_copy(update={"value": HOSTILE * 40}) for each in rich.segments),
            "topics": tuple(each.model_copy(update={"label": HOSTILE, "terms": (HOSTILE,)}) for each in rich.topics),
            "headline": tuple(each.model_copy(update={"text": HOSTILE}) for each in rich.headline),
            "summary": (quote,), "notes": (HOSTILE, f"trends: {HOSTILE}"), "tenant": HOSTILE,
        }
    )  # fmt: skip


CASES = {
    "rich": lambda rich, bare: rich,
    "bare": lambda rich, bare: bare,
    "nothing but gaps": lambda rich, bare: gaps_only(bare),
    "no dates": lambda rich, bare: undated(rich),
    "no ratings": lambda rich, bare: unrated(rich),
    "hostile": lambda rich, bare: hostile(rich),
}


@pytest.fixture(scope="module", params=CASES)
def html(request, reports):
    return render(CASES[request.param](*reports))


def test_the_page_is_well_formed_and_self_contained(html):
    # given
    page = Page(html)
    # then
    assert html.startswith("<!doctype html>")
    assert {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in page.elements} == set()
    assert [name for _, attributes in page.elements for name in attributes if name.startswith("on")] == []
    assert re.findall(r"(?:https?:|data:|@import|url\((?!#))", html) == []


def test_every_link_leads_somewhere_and_no_id_is_there_twice(html):
    page = Page(html)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {each["href"] for _, each in page.elements if "href" in each} <= {f"#{name}" for name in ids}
    assert {each["aria-labelledby"] for _, each in page.elements if "aria-labelledby" in each} <= set(ids)


def test_headings_skip_no_level_and_tables_say_what_they_hold(html):
    page = Page(html)
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("scope" in each for each in page.all("th"))
    assert all(each.get("role") == "img" for each in page.all("svg"))
    assert len(page.all("summary")) == len(page.all("details"))


def test_the_same_report_gives_the_same_bytes(rich):
    assert render(rich) == render(rich)


def test_another_process_gives_the_same_bytes(rich, tmp_path):
    # given
    report = tmp_path / "report.json"
    report.write_text(rich.model_dump_json())
    program = (
        "import hashlib, pathlib, sys\n"
        "from millrace.contracts.report import Report\n"
        "from millrace.view import render\n"
        "page = render(Report.model_validate_json(pathlib.Path(sys.argv[1]).read_text()))\n"
        "print(hashlib.sha256(page.encode()).hexdigest())"
    )
    # when
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, report], env={"PYTHONHASHSEED": seed, "MPLCONFIGDIR": str(tmp_path)},
            capture_output=True, check=True, text=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    # then
    assert len(digests) == 1


def test_a_rich_report_has_every_section(rich):
    page = Page(render(rich))
    sections = {attributes["id"] for attributes in page.all("section")}
    assert sections == {
        "findings", "scores", "themes", "contacts", "flags", "entities", "drivers", "segments", "trends", "changes",
        "forecasts", "emerging", "topics", "phrases", "summary", "risks", "service", "duplicates", "gaps", "notes",
        "coverage", "quality", "lineage",
    }  # fmt: skip
    assert "Not here" not in page.words
    assert len(page.all("svg")) == 2 + 2 + 2


def test_the_top_says_what_was_read_and_what_is_missing(rich):
    words = Page(render(rich)).words
    assert "What customers said, 3 March to 4 May 2025" in words
    assert "Partial. Missing or incomplete: summary; tone and themes of each sentence." in words
    assert "96 % of the sentences were read (2,312 of 2,408)." in words
    assert "830 of 1,204 records carry a rating (69 %)." in words


def test_claims_point_at_quotes_that_the_page_shows(rich):
    html = render(rich)
    anchor = re.search(r'Evidence: <a href="#(quote-\d+)"><bdi>r-0100</bdi></a>', html)
    assert anchor
    quoted = html[html.index(f'id="{anchor[1]}"') :]
    assert quoted.index("It took two weeks to arrive") < quoted.index("</blockquote>")
    # A record that is quoted nowhere is named all the same, and a long list is cut.
    assert "r-0447</bdi> and 2 more" in html


def test_numbers_come_with_interval_and_n(rich):
    words = Page(render(rich)).words
    assert "Mean rating 3.84 of 5 3.77 to 3.91 830 ratings" in words
    assert "NPS +18 +9 to +26 312 answers" in words
    assert "Tried on 42 past values, it was off by 2.6 on average, 24 % less than repeating the week before" in words


def test_a_batch_without_dates_says_so_instead_of_drawing(rich):
    page = Page(render(undated(rich)))
    assert "trends and change points and anomalies (no dates in this batch)" in page.words
    assert "service levels (no tickets)" in page.words
    assert len(page.all("svg")) == 2


def test_a_batch_without_ratings_tells_tone_instead_of_impact(rich):
    page = Page(render(unrated(rich)))
    assert "No record is rated." in page.words
    assert "Nothing is rated, so that no effect on a score can be told." in page.words
    assert "Effect on the" not in page.words


def test_an_empty_batch_is_told_in_one_line(bare):
    words = Page(render(bare)).words
    assert "Nothing to report. The batch holds no record that could be used." in words
    assert "Not here" not in words


def test_nothing_but_gaps_are_told_once_with_their_cost(bare):
    page = Page(render(gaps_only(bare)))
    assert "Partial. Missing or incomplete: customers; ratings; texts and conversations; tickets." in page.words
    assert "Texts and conversations not done when its time was up none" in page.words
    assert [each for each in page.all("h2") if each.get("id", "").startswith("part-")] == [{"id": "part-trust"}]


def test_what_was_looked_for_in_vain_is_told_apart(rich):
    step = StepContext(stage="insight", step="emerging", status=OutcomeStatus.SUCCEEDED, parts=1)
    lineage = rich.lineage.model_copy(update={"steps": (*rich.lineage.steps, step)})
    words = Page(render(rich.model_copy(update={"emerging": (), "lineage": lineage}))).words
    assert "Not here: emerging themes (looked for, nothing found)." in words
    assert "Nothing is said about emerging" not in words


def test_no_text_gets_out_of_its_place(rich):
    # given
    html = render(hostile(rich))
    # then
    assert "<script" not in html
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert "x" * 500 not in html
    assert "\x00" not in html


def test_long_lists_are_cut_and_say_so(rich):
    # given
    many = tuple(rich.themes[0].model_copy(update={"id": f"t{place}", "quotes": ()}) for place in range(60))
    # when
    words = Page(render(rich.model_copy(update={"themes": many}))).words
    # then
    assert "… and 35 more themes in the report\u2019s data." in words


def test_a_step_that_nobody_knows_is_shown_by_its_name(rich):
    coverage = {**rich.coverage, "night_shift": Coverage(seen=1, total=3)}
    gap = Gap(step="night_shift", reason="fell_asleep")
    words = Page(render(rich.model_copy(update={"coverage": coverage, "gaps": (gap,)}))).words
    assert "Night shift fell asleep" in words
    assert "Night shift 1 of 3 rows" in words
