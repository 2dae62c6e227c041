"""Fifty equal requests at once against the API as a process, on real servers: one run, one batch, one answer."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from services.ingestion.tests.component.world import FLOW

from millrace.contracts.access import Quota, Scope
from millrace.contracts.base import now
from millrace.local.process import Process, module, wait_until
from millrace.local.servers import Server, answers, bound_socket
from millrace.local.settings import inherited_whole
from millrace.storage.accounts import Accounts
from millrace.storage.api_keys import KeyMaker
from millrace.storage.aws import Clients
from millrace.storage.connect import connect_stores
from millrace.storage.provision import create_account_table, create_bucket, create_key, create_table
from millrace.storage.settings import StorageSettings
from millrace.testing.servers import CREDENTIALS

PEPPER = "a-pepper-of-the-tests-long-enough"
TENANT = "acme"
AT_ONCE = 50
PATIENCE_S = 60.0
BODY = b'{"records": [{"record_id": "1", "text": "fine"}]}'


@pytest.fixture
def environment(moto: Server, redis_server: Server, clients: Clients) -> dict[str, str]:
    """What the API is told: real stores of its own, with a flow published, and a broker."""
    unique = secrets.token_hex(6)
    table, accounts, bucket, key = f"runs-{unique}", f"accounts-{unique}", f"batches-{unique}", create_key(clients)
    create_table(clients, table)
    create_account_table(clients, accounts)
    create_bucket(clients, bucket)
    return inherited_whole() | {
        "AWS_ACCESS_KEY_ID": CREDENTIALS[0], "AWS_SECRET_ACCESS_KEY": CREDENTIALS[1],
        "MILLRACE_AWS_ENDPOINT_URL": moto.url, "MILLRACE_TABLE": table, "MILLRACE_ACCOUNT_TABLE": accounts,
        "MILLRACE_BUCKET": bucket, "MILLRACE_KMS_KEY_ARN": key, "MILLRACE_REDIS_URL": redis_server.url,
        "MILLRACE_BROKER_URL": f"{redis_server.url}/9", "MILLRACE_KEY_PEPPER": PEPPER,
        "MILLRACE_LINK_SECRET": PEPPER, "MILLRACE_MESSAGE_SECRET": PEPPER,
    }  # fmt: skip


@pytest.fixture
def api(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """Where the API answers."""
    with bound_socket() as listener:
        more = {"MILLRACE_LISTEN_FD": str(listener.fileno())}
        process = Process(
            name="api", command=module("millrace.ingestion"), environment=environment | more,
            log=tmp_path / "api.log", pass_fds=(listener.fileno(),),
        )  # fmt: skip
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process.start()
    try:
        wait_until(lambda: answers(f"{url}/healthz"), process, PATIENCE_S)
        yield url
    finally:
        process.stop()


async def at_once(url: str, key: str) -> list[httpx.Response]:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "idempotency-key": "the-one"}
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE_S, limits=limits) as client:
        first = await asyncio.gather(*(client.post("/v1/runs", content=BODY) for _ in range(AT_ONCE)))
        return [*first, await client.post("/v1/runs", content=BODY)]


def test_fifty_equal_requests_at_once_make_one_run(api: str, environment: dict[str, str]) -> None:
    # given
    settings = StorageSettings(
        aws_endpoint_url=environment["MILLRACE_AWS_ENDPOINT_URL"], table=environment["MILLRACE_TABLE"],
        account_table=environment["MILLRACE_ACCOUNT_TABLE"], bucket=environment["MILLRACE_BUCKET"],
        kms_key_arn=environment["MILLRACE_KMS_KEY_ARN"], redis_url=environment["MILLRACE_REDIS_URL"],
    )  # fmt: skip
    stores = connect_stores(settings, CREDENTIALS)
    stores.flows.publish([FLOW])
    accounts, (record, key) = Accounts(items=stores.items), KeyMaker((PEPPER,)).make(TENANT, "t", tuple(Scope), now())
    accounts.create_tenant(TENANT, Quota())
    accounts.add_key(record)
    # when
    *together, after = asyncio.run(at_once(api, key))
    # then: one was first, the others came while it was worked on or after it
    kinds = Counter((each.status_code, each.headers.get("idempotency-replayed", "")) for each in together)
    assert kinds[202, ""] == 1
    assert kinds[202, ""] + kinds[202, "true"] + kinds[409, ""] == AT_ONCE
    accepted = {each.content for each in (*together, after) if each.status_code == 202}
    assert (len(accepted), after.headers["idempotency-replayed"]) == (1, "true")
    (run,) = stores.runs.page(TENANT, 10).records
    assert list(stores.artifacts.keys_of(TENANT, run.run_id)) == [run.batch.key]
    assert sum(len(keys) for _, _, keys in stores.artifacts.by_run()) == 1
    stores.close()
