"""A small body of JSON is checked here as it would be in a child; everything else is left to the child."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from millrace.ingestion.body import LIGHT_BYTES, LIGHT_RECORDS, LIGHT_VALUES, Options, ReadBody, read_body, read_light
from millrace.ingestion.domain.errors import BadFile

CANARY = "zq7canaryzq"
"""Stands in every text here, and may stand in no refusal."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8).map(lambda text: CANARY + text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=3),
    max_leaves=6,
)
RATINGS = st.fixed_dictionaries({"scale": st.sampled_from(["stars5", "nps", "no"]), "value": st.integers(-1, 11)})
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "record_id": st.sampled_from(["a", "b", "", "x" * 129]), "text": st.just(f"{CANARY} said so"),
        "rating": RATINGS | VALUES, "created_at": st.sampled_from(["2026-01-05T10:00:00Z", "2026-01-05", CANARY]),
        "attrs": st.dictionaries(st.sampled_from("abc"), st.just(CANARY)) | VALUES, "lang": VALUES,
    },
)  # fmt: skip
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "flow": st.sampled_from(["f", "x" * 129]), "metadata": st.just({"a": CANARY}) | VALUES, "deadline_s": VALUES,
        "callback_url": VALUES, "other": VALUES,
    },
)  # fmt: skip
LISTS = st.lists(RECORDS | VALUES, max_size=6)


def outcome(read: Any, data: bytes, options: Options) -> Any:
    try:
        return read(data, options)
    except BadFile as refused:
        return (refused.code, refused.detail, refused.errors)


def checked(data: bytes, options: Options) -> None:
    here, there = outcome(read_light, data, options), outcome(read_body, data, options)
    assert here is None or here == there
    # A line that is no JSON may pass for a table's header, and headers are quoted.
    if not isinstance(there, ReadBody) and here is not None:
        assert CANARY not in str(there)


@settings(max_examples=200, deadline=None)
@given(records=LISTS, options=OPTIONS, media_type=st.sampled_from(["application/json", ""]))
def test_a_document_gives_the_same_here_and_there(records: Any, options: Any, media_type: str) -> None:
    checked(json.dumps({**options, "records": records}).encode(), Options(media_type=media_type))
    checked(json.dumps(records).encode(), Options(media_type=media_type))


@settings(max_examples=200, deadline=None)
@given(records=LISTS, extra=st.binary(max_size=12), at=st.floats(0, 1))
def test_damaged_lines_give_the_same_here_and_there(records: Any, extra: bytes, at: float) -> None:
    data = b"\n".join(json.dumps(record).encode() for record in records)
    cut = int(at * len(data))
    checked(data, Options(media_type="application/x-ndjson"))
    checked(data[:cut] + extra + data[cut:], Options())


@pytest.mark.parametrize(
    "data",
    [
        b"[00:01] Ann: hello\n[00:02] Bo: hello\n", b"review,stars\nfine,5\n", b"\x1f\x8b", b"%PDF-1.7",
        b"PK\x03\x04", b"",
        b"[" + b"1," * LIGHT_VALUES + b"1]", b"{}\n" + b"1\n" * LIGHT_VALUES,
        b'[{"attrs": {' + b", ".join(b'"%d": []' % at for at in range(LIGHT_VALUES + 2)) + b"}}]",
        b'{"records": []}' + b" " * LIGHT_BYTES, b'{"text": "x"}\n' * (LIGHT_RECORDS + 1),
    ],
)  # fmt: skip
def test_what_is_no_small_json_is_left_to_the_child(data: bytes) -> None:
    assert read_light(data, Options()) is None
