"""The evaluation's own machinery: the flow in this process, and figures over one seed, without a model."""

import pytest
from tests.evaluate.__main__ import evaluate
from tests.evaluate.figures.sameness import lasting
from tests.evaluate.pipeline import NOT_OFFERED, Pipeline
from tests.evaluate.world import DAYS, START, World

from millrace.contracts import tables
from millrace.contracts.insights import Kpis
from millrace.contracts.report import Report
from millrace.nlp.embedding_twin import WordHashes
from millrace.testing.corpus import generate

CORPUS = generate(1, 80, START, DAYS)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline(WordHashes())


def test_a_batch_becomes_a_report_by_the_production_flow(pipeline: Pipeline) -> None:
    # when
    ran = pipeline.run(CORPUS.records)
    # then
    report = ran.model("report.report", Report)
    assert report is not None
    assert (report.records, report.run_id) == (80, ran.record.run_id)
    assert report.kpis is not None
    assert report.kpis.scores[0].mean.value == pytest.approx(CORPUS.truth.mean_rating)
    assert {row["record_id"] for row in ran.rows("conversations.turns", tables.TURNS)} <= {
        record.record_id for record in CORPUS.records
    }


def test_steps_that_are_not_asked_for_do_not_run(pipeline: Pipeline) -> None:
    ran = pipeline.run(CORPUS.records, ("ratings", "kpis"))
    assert [step.name for stage in ran.record.stages for step in stage.steps] == ["ratings", "kpis"]
    assert ran.missing("kpis") == ""
    assert ran.missing("report") == NOT_OFFERED
    assert ran.model("report.report", Report) is None


def test_a_task_that_nobody_registers_is_told_as_not_offered(pipeline: Pipeline) -> None:
    # given a service without its task
    pipeline.app.tasks.unregister("analytics.kpis")
    # when
    ran = pipeline.run(CORPUS.records, ("ratings", "kpis"))
    # then
    assert ran.missing("kpis") == NOT_OFFERED
    assert ran.model("kpis.kpis", Kpis) is None


def test_a_report_lasts_but_for_its_ids_and_times(pipeline: Pipeline) -> None:
    # given two reports on one batch, and one on another
    others = generate(2, 80, START, DAYS).records
    batches = (CORPUS.records, CORPUS.records, others)
    first, again, other = (
        Pipeline(WordHashes()).run(batch, ("ratings", "kpis", "report")).models("report.report", Report)[0]
        for batch in batches
    )
    # then the same batch says the same, and another does not
    assert first.model_dump_json() != again.model_dump_json()
    assert lasting(first) == lasting(again) != lasting(other)


def test_figures_of_one_seed_have_values_and_verdicts() -> None:
    # given a world whose embedder needs no model
    world = World(1)
    vars(world)["pipeline"] = Pipeline(WordHashes())
    # when two areas are measured
    figures = evaluate(world, ["personal", "language"])
    # then each figure has a value, a number to stand on, and the planted truth was seen
    assert all(figure.value is not None and figure.n > 0 for figure in figures)
    told = {figure.name: figure for figure in figures}
    assert told["recall, planted"].n > 30
    assert told["accuracy from 20 characters, planted"].verdict == "met"
    assert figures[0].seconds > 0
