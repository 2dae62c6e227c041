"""What may be counted is what the table names; what cannot be a value costs nobody anything."""

import math

import pytest

from millrace.telemetry import metrics
from millrace.telemetry.fates import begin_counting
from millrace.telemetry.settings import TelemetrySettings
from millrace.telemetry.table import METRICS, MetricSpec, Type

USE = {Type.COUNTER: metrics.count, Type.HISTOGRAM: metrics.observe, Type.GAUGE: metrics.gauge}


def labels_of(spec: MetricSpec, value: str) -> dict[str, str]:
    return dict.fromkeys(spec.labels, value)


def sample(name: str, **labels: str) -> float | None:
    found = (each for family in metrics.collect() for each in family.samples if each.name == f"millrace_{name}")
    return next((each.value for each in found if each.labels == labels), None)


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_every_metric_of_the_table_can_be_used_with_its_labels_and_no_others(spec: MetricSpec) -> None:
    # when
    USE[spec.type](spec.name, 1, **labels_of(spec, "contract"))
    # then
    suffix = {Type.COUNTER: "_total", Type.HISTOGRAM: "_count", Type.GAUGE: ""}[spec.type]
    assert sample(f"{spec.name}{suffix}", **labels_of(spec, "contract")) == 1
    with pytest.raises(ValueError, match="the table has no"):
        USE[spec.type](spec.name, 1, **labels_of(spec, "contract"), run_id="run_1")


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_no_metric_is_used_as_another_type(spec: MetricSpec) -> None:
    for type_, use in USE.items():
        if type_ is not spec.type:
            with pytest.raises(ValueError, match="the table has no"):
                use(spec.name, 1, **labels_of(spec, "contract"))


def test_a_name_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="messages_eaten"):
        metrics.count("messages_eaten")


@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf, -math.inf])
def test_what_cannot_be_an_amount_is_lost_and_what_was_counted_stays(value: float) -> None:
    # given
    metrics.count("gaps", 2, flow=str(value), step="a", reason="b")
    # when
    metrics.count("gaps", value, flow=str(value), step="a", reason="b")
    metrics.observe("run_coverage", value, flow=str(value))
    # then
    assert sample("gaps_total", flow=str(value), step="a", reason="b") == 2
    assert sample("run_coverage_count", flow=str(value)) in (None, 0)


def test_the_order_of_labels_makes_no_difference() -> None:
    # when
    metrics.count("task_retries", queue="nlp", task="order")
    metrics.count("task_retries", task="order", queue="nlp")
    # then
    assert sample("task_retries_total", queue="nlp", task="order") == 2


def test_a_gauge_that_is_forgotten_vanishes_and_may_come_back() -> None:
    # given
    metrics.gauge("queue_depth", 7, queue="forgotten")
    assert sample("queue_depth", queue="forgotten") == 7
    # when
    metrics.forget("queue_depth")
    metrics.forget("queue_depth")
    # then
    assert sample("queue_depth", queue="forgotten") is None
    metrics.gauge("queue_depth", 3, queue="forgotten")
    assert sample("queue_depth", queue="forgotten") == 3


def test_a_gauge_that_nobody_sets_any_more_vanishes(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(metrics, "HOLDS_S", -1.0)
    # when
    metrics.gauge("dead_letters", 7)
    # then
    assert sample("dead_letters") is None


def test_a_block_is_timed_unless_it_raises() -> None:
    # when
    with metrics.timed("model_load_seconds", model="timed"):
        pass
    with pytest.raises(KeyError), metrics.timed("model_load_seconds", model="timed"):
        raise KeyError
    # then
    assert sample("model_load_seconds_count", model="timed") == 1


def test_a_counter_that_is_begun_is_there_at_nothing_and_keeps_what_it_has() -> None:
    # when
    metrics.begin("callbacks", result="begun")
    # then
    assert sample("callbacks_total", result="begun") == 0
    # and when
    metrics.count("callbacks", 2, result="begun")
    metrics.begin("callbacks", result="begun")
    # then
    assert sample("callbacks_total", result="begun") == 2
    with pytest.raises(ValueError, match="the table has no"):
        metrics.begin("callbacks", run_id="run_1")


def test_what_may_be_given_up_is_counted_from_nothing_where_it_is_sent_away() -> None:
    # when
    begin_counting(TelemetrySettings(fluentd="127.0.0.1:1"))
    # then
    assert sample("telemetry_dropped_total", signal="logs", reason="queue_full") == 0
    assert sample("telemetry_dropped_total", signal="errors", reason="exit") is None
