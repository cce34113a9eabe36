"""Scales of labels: does a model choose each label as often as people, and for the same items?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emoalign.statistics.correlation import spearman
from emoalign.statistics.pairs import FloatArray


@dataclass(frozen=True)
class LabelAgreement:
    """How one label was used by people and by a model.

    Rates are means over items of the share of raters (answers) that chose the label, from 0 to 1;
    `rho` is the rank correlation over items of these shares, NaN where one of them is constant.
    """

    label: str
    human_rate: float
    model_rate: float
    rho: float

    @property
    def rate_difference(self) -> float:
        """Above 0: the model says the label more often than people."""
        return self.model_rate - self.human_rate


def label_agreement(
    model: FloatArray, human: FloatArray, labels: Sequence[str]
) -> list[LabelAgreement]:
    """Use of each label, from shares of shape (items, labels) of the same items.

    The per-category comparison of Inoshita et al. (2026, arXiv 2604.27345). Rates are NaN without
    items.
    """
    return [
        LabelAgreement(
            label,
            human_rate=float(human[:, place].mean()) if len(human) else float("nan"),
            model_rate=float(model[:, place].mean()) if len(model) else float("nan"),
            rho=spearman(model[:, place], human[:, place]).r,
        )
        for place, label in enumerate(labels)
    ]
