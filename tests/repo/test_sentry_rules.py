"""Alert rules say what Sentry's API takes, and look for tags and actions that reports have.

https://docs.sentry.io/api/alerts/create-an-issue-alert-rule-for-a-project/
"""

import json
import re

import pytest

from millrace.telemetry.scrubbing import TAGS

SENTRYS_OWN_TAGS = {"environment", "release", "level", "server_name", "logger"}
INTERVALS = {"1m", "5m", "15m", "1h", "1d", "1w", "30d"}
RULE = {"name", "environment", "actionMatch", "filterMatch", "frequency", "conditions", "filters", "actions"}
NEEDS = {
    "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition": set(),
    "sentry.rules.conditions.regression_event.RegressionEventCondition": set(),
    "sentry.rules.conditions.every_event.EveryEventCondition": set(),
    "sentry.rules.conditions.event_frequency.EventFrequencyCondition": {"value", "interval", "comparisonType"},
    "sentry.rules.filters.tagged_event.TaggedEventFilter": {"key", "match", "value"},
    "sentry.rules.filters.issue_occurrences.IssueOccurrencesFilter": {"value"},
    "sentry.integrations.slack.notify_action.SlackNotifyServiceAction": {"workspace", "channel", "tags"},
    "sentry.mail.actions.NotifyEmailAction": {"targetType", "fallthroughType"},
}
"""What the documentation demands of each kind beside its id."""


@pytest.fixture(scope="module")
def rules(repository):
    folder = repository.root / "platform" / "sentry" / "rules"
    return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}


def blocks(rules):
    for rule in rules.values():
        yield from (*rule["conditions"], *rule["filters"], *rule["actions"])


def test_rules_have_the_api_s_fields(rules):
    for name, rule in rules.items():
        assert set(rule) == RULE, name
        assert rule["actionMatch"] in ("all", "any", "none") and rule["filterMatch"] in ("all", "any", "none")
        assert 5 <= rule["frequency"] <= 43200
        assert rule["conditions"] and rule["actions"]


def test_each_condition_filter_and_action_is_complete(rules):
    for block in blocks(rules):
        needed = NEEDS[block["id"]] | ({"comparisonInterval"} if block.get("comparisonType") == "percent" else set())
        assert set(block) == {"id"} | needed
        assert {block.get("interval", "1h"), block.get("comparisonInterval", "1d")} <= INTERVALS
        assert block.get("match", "eq") in ("eq", "ne")


def test_rules_look_at_tags_and_actions_that_reports_have(repository, rules):
    tags = {tag for block in blocks(rules) for tag in block.get("tags", "").split(",") if tag}
    filters = [block for block in blocks(rules) if "key" in block]
    assert tags | {block["key"] for block in filters} <= SENTRYS_OWN_TAGS | set(TAGS)
    sources = "".join(path.read_text() for path in (repository.root / "libs" / "worker" / "src").rglob("*.py"))
    reported = set(re.findall(r'log\.error\("(\w+)"', sources))
    assert {block["value"] for block in filters if block["key"] == "action"} <= reported


def test_production_hears_of_everything_in_slack_and_by_mail(rules):
    production = {name.removeprefix("production-"): rule for name, rule in rules.items() if name[:4] == "prod"}
    assert set(production) == {"new-issue", "regression", "spike", "killed-workers"}
    for rule in production.values():
        assert rule["environment"] == "production"
        assert {block["id"].rpartition(".")[2] for block in rule["actions"]} == {
            "SlackNotifyServiceAction", "NotifyEmailAction",
        }  # fmt: skip


def test_a_rule_is_of_the_environment_that_its_file_names(rules):
    assert all(name.startswith(f"{rule['environment']}-") for name, rule in rules.items())
