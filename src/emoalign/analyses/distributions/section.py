"""Do models spread their answers as people do?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.analyses.distributions.in_words import findings
from emoalign.analyses.distributions.shown_columns import (
    category_columns,
    columns,
    contrast_columns,
    entropy_columns,
    title,
)
from emoalign.report.answers import usable_shares
from emoalign.report.grid import CELL_ORDER, grid
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import DistributionSettings, StatisticsSettings
from emoalign.tables import (
    ALIGNMENT,
    CATEGORIES,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    records,
)

HEADLINE = ("jsd", "rps", "rps_debiased", "w1", "bernoulli_jsd", "brier")
"""The metrics of the first table; all others are in the second."""

MEANINGS = {
    "JSD": "Jensen–Shannon divergence to base 2, from 0 (the same) to 1 (nothing in common)",
    "RPS": "ranked probability score, from 0 to 1, which punishes far points more than near ones",
    "RPS, debiased": "RPS minus what few raters and few answers add to it, since even two samples "
    "of one distribution differ; 0 means the same distribution, and values below 0 are samples "
    "that happen to be nearer than expected",
    "W1": "earth mover's distance, how far answers would have to be moved",
    "TVD": "total variation distance, also called DistCE",
    "KL": "Kullback–Leibler divergence of the model, mixed with 1% of the uniform distribution",
    "NLL": "negative log-likelihood of a human rating (of labels: of one label that a rater chose) "
    "under the model, mixed likewise",
    "EntCE": "entropy of the model minus entropy of people; 0 is best",
    "Likeliest agrees": "whether the likeliest answer is the same, from 0 to 1; 1 is best",
    "Kendall's τ": "rank correlation of the shares of the points; 1 is best",
    "By label": "means over labels of the divergence or squared difference of chosen / not chosen",
}


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(DISTRIBUTIONS)
    if rows.empty:
        return None
    whole = rows[rows["stratum"] == "all"]
    if not whole["n_items"].any():
        return Absent(_why_nothing(whole))
    contrasts = results.table(DISTRIBUTION_CONTRASTS)
    main = whole[whole["metric"].isin(HEADLINE)]
    entropy, categories = results.table(ENTROPY), results.table(CATEGORIES)
    values = {
        "main": grid("distributions-table", "Distance from people", main, columns(job)),
        "more": grid(
            "distributions-all-table",
            "All metrics, and items by agreement",
            rows,
            columns(job, strata=True),
            DISTRIBUTIONS,
        ),
        "entropy": grid("entropy-table", "Entropy", entropy, entropy_columns(job), ENTROPY),
        "categories": grid(
            "categories-table", "Label by label", categories, category_columns(job), CATEGORIES
        ),
        "contrasts": grid(
            "distribution-contrasts-table",
            "Contrasts of distributions",
            contrasts,
            contrast_columns(job),
            DISTRIBUTION_CONTRASTS,
        ),
        "meanings": MEANINGS,
        "left_out": list(_left_out(whole, job)),
    }
    usable = usable_shares(results.table(ALIGNMENT), results.answers.counts)
    told = list(findings(whole, contrasts, usable, job))
    return View(values, findings=told, methods=list(_methods(whole, contrasts, job)))


def _methods(whole: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    settings = part(job, DistributionSettings)
    resamples = part(job, StatisticsSettings).bootstrap_resamples
    labels = whole["metric"].eq("brier").any()
    numbers = whole["metric"].eq("rps").any()
    metrics = ["the Jensen–Shannon divergence to base 2 [@lin1991]"]
    simulated = []
    if numbers:
        metrics.append(
            "on ordinal scales, the ranked probability score [@epstein1969], with and without the "
            "bias of few raters and answers [@ferro2014], and the earth mover's distance"
        )
        simulated.append("a mixture of ordinal logits [@mccullagh1980]")
    if labels:
        metrics.append(
            "of labels, the divergence and the squared difference label by label [@inoshita2026]"
        )
        simulated.append("an urn of sets of labels [@blackwell1973]")
    yield (
        "Distributions of answers over the points or labels of a scale were compared with those of "
        f"people on items that at least {settings.min_raters} people rated: by "
        f"{'; '.join(metrics)}. Beside each number stand a uniform "
        f"predictor, the mean distribution of the items in other folds ({settings.folds} folds by "
        "text), the model reduced to one answer, the model on shuffled items, random halves of the "
        "raters, and a perfect model with as many answers, simulated from what the ratings leave "
        f"open ({' or '.join(simulated)}). Intervals are from {resamples:,} bootstrap resamples of "
        "texts (BCa) [@efron1987] and, like folds, go by clusters of items where a dataset's card "
        "names some."
    )
    tested = contrasts[contrasts["p"].notna()]
    if tested.empty:
        return
    with_guesses = "the uniform predictor and the mean distribution of other items"
    each_other = "" if tested["kind"].eq("guess").all() else "each other, and with "
    yield (
        f"Cells were compared with {each_other}{with_guesses}, by the signed-rank test over texts "
        "[@wilcoxon1945], adjusted over contrasts of a kind, readout and metric [@holm1979]. One "
        "side is called nearer to people where the adjusted p is below .05 and the 95% interval "
        "of the difference is without 0."
    )


def _left_out(whole: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    counted = ["n_no_ratings", "n_few_raters", "n_no_answer"]
    for row in records(whole.drop_duplicates(CELL_ORDER)):
        if any(row[name] for name in counted):
            yield (
                f"{title(job, row['model'])}, {row['protocol']}, {row['dataset']} {row['scale']}, "
                f"{row['readout']}: {row['n_no_ratings']} without single human ratings on points "
                f"of the scale, {row['n_few_raters']} with too few raters, {row['n_no_answer']} "
                "without a usable answer"
            )


def _why_nothing(whole: pd.DataFrame) -> str:
    cells = whole.drop_duplicates(CELL_ORDER)
    if (
        cells["n_no_ratings"].any()
        and not cells["n_few_raters"].any()
        and not cells["n_no_answer"].any()
    ):
        return (
            "Distributions of ratings cannot be compared: the norms have no single human ratings "
            "on points of the scales."
        )
    return (
        "Distributions of ratings cannot be compared: no item has both a usable answer and enough "
        "single human ratings (distributions: min_raters in the study)."
    )


SECTION = Section(
    id="distributions",
    heading="Do models spread their answers as people do?",
    label="Distributions",
    view=_view,
    figures=("entropy",),
)
