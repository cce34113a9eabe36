"""The columns of the tables of the report about distributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from emoalign.report.grid import (
    Column,
    Row,
    between,
    bounded,
    count,
    p,
    readout,
    reason,
    scale_column,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.wording import coefficient, interval, number

NAMES = {
    "jsd": "JSD (bits)",
    "rps": "RPS",
    "rps_debiased": "RPS, debiased",
    "w1": "W1 (points)",
    "w1_normalised": "W1 (of the scale)",
    "tvd": "TVD",
    "kl": "KL (bits)",
    "nll": "NLL (bits)",
    "entropy_difference": "Entropy difference (bits)",
    "top1": "Same mode",
    "kendall": "Kendall’s τ",
    "bernoulli_jsd": "JSD by label (bits)",
    "brier": "Brier by label",
}
COEFFICIENTS = {"top1", "kendall"}
"""Metrics that are shares or correlations; the others are distances."""

GUESSES = {
    "uniform": "a uniform guess (all answers equally likely)",
    "marginal": "the human average (the mean human distribution over other items)",
}
"""Guesses that ignore the item, in sentences; cells are compared with them."""

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
    """The title of a model or a baseline; anything else has its name alone."""
    return job.short_names.get(name, name)


def cell_columns(job: ReportJob) -> tuple[Column, ...]:
    """The columns that say which cell a row is about."""
    names = job.short_names
    return (
        Column("Model", lambda row: names.get(row["model"], str(row["model"])), "model", False),
        text("Protocol", "protocol"),
        scale_column(job),
        readout(),
    )


def columns(job: ReportJob, *, strata: bool = False) -> tuple[Column, ...]:
    """A metric beside its references."""
    of_stratum = Column(
        "Items",
        lambda row: STRATA[row["stratum"]],
        "stratum",
        False,
        "All, or those on which raters agree more or less. On scales of numbers, agreement is high "
        "where the SD of an item (mean over scales) is below 7.5% of the scale's length, and low "
        "from 17.5% on.",
    )
    return (
        *cell_columns(job),
        *([of_stratum] if strata else []),
        Column("Metric", lambda row: NAMES[row["metric"]], "metric", False),
        count("Number of items" if strata else "Items", "n_items", "Items that the row is about."),
        Column(
            "Model [95% CI]",
            lambda row: _with_ends(row, "value", _written(row)),
            "value",
            meaning="Mean over items; BCa bootstrap over items.",
        ),
        _reference(
            "Perfect model",
            "perfect",
            "Expected if the model answered as the human population does, as often.",
        ),
        _reference(
            "Half of raters",
            "human_halves",
            "One random half of an item's raters, compared with the other half.",
        ),
        _reference(
            "Human average",
            "marginal",
            "The mean human distribution over other items, predicted for every item.",
        ),
        _reference(
            "Single answer",
            "point_mass",
            "The model if it always gave its mean rating, or its most frequent label.",
        ),
        _reference("Shuffled items", "shuffled", "The model's answers, assigned to other items."),
        _reference("Uniform guess", "uniform", "All answers equally likely."),
        *([reason()] if strata else []),
    )


def _written(row: Row) -> Callable[[float | None, int], str]:
    """The form of a metric's numbers."""
    return coefficient if row["metric"] in COEFFICIENTS else number


def _reference(title: str, name: str, meaning: str) -> Column:
    """The same metric for a reference."""
    return Column(title, lambda row: _written(row)(row[name], 3), name, meaning=meaning)


def _with_ends(row: Row, name: str, written: Callable[[float | None, int], str] = number) -> str:
    """A number with its interval, to three digits: distances of distributions are small."""
    ends = interval(row[f"{name}_low"], row[f"{name}_high"], 3, bounded=written is coefficient)
    return f"{written(row[name], 3)} {ends}".rstrip()


