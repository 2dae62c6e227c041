"""The handlers, from artifacts to artifacts."""

import hashlib
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import pytest
from celery import Celery

from millrace.contracts import catalogue, tables
from millrace.contracts.artifacts import ArtifactRef
from millrace.contracts.insights import Duplicates, Labels, Phrases, Summary, Topics
from millrace.contracts.outcome import Coverage
from millrace.nlp import adapters, tasks
from millrace.nlp.cache.cells import MemoryCells, redis_cells
from millrace.nlp.cache.sealed import SealedCells
from millrace.nlp.domain.units import Source
from millrace.nlp.embedding_twin import WordHashes
from millrace.nlp.models.reading import Models, ToneModel
from millrace.nlp.tasks import Ports
from millrace.storage.memory import MemoryEnvelope
from millrace.testing.parts import Bench
from millrace.worker.errors import BadInput
from millrace.worker.part import Part
from millrace.worker.tables import read_table

TEXTS = [
    "Runs small, order a size up.",
    "The waiter was rude.",
    "We circled the block for a parking space.",
    "Die Lieferung war sehr gut.",
    "Runs small, order a size up.",
]
LANGS = ["en", "en", "und", "de", "en"]


def unit_rows(texts: list[str], langs: list[str] | None = None) -> list[dict[str, Any]]:
    return [
        {
            "unit_id": f"t{n:03d}.0", "turn_id": f"t{n:03d}", "conv_id": f"c{n}", "record_id": f"r{n:03d}", "n": 0,
            "start": 0, "end": len(text), "text": text, "text_hash": hashlib.sha256(text.encode()).hexdigest(),
            "lang": langs[n] if langs else "en", "role": "customer", "created_at": None, "dup_of": "",
        }
        for n, text in enumerate(texts)
    ]  # fmt: skip


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ports(bench: Bench) -> Ports:
    return Ports(store=bench.store, embedder=WordHashes())


def annotate_part(bench: Bench, texts: list[str], langs: list[str] | None = None) -> Part:
    units = bench.put_table("units", unit_rows(texts, langs), tables.UNITS)
    return bench.part(catalogue.ANNOTATE, {"units": (units,)})


def annotated(bench: Bench, ports: Ports, texts: list[str]) -> dict[str, tuple[ArtifactRef, ...]]:
    part = annotate_part(bench, texts)
    bench.run(partial(tasks.annotate, ports), part)
    return {name: tuple(refs) for name, refs in part.artifacts.items()}


def test_every_unit_is_annotated_and_every_english_one_embedded(bench: Bench, ports: Ports) -> None:
    # Given five units, one of them a copy and one in German
    part = annotate_part(bench, TEXTS, LANGS)

    # When they are annotated
    result = bench.run(partial(tasks.annotate, ports), part)

    # Then each has a row with what the rules found, and the coverage is that of the vectors
    rows = read_table(part, part.artifacts["annotations"][0], tables.ANNOTATIONS).to_pylist()
    assert [row["themes"] for row in rows] == [["fit"], ["staff"], [], [], ["fit"]]
    assert [row["sentiment"] and row["sentiment"] < 0 for row in rows] == [True, True, 0, None, True]
    assert [row["has_vector"] for row in rows] == [True, True, True, False, True]
    assert {row["tier"] for row in rows} == {0}
    assert result.coverage == Coverage(seen=4, total=5)
    assert result.facts == {
        "units": 5, "embedded": 4, "cached": 0, "cache_faults": 0, "model": "word-hashes-1"
    }  # fmt: skip


def test_a_copy_shares_the_vector_of_its_text(bench: Bench, ports: Ports) -> None:
    # Given annotated units of which the first and the last have the same text
    part = annotate_part(bench, TEXTS, LANGS)
    bench.run(partial(tasks.annotate, ports), part)

    # When their vectors are read
    rows = read_table(part, part.artifacts["vectors"][0], tables.VECTORS).to_pylist()
    cells = {row["unit_id"]: row["vector"] for row in rows}

    # Then both have the same 384 numbers, of length 1 at the precision of 16 bits
    assert cells["t000.0"] == cells["t004.0"] != cells["t001.0"]
    vector = np.frombuffer(cells["t000.0"], dtype="<f2").astype(np.float32)
    assert vector.shape == (384,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)


