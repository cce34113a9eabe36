"""Data contracts: what each Parquet file holds. Every column is documented here and only here."""

from __future__ import annotations

from emoalign.tables.alignment import ALIGNMENT, LABELS, READOUTS, RELIABILITY
from emoalign.tables.baselines import BASELINE, PREDICTIONS, TRAININGS
from emoalign.tables.calibration import CALIBRATED, CALIBRATION, CALIBRATION_CURVES
from emoalign.tables.columns import CELL_KEY
from emoalign.tables.comparisons import (
    AROUSAL,
    AROUSAL_ITEMS,
    CONTRASTS,
    DISTRIBUTION_SCORECARD,
    FRAMEWORK,
    RESIDUALS,
    SCORECARD,
    SIMILARITY,
    STRUCTURE,
    VARIANCE,
)
from emoalign.tables.contract import Column, Table, atomic, groups, records
from emoalign.tables.distributions import (
    CATEGORIES,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    ITEM_ENTROPIES,
)
from emoalign.tables.precision import PRECISION
from emoalign.tables.ratings import ITEMS, NORMS, PLAN, RATINGS, STATUSES, STIMULI
from emoalign.tables.transparency import TRANSPARENCY, TRANSPARENCY_GRADIENT

TABLES = (
    STIMULI,
    NORMS,
    RATINGS,
    ITEMS,
    ALIGNMENT,
    RELIABILITY,
    LABELS,
    TRANSPARENCY,
    TRANSPARENCY_GRADIENT,
    READOUTS,
    SCORECARD,
    DISTRIBUTION_SCORECARD,
    CONTRASTS,
    FRAMEWORK,
    VARIANCE,
    STRUCTURE,
    SIMILARITY,
    AROUSAL,
    AROUSAL_ITEMS,
    RESIDUALS,
    PREDICTIONS,
    TRAININGS,
    DISTRIBUTIONS,
    ENTROPY,
    ITEM_ENTROPIES,
    CATEGORIES,
    DISTRIBUTION_CONTRASTS,
    CALIBRATION,
    CALIBRATION_CURVES,
    CALIBRATED,
    PLAN,
    PRECISION,
)

__all__ = [
    "ALIGNMENT",
    "AROUSAL",
    "AROUSAL_ITEMS",
    "BASELINE",
    "CALIBRATED",
    "CALIBRATION",
    "CALIBRATION_CURVES",
    "CATEGORIES",
    "CELL_KEY",
    "CONTRASTS",
    "DISTRIBUTIONS",
    "DISTRIBUTION_CONTRASTS",
    "DISTRIBUTION_SCORECARD",
    "ENTROPY",
    "FRAMEWORK",
    "ITEMS",
    "ITEM_ENTROPIES",
    "LABELS",
    "NORMS",
    "PLAN",
    "PRECISION",
    "PREDICTIONS",
    "RATINGS",
    "READOUTS",
    "RELIABILITY",
    "RESIDUALS",
    "SCORECARD",
    "SIMILARITY",
    "STATUSES",
    "STIMULI",
    "STRUCTURE",
    "TABLES",
    "TRAININGS",
    "TRANSPARENCY",
    "TRANSPARENCY_GRADIENT",
    "VARIANCE",
    "Column",
    "Table",
    "atomic",
    "groups",
    "records",
]
