"""Tables of what is learnt from people: maps of calibration and what they gain, and baselines."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    ITEM,
    MISSING,
    NUMBER,
    NUMBERS,
    SCALE,
    TEXT,
    Column,
    Table,
    numbers,
)

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
    interval = "end of its 95% interval (bootstrap over texts, BCa)."
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
        Column(
            "n_texts",
            COUNT,
            "Different texts (or images) among them, or clusters where the card names some; folds "
            "never part one.",
        ),
        *numbers(
            gain="Relative reduction of the mean JSD: 1 - jsd_after / jsd_before.",
            gain_low="Lower end of its 95% interval (bootstrap over texts, BCa).",
            gain_high="Upper end of its 95% interval.",
            beyond_marginal="jsd_after less that of the method marginal; below 0: answers of the "
            "model tell something of single items.",
            beyond_marginal_low="Lower end of its 95% interval (bootstrap over texts, BCa).",
            beyond_marginal_high="Upper end of its 95% interval.",
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
            human_low="Lower end of its 95% interval (bootstrap over texts, percentile).",
            human_high="Upper end of its 95% interval.",
        ),
    ),
)

_MODEL = Column(
    "model",
    TEXT,
    "The baseline as a model beside the others: its name, and .seed-<number> where the study has "
    "trained it.",
)

BASELINE = "(baseline)"
"""The protocol of a cell that comes from a table of predictions: nobody was asked."""

_BASELINE = Column("baseline", TEXT, "Name of the baseline: the name of its card.")

_SEED = Column("seed", COUNT, "Seed it was trained with; null for a published classifier.")

PREDICTIONS = Table(
    "baselines/<baseline>/<dataset>.parquet",
    "an item and what a baseline predicts of it; one for each seed it was trained with",
    (
        _MODEL,
        _BASELINE,
        _SEED,
        DATASET,
        SCALE,
        ITEM,
        Column("split", TEXT, "Split of the source the item belongs to; null without splits."),
        Column(
            "in_training",
            pa.bool_(),
            "Whether the baseline has learned from the item or from another with its text, or was "
            "chosen by one: such items say nothing of it.",
        ),
        Column(
            "distribution",
            NUMBERS,
            "Predicted share of the people who chose each label, in the order of the card, each "
            "from 0 to 1; or of each point of the scale, ascending, which sums to 1. Null for "
            "items that it is not evaluated on.",
        ),
        Column("reason", TEXT, "Why it is not evaluated on the item; null where it is."),
    ),
)

_TRAINED = "null for a published classifier."

TRAININGS = Table(
    "statistics/trainings.parquet",
    "a baseline of the study, trained with one seed or published: what it has learned from, and "
    "what it is evaluated on",
    (
        _MODEL,
        _BASELINE,
        DATASET,
        SCALE,
        _SEED,
        Column("leakage", TEXT, "What a published classifier may have seen; null for others."),
        Column("n_items", COUNT, "Items of the study."),
        Column("n_evaluated", COUNT, "Those it predicts, and is compared with people on."),
        Column("n_in_training", COUNT, "Those it has learned from, or has seen the text of."),
        Column("n_other_split", COUNT, "Others that are not in the split it is evaluated on."),
        Column("held_out", COUNT, f"Items kept out of the training; {_TRAINED}"),
        Column("texts", COUNT, f"Texts it was trained on; {_TRAINED}"),
        Column("dev_texts", COUNT, f"Texts that told when to stop; {_TRAINED}"),
        Column("left_same_item", COUNT, f"Items left out of train and dev: held out; {_TRAINED}"),
        Column("left_same_text", COUNT, f"Others left out: the text of one held out; {_TRAINED}"),
        Column("left_text_in_dev", COUNT, f"Left out of train: the text of one in dev; {_TRAINED}"),
        Column("cut_texts", COUNT, f"Texts longer than max_tokens; {_TRAINED}"),
        Column("epochs", COUNT, f"Times it has seen every text; {_TRAINED}"),
        Column("best_epoch", COUNT, f"The epoch whose weights are used, from 1; {_TRAINED}"),
        Column(
            "stopped",
            TEXT,
            f"patience (no lower loss on dev) or max_epochs; {_TRAINED}",
        ),
        *numbers(
            train_loss=f"Loss on train in that epoch: KL divergence from people, nats; {_TRAINED}",
            dev_loss=f"Loss on dev after that epoch; {_TRAINED}",
            first_dev_loss=f"Loss on dev after the first epoch; {_TRAINED}",
            constant_dev_loss="Loss on dev of the mean shares of the train split, for every text; "
            f"{_TRAINED}",
        ),
        Column("device", TEXT, f"What it was trained on; {_TRAINED}"),
    ),
)
