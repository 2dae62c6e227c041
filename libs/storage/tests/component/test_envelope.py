"""Envelope encryption under the keys of tenants: the same tests for KMS and DynamoDB, and for their twins."""

import io
import os
import threading
from dataclasses import dataclass

import aws_encryption_sdk
import pytest
from aws_encryption_sdk.internal.formatting.deserialize import deserialize_header
from aws_encryption_sdk.key_providers.kms import KMSMasterKey

from millrace.storage import kms
from millrace.storage.connect import Stores
from millrace.storage.errors import Corrupt, Shredded, StorageError
from millrace.storage.items import Item, MemoryItems
from millrace.storage.kms import KmsEnvelope
from millrace.storage.master_key import KmsMasterKey, MemoryMasterKey
from millrace.storage.provision import create_key
from millrace.storage.tenant_keys import SEAL, Seal, TenantKeys

CONTEXT = {"tenant": "acme", "run": "run_1", "purpose": "artifact", "schema": "units/1"}
PLAIN = b"what a customer wrote"


@dataclass
class Counting:
    """A master key that counts what it is asked."""

    master: KmsMasterKey | MemoryMasterKey
    calls: int = 0

    def make(self, context):
        self.calls += 1
        return self.master.make(context)

    def open(self, sealed, context):
        self.calls += 1
        return self.master.open(sealed, context)

    def reseal(self, sealed, context):
        self.calls += 1
        return self.master.reseal(sealed, context)


@pytest.fixture(params=["memory", "real"])
def keys(request: pytest.FixtureRequest) -> TenantKeys:
    if request.param == "memory":
        return TenantKeys(items=MemoryItems(), master=Counting(MemoryMasterKey()))
    stores: Stores = request.getfixturevalue("stores")
    return TenantKeys(items=stores.keys.items, master=Counting(stores.keys.master))


@dataclass
class Clock:
    """Time that passes when it is told to."""

    at: float = 0.0

    def __call__(self) -> float:
        return self.at


def data_key(sealed: bytes) -> bytes:
    """The wrapped data key of a message."""
    header, _ = deserialize_header(io.BytesIO(sealed))
    return next(iter(header.encrypted_data_keys)).encrypted_data_key


def test_what_one_process_seals_another_opens(keys: TenantKeys) -> None:
    # given a tenant without keys
    # when
    sealed = KmsEnvelope(keys).encrypt(PLAIN, CONTEXT)
    # then
    assert PLAIN not in sealed
    assert KmsEnvelope(keys).decrypt(sealed, CONTEXT) == PLAIN


@pytest.mark.parametrize("name", CONTEXT)
def test_another_context_opens_nothing(keys: TenantKeys, name: str) -> None:
    # given what another tenant has keys for, too
    envelope = KmsEnvelope(keys)
    sealed = envelope.encrypt(PLAIN, CONTEXT)
    envelope.encrypt(PLAIN, CONTEXT | {"tenant": "other"})
    # when / then
    with pytest.raises(Corrupt):
        envelope.decrypt(sealed, CONTEXT | {name: "other"})


@pytest.mark.parametrize("left_out", ["run", "schema"])
def test_a_context_that_says_less_opens_nothing(keys: TenantKeys, left_out: str) -> None:
    # given
    envelope = KmsEnvelope(keys)
    sealed = envelope.encrypt(PLAIN, CONTEXT)
    # when / then
    with pytest.raises(Corrupt):
        envelope.decrypt(sealed, {name: value for name, value in CONTEXT.items() if name != left_out})


