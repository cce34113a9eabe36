"""Families of tests: the p-values that are adjusted together, and their use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from emoalign.tables.alignment import ALIGNMENT, READOUTS, TRANSPARENCY_GRADIENT
from emoalign.tables.comparisons import CONTRASTS, FRAMEWORK, STRUCTURE
from emoalign.tables.contract import CELL_KEY, Table
from emoalign.tables.distributions import DISTRIBUTION_CONTRASTS
from emoalign.tables.learned import CALIBRATION
from emoalign.tables.rater_groups import GROUP_CONTRASTS, GROUP_PERSONAS
from emoalign.tables.recitation import RECITATION
from emoalign.tables.specifications import SPECIFICATION_CONTRASTS
from emoalign.tables.substitution import ALTERNATIVE_ANNOTATOR_RATERS, EQUIVALENCE

Adjustment = Literal["false discovery rate", "false discovery rate under dependency", "Holm"]
"""The method of Benjamini and Hochberg (1995), of Benjamini and Yekutieli (2001), or Holm's
(1979)."""


@dataclass(frozen=True)
class Family:
    """Tests of one kind, one in each row of a table.

    Attributes:
        table: where they are.
        p: the columns of their p-values; several are about the same question.
        tests: what is tested.
        adjusted: how each column of adjusted p-values comes about, the one to be used first.
        within: rows that are alike in these columns are one family.
        rows: these rows in words.
        confirmatory: whether they may confirm a hypothesis that was there before the data were
            seen; the others describe.
    """

    table: Table
    p: tuple[str, ...]
    tests: str
    adjusted: Mapping[str, Adjustment] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    rows: str = ""
    confirmatory: bool = False


FAMILIES = (
    Family(
        ALIGNMENT,
        ("pearson_p",),
        "correlations with human means",
        {"pearson_p_adjusted": "false discovery rate"},
        ("readout",),
        "all conditions with the same readout",
        confirmatory=True,
    ),
    Family(
        ALIGNMENT,
        ("signflip_p",),
        "the difference in spread between model and human ratings",
        {"signflip_p_adjusted": "false discovery rate"},
        ("readout",),
        "all conditions with the same readout",
        confirmatory=True,
    ),
    Family(
        CONTRASTS,
        ("p",),
        "differences between correlations",
        {"p_holm": "Holm", "p_adjusted": "false discovery rate"},
        ("kind", "readout"),
        "all pairs of models, or of protocols, with the same readout",
        confirmatory=True,
    ),
    Family(
        SPECIFICATION_CONTRASTS,
        ("p",),
        "the comparison of models over all ways of asking",
        {"p_holm": "Holm"},
        (),
        "all pairs of models and scales",
        confirmatory=True,
    ),
    Family(
        FRAMEWORK,
        ("p",),
        "the comparison of discrete emotions with dimensions",
        {"p_holm": "Holm"},
        ("readout",),
        "all comparisons with the same readout",
        confirmatory=True,
    ),
    Family(
        DISTRIBUTION_CONTRASTS,
        ("p",),
        "differences in divergence from human distributions",
        {"p_holm": "Holm"},
        ("kind", "readout", "metric"),
        "all pairs of models, of protocols, of models and baselines, or of conditions and guesses, "
        "with the same readout and metric",
        confirmatory=True,
    ),
    Family(
        CALIBRATION,
        ("p",),
        "changes in divergence by calibration",
        {"p_holm": "Holm"},
        tuple(CELL_KEY),
        "the calibration methods of a condition",
        confirmatory=True,
    ),
    Family(
        ALTERNATIVE_ANNOTATOR_RATERS,
        ("p",),
        "single raters in the alternative annotator test",
        {"p_adjusted": "false discovery rate under dependency"},
        (*CELL_KEY, "label"),
        "the raters beside a condition",
        confirmatory=True,
    ),
    Family(
        ALIGNMENT,
        ("ranksum_p",),
        "rank-sum tests of item SDs",
        {"ranksum_p_adjusted": "false discovery rate"},
        ("readout",),
        "all conditions with the same readout",
    ),
    Family(
        ALIGNMENT,
        ("signedrank_p",),
        "signed-rank tests of item SDs",
        {"signedrank_p_adjusted": "false discovery rate"},
        ("readout",),
        "all conditions with the same readout",
    ),
    Family(RECITATION, ("p",), "hits of recited norms"),
    Family(
        GROUP_CONTRASTS,
        ("p",),
        "differences between groups of raters",
        {"p_holm": "Holm"},
        ("readout", "measure"),
        "all conditions and pairs of groups with the same readout and measure",
    ),
    Family(
        GROUP_PERSONAS,
        ("p",),
        "shifts by personas towards their own group",
        {"p_holm": "Holm"},
        ("readout", "measure"),
        "all models and pairs of groups with the same readout and measure",
    ),
    Family(STRUCTURE, ("p",), "representational similarity"),
    Family(
        TRANSPARENCY_GRADIENT, ("p_permutation", "partial_p"), "gradients of label transparency"
    ),
    Family(
        READOUTS,
        ("p_pooled", "ks_p", "p_sharpness"),
        "the agreement of sampled answers with probabilities",
    ),
    Family(EQUIVALENCE, ("p",), "equivalence within margins"),
)
"""All tests of all tables; a p-value that is not here is in no table."""
