"""The pieces of the local stack: processes, servers, the way to stop it, and the consumer."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from redis import Redis
from standardwebhooks.webhooks import Webhook

from millrace.local.control import Control, ask_to_stop
from millrace.local.demo import executed_by
from millrace.local.errors import NotStarted
from millrace.local.process import Process, module, wait_until
from millrace.local.receiver import create
from millrace.local.servers import Server, bound_socket
from millrace.local.settings import inherited, inherited_whole

SECRET = "whsec_" + base64.b64encode(b"0" * 32).decode()


def process(tmp_path: Path, code: str) -> Process:
    command = [*module("code")[:1], "-c", code]
    return Process(name="test", command=command, environment=inherited_whole(), log=tmp_path / "test.log")


def test_a_process_that_dies_before_it_is_ready_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    # given
    started = process(tmp_path, "print('no such table'); raise SystemExit(3)")
    started.start()
    # when / then
    with pytest.raises(NotStarted, match="test did not become ready"):
        wait_until(lambda: False, started, 20)
    started.stop()
    assert "no such table" in started.last_lines()


def test_a_process_that_ignores_the_request_to_stop_is_ended(tmp_path: Path) -> None:
    # given
    stubborn = "import signal as s; s.signal(s.SIGTERM, s.SIG_IGN); print('up', flush=True); s.pause()"
    started = process(tmp_path, stubborn)
    started.start()
    wait_until(lambda: "up" in started.last_lines(), started, 20)
    # when
    started.stop(patience_s=0.1)
    # then
    assert not started.running


def test_the_redis_that_answers_is_the_one_that_was_started(redis_server: Server) -> None:
    # given
    client = Redis.from_url(redis_server.url)
    # when
    pid = client.info("server")["process_id"]
    client.close()
    # then
    assert redis_server.process.handle is not None
    assert pid == redis_server.process.handle.pid


def test_a_bound_socket_is_nobody_elses() -> None:
    # given
    first, second = bound_socket(), bound_socket()
    # then
    assert first.getsockname()[1] != second.getsockname()[1]
    first.close()
    second.close()


def test_a_stack_stops_for_who_knows_its_token_and_for_nobody_else() -> None:
    # given
    control = Control()
    # when
    ask_to_stop(control.port, "wrong", 5)
    # then
    assert not control.stop.is_set()
    asking = threading.Thread(target=ask_to_stop, args=(control.port, control.token, 20))
    asking.start()
    assert control.stop.wait(20)
    control.close()
    asking.join(20)
    assert not asking.is_alive()


def test_the_stacks_processes_see_none_of_the_callers_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setenv("MILLRACE_TABLE", "production")
    # then
    assert "MILLRACE_TABLE" not in inherited()
    assert inherited()["PATH"] == os.environ["PATH"]


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/callback"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_consumer_keeps_a_signed_callback_and_refuses_a_forged_one(tmp_path: Path) -> None:
    # given
    body = json.dumps({"type": "insight.completed"})
    at = datetime.now(UTC)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("evt_1", at, body),
    }
    # when
    with serving(create(tmp_path, SECRET, bound_socket())) as url:
        good = httpx.post(url, content=body, headers=headers)
        forged = httpx.post(url, content=body.replace("completed", "failed"), headers=headers)
    # then
    assert (good.status_code, forged.status_code) == (200, 400)
    (kept,) = tmp_path.glob("*.json")
    assert json.loads(kept.read_text())["body"] == {"type": "insight.completed"}


def test_the_demo_counts_parts_by_the_process_that_executed_them(tmp_path: Path) -> None:
    # given
    logs = tmp_path / "logs"
    logs.mkdir()
    part = {"action": "task_ended", "step": "ratings", "worker": "host:7"}
    lines = [part | {"run_id": run} for run in ("run_a", "run_a", "run_b")]
    lines.append({"action": "task_ended", "run_id": "run_a", "worker": "host:8"})
    (logs / "nlp.log").write_text("\n".join(map(json.dumps, lines)))
    # when / then
    assert executed_by(tmp_path, "run_a") == {"nlp host:7": 2}
