"""Tables of calibration: what maps learnt on rated items gain, and the distributions they make."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.columns import CELL, COUNT, ITEM, MISSING, NUMBER, NUMBERS, TEXT, numbers
from emoalign.tables.contract import Column, Table

METHOD = Column(
    "method",
    TEXT,
    "none (the model as it is), marginal (the mean human distribution of the other items, without "
    "the model), temperature, bias, isotonic, mixture, vector, dirichlet or "
    "cumulative_logit.",
)

CALIBRATED = Table(
    "calibrated/<dataset>.parquet",
    "an item in a cell and readout, calibrated by one method",
    (
        *CELL,
        METHOD,
        ITEM,
        Column(
            "distribution",
            NUMBERS,
            "The calibrated share of each point of the scale, ascending, which sums to 1; or of "
            "each label, in the order of the card, each from 0 to 1.",
        ),
        Column(
            "out_of_fold",
            pa.bool_(),
            "Whether the item was rated by people: then a calibrator made it that saw no item with "
            "its text. Else the one fitted on all rated items.",
        ),
        Column("fold", COUNT, "Fold the item was held out in; null unless out_of_fold."),
    ),
)


def _scored(name: str, meaning: str) -> tuple[Column, ...]:
    """A score without and with calibration, and the paired change with its interval."""
    interval = "end of its 95 % interval (bootstrap over texts, BCa)."
    return numbers(
        **{
            f"{name}_before": f"{meaning} Of the model as it is.",
            f"{name}_after": "The same of the calibrated model.",
            f"{name}_change": f"{name}_after - {name}_before; below 0: closer to people.",
            f"{name}_change_low": f"Lower {interval}",
            f"{name}_change_high": f"Upper {interval}",
        }
    )


CALIBRATION = Table(
    "statistics/calibration.parquet",
    "a cell and a method of calibration, judged on items that were held out",
    (
        *CELL,
        METHOD,
        Column("n_items", COUNT, "Items with distributions of both model and people."),
        Column("n_texts", COUNT, "Different texts (or images) among them; folds never part one."),
        *numbers(
            gain="Relative reduction of the mean JSD: 1 - jsd_after / jsd_before.",
            gain_low="Lower end of its 95 % interval (bootstrap over texts, BCa).",
            gain_high="Upper end of its 95 % interval.",
            beyond_marginal="jsd_after less that of the method marginal; below 0: answers of the "
            "model tell something of single items.",
            beyond_marginal_low="Lower end of its 95 % interval (bootstrap over texts, BCa).",
            beyond_marginal_high="Upper end of its 95 % interval.",
            p="Two-sided p of jsd_change against 0: signs of the changes of each text flipped.",
            p_holm="The same, Holm over all methods of the cell.",
        ),
        Column("rank", COUNT, "Place by jsd_after among the methods of the cell; 1 is the best."),
        Column("rank_nll", COUNT, "Place by nll_after, a proper score; null for labels."),
        Column(
            "rank_bernoulli_nll",
            COUNT,
            "Labels: place by bernoulli_nll_after, a proper score; else null.",
        ),
        *_scored(
            "jsd",
            "Mean over items of the Jensen-Shannon divergence from people, in bits; of labels, "
            "between shares that are divided by their sum, over items for which people and model "
            "chose any.",
        ),
        *_scored(
            "nll",
            "Mean negative log-likelihood of a human rating, in bits, all distributions smoothed "
            "alike, as nll in distributions; null for labels.",
        ),
        *_scored(
            "bernoulli_nll",
            "Labels: mean over items and labels of the negative log-likelihood of whether a rater "
            "chose the label, in bits, all distributions smoothed alike; else null.",
        ),
        *_scored(
            "rps",
            "Mean ranked probability score against the human distribution; null for labels, which "
            "have no order.",
        ),
        *_scored(
            "bernoulli_jsd",
            "Labels: mean over items and labels of the JSD of chosen or not, in bits; else null.",
        ),
        *_scored(
            "brier",
            "Labels: mean over items and labels of the squared difference of shares; else null.",
        ),
        Column("smoothing", NUMBER, "Smoothing of the calibrator fitted on all rated items."),
        Column("ridge", NUMBER, "Weight of its penalty; 0 without."),
        Column("reason", TEXT, MISSING),
    ),
)

CALIBRATION_CURVES = Table(
    "statistics/calibration_curves.parquet",
    "a tenth of the range of shares, in a cell under one method, over all points or labels",
    (
        *CELL,
        METHOD,
        Column(
            "bin",
            COUNT,
            "Number of the tenth, from 0: shares up to 0.1, above it to 0.2, and so on.",
        ),
        Column("n", pa.int64(), "Shares in it: one per item and point, or label."),
        *numbers(
            predicted="Mean of these shares, calibrated on other items.",
            human="Mean of the human shares of the same items and points.",
            human_low="Lower end of its 95 % interval (bootstrap over texts, percentile).",
            human_high="Upper end of its 95 % interval.",
        ),
    ),
)
