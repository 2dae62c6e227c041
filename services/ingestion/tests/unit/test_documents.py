"""JSON and NDJSON: every fault named, and refused only where most records are at fault."""

import json

import pytest

from millrace.ingestion.domain.documents import parse_lines, parse_records
from millrace.ingestion.domain.errors import BadFile

SECRET = "ann@example.com"


@pytest.mark.parametrize("wrap", [lambda records: records, lambda records: {"records": records}])
def test_a_list_and_an_object_with_records_are_read(wrap) -> None:  # type: ignore[no-untyped-def]
    parsed = parse_records(json.dumps(wrap([{"record_id": "a", "text": "good"}, {"text": "bad"}])).encode())
    assert [(record.record_id, record.text) for record in parsed.records] == [("a", "good"), ("r000002", "bad")]
    assert parsed.mapping is None


def test_lines_are_read_and_blank_ones_skipped() -> None:
    parsed = parse_lines(b'\xef\xbb\xbf{"text": "good"}\r\n\r\n{"record_id": "b", "text": "bad"}\n')
    assert [record.record_id for record in parsed.records] == ["r000001", "b"]


def test_mostly_invalid_records_refuse_all_and_say_where_without_quoting() -> None:
    # given three invalid records among four
    rows = [
        {"record_id": "a", "text": "good"},
        {"record_id": "b"},
        {"record_id": "c", "text": "x", "rating": {"scale": "stars5", "value": 77}},
        {"record_id": "d", "text": "x", "created_at": SECRET, "attrs": {SECRET: 1}},
    ]
    # when they are parsed
    with pytest.raises(BadFile) as caught:
        parse_records(json.dumps(rows).encode())
    # then every fault has its row and field, and no value
    faults = [(fault.row, fault.field) for fault in caught.value.errors]
    assert faults == [(2, ""), (3, "rating"), (4, "created_at"), (4, "attrs.?")]
    assert caught.value.errors[0].reason == "neither text nor rating"
    said = f"{caught.value} {[fault.reason for fault in caught.value.errors]}"
    assert SECRET not in said
    assert "77" not in said


def test_at_most_twenty_faults_are_listed_and_all_are_counted() -> None:
    with pytest.raises(BadFile) as caught:
        parse_lines(b"{}\n" * 50)
    assert len(caught.value.errors) == 20
    assert caught.value.detail.startswith("50 of 50 records")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "not_json"), (b"\xff\xfe[]", "not_json"), (b"[" * 100_000, "not_json"), (b"7", "no_records"),
        (b"{}", "no_records"), (b"[1]", "invalid_records"),
        (b'[{"text": "a", "rating": {"scale": "stars5", "value": NaN}}]', "invalid_records"),
        (b'[{"text": "\\ud800"}]', "not_json"),
        (b"[" + b'{"text":"a"},' * 20_000 + b'{"text":"a"}]', "too_many_records"),
    ],
)  # fmt: skip
def test_what_holds_no_batch_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(BadFile) as caught:
        parse_records(data)
    assert caught.value.code == code


def test_a_broken_line_is_set_aside_and_named() -> None:
    parsed = parse_lines(b'{"text": "good"}\n{"text": "cut o')
    assert [record.text for record in parsed.records] == ["good"]
    assert [(fault.row, fault.reason) for fault in parsed.set_aside] == [(2, "not a JSON object")]


def test_up_to_half_of_the_records_may_be_set_aside() -> None:
    # given
    rows = [{"text": "good"}, {"text": "x", "rating": {"scale": "stars5", "value": 77}, "created_at": SECRET}]
    # when
    parsed = parse_records(json.dumps(rows * 15).encode())
    # then: one entry a record, at most twenty of them, and all are counted
    assert (len(parsed.records), len(parsed.set_aside), parsed.set_aside_total) == (15, 15, 15)
    assert {fault.row % 2 for fault in parsed.set_aside} == {0}
    assert SECRET not in str(parsed.set_aside)


@pytest.mark.parametrize("data", [b"[]", b'{"records": []}', b"", b" \n"])
def test_a_document_without_records_is_an_empty_batch(data: bytes) -> None:
    assert parse_records(data).records == ()
    assert parse_lines(b"\n\n").records == ()


def test_repeated_ids_are_made_unique_without_colliding() -> None:
    parsed = parse_lines(b"".join(b'{"record_id": "%s", "text": "x"}\n' % name for name in (b"a", b"a", b"a-2", b"a")))
    assert [record.record_id for record in parsed.records] == ["a", "a-2", "a-2-2", "a-3"]
