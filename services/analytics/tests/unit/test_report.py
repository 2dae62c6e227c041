import pytest

from millrace.analytics.adapters import load_prices
from millrace.analytics.domain.insights import Insights
from millrace.analytics.domain.report import write_report
from millrace.analytics.warm_up import warm_up
from millrace.contracts.insights import (
    Check,
    Drivers,
    Estimate,
    Kpis,
    Manifest,
    SetAsideRecords,
    Summary,
    ThemeImpacts,
    Topics,
    Trends,
)
from millrace.contracts.outcome import Coverage, OutcomeStatus
from millrace.contracts.run import Gap, RunContext, StepContext


def written(run, found):
    return write_report(run, found, load_prices())


@pytest.fixture
def run():
    step = StepContext(stage="annotate", step="annotate", status=OutcomeStatus.SUCCEEDED, parts=2)
    return RunContext(
        run_id="run_01J00000000000000000000000", tenant="acme", flow="customer-feedback", flow_version=3, attempt=1,
        records=1000, accepted_at="2026-01-02T03:04:05Z", batch_sha256="ab" * 32,
        gaps=(Gap(step="topics", reason="deadline_passed", effect="no topics"),),
        steps=(
            step.model_copy(update={"coverage": Coverage(seen=900, total=1000)}),
            step.model_copy(update={"step": "kpis"}),
        ),
    )  # fmt: skip


def test_what_is_missing_stays_missing(run):
    found = written(run, Insights())

    assert (found.kpis, found.sentiment, found.drivers_explained) == (None, None, None)
    assert (found.headline, found.themes, found.trends, found.notes) == ((), (), (), ())
    assert found.gaps == run.gaps
    assert found.coverage == {"annotate": Coverage(seen=900, total=1000)}
    assert (found.lineage.flow_version, found.lineage.batch_sha256, found.lineage.steps) == (3, "ab" * 32, run.steps)


def test_the_run_knows_how_many_records_there_are(run):
    found = written(run, Insights(kpis=Kpis(records=800, rated=800)))

    assert found.kpis is not None
    assert (found.kpis.records, found.kpis.rated, found.records) == (1000, 800, 1000)


def test_no_text_has_no_sentiment(run):
    unknown = Estimate(value=0, low=-1, high=1, n=0)

    found = written(run, Insights(impact=ThemeImpacts(kind="", overall=None, sentiment=unknown, themes=())))

    assert (found.sentiment, found.headline) == (None, ())


def test_languages_that_nobody_reads_are_told(run):
    # given
    shares = {"lang_en": 0.7, "lang_fi": 0.2, "lang_und": 0.1, "empty": 0.0}
    quality = Manifest(generator="c", code_version=1, input_sha256="ab", tables={}, shares=shares)
    # when
    told = write_report(run, Insights(quality=(quality,)), load_prices(), ("en",)).notes
    # then
    assert told == ("languages: tone, themes and reasons are read in en only; of the texts, 20 % in fi",)
    assert write_report(run, Insights(quality=(quality,)), load_prices()).notes == ()


def test_notes_say_what_the_steps_could_not(run):
    checks = (Check(name="unique_ids", passed=True), Check(name="null_rate", passed=False, detail="41 % of texts"))
    manifest = Manifest(generator="ratings", code_version=1, input_sha256="0", tables={}, checks=checks)
    tone = Estimate(value=0, low=-1, high=1, n=0)
    insights = Insights(
        quality=(manifest,), trends=Trends(note="no dates in this batch"), drivers=Drivers(note="nothing is rated"),
        topics=Topics(note=""), summary=Summary(),
        impact=ThemeImpacts(kind="", overall=None, sentiment=tone, themes=(), hidden=2),
    )  # fmt: skip

    assert written(run, insights).notes == (
        "trends: no dates in this batch",
        "drivers: nothing is rated",
        "themes: 2 with fewer than 20 records are not shown",
        "ratings: check null_rate failed: 41 % of texts",
    )


def test_data_quality_does_not_depend_on_the_order_of_arrival(run):
    one, other = (Manifest(generator=name, code_version=1, input_sha256="0", tables={}) for name in ("a", "b"))

    first, second = (written(run, Insights(quality=quality)) for quality in ((one, other), (other, one)))

    assert first.model_dump_json() == second.model_dump_json()


def test_warming_up_runs_every_analysis():
    warm_up()


def test_records_that_were_set_aside_are_named_once_by_step(run):
    aside = (
        SetAsideRecords(step="annotate", records=("r9",)),
        SetAsideRecords(step="annotate", records=("r2",)),
        SetAsideRecords(step="annotate", records=("r9",)),
    )

    assert written(run, Insights(set_aside=aside)).set_aside == (
        SetAsideRecords(step="annotate", records=("r2", "r9")),
    )
