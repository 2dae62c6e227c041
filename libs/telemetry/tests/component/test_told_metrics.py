"""Metrics arrive at a Prometheus and at an OTLP receiver with the values that were counted."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality
from opentelemetry.sdk.resources import Resource

from millrace.local.servers import bound_socket
from millrace.telemetry import metrics
from millrace.telemetry.bridge import ANSWER_S, Bridge, bridge
from millrace.telemetry.exposition import serve
from millrace.telemetry.identity import this_process
from millrace.telemetry.settings import TelemetrySettings
from millrace.testing.otlp import BUSY, Receiver, receiving

SAYING = """
import json
from millrace.telemetry.identity import this_process
from millrace.telemetry.settings import TelemetrySettings
print(json.dumps(dict(this_process("nlp", TelemetrySettings()).attributes)))
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def told(receiver: Receiver) -> Bridge:
    settings = TelemetrySettings(otlp_endpoint=receiver.url, release="7", environment="test")
    return bridge("nlp", settings)


def points(receiver: Receiver, name: str, **labels: str) -> list[Any]:
    """Of each request, the metric's point with these labels, with the metric itself."""
    return [
        (metric, point)
        for request in receiver.metrics()
        for group in request.resource_metrics
        for scope in group.scope_metrics
        for metric in scope.metrics
        for point in getattr(metric, metric.WhichOneof("data")).data_points
        if metric.name == name and {each.key: each.value.string_value for each in point.attributes} == labels
    ]


def test_a_counter_is_a_monotonic_sum_that_goes_on(receiver: Receiver, told: Bridge) -> None:
    # when
    metrics.count("callbacks", 3, result="told")
    told.tell()
    metrics.count("callbacks", result="told")
    told.tell()
    # then
    (metric, first), (_, second) = points(receiver, "millrace.callbacks", result="told")
    assert (first.as_double, second.as_double) == (3, 4)
    assert metric.sum.is_monotonic
    assert metric.sum.aggregation_temporality == AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    assert first.start_time_unix_nano == second.start_time_unix_nano < first.time_unix_nano
    assert metric.unit == "{delivery}"


def test_a_histogram_has_each_value_in_its_own_bucket(receiver: Receiver, told: Bridge) -> None:
    # when
    for seconds in (0.004, 0.2, 0.2, 99.0):
        metrics.observe("task_seconds", seconds, queue="nlp", task="told", status="succeeded")
    told.tell()
    # then
    ((_, point),) = points(receiver, "millrace.task_seconds", queue="nlp", task="told", status="succeeded")
    assert (point.count, round(point.sum, 3)) == (4, 99.404)
    filled = {bound: number for bound, number in zip([*point.explicit_bounds, None], point.bucket_counts, strict=True)}
    assert {bound: number for bound, number in filled.items() if number} == {0.005: 1, 0.25: 2, None: 1}


def test_a_gauge_and_the_resource(receiver: Receiver, told: Bridge) -> None:
    # when
    metrics.gauge("queue_depth", 12, queue="told")
    told.tell()
    # then
    ((_, point),) = points(receiver, "millrace.queue_depth", queue="told")
    assert point.as_double == 12
    resource = receiver.metrics()[0].resource_metrics[0].resource
    said = {each.key: each.value.string_value for each in resource.attributes}
    assert said.pop("service.instance.id").endswith(f":{os.getpid()}")
    assert said == {"service.name": "nlp", "service.version": "7", "deployment.environment.name": "test"}


def test_two_processes_of_a_pod_are_told_apart_and_what_the_deployment_knows_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.pod.uid=7,service.instance.id=pod")
    settings = TelemetrySettings(release="7", environment="test")
    # when
    mine = this_process("nlp", settings).attributes
    said = subprocess.run([sys.executable, "-c", SAYING], capture_output=True, timeout=60, check=True)
    other = json.loads(said.stdout)
    # then
    assert mine["k8s.pod.uid"] == other["k8s.pod.uid"] == "7"
    assert len({"pod", mine["service.instance.id"], other["service.instance.id"]}) == 3


def test_a_bridge_that_met_an_error_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    # given
    told, times = threading.Event(), []

    def export(_: object) -> bool:
        times.append(1)
        if len(times) < 3:
            raise RuntimeError("dictionary changed size during iteration")
        told.set()
        return True

    bridge = Bridge(Resource({}), export, every_s=0.01)
    # when
    bridge.start()
    # then
    assert told.wait(30)
    bridge.stop()
    assert [(each.message, each.error) for each in caplog.records] == [  # type: ignore[attr-defined]
        ("metrics_not_taken", "RuntimeError")
    ]


def test_it_is_told_again_and_again_and_for_the_last_time_at_the_end(receiver: Receiver, told: Bridge) -> None:
    # given
    told.every_s = 0.05
    metrics.count("callbacks", result="end")
    told.start()
    while len(points(receiver, "millrace.callbacks", result="end")) < 2:
        time.sleep(0.01)
    # when
    told.every_s = 60.0
    metrics.count("callbacks", 5, result="end")
    told.stop()
    # then
    assert points(receiver, "millrace.callbacks", result="end")[-1][1].as_double == 6


@pytest.mark.parametrize("fault", ["hanging", "busy"])
def test_a_receiver_that_is_in_trouble_holds_up_the_end_for_no_longer_than_it_may(
    receiver: Receiver, told: Bridge, fault: str
) -> None:
    # given
    receiver.hanging.set() if fault == "hanging" else setattr(receiver, "status", BUSY)
    told.start()
    # when
    began = time.monotonic()
    told.stop()
    # then
    assert time.monotonic() - began < 2 * ANSWER_S + 1
    assert not points(receiver, "millrace.callbacks", result="end")


def test_a_prometheus_gets_them_and_a_port_that_is_taken_ends_nobody() -> None:
    # given
    listener = bound_socket()
    port = listener.getsockname()[1]
    taken = serve("127.0.0.1", port)
    listener.close()
    # when
    metrics.count("callbacks", 2, result="scraped")
    stop = serve("127.0.0.1", port)
    assert stop is not None
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    stop()
    # then
    assert taken is None
    assert 'millrace_callbacks_total{result="scraped"} 2.0' in text
    assert "# HELP millrace_callbacks_total Deliveries" in text
