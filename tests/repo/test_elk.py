"""What Elasticsearch and Kibana are told: every field of a line has a type, and dashboards show what is logged."""

import ast
import importlib.util
import json
import logging
import re
import sys

import pytest

from millrace.telemetry.attributes import FIELDS
from millrace.telemetry.context import bind, forget, message_fields
from millrace.telemetry.logs import JsonFormatter

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"


@pytest.fixture(scope="module")
def folder(repository):
    return repository.root / "platform" / "elk"


@pytest.fixture(scope="module")
def made(folder):
    specification = importlib.util.spec_from_file_location("elk_make", folder / "make.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def properties(folder):
    return json.loads((folder / "component-template.json").read_text())["template"]["mappings"]["properties"]


@pytest.fixture(scope="module")
def objects(folder):
    return [json.loads(line) for line in (folder / "dashboards.ndjson").read_text().splitlines()]


def logged(repository):
    """Every action that the code hands to a log line."""
    for pattern in ("libs/*/src", "services/*/src"):
        for source in repository.root.glob(f"{pattern}/**/*.py"):
            for node in ast.walk(ast.parse(source.read_text())):
                if isinstance(node, ast.Dict):
                    pairs = zip(node.keys, node.values, strict=True)
                    yield from (ast.literal_eval(value) for key, value in pairs if _says_action(key, value))


def _says_action(key, value):
    return isinstance(key, ast.Constant) and key.value == "action" and isinstance(value, ast.Constant)


def queries(objects):
    """Saved object → the query that it looks with."""
    for each in objects:
        meta = each["attributes"].get("kibanaSavedObjectMeta")
        if meta:
            yield each["id"], json.loads(meta["searchSourceJSON"])["query"]["query"]


def shown(objects):
    """Fields that a panel shows, groups by or measures."""
    for each in objects:
        yield from each["attributes"].get("columns", ())
        for agg in json.loads(each["attributes"].get("visState", '{"aggs": []}'))["aggs"]:
            if "field" in agg["params"]:
                yield agg["params"]["field"]


def test_the_files_are_what_is_made(folder, made):
    assert {name: (folder / name).read_text() for name in made.files()} == made.files()


def test_every_field_of_a_line_has_a_type(properties):
    # given: a line that holds all there is
    bind(**message_fields({"traceparent": TRACEPARENT}))
    extra = dict.fromkeys(FIELDS - {"name", "args"}, 1)
    try:
        raise ValueError
    except ValueError:
        record = logging.makeLogRecord({"msg": "said", "exc_info": sys.exc_info(), **extra})
    # when
    line = JsonFormatter("nlp").line(record)
    forget()
    # then
    assert set(line) - set(properties) == set()
    assert {"args", "dd.trace_id", "traceback", "id", "@timestamp"} <= set(properties)


def test_panels_show_fields_that_exist(objects, properties):
    assert len(set(shown(objects))) > 10
    assert set(shown(objects)) - set(properties) == set()
    named = {field for _, query in queries(objects) for field in re.findall(r"([\w.]+)(?::| ?[<>])", query)}
    assert named - set(properties) == set()


def test_actions_that_dashboards_name_are_logged_somewhere(repository, objects):
    named = {action for _, query in queries(objects) for action in re.findall(r'action:"(\w+)"', query)}
    assert len(named) > 5
    assert named - set(logged(repository)) == set()


def test_everything_that_is_referred_to_comes_before(objects):
    known = set()
    for each in objects:
        assert {(other["type"], other["id"]) for other in each["references"]} <= known
        known.add((each["type"], each["id"]))
    assert sum(kind == "dashboard" for kind, _ in known) == 4
    assert len(known) == len(objects)


def test_panels_of_a_dashboard_name_their_references(objects):
    for board in (each for each in objects if each["type"] == "dashboard"):
        panels = json.loads(board["attributes"]["panelsJSON"])
        named = {f"{panel['panelIndex']}:{panel['panelRefName']}": panel["type"] for panel in panels}
        assert named == {other["name"]: other["type"] for other in board["references"]}


def test_the_templates_name_each_other(folder):
    template = json.loads((folder / "index-template.json").read_text())
    settings = json.loads((folder / "component-template.json").read_text())["template"]["settings"]
    stream = re.search(r"index_name (\S+)", (folder / "fluentd.conf").read_text())[1]
    assert template["index_patterns"] == [f"{stream}*"]
    assert template["composed_of"] == [settings["index.lifecycle.name"]] == ["millrace-logs"]