def entropy_columns(job: ReportJob) -> tuple[Column, ...]:
    """The entropies of model and raters, and their correlation over items."""
    return (
        *cell_columns(job),
        count("Items", "n_items"),
        value("Human entropy", "human_entropy", "Mean over items, in bits."),
        value("Model entropy", "model_entropy", "Mean over items, in bits."),
        between(
            "Difference [95% CI]",
            "entropy_difference",
            "entropy_difference_low",
            "entropy_difference_high",
            "Model minus human entropy, in bits; above 0: the model's answers vary more. BCa "
            "bootstrap over items.",
        ),
        between(
            "ρ over items [95% CI]",
            "spearman_rho",
            "spearman_rho_low",
            "spearman_rho_high",
            "Rank correlation of model and human entropy; percentile bootstrap over items.",
            bounded=True,
        ),
        bounded(
            "ρ, perfect model",
            "rho_perfect",
            "Expected if the model answered as the human population does, as often.",
        ),
        bounded("ρ, halves of raters", "rho_human_halves", "Between random halves of the raters."),
        reason(),
    )


def category_columns(job: ReportJob) -> tuple[Column, ...]:
    """Each label by itself."""
    return (
        *cell_columns(job),
        text("Label", "label"),
        count("Items", "n_items"),
        bounded("Human share", "human_rate", "Mean share of an item's raters who chose it.", 3),
        between(
            "Difference of shares [95% CI]",
            "rate_difference",
            "rate_difference_low",
            "rate_difference_high",
            "Model minus human share; above 0: the model chose the label more often.",
            bounded=True,
        ),
        between(
            "ρ [95% CI]",
            "spearman_rho",
            "spearman_rho_low",
            "spearman_rho_high",
            "Rank correlation over items of model and human shares.",
            bounded=True,
        ),
        bounded("ρ, perfect model", "rho_perfect"),
        bounded("ρ, halves of raters", "rho_human_halves"),
        value("JSD", "jsd", "Of chosen against not chosen, in bits.", 3),
        value("JSD, perfect model", "jsd_perfect", digits=3),
        value("JSD, half of raters", "jsd_human_halves", digits=3),
        value("JSD, human average", "jsd_marginal", digits=3),
        value("Brier", "brier", "Mean squared difference of the shares.", 3),
        value("Brier, perfect model", "brier_perfect", digits=3),
        value("Brier, human average", "brier_marginal", digits=3),
        reason(),
    )


def _other(names: Mapping[str, str], row: Row) -> str:
    """The other side of a contrast: a cell, or a guess."""
    if row["kind"] == "guess":
        return {"uniform": "uniform guess", "marginal": "human average"}[row["b"]]
    return names.get(row["b"], str(row["b"]))


def contrast_columns(job: ReportJob) -> tuple[Column, ...]:
    """Two cells on the same items."""
    names = job.short_names
    return (
        Column("A", lambda row: names.get(row["a"], str(row["a"])), "a", False),
        Column("B", lambda row: _other(names, row), "b", False),
        Column(
            "Shared",
            lambda row: names.get(row["within"], str(row["within"])),
            "within",
            False,
            "What A and B have in common: the protocol, or the model.",
        ),
        scale_column(job),
        readout(),
        Column("Metric", lambda row: NAMES[row["metric"]], "metric", False),
        count("Items", "n_items", "Items for which both have a value."),
        value("Distance of A", "mean_a", digits=3),
        value("Distance of B", "mean_b", digits=3),
        Column(
            "A − B [95% CI]",
            lambda row: _with_ends(row, "difference"),
            "difference",
            meaning="Below 0: A is closer to the human distributions. Paired BCa bootstrap over "
            "items.",
        ),
        p("p (Holm)", "p_holm", "Signed-rank test over items, adjusted over contrasts of a kind."),
        bounded("Rank-biserial r", "rank_biserial", "Below 0: A is closer for most items."),
        value("d_z", "d_z", "Mean difference divided by its standard deviation."),
        reason(),
    )
