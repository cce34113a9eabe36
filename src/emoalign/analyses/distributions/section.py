"""Are the distributions of answers like those of human ratings?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.analyses.distributions.in_words import findings
from emoalign.analyses.distributions.shown_columns import (
    NAMES,
    category_columns,
    columns,
    contrast_columns,
    entropy_columns,
)
from emoalign.report.answers import usable_shares
from emoalign.report.conditions import conditions
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
from emoalign.wording import listed

HEADLINE = ("jsd", "rps", "rps_debiased", "w1", "bernoulli_jsd", "brier")
"""The metrics of the first table; all others are in the second."""

MEANINGS = {
    "jsd": "Jensen–Shannon divergence to base 2; 0 means identical distributions, 1 no overlap",
    "rps": "ranked probability score, from 0 to 1; answers at distant points count more than "
    "answers at neighbouring points",
    "rps_debiased": "RPS minus the part that is due to few raters and few answers, because even "
    "two samples from one distribution differ; 0 means the same distribution, and values below 0 "
    "arise by chance",
    "w1": "earth mover's distance: how far the answers would have to be moved along the scale to "
    "turn one distribution into the other",
    "w1_normalised": "W1 divided by the length of the scale, from 0 to 1",
    "tvd": "total variation distance, called DistCE in the calibration literature; 0 means "
    "identical distributions, 1 no overlap",
    "kl": "Kullback–Leibler divergence of the human from the model distribution; 1% of a uniform "
    "distribution is mixed into the model's to avoid infinite values",
    "nll": "negative log-likelihood of a human rating (of labels: of one label that a rater chose) "
    "under the model's distribution, smoothed in the same way",
    "entropy_difference": "entropy of the model's answers minus entropy of the human ratings "
    "(EntCE); 0 is best",
    "top1": "share of items whose most frequent answer is the same; 1 is best",
    "kendall": "rank correlation of the shares of the points; 1 is best",
    "bernoulli_jsd": "JSD of chosen against not chosen, averaged over labels",
    "brier": "squared difference of the shares, averaged over labels",
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
    metrics = set(rows["metric"])
    values = {
        "main": grid(
            "distributions-table", "Distance from human distributions", main, columns(job)
        ),
        "more": grid(
            "distributions-all-table",
            "All metrics, by agreement of the raters",
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
            "Contrasts between distributions",
            contrasts,
            contrast_columns(job),
            DISTRIBUTION_CONTRASTS,
        ),
        "meanings": {NAMES[name]: meaning for name, meaning in MEANINGS.items() if name in metrics},
        "debiased": "rps_debiased" in metrics,
        "left_out": list(_left_out(whole, job)),
    }
    usable = usable_shares(results.table(ALIGNMENT), results.answers.counts, job)
    told = list(findings(whole, contrasts, usable, job))
    return View(
        values, findings=told, methods=list(_methods(whole, contrasts, job, results.clustered))
    )


def _methods(
    whole: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob, clustered: bool
) -> Iterator[str]:
    settings = part(job, DistributionSettings)
    resamples = part(job, StatisticsSettings).bootstrap_resamples
    labels = whole["metric"].eq("brier").any()
    numbers = whole["metric"].eq("rps").any()
    metrics = ["the Jensen–Shannon divergence to base 2 [@lin1991]"]
    simulated = []
    if numbers:
        metrics.append(
            "on ordinal scales, the ranked probability score [@epstein1969], with and without "
            "correction for small numbers of raters and answers [@ferro2014], and the earth "
            "mover's distance"
        )
        simulated.append("by mixtures of ordinal logits [@mccullagh1980]")
    if labels:
        metrics.append(
            "on scales of labels, the divergence and the squared difference label by label "
            "[@inoshita2026]"
        )
        simulated.append("by an urn of sets of labels [@blackwell1973]")
    together = " Resamples and folds keep items of one cluster together." if clustered else ""
    yield (
        "The distributions of a model's answers over the points or labels of a scale were compared "
        f"with those of the human ratings, for items with at least {settings.min_raters} raters, "
        f"by {'; '.join(metrics)}. Each distance was compared with six references: a uniform "
        "distribution; the human average, that is, the mean human distribution over the items of "
        f"the other folds ({settings.folds} folds of items); the model reduced to a single answer; "
        "the model's answers assigned to other items; random halves of the raters; and a perfect "
        "model with as many answers, simulated from the human ratings "
        f"{' or '.join(simulated)}. Confidence intervals are from {resamples:,} bias-corrected and "
        f"accelerated (BCa) bootstrap resamples of items [@efron1987].{together}"
    )
    tested = contrasts[contrasts["p"].notna()]
    if tested.empty:
        return
    guesses = "with the uniform distribution and with the human average"
    each_other = "" if tested["kind"].eq("guess").all() else "each other, "
    compared = f"with {each_other}{guesses}" if each_other else guesses
    yield (
        f"Conditions were compared {compared} by signed-rank tests over items [@wilcoxon1945]. "
        "One side is called closer to the human distributions where the adjusted p is below .05 "
        "and the 95% CI of the difference excludes 0."
    )


def _left_out(whole: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    reasons = {
        "n_no_ratings": "without single human ratings on points of the scale",
        "n_few_raters": "with too few raters",
        "n_no_answer": "without a usable answer on points of the scale",
    }
    for row in records(whole.drop_duplicates(CELL_ORDER)):
        why = [f"{row[name]:,} {words}" for name, words in reasons.items() if row[name]]
        if why:
            yield (
                f"{conditions(job, [row])}, {job.datasets[row['dataset']].title}, {row['scale']}: "
                f"{listed(why)}"
            )


def _why_nothing(whole: pd.DataFrame) -> str:
    cells = whole.drop_duplicates(CELL_ORDER)
    if (
        cells["n_no_ratings"].any()
        and not cells["n_few_raters"].any()
        and not cells["n_no_answer"].any()
    ):
        return (
            "Distributions cannot be compared: the human ratings are known only as summaries, not "
            "as single ratings on points of the scales."
        )
    return (
        "Distributions cannot be compared: no item has both a usable answer and enough single "
        "human ratings (distributions: min_raters in the study)."
    )


SECTION = Section(
    id="distributions",
    heading="Are the distributions of answers like those of human ratings?",
    label="Distributions",
    view=_view,
    figures=("entropy",),
)
