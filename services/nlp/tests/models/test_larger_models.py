"""A configured model in place of a task's default."""

import multiprocessing
import shutil
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest

from millrace.nlp.domain.annotate import Annotation
from millrace.nlp.domain.sentiment import UNHEARD
from millrace.nlp.domain.units import Source
from millrace.nlp.errors import ModelUnavailable, ModelUnfit
from millrace.nlp.models.classifier import Classifier
from millrace.nlp.models.reading import MODEL, Models, ReasonModel, ToneModel
from millrace.nlp.models.source import fetch

pytest.importorskip("torch", reason="torch is not installed: make test-models")

REASONS = {"billing_problem": "Billing", "praise": "Praise"}
LORE = "the lovely table", "the rude monday", "the box"


def no_s3() -> Any:
    raise AssertionError("nobody asked for S3")


def always() -> bool:
    return True


def units(*texts: str) -> dict[Source, Annotation]:
    return {Source(text, text, "en"): Annotation(UNHEARD, ()) for text in texts}


@pytest.fixture(scope="session")
def tone(tone_folder: Path) -> ToneModel:
    return ToneModel.of(Classifier.load(fetch(str(tone_folder), tone_folder, no_s3)))


def test_its_tone_takes_the_place_of_the_lexicons(tone: ToneModel) -> None:
    # when
    read, _ = Models(tone=tone).read(units(*LORE), always)
    # then
    scores = [annotation.sentiment.score for annotation in read.values()]
    assert scores[0] > 0.5 and scores[1] < -0.5 and abs(scores[2]) < 0.5
    assert {annotation.tier for annotation in read.values()} == {MODEL}


def test_what_there_is_no_time_for_keeps_what_it_has(tone: ToneModel) -> None:
    # given: time for two batches
    looks = iter([True, True, False])
    given = units(*(f"the box {n}" for n in range(80)))
    # when
    read, done = Models(tone=tone).read(given, lambda: next(looks))
    # then
    assert len(done) == 32
    assert {source for source in given if read[source] is given[source]} == {
        source for source in given if source not in done
    }


def test_a_text_gets_the_same_answer_in_any_company(tone: ToneModel) -> None:
    # when
    alone, _ = tone.classifier.probabilities(["the lovely table"], always)
    among, seen = tone.classifier.probabilities(["the lovely table", "the box " * 200, "rude"], always)
    # then
    assert seen.all()
    assert np.allclose(alone[0], among[0], atol=1e-5)


def test_labels_that_are_reasons_are_given_where_the_model_is_sure(make_model: Any) -> None:
    # given
    taught = [("the invoice", 0), ("charged", 0), ("lovely", 1), ("superb", 1), ("box", 2), ("the table", 2)]
    folder = make_model(["Billing problem", "praise", "other"], taught)
    model = ReasonModel.of(Classifier.load(fetch(str(folder), folder, no_s3)), REASONS)
    # when
    read, _ = Models(reason=model).read(units("the invoice was charged", "superb", "the box"), always)
    # then
    assert [annotation.reason.id for annotation in read.values()] == ["billing_problem", "praise", ""]


def test_a_model_of_inference_judges_every_reason(make_model: Any) -> None:
    # given: money follows from an invoice, and nothing else does
    taught = [
        (("the invoice", "This is about charged."), 1), (("the box", "This is about charged."), 0),
        (("the invoice", "This is about lovely."), 0), (("the box", "This is about lovely."), 0),
    ]  # fmt: skip
    folder = make_model(["contradiction", "entailment"], taught)
    reasons = {"billing_problem": "charged", "praise": "lovely"}
    model = ReasonModel.of(Classifier.load(fetch(str(folder), folder, no_s3)), reasons)
    # when
    found, seen = model._scores(["the invoice", "the box"], always)
    # then
    assert found.shape == (2, 2) and seen.all()
    assert found[0, 0] > 0.5 > max(found[1, 0], found[0, 1], found[1, 1])


def test_labels_that_mean_nothing_to_the_task_stop_the_worker(make_model: Any) -> None:
    # given
    folder = make_model(["LABEL_0", "LABEL_1"], [("box", 0), ("table", 1)])
    classifier = Classifier.load(fetch(str(folder), folder, no_s3))
    # then
    with pytest.raises(ModelUnfit, match="LABEL_0"):
        ToneModel.of(classifier)
    with pytest.raises(ModelUnfit, match="entailment"):
        ReasonModel.of(classifier, REASONS)


def test_a_model_that_the_parent_loaded_works_in_its_children(tone: ToneModel) -> None:
    # given: as prefork does, before any child has computed
    queue = multiprocessing.get_context("fork").SimpleQueue()

    def child() -> None:
        read, _ = Models(tone=tone).read(units(*LORE), always)
        queue.put([annotation.sentiment.score > 0 for annotation in read.values()][:2])

    # when
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    # then
    assert queue.get() == [True, False]
    process.join()


def test_a_model_comes_out_of_s3_once(tone_folder: Path, cache: Path, moto: Any) -> None:
    # given
    client = boto3.client(
        "s3", endpoint_url=moto.url, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket="models", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for path in tone_folder.iterdir():
        client.upload_file(str(path), "models", f"tone/2026-11/{path.name}")
    # another format's files of the same names, as the hub's models have them
    client.put_object(Bucket="models", Key="tone/2026-11/onnx/config.json", Body=b"{}")
    # when
    first = fetch("s3://models/tone/2026-11", cache, lambda: client)
    again = fetch("s3://models/tone/2026-11", cache, no_s3)
    # then
    assert again == first
    assert first.version.startswith("2026-11-")
    assert Classifier.load(first).labels == ("negative", "neutral", "positive")


def test_a_model_may_be_all_that_a_bucket_holds(tone_folder: Path, cache: Path, moto: Any) -> None:
    # given
    client = boto3.client(
        "s3", endpoint_url=moto.url, region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    client.create_bucket(Bucket="tone", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for path in tone_folder.iterdir():
        client.upload_file(str(path), "tone", path.name)
    # then
    assert fetch("s3://tone", cache, lambda: client).version.startswith("tone-")


def test_other_weights_are_another_version(tone_folder: Path, tmp_path: Path) -> None:
    # given
    changed = shutil.copytree(tone_folder, tmp_path / "changed")
    weights = next(changed.glob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    # then
    before, after = (fetch(str(folder), tmp_path, no_s3).version for folder in (tone_folder, changed))
    assert before.rpartition("-")[2] != after.rpartition("-")[2]


@pytest.mark.parametrize(
    "source", ["hub:acme/tone", "hub:acme/tone@main", f"hub:acme/tone@{'0' * 40}", "no/such/folder"]
)
def test_a_model_that_cannot_be_had_stops_the_worker(source: str, cache: Path) -> None:
    with pytest.raises(ModelUnavailable):
        fetch(source, cache, no_s3)


def test_a_pickle_is_no_model(tone_folder: Path, tmp_path: Path) -> None:
    # given
    folder = shutil.copytree(tone_folder, tmp_path / "pickled")
    next(folder.glob("*.safetensors")).rename(folder / "pytorch_model.bin")
    # then
    with pytest.raises(ModelUnavailable, match="safetensors"):
        fetch(str(folder), tmp_path, no_s3)
