"""What else explains agreement: in words, scale by scale and condition by condition."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from emoalign.embeddings.embedding_cards import RIDGE
from emoalign.report.conditions import asked, only_recorded
from emoalign.report.covariates_in_words import covariates_in_words
from emoalign.report.grid import (
    Column,
    Row,
    between,
    cell_columns,
    count,
    grid,
    readout,
    reason,
    scale_column,
    text,
    value,
)
from emoalign.report.nearest import FEW, nearer
from emoalign.report.report_job import ReportedDataset, ReportJob
from emoalign.report.section import Absent, Finding, Results, Section, View
from emoalign.tables import (
    BASELINE,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    EXPLAINED,
    EXPLAINED_SCALES,
    groups,
    records,
)
from emoalign.wording import READOUTS, ci, coefficient, counted, listed, number, out_of, span

CALLED = {"word": "words", "sentence": "texts", "image": "images"}
"""Items in sentences."""


def _view(results: Results) -> View | Absent | None:
    job = results.job
    cells, scales = results.table(EXPLAINED), results.table(EXPLAINED_SCALES)
    shares = _distributions(results)
    if cells.empty and not shares:
        return None
    if (
        not shares
        and cells[["partial_r", "ridge_r"]].isna().all(axis=None)
        and scales["r"].isna().all()
    ):
        whys = dict.fromkeys([*cells["reason"].dropna(), *cells["ridge_reason"].dropna()])
        return Absent(f"It could not be told what else explains the agreement: {'; '.join(whys)}.")
    held = cells["partial_r"].notna().any()
    beside = cells["ridge_r"].notna().any()
    missing = _missing(scales, job)
    shown_scales, shown_cells = scales, cells
    if job.embedding is None:  # The page says so once.
        shown_scales = scales[scales["predictor"] != "ridge"]
        shown_cells = cells.assign(ridge_reason=None)
    return View(
        {
            "scales": grid(
                "explained-scales-table",
                "Predictions without a language model",
                shown_scales,
                _scale_columns(job),
                EXPLAINED_SCALES,
            ),
            "cells": grid(
                "explained-table",
                "Agreement with covariates held constant, and beside a ridge regression",
                shown_cells,
                _columns(job),
                EXPLAINED,
            ),
            "held": held,
            "beside": beside,
            "named": job.embedding is not None,
            "images": all(card.modality == "image" for card in job.datasets.values()),
            "missing": missing,
        },
        [*_findings(cells, scales, job), *shares],
        list(_methods(cells, scales, bool(shares), job)),
    )


def _missing(scales: pd.DataFrame, job: ReportJob) -> list[str]:
    """What could not be told of a scale, and why, each reason once."""
    told: dict[str, list[str]] = {}
    for row in records(scales.dropna(subset="reason")):
        if row["predictor"] == "ridge" and job.embedding is None:
            continue
        told.setdefault(row["reason"], []).append(_of(row, job))
    return [f"{listed(dict.fromkeys(where))}: {why}." for why, where in told.items()]


def _of(row: Mapping[str, Any], job: ReportJob) -> str:
    return f"{row['scale']} of {job.datasets[row['dataset']].title}"


# Findings


def _findings(cells: pd.DataFrame, scales: pd.DataFrame, job: ReportJob) -> Iterator[list[str]]:
    """A paragraph for each scale, in the order of the study; of many scales of which nothing was
    shown, one sentence.
    """
    nothing = scales[(scales["predictor"] == "covariates") & (scales["r_low"] <= 0)]
    folded = len(nothing) > FEW
    if folded:
        yield Finding(_nothing_shown(nothing, job))
    for (name, scale), rows in groups(scales, ["dataset", "scale"], sort=False):
        own = cells[(cells["dataset"] == name) & (cells["scale"] == scale)]
        by_predictor = {row["predictor"]: row for row in records(rows)}
        card = job.datasets[name]
        sentences = [
            *_covariates(by_predictor["covariates"], own, card, job, folded),
            *_ridge(by_predictor["ridge"], own, card, job),
        ]
        if sentences:
            yield Finding(sentences, dataset=name, scale=scale)


def _nothing_shown(rows: pd.DataFrame, job: ReportJob) -> list[str]:
    """That covariates were not shown to predict any of these scales, for each list of them."""
    told = []
    kinds = rows.assign(modality=[job.datasets[name].modality for name in rows["dataset"]])
    for (names, _), own in groups(kinds, ["covariates", "modality"], sort=False):
        cards = [job.datasets[name] for name in dict.fromkeys(own["dataset"])]
        told.append(
            f"It was not shown that {covariates_in_words(names, cards[0].modality)} alone "
            f"{'predict' if ',' in names else 'predicts'} any of {counted(len(own), 'scale')} "
            f"({listed([card.title for card in cards])}): r from "
            f"{span(own['r'], bounded=True)}."
        )
    return told


def _distributions(results: Results) -> list[Finding]:
    """How near the ridge comes to people's distributions, beside the models, scale by scale."""
    job = results.job
    distances = results.table(DISTRIBUTIONS)
    own = (distances["model"] == RIDGE) & (distances["protocol"] == BASELINE)
    whole = (distances["stratum"] == "all") & (distances["metric"] == "jsd")
    contrasts = results.table(DISTRIBUTION_CONTRASTS)
    beside = contrasts[(contrasts["b"] == RIDGE) & (contrasts["metric"] == "jsd")]
    findings = []
    for row in records(distances[own & whole].dropna(subset="value")):
        place = (beside["dataset"] == row["dataset"]) & (beside["scale"] == row["scale"])
        compared = records(beside[place & beside["difference"].notna()])
        found = [nearer(one) for one in compared]
        closer = sum(name not in (None, RIDGE) for name in found)
        limits = ci(row["value_low"], row["value_high"])
        told = [
            "Distributions predicted by ridge regression on embeddings diverged from people's for "
            f"{_of(row, job)} by {number(row['value'])} bits{f', {limits}' if limits else ''} "
            "(mean Jensen–Shannon divergence)."
        ]
        if compared:
            told.append(
                f"Compared with them on the same items, models were farther from people in "
                f"{found.count(RIDGE) or 'none'} of {counted(len(found), 'comparison')} and closer "
                f"in {closer or 'none'} (Holm-adjusted p < .05)."
            )
        findings.append(Finding(told, dataset=row["dataset"], scale=row["scale"]))
    return findings


