import numpy as np
import pytest

from millrace.analytics import tasks
from millrace.contracts import catalogue, tables
from millrace.contracts.insights import Changes, Emerging, Forecasts
from millrace.contracts.outcome import Coverage
from millrace.testing.parts import Bench


@pytest.fixture
def bench():
    return Bench()


@pytest.fixture
def batch(bench, history):
    """References of 60 days whose volume doubles and of which most speak of the fit from day 45 on, in two chunks."""
    ratings, annotations = history(1, since=45, surge=2.0, fit=0.7)
    hourly = ratings["created_at"].dt.floor("h").value_counts().rename_axis("hour").reset_index(name="records")
    rows = [rows_of(each) for each in (ratings, annotations, hourly.assign(backlog=0))]
    half = len(rows[1]) // 2
    return {
        "ratings": (bench.put_table("ratings", rows[0], tables.RATINGS),),
        "annotations": (
            bench.put_table("annotations.0", rows[1][half:], tables.ANNOTATIONS),
            bench.put_table("annotations.1", rows[1][:half], tables.ANNOTATIONS),
        ),
        "hourly": (bench.put_table("hourly", rows[2], tables.HOURLY),),
    }


def rows_of(frame):
    return frame.astype(object).where(frame.notna(), None).to_dict("records")


def run(bench, spec, handler, inputs, model):
    part = bench.part(spec, inputs)
    result = bench.run(handler, part)
    ((ref,),) = part.artifacts.values()
    return part.read_model(ref, model), result, ref


def test_changes(bench, batch):
    found, result, ref = run(bench, catalogue.CHANGES, tasks.changes, batch, Changes)

    assert {point.metric for point in found.change_points} >= {"volume", "theme.fit"}
    assert ref.schema_name == "changes/1"
    assert result.facts == {"changes": len(found.change_points), "anomalies": len(found.anomalies)}
    assert result.coverage is not None
    assert result.coverage.seen == result.coverage.total


def test_changes_of_ratings_alone(bench, batch):
    # given that no chunk was annotated
    found, result, _ = run(
        bench, catalogue.CHANGES, tasks.changes, batch | {"annotations": (), "hourly": ()}, Changes
    )  # fmt: skip

    assert [point.metric for point in found.change_points] == ["volume"]
    assert found.metrics == 2
    assert result.coverage == Coverage(seen=0, total=result.coverage.total)


def test_emerging(bench, batch):
    inputs = {"annotations": batch["annotations"]}

    found, result, _ = run(bench, catalogue.EMERGING, tasks.emerging, inputs, Emerging)

    assert [theme.id for theme in found.themes] == ["fit"]
    assert result.facts == {"themes": 1, "tested": found.tested}


def test_forecast(bench, batch):
    inputs = {name: batch[name] for name in ("ratings", "hourly")}

    found, result, _ = run(bench, catalogue.FORECAST, tasks.forecast, inputs, Forecasts)

    assert [each.metric for each in found.series] == ["volume", "mean_stars5"]
    assert result.facts == {"series": 2}


@pytest.mark.parametrize(
    ("spec", "handler", "names"),
    [
        (catalogue.CHANGES, tasks.changes, ("ratings", "annotations", "hourly")),
        (catalogue.EMERGING, tasks.emerging, ("annotations",)),
        (catalogue.FORECAST, tasks.forecast, ("ratings", "hourly")),
    ],
)
def test_same_input_same_bytes_whatever_the_order_of_chunks(bench, batch, spec, handler, names):
    given = {name: batch[name] for name in names}
    turned = {name: refs[::-1] for name, refs in given.items()}

    digests = set()
    for inputs in (given, turned):
        part = bench.part(spec, inputs)
        part.input_hash = f"{np.random.default_rng(len(digests)).integers(10):064d}"
        bench.run(handler, part)
        digests |= {ref.sha256 for refs in part.artifacts.values() for ref in refs}

    assert len(digests) == 1


def test_empty_tables(bench):
    ratings = (bench.put_table("ratings", [], tables.RATINGS),)

    changes, _, _ = run(bench, catalogue.CHANGES, tasks.changes, {"ratings": ratings}, Changes)
    emerging, _, _ = run(bench, catalogue.EMERGING, tasks.emerging, {"annotations": ()}, Emerging)
    forecasts, _, _ = run(bench, catalogue.FORECAST, tasks.forecast, {"ratings": ratings}, Forecasts)

    assert {changes.note, emerging.note, forecasts.note} == {"no dates in this batch"}
