"""Sign task messages and parts' outcomes, and check them before anything of them is decoded.

Whoever can write into a queue could otherwise have a task run. The signature is a header: HMAC-SHA-256 (RFC 2104) over
what the message is for and the digest of its body, byte for byte as the broker gets it. So it holds for whatever Celery
publishes: a chord's parts and its body, retries, batches, and dead letters that are sent back. Why it is made where it
is made, and what it does not protect: `docs/decisions/0016-signed-messages.md`.
"""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kombu import messaging

from millrace.worker import sending
from millrace.worker.dead_letters import Why, body_bytes

HEADER = "millrace"
"""Name of the header: what is said of the run, the number of the format, and the signature."""
SENT_AT = "sent_at"
"""Header: when the message was sent, in seconds since 1970. It is not signed: nothing is decided by it, and it is
believed within bounds only (`tracing.sent_at`)."""
FORMAT = 1
SIGNATURE = "signature"

_BELIEVED = ("retries", "timelimit", "eta", "expires")
"""Headers that a worker acts upon without looking into the body (`checks`)."""

_SIGNED_OUTCOME = re.compile(r'(.*), "signature": "([0-9a-f]{64})"\}', re.DOTALL)
"""An outcome as a join keeps it: JSON whose last field is the signature, so that a release that signs no outcomes reads
it too."""

Said = dict[str, Any]


def said_of(body: Any) -> Said:
    """What a task's body, `[args, kwargs, embedded]`, says of its run; blanks where it is of none."""
    match body:
        case [_, {"message": dict() as message}, *_]:
            step = message.get("step") or message.get("stage") or ""
            return {
                "tenant": message.get("tenant", ""), "run": message.get("run_id", ""), "step": step,
                "schema": message.get("version", 1),
            }  # fmt: skip
    return {"tenant": "", "run": "", "step": "", "schema": 0}


@dataclass(frozen=True, kw_only=True)
class Signer:
    """The secrets that all of our processes share: the first signs, each is accepted."""

    secrets: tuple[str, ...] = field(repr=False)
    accept_unsigned: bool = False
    """While a release that does not sign is still running; what is signed must be signed well even then."""

    def sign(self, headers: Mapping[str, Any], content_type: str, serialised: Any, body: Any) -> dict[str, Any]:
        """The header of a task message. `headers`: Celery's; `serialised`: the body as it goes out."""
        signed = {"format": FORMAT, **said_of(body)}
        return {**signed, SIGNATURE: self._digest(self.secrets[0], _text(headers, content_type, serialised, signed))}

    def refuses(self, headers: Mapping[str, Any], content_type: Any, serialised: Any) -> Why | None:
        """Why a message that was received is not to be used; None when it is one of ours. Headers may hold anything."""
        given = headers.get(HEADER)
        if given is None:
            return None if self.accept_unsigned else Why.UNSIGNED
        try:
            signed = {name: value for name, value in given.items() if name != SIGNATURE}
            text, signature = _text(headers, content_type, serialised, signed), given[SIGNATURE].encode()
            good = [hmac.compare_digest(self._digest(secret, text).encode(), signature) for secret in self.secrets]
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
            return Why.BAD_SIGNATURE
        return None if any(good) else Why.BAD_SIGNATURE

    def sign_outcome(self, join: str, part: str, value: str) -> str:
        """The JSON of an outcome with its signature, for this part of this join. What is no object is no outcome."""
        if not value.startswith('{"'):
            return value
        return f'{value[:-1]}, "{SIGNATURE}": "{self._digest(self.secrets[0], _outcome_text(join, part, value))}"}}'

    def open_outcome(self, join: str, part: str, kept: str) -> tuple[str, Why | None]:
        """The JSON that was signed, and why it is not to be used; None when it is. It may be whatever Redis held."""
        found = _SIGNED_OUTCOME.fullmatch(kept)
        if found is None:
            return kept, None if self.accept_unsigned else Why.UNSIGNED
        value, signature = f"{found[1]}}}", found[2]
        text = _outcome_text(join, part, value)
        good = [hmac.compare_digest(self._digest(secret, text), signature) for secret in self.secrets]
        return value, None if any(good) else Why.BAD_SIGNATURE

    def _digest(self, secret: str, text: bytes) -> str:
        return hmac.digest(secret.encode(), text, "sha256").hex()


def agrees(headers: Mapping[str, Any], body: Any) -> bool:
    """Whether a signed header says of the run what the decoded body says; an unsigned message has nothing to say."""
    given = headers.get(HEADER)
    return given is None or {name: given.get(name) for name in said_of(body)} == said_of(body)


def _text(headers: Mapping[str, Any], content_type: Any, serialised: Any, signed: Mapping[str, Any]) -> bytes:
    """What is signed, without ambiguity: a JSON list. ValueError for a format that is not ours."""
    if signed["format"] != FORMAT:
        raise ValueError("a signature of another format")
    digest = hashlib.sha256(body_bytes(serialised)).hexdigest()
    run = [signed[name] for name in ("format", "tenant", "run", "step", "schema")]
    believed = [headers.get(name) for name in _BELIEVED]
    parts = [*run, headers["task"], headers.get("id"), content_type, digest, *believed]
    return json.dumps(parts, separators=(",", ":")).encode()


def _outcome_text(join: str, part: str, value: str) -> bytes:
    """What is signed of an outcome: a list that begins with a word, where a message's begins with a number."""
    digest = hashlib.sha256(value.encode(errors="surrogatepass")).hexdigest()
    return json.dumps(["outcome", FORMAT, join, part, digest], separators=(",", ":")).encode()


# The stubs of kombu leave out what is private.
_Producer: Any = messaging.Producer


class Producer(_Producer):  # type: ignore[misc]
    """kombu's producer, which signs and dates each task message once its body is serialised; others go as they are."""

    def __init__(self, *args: Any, signer: Signer, **kwargs: Any) -> None:
        self.signer = signer
        super().__init__(*args, **kwargs)

    def _prepare(
        self,
        body: Any,
        serializer: Any = None,
        content_type: Any = None,
        content_encoding: Any = None,
        compression: Any = None,
        headers: Any = None,
    ) -> Any:
        serialised, content_type, content_encoding = super()._prepare(
            body, serializer, content_type, content_encoding, compression, headers
        )
        if headers and "task" in headers:
            headers[HEADER] = self.signer.sign(headers, content_type, serialised, body)
            # A retry takes over the headers of the message that it repeats, but is sent anew.
            headers[SENT_AT] = time.time()
            sending.count(str(headers["task"]))
        return serialised, content_type, content_encoding
