"""A stack with two replicas of each worker, with a proxy before every server and a consumer of every temper."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from uuid import uuid4

import httpx
from tests.chaos.aws import AwsProxy
from tests.chaos.batches import batch
from tests.chaos.brokers import Broker
from tests.chaos.errors import NotEnded, NotStruck
from tests.chaos.ledger import Attempt, Ledger
from tests.chaos.processes import LOOK_S, Processes
from tests.chaos.receiver import Receiver

from millrace.client import Client
from millrace.client.errors import BadAnswer, ClientError, Refused
from millrace.contracts.run import CallbackStatus, RunRecord
from millrace.local.stack import TENANT, Stack
from millrace.storage.aws import Clients
from millrace.storage.dynamodb import DynamoRuns
from millrace.storage.errors import NotFound
from millrace.testing.tcp import Mode, TcpProxy

OTHER_TENANT = "rival"
SUBMIT_S = 40.0
"""How long a producer tries to have its batch acknowledged: ingestion takes seconds to come back from a kill."""
STRIKE_S = 25.0


@dataclass(kw_only=True)
class World:
    """Everything that a scenario may touch."""

    stack: Stack
    processes: Processes
    aws: AwsProxy
    tcp: dict[str, TcpProxy]
    """`redis` (hot tier and joins) and, where the broker is not SQS, `broker`."""
    receiver: Receiver
    ledger: Ledger
    broker: Broker
    runs: DynamoRuns
    clients: Clients
    keys: dict[str, str]
    """API key by tenant."""
    scenario: str = ""
    hits: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Fault class → what was done."""
    buried: list[str] = field(default_factory=list)
    exhumed: list[str] = field(default_factory=list)
    """Why dead letters were dead that lay in a broker before it forgot everything."""
    _serials: Iterator[int] = field(default_factory=count)

    @property
    def crash(self) -> Path:
        """The folder of crash orders."""
        return self.stack.folder / "crash"

    def hit(self, fault: str, what: str) -> None:
        """A fault of this class has happened."""
        self.hits[fault].add(what)

    def submit(
        self, rng: Random, temper: str = "ok", records: int = 0, tenant: str = "", deadline_s: float | None = None
    ) -> Attempt:
        """Have a batch accepted, as a stubborn producer would: the same key again until there is an answer."""
        owner = tenant or rng.choice((TENANT, TENANT, TENANT, OTHER_TENANT))
        key = f"{self.scenario}-{next(self._serials)}"
        data = batch(rng, records or rng.randint(18, 32))
        run_id, refused = None, None
        with Client(self.stack.api_url, self.keys[owner], timeout=10) as client:
            give_up = time.monotonic() + SUBMIT_S
            while run_id is None and refused is None and time.monotonic() < give_up:
                try:
                    run_id = client.submit_file(
                        data, "application/x-ndjson", callback_url=self.receiver.url(temper), metadata={"chaos": key},
                        idempotency_key=key, deadline_s=deadline_s,
                    ).run_id  # fmt: skip
                except Refused as error:
                    refused = error.problem.status if error.problem.status not in (409, 429) else None
                except (ClientError, BadAnswer):
                    threading.Event().wait(0.2)
        attempt = Attempt(key=key, scenario=self.scenario, tenant=owner, run_id=run_id, refused=refused)
        self.ledger.add(attempt)
        return attempt

    def wave(self, rng: Random, size: int, temper: str = "ok", records: int = 0) -> list[Attempt]:
        """So many batches at once."""
        made: list[Attempt] = []
        seeds = [Random(rng.random()) for _ in range(size)]
        threads = [
            threading.Thread(target=lambda own=own: made.append(self.submit(own, temper, records))) for own in seeds
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return made

    def record(self, attempt: Attempt) -> RunRecord | None:
        """The run as the table holds it, past every proxy; None when there is none."""
        try:
            return self.runs.get(attempt.tenant, attempt.run_id or "")
        except NotFound:
            return None

    def settled(self, attempt: Attempt) -> bool:
        """Whether none of the run's parts will begin any more: it has ended, or was never accepted."""
        record = self.record(attempt)
        return record is None or record.status.terminal

    def ended(self, attempt: Attempt) -> bool:
        """Whether the run has ended and its consumer was told, or was given up on."""
        record = self.record(attempt)
        if record is None or not record.status.terminal:
            return False
        return record.callback is None or record.callback.status is not CallbackStatus.PENDING

    def wait(self, what: Callable[[], bool], seconds: float, why: str) -> None:
        """Wait until it holds; NotEnded says why it was waited for."""
        give_up = time.monotonic() + seconds
        while not what():
            if time.monotonic() > give_up:
                raise NotEnded(f"{why} within {seconds:g} s")
            threading.Event().wait(LOOK_S)

    def wait_for_stage(self, attempt: Attempt, stage: str, seconds: float = STRIKE_S) -> None:
        """Wait until the run is in this stage or beyond it."""

        def there() -> bool:
            record = self.record(attempt)
            return record is not None and any(each.name == stage for each in record.stages)

        self.wait(there, seconds, f"{attempt.run_id} did not reach {stage}")

    def order(self, point: str, what: str) -> Path:
        """Have the next process that visits the point (`name` or `name@service`) do this; returns the order's file."""
        fresh = self.crash / f".{point}"
        fresh.write_text(what)
        return fresh.replace(self.crash / point)

    def struck(self, order: Path, seconds: float = STRIKE_S) -> Path:
        """The claimed order's file, once a process has obeyed it; NotStruck when none did."""
        give_up = time.monotonic() + seconds
        while not (found := sorted(order.parent.glob(f"{order.name}.claimed.*"))):
            if time.monotonic() > give_up:
                order.unlink(missing_ok=True)
                raise NotStruck(f"nobody came to {order.name}")
            threading.Event().wait(LOOK_S)
        return found[-1]

    def heal(self) -> None:
        """Undo every fault: what is broken from here on is the system's own doing."""
        self.aws.faults = []
        for proxy in self.tcp.values():
            proxy.set(Mode.PASS)
        for file in self.crash.iterdir():
            if not file.name.startswith("visited."):
                file.rename(self.stack.folder / "obeyed" / f"{next(self._serials)}.{file.name}")
        self.processes.let_go()
        for name in self.stack.processes:
            self.processes.resume(name)

    def visited(self) -> set[str]:
        """Crash points that some process has come to."""
        logs = [file.read_text() for file in self.crash.glob("visited.*")]
        return {line.partition(":")[0] for log in logs for line in log.splitlines()}

    def post(self, content: bytes, media_type: str = "application/json") -> httpx.Response:
        """A raw request to the API, as the first tenant."""
        headers = {"Authorization": f"Bearer {self.keys[TENANT]}", "Content-Type": media_type}
        headers["Idempotency-Key"] = str(uuid4())
        return httpx.post(f"{self.stack.api_url}/v1/runs", content=content, headers=headers, timeout=30)
