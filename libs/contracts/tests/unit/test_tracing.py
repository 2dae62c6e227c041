"""The ids of a run's spans follow from its record alone."""

import pytest

from millrace.contracts.tracing import TraceContext, parse, run_context, stage_context

ACCEPTED = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
RUN = "run_01M80000000000000000000000"


def test_a_header_is_read_and_written_back():
    assert parse(ACCEPTED) == TraceContext(
        trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7", sampled=True
    )
    assert parse(ACCEPTED).traceparent == ACCEPTED


@pytest.mark.parametrize(
    "header",
    [None, "", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", ACCEPTED[:-18] + "0" * 16 + "-01", "01" + ACCEPTED[2:],
     ACCEPTED + "-more", ACCEPTED.upper()],
)  # fmt: skip
def test_what_is_no_context_is_none(header):
    assert parse(header) is None
    assert run_context(header, RUN, 1) is None


def test_every_attempt_stage_and_recovery_has_a_span_of_its_own_in_one_trace():
    spans = [
        run_context(ACCEPTED, RUN, 1), run_context(ACCEPTED, RUN, 2), stage_context(ACCEPTED, RUN, 1, 0, "datasets"),
        stage_context(ACCEPTED, RUN, 1, 1, "datasets"), stage_context(ACCEPTED, RUN, 1, 0, "insight"),
    ]  # fmt: skip
    assert len(set(spans)) == 5
    assert {parse(span).trace_id for span in spans} == {parse(ACCEPTED).trace_id}


def test_the_ids_are_the_same_in_every_process_and_release():
    assert run_context(ACCEPTED, RUN, 1) == "00-4bf92f3577b34da6a3ce929d0e0e4736-3d05cfc9de5fb6e3-01"


def test_what_is_not_sampled_stays_so():
    assert parse(run_context(ACCEPTED[:-2] + "00", RUN, 1)).sampled is False
