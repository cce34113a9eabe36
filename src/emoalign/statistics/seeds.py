"""The rule by which seeds of analyses follow from the study.

What analyses draw at random for a dataset depends on the study's seed, the dataset and the purpose,
and on nothing else: not on models, protocols or scales, nor on the order of anything. So all that
is drawn for one purpose is the same wherever it is drawn, and what different analyses say of one
cell agrees; datasets and purposes are independent of each other.

Which stimuli are sampled and what is asked of models does not follow this rule: answers are known
by what was asked, and must be found again.
"""

from __future__ import annotations

import hashlib
from typing import Literal

Purpose = Literal[
    "items",
    "texts",
    "labels",
    "raters",
    "answers",
    "permutations",
    "swaps",
    "folds",
    "sample",
    "scatter",
]
"""What is drawn.

items: items, those of a cluster together, in resamples of all that is correlated or compared over
    items; signs of their differences.
texts: texts (or clusters), with all of their items, in resamples; signs of their differences.
labels: labels in resamples and permutations.
raters: halves of the raters of an item, and single ones.
answers: answers of a model whose probabilities are known or assumed.
permutations: orders of items.
swaps: items (those of a cluster together) whose ratings by two models change places.
folds: parts of the texts (or clusters) that are learnt from and tried on.
sample: items that are compared, simulated or shown where all are too many.
scatter: where points that would cover each other stand in a figure.
"""


def seed_of(seed: int, dataset: str, purpose: Purpose) -> int:
    """Return the seed of what is drawn for a purpose from a dataset, from 0 to 2**56 - 1.

    `seed` is that of the study.
    """
    named = f"{seed} {dataset} {purpose}".encode()
    return int.from_bytes(hashlib.sha256(named).digest()[:7])
