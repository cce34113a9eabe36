"""Tables of conditions and labels: agreement with people, and agreement among people."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    MODEL,
    N_ITEMS,
    PROTOCOL,
    REASON,
    SCALE,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
    shared,
)
from emoalign.tables.ratings import STATUSES

RELIABILITY_SOURCE = Column(
    "reliability_source",
    TEXT,
    "Source of the human reliability: `icc_c` (raters identified), `icc_1` (single ratings), "
    "`summary` (mean, SD and n) or `none`.",
)

ONE_OF_THEM = {
    "one_human_r": "Mean correlation of one person with the mean of the others; null without "
    "rater ids, or without people who share ten items.",
    "one_rating_r": "Mean correlation of one random rating per item with the mean of the item's "
    "other ratings; null without single ratings.",
}

RELIABILITY = Table(
    "statistics/reliability.parquet",
    "a scale of a dataset: agreement among people, over all items with a norm",
    (
        DATASET,
        SCALE,
        N_ITEMS,
        RELIABILITY_SOURCE,
        *numbers(
            n_raters="Mean number of human ratings per item.",
            split_half_r="Mean correlation of random halves of the raters; null below four "
            "ratings per item on average.",
            spearman_brown="The same, stepped up to all raters.",
        ),
        *shared("ICC(1,1) and ICC(1,k) of single ratings.", "icc_single", "icc_average"),
        *shared(
            "ICC(C,1) and ICC(C,k), consistency; null without rater ids.",
            "icc_c_single",
            "icc_c_average",
        ),
        *shared(
            "ICC(A,1) and ICC(A,k), absolute agreement; null without rater ids.",
            "icc_a_single",
            "icc_a_average",
        ),
        *numbers(summary="1 − mean(SD²/n)/Var(means)."),
        *estimate("reliability", "Reliability of the item means, from reliability_source."),
        *estimate("ceiling", "Its square root: the highest r to expect of a perfect model."),
        *numbers(**ONE_OF_THEM),
    ),
)

_ADJUSTED = "Adjusted by Benjamini–Hochberg over the rows of the readout."

ALIGNMENT = Table(
    "statistics/alignment.parquet",
    "a condition on a scale: agreement of its item means with the human means",
    (
        *CELL,
        N_ITEMS,
        Column("n_items_excluded", COUNT, "Items without a usable answer or without a norm."),
        RELIABILITY_SOURCE,
        *shared(
            "Pearson correlation of item means; no interval with fewer than three clusters, or if "
            "r hinges on one or is ±1.",
            "pearson_r",
            "pearson_low",
            "pearson_high",
        ),
        *shared(
            "95% CI by Fisher's z, which assumes independent items and normal means.",
            "pearson_fisher_low",
            "pearson_fisher_high",
        ),
        *shared(
            "Exact: bounds on pearson_r, wherever the probability that was not returned may be.",
            "pearson_least",
            "pearson_most",
        ),
        *numbers(pearson_p="Two-sided p of r = 0.", pearson_p_adjusted=_ADJUSTED),
        *numbers(
            spearman_rho="Spearman correlation of item means.",
            ccc="Lin's concordance correlation.",
            mae="Mean absolute difference of item means, in points.",
            rmse="Root mean square difference, in points.",
            rmse_constant="RMSE of giving every item the mean of the human means.",
        ),
        *estimate("bias", "Model mean minus human mean, in points."),
        *shared(
            "Least-squares line of model means on human means; slope: r times the ratio of SDs.",
            "slope",
            "intercept",
        ),
        *estimate(
            "calibration_slope",
            "Slope of human means on model means: the points that people's rise for a point of the "
            "model's; above 1: the model's differences between items are too small.",
        ),
        *estimate("reliability_human", "Reliability of the human means of these items."),
        *estimate(
            "reliability_model",
            "Reliability of the model's means; of probabilities 1, without interval.",
        ),
        *estimate("ceiling", "Square root of reliability_human."),
        *numbers(**ONE_OF_THEM),
        *estimate(
            "pearson_disattenuated",
            "pearson_r / √(reliability_human × reliability_model); not cut off at 1.",
        ),
        *shared(
            "Root mean square over items of the SD of people, and of the model in all its forms.",
            "sd_human_rms",
            "sd_model_rms",
        ),
        *estimate(
            "log_rms_sd_ratio",
            "ln(sd_model_rms / sd_human_rms); below 0: the model varies less than people.",
        ),
        *numbers(
            signflip_p="Two-sided p of equal mean variances, by sign flips.",
            signflip_p_adjusted=_ADJUSTED,
        ),
        *shared(
            "Median SD over items; replication of Ogg et al. (2025), biased by few ratings, as "
            "are the columns that follow.",
            "sd_human_median",
            "sd_model_median",
        ),
        *estimate("log_sd_ratio", "ln(mean SD of the model / mean SD of people)."),
        *shared(
            "Wilcoxon rank-sum test of the item SDs; z below 0: the model's are smaller.",
            "ranksum_w",
            "ranksum_z",
            "ranksum_p",
        ),
        *numbers(ranksum_p_adjusted=_ADJUSTED),
        *shared(
            "Wilcoxon signed-rank test of the paired item SDs; z as above.",
            "signedrank_w",
            "signedrank_z",
            "signedrank_p",
        ),
        *numbers(
            signedrank_p_adjusted=_ADJUSTED,
            off_scale_mass="Exact: mean probability of answers that are no rating; decision: 0.",
            returned_mass="Mean probability returned: of all tokens (exact) or points (decision).",
            undecided_mass="Exact: mean probability that was not returned.",
            share_undecided_above_01="Exact: share of items with more than .01 of it.",
            mean_width="Exact: mean distance of mean_low and mean_high of an item, in points.",
        ),
        Column("disattenuated_above_1", pa.bool_(), "Whether pearson_disattenuated exceeds 1."),
        *(Column(f"n_{status}", pa.int64(), "Answers by status.") for status in STATUSES),
    ),
)

LABEL = Column("label", TEXT, "The label.")

RATES = shared(
    "Mean share of raters, or of answers, that chose the label.",
    "human_rate",
    "model_rate",
)

LABELS = Table(
    "statistics/labels.parquet",
    "a label in a condition, over all items with usable answers and human raters",
    (
        *CELL,
        LABEL,
        N_ITEMS,
        *RATES,
        *numbers(rate_difference="model_rate − human_rate."),
        *numbers(
            spearman_rho="Spearman correlation of the two shares over items; null if one is "
            "constant."
        ),
    ),
)

READOUTS = Table(
    "statistics/readouts.parquet",
    "two readouts of a model, protocol and scale: do they agree?",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        SCALE,
        *(
            Column(f"readout_{side}", TEXT, "The two readouts: `sampled`, `exact` or `decision`.")
            for side in ("a", "b")
        ),
        N_ITEMS,
        *shared(
            "Correlation of the item means of both; the least and most that probability not "
            "returned allows.",
            "r_means",
            "r_means_least",
            "r_means_most",
        ),
        *shared(
            "Mean absolute difference of the item means, in points; the least and most that "
            "probability not returned allows.",
            "mean_abs_difference",
            "mean_abs_difference_least",
            "mean_abs_difference_most",
        ),
        *numbers(
            share_within_bounds="Share of items whose two means may be equal, by probability not "
            "returned; null if all was.",
        ),
        *shared(
            "Share of answers or decisions that are ratings; exact: mean probability of a rating.",
            "usable_a",
            "usable_b",
        ),
        *shared(
            "G statistic of counts against probabilities, summed over items, and its simulated p; "
            "small: they disagree. Exact with decision: null.",
            "g_total",
            "p_pooled",
        ),
        *numbers(
            share_below_05="Share of items with p < .05 in their own G-test; .05 if they agree.",
            ks_p="p of a Kolmogorov–Smirnov test that these p-values are uniform; null with more "
            "than .001 not returned.",
        ),
        *shared(
            "Mean log-probability of the answers above its expectation (nats), and its simulated "
            "p; positive: too sharp. Null as ks_p.",
            "sharpness",
            "p_sharpness",
        ),
        Column(
            "rps_debiased_n_items",
            COUNT,
            "Items of the following columns: min_raters ratings, and two answers or a "
            "distribution in both readouts.",
        ),
        *shared(
            "Mean debiased ranked probability score against people; the least and most that "
            "probability not returned allows.",
            *(
                f"rps_debiased_{side}{end}"
                for side in ("a", "b")
                for end in ("", "_least", "_most")
            ),
        ),
        *shared(
            "Readout a minus b; below 0: a is closer to people. Interval over texts, of the "
            "distributions as read.",
            "rps_debiased_difference",
            "rps_debiased_low",
            "rps_debiased_high",
        ),
        REASON,
    ),
)

TRANSPARENCY = Table(
    "statistics/transparency.parquet",
    "a label: how explicitly texts express it",
    (
        DATASET,
        SCALE,
        LABEL,
        *numbers(prevalence="Mean share of human raters who chose the label."),
        Column("n_texts", COUNT, "Texts for which enough raters chose it."),
        *numbers(
            e="Cosine similarity of the label's name and the mean embedding of its texts.",
            l="Share of its texts that contain a seed word.",
            t="Transparency: mean of e and l, each rescaled to 0–1 over labels.",
            probe_auc="Cross-validated area under the ROC curve of a bag-of-words classifier.",
        ),
        REASON,
    ),
)

TRANSPARENCY_GRADIENT = Table(
    "statistics/transparency_gradient.parquet",
    "a condition and a measure of transparency, related to its agreement with people over labels",
    (
        *CELL,
        Column("predictor", TEXT, "`t`, `e`, `l` or `probe_auc`."),
        Column("n_labels", COUNT, "Labels with both."),
        *estimate(
            "rho",
            "Spearman correlation of the predictor with spearman_rho of labels. Interval over "
            "labels.",
        ),
        *numbers(p_permutation="Two-sided p by permutation of labels."),
        *shared(
            "The same with prevalence held constant, and its two-sided p.",
            "partial_rho",
            "partial_p",
        ),
        REASON,
    ),
)
