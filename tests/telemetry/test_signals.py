"""The matrix: each service by each signal, and the ids by which one leads to the other."""

import pytest
from tests.telemetry.story import Story

from millrace.contracts.tracing import parse
from millrace.telemetry.table import ALL, METRICS

OWN_METRIC = {
    "ingestion": "http_request_seconds", "orchestrator": "runs_ended", "callback": "callbacks",
    "dataset_conversations": "parts", "dataset_customers": "parts", "nlp": "parts", "analytics": "parts",
}  # fmt: skip
"""Of each service's metrics, one that a run cannot but move."""
HEX = frozenset("0123456789abcdef")


@pytest.mark.parametrize("service", ALL)
def test_a_service_has_spans(story: Story, service: str) -> None:
    assert [span for span in story.spans if span.service == service]


@pytest.mark.parametrize("service", ALL)
def test_a_service_has_metrics(story: Story, service: str) -> None:
    name = f"millrace.{OWN_METRIC[service]}"
    assert story.world.eventually(lambda: (service, name) in story.world.heard.metrics())


def test_no_metric_is_out_of_the_table(story: Story) -> None:
    known = {(service, f"millrace.{metric.name}") for metric in METRICS for service in metric.services}
    assert story.world.heard.metrics() - known == set()


@pytest.mark.parametrize("service", ALL)
def test_a_service_has_log_lines_that_name_their_trace(story: Story, service: str) -> None:
    # given
    run_id = story.runs["well"].run_id
    lines = [line for line in story.world.heard.logs() if line["service"] == service and line.get("run_id") == run_id]
    # then
    assert lines
    trace = story.trace("well")
    for line in lines:
        assert line["trace_id"] == trace.trace_id, line
        assert line["dd.trace_id"] == str(int(trace.trace_id[16:], 16))


@pytest.mark.parametrize("service", ALL)
def test_a_log_line_of_a_span_names_it(story: Story, service: str) -> None:
    # given
    spans = {span.span_id for span in story.trace("well").spans}
    said = {
        line["span_id"] for line in story.world.heard.logs()
        if line["service"] == service and line.get("run_id") == story.runs["well"].run_id and line.get("span_id")
    }  # fmt: skip
    # then
    assert said and said <= spans


@pytest.mark.parametrize("service", ALL)
def test_a_bug_in_a_service_is_reported(story: Story, service: str) -> None:
    # when
    reports = [event for event in story.world.heard.errors() if event["server_name"] == service]
    # then
    planted = [event for event in reports if "Planted" in str(event.get("exception"))]
    assert planted
    for event in planted:
        assert (event["environment"], event["release"]) == ("testing", "1.2.3")


def test_a_report_names_the_run_and_the_trace_in_which_it_happened(story: Story) -> None:
    # given
    traces = {view.run_id: parse(story.world.sent[view.run_id]) for view in story.runs.values()}
    reports = [event for event in story.world.heard.errors() if event["tags"].get("run_id") in traces]
    # then
    assert reports
    for event in reports:
        trace = traces[event["tags"]["run_id"]]
        assert trace is not None
        assert event["contexts"]["trace"]["trace_id"] == trace.trace_id


def test_what_was_expected_is_not_reported(story: Story) -> None:
    # given a retry, a killed child, a cancelled run and one that ended as partial
    kinds = {exception["type"] for event in story.world.heard.errors()
             for exception in event.get("exception", {}).get("values", [])}  # fmt: skip
    # then nothing but the bugs and the lost worker
    assert kinds <= {"Planted", "WorkerLostError"}
