"""The loss of a baseline and the shares that it predicts, from the outputs of its last layer."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch.nn import functional

from emoalign.study.scales import LabelScale, Scale

Output = Literal["sigmoid", "softmax"]


def output_of(scale: Scale) -> Output:
    """How outputs become shares: labels are chosen each by itself, points exclude each other."""
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
