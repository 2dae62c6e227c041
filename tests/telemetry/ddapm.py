"""Datadog's ddapm-test-agent as the receiver, from an environment of its own: it needs an older opentelemetry-proto.

It keeps OTLP as it came and tells it on the OTLP port, so it proves what is exported and not Datadog's mapping.
https://github.com/DataDog/dd-apm-test-agent
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from millrace.local.process import Process, wait_until
from millrace.local.servers import answers, bound_socket
from millrace.local.settings import inherited
from millrace.testing.otlp import Span, spans_of

START_S = 30.0
MANY = "1000000"
"""Requests that it keeps; it forgets the eldest of more."""


@dataclass(frozen=True, kw_only=True)
class Agent:
    """A running test agent."""

    url: str
    """Its OTLP receiver."""

    def spans(self) -> list[Span]:
        """What it says that it received."""
        answer = httpx.get(f"{self.url}/test/session/traces", timeout=120).raise_for_status()
        requests = (ParseDict(each, ExportTraceServiceRequest()) for each in answer.json())
        return [span for request in requests for span in spans_of(request)]

    def differences(self, ours: Sequence[Span]) -> list[str]:
        """Where it does not agree with us; empty when it does."""
        theirs = {repr(span) for span in self.spans()}
        own = {repr(span) for span in ours}
        return [
            *(f"it has not: {span}" for span in sorted(own - theirs)),
            *(f"only it has: {span}" for span in sorted(theirs - own)),
            *(["it has nothing at all"] if not theirs else []),
        ]


@contextmanager
def running(executable: Path, folder: Path) -> Iterator[Agent]:
    """The agent, for as long as the block lasts."""
    ports = [_free_port() for _ in range(3)]
    options = ("--port", "--otlp-http-port", "--otlp-grpc-port")
    command = [str(executable), "--max-requests", MANY]
    command += [each for option, port in zip(options, ports, strict=True) for each in (option, str(port))]
    process = Process(name="ddapm", command=command, environment=inherited(), log=folder / "ddapm.log")
    with process.log.open("ab") as log:
        process.handle = subprocess.Popen(command, env=inherited(), stdout=log, stderr=log, start_new_session=True)
    try:
        url = f"http://127.0.0.1:{ports[1]}"
        wait_until(lambda: answers(f"{url}/test/session/traces"), process, START_S)
        yield Agent(url=url)
    finally:
        process.stop()


def _free_port() -> int:
    """It takes no open socket; a port that was just given back is rarely taken by another."""
    with bound_socket() as listener:
        return int(listener.getsockname()[1])
