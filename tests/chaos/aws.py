"""The fault-injecting proxy before moto, with a record of every effect that went through it."""

import json
import time
from urllib.parse import unquote, urlsplit

from tests.chaos.ledger import Ledger, Object, Written

from millrace.testing.aws_faults import AwsFaults, Headers


class AwsProxy(AwsFaults):
    """Writes down each object that came to be or was deleted, and each run record that was written."""

    def __init__(self, upstream: str, ledger: Ledger, seed: int) -> None:
        super().__init__(upstream, seed=seed)
        self._ledger = ledger

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, Headers, bytes]:
        """See `AwsFaults`. What is noted happened, whether the caller hears of it or not."""
        answer = super().forward(method, path, headers, body)
        if answer[0] < 300:
            target = next((value for key, value in headers.items() if key.lower() == "x-amz-target"), "")
            self._note(method, path, target, body)
        return answer

    def _note(self, method: str, path: str, target: str, body: bytes) -> None:
        at = time.time()
        if target.endswith((".PutItem", ".TransactWriteItems")):
            document = json.loads(body)
            puts = [document] if "Item" in document else [each.get("Put", {}) for each in document["TransactItems"]]
            for put in puts:
                item = put.get("Item", {})
                if "record" in item:
                    self._ledger.add(Written(at=at, pk=item["pk"]["S"], record=item["record"]["B"]))
        elif not target and method in ("PUT", "DELETE"):
            # Path style: /bucket/key. A bucket's own path has no key.
            key = unquote(urlsplit(path).path).lstrip("/").partition("/")[2]
            if key:
                self._ledger.add(Object(at=at, key=key, created=method == "PUT"))
