"""Datadog as code: written by `platform/datadog/make.py`, as its API's published schema wants it, and speaking up."""

import copy
import fnmatch
import importlib.util
import json
import re
import sys

import pytest
import yaml
from datadog_api_client.configuration import Configuration
from datadog_api_client.model_utils import ModelNormal, validate_and_convert_types
from datadog_api_client.v1.model.dashboard import Dashboard
from datadog_api_client.v1.model.monitor import Monitor
from datadog_api_client.v1.model.service_level_objective_request import ServiceLevelObjectiveRequest
from tests.repo.datadog_series import DAY, HOUR, MINUTE, WEEK, Series, burns, seconds, state, window_of
from tests.repo.label_values import impossible

from millrace.telemetry.table import ALL, METRICS

MODELS = {"dashboards": Dashboard, "monitors": Monitor, "objectives": ServiceLevelObjectiveRequest}
MONTH_H = 30 * 24
LONGEST_BURN_H = 48
"""Datadog's own. https://docs.datadoghq.com/service_level_objectives/burn_rate/"""


@pytest.fixture(scope="module")
def folder(repository):
    return repository.root / "platform" / "datadog"


@pytest.fixture(scope="module")
def made(folder):
    # As the script is run: with its folder in front. Other folders have a script of this name.
    spec = importlib.util.spec_from_file_location("datadog_make", folder / "make.py")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(folder))
    return module


@pytest.fixture(scope="module")
def datadog(folder):
    """Kind → name → what its file holds."""
    return {
        kind: {path.stem: json.loads(path.read_text()) for path in (folder / kind).glob("*.json")} for kind in MODELS
    }


def problems(content, model):
    """What the API's models do not know or do not allow, all the way down."""
    read = validate_and_convert_types(content, (model,), ["it"], True, True, Configuration())
    return list(_problems(read, "it"))


def _problems(value, where):
    if isinstance(value, list):
        for number, each in enumerate(value):
            yield from _problems(each, f"{where}[{number}]")
    elif getattr(value, "_unparsed", False) and not isinstance(value, ModelNormal):
        yield f"{where} is not allowed"
    elif isinstance(value, ModelNormal):
        for name, each in value._data_store.items():
            if name not in value.openapi_types:
                yield f"{where}.{name} is unknown"
            yield from _problems(each, f"{where}.{name}")
    elif hasattr(value, "_composed_instances"):
        for each in value._composed_instances:
            yield from _problems(each, where)


def test_the_files_are_what_is_made(folder, made):
    expected = {name: made.text(content) for name, content in made.files().items()}
    assert {str(path.relative_to(folder)): path.read_text() for path in folder.glob("*/*.json")} == expected


@pytest.mark.parametrize("kind", MODELS)
def test_every_file_fits_the_published_schema(datadog, kind):
    assert datadog[kind]
    assert {name: found for name, each in datadog[kind].items() if (found := problems(each, MODELS[kind]))} == {}


def test_what_does_not_fit_is_found(datadog):
    dashboard = datadog["dashboards"]["nlp"]
    widget = ("widgets", 0, "definition", "widgets", 0, "definition")
    for path, planted in (
        (("titel",), "x"), (("layout_type",), "diagonal"), ((*widget, "type"), "timesiries"),
        ((*widget, "requests", 0, "display_type"), "wiggle"), ((*widget, "titel"), "x"),
        ((*widget, "requests", 0, "queries", 0, "data_source"), "metricks"),
    ):  # fmt: skip
        broken = copy.deepcopy(dashboard)
        inner = broken
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = planted
        assert problems(broken, Dashboard), path
    monitor = datadog["monitors"]["dead-letters"]
    assert problems(monitor | {"type": "metric alarm"}, Monitor)
    assert problems(monitor | {"options": monitor["options"] | {"on_missing": "default"}}, Monitor)


def test_there_is_a_dashboard_for_each_service_and_one_for_the_way(datadog):
    assert set(datadog["dashboards"]) == {*ALL, "journey"}


def test_queries_are_over_metrics_and_labels_of_the_table(datadog):
    labels = {f"millrace.{spec.name}": {*spec.labels, "env", "service", "version"} for spec in METRICS}
    found = re.findall(r"\w+:(millrace\.\w+)\{([^}]*)\}(?: by \{([^}]*)\})?", json.dumps(datadog))
    assert {metric for metric, _, _ in found} == set(labels), "each metric is shown, and nothing else"
    for metric, scope, by in found:
        used = {each.strip("!").partition(":")[0] for each in scope.split(",") if each != "$env"}
        assert used | set(filter(None, by.split(","))) <= labels[metric], metric


def strange(metric, scope):
    """Filters of a query, or tags of a planted point, that no point has."""
    for each in scope.split(","):
        label, _, value = each.removeprefix("!").partition(":")
        if impossible(
            metric.removeprefix("millrace."), label, lambda known, value=value: fnmatch.fnmatch(known, value)
        ):
            yield f"{metric} {each}"


