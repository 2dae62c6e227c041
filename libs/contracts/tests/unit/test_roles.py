import pytest

from millrace.contracts.records import Record
from millrace.contracts.roles import AGENT, CUSTOMER, OTHER


@pytest.mark.parametrize(
    ("sent", "role"),
    [("", CUSTOMER), ("End-User", CUSTOMER), ("Kundin", CUSTOMER), ("Support", AGENT), ("BOT", AGENT), ("Anna", OTHER)],
)
def test_a_role_is_one_of_three_words_whatever_the_producer_calls_it(sent: str, role: str) -> None:
    assert Record(record_id="1", text="fine", author_role=sent).role == role
