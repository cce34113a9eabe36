"""Embeddings: computed by the bundled model, kept on disk, never computed twice."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoalign.embeddings import embedding
from emoalign.embeddings.embedding import (
    EmbeddingStore,
    embedded,
    gguf_embedder,
    hugging_face_embedder,
    identity,
)
from emoalign.embeddings.embedding_cards import GgufEmbedding, TransformersEmbedding
from emoalign.errors import DataError, EngineError
from emoalign.locks import alone
from emoalign.study.reading import read_yaml, validate

ROOT = Path(__file__).parents[2]
TEXTS = ["I am so happy today!", "What a terrible day.", "I am happy today", "The bus is late."]


def card(**changes: Any) -> GgufEmbedding:
    content, _ = read_yaml(ROOT / "src/emoalign/catalogue/embeddings/smollm2-135m.yaml")
    found, problems = validate(GgufEmbedding, content | changes, "smollm2-135m")
    assert found is not None, problems
    return found


class Counting:
    """An embedder that counts what it computes, and dies when it has computed enough."""

    def __init__(self, enough: int = 10**9) -> None:
        self.computed: list[str] = []
        self.enough = enough

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        if len(self.computed) >= self.enough:
            raise KeyboardInterrupt
        self.computed += texts
        return np.array([[len(text), 1.0, 2.0] for text in texts])


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Counting:
    one = Counting()
    monkeypatch.setattr(embedding, "embedder", lambda card: one)
    return one


def test_what_was_embedded_is_never_embedded_again(counting: Counting, tmp_path: Path) -> None:
    first = embedded(card(), [*TEXTS, TEXTS[0]], tmp_path)
    assert sorted(counting.computed) == sorted(TEXTS)
    again = embedded(card(), ["new", *TEXTS], tmp_path)
    assert counting.computed.count("new") == 1
    assert len(counting.computed) == len(TEXTS) + 1
    assert (again[1:] == first[:4]).all()
    assert np.linalg.norm(again, axis=1) == pytest.approx(np.ones(5))


def test_a_killed_job_loses_one_batch_at_most(
    counting: Counting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(embedding, "AT_ONCE", 2)
    texts = [f"text {place}" for place in range(7)]
    counting.enough = 4
    with pytest.raises(KeyboardInterrupt):
        embedded(card(), texts, tmp_path)
    counting.computed.clear()
    counting.enough = 100
    embedded(card(), texts, tmp_path)
    assert len(counting.computed) == 3


def test_jobs_at_the_same_time_compute_each_text_once(counting: Counting, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as jobs:
        with alone(tmp_path / f"{identity(card())[:16]}.sqlite"):
            both = [jobs.submit(embedded, card(), TEXTS, tmp_path) for _ in range(2)]
            time.sleep(0.2)
            assert counting.computed == [], "they wait for whoever is computing"
        assert [one.result().shape for one in both] == [(4, 3), (4, 3)]
    assert sorted(counting.computed) == sorted(TEXTS)


def test_another_pooling_prefix_or_file_is_another_model(tmp_path: Path) -> None:
    one = identity(card())
    assert identity(card(title="Other", threads=4)) == one
    assert identity(card(pooling="last")) != one
    assert identity(card(prefix="query: ")) != one
    weights = tmp_path / "other.gguf"
    weights.write_bytes(b"other")
    assert identity(card(weights={"file": str(weights)})) != one


def test_two_jobs_may_fill_one_store(tmp_path: Path) -> None:
    with (
        EmbeddingStore(tmp_path / "one.sqlite") as one,
        EmbeddingStore(tmp_path / "one.sqlite") as other,
    ):
        one.add(["a"], np.array([[1.0, 0.0]]))
        other.add(["a", "b"], np.array([[9.0, 9.0], [0.0, 1.0]]))
        assert one.of(["b", "a"]).tolist() == [[0, 1], [1, 0]]
        with pytest.raises(KeyError, match="c"):
            one.of(["c"])
    assert b"text" not in (tmp_path / "one.sqlite").read_bytes().replace(b"text_sha256", b"")


TOPICS = [
    "The dog ran across the garden.",
    "A dog was running through the garden.",
    "Interest rates rose again this year.",
    "The bank raised its interest rates this year.",
]


def test_the_bundled_model_tells_texts_of_one_topic_from_those_of_another(tmp_path: Path) -> None:
    found = embedded(card(), TOPICS, tmp_path)
    assert found.shape == (4, 576)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(4))
    alike = found @ found.T
    assert (alike[0, 1] + alike[2, 3]) / 2 > alike[:2, 2:].mean() + 0.05
    prefixed = embedded(card(prefix="search: "), TOPICS, tmp_path)
    assert np.abs(prefixed - found).max() > 0.01


def test_an_embedding_does_not_depend_on_the_texts_it_is_computed_with() -> None:
    embed = gguf_embedder(card())
    together = embed(TOPICS)
    alone = np.vstack([gguf_embedder(card())([text]) for text in TOPICS])
    assert together == pytest.approx(alone, abs=1e-3)
    assert embed(TOPICS[::-1])[::-1] == pytest.approx(alone, abs=1e-3)


def test_a_text_longer_than_the_model_takes_is_refused_and_says_what_to_change() -> None:
    embed = gguf_embedder(card(context_tokens=16))
    with pytest.raises(EngineError, match=r"context_tokens in the model's card"):
        embed(["word " * 40])


def test_a_file_that_is_no_model_is_told(tmp_path: Path) -> None:
    weights = tmp_path / "none.gguf"
    weights.write_bytes(b"nothing")
    with pytest.raises(EngineError, match="Is it a whole GGUF file"):
        gguf_embedder(card(weights={"file": str(weights)}))


def hub_card(folder: Path, **changes: Any) -> TransformersEmbedding:
    content = {"title": "T", "kind": "transformers", "model": str(folder), **changes}
    return TransformersEmbedding.model_validate(content)


def test_a_card_names_a_model_or_weights_and_not_both(tmp_path: Path) -> None:
    weights = {"file": str(tmp_path)}
    for change in ({"weights": weights}, {"model": None}):
        with pytest.raises(ValueError, match=r"give either model .* or weights"):
            hub_card(tmp_path, **change)
    with pytest.raises(ValueError, match="revision: weights in a folder have none"):
        hub_card(tmp_path, model=None, weights=weights, revision="abc")


def test_weights_in_a_folder_are_the_same_model_by_either_key(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    named = hub_card(tmp_path, model=None, weights={"file": str(tmp_path)})
    assert named.identity()["model"] == hub_card(tmp_path).identity()["model"]
    assert named.files() == [named.weights]
    changed = hub_card(tmp_path, model=None, weights={"file": str(tmp_path), "sha256": "0" * 64})
    with pytest.raises(DataError, match="these are other files than expected"):
        embedded(changed, ["a text"], tmp_path / "store")
    gone = {"package": "no_such_package", "file": "model", "obtain": "Type this."}
    with pytest.raises(DataError, match=r"is not installed. Type this\."):
        embedded(hub_card(tmp_path, model=None, weights=gone), ["a text"], tmp_path / "store")


def test_a_hugging_face_model_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"cannot be loaded|extra finetune"):
        hugging_face_embedder(hub_card(tmp_path / "nowhere"))
