import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console, RenderableType

from millrace.client.views.accepted import accepted
from millrace.client.views.listings import flows, runs
from millrace.client.views.problem import problem
from millrace.client.views.report import report
from millrace.client.views.run import callback, run
from millrace.contracts.api import Accepted, FlowList, Problem, RunPage, RunView, SetAside
from millrace.contracts.report import Report
from millrace.contracts.run import RunStatus

Samples = Callable[[str], Any]


def text(shown: RenderableType, width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(shown)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def rows(shown: RenderableType) -> list[list[str]]:
    """Cells of every line: columns are two or more spaces apart."""
    return [re.split(r"\s{2,}", row.strip()) for row in text(shown).splitlines()]


def test_accepted_shows_the_guessed_columns_and_what_was_set_aside(samples: Samples) -> None:
    # given / when
    found = rows(accepted(Accepted.model_validate(samples("accepted"))))

    # then
    assert found[0] == ["run_01JZZZZZZZZZZZZZZZZZZZZZZZ accepted: 1,180 records, due by 2026-01-31 12:00:10 UTC"]
    assert ["Columns, guessed (another reading: --map field=Column, --scale)"] in found
    assert ["text", "Review Text"] in found
    assert ["rating", "Rating", "stars5, 1 to 5"] in found
    assert ["attribute", "Department Name"] in found
    assert ["not used", "Unnamed: 0"] in found
    assert ["Encoding utf-8-sig, columns apart by ;"] in found
    assert ["20 rows set aside, the first 2"] in found
    assert ["7", "rating", "9 is not between 1 and 5 (stars5)"] in found


def test_accepted_records_have_no_columns(samples: Samples) -> None:
    answer = samples("accepted") | {"mapping": None, "set_aside": [], "set_aside_total": 0}

    assert len(text(accepted(Accepted.model_validate(answer))).splitlines()) == 1


def test_a_problem_shows_rows_and_fields(samples: Samples) -> None:
    # given / when
    found = rows(problem(Problem.model_validate(samples("problem")), "Look here."))

    # then
    assert found[:2] == [["The batch cannot be used (422)"], ["2 of 2 rows are at fault"]]
    assert ["2", "created_at", "no time: 'yesterday'"] in found
    assert found[-2:] == [["Request req_01JZZZZZZZZZZZZZZZZZZZZZZZ"], ["Look here."]]


def test_a_problem_of_the_whole_request_has_no_row() -> None:
    # given
    fault = SetAside(row=0, field="deadline_s", reason="too long")

    # when / then
    shown = text(problem(Problem(type="urn:x", title="Refused", status=422, errors=(fault,))))
    assert "\n     deadline_s  too long" in shown


def test_a_partial_run_says_what_it_lacks(partial: RunView) -> None:
    # given / when
    found = rows(run(partial))

    # then
    assert found[1] == ["Partial in 10.40 s from acceptance to the end, 0.40 s past its deadline"]
    assert ["1 step is missing; what is shown rests on the others alone."] in found
    assert ["Only a part of the feedback was looked at by: annotate."] in found
    assert ["annotate", "0.50 s", "annotate", "succeeded", "4/4", "840 of 1,000 (84 %)"] in found
    assert ["topics", "timed_out", "Topics beyond the known themes are missing."] in found


def test_a_run_on_its_way_shows_stages_to_come(make_view: Callable[..., RunView]) -> None:
    # given / when
    found = rows(run(make_view("running", None, 2)))

    # then
    assert found[1] == ["Running since 2026-01-31 12:00:00 UTC, due by 2026-01-31 12:00:10 UTC"]
    assert ["annotate", "running", "annotate", "running", "2/4", "-"] in found
    assert ["report", "pending"] in found


def test_a_failed_run_has_its_reason_and_no_report(make_view: Callable[..., RunView]) -> None:
    # given / when
    shown = text(run(make_view("failed", None, reason="a required step failed: ratings", metadata={"batch": "b 7"})))

    # then
    assert "Failed in 3.25 s" in shown
    assert "Reason: a required step failed: ratings\nThere is no report.\n" in shown
    assert " - batch: b 7" in shown


def test_a_run_whose_redrive_is_at_work_says_so_and_tells_its_attempts(redriven: RunView) -> None:
    # given / when
    found = rows(run(redriven))

    # then
    assert found[1] == ["Partial in 3.25 s from acceptance to the end"]
    assert ["Attempt 2 is at work, due by 2026-01-31 13:00:10 UTC; the steps are its own."] in found
    assert ["datasets", "0.50 s", "conversations", "succeeded (reused from attempt 1)", "1/1", "-"] in found
    assert ["1", "partial", "2026-01-31 12:00:00 UTC", "4.00 s", "delivered"] in found
    assert ["2", "running", "2026-01-31 13:00:00 UTC", "-"] in found


def test_the_end_of_a_redrive_is_counted_from_where_that_began(redriven: RunView) -> None:
    # given
    ended = redriven.attempts[1].began_at + timedelta(seconds=12)
    attempts = (redriven.attempts[0], redriven.attempts[1].model_copy(update={"ended_at": ended}))

    # when
    changes = {"redriving": False, "ended_at": ended, "seconds": 12.0, "attempts": attempts}
    found = rows(run(redriven.model_copy(update=changes)))

    # then
    assert found[1] == ["Partial in 12.00 s from the redrive to the end, 2.00 s past its deadline"]


def test_where_the_callback_is(partial: RunView, make_view: Callable[..., RunView]) -> None:
    assert callback(partial).plain == (
        "Callback: pending (2 tries, last answer HTTP 503, event evt_01JZZZZZZZZZZZZZZZZZZZZZZZ)"
    )
    assert callback(make_view("completed", None, None, None)).plain == "Callback: none was asked for"


def test_a_report_shows_every_part_with_its_interval(samples: Samples) -> None:
    # given / when
    found = rows(report(Report.model_validate(samples("report"))))

    # then
    assert ["1. Fit drags the mean score down by 0.21 [n = 204, -0.27 to -0.15 (95 % interval)]"] in found
    assert ["Scores of 1,180 records, 1,000 rated, 2026-01-01 to 2026-01-30"] in found
    assert ["stars5, 1 to 5", "4.12", "4.05 to 4.19", "1,000"] in found
    assert ["net sentiment", "+34", "+31 to +37", "2,600"] in found
    assert ["first reply, median", "42.5 s", "40.0 s to 65.0 s", "90"] in found
    assert ["3", "150", "15 %", "13 to 17", "###"] in found
    assert ["Fit and size", "204", "20 %", "-12", "-0.21", "-0.27 to -0.15"] in found
    assert ["Colour", "12", "1.2 %", "+50", "-", "-"] in found
    assert ["Segments that differ: 1 of 2"] in found
    assert ["department: Dresses", "310", "3.90", "-0.32", "-0.44 to -0.20", "< 0.001"] in found
    assert ["zip breaks", "zip, broke, stuck", "31", "1.2 %", "-48"] in found
    assert ["- Quotes are masked."] in found
    assert ["The report also holds 1 driver, 1 key phrase."] in found


def test_quotes_are_shown_as_they_are_and_obeyed_by_nobody(samples: Samples) -> None:
    shown = text(report(Report.model_validate(samples("report"))))

    assert '- "Lovely [b]dress[/b], but the [/] zip \ufffd[31mbroke." (r1, rated 3)' in shown
    assert "\x1b" not in shown


def test_without_a_summary_the_themes_speak(samples: Samples) -> None:
    shown = text(report(Report.model_validate(samples("report") | {"summary": []})))

    assert '- "It runs small." (r17, rated 2)' in shown


def test_segments_that_do_not_differ_are_said_to(samples: Samples) -> None:
    # given
    given = samples("report")
    given["segments"] = [segment | {"p_value": 0.05} for segment in given["segments"]]

    # when / then
    assert " None of 2 segments differs beyond chance." in text(report(Report.model_validate(given)))


def test_an_empty_report_is_an_empty_page(samples: Samples) -> None:
    bare = {"lineage", "run_id", "tenant", "accepted_at", "records", "coverage"}
    given = {name: value for name, value in samples("report").items() if name in bare}

    assert text(report(Report.model_validate(given))).strip() == ""


def test_net_promoter_score_is_shown_in_points(samples: Samples) -> None:
    # given
    given = samples("report")
    estimate = {"value": 31.6, "low": 20.2, "high": 43.0, "n": 250}
    given["kpis"]["scores"][0] |= {"kind": "nps", "nps": estimate}

    # when / then
    assert ["net promoter score", "+32", "+20 to +43", "250"] in rows(report(Report.model_validate(given)))


def test_runs_are_listed_with_whole_ids_on_80_columns(
    partial: RunView, redriven: RunView, make_view: Callable[..., RunView]
) -> None:
    # given
    page = RunPage(runs=(make_view("running", 1), partial), cursor="next")

    # when
    shown = text(runs(page), width=80)

    # then
    assert re.search(r"run_01JZ{23}  running    1,180  2026-01-31 12:00 +-\n", shown)
    assert re.search(r"run_01JZ{23}  partial    1,180  2026-01-31 12:00 +10\.40 s\n", shown)
    assert "There are more: raise --limit." in shown
    assert "partial (redriving)" in text(runs(RunPage(runs=(redriven,))), width=80)
    assert text(runs(RunPage(runs=()))) == "No runs.\n"


def test_flows_are_listed_with_their_steps(samples: Samples) -> None:
    # given / when
    found = rows(flows(FlowList.model_validate(samples("flows")).flows))

    # then
    assert found[0] == ["customer-feedback 3: Customer feedback, due in 10 s"]
    assert ["datasets", "2 s", "conversations", "dataset.conversations.build", "required"] in found
    assert ["ratings", "dataset.customers.ratings", "required"] in found


@pytest.mark.parametrize("width", [30, 44, 80])
def test_nothing_is_wider_than_the_terminal(width: int, samples: Samples, partial: RunView, redriven: RunView) -> None:
    # given
    shown: list[RenderableType] = [
        run(partial),
        run(redriven),
        report(Report.model_validate(samples("report"))),
        callback(partial),
    ]

    # when
    widest = max(len(row) for part in shown for row in text(part, width).splitlines())

    # then
    assert widest <= width


def test_every_status_has_a_word(make_view: Callable[..., RunView]) -> None:
    for status in RunStatus:
        assert text(run(make_view(status.value))).splitlines()[1].startswith(f"{status.value.capitalize()} ")


def test_records_that_were_set_aside_are_named_in_the_report(samples: Samples) -> None:
    # given
    aside = [{"step": "annotate", "records": ["r-17", "[red]r-18"]}]
    found = Report.model_validate({**samples("report"), "set_aside": aside})
    # when
    shown = text(report(found))
    # then
    assert "Set aside" in shown
    assert "annotate: r-17, [red]r-18" in shown


def test_what_asks_for_action_and_contact_reasons_are_shown(samples: Samples) -> None:
    # given
    share = {"value": 0.25, "low": 0.2, "high": 0.31, "n": 200}
    reason = {"id": "refund", "label": "Refund or return", "conversations": 50, "share": share, "sentiment": None}
    alert = {"kind": "risk", "text": "3 customers of 210 may leave", "metric": "risks.high"}
    contacts = {"conversations": 200, "reasons": [reason]}

    # when
    found = rows(report(Report.model_validate(samples("report") | {"alerts": [alert], "contacts": contacts})))

    # then
    assert ["Act today"] in found
    assert any(row[-1].endswith("3 customers of 210 may leave") for row in found)
    assert ["Refund or return", "50", "25 %", "20 to 31 %", "-"] in found
