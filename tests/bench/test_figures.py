"""The pure parts of the benchmark: figures, recordings and prices."""

import json
from base64 import b64encode

import pytest
from tests.bench.figures import paired_ratio, percentile
from tests.bench.recorded import Units, counts, item_size, parse, usd_per_million


def entry(target: str = "", body: object = None, method: str = "POST") -> str:
    encoded = b64encode(json.dumps(body or {}).encode()).decode()
    headers = {"X-Amz-Target": target} if target else {}
    return json.dumps({"headers": headers, "method": method, "url": "", "body": encoded, "body_encoded": True})


def put(revision: str, due: str | None, record: bytes = b"") -> str:
    item = {"pk": {"S": "acme#1"}, "tenant": {"S": "acme"}, "revision": {"N": revision}}
    item |= {"record": {"B": b64encode(record).decode()}} | ({"due_at": {"N": due}} if due else {})
    return entry("DynamoDB_20120810.PutItem", {"Item": item})


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 2.5), (0.95, 3.85), (1.0, 4.0)])
def test_percentiles_are_interpolated(share: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == pytest.approx(expected)


def test_no_values_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_ratio_is_taken_round_by_round() -> None:
    # given rounds on a machine whose speed drifted; the ratio of the medians would be 9 / 10
    ours, base = [20.0, 5.0, 9.0], [10.0, 10.0, 3.0]
    # then 2, 0.5 and 3 have the median
    assert paired_ratio(ours, base) == 2.0


def test_rounds_must_pair_up() -> None:
    with pytest.raises(ValueError, match="zip"):
        paired_ratio([1.0], [1.0, 2.0])


def test_requests_are_counted_even_where_two_share_a_line() -> None:
    # given
    recording = entry("AmazonSQS.SendMessage") + entry("AmazonSQS.SendMessage") + "\n\n" + entry(method="PUT") + "\n"
    # then
    assert counts(list(parse(recording))) == {"sqs.SendMessage": 2, "s3.PutObject": 1}


def test_an_items_size_is_that_of_its_names_and_values() -> None:
    # pk 2 + 6, n 1 + (2 digits: 1 + 1), b 1 + 3
    item = {"pk": {"S": "acme#1"}, "n": {"N": "12"}, "b": {"B": b64encode(b"abc").decode()}}
    assert item_size(item) == 15


def test_writes_are_billed_with_their_indexes() -> None:
    # given a new run, a move of its due time, and its end with a record of 2 KiB
    units = Units()
    recording = put("0", "10") + put("1", "20") + put("2", None, b"x" * 2048)
    # when
    for request in parse(recording + entry("DynamoDB_20120810.GetItem", {"Key": {"pk": {"S": "acme#1"}}})):
        units.add(request)
    # then 1 + due 1 + tenant 1; 1 + due 2; 3 KiB begun + due 1; and 4 KiB begun are read
    assert units.used == {"dynamodb_write_unit": 3 + 3 + 4, "dynamodb_read_unit": 1}
    # pk 2 + 6, tenant 6 + 4, revision 8 + 2, record 6 + 2048
    assert units.largest_item == 2082


def test_a_price_is_by_unit_and_in_total() -> None:
    cost = usd_per_million({"s3_put": 2.0, "kms_request": 0.5}, {"s3_put": 5.0, "kms_request": 3.0})
    assert cost == {"s3_put": 10.0, "kms_request": 1.5, "total": 11.5}
