"""Prometheus' rules speak of metrics, labels and values that there are, and fire when they should, by `promtool`."""

import re
import shutil
import subprocess

import pytest
import yaml
from tests.repo.label_values import impossible

from millrace.telemetry.table import METRICS, Type

TARGET = {"service", "version", "pod"}
"""Labels that `scrape.yaml` sets."""
SUFFIX = {Type.COUNTER: ("_total",), Type.GAUGE: ("",), Type.HISTOGRAM: ("_count", "_sum", "_bucket")}


@pytest.fixture(scope="module")
def folder(repository):
    return repository.root / "platform" / "prometheus"


@pytest.fixture(scope="module")
def rules(folder):
    groups = yaml.safe_load((folder / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_metrics_and_labels_are_the_tables(rules):
    known = {f"millrace_{spec.name}{end}": {*spec.labels, *TARGET} for spec in METRICS for end in SUFFIX[spec.type]}
    for rule in rules:
        found = re.findall(r"\b(millrace_\w+)(?:\{([^}]*)\})?", rule["expr"])
        used = {label for _, chosen in found for label in re.findall(r"(\w+)[!=]", chosen)}
        used |= {label for by in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in by.split(", ")}
        assert {name for name, _ in found} <= set(known), rule
        for name, _ in found:
            assert used <= known[name], rule


def test_values_that_are_looked_for_are_values_that_there_are(rules):
    for rule in rules:
        for name, chosen in re.findall(r"\bmillrace_(\w+)\{([^}]*)\}", rule["expr"]):
            metric = re.sub("_(total|count|sum|bucket)$", "", name)
            for label, side, value in re.findall(r'(\w+)([!=~]+)"([^"]*)"', chosen):
                pattern = value if "~" in side else re.escape(value)
                assert not impossible(metric, label, re.compile(pattern).fullmatch), (rule, label, value)


def test_every_rule_that_is_recorded_is_used_and_every_alert_says_how_urgent_it_is(rules):
    recorded = {rule["record"] for rule in rules if "record" in rule}
    assert set(re.findall(r"millrace:\w+:\w+", " ".join(rule["expr"] for rule in rules))) == recorded
    assert {rule["labels"]["severity"] for rule in rules if "alert" in rule} == {"page", "ticket"}


def test_pods_are_found_by_the_port_that_they_name(folder, repository):
    (job,) = yaml.safe_load((folder / "scrape.yaml").read_text())["scrape_configs"]
    (port,) = [each["regex"] for each in job["relabel_configs"] if each.get("action") == "keep"]
    assert f"name: {port}" in (repository.root / "platform" / "k8s" / "base" / "patch-workers.yaml").read_text()
    labels = {each["target_label"] for each in job["relabel_configs"] if "target_label" in each}
    assert labels == TARGET


def requests(bad, every=10_000, route="/v1/runs"):
    """Requests at each step, of which so many are answered 503."""
    name = f'millrace_http_request_seconds_count{{method="POST",route="{route}",status='
    return {f'{name}"503"}}': grows(bad), f'{name}"202"}}': grows(every - bad)}


def runs(late, every=10_000):
    """Runs at each step, of which so many are late."""
    in_time = {'millrace_runs_in_time_total{flow="f"}': grows(every - late)}
    return in_time | {'millrace_runs_promised_total{flow="f"}': grows(every)}


def grows(each):
    """A counter, in promtool's words: so much more at each step."""
    return f"0+{each}x{STEPS}"


def over(bad):
    """An hour of which the last ten minutes were well."""
    good = 10_000 - bad
    in_time = f"0+{good}x50 {51 * good}+10000x9"
    return {'millrace_runs_in_time_total{flow="f"}': in_time, 'millrace_runs_promised_total{flow="f"}': grows(10_000)}


def shared(metric, label, bad, good, share):
    """A count of which so many percent are bad."""
    name = f"millrace_{metric}_total"
    return {f'{name}{{{label}="{bad}"}}': grows(share), f'{name}{{{label}="{good}"}}': grows(100 - share)}


H6, D3 = 6 * 60, 3 * 24 * 60
STEPS = 60
PROMISED = 'millrace_runs_promised_total{flow="f"}'
GIVEN_UP = 'millrace_callbacks_total{result="given_up"}'
LOST = 'millrace_workers_lost_total{queue="nlp",reason="sigkill"}'
DROPPED = 'millrace_telemetry_dropped_total{service="nlp",signal="spans",reason="full"}'
OLDEST, SLOTS = 'millrace_queue_oldest_seconds{queue="nlp"}', 'millrace_queue_slots{queue="nlp"}'
LETTERS = "millrace_dead_letters"
ALERTS = {
    "AvailabilityBurnsFast": (
        [requests(150)], [requests(140), requests(9000, route="/metrics"), {}], {"severity": "page"}, 60,
    ),
    "AvailabilityBurns": ([requests(62)], [requests(58)], {"severity": "page"}, H6),
    "AvailabilityBurnsSlowly": ([requests(11)], [requests(9)], {"severity": "ticket"}, D3),
    "LatencyBurnsFast": (
        [runs(1500), {PROMISED: grows(10)}], [runs(1400), over(5000), {}], {"severity": "page"}, 60,
    ),
    "LatencyBurns": ([runs(620)], [runs(580)], {"severity": "page"}, H6),
    "LatencyBurnsSlowly": ([runs(110)], [runs(90)], {"severity": "ticket"}, D3),
    "OldestMessage": (
        [{OLDEST: "11x60"}], [{OLDEST: "9x60"}, {OLDEST: "0x58 60 60"}], {"severity": "page", "queue": "nlp"}, 60,
    ),
    "NoWorkers": ([{SLOTS: "0x60"}], [{SLOTS: "2x60"}, {SLOTS: "2x57 0x2"}], {"severity": "page", "queue": "nlp"}, 60),
    "RunsFail": (
        [shared("runs_ended", "status", "failed", "completed", 3)],
        [shared("runs_ended", "status", "failed", "completed", 1), {}], {"severity": "page"}, 60,
    ),
    "ReportsHaveGaps": (
        [shared("runs_ended", "status", "partial", "completed", 6)],
        [shared("runs_ended", "status", "partial", "completed", 4), {}], {"severity": "ticket"}, 60,
    ),
    "DeadLetters": ([{LETTERS: "1x60"}], [{LETTERS: "0x60"}, {}], {"severity": "ticket"}, 60),
    "CallbacksFail": (
        [shared("callbacks", "result", "failed", "delivered", 20)],
        [shared("callbacks", "result", "failed", "delivered", 5), {}], {"severity": "ticket"}, 60,
    ),
    "CallbacksGivenUp": (
        [{GIVEN_UP: "0x30 1x30"}], [{GIVEN_UP: "4x60"}, shared("callbacks", "result", "failed", "delivered", 9)],
        {"severity": "ticket"}, 60,
    ),
    "WorkersLost": (
        [{LOST: grows(1)}], [{LOST: grows(0.2)}], {"severity": "ticket", "queue": "nlp", "reason": "sigkill"}, 60,
    ),
    "TelemetryDropped": (
        [{DROPPED: "0x50 1x10"}], [{DROPPED: "7x60"}], {"severity": "ticket", "service": "nlp", "signal": "spans"}, 60,
    ),
}  # fmt: skip
"""Alert → series at which it fires, series at which it does not, what it then says, and the minute it is asked at."""


def evaluate(folder, scratch, alert, cases):
    """What promtool says of series and what the alert says at them; nothing when all is as it should be."""
    if shutil.which("promtool") is None:
        pytest.skip("no promtool on this machine: Debian has it in the package prometheus")
    step = max(minute for _, _, minute in cases) // STEPS
    tests = [
        {
            "interval": f"{step}m", "input_series": [{"series": name, "values": each} for name, each in series.items()],
            "alert_rule_test": [{
                "eval_time": f"{minute}m", "alertname": alert, "exp_alerts": [{"exp_labels": each} for each in says],
            }],
        }
        for series, says, minute in cases
    ]  # fmt: skip
    file, rules = scratch / f"{alert}.yaml", [str(folder / "alerts.yaml")]
    file.write_text(yaml.safe_dump({"rule_files": rules, "evaluation_interval": f"{step}m", "tests": tests}))
    ran = subprocess.run(["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_fires_when_it_should_and_not_before(folder, tmp_path, alert):
    wrong, fine, says, minute = ALERTS[alert]
    cases = [(series, [says], minute) for series in wrong] + [(series, [], minute) for series in fine]
    assert evaluate(folder, tmp_path, alert, cases) == ""


def test_that_nobody_measures_is_told(folder, tmp_path):
    assert evaluate(folder, tmp_path, "NoWorkers", [({}, [{"severity": "page"}], 60)]) == ""


def test_an_alert_that_does_not_fire_is_found(folder, tmp_path):
    _, (fine, _), says, minute = ALERTS["RunsFail"]
    assert "RunsFail" in evaluate(folder, tmp_path, "RunsFail", [(fine, [says], minute)])


def test_every_alert_was_asked(rules):
    assert {rule["alert"] for rule in rules if "alert" in rule} == set(ALERTS)