def test_a_unit_without_a_cue_takes_the_theme_that_its_vector_is_near(bench: Bench, ports: Ports) -> None:
    # Given a text that shares its words with two exemplars of one theme and names none
    text = "it was just too thick and grim to swap the money label back"
    exemplars = ports.exemplars
    place = exemplars.themes.index("returns")
    rows = exemplars.vectors[exemplars.starts[place] : exemplars.starts[place] + 2]

    class Near(WordHashes):
        def encode(self, texts: Any, keep_going: Any = None) -> Any:
            return np.tile(rows.mean(axis=0) / np.linalg.norm(rows.mean(axis=0)), (len(texts), 1)), np.ones(1, bool)

    # When it is annotated by an embedder that puts it between them
    near = Ports(store=bench.store, embedder=Near())
    vars(near)["exemplars"] = exemplars
    part = annotate_part(bench, [text])
    bench.run(partial(tasks.annotate, near), part)

    # Then it has the theme, at the tier of the vectors
    (row,) = read_table(part, part.artifacts["annotations"][0], tables.ANNOTATIONS).to_pylist()
    assert (row["themes"], row["tier"]) == (["returns"], 1)


def test_when_time_runs_out_the_rules_stand_and_the_coverage_says_so(bench: Bench, ports: Ports) -> None:
    # Given a thousand units and a clock that is 10 ms later at every look
    given = annotate_part(bench, [f"Runs small, size {n}" for n in range(1000)])
    given.message = given.message.model_copy(update={"allowance_s": 3.0})
    ticks = count()
    part = Part(
        spec=given.spec, message=given.message, store=given.store, input_hash="0" * 64,
        clock=lambda: next(ticks) * 0.01,
    )  # fmt: skip

    # When they are annotated
    result = bench.run(partial(tasks.annotate, ports), part)

    # Then embedding stopped with the safety margin left, and all units have what the rules found
    assert result.coverage is not None
    assert 200 < result.coverage.seen < 300
    assert result.coverage.total == 1000
    rows = read_table(part, part.artifacts["annotations"][0], tables.ANNOTATIONS).to_pylist()
    assert all(row["themes"] == ["fit"] for row in rows)
    assert sum(row["has_vector"] for row in rows) == result.coverage.seen


def test_the_same_units_give_the_same_bytes(ports: Ports) -> None:
    # Given the same units in two runs
    digests = [
        {name: ref.sha256 for name, (ref,) in annotated(Bench(), ports, TEXTS).items()} for _ in range(2)
    ]  # fmt: skip

    # Then both write the same
    assert digests[0] == digests[1]


def test_no_units_are_no_error(bench: Bench, ports: Ports) -> None:
    # Given an empty chunk
    part = annotate_part(bench, [])

    # Then it is annotated, and nothing is missing from its coverage
    result = bench.run(partial(tasks.annotate, ports), part)
    assert result.coverage == Coverage(seen=0, total=0)
    assert [part.artifacts[name][0].rows for name in ("annotations", "vectors")] == [0, 0]


def test_insights_are_made_of_all_chunks(bench: Bench, ports: Ports) -> None:
    # Given forty texts that the taxonomy does not name, ten of them on one subject
    reasons = ["full again", "without any light", "locked overnight", "miles away from you", "flooded after rain"]
    parking = [f"The parking garage was {reason} {'!' * n}" for n, reason in enumerate(reasons * 2)]
    others = [f"subject{n}x neighbour{n}y painted{n}z {n}" for n in range(30)]
    inputs = annotated(bench, ports, [*parking, *others])

    # When topics, phrases and a summary are made
    parts = {
        spec.name: bench.part(spec, {name: inputs[name] for name in names})
        for spec, names in (
            (catalogue.TOPICS, ("annotations", "vectors")),
            (catalogue.PHRASES, ("annotations",)),
            (catalogue.SUMMARY, ("annotations", "vectors")),
        )
    }
    result = bench.run(partial(tasks.topics, ports), parts["nlp.topics"])
    bench.run(tasks.phrases, parts["nlp.phrases"])
    bench.run(partial(tasks.summary, ports), parts["nlp.summary"])

    # Then each finds the subject
    topics = parts["nlp.topics"].read_model(parts["nlp.topics"].artifacts["topics"][0], Topics)
    phrases = parts["nlp.phrases"].read_model(parts["nlp.phrases"].artifacts["phrases"][0], Phrases)
    summary = parts["nlp.summary"].read_model(parts["nlp.summary"].artifacts["summary"][0], Summary)
    assert [(topic.units, topic.label) for topic in topics.topics] == [(10, "Parking garage")]
    assert result.coverage == Coverage(seen=40, total=40)
    assert "parking garage" in {phrase.text for phrase in phrases.phrases}
    assert "parking" in summary.sentences[0].text