def _covariates(
    row: Row, cells: pd.DataFrame, card: ReportedDataset, job: ReportJob, folded: bool
) -> Iterator[str]:
    """What covariates predict by themselves, and r with them held constant.

    `folded` says that one sentence tells of all scales of which nothing was shown.
    """
    if pd.isna(row["r"]):
        return
    names = covariates_in_words(row["covariates"], card.modality)
    one = "," not in row["covariates"]
    predict = "predicts" if one else "predict"
    found = f"r = {coefficient(row['r'])}{_after(row, 'r')}"
    where = f"{row['scale']} ({card.title})"
    if row["r_low"] > 0:
        yield f"{names[0].upper()}{names[1:]} alone {predict} {where} with {found}."
    elif not folded:
        yield f"It was not shown that {names} alone {predict} {where}: {found}."
    known = cells.dropna(subset="partial_r")
    if known.empty:
        return
    held = f"With {'this covariate' if one else 'these covariates'} held constant,"
    if len(known) > FEW:
        most = (known["partial_r"] - known["r"]).abs().max()
        yield (
            f"{held} the correlations of {len(known)} conditions with human means range from "
            f"{span(known['partial_r'], bounded=True)}; none of them changes by more than "
            f"{coefficient(math.ceil(most * 100) / 100)}."
        )
        return
    told = [
        f"{coefficient(cell['partial_r'])}{_after(cell, 'partial_r')} "
        f"(before: {coefficient(cell['r'])}), for {_named(job, cell)}"
        for cell in records(known)
    ]
    are = (
        "correlation with human means is" if len(told) == 1 else "correlations with human means are"
    )
    yield f"{held} the {are} {'; '.join(told)}."


def _ridge(row: Row, cells: pd.DataFrame, card: ReportedDataset, job: ReportJob) -> Iterator[str]:
    """What embeddings predict by themselves, and what models and they add to each other."""
    if pd.isna(row["r"]):
        return
    ridge = f"ridge regression on embeddings of the {CALLED[card.modality]} ({job.embedding})"
    found = f"{_of(row, job)}: r = {coefficient(row['r'])}{_after(row, 'r')}"
    yield (
        f"A {ridge} predicts {found}."
        if row["r_low"] > 0
        else f"It was not shown that a {ridge} predicts {found}."
    )
    known = cells.dropna(subset="stacked_minus_ridge")
    if len(known) <= FEW:
        for cell in records(known):
            yield (
                f"{_adds(_named(job, cell), 'the embedding', cell, 'ridge')}; "
                f"{_adds('the embedding', 'the model', cell, 'model')}."
            )
        return
    n = len(known)
    for added, base, name in (
        ("The model", "the embedding", "ridge"),
        ("The embedding", "the model", "model"),
    ):
        clear = known[known[f"stacked_minus_{name}_low"] > 0]
        if clear.empty:
            yield f"{added} was not shown to add anything to {base} in any of {n} conditions."
        else:
            by = span(clear[f"stacked_minus_{name}"], bounded=True)
            yield (
                f"{added} adds to {base} in {out_of(len(clear), n)} conditions (95% CI excludes "
                f"0): r is higher by {by}."
            )


def _adds(added: str, base: str, row: Row, name: str) -> str:
    """What one adds to the other: the difference of r with both from r of the other."""
    difference = f"stacked_minus_{name}"
    by = coefficient(row[difference])
    before, after = coefficient(row[f"{name}_r"]), coefficient(row["stacked_r"])
    limits = _after(row, difference)
    if row[f"{difference}_low"] > 0:
        by = f"{by}{limits}," if limits else by
        return f"{added} adds {by} to the r of {base} ({before} alone, {after} together)"
    return (
        f"{added} was not shown to add anything to {base} (r = {before} alone, {after} together, "
        f"difference {by}{limits})"
    )


