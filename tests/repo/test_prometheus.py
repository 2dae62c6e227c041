"""Prometheus' rules speak of metrics and labels that there are."""

import re

import pytest
import yaml

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
