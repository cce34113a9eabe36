"""The layer for answers on top of an encoder: how tokens are pooled, and where training starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModel

from emoalign.baselines.examples import Shares, starting_outputs
from emoalign.study.scales import Scale

POOLING = "emoalign_pooling"
"""The key of a saved config.json that says how tokens are pooled, where the model's own layer for
answers is not used."""

_HEAD = "head.safetensors"


class MeanPooled(nn.Module):  # type: ignore[misc]
    """An encoder and one linear layer on the mean of its last hidden states over the tokens."""

    def __init__(self, encoder: Any) -> None:
        super().__init__()
        # A layer for the first token, which nothing here uses.
        if getattr(encoder, "pooler", None) is not None:
            encoder.pooler = None
        config = encoder.config
        setattr(config, POOLING, "mean")
        self.config = config
        self.encoder = encoder
        own = getattr(config, "classifier_dropout", None)
        dropout = getattr(config, "hidden_dropout_prob", 0.1) if own is None else own
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        nn.init.normal_(self.classifier.weight, std=getattr(config, "initializer_range", 0.02))
        nn.init.zeros_(self.classifier.bias)

    @classmethod
    def load(cls, weights: str, **told: Any) -> MeanPooled:
        """The encoder from the hub or a folder, with the layer that `save_pretrained` wrote."""
        made = cls(AutoModel.from_pretrained(weights, **told))
        head = Path(weights) / _HEAD
        if head.is_file():
            made.classifier.load_state_dict(load_file(head))
        return made

    def save_pretrained(self, folder: Path) -> None:
        """Write encoder and layer into a folder, for `load`."""
        self.encoder.save_pretrained(folder)
        layer = {name: part.detach().cpu() for name, part in self.classifier.state_dict().items()}
        save_file(layer, folder / _HEAD)

    @property
    def device(self) -> Any:
        """The device that it computes on."""
        return self.encoder.device

    @property
    def base_model(self) -> Any:
        """All but the layer for answers."""
        return self.encoder

    def forward(self, input_ids: Any, attention_mask: Any) -> SimpleNamespace:
        """The outputs for texts, as `logits`: (texts, answers)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        means = (states * mask).sum(dim=1) / mask.sum(dim=1)
        return SimpleNamespace(logits=self.classifier(self.dropout(means)))


def new_parameters(model: Any) -> Iterator[Any]:
    """The parameters of a model that are not its encoder's: the layer for answers."""
    of_encoder = {id(parameter) for parameter in model.base_model.parameters()}
    return (each for each in model.parameters() if id(each) not in of_encoder)


def start_at(model: Any, shares: Shares, scale: Scale) -> bool:
    """Let a model with a new layer predict about the mean shares of the training for every text.

    `shares` is of shape (texts, answers). False where the layer has no bias to be set.
    """
    layers = [
        layer
        for layer in model.modules()
        if isinstance(layer, nn.Linear) and layer.out_features == shares.shape[1]
    ]
    if not layers or layers[-1].bias is None:
        return False
    with torch.no_grad():
        layers[-1].bias.copy_(torch.from_numpy(starting_outputs(shares, scale)))
    return True
