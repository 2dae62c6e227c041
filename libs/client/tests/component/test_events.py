"""A run's events through the client: in order, once each, whatever becomes of the connections."""

from typing import Any

import pytest

from millrace.client.client import Client
from millrace.client.errors import Refused, Unavailable
from millrace.client.events import lines

HEAD = b"retry: 1000\n\n"


def told(*numbers: int, kind: str = "stage.started") -> bytes:
    lines = (
        f'event: {kind}\ndata: {{"id":"1.0.{n}","type":"{kind}",\ndata: "attempt":1}}\nid: 1.0.{n}\n\n' for n in numbers
    )
    return "".join(lines).encode()


@pytest.fixture
def client(api: Any) -> Any:
    with Client(api.url, "key-acme", pause=lambda seconds: None) as made:
        yield made


def asked(api: Any) -> list[str | None]:
    return [headers.get("last-event-id") for _, path, headers, _ in api.asked if path.endswith("/events")]


def test_a_stream_is_taken_up_again_where_it_broke_until_there_is_nothing_more(api: Any, client: Client) -> None:
    # given: a stream ends, one hangs up, one is refused for the time being, and one comes through a proxy
    api.say(200, HEAD + told(1, 2) + b": \n\n")
    api.say(0)
    api.say(429, {"type": "x", "title": "x", "status": 429}, retry_after="1")
    api.say(200, HEAD + told(3))
    api.say(204)
    # when
    found = [event.id for event in client.events("run_1", "1.0.0")]
    # then
    assert found == ["1.0.1", "1.0.2", "1.0.3"]
    assert asked(api) == ["1.0.0", "1.0.2", "1.0.2", "1.0.2", "1.0.3"]


def test_what_a_newer_api_tells_is_passed_over(api: Any, client: Client) -> None:
    # given
    api.say(200, told(1, kind="run.paused") + told(2))
    api.say(204)
    # when / then
    assert [event.id for event in client.events("run_1")] == ["1.0.2"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_where_the_format_says_and_nowhere_else(end: bytes) -> None:
    # given
    stream = end.join(["data: a\u2028b\u0085c\x0bd\x1ce".encode(), b"id: 1", b"", b""])
    # when: wherever the chunks are cut
    for cut in range(len(stream)):
        found = list(lines(iter([stream[:cut], stream[cut:]])))
        # then
        assert found == ["data: a\u2028b\u0085c\x0bd\x1ce", "id: 1", ""]


def test_a_run_that_is_not_there_has_no_events(api: Any, client: Client) -> None:
    with pytest.raises(Refused):
        list(client.events("run_2"))


def test_an_api_that_does_not_come_back_is_given_up(api: Any, client: Client) -> None:
    # given
    for _ in range(9):
        api.say(503, {"type": "x", "title": "x", "status": 503})
    # when / then
    with pytest.raises(Unavailable):
        list(client.events("run_1"))
    assert len(asked(api)) == 7


def test_a_wait_looks_when_something_happened_and_not_before(api: Any, client: Client) -> None:
    # given
    api.streams = [HEAD + told(1), told(2), told(3)]
    # when
    run = client.wait(api.walk[0].run_id, live=True)
    # then
    assert (run.status, api.looks) == ("completed", 4)


def test_without_events_a_wait_looks_again_and_again(api: Any, client: Client) -> None:
    # when
    run = client.wait(api.walk[0].run_id, live=True)
    # then
    assert (run.status, asked(api)) == ("completed", [None])
