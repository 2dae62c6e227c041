import hashlib

import pytest

from millrace.contracts.records import Rating, Record, Scale
from millrace.dataset_customers.domain.people import person
from millrace.dataset_customers.domain.ratings import normalised, ratings


@pytest.mark.parametrize(
    ("scale", "value", "norm"),
    [
        (Scale.STARS5, 4, 0.75),
        (Scale.STARS10, 1, 0.0),
        (Scale.NPS, 9, 0.9),
        (Scale.CES, 4, 0.5),
        (Scale.BINARY, 1, 1.0),
        (Scale.PERCENT, 25, 0.25),
    ],
)
def test_every_scale_lies_between_zero_and_one(scale: Scale, value: float, norm: float) -> None:
    # Given a rating / When it is normalised / Then it is its place between the ends of its scale
    assert normalised(Rating(scale=scale, value=value)) == norm


def test_only_rated_records_become_rows() -> None:
    # Given a rated record without words and a text without a rating
    records = [
        Record(record_id="a", rating=Rating(scale=Scale.CSAT, value=2), customer_ref="jo@example.com", product="P"),
        Record(record_id="b", text="No rating"),
    ]

    # When they become ratings
    (row,) = ratings(records, "acme")

    # Then the rated one is there, without its customer's address
    assert (row.record_id, row.kind, row.raw, row.norm, row.product, row.has_text) == ("a", "csat", 2, 0.25, "P", False)
    assert row.customer == hashlib.sha256(b"acme\njo@example.com").hexdigest()[:16]


def test_tenants_do_not_share_their_hashes() -> None:
    # Given the same customer of two tenants / When hashed / Then nothing shows that it is the same
    assert person("acme", "jo") != person("other", "jo")
    assert person("acme", "jo") == person("acme", " jo ")
    assert person("acme", "  ") == ""


@pytest.mark.parametrize(
    ("product", "kept"),
    [
        ("Linen dress 40", "Linen dress 40"),
        ("EAN 4006381333931", "EAN 4006381333931"),
        ("Mr Coffee 12-cup", "Mr Coffee 12-cup"),
        ("gift for jo@example.com", ""),
        ("deliver to 12 Maple Street", ""),
        ("call +44 20 7946 0958", ""),
    ],
)
def test_a_product_that_holds_an_address_is_left_out(product: str, kept: str) -> None:
    # Given products as producers send them / When ratings are made / Then nothing personal gets out
    (row,) = ratings([Record(record_id="a", rating=Rating(scale=Scale.NPS, value=1), product=product)], "acme")
    assert row.product == kept
