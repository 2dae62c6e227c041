"""Whatever an error report holds, only names and values that are ours leave the process."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from millrace.telemetry.attributes import FIELDS
from millrace.telemetry.scrubbing import TAGS, scrubbed_event, scrubbed_fields

PERSONAL = "Ann Smith"


class Told:
    """Tells everything when it is asked for its text."""

    def __repr__(self):
        return PERSONAL

    __str__ = __repr__


HOSTILE = {
    "request": {"url": f"http://h/?who={PERSONAL}", "headers": {"authorization": PERSONAL}, "data": PERSONAL},
    "user": {"email": PERSONAL},
    "breadcrumbs": {"values": [{"message": PERSONAL}]},
    "threads": {"values": [{"stacktrace": {"frames": [{"vars": {"name": PERSONAL}}]}}]},
    "tags": {"run_id": "run_1", "customer": PERSONAL, "task": Told()},
    "contexts": {"trace": {"trace_id": "a" * 32, "data": {"who": PERSONAL}}, "person": {"name": PERSONAL}},
    "extra": {
        "run_id": "run_1",
        "kwargs": {"refs": 2, "message": {"text": PERSONAL}, "step": {"name": {"of": PERSONAL}, "who": PERSONAL}},
        "detail": Told(),
        "parts": [{"part": 1, "text": PERSONAL}, Told(), [[[[PERSONAL]]]]],
        PERSONAL: PERSONAL,
    },
    "exception": {
        "values": [
            {
                "type": "ValueError", "value": PERSONAL, "module": "builtins",
                "mechanism": {"type": "logging", "data": {"who": PERSONAL}},
                "stacktrace": {"frames": [{"function": "f", "vars": {"x": PERSONAL}, "context_line": PERSONAL}]},
            },
            {"type": "KeyError", "value": PERSONAL, "stacktrace": None},
        ]
    },
    "logentry": {"message": "part_crashed", "formatted": PERSONAL, "params": [PERSONAL]},
    "transaction": f"/who/{PERSONAL}",
    "transaction_info": {"source": "url"},
    "sdk": {"name": "sentry.python"},
}  # fmt: skip


def test_hostile_nests_lose_all_that_is_not_ours():
    # when
    clean = scrubbed_event(HOSTILE, {})
    # then
    assert PERSONAL not in repr(clean) and PERSONAL not in json.dumps(clean)
    assert clean["tags"] == {"run_id": "run_1", "task": "Told"}
    assert clean["extra"]["kwargs"] == {"refs": 2, "step": {"name": {}}}
    assert clean["contexts"] == {"trace": {"trace_id": "a" * 32}}
    assert [each["type"] for each in clean["exception"]["values"]] == ["ValueError", "KeyError"]


@pytest.mark.parametrize("nothing", [{"extra": None}, {"tags": None}, {"contexts": None}, {"exception": {}}, {}])
def test_what_is_missing_is_no_fault(nothing):
    assert scrubbed_event(nothing, {})["extra"] == {}


_NAMES = st.sampled_from(sorted(FIELDS)) | st.text(max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=300) | st.builds(Told),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=20,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(_NAMES, _VALUES, max_size=5))
def test_no_name_at_any_depth_is_another_s(fields):
    # when
    clean = scrubbed_fields(fields)
    # then
    assert set(_names(clean)) <= FIELDS
    assert PERSONAL not in json.dumps(clean)


def test_every_tag_is_a_field():
    assert set(TAGS) <= FIELDS


def _names(value):
    if isinstance(value, dict):
        yield from value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _names(each)
