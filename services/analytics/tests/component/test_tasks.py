from functools import partial

import numpy as np
import pytest
from celery import Celery

from millrace.analytics import tasks
from millrace.contracts import catalogue, tables
from millrace.contracts.insights import Drivers, Kpis, ThemeImpacts, Trends
from millrace.contracts.outcome import Coverage
from millrace.contracts.report import Report
from millrace.storage.memory import memory_artifacts
from millrace.testing.parts import Bench
from millrace.worker.errors import BadInput

PORTS = tasks.Ports(store=memory_artifacts())


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def batch(bench, rating_rows, unit_rows):
    """References of a batch of 100 rated records, of which 40 mention the fit, in two chunks; 20 lack annotations."""
    raw = [2, 3] * 20 + [4, 5] * 30
    themes = [["fit"]] * 40 + [[]] * 60
    units = unit_rows(themes, np.repeat([-0.5, 0.5], [40, 60]))[:80]
    segments = [{"record_id": f"r{i:03d}", "name": "shop", "value": "ab"[i % 2]} for i in range(100)]
    return {
        "ratings": (bench.put_table("ratings", rating_rows(raw), tables.RATINGS),),
        "segments": (bench.put_table("segments", segments, tables.SEGMENTS),),
        "annotations": tuple(
            bench.put_table(f"annotations.{i}", chunk, tables.ANNOTATIONS)
            for i, chunk in enumerate((units[:50], units[50:]))
        ),
    }


def only(batch, *names):
    return {name: batch[name] for name in names}


def run(bench, spec, handler, inputs, model, **params):
    part = bench.part(spec, inputs, **params)
    result = bench.run(handler, part)
    ((ref,),) = part.artifacts.values()
    return part.read_model(ref, model), result, ref


def test_kpis(bench, batch):
    found, result, ref = run(bench, catalogue.KPIS, tasks.kpis, only(batch, "ratings"), Kpis)

    assert found.scores[0].mean.value == 3.7
    assert ref.schema_name == "kpis/1"
    assert result.facts == {"rated": 100, "scales": 1}


def test_kpis_with_tickets(bench, batch):
    ticket = {"opened_at": None, "first_reply_s": 60.0, "resolution_s": None, "turns": 2, "reopened": 0, "agent": ""}
    rows = [ticket | {"conv_id": f"c{i}"} for i in range(10)]
    inputs = only(batch, "ratings") | {"tickets": (bench.put_table("tickets", rows, tables.TICKETS),)}

    found, _, _ = run(bench, catalogue.KPIS, tasks.kpis, inputs, Kpis)

    assert found.first_reply_s is not None
    assert (found.first_reply_s.value, found.resolution_s) == (60.0, None)


def test_trends_without_dates(bench, batch):
    found, result, _ = run(bench, catalogue.TRENDS, tasks.trends, only(batch, "ratings"), Trends)

    assert found.note == "no dates in this batch"
    assert result.coverage == Coverage(seen=0, total=100)


def test_theme_impact_says_how_much_it_saw(bench, batch):
    inputs = only(batch, "ratings", "annotations")

    found, result, _ = run(bench, catalogue.THEME_IMPACT, tasks.theme_impact, inputs, ThemeImpacts)

    # (40 · 2.5 + 40 · 4.5) / 80 less 4.5
    assert found.themes[0].impact is not None
    assert found.themes[0].impact.value == -1.0
    assert result.coverage == Coverage(seen=80, total=100)


@pytest.mark.parametrize(
    ("spec", "handler", "names"),
    [
        (catalogue.THEME_IMPACT, tasks.theme_impact, ("ratings", "annotations")),
        (catalogue.DRIVERS, tasks.drivers, ("ratings", "annotations", "segments")),
    ],
)
def test_same_input_same_bytes_whatever_the_order_of_chunks(bench, batch, spec, handler, names):
    inputs = only(batch, *names)
    turned = inputs | {"annotations": inputs["annotations"][::-1]}

    digests = set()
    for given in (inputs, inputs, turned):
        again = bench.part(spec, given)
        again.input_hash = f"{len(digests):064d}"
        bench.run(handler, again)
        digests |= {ref.sha256 for refs in again.artifacts.values() for ref in refs}

    assert len(digests) == 1


def test_drivers_without_segments(bench, batch):
    inputs = only(batch, "ratings", "annotations")

    found, result, _ = run(bench, catalogue.DRIVERS, tasks.drivers, inputs, Drivers)

    assert [driver.feature for driver in found.drivers] == ["fit"]
    assert found.drivers[0].effect.value == pytest.approx(-2.0)
    assert (found.segments, result.facts) == ((), {"drivers": 1})


def test_report_of_whatever_there_is(bench, batch):
    # given the results of two steps
    _, _, kpis = run(bench, catalogue.KPIS, tasks.kpis, only(batch, "ratings"), Kpis)
    _, _, impact = run(
        bench, catalogue.THEME_IMPACT, tasks.theme_impact, only(batch, "ratings", "annotations"), ThemeImpacts
    )
    context = {
        "run_id": bench.run_id, "tenant": "acme", "flow": "customer-feedback", "flow_version": 1, "attempt": 1,
        "records": 120, "accepted_at": "2026-01-02T03:04:05Z", "batch_sha256": "0" * 64,
    }  # fmt: skip

    # when
    inputs = {"kpis": (kpis,), "impact": (impact,), "drivers": ()}
    report, result, ref = run(bench, catalogue.REPORT, partial(tasks.report, PORTS), inputs, Report, run=context)

    # then
    assert ref.tier == "cold"
    assert [finding.metric for finding in report.headline] == ["kpis.scores.stars5.mean", "themes.fit.impact"]
    assert (report.drivers, report.drivers_explained, report.trends) == ((), None, ())
    assert result.facts == {"findings": 2, "insights": ["kpis", "impact"], "usd": report.cost.usd}


def test_nothing_rated_and_nothing_annotated(bench):
    ratings = {"ratings": (bench.put_table("ratings", [], tables.RATINGS),)}
    none = ratings | {"annotations": ()}

    kpis, _, _ = run(bench, catalogue.KPIS, tasks.kpis, ratings, Kpis)
    trends, _, _ = run(bench, catalogue.TRENDS, tasks.trends, ratings, Trends)
    impact, _, _ = run(bench, catalogue.THEME_IMPACT, tasks.theme_impact, none, ThemeImpacts)
    drivers, _, _ = run(bench, catalogue.DRIVERS, tasks.drivers, none, Drivers)

    assert (kpis.scores, trends.series, impact.themes, drivers.drivers) == ((), (), (), ())
    assert drivers.note == "nothing is rated"


def test_an_unknown_scale_is_bad_input(bench, rating_rows):
    rows = [row | {"kind": "smileys"} for row in rating_rows([1, 2])]
    inputs = {"ratings": (bench.put_table("ratings", rows, tables.RATINGS),)}

    with pytest.raises(BadInput, match="1 unknown rating scales"):
        run(bench, catalogue.KPIS, tasks.kpis, inputs, Kpis)


def test_every_task_of_the_service_is_registered():
    app = Celery("test")

    tasks.register(app, PORTS)

    expected = {spec.name for spec in catalogue.PARTS if spec.service == "analytics"}
    assert expected == {name for name in app.tasks if name.startswith("analytics.")}
