"""A large file through a real API process, an object store and Redis: sent in parts, resumed, and made a run of."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from services.ingestion.tests.component.world import FLOW

from millrace.contracts.access import Scope
from millrace.local.servers import Server
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.connect import Stores
from millrace.storage.uploads import PREFIX
from millrace.testing.factories import START

PEPPER = "a pepper of this test that is long enough"
ROWS = 19_000
FILE = b"id,review,stars\n" + b"".join(b"%d,It runs small. %s,2\n" % (n, b"word " * 180) for n in range(ROWS))
PART = 8 << 20
GIVE_UP_S = 60.0


@dataclass
class Api:
    """The process, and a client with a key of it."""

    process: "subprocess.Popen[bytes]"
    http: httpx.Client


@pytest.fixture
def api(stores: Stores, redis_server: Server) -> Iterator[Api]:
    stores.flows.publish([FLOW])
    accounts = Accounts(items=stores.items)
    accounts.create_tenant("acme")
    record, key = KeyMaker((PEPPER,)).make("acme", "tests", tuple(Scope), START)
    accounts.add_key(record)
    settings = stores.clients.settings
    with socket.create_server(("127.0.0.1", 0)) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        given = {f"MILLRACE_{name.upper()}": str(value) for name, value in settings.model_dump().items() if value}
        secrets = {name: "a secret of this test that is long enough" for name in ("LINK_SECRET", "MESSAGE_SECRET")}
        env = os.environ | given | {f"MILLRACE_{name}": value for name, value in secrets.items()} | {
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "MILLRACE_KEY_PEPPER": PEPPER,
            "MILLRACE_BROKER_URL": redis_server.url, "MILLRACE_LISTEN_FD": str(bound.fileno()),
        }  # fmt: skip
        process = subprocess.Popen([sys.executable, "-m", "millrace.ingestion"], env=env, pass_fds=[bound.fileno()])
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=GIVE_UP_S) as http:
        yield Api(process, http)
    process.kill()
    process.wait()


def send(view: Any, *numbers: int) -> None:
    for target in view["missing"]:
        if target["part"] in numbers:
            start = (target["part"] - 1) * PART
            httpx.put(target["url"], content=FILE[start : start + target["size"]], timeout=GIVE_UP_S).raise_for_status()


def test_a_file_of_three_parts_becomes_a_run_and_leaves_the_bucket(api: Api, stores: Stores) -> None:
    # given: the producer broke off after the second part
    asked = {"size": len(FILE), "media_type": "text/csv", "filename": "ann.csv"}
    begun = api.http.post("/v1/uploads", json=asked).raise_for_status().json()
    assert [target["size"] for target in begun["missing"]] == [PART, PART, len(FILE) - 2 * PART]
    send(begun, 2)
    # when
    resumed = api.http.get(begun["links"]["self"]).json()
    send(resumed, 1, 3)
    whole = api.http.post(begun["links"]["complete"]).json()
    answer = api.http.post("/v1/runs", json={"upload_id": whole["upload_id"]}, headers={"idempotency-key": "k-1"})
    # then
    assert [part["part"] for part in resumed["arrived"]] == [2]
    assert (answer.status_code, answer.json()["records"]) == (202, ROWS)
    assert list(stores.uploads.store.objects(PREFIX)) == []
    record = stores.runs.get("acme", answer.json()["run_id"])
    assert stores.artifacts.get("acme", record.batch).count(b"\n") == ROWS
    _ends_with_an_open_stream(api, record.run_id)


def _ends_with_an_open_stream(api: Api, run_id: str) -> None:
    """The process ends when it is told to, although somebody listens to the run."""
    with api.http.stream("GET", f"/v1/runs/{run_id}/events") as stream:
        lines = stream.iter_lines()
        assert any(line == "event: run.accepted" for line in lines)
        left = threading.Thread(target=lambda: list(lines))
        left.start()
        api.process.terminate()
        left.join(GIVE_UP_S)
    # uvicorn ends in good order, and then by the signal that it was given.
    assert -api.process.wait(GIVE_UP_S) == signal.SIGTERM
