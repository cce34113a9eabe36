"""Lexical grounding of labels, as Inoshita et al. (2026, arXiv 2604.27345) define it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray


def similarity(label: FloatArray, texts: FloatArray) -> float:
    """E_c: cosine of a label's embedding, shape (size,), and the mean of its texts', (texts, size).

    From -1 to 1. NaN without texts, or where one of the two is zero.
    """
    if not len(texts):
        return float("nan")
    mean = texts.mean(axis=0)
    lengths = float(np.linalg.norm(label) * np.linalg.norm(mean))
    return float(label @ mean / lengths) if lengths > 0 else float("nan")


def seed_share(found: NDArray[np.bool_]) -> float:
    """L_c: share of a label's texts that have one of its seed words; NaN without texts."""
    return float(found.mean()) if len(found) else float("nan")


def transparency(similarities: FloatArray, shares: FloatArray) -> FloatArray:
    """T_c: mean of E_c and L_c, each stretched from 0 (lowest label) to 1 (highest), (labels,).

    Only labels that have both are stretched between; the others are NaN, as are all where one of
    the two is the same for every label.
    """
    both = np.isfinite(similarities) & np.isfinite(shares)
    stretched = [_stretched(np.where(both, values, np.nan)) for values in (similarities, shares)]
    found: FloatArray = (stretched[0] + stretched[1]) / 2
    return found


def _stretched(values: FloatArray) -> FloatArray:
    known = values[np.isfinite(values)]
    if not known.size or np.ptp(known) <= 1e-12:
        return np.full_like(values, np.nan)
    found: FloatArray = (values - known.min()) / np.ptp(known)
    return found
