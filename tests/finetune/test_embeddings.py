"""Embeddings of models that Hugging Face transformers loads, by PyTorch itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from emoalign.embeddings.embedding import embedded, hugging_face_embedder
from emoalign.embeddings.embedding_cards import TransformersEmbedding
from emoalign.errors import EngineError
from emoalign.study.source_files import folder_sha256


def hub_card(folder: Path, **changes: Any) -> TransformersEmbedding:
    content = {"title": "T", "kind": "transformers", "model": str(folder), **changes}
    return TransformersEmbedding.model_validate(content)


def tiny_bert(folder: Path) -> Path:
    """A random BERT of a few kilobytes with a tokenizer of single words."""
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "so", "happy", "sad", "day"]
    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(str(folder / "vocab.txt")).save_pretrained(folder)
    return folder


def test_padding_changes_no_embedding_of_a_hugging_face_model(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path / "bert")
    embed = hugging_face_embedder(hub_card(folder))
    alone = np.vstack([embed([text]) for text in ("so happy", "sad day so so so")])
    together = embed(["so happy", "sad day so so so"])
    assert together == pytest.approx(alone, abs=1e-5)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    tokens = transformers.AutoTokenizer.from_pretrained(folder)(["so happy"], return_tensors="pt")
    with torch.inference_mode():
        states = model(**tokens).last_hidden_state[0].numpy()
    assert alone[0] == pytest.approx(states.mean(axis=0), abs=1e-5)
    first = hugging_face_embedder(hub_card(folder, pooling="cls"))(["so happy"])
    assert first[0] == pytest.approx(states[0], abs=1e-5)
    assert embedded(hub_card(folder), ["so happy"], tmp_path / "store").shape == (1, 16)
    with pytest.raises(
        EngineError, match=r"more than context_tokens in the model.s card allows \(16\)"
    ):
        hugging_face_embedder(hub_card(folder, context_tokens=16))(["so " * 20])


def test_weights_in_a_package_give_the_embeddings_of_their_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tiny_bert(tmp_path / "site/carries_bert/model")
    (folder.parent / "__init__.py").write_text("raise RuntimeError('imported')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    weights = {"package": "carries_bert", "file": "model", "sha256": folder_sha256(folder)}
    named = hub_card(folder, model=None, weights=weights)
    texts = ["so happy", "sad day"]
    found = embedded(named, texts, tmp_path / "store")
    assert np.array_equal(found, embedded(hub_card(folder), texts, tmp_path / "another"))