def test_no_byte_of_a_message_can_be_altered() -> None:
    # given
    envelope = KmsEnvelope(TenantKeys(items=MemoryItems(), master=MemoryMasterKey()))
    sealed = envelope.encrypt(PLAIN, CONTEXT)
    # when / then each bit flip is Corrupt, and nothing else is raised
    for place in range(len(sealed)):
        altered = sealed[:place] + bytes([sealed[place] ^ 0x10]) + sealed[place + 1 :]
        with pytest.raises(Corrupt):
            envelope.decrypt(altered, CONTEXT)


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x01\x80", b"x" * 100, os.urandom(500)], ids=len)
def test_bytes_that_are_no_message_are_corrupt(data: bytes) -> None:
    # given
    envelope = KmsEnvelope(TenantKeys(items=MemoryItems(), master=MemoryMasterKey()))
    # when / then
    with pytest.raises(Corrupt):
        envelope.decrypt(data, CONTEXT)


def test_the_master_key_is_asked_once_a_tenant_and_five_minutes(keys: TenantKeys) -> None:
    # given
    clock = Clock()
    KmsEnvelope(keys).encrypt(PLAIN, CONTEXT)
    keys.master.calls = 0
    envelope = KmsEnvelope(keys, clock)
    # when many runs and schemas are sealed and opened
    for number in range(50):
        context = CONTEXT | {"run": f"run_{number}", "schema": f"s/{number % 7}"}
        assert envelope.decrypt(envelope.encrypt(PLAIN, context), context) == PLAIN
    # then
    assert keys.master.calls == 1
    # and when five minutes are over, once more
    clock.at = kms.MAX_AGE_S + 1
    envelope.encrypt(PLAIN, CONTEXT)
    assert keys.master.calls == 2


