"""Tables of what is learnt from people: calibration and its gains, and baselines."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    ITEM,
    N_ITEMS,
    N_TEXTS,
    NUMBERS,
    REASON,
    SCALE,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
    shared,
)

METHOD = Column(
    "method",
    TEXT,
    "`none` (uncalibrated), `marginal` (mean human distribution of other items), `temperature`, "
    "`bias`, `isotonic`, `mixture`, `vector`, `dirichlet` or `cumulative_logit`.",
)

_DISTRIBUTION = (
    "Share of each point, ascending and summing to 1; or of each label, in the card's order, from "
    "0 to 1"
)

CALIBRATED = Table(
    "calibrated/<dataset>.parquet",
    "an item in a condition, calibrated by one method",
    (
        *CELL,
        METHOD,
        ITEM,
        Column("distribution", NUMBERS, f"{_DISTRIBUTION}."),
        Column(
            "out_of_fold",
            pa.bool_(),
            "Whether people rated the item: then calibrated without its text, else by the map "
            "fitted on all rated items.",
        ),
        Column("fold", COUNT, "Fold the item was held out in; null unless out_of_fold."),
    ),
)


def _scored(name: str, meaning: str) -> tuple[Column, ...]:
    """A score without and with calibration, and the paired change with its interval."""
    ends = ("before", "after", "change", "change_low", "change_high")
    return shared(meaning, *(f"{name}_{end}" for end in ends))


CALIBRATION = Table(
    "statistics/calibration.parquet",
    "a condition on a scale and a method, by cross-validation. Scores are given before and after "
    "calibration, with their change; below 0: closer to people. Intervals are over texts.",
    (
        *CELL,
        METHOD,
        N_ITEMS,
        N_TEXTS,
        *estimate("gain", "1 − jsd_after / jsd_before."),
        *estimate(
            "beyond_marginal",
            "jsd_after minus that of `marginal`; below 0: the answers carry item-level "
            "information.",
        ),
        *shared(
            "Two-sided p of jsd_change by sign flips over texts, and adjusted by Holm over the "
            "methods.",
            "p",
            "p_holm",
        ),
        *(
            Column(
                name,
                COUNT,
                "Rank of the method by JSD, NLL or Bernoulli NLL (labels); 1 is best.",
            )
            for name in ("rank", "rank_nll", "rank_bernoulli_nll")
        ),
        *_scored(
            "jsd",
            "Mean Jensen–Shannon divergence, in bits; of labels, between shares "
            "divided by their sum.",
        ),
        *_scored(
            "nll", "Mean negative log-likelihood of a rating, in bits, smoothed; null for labels."
        ),
        *_scored("bernoulli_nll", "Labels: the same of whether a rater chose the label."),
        *_scored("rps", "Mean ranked probability score; null for labels."),
        *_scored("bernoulli_jsd", "Labels: mean divergence of chosen or not, in bits."),
        *_scored("brier", "Labels: mean squared difference of shares."),
        *shared(
            "Smoothing and penalty weight of the map fitted on all rated items.",
            "smoothing",
            "ridge",
        ),
        REASON,
    ),
)

CALIBRATION_CURVES = Table(
    "statistics/calibration_curves.parquet",
    "a tenth of the range of predicted shares, in a condition under one method",
    (
        *CELL,
        METHOD,
        Column("bin", COUNT, "Number of the tenth, from 0 (shares up to .1)."),
        Column("n", pa.int64(), "Shares in it, one per item and point or label."),
        *numbers(predicted="Mean predicted share, calibrated on other items."),
        *estimate("human", "Mean human share of the same items and points (percentile CI)."),
    ),
)

_MODEL = Column("model", TEXT, "The baseline's name, with .seed-<number> if the study trained it.")

BASELINE = "(baseline)"
"""The protocol of a cell that comes from a table of predictions: nobody was asked."""

_BASELINE = Column("baseline", TEXT, "Name of the baseline's card.")

_SEED = Column("seed", COUNT, "Seed of the training; null for a published classifier.")

PREDICTIONS = Table(
    "baselines/<baseline>/<dataset>.parquet",
    "an item and the prediction of a baseline",
    (
        _MODEL,
        _BASELINE,
        _SEED,
        DATASET,
        SCALE,
        ITEM,
        Column("split", TEXT, "Split of the source; null without splits."),
        Column(
            "in_training",
            pa.bool_(),
            "Whether the baseline was trained or selected on the item or its text.",
        ),
        Column("distribution", NUMBERS, f"{_DISTRIBUTION}. Null for items not evaluated."),
        Column("reason", TEXT, "Why the item is not evaluated."),
    ),
)


def _counts(**meanings: str) -> tuple[Column, ...]:
    return tuple(Column(name, COUNT, meaning) for name, meaning in meanings.items())


TRAININGS = Table(
    "statistics/trainings.parquet",
    "a baseline and seed: its training and evaluation. Columns from held_out on are null for a "
    "published classifier.",
    (
        _MODEL,
        _BASELINE,
        DATASET,
        SCALE,
        _SEED,
        Column("leakage", TEXT, "What a published classifier may have seen."),
        Column(
            "warning",
            TEXT,
            "Why it seems to know nothing of the texts: predicted_sd, or the same on dev, under "
            "0.01, or gain under 0.01 or with a CI that reaches 0.",
        ),
        *numbers(
            predicted_sd="SD of predicted shares between evaluated items, root mean square over "
            "answers; 0: the same for every item. Null for fewer than ten items.",
        ),
        *_counts(
            n_items="Items of the study.",
            n_evaluated="Items it is evaluated on.",
            n_in_training="Items it was trained on, or whose text it has seen.",
            n_other_split="Other items, not in the evaluated split.",
            held_out="Items kept out of the training.",
            texts="Training texts.",
            dev_texts="Texts for early stopping.",
            left_same_item="Left out of train and dev: held-out items.",
            left_same_text="Left out of train and dev: others with the text of one.",
            left_text_in_dev="Left out of train: text also in dev.",
            left_not_drawn="Left out of train: not drawn, where the card limits the texts.",
            most_raters="Most raters of one training text; 1: shares are single choices.",
            cut_texts="Texts longer than max_tokens.",
            epochs="Epochs run.",
            best_epoch="Epoch of the weights used, from 1.",
        ),
        Column("stopped", TEXT, "`patience` or `max_epochs`."),
        *shared(
            "KL divergence from people in nats: on train and dev in the best epoch, on dev after "
            "the first, and on dev for the mean shares of train.",
            "train_loss",
            "dev_loss",
            "first_dev_loss",
            "constant_dev_loss",
        ),
        *estimate(
            "gain",
            "1 − dev_loss / constant_dev_loss: the share of the loss of the mean human shares, "
            "predicted for every text, that the training saves (CI over texts).",
        ),
        Column("device", TEXT, "Device of the training."),
    ),
)