def test_vectors_of_another_model_are_bad_input(bench: Bench, ports: Ports) -> None:
    # Given vectors of three numbers
    annotations = annotated(bench, ports, TEXTS)["annotations"]
    vectors = bench.put_table("vectors", [{"unit_id": "t000.0", "vector": b"\0" * 6}], tables.VECTORS)
    part = bench.part(catalogue.TOPICS, {"annotations": annotations, "vectors": (vectors,)})

    # Then they are refused
    with pytest.raises(BadInput, match="384"):
        bench.run(partial(tasks.topics, ports), part)


def test_warm_up_computes_the_exemplars_once(ports: Ports) -> None:
    # Given ports that were warmed up
    ports.preload()
    ports.warm_up()

    # Then the exemplars are there for every message, two or more per theme
    assert ports.exemplars is ports.exemplars
    assert len(ports.exemplars.themes) == 25
    assert len(ports.exemplars.vectors) >= 100


def test_every_task_of_the_catalogue_is_offered(ports: Ports) -> None:
    # Given an app
    app = Celery("nlp")

    # When the service registers
    tasks.register(app, ports)

    # Then it offers all tasks that the catalogue gives it
    offered = {spec.name for spec in catalogue.PARTS if spec.service == "nlp"}
    assert offered <= set(app.tasks)
    assert len(offered) == 5


def test_reasons_flags_and_entities_are_told_at_their_places_in_the_turn(bench: Bench, ports: Ports) -> None:
    # Given a unit that begins at the tenth character of its turn
    text = "Refund order #12345 asap, or my lawyer will call you!"
    rows = unit_rows([text])
    rows[0] |= {"start": 10, "end": 10 + len(text)}
    part = bench.part(catalogue.ANNOTATE, {"units": (bench.put_table("units", rows, tables.UNITS),)})

    # When it is annotated
    bench.run(partial(tasks.annotate, ports), part)

    # Then it has its conversation, reason, flags and entity, the latter with offsets of the turn's text
    (row,) = read_table(part, part.artifacts["annotations"][0], tables.ANNOTATIONS).to_pylist()
    assert (row["conv_id"], row["reason"], row["flags"]) == ("c0", "refund_or_return", ["urgent", "escalation"])
    assert 0 < row["reason_confidence"] <= 1
    assert row["entities"] == [{"kind": "order", "value": "12345", "start": 24, "end": 29}]


def test_labels_name_every_id_that_annotations_may_hold(bench: Bench, ports: Ports) -> None:
    # Given an annotated part
    part = annotate_part(bench, TEXTS, LANGS)
    bench.run(partial(tasks.annotate, ports), part)

    # Then its labels are those of the data files
    labels = part.read_model(part.artifacts["labels"][0], Labels)
    assert labels.themes["fit"] == "Fit and sizing"
    assert labels.reasons["how_to"] == "How-to question"
    assert labels.flags == {
        "urgent": "Urgent", "effort": "High effort", "escalation": "Escalation", "churn": "May leave"
    }  # fmt: skip


def test_a_text_that_comes_again_is_not_read_again(bench: Bench) -> None:
    # Given a service with a cache, whose embedder counts the texts that it is given
    class Counting(WordHashes):
        texts = 0

        def encode(self, texts: Any, keep_going: Any = None) -> Any:
            self.texts += len(texts)
            return super().encode(texts, keep_going)

    counting = Counting()
    ports = Ports(store=bench.store, embedder=counting, cells=SealedCells(MemoryCells(), MemoryEnvelope()))
    ports.warm_up()
    first = annotate_part(bench, TEXTS, LANGS)
    bench.run(partial(tasks.annotate, ports), first)
    before = counting.texts

    # When the same texts and a new one come in another run
    again = Bench(bench.store)
    second = annotate_part(again, [*TEXTS, "A new one."], [*LANGS, "en"])
    result = again.run(partial(tasks.annotate, ports), second)

    # Then only the new one is embedded, and the others say what they said
    assert counting.texts == before + 1
    assert (result.facts["cached"], result.facts["embedded"]) == (4, 5)
    told = [
        read_table(part, part.artifacts["annotations"][0], tables.ANNOTATIONS).to_pylist() for part in (first, second)
    ]
    assert told[0] == told[1][:5]
    vectors = [read_table(part, part.artifacts["vectors"][0], tables.VECTORS).to_pylist() for part in (first, second)]
    assert all(row in vectors[1] for row in vectors[0])