def test_threads_that_come_together_ask_once(keys: TenantKeys) -> None:
    # given
    KmsEnvelope(keys).encrypt(PLAIN, CONTEXT)
    keys.master.calls = 0
    envelope, begin = KmsEnvelope(keys), threading.Barrier(8)
    sealed: list[bytes] = []

    def seal() -> None:
        begin.wait()
        sealed.append(envelope.encrypt(PLAIN, CONTEXT))

    # when
    threads = [threading.Thread(target=seal) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # then
    assert [envelope.decrypt(each, CONTEXT) for each in sealed] == [PLAIN] * 8
    assert keys.master.calls == 1


def test_two_that_make_a_tenants_first_keys_agree(keys: TenantKeys) -> None:
    # given one that made them after the other had looked
    class Late(TenantKeys):
        def _add(self, *given):
            keys.ensure("acme")
            return super()._add(*given)

    # when
    late = Late(items=keys.items, master=keys.master).ensure("acme")
    # then
    assert late == keys.seal("acme")
    assert len(late.versions) == 1


def test_a_data_key_seals_so_many_messages_and_no_more() -> None:
    # given
    envelope = KmsEnvelope(TenantKeys(items=MemoryItems(), master=MemoryMasterKey()))
    # when
    used = [data_key(envelope.encrypt(PLAIN, CONTEXT)) for _ in range(kms.MAX_MESSAGES + 1)]
    # then
    assert len(set(used)) == 2
    assert used.count(used[0]) == kms.MAX_MESSAGES


def test_a_data_key_seals_so_many_bytes_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a bound that a test can reach
    monkeypatch.setattr(kms, "MAX_BYTES", 10_000)
    envelope = KmsEnvelope(TenantKeys(items=MemoryItems(), master=MemoryMasterKey()))
    # when
    used = [data_key(envelope.encrypt(b"x" * 3_000, CONTEXT)) for _ in range(4)]
    # then
    assert used[0] == used[1] == used[2] != used[3]


def test_tenants_runs_and_schemas_share_no_data_key(keys: TenantKeys) -> None:
    # given
    envelope = KmsEnvelope(keys)
    # when
    contexts = [CONTEXT | {name: "other"} for name in CONTEXT]
    used = {data_key(envelope.encrypt(PLAIN, context)) for context in (*contexts, CONTEXT)}
    # then
    assert len(used) == len(contexts) + 1


def test_a_process_keeps_so_many_tenants_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # given room for two
    monkeypatch.setattr(kms, "MAX_TENANTS", 2)
    keys = TenantKeys(items=MemoryItems(), master=Counting(MemoryMasterKey()))
    envelope = KmsEnvelope(keys)
    for tenant in ("one", "two", "one", "three"):
        envelope.encrypt(PLAIN, CONTEXT | {"tenant": tenant})
    keys.master.calls = 0
    # when / then the one that was used last is still known, the other is not
    envelope.encrypt(PLAIN, CONTEXT | {"tenant": "one"})
    assert keys.master.calls == 0
    envelope.encrypt(PLAIN, CONTEXT | {"tenant": "two"})
    assert keys.master.calls == 1


def test_after_a_rotation_old_and_new_are_readable(keys: TenantKeys) -> None:
    # given a process that has the keys from before
    before = KmsEnvelope(keys)
    old = before.encrypt(PLAIN, CONTEXT)
    # when
    keys.rotate("acme")
    new = KmsEnvelope(keys).encrypt(b"new", CONTEXT)
    # then old and new processes read both
    for envelope in (before, KmsEnvelope(keys)):
        assert envelope.decrypt(old, CONTEXT) == PLAIN
        assert envelope.decrypt(new, CONTEXT) == b"new"
    assert len(keys.seal("acme").versions) == 2


def test_a_version_that_nobody_made_is_corrupt(keys: TenantKeys) -> None:
    # given a message under keys that were replaced
    sealed = KmsEnvelope(keys).encrypt(PLAIN, CONTEXT)
    keys.items.delete("tenant#acme", SEAL)
    keys.ensure("acme")
    # when / then
    with pytest.raises(Corrupt):
        KmsEnvelope(keys).decrypt(sealed, CONTEXT)


def test_another_master_key_takes_over_by_a_rotation(stores: Stores) -> None:
    # given what was sealed under one master key, by this release and by the one before
    (old,) = stores.clients.settings.master_keys
    new = create_key(stores.clients)
    sealed = [KmsEnvelope(stores.keys).encrypt(PLAIN, CONTEXT)]
    before = old_message(stores, {"tenant": "acme", "purpose": "artifact"})

    def named(*arns: str) -> TenantKeys:
        return TenantKeys(items=stores.keys.items, master=KmsMasterKey(stores.clients, arns))

    def opens_everything(*arns: str) -> bool:
        envelope = KmsEnvelope(named(*arns))
        sealed.append(envelope.encrypt(PLAIN, CONTEXT))
        return all(envelope.decrypt(each, CONTEXT) == PLAIN for each in sealed)

    # when services name both, in either order, then they read and write, before a rotation and after
    assert opens_everything(old, new)
    assert opens_everything(new, old)
    named(new, old).rotate("acme")
    assert opens_everything(new, old)
    assert opens_everything(old, new)
    assert KmsEnvelope(named(new, old)).decrypt(before, CONTEXT) == PLAIN
    # and when the old one is gone, too
    stores.clients.client("kms").disable_key(KeyId=old.rpartition("/")[2])
    assert opens_everything(new)


def test_a_key_that_none_of_ours_sealed_is_refused(stores: Stores) -> None:
    # given
    KmsEnvelope(stores.keys).encrypt(PLAIN, CONTEXT)
    others = KmsMasterKey(stores.clients, (create_key(stores.clients), create_key(stores.clients)))
    # when / then
    with pytest.raises(StorageError):
        KmsEnvelope(TenantKeys(items=stores.keys.items, master=others)).encrypt(PLAIN, CONTEXT)


def test_what_is_shredded_is_unreadable_at_once_here_and_in_five_minutes_everywhere(keys: TenantKeys) -> None:
    # given a process that has the keys
    clock = Clock()
    running = KmsEnvelope(keys, clock)
    sealed = running.encrypt(PLAIN, CONTEXT)
    # when
    keys.shred("acme")
    # then
    clock.at = kms.MAX_AGE_S + 1
    for envelope in (KmsEnvelope(keys), running):
        with pytest.raises(Shredded):
            envelope.decrypt(sealed, CONTEXT)
        with pytest.raises(Shredded):
            envelope.encrypt(PLAIN, CONTEXT)


def test_nothing_of_the_keys_is_left_and_none_are_made_again(keys: TenantKeys) -> None:
    # given
    keys.ensure("acme")
    # when
    first = keys.shred("acme")
    # then
    assert Seal.model_validate_json(keys.items.get("tenant#acme", SEAL).body).versions == ()
    assert keys.shred("acme") == first
    for call in (keys.ensure, keys.rotate, keys.seal):
        with pytest.raises(Shredded):
            call("acme")


def old_message(stores: Stores, context: dict[str, str]) -> bytes:
    """A message as the release before wrote it: the master key itself wraps the data key."""
    master = KMSMasterKey(key_id=stores.clients.settings.kms_key_arn, client=stores.clients.client("kms"))
    sealed, _ = aws_encryption_sdk.EncryptionSDKClient().encrypt(
        source=PLAIN, key_provider=master, encryption_context=context,
        algorithm=aws_encryption_sdk.identifiers.AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
    )  # fmt: skip
    return bytes(sealed)


def test_what_the_release_before_sealed_is_readable(stores: Stores) -> None:
    # given
    sealed = old_message(stores, {"tenant": "acme", "purpose": "artifact"})
    # when / then
    assert KmsEnvelope(stores.keys).decrypt(sealed, CONTEXT) == PLAIN


@pytest.mark.parametrize("name", ["tenant", "purpose"])
def test_it_names_less_but_that_must_be_right(stores: Stores, name: str) -> None:
    # given
    sealed = old_message(stores, {"tenant": "acme", "purpose": "artifact"})
    # when / then
    with pytest.raises(Corrupt):
        KmsEnvelope(stores.keys).decrypt(sealed, CONTEXT | {name: "other"})


def test_a_shredded_tenants_old_messages_are_refused(stores: Stores) -> None:
    # given
    sealed = old_message(stores, {"tenant": "acme", "purpose": "artifact"})
    stores.keys.shred("acme")
    # when / then
    with pytest.raises(Shredded):
        KmsEnvelope(stores.keys).decrypt(sealed, CONTEXT)


def test_a_forked_child_has_its_own(keys: TenantKeys) -> None:
    # given a parent in the middle of opening a tenant's keys
    envelope = KmsEnvelope(keys)
    sealed = envelope.encrypt(PLAIN, CONTEXT)
    with envelope._slots.of("acme").lock:
        pid = os.fork()
        if pid == 0:
            os._exit(0 if envelope.decrypt(sealed, CONTEXT) == PLAIN else 1)
        # when / then the child does not wait for a lock that nobody will release
        assert os.waitpid(pid, 0)[1] == 0


def test_no_key_is_in_any_repr() -> None:
    # given
    taken: list[bytes] = []

    class Telling(MemoryMasterKey):
        def open(self, sealed, context):
            taken.append(super().open(sealed, context))
            return taken[-1]

    keys = TenantKeys(items=MemoryItems(), master=Telling())
    envelope = KmsEnvelope(keys)
    envelope.encrypt(PLAIN, CONTEXT)
    opened = envelope._opened("acme")
    # when
    shown = [repr(each) for each in (envelope, keys, keys.seal("acme"), opened, opened.manager, opened.keyring)]
    # then
    secrets = [each for key in taken for each in (key, keys.seal("acme").versions[0].sealed)]
    assert taken
    assert not any(repr(secret)[2:-1] in text or secret.hex() in text for secret in secrets for text in shown)


def test_an_item_that_somebody_put_in_its_place_opens_nothing(keys: TenantKeys) -> None:
    # given another tenant's keys in the place of ours
    KmsEnvelope(keys).encrypt(PLAIN, CONTEXT | {"tenant": "rival"})
    body = keys.items.get("tenant#rival", SEAL).body
    keys.items.put(Item(owner="tenant#acme", name=SEAL, body=body))
    # when / then
    with pytest.raises(Corrupt):
        KmsEnvelope(keys).encrypt(PLAIN, CONTEXT)
