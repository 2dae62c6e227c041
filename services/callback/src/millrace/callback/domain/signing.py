"""The headers that a message is verified by: Standard Webhooks 1.0.0, with every key that is live."""

import base64
from collections.abc import Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks.webhooks import Webhook

from millrace.contracts.endpoints import SigningKeys


def headers(event_id: str, at: datetime, body: bytes, keys: Sequence[SigningKeys]) -> dict[str, str]:
    """The three headers. `at` is the attempt's own time: a consumer refuses what is older than five minutes."""
    signatures = [sign(event_id, at, body, each) for each in keys]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signature for pair in signatures for signature in pair),
    }


def sign(event_id: str, at: datetime, body: bytes, keys: SigningKeys) -> tuple[str, str]:
    """The signatures of one set of keys: `v1` (HMAC-SHA-256, RFC 2104) and `v1a` (Ed25519, RFC 8032)."""
    symmetric = Webhook(keys.secret).sign(event_id, at, body.decode())
    seed = base64.b64decode(keys.private_key.removeprefix("whsk_"))
    content = f"{event_id}.{int(at.timestamp())}.".encode() + body
    asymmetric = Ed25519PrivateKey.from_private_bytes(seed).sign(content)
    return symmetric, f"v1a,{base64.b64encode(asymmetric).decode()}"
