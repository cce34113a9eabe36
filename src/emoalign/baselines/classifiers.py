"""Encoders with a layer for the answers on top: loading them, their loss, shares of texts."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional
from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging as transformers_logging

from emoalign.baselines.baseline_cards import Pooling
from emoalign.baselines.examples import Shares
from emoalign.baselines.heads import POOLING, MeanPooled
from emoalign.errors import BaselineError
from emoalign.study.scales import LabelScale, Scale
from emoalign.study.source_files import folder_sha256
from emoalign.wording import sentence

Tokens = NDArray[np.int64]
_AT_ONCE = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Classifier:
    """A model and its tokenizer, on one device."""

    model: Any
    tokenizer: Any
    max_tokens: int
    revision: str | None
    """Commit on the hub, or checksum of the folder, that the weights came from."""

    @property
    def device(self) -> Any:
        """The device that it computes on."""
        return self.model.device

    def tokens(self, texts: Sequence[str]) -> tuple[list[Tokens], int]:
        """The token ids of each text, and how many texts were too long and have been cut."""
        if not texts:
            return [], 0
        encoded = self._encoded(texts, True)
        full = [place for place, ids in enumerate(encoded) if len(ids) == self.max_tokens]
        whole = self._encoded([texts[place] for place in full], False) if full else []
        cut = sum(len(ids) > self.max_tokens for ids in whole)
        return [np.asarray(ids, dtype=np.int64) for ids in encoded], cut

    def _encoded(self, texts: Sequence[str], cut: bool) -> list[list[int]]:
        limits: dict[str, Any] = {"truncation": True, "max_length": self.max_tokens} if cut else {}
        encoded = self.tokenizer(list(texts), verbose=False, **limits)
        return list(encoded["input_ids"])

    def logits(self, batch: Sequence[Tokens]) -> Any:
        """The outputs for some texts, made as long as the longest of them."""
        longest = max(map(len, batch))
        ids = np.full((len(batch), longest), self.tokenizer.pad_token_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = {"input_ids": ids, "attention_mask": mask}
        return self.model(
            **{name: torch.from_numpy(each).to(self.device) for name, each in given.items()}
        ).logits

    def outputs(self, tokens: Sequence[Tokens]) -> Iterator[tuple[list[int], Any]]:
        """The outputs for all texts, without learning: places of texts, and their outputs.

        Texts of about the same length stand together, which leaves little to fill up.
        """
        order = sorted(range(len(tokens)), key=lambda place: len(tokens[place]))
        was_training = self.model.training
        self.model.eval()
        with torch.inference_mode():
            for start in range(0, len(order), _AT_ONCE):
                places = order[start : start + _AT_ONCE]
                yield places, self.logits([tokens[place] for place in places]).float()
        self.model.train(was_training)

    def shares(self, texts: Sequence[str], output: Output) -> Shares:
        """The shares it predicts for texts: (texts, answers), from 0 to 1."""
        tokens, cut = self.tokens(texts)
        if cut:
            _log.warning("%d texts are longer than %d tokens: cut", cut, self.max_tokens)
        return self.predicted(tokens, output)

    def predicted(self, tokens: Sequence[Tokens], output: Output) -> Shares:
        """The same for texts by their token ids."""
        predicted: Shares = np.full((len(tokens), self.model.config.num_labels), np.nan)
        for places, logits in self.outputs(tokens):
            predicted[places] = predicted_shares(logits, output).cpu().numpy()
        return predicted


def best_device() -> Any:
    """The first GPU, or the processor where there is none."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load(
    weights: str,
    revision: str | None,
    max_tokens: int,
    answers: Sequence[str] | None = None,
    pooling: Pooling = "cls",
) -> Classifier:
    """A classifier from the hub or from a folder, in float32, on the best device.

    With `answers` the last layer is made anew, at random, with one output for each, on tokens
    pooled as `pooling` says; without, it is that of the weights. Only safetensors are read: other
    formats may hold programs. Raises BaselineError when the weights cannot be loaded.
    """
    new_layer: dict[str, Any] = {}
    if answers is not None:
        names = dict(enumerate(answers))
        new_layer = {
            "num_labels": len(names),
            "id2label": names,
            "label2id": {name: place for place, name in names.items()},
        }
    # It would list the new layer as missing, and draw bars of its own.
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(weights, revision=revision)
        config = AutoConfig.from_pretrained(weights, revision=revision, **new_layer)
        how = {
            "config": config,
            "revision": revision,
            "dtype": torch.float32,
            "use_safetensors": True,
        }
        if answers is None:
            pooling = getattr(config, POOLING, "cls")
        if pooling == "mean":
            model: Any = MeanPooled.load(weights, **how)
        else:
            model = AutoModelForSequenceClassification.from_pretrained(
                weights, ignore_mismatched_sizes=answers is not None, **how
            )
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise BaselineError(
            f"the weights {weights!r} cannot be loaded: {sentence(str(error))} "
            "Check the name or the folder. Without a network, give the path of a folder that "
            "contains them (docs/baselines.md)"
        ) from error
    if tokenizer.pad_token_id is None:
        raise BaselineError(f"the tokenizer of {weights!r} has no token to fill up texts with")
    room = min(max_tokens, _room(tokenizer, model))
    folder = Path(weights)
    commit = (
        folder_sha256(folder)
        if folder.is_dir()
        else getattr(model.config, "_commit_hash", None) or revision
    )
    return Classifier(model.to(best_device()), tokenizer, room, commit)


def _room(tokenizer: Any, model: Any) -> int:
    """Tokens that the model has positions for; RoBERTa counts positions from after its padding."""
    positions = getattr(model.config, "max_position_embeddings", tokenizer.model_max_length)
    return min(int(tokenizer.model_max_length), int(positions) - int(tokenizer.pad_token_id) - 1)


Output = Literal["sigmoid", "softmax"]


def output_of(scale: Scale) -> Output:
    """The way from outputs to shares: labels are chosen each by itself, points exclude others."""
    return "sigmoid" if isinstance(scale, LabelScale) else "softmax"


def divergences(logits: Any, shares: Any, output: Output) -> Any:
    """KL divergence (nats) of the predicted shares from those of people, for every text.

    `logits` and `shares` are of shape (texts, answers). sigmoid: the mean over labels of the
    divergence between two Bernoulli distributions, which is the binary cross-entropy less the
    entropy of the people. softmax: the divergence between two distributions over all answers.
    """
    if output == "sigmoid":
        crossed = functional.binary_cross_entropy_with_logits(logits, shares, reduction="none")
        entropy = torch.special.entr(shares) + torch.special.entr(1 - shares)
        return (crossed - entropy).mean(dim=1)
    crossed = -(shares * functional.log_softmax(logits, dim=1)).sum(dim=1)
    return crossed - torch.special.entr(shares).sum(dim=1)


def predicted_shares(logits: Any, output: Output) -> Any:
    """The shares that outputs stand for, in double precision; (texts, answers), from 0 to 1."""
    exact = logits.double()
    return torch.sigmoid(exact) if output == "sigmoid" else torch.softmax(exact, dim=1)
