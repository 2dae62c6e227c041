"""Requests are measured by route, whatever callers ask for."""

from services.ingestion.tests.component.world import World

from millrace.testing.metering import changes, read


def counted(before: dict[str, float] | object) -> dict[str, float]:
    found = changes(before)  # type: ignore[arg-type]
    return {name: value for name, value in found.items() if name.startswith("http_request_seconds_count")}


def test_requests_are_counted_by_the_route_and_not_by_its_path(world: World) -> None:
    # given
    before = read()
    # when
    for number in range(3):
        world.client.get(f"/v1/runs/run_{number:026}")
    # then
    assert counted(before) == {"http_request_seconds_count{method=GET,route=/v1/runs/{run_id},status=401}": 3}


def test_what_callers_make_up_is_one_series(world: World) -> None:
    # given
    before = read()
    # when
    for number in range(3):
        world.client.get(f"/made/up/{number}")
        world.client.request(f"FETCH{number}", f"/made/up/{number}")
    # then
    assert counted(before) == {
        "http_request_seconds_count{method=GET,route=none,status=404}": 3,
        "http_request_seconds_count{method=other,route=none,status=404}": 3,
    }


def test_the_public_port_has_no_metrics(world: World) -> None:
    assert world.client.get("/metrics").status_code == 404
