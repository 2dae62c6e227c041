"""The objective and its alert: queries over log fields that exist, and arithmetic that holds."""

import json
import re

import pytest

from millrace.contracts.services import DEPLOYMENTS

SERVICES = {each.service.replace("_", "-"): each.service for each in DEPLOYMENTS}
MONTH_H = 30 * 24


@pytest.fixture(scope="module")
def datadog(repository):
    folder = repository.root / "platform" / "datadog"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def test_metrics_count_lines_that_are_logged(repository, datadog):
    for metric in datadog["metrics"]:
        query = metric["attributes"]["filter"]["query"]
        service = SERVICES[re.search(r"service:(\S+)", query)[1]]
        action = re.search(r"@action:(\S+)", query)[1]
        sources = (repository.root / "services" / service / "src").rglob("*.py")
        calls = [call for path in sources for call in _calls(path.read_text()) if f'"action": "{action}"' in call]
        assert calls, f"{service} logs no {action}"
        for field in re.findall(r"@(\w+):", query):
            assert any(f'"{field}"' in call for call in calls), f"{action} of {service} has no field {field}"


def test_the_objective_is_over_those_metrics(datadog):
    named = re.findall(r"sum:([\w.]+){", json.dumps(datadog["slo"]["query"]))
    assert sorted(named) == sorted(metric["id"] for metric in datadog["metrics"])
    assert datadog["slo"]["thresholds"] == [{"timeframe": "30d", "target": 99.0}]


def test_the_alert_fires_at_two_percent_of_the_budget_an_hour(datadog):
    threshold = datadog["monitor"]["options"]["thresholds"]["critical"]
    long_h = int(re.search(r'long_window\("(\d+)h"\)', datadog["monitor"]["query"])[1])
    assert datadog["monitor"]["query"].endswith(f"> {threshold}")
    assert threshold * long_h / MONTH_H == pytest.approx(0.02)


def _calls(source):
    """Log calls, each as its text."""
    return re.findall(r"log\.\w+\(.*?\n        \)|log\.\w+\([^\n]*\)", source, re.DOTALL)
