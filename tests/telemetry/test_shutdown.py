"""An API that is told to stop has told all it knows by then."""

import threading
from pathlib import Path

import httpx
from tests.fuzz.front_door import ApiAlone

from millrace.local.settings import LocalSettings
from millrace.testing.fluentd import Fluentd
from millrace.testing.otlp import Receiver, metric_names

LATE_S = 0.5
"""Less than an exit waits, and more than one takes that waits for nothing."""
PATIENCE_S = 30


class Slow(Receiver):
    """Takes its time over spans."""

    def take(self, path: str, body: bytes) -> int:
        """See `Receiver`."""
        if path.endswith("/v1/traces"):
            threading.Event().wait(LATE_S)
        return super().take(path, body)


def test_what_was_recorded_last_is_sent_before_the_process_ends(tmp_path: Path) -> None:
    # given: nobody is let in, which is a request like any other
    receiver = Slow()
    with Fluentd() as fluentd:
        environment = {
            "MILLRACE_OTLP_ENDPOINT": receiver.url, "MILLRACE_TRACE_SHARE": "1", "MILLRACE_FLUENTD": fluentd.address,
        }  # fmt: skip
        stack = ApiAlone(folder=tmp_path, settings=LocalSettings(), overrides=lambda _: environment)
        stack.start()
        try:
            # when: one is on its way to the receiver, and others wait for that
            for _ in range(3):
                httpx.post(f"{stack.api_url}/v1/runs", timeout=PATIENCE_S)
            stack.processes["ingestion"].stop()
        finally:
            stack.stop()
    # then
    assert len(receiver.wait_for(3, "POST /v1/runs")) == 3
    assert ("ingestion", "millrace.http_request_seconds") in metric_names(receiver.metrics())
    receiver.stop()