def _after(row: Row, name: str) -> str:
    """The interval of a number, to stand behind it."""
    limits = ci(row[f"{name}_low"], row[f"{name}_high"], bounded=True)
    return f", {limits}" if limits else ""


def _named(job: ReportJob, cell: Row) -> str:
    """A condition of one scale in a sentence."""
    name = asked(job, cell)
    return name if only_recorded(job, cell) else f"{name} ({READOUTS[cell['readout']]})"


def _methods(
    cells: pd.DataFrame, scales: pd.DataFrame, shares: bool, job: ReportJob
) -> Iterator[str]:
    known = scales.dropna(subset="r")
    of_card = {
        name: covariates_in_words(row["covariates"], job.datasets[name].modality)
        for row in records(known[known["predictor"] == "covariates"])
        for name in (row["dataset"],)
    }
    if of_card and cells["partial_r"].notna().any():
        titles = {name: job.datasets[name].title for name in of_card}
        different = len(set(of_card.values())) > 1
        named = "; ".join(
            f"{names} ({titles[name]})" if different else names
            for name, names in (of_card.items() if different else list(of_card.items())[:1])
        )
        frequency = (
            " Word frequencies are on the Zipf scale [@vanheuven2014], from wordfreq [@speer2022]."
            if known["covariates"].str.contains("frequency").any()
            else ""
        )
        yield (
            "Correlations with human means were recomputed with covariates partialled out, with "
            f"BCa bootstrap intervals over items [@efron1987]: {named}.{frequency} What the "
            "covariates predict by themselves was estimated by linear regression in five-fold "
            "cross-validation over clusters of items."
        )
    means = (known["predictor"] == "ridge").any()
    predicted = [
        what
        for what, so in (("means of human ratings", means), ("shares of human answers", shares))
        if so
    ]
    if not predicted:
        return
    told = [
        f"As a baseline without a language model's ratings, {listed(predicted)} were predicted by "
        f"ridge regression [@hoerl1970] on embeddings of the items ({job.embedding}), in nested "
        "five-fold cross-validation over clusters of items; inner folds chose the penalty."
    ]
    if shares:
        told.append(
            "Predicted shares were replaced by the nearest ones that are possible: from 0 to 1, "
            "and on scales of numbers summing to 1 [@duchi2008]."
        )
    if means:
        told.append(
            "A linear regression on the ridge's predictions and a model's means, in the same "
            "folds, told what each adds to the other. Intervals are paired BCa bootstrap intervals "
            "over items and take the folds as given."
        )
    yield " ".join(told)


def _scale_columns(job: ReportJob) -> tuple[Column, ...]:
    def predictor(row: Row) -> str:
        if row["predictor"] == "ridge":
            return "embeddings (ridge)"
        names = row["covariates"]
        return (
            "covariates"
            if pd.isna(names)
            else covariates_in_words(names, job.datasets[row["dataset"]].modality)
        )

    return (
        scale_column(job),
        Column("Predicted from", predictor, "predictor", False),
        count("Items", "n_items", "Items with a human mean and all predictors."),
        between(
            "r [95% CI]",
            "r",
            "r_low",
            "r_high",
            "Correlation of predictions with human means, by cross-validation.",
            bounded=True,
        ),
        between(
            "RMSE [95% CI]",
            "rmse",
            "rmse_low",
            "rmse_high",
            "Root mean squared error of the predictions, in points of the scale.",
        ),
        value(
            "RMSE, constant",
            "rmse_constant",
            "The same of predicting the mean of the human means for every item.",
        ),
        reason(),
    )


def _columns(job: ReportJob) -> tuple[Column, ...]:
    def r(title: str, name: str, meaning: str) -> Column:
        return between(title, name, f"{name}_low", f"{name}_high", meaning, bounded=True)

    return (
        *cell_columns(job),
        readout(),
        count("Items", "n_items", "Items with both means and all covariates."),
        r("r [95% CI]", "r", "Correlation with human means on these items."),
        r("Partial r [95% CI]", "partial_r", "The same with the covariates held constant."),
        r(
            "Ridge r [95% CI]",
            "ridge_r",
            "Correlation of the ridge regression on embeddings with human means, on the items that "
            "the model rated.",
        ),
        r("Both r [95% CI]", "stacked_r", "The same of a regression on the ridge and the model."),
        r(
            "Model − ridge [95% CI]",
            "model_minus_ridge",
            "r of the model minus r of the ridge; above 0, the model is closer to people.",
        ),
        r("Model adds [95% CI]", "stacked_minus_ridge", "r of both minus r of the ridge."),
        r("Ridge adds [95% CI]", "stacked_minus_model", "r of both minus r of the model."),
        reason(),
        replace(text("No ridge because", "ridge_reason"), optional=True),
    )


SECTION = Section(
    id="explained",
    heading="What else explains the agreement?",
    label="Explained",
    view=_view,
)
