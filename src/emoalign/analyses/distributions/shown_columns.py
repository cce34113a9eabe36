"""The columns of the tables of the report about distributions."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from emoalign.report.grid import Column, Row, between, count, p, reason, text, value
from emoalign.report.report_job import ReportJob
from emoalign.wording import number

NAMES = {
    "jsd": "JSD (bits)",
    "rps": "RPS",
    "rps_debiased": "RPS, debiased",
    "w1": "W1 (points)",
    "w1_normalised": "W1 (of the scale)",
    "tvd": "TVD (DistCE)",
    "kl": "KL (bits)",
    "nll": "NLL (bits)",
    "entropy_difference": "EntCE (bits)",
    "top1": "Likeliest agrees",
    "kendall": "Kendall's τ",
    "bernoulli_jsd": "JSD by label (bits)",
    "brier": "Brier by label",
}
GUESSES = {
    "uniform": "a uniform guess",
    "marginal": "people's mean distribution on other items, which ignores the item",
}
"""What cells are compared with that knows nothing of the item, in sentences."""

STRATA = {
    "all": "all",
    "high": "high agreement",
    "moderate": "moderate agreement",
    "low": "low agreement",
    "full": "full agreement",
    "partial": "partial agreement",
    "none": "no agreement",
}


def title(job: ReportJob, name: str) -> str:
    """What a model or a baseline is called; anything else has its name alone."""
    return job.titles.get(name, name)


def cell_columns(job: ReportJob) -> tuple[Column, ...]:
    """Which cell a row is about."""
    names = job.short_names
    return (
        Column("Model", lambda row: names.get(row["model"], str(row["model"])), "model", False),
        text("Protocol", "protocol"),
        Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False),
        text("Readout", "readout"),
    )


def columns(job: ReportJob, *, strata: bool = False) -> tuple[Column, ...]:
    """A metric beside all it is compared with."""
    of_stratum = Column("Items", lambda row: STRATA[row["stratum"]], "stratum", False)
    return (
        *cell_columns(job),
        *([of_stratum] if strata else []),
        Column("Metric", lambda row: NAMES[row["metric"]], "metric", False),
        count("Number of items" if strata else "Items", "n_items", "Items behind the value."),
        Column("Model [95% CI]", _value, "value", meaning="Bootstrap over texts (BCa)."),
        value("Perfect", "perfect", "A perfect model with as many answers.", 3),
        value("Half of people", "human_halves", "Half of the raters, beside the other half.", 3),
        value("Others' mean", "marginal", "Who knows only people's mean on other items.", 3),
        value("One answer", "point_mass", "The model if it always gave its mean, or top label.", 3),
        value("Shuffled", "shuffled", "The model on other items than its own.", 3),
        value("Uniform", "uniform", "Who takes all answers for equally likely.", 3),
        *([reason()] if strata else []),
    )


def _value(row: Row) -> str:
    return _with_ends(row, "value")


def _with_ends(row: Row, name: str) -> str:
    """A number with its interval, to three digits: distances of distributions are small."""
    shown = number(row[name], 3)
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return shown if pd.isna(low) else f"{shown} [{number(low, 3)}, {number(high, 3)}]"


def entropy_columns(job: ReportJob) -> tuple[Column, ...]:
    """Whether a model is unsure where people disagree."""
    return (
        *cell_columns(job),
        count("Items", "n_items"),
        value("People", "human_entropy", "Mean entropy in bits."),
        value("Model", "model_entropy", "Mean entropy in bits."),
        between(
            "Difference [95% CI]",
            "entropy_difference",
            "entropy_difference_low",
            "entropy_difference_high",
            "Above 0: the model spreads more. Bootstrap over texts (BCa).",
        ),
        between(
            "ρ over items [95% CI]",
            "spearman_rho",
            "spearman_rho_low",
            "spearman_rho_high",
            "Rank correlation of the entropies; bootstrap over texts (percentiles).",
        ),
        value("ρ perfect", "rho_perfect", "A perfect model with as many answers."),
        value("ρ half of people", "rho_human_halves", "Half of the raters with the other half."),
        reason(),
    )


def category_columns(job: ReportJob) -> tuple[Column, ...]:
    """Each label by itself."""
    return (
        *cell_columns(job),
        text("Label", "label"),
        count("Items", "n_items"),
        value("People", "human_rate", "Mean share of the raters who chose it.", 3),
        between(
            "Difference of rates [95% CI]",
            "rate_difference",
            "rate_difference_low",
            "rate_difference_high",
            "Above 0: the model says it more often.",
        ),
        between("ρ [95% CI]", "spearman_rho", "spearman_rho_low", "spearman_rho_high"),
        value("ρ perfect", "rho_perfect"),
        value("ρ half of people", "rho_human_halves"),
        value("Divergence", "jsd", "Of chosen / not chosen, in bits.", 3),
        value("Perfect", "jsd_perfect", digits=3),
        value("Half of people", "jsd_human_halves", digits=3),
        value("Others' mean", "jsd_marginal", digits=3),
        value("Brier", "brier", "Squared difference of the shares.", 3),
        value("Brier perfect", "brier_perfect", digits=3),
        value("Brier others' mean", "brier_marginal", digits=3),
        reason(),
    )


def _other(names: Mapping[str, str], row: Row) -> str:
    """The other side of a contrast: a cell, or a guess."""
    if row["kind"] == "guess":
        return {"uniform": "uniform guess", "marginal": "people's mean on other items"}[row["b"]]
    return names.get(row["b"], str(row["b"]))


def contrast_columns(job: ReportJob) -> tuple[Column, ...]:
    """Two cells on the same items."""
    names = job.short_names
    return (
        Column("A", lambda row: names.get(row["a"], str(row["a"])), "a", False),
        Column("B", lambda row: _other(names, row), "b", False),
        Column("Within", lambda row: names.get(row["within"], str(row["within"])), "within", False),
        Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False),
        text("Readout", "readout"),
        Column("Metric", lambda row: NAMES[row["metric"]], "metric", False),
        count("Items", "n_items"),
        value("A", "mean_a", digits=3),
        value("B", "mean_b", digits=3),
        Column(
            "Difference [95% CI]",
            lambda row: _with_ends(row, "difference"),
            "difference",
            meaning="Below 0: A is nearer to people. Paired bootstrap over texts (BCa).",
        ),
        p("p Holm", "p_holm", "Signed-rank test over texts, Holm over contrasts of a kind."),
        value("Rank-biserial", "rank_biserial", "Below 0: A is nearer on most texts."),
        value("d_z", "d_z", "Mean difference over its standard deviation."),
        reason(),
    )