def test_values_that_are_looked_for_are_values_that_there_are(datadog):
    found = re.findall(r"\w+:(millrace\.\w+)\{([^}]*)\}", json.dumps(datadog))
    assert {each for metric, scope in found for each in strange(metric, scope)} == set()
    planted = {(metric, f"{key}:{value}") for pair in SPEAKS.values() for each in pair
               for metric, tags, _, _ in each.points for key, value in tags.items()}  # fmt: skip
    assert {each for metric, tag in planted for each in strange(metric, tag)} == set()


@pytest.mark.parametrize(
    ("metric", "wrong"),
    [("runs_ended", "status:broken"), ("callbacks", "result:!sent"), ("workers_lost", "reason:killed"),
     ("queue_slots", "queue:npl"), ("http_request_seconds", "route:/v2/*")],
)  # fmt: skip
def test_a_value_that_there_is_not_is_found(metric, wrong):
    assert list(strange(metric, wrong))


def test_windows_are_ones_that_monitors_take(datadog):
    queries = {name: each["query"] for name, each in datadog["monitors"].items() if each["type"] == "query alert"}
    assert {name for name, query in queries.items() if window_of(query) is None} == set()
    for window, known in (("3d", None), ("72h", 3 * DAY), ("1w", WEEK), ("169h", None), ("10081m", None), ("0m", None)):
        assert window_of(f"sum(last_{window}):count:a{{b}}.as_count() > 1") == known, window


def test_what_is_not_in_the_table_cannot_be_asked_for(made):
    queries = sys.modules["queries"]
    for wrong in (
        lambda: queries.count("runs_begun", "*"),
        lambda: queries.count("queue_depth", "*"),
        lambda: queries.highest("queue_depth", "*", tenant="acme"),
    ):
        with pytest.raises(queries.NotInTable):
            wrong()


def test_budgets_burn_by_the_workbook(datadog):
    shares = {}
    for name, monitor in datadog["monitors"].items():
        if monitor["type"] == "slo alert":
            long = seconds(re.search(r'long_window\("(\w+)"\)', monitor["query"])[1]) / HOUR
            assert long <= LONGEST_BURN_H
            shares[name] = monitor["options"]["thresholds"]["critical"] * long / MONTH_H
    assert shares == {
        f"{name}-burn-{window}": pytest.approx(share)
        for name in datadog["objectives"]
        for window, share in (("1h", 0.02), ("6h", 0.05))
    }


def test_everything_that_alerts_tells_somebody_and_what_is_half_tells_nobody(datadog):
    halves = {each for each in datadog["monitors"] if re.fullmatch(r"\w+-(72h|6h)", each)}
    assert len(halves) == 4
    for name, monitor in datadog["monitors"].items():
        assert ("@" in monitor["message"]) is (name not in halves), name
    named = set(re.findall(r"\{monitor:([\w-]+)\}", json.dumps(datadog)))
    assert named == halves
    assert set(re.findall(r"\{slo:([\w-]+)\}", json.dumps(datadog))) == set(datadog["objectives"])


def traffic(bad_share, over_s, calm_s=0):
    """Requests and runs, of which a share goes wrong; and before that, all well for `calm_s` seconds."""
    made = Series()
    for ago, share in ((0, bad_share), (over_s, 0.0)):
        length = calm_s if ago else over_s
        part = Series()
        part.every(MINUTE, length, "http_request_seconds", 1000 * (1 - share), route="/v1/runs", status="202")
        part.every(MINUTE, length, "http_request_seconds", 1000 * share, route="/v1/runs", status="503")
        part.every(MINUTE, length, "runs_promised", 1000, flow="f")
        part.every(MINUTE, length, "runs_in_time", 1000 * (1 - share), flow="f")
        made.points += [(metric, tags, ago + at, value) for metric, tags, at, value in part.points]
    return made


@pytest.mark.parametrize(("name", "budget"), [("availability", 0.001), ("latency", 0.01)])
def test_burn_rates_fire_when_they_should(datadog, name, budget):
    monitors, objectives = datadog["monitors"], datadog["objectives"]
    fast, middle = monitors[f"{name}-burn-1h"], monitors[f"{name}-burn-6h"]
    # given: just above the rate for long enough, and just below it
    for monitor, rate, window in ((fast, 14.4, HOUR), (middle, 6, 6 * HOUR)):
        assert burns(monitor, objectives, traffic(rate * budget * 1.01, window, DAY))
        assert not burns(monitor, objectives, traffic(rate * budget * 0.99, window, DAY))
    # and: short bursts, as bad as can be, and what is over since ten minutes
    assert not burns(fast, objectives, traffic(14.4 * budget, 5 * MINUTE, DAY))
    over = traffic(20 * budget, HOUR, DAY)
    over.points = [each for each in over.points if each[2] >= 10 * MINUTE]
    assert not burns(fast, objectives, over)
    # and: no traffic at all
    assert not burns(fast, objectives, Series())


