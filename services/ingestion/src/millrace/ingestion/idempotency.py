"""Requests that are made once, however often they are sent (draft-ietf-httpapi-idempotency-key-header-07)."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from millrace.ingestion.errors import InProgress, KeyMissing

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
"""`true` with an answer that was given before."""
LONGEST = 255
_BARE = re.compile(r"[!#-~][!-~]*\Z")
_QUOTED = re.compile(r'"((?:[!#-\[\]-~]|\\["\\])+)"\Z')
"""A string as RFC 8941 section 3.3.3 writes it, without spaces."""
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, kw_only=True)
class Once:
    """A request as it is known again."""

    key: str
    fingerprint: str
    """Digest of everything that decides what the request does."""


def key_of(given: Sequence[str]) -> str:
    """The key in a request's headers of that name: bare, or quoted as the draft has it; KeyMissing when there is none.

    `k-1` and `"k-1"` are the same key.
    """
    if len(given) != 1:
        raise KeyMissing(f"send one {HEADER}: any string that you use for this request alone, such as a UUID")
    value = given[0].strip()
    quoted = _QUOTED.match(value)
    key = _ESCAPED.sub(r"\1", quoted[1]) if quoted else value
    if len(key) > LONGEST or not (quoted or _BARE.match(value)):
        raise KeyMissing(f"{HEADER} takes 1 to {LONGEST} visible ASCII characters")
    return key


def fingerprint(method: str, path: str, query: Sequence[tuple[str, str]], media_type: str, body: bytes) -> str:
    """SHA-256 over what a request asks for. The order of its query does not matter."""
    head = json.dumps([method, path, sorted(query), media_type], separators=(",", ":"))
    digest = hashlib.sha256(head.encode("utf-8", "surrogatepass"))
    digest.update(b"\n")
    digest.update(body)
    return digest.hexdigest()


@dataclass(frozen=True)
class Inflight:
    """The keys of requests that this process works on. What two processes work on, the run store's condition decides.

    For the event loop's thread alone.
    """

    _keys: set[tuple[str, str]] = field(default_factory=set)

    @contextmanager
    def hold(self, tenant: str, key: str) -> Iterator[None]:
        """Hold the key for as long as the block lasts; InProgress when it is held."""
        mine = tenant, key
        if mine in self._keys:
            raise InProgress
        self._keys.add(mine)
        try:
            yield
        finally:
            self._keys.discard(mine)
