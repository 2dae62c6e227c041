from collections import Counter
from collections.abc import Callable

import pytest

from millrace.contracts.records import Record
from millrace.dataset_customers.domain.columns import is_personal, readable
from millrace.dataset_customers.domain.segments import segments


def batch(size: int, **columns: Callable[[int], str]) -> list[Record]:
    """Records whose attributes are functions of their number."""
    return [
        Record(record_id=str(n), text="x", attrs={name: value(n) for name, value in columns.items()})
        for n in range(size)
    ]


def found(records: list[Record]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for row in segments(records):
        counts.setdefault(row.name, Counter())[row.value] += 1
    return {name: dict(values) for name, values in counts.items()}


def test_attributes_with_few_values_are_segments() -> None:
    # Given a department under two spellings, and a plan that a third of the records lacks
    records = batch(
        12, **{"Department Name": lambda n: "dresses" if n == 0 else ("Dresses", "Tops")[n % 2]},
        plan_name=lambda n: ("Free", "Pro", "n/a")[n % 3],
    )  # fmt: skip

    # When they are grouped / Then each spelling counts once, and what is not given is left out
    assert found(records) == {
        "Department Name": {"Dresses": 6, "Tops": 6},
        "Plan name": {"Free": 4, "Pro": 4},
    }


def test_own_fields_are_segments_too() -> None:
    # Given records of two channels and one source
    records = [
        Record(record_id=str(n), text="x", channel=("mail", "chat")[n % 2], source="shop", attrs={"Channel": "z"})
        for n in range(6)
    ]

    # When they are grouped / Then the channel is one, the constant source none, and an attribute cannot shadow a field
    assert found(records) == {"Channel": {"mail": 3, "chat": 3}}


def test_many_numbers_are_put_into_readable_bands() -> None:
    # Given the ages 20 to 79, each once per ten records
    records = batch(600, Age=lambda n: str(20 + n // 10))

    # When they are grouped / Then there are five bands, at round ages
    assert found(records) == {"Age": {"20-29": 100, "30-44": 150, "45-54": 100, "55-69": 150, "70-79": 100}}


def test_skewed_counts_keep_their_own_edges() -> None:
    # Given votes of which half are none and a few are many
    votes = [0] * 50 + [1] * 20 + [2] * 10 + list(range(3, 23))
    records = batch(100, Votes=lambda n: str(votes[n]))

    # When they are grouped / Then the bands follow the quantiles: 0, from the 60th, and from the 80th of a hundred
    assert found(records) == {"Votes": {"0": 50, "1-2": 30, "3-22": 20}}


def test_measures_have_bands_with_open_ends() -> None:
    # Given prices from 0.5 to 99.5
    records = batch(100, Price=lambda n: f"{n + 0.5}")

    # When they are grouped / Then the labels say where each band begins
    assert list(found(records)["Price"]) == [
        "under 20", "20 to under 40", "40 to under 60", "60 to under 80", "80 and more",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Order ID", lambda n: str(n // 2)),
        ("Row", lambda n: str(n)),
        ("Comment", lambda n: f"words of record {n}"),
        ("City", lambda n: f"Town {n // 4}"),
        ("Constant", lambda n: "same"),
        ("Rare", lambda n: "yes" if n < 40 else ""),
        ("Plain", lambda n: f"jo{n % 2}@example.com"),
        ("Line", lambda n: f"+44 20 7946 095{n % 3}"),
        ("Agent", lambda n: ("Ann", "Bob")[n % 2]),
        ("Customer Name", lambda n: ("Ann", "Bob")[n % 2]),
        ("", lambda n: ("a", "b")[n % 2]),
        ("Handled By", lambda n: ("Ann", "Bob")[n % 2]),
        ("assigned_to", lambda n: ("Ann", "Bob")[n % 2]),
        ("Bearbeiter", lambda n: ("Ann", "Bob")[n % 2]),
        ("Kundenname", lambda n: ("Ann", "Bob")[n % 2]),
        ("Nombre", lambda n: ("Ann", "Bob")[n % 2]),
        ("Straße", lambda n: ("Weg", "Allee")[n % 2]),
        ("Depot", lambda n: f"{12 + n % 2} Maple Street"),
        ("Filiale", lambda n: f"Hauptstraße {n % 2}"),
        ("Kasse", lambda n: ("Frau Meier", "Herr Schulz")[n % 2]),
        ("Konto", lambda n: ("DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32")[n % 2]),
        ("Contacted", lambda n: f"jo{n % 2} (at) example.com"),
        ("Hotline", lambda n: f"(415) 555-267{n % 2}"),
    ],
)
def test_what_is_no_group_is_left_out(header: str, value: Callable[[int], str]) -> None:
    # Given an identifier, free text, too many or too few values, or a person / When grouped / Then there is no segment
    assert found(batch(100, **{header: value})) == {}


def test_a_product_number_is_not_put_into_bands() -> None:
    # Given a hundred products that are named by numbers
    records = [Record(record_id=str(n), text="x", product=str(700 + n // 2)) for n in range(200)]

    # When they are grouped / Then a product is a name, not a quantity
    assert found(records) == {}


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("Department Name", "Department Name"),
        ("department_name", "Department name"),
        ("planTier", "Plan Tier"),
        (" Recommended IND", "Recommended IND"),
    ],
)
def test_headers_become_readable(header: str, name: str) -> None:
    # Given a header as systems write it / When it is cleaned / Then a person can read it
    assert readable(header) == name


def test_headers_that_speak_of_people() -> None:
    # Given headers / When judged / Then those that name a person or a way to reach one are personal
    personal = ["E-Mail", "phone", "Full Name", "customer_id", "user", "Assigned Agent", "ZIP code", "Date of Birth"]
    harmless = ["Class Name", "Customer Type", "User Plan", "Store ID", "State", "Positive Feedback Count", "Mobile OS"]
    assert [header for header in personal + harmless if is_personal(header)] == personal