def test_what_a_configured_model_reads_in_another_language_is_kept(bench: Bench) -> None:
    # Given a model that finds every text good
    class Glad:
        version, labels = "glad-1", ("positive",)

        def probabilities(self, texts: Any, keep_going: Any) -> Any:
            return np.ones((len(texts), 1), dtype=np.float32), np.ones(len(texts), dtype=np.bool_)

    ports = Ports(store=bench.store, embedder=WordHashes())
    vars(ports)["models"] = Models(tone=ToneModel(Glad(), np.ones(1, dtype=np.float32)))  # type: ignore[arg-type]

    # When a German unit is annotated
    part = annotate_part(bench, TEXTS, LANGS)
    bench.run(partial(tasks.annotate, ports), part)

    # Then its tone is the model's
    rows = read_table(part, part.artifacts["annotations"][0], tables.ANNOTATIONS).to_pylist()
    assert [(row["lang"], row["sentiment"], row["tier"]) for row in rows if row["lang"] == "de"] == [("de", 1.0, 2)]


def test_texts_that_differ_by_spacing_keep_their_own_places_under_a_configured_model(bench: Bench) -> None:
    # Given two texts that share a hash and name the same amount at different places, and a model without an opinion
    class Calm:
        version, labels = "calm-1", ("neutral",)

        def probabilities(self, texts: Any, keep_going: Any) -> Any:
            return np.ones((len(texts), 1), dtype=np.float32), np.ones(len(texts), dtype=np.bool_)

    calm = Models(tone=ToneModel(Calm(), np.zeros(1, dtype=np.float32)))  # type: ignore[arg-type]
    given = [Source(text, "1", "en") for text in ("It cost 20 EUR", "It  cost 20 EUR")]
    rules = adapters.load_rules()

    # When they are read
    read, _ = calm.read({source: rules.read(source) for source in given}, lambda: True)

    # Then each amount stands where its own text has it
    assert [[(entity.start, entity.end) for entity in read[source].entities] for source in given] == [
        [(8, 14)], [(9, 15)]
    ]  # fmt: skip


def test_a_cache_that_fails_costs_nothing_but_time(bench: Bench) -> None:
    # Given a service whose Redis is gone
    cells = SealedCells(redis_cells("redis://127.0.0.1:1/0"), MemoryEnvelope())
    ports = Ports(store=bench.store, embedder=WordHashes(), cells=cells)
    part = annotate_part(bench, TEXTS, LANGS)

    # When it annotates
    result = bench.run(partial(tasks.annotate, ports), part)

    # Then all is found, and the fault is counted
    assert result.coverage == Coverage(seen=4, total=5)
    assert result.facts["cache_faults"] == 1


def test_copies_of_records_are_found_in_all_chunks(bench: Bench) -> None:
    # Given a record of two units in one chunk, its copy in another, and an agent who repeats it
    said = ["The new checkout forgot my basket twice today.", "Please bring the old one back."]
    rows = unit_rows([*said, *(text.upper() for text in said), *said])
    for n, row in enumerate(rows):
        record = f"r{n // 2}"
        row |= {"unit_id": f"{record}#{n % 2}", "record_id": record, "turn_id": record, "n": n % 2}
        row["role"] = "agent" if record == "r2" else "customer"
    refs = tuple(bench.put_table(f"units{n}", rows[n : n + 3], tables.UNITS) for n in (0, 3))
    part = bench.part(catalogue.DUPLICATES, {"units": refs})

    # When duplicates are looked for
    result = bench.run(tasks.duplicates, part)

    # Then the two customers' records are one cluster
    found = part.read_model(part.artifacts["duplicates"][0], Duplicates)
    assert [(cluster.records, cluster.exact) for cluster in found.clusters] == [(("r0", "r1"), 2)]
    assert (found.records, result.coverage) == (2, Coverage(seen=2, total=2))
