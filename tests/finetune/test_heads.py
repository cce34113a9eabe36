"""The layer for answers: what it reads, where it starts, and that it is found again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from emoalign.baselines.classifiers import Classifier, load, output_of
from emoalign.baselines.heads import new_parameters, start_at
from emoalign.study.scales import LabelScale, OrdinalScale, Scale
from tests.kit.comments import Comment

from . import tiny_roberta
from .test_embeddings import tiny_bert

LABELS = LabelScale(kind="labels", labels=("a", "b", "c"))
THREE = OrdinalScale(min=1, max=3, direction="up")
TEXTS = ["so happy", "sad day so so so so", "day"]


def encoder(kind: str, folder: Path) -> Path:
    if kind == "bert":
        return tiny_bert(folder / "bert")
    return tiny_roberta.pretrained(folder, ["so happy", "sad day"])


def new(weights: Path, pooling: Any, answers: Sequence[str] = "abc") -> Classifier:
    torch.manual_seed(2)
    return load(str(weights), None, 32, answers, pooling)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_a_classifier_is_the_same_when_it_is_loaded_again(
    kind: str, pooling: str, tmp_path: Path
) -> None:
    made = new(encoder(kind, tmp_path / "weights"), pooling)
    saved = tmp_path / "saved"
    saved.mkdir()
    made.model.save_pretrained(saved)
    made.tokenizer.save_pretrained(saved)
    again = load(str(saved), None, 32)
    assert again.model.config.id2label == {0: "a", 1: "b", 2: "c"}
    expected = made.shares(TEXTS, "sigmoid")
    assert np.array_equal(again.shares(TEXTS, "sigmoid"), expected)
    assert np.ptp(expected, axis=0).min() > 0


def test_the_mean_is_over_the_tokens_of_a_text_and_not_over_padding(tmp_path: Path) -> None:
    made = new(encoder("bert", tmp_path / "weights"), "mean")
    made.model.eval()
    bert = transformers.AutoModel.from_pretrained(tmp_path / "weights/bert").eval()
    tokens, _ = made.tokens(TEXTS)
    with torch.inference_mode():
        found = made.logits(tokens)
        for row, ids in enumerate(tokens):
            states = bert(input_ids=torch.from_numpy(ids)[None]).last_hidden_state[0]
            expected = made.model.classifier(states.mean(dim=0))
            assert found[row].numpy() == pytest.approx(expected.numpy(), abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("scale", [LABELS, THREE])
def test_training_starts_at_the_mean_shares(
    scale: Scale, pooling: str, kind: str, tmp_path: Path
) -> None:
    shares = np.array([[0.9, 0.1, 0.0]] * 30 + [[0.3, 0.6, 0.1]] * 30)
    made = new(encoder(kind, tmp_path / "weights"), pooling)
    assert start_at(made.model, shares, scale)
    with torch.no_grad():  # what the layer makes of texts at random
        for parameter in new_parameters(made.model):
            parameter.mul_(parameter.dim() == 1)
    for predicted in made.shares(TEXTS, output_of(scale)):
        assert predicted == pytest.approx(shares.mean(axis=0), abs=0.01)


def test_an_answer_that_nobody_gave_starts_small_and_can_still_be_learned(tmp_path: Path) -> None:
    never = np.array([[1.0, 0.0, 0.0]] * 50)
    for scale in (LABELS, THREE):
        made = new(encoder("bert", tmp_path / type(scale).__name__), "mean")
        assert start_at(made.model, never, scale)
        predicted = made.shares(TEXTS, output_of(scale))
        assert np.isfinite(predicted).all()
        assert predicted[:, 1:].max() < 0.02
        assert predicted[:, 1:].min() > 0


def test_a_layer_without_a_bias_is_left_as_it_is() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 3, bias=False))
    assert not start_at(model, np.full((2, 3), 1 / 3), THREE)


def test_a_published_classifier_keeps_its_own_layer(
    tmp_path: Path, comments: list[Comment]
) -> None:
    folder = tiny_roberta.published(tmp_path, [c.text for c in comments], ["x", "y"])
    assert type(load(str(folder), None, 32).model).__name__ == "RobertaForSequenceClassification"
