"""Tables of what else explains agreement: covariates of items, and embeddings of their texts."""

from __future__ import annotations

from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    N_ITEMS,
    N_TEXTS,
    REASON,
    SCALE,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
)

_COVARIATES = Column(
    "covariates",
    TEXT,
    "Names, separated by commas: `length` (in characters), `words` (of sentences), `frequency` "
    "(of words: Zipf scale of wordfreq) and those of the dataset's card, if they vary.",
)

EXPLAINED = Table(
    "statistics/explained.parquet",
    "a condition on a scale: r with covariates held constant, and beside a ridge regression on "
    "embeddings. Intervals do not include what other folds would change.",
    (
        *CELL,
        _COVARIATES,
        N_ITEMS,
        Column("n_left_out", COUNT, "Items with both means that lack a covariate."),
        *estimate("r", "Correlation of item means, over the items that have all covariates."),
        *estimate("partial_r", "The same with all covariates partialled out."),
        REASON,
        Column("n_predicted", COUNT, "Items with both means and a prediction of the ridge."),
        *estimate("model_r", "Correlation of the model's means with human means on these."),
        *estimate("ridge_r", "The same of the predictions of the ridge."),
        *estimate(
            "stacked_r",
            "The same of a linear regression on both, by nested cross-validation.",
        ),
        *estimate("model_minus_ridge", "model_r − ridge_r."),
        *estimate("stacked_minus_ridge", "stacked_r − ridge_r: what the model adds."),
        *estimate("stacked_minus_model", "stacked_r − model_r: what the embedding adds."),
        *estimate("stacked_rmse", "Root mean squared error of the regression on both, in points."),
        Column("ridge_reason", TEXT, "Why a number of the ridge is missing."),
    ),
)

EXPLAINED_SCALES = Table(
    "statistics/explained_scales.parquet",
    "a scale and what predicts its human means, by cross-validation over clusters of items",
    (
        DATASET,
        SCALE,
        Column(
            "predictor",
            TEXT,
            "`covariates`: linear regression on them. `ridge`: ridge regression on embeddings.",
        ),
        _COVARIATES,
        N_ITEMS,
        N_TEXTS,
        *estimate("r", "Correlation of the predictions with human means."),
        *estimate("rmse", "Root mean squared error, in points."),
        *numbers(
            rmse_constant="The same of predicting the mean of the human means.",
            penalty="Ridge: the penalty that inner folds chose, median over the outer ones.",
        ),
        REASON,
    ),
)
