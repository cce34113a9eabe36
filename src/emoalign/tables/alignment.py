"""Tables of single cells and labels: how human-like each is, and how well people agree on it."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    MISSING,
    MODEL,
    PROTOCOL,
    SCALE,
    TEXT,
    Column,
    Table,
    numbers,
)
from emoalign.tables.ratings import STATUSES

RELIABILITY_SOURCE = Column(
    "reliability_source",
    TEXT,
    "How the reliability of the human means was computed: icc_c (ICC(C,k), where it is known who "
    "rated), icc_1 (ICC(1,k), of single ratings), summary (from mean, SD and n), or none.",
)

ONE_OF_THEM = {
    "one_human_r": "Mean correlation of one person with the mean of the others, over people who "
    "share ten or more items with others; null without any, or where it is not known who rated.",
    "one_rating_r": "Mean correlation of one rating per item, whoever gave it, with the mean of "
    "the item's other ratings; null without single ratings.",
}

RELIABILITY = Table(
    "statistics/reliability.parquet",
    "a scale of a dataset: how well people agree with people",
    (
        DATASET,
        SCALE,
        Column("n_items", COUNT, "Items with a norm in the study."),
        RELIABILITY_SOURCE,
        *numbers(
            n_raters="Mean number of human ratings per item.",
            split_half_r="Mean correlation between random halves of the people, or of each item's "
            "ratings where it is not known who rated; null below four ratings per item on "
            "average.",
            spearman_brown="Split-half reliability of the norms: split_half_r stepped up to all.",
            icc_single="ICC(1): reliability of one rating (Shrout & Fleiss 1979).",
            icc_average="ICC(1,k): reliability of the mean of k ratings.",
            icc_c_single="ICC(C,1), consistency: reliability of one person's ratings if "
            "differences in level between people do not count as error (McGraw & Wong 1996); null "
            "where it is not known who rated.",
            icc_c_average="ICC(C,k): the same, of the mean of k people.",
            icc_a_single="ICC(A,1), absolute agreement: the same if they do count as error.",
            icc_a_average="ICC(A,k): the same, of the mean of k people.",
            summary="1 - mean(SD²/n) / Var(means): reliability from summary statistics.",
            reliability="The reliability used: that of reliability_source.",
            reliability_low="Lower end of its 95% interval (bootstrap over items, BCa).",
            reliability_high="Upper end of its 95% interval (bootstrap over items, BCa).",
            ceiling="Square root of the reliability: the highest r a perfect model can expect.",
            ceiling_low="Lower end of its 95% interval: √ of that of reliability.",
            ceiling_high="Upper end of its 95% interval: √ of that of reliability.",
            **ONE_OF_THEM,
        ),
    ),
)

ALIGNMENT = Table(
    "statistics/alignment.parquet",
    "a cell and readout",
    (
        *CELL,
        Column("n_items", COUNT, "Items with a model mean and a human mean."),
        Column("n_items_excluded", COUNT, "Items of the cell without a usable answer or norm."),
        RELIABILITY_SOURCE,
        *numbers(
            pearson_r="Pearson correlation of the model's item means with the human ones.",
            pearson_low="Lower end of its 95% interval (bootstrap over items, those of a cluster "
            "together, BCa); null where r rests on fewer than three clusters, hinges on one, or "
            "is ±1.",
            pearson_high="Upper end of its 95% interval.",
            pearson_fisher_low="Lower end of its 95% interval by Fisher's z, which assumes "
            "independent items and bivariate normal means; null below four items, or where r is "
            "±1.",
            pearson_fisher_high="Upper end of its 95% interval by Fisher's z.",
            pearson_p="Two-sided p of pearson_r against 0.",
            pearson_p_adjusted="The same, Benjamini-Hochberg over the cells of this readout.",
            spearman_rho="Spearman rank correlation of the item means.",
            ccc="Lin's concordance correlation: agreement in value, not only in order.",
            mae="Mean absolute difference of the item means, in points of the scale.",
            rmse="Root mean squared difference, in points of the scale.",
            rmse_constant="The same for a rater who always gives the mean of the human means.",
            bias="Mean of the model minus mean of people, in points of the scale.",
            slope="Slope of the model's item means on the human ones; below 1: compressed.",
            intercept="Intercept of the least-squares line of the model's item means on the human "
            "ones, in points of the scale.",
            reliability_human="Reliability of the human means of these items.",
            reliability_human_low="Lower end of its 95% interval (bootstrap over items, BCa).",
            reliability_human_high="Upper end of its 95% interval (bootstrap over items, BCa).",
            reliability_model="Reliability of the model's means of these items; 1 if exact.",
            reliability_model_low="Lower end of its 95% interval (bootstrap over items, BCa); "
            "null if exact.",
            reliability_model_high="Upper end of its 95% interval (bootstrap over items, BCa).",
            ceiling="Highest r to be expected of a perfect model: √reliability_human.",
            ceiling_low="Lower end of its 95% interval: √ of that of reliability_human.",
            ceiling_high="Upper end of its 95% interval: √ of that of reliability_human.",
            **ONE_OF_THEM,
            pearson_disattenuated="pearson_r / √(reliability_human × reliability_model).",
            pearson_disattenuated_low="Lower end of its 95% interval (bootstrap over items, BCa), "
            "with r and both reliabilities computed anew in each resample.",
            pearson_disattenuated_high="Upper end of its 95% interval; not cut off at 1.",
            sd_human_rms="Root mean square over items of the human SD: √ of the mean variance.",
            sd_model_rms="Root mean square over items of the model's SD.",
            log_rms_sd_ratio="ln(sd_model_rms / sd_human_rms); below 0: too homogeneous, above 0: "
            "too varied. It is not biased where items have few ratings.",
            log_rms_sd_ratio_low="Lower end of its 95% interval (bootstrap over items, BCa).",
            log_rms_sd_ratio_high="Upper end of its 95% interval (bootstrap over items, BCa).",
            signflip_p="Two-sided p of equal mean variances, from flipping the signs of the items' "
            "differences at random.",
            signflip_p_adjusted="The same, Benjamini-Hochberg over the cells of this readout.",
            sd_human_median="Median over items of the human SD. This column and those up to "
            "signedrank_p_adjusted replicate Ogg et al. (2025). SDs of few ratings are too small: "
            "with fewer raters than answers, these columns overstate the model's spread.",
            sd_model_median="Median over items of the model's SD.",
            log_sd_ratio="ln(mean SD of the model / mean human SD); replication, see "
            "log_rms_sd_ratio.",
            log_sd_ratio_low="Lower end of its 95% interval (bootstrap over items, BCa).",
            log_sd_ratio_high="Upper end of its 95% interval (bootstrap over items, BCa).",
            ranksum_w="Wilcoxon rank-sum W of the item SDs (Mann-Whitney U of the model's); "
            "replication.",
            ranksum_z="Its z; negative: the model's SDs are smaller.",
            ranksum_p="Its two-sided p.",
            ranksum_p_adjusted="The same, Benjamini-Hochberg over the cells of this readout.",
            signedrank_w="Wilcoxon signed-rank W of the paired item SDs; replication.",
            signedrank_z="Its z; negative: the model's SDs are smaller.",
            signedrank_p="Its two-sided p.",
            signedrank_p_adjusted="The same, Benjamini-Hochberg over the cells of this readout.",
            off_scale_mass="Exact: mean probability of answers that are no rating.",
            returned_mass="Exact: mean probability of all tokens reported.",
        ),
        Column("disattenuated_above_1", pa.bool_(), "Whether pearson_disattenuated exceeds 1."),
        *(
            Column(f"n_{status}", pa.int64(), f"Answers of the cell with status {status}.")
            for status in STATUSES
        ),
    ),
)

LABELS = Table(
    "statistics/labels.parquet",
    "a label of a scale of labels, in a cell",
    (
        *CELL,
        Column("label", TEXT, "The label."),
        Column("n_items", COUNT, "Items with a usable answer of the model and human raters."),
        *numbers(
            human_rate="Mean over items of the share of human raters who chose the label.",
            model_rate="Mean over items of the share of the model's answers that chose it.",
            rate_difference="model_rate - human_rate; above 0: the model says it more often.",
            spearman_rho="Rank correlation over items of these shares; null where one is constant.",
        ),
    ),
)

READOUTS = Table(
    "statistics/readouts.parquet",
    "a cell asked in both readouts: do the answers follow the exact probabilities?",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        SCALE,
        Column("n_items", COUNT, "Items with at least one answer on the scale and an exact row."),
        *numbers(
            r_means="Correlation over items of the sampled mean with the exact mean.",
            mean_abs_difference="Mean absolute difference of these means, in points.",
            ok_share_sampled="Share of answers that are a rating.",
            on_scale_mass_exact="Mean exact probability of a rating.",
            g_total="G statistic of counts against exact probabilities, summed over items.",
            p_pooled="Its p by simulation; small: the answers do not follow the probabilities.",
            share_below_05="Share of items whose own G-test has p < .05; .05 when they agree.",
            ks_p="p of a Kolmogorov-Smirnov test that these p-values are uniform.",
            sharpness="Mean log-probability of the answers above its expectation, in nats per "
            "answer; positive: the server sampled closer to the likeliest answers than asked.",
            p_sharpness="Its two-sided p by simulation; small: the readouts disagree.",
        ),
        Column(
            "rps_debiased_n_items",
            COUNT,
            "Items with at least min_raters single human ratings, two answers and an exact row: "
            "those of the columns that follow.",
        ),
        *numbers(
            rps_debiased_sampled="Mean over items of the debiased ranked probability score of the "
            "sampled answers: how far they are from people, whatever the number of answers.",
            rps_debiased_exact="The same of the exact probabilities.",
            rps_debiased_difference="rps_debiased_sampled - rps_debiased_exact; below 0: the "
            "sampled answers are nearer to people.",
            rps_debiased_low="Lower end of its 95% interval (bootstrap over texts, paired, BCa).",
            rps_debiased_high="Upper end of its 95% interval (bootstrap over texts, paired, BCa).",
        ),
        Column("reason", TEXT, MISSING),
    ),
)

TRANSPARENCY = Table(
    "statistics/transparency.parquet",
    "a label of a scale of labels: how outright do texts say it?",
    (
        DATASET,
        SCALE,
        Column("label", TEXT, "The label."),
        *numbers(prevalence="Mean over texts of the share of human raters who chose the label."),
        Column("n_texts", COUNT, "Texts of the label: those for which enough raters chose it."),
        *numbers(
            e="Cosine of the embedding of the label's name with the mean embedding of its texts.",
            l="Share of its texts that have one of its seed words, as a whole word.",
            t="Transparency: mean of e and l, each stretched from 0 (lowest label) to 1 (highest).",
            probe_auc="Area under the ROC curve of a logistic regression on the words of texts it "
            "has not learned from: do mere words tell the texts of the label? .5: no.",
        ),
        Column("reason", TEXT, MISSING),
    ),
)

TRANSPARENCY_GRADIENT = Table(
    "statistics/transparency_gradient.parquet",
    "a cell and a predictor: does the model follow people better on labels that are said outright?",
    (
        *CELL,
        Column(
            "predictor",
            TEXT,
            "t, e, l or probe_auc: the column of the table of transparency that is compared with "
            "spearman_rho of the table of labels.",
        ),
        Column("n_labels", COUNT, "Labels that have both."),
        *numbers(
            rho="Spearman correlation of the two over labels; above 0: better where said outright.",
            rho_low="Lower end of its 95% interval (bootstrap over labels, BCa).",
            rho_high="Upper end of its 95% interval.",
            p_permutation="Its two-sided p by permutation of the labels.",
            partial_rho="The same correlation at equal prevalence: the logarithm of prevalence is "
            "held constant.",
            partial_p="Its two-sided p (t distribution).",
        ),
        Column("reason", TEXT, MISSING),
    ),
)
