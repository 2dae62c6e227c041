from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from millrace.client import calls
from millrace.client.errors import BadAnswer
from millrace.contracts.api import Accepted

REQUEST = httpx.Request("GET", "http://api.example/v1/runs?cursor=abc")


def retry_after(value: str) -> float | None:
    return calls.retry_after_s(httpx.Response(503, headers={"Retry-After": value}))


def test_retry_after_in_seconds() -> None:
    assert retry_after("7") == 7.0


def test_retry_after_as_a_date() -> None:
    # given
    moment = datetime.now(UTC) + timedelta(seconds=90)

    # when
    asked = retry_after(format_datetime(moment, usegmt=True))

    # then: a date has whole seconds
    assert asked is not None
    assert 85 < asked <= 90


@pytest.mark.parametrize("value", ["", "soon", "-3", "1.5"])
def test_retry_after_that_nobody_can_read_asks_for_nothing(value: str) -> None:
    assert retry_after(value) is None


def test_a_date_that_has_passed_asks_for_no_pause() -> None:
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0


def test_an_answer_of_another_kind_is_named_without_being_quoted() -> None:
    # given
    response = httpx.Response(200, json={"run_id": "run_1", "records": "private words"}, request=REQUEST)

    # when / then
    with pytest.raises(BadAnswer, match=r"GET http://api\.example/v1/runs answered with no Accepted") as caught:
        calls.decode(response, Accepted)
    assert "private" not in str(caught.value)
    assert "cursor" not in str(caught.value)
