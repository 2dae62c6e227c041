"""What of a run can be read in the table itself, and what the release before wrote there."""

import zlib

import pytest

from millrace.contracts.artifacts import JSON
from millrace.storage.connect import Stores, connect_runs
from millrace.storage.errors import Corrupt, Shredded
from millrace.storage.kms import KmsEnvelope
from millrace.storage.ports import Idempotency
from millrace.testing.factories import run_record

SECRET = "canary-4711"


def items(stores: Stores) -> list[dict]:
    return stores.clients.client("dynamodb").scan(TableName=stores.clients.settings.table)["Items"]


def test_nothing_of_a_record_or_an_answer_is_readable_in_the_table(stores: Stores) -> None:
    # given
    record = run_record(metadata={"ticket": SECRET}, reason=SECRET)
    # when
    stores.runs.create(record, Idempotency(key=SECRET, fingerprint="f", answer=SECRET))
    stores.runs.replace(record)
    # then
    assert len(items(stores)) == 2
    assert SECRET not in repr(items(stores))
    packed = next(item["record"]["B"] for item in items(stores) if "record" in item)
    with pytest.raises(zlib.error):
        zlib.decompress(packed)
    assert stores.runs.known("acme", SECRET).answer == SECRET


def test_a_record_in_the_place_of_another_is_refused(stores: Stores) -> None:
    # given two runs, one of which is put in the other's place
    one, other = run_record(), run_record()
    stores.runs.create(one)
    stores.runs.create(other)
    stolen = next(item for item in items(stores) if item["run_id"]["S"] == one.run_id)["record"]
    # when
    stores.clients.client("dynamodb").update_item(
        TableName=stores.clients.settings.table, Key={"pk": {"S": f"acme#{other.run_id}"}},
        UpdateExpression="SET #record = :stolen", ExpressionAttributeNames={"#record": "record"},
        ExpressionAttributeValues={":stolen": stolen},
    )  # fmt: skip
    # then
    with pytest.raises(Corrupt):
        stores.runs.get("acme", other.run_id)


def test_what_the_release_before_wrote_is_read_and_sealed_by_the_next_write(stores: Stores) -> None:
    # given a record that is only packed, and an answer that is text
    record, table = run_record(metadata={"ticket": SECRET}), stores.clients.settings.table
    dynamodb = stores.clients.client("dynamodb")
    item = connect_runs(stores.clients)._encode(record)
    packed = zlib.compress(record.model_dump_json().encode())
    dynamodb.put_item(TableName=table, Item=item | {"record": {"B": packed}})
    stores.runs.create(run_record(), Idempotency(key="k", fingerprint="f", answer="new"))
    once = next(each for each in items(stores) if each["pk"]["S"].startswith("once#"))
    dynamodb.put_item(TableName=table, Item=once | {"answer": {"S": "old"}})
    # when
    read = stores.runs.get("acme", record.run_id)
    # then
    assert read == record
    assert stores.runs.known("acme", "k").answer == "old"
    stores.runs.replace(read)
    assert packed not in [each["record"]["B"] for each in items(stores) if "record" in each]


def test_a_write_whose_answer_was_lost_is_known_again_although_it_is_sealed_anew(stores: Stores) -> None:
    # given a record that was written
    record = run_record()
    stores.runs.create(record)
    written = stores.runs.replace(record)
    # when the same write comes again, as a client's retry does
    again = stores.runs.replace(record)
    # then
    assert again == written


def test_an_artifact_of_another_run_or_schema_is_refused(stores: Stores, redis: object) -> None:
    # given
    store = stores.artifacts
    given = {"tenant": "acme", "data": b"{}", "media_type": JSON, "schema_name": "units/1"}
    ref, _ = store.put(key="run_1/a", **given)
    store.hot.put("acme/run_2/a", store.hot.get("acme/run_1/a"))
    # when / then
    for changes in ({"key": "run_2/a"}, {"schema_name": "units/2"}):
        with pytest.raises(Corrupt):
            store.get("acme", ref.model_copy(update=changes))


def test_a_shredded_tenants_runs_can_be_listed_and_deleted_but_not_read(stores: Stores) -> None:
    # given
    record = run_record()
    stores.runs.create(record)
    stores.keys.shred("acme")
    fresh = connect_runs(stores.clients, KmsEnvelope(stores.keys))
    # when / then
    with pytest.raises(Shredded):
        fresh.get("acme", record.run_id)
    assert list(fresh.ids("acme")) == [record.run_id]
    fresh.delete("acme", record.run_id)
    assert list(fresh.ids("acme")) == []