@pytest.mark.parametrize(("name", "budget"), [("availability", 0.001), ("latency", 0.01)])
def test_a_slow_burn_is_a_ticket_while_it_lasts(datadog, name, budget):
    long, short = (datadog["monitors"][f"{name}-{window}"] for window in ("72h", "6h"))
    assert datadog["monitors"][f"{name}-burn-72h"]["query"] == f"{{monitor:{name}-72h}} && {{monitor:{name}-6h}}"
    lasting, recent = traffic(1.1 * budget, 3 * DAY), traffic(1.1 * budget, 6 * HOUR, 3 * DAY)
    assert [state(each, lasting) for each in (long, short)] == ["alert", "alert"]
    assert [state(each, recent) for each in (long, short)] == ["ok", "alert"]
    assert [state(each, traffic(0.9 * budget, 3 * DAY)) for each in (long, short)] == ["ok", "ok"]


def plain(metric, value, **tags):
    return Series().every(MINUTE, HOUR, metric, value, **tags)


def shared(metric, label, bad, good, share):
    """A count of which a share is bad."""
    return plain(metric, 100 * share, **{label: bad}).every(MINUTE, HOUR, metric, 100 * (1 - share), **{label: good})


SPEAKS = {
    "oldest-message": (
        plain("queue_oldest_seconds", 11, queue="nlp").every(MINUTE, HOUR, "queue_oldest_seconds", 0, queue="callback"),
        plain("queue_oldest_seconds", 9, queue="nlp"),
    ),
    "dead-letters": (plain("dead_letters", 1), plain("dead_letters", 0)),
    "failure-rate": tuple(shared("runs_ended", "status", "failed", "completed", share) for share in (0.03, 0.01)),
    "partial-rate": tuple(shared("runs_ended", "status", "partial", "completed", share) for share in (0.06, 0.04)),
    "callback-failures": tuple(shared("callbacks", "result", "failed", "delivered", share) for share in (0.2, 0.05)),
    "callbacks-given-up": tuple(plain("callbacks", 1, result=result) for result in ("given_up", "failed")),
    "workers-lost": tuple(plain("workers_lost", lost, queue="nlp", reason="sigkill") for lost in (1, 0.2)),
    "no-workers": tuple(plain("queue_slots", slots, queue="nlp") for slots in (0, 2)),
    "telemetry-dropped": tuple(
        plain("telemetry_dropped", lost, service="nlp", signal="spans", reason="full") for lost in (1, 0)
    ),
}
"""Monitor → what it should speak up at, and what it should not."""


@pytest.mark.parametrize("name", SPEAKS)
def test_a_monitor_speaks_up_when_it_should_and_not_before(datadog, name):
    wrong, fine = SPEAKS[name]
    assert state(datadog["monitors"][name], wrong) == "alert"
    assert state(datadog["monitors"][name], fine) == "ok"


def test_every_monitor_was_asked(datadog):
    objectives = {each for each in datadog["monitors"] if each.partition("-")[0] in datadog["objectives"]}
    assert set(datadog["monitors"]) == set(SPEAKS) | objectives


@pytest.mark.parametrize("name", SPEAKS)
def test_another_environment_is_none_of_its_business(datadog, name):
    elsewhere = Series(
        [(metric, tags | {"env": "staging"}, ago, value) for metric, tags, ago, value in SPEAKS[name][0].points]
    )
    silent = "no data" if name == "no-workers" else "ok"
    assert state(datadog["monitors"][name], elsewhere) == silent


def test_one_queue_alone_is_enough_and_a_passing_peak_is_not(datadog):
    peak = plain("queue_oldest_seconds", 1, queue="nlp")
    peak.points[0] = (*peak.points[0][:3], 60)
    assert state(datadog["monitors"]["oldest-message"], peak) == "ok"


def test_that_nobody_measures_is_told(datadog):
    measured = plain("queue_slots", 2, queue="nlp")
    measured.points = [each for each in measured.points if each[2] > 10 * MINUTE]
    assert state(datadog["monitors"]["no-workers"], measured) == "no data"


def test_the_agent_takes_what_is_sent_and_knows_no_key(folder):
    values = yaml.safe_load((folder / "agent.yaml").read_text())
    http = values["datadog"]["otlp"]["receiver"]["protocols"]["http"]
    assert http == {"enabled": True, "endpoint": "0.0.0.0:4318", "useHostPort": True}
    assert "apiKey" not in values["datadog"]
    assert values["datadog"]["apiKeyExistingSecret"]
