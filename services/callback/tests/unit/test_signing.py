"""Signatures: the published vectors byte for byte, and every live key."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks.webhooks import Webhook

from millrace.callback.domain.signing import headers, sign
from millrace.contracts.base import now
from millrace.contracts.endpoints import SigningKeys
from millrace.storage.endpoints import new_keys

MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_the_vectors_of_the_reference_libraries_are_met_byte_for_byte() -> None:
    # given: the vectors of libraries/javascript/src/webhook.test.ts and libraries/go/webhook_asymmetric_test.go
    keys = SigningKeys(
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        private_key="whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=", public_key="", created_at=AT,
    )  # fmt: skip
    # when
    symmetric, asymmetric = sign(MESSAGE, AT, BODY, keys)
    # then
    assert symmetric == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert asymmetric == (
        "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
    )


def verify(public_key: str, sent: dict[str, str], body: bytes) -> None:
    """As docs/callbacks.md describes it: any of the signatures will do."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    content = f"{sent['webhook-id']}.{sent['webhook-timestamp']}.".encode() + body
    for signature in sent["webhook-signature"].split():
        if signature.startswith("v1a,"):
            try:
                return key.verify(base64.b64decode(signature[4:]), content)
            except InvalidSignature:
                continue
    raise InvalidSignature


def test_both_keys_of_a_rotation_sign_and_the_newest_comes_first() -> None:
    # given
    new, old = new_keys(now()), new_keys(now() - timedelta(days=9))
    # when
    sent = headers("evt_1", now(), BODY, [new, old])
    # then
    assert [signature.split(",")[0] for signature in sent["webhook-signature"].split()] == ["v1", "v1a", "v1", "v1a"]
    for keys in (new, old):
        assert Webhook(keys.secret).verify(BODY, sent) == {"test": 2432232314}
        verify(keys.public_key, sent, BODY)


def test_no_other_key_and_no_other_body_is_accepted() -> None:
    # given
    keys = new_keys(now())
    sent = headers("evt_1", now(), BODY, [keys])
    # then
    with pytest.raises(InvalidSignature):
        verify(new_keys(now()).public_key, sent, BODY)
    with pytest.raises(InvalidSignature):
        verify(keys.public_key, sent, BODY + b" ")


def test_keys_are_of_the_sizes_that_the_specification_names_and_stay_out_of_logs() -> None:
    # when
    keys = new_keys(now())
    # then
    sizes = {each: len(base64.b64decode(each.partition("_")[2])) for each in (keys.secret, keys.private_key)}
    assert list(sizes.values()) == [32, 32]
    assert keys.secret[6:] not in repr(keys) and keys.private_key[5:] not in repr(keys)
