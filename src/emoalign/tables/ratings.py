"""Tables of what is rated, what was answered, and what is to be asked and how sure it makes."""

from __future__ import annotations

from typing import get_args

import pyarrow as pa

from emoalign.study.fields import Status as Status
from emoalign.tables.contract import (
    CELL,
    COUNT,
    DATASET,
    ITEM,
    MODEL,
    NUMBER,
    NUMBERS,
    PROTOCOL,
    READOUT,
    SCALE,
    TEXT,
    TEXTS,
    Column,
    Table,
    numbers,
)

STATUSES: tuple[Status, ...] = get_args(Status)

STIMULI = Table(
    "stimuli/<dataset>.parquet",
    "an item, in order of item_id",
    (
        ITEM,
        Column("modality", TEXT, "word, sentence or image."),
        Column("text", TEXT, "The stimulus exactly as a model is shown it."),
        Column("image_path", TEXT, "Path of the image; null for text."),
        Column("image_sha256", TEXT, "Checksum of the image; null for text."),
        Column(
            "strata",
            TEXT,
            "Group the source puts the item in, such as a genre; null without.",
        ),
        Column("split", TEXT, "Split of the source the item belongs to; null without splits."),
        Column(
            "cluster",
            TEXT,
            "What the source says it belongs to, such as a lemma or a document; null without.",
        ),
        Column("shard", TEXT, "The rating job the item belongs to."),
    ),
)

NORMS = Table(
    "norms/<dataset>.parquet",
    "an item on a scale",
    (
        ITEM,
        SCALE,
        Column("mean", NUMBER, "Mean human rating, in points of the scale."),
        Column("sd", NUMBER, "Standard deviation over raters (ddof 1), in points of the scale."),
        Column("n", COUNT, "Number of human ratings; null where the source does not tell."),
        Column("ratings", NUMBERS, "The single ratings, in points of the scale; null if unknown."),
        Column(
            "labels",
            pa.list_(TEXTS),
            "The labels each rater chose; null for scales of numbers, where mean and sd are not.",
        ),
        Column(
            "raters",
            TEXTS,
            "Who gave each rating, or chose each set of labels, as a hash of the person's id; null "
            "where the source does not tell. No other file has it.",
        ),
    ),
)

RATINGS = Table(
    "ratings/<model>/<protocol>/<dataset>/<scale>/<shard>.parquet",
    "one answer of one participant (sampled), or one item (exact); of scales asked about jointly "
    "(arousal+valence) one for each scale",
    (
        *CELL,
        ITEM,
        Column("participant", COUNT, "Number of the participant from 0; null if exact."),
        Column("persona", TEXT, "Persona of the participant; null without personas."),
        Column(
            "status",
            TEXT,
            f"{', '.join(STATUSES[:-1])} or {STATUSES[-1]}; null in the one row of an item without "
            "any recorded rating.",
        ),
        Column("rating", NUMBER, "The rating, in points of the scale; null unless sampled and ok."),
        Column(
            "labels",
            TEXTS,
            "The labels chosen, in the order of the card; null unless ok on a scale of labels.",
        ),
        Column(
            "probabilities",
            NUMBERS,
            "Exact readout: probability of each point of the scale, ascending, as returned "
            "(sums to 1 - off_scale_mass - what was not returned); null if sampled.",
        ),
        Column("off_scale_mass", NUMBER, "Returned probability of answers that are no rating."),
        Column("returned_mass", NUMBER, "Probability of all tokens the server reported."),
        Column(
            "text",
            TEXT,
            "The raw answer, or the likeliest token if exact; rejected: the provider's reason.",
        ),
        Column("finish_reason", TEXT, "Why the server says the answer ended."),
        Column("request_id", TEXT, "sha256 of what was asked."),
        Column("model_reported", TEXT, "Name and fingerprint the server gave itself."),
        Column(
            "received",
            TEXT,
            "Day on which the answer arrived (UTC, YYYY-MM-DD); null for recorded ratings.",
        ),
        Column("reply_id", TEXT, "What the server called its reply; null where it does not tell."),
        Column(
            "prompt_tokens",
            COUNT,
            "Prompt tokens of the request; where one request brought several rows, its first "
            "row has them and the others 0, so that the sum is what was processed; null where the "
            "server does not say.",
        ),
        Column(
            "completion_tokens",
            COUNT,
            "Answer tokens as the server counts them, noted like prompt_tokens. "
            "llama.cpp counts only the first of several answers.",
        ),
        Column(
            "latency_s", NUMBER, "Seconds from sending the request to its answer; 0 in a batch."
        ),
    ),
)

ITEMS = Table(
    "items/<dataset>.parquet",
    "an item in a cell and readout, with its norm",
    (
        *CELL,
        ITEM,
        Column(
            "cluster",
            COUNT,
            "Number of its cluster, from 0. Items are in one cluster if the source puts them there "
            "(the column of the stimuli) or if they show the same text or image, directly or "
            "through others; they are resampled together.",
        ),
        *(Column(f"n_{status}", COUNT, f"Answers with status {status}.") for status in STATUSES),
        Column(
            "mean",
            NUMBER,
            "Mean rating of the model; exact: over the mass on the scale; null for labels.",
        ),
        Column(
            "sd",
            NUMBER,
            "Standard deviation of the model's ratings (sampled: ddof 1; exact: of the "
            "distribution itself).",
        ),
        Column(
            "distribution",
            NUMBERS,
            "Share of each point of the scale, ascending, which sums to 1; or of the answers that "
            "chose each label, in the order of the card, each from 0 to 1.",
        ),
        Column("raw_moment_1", NUMBER, "Exact: sum of point × probability, not renormalised."),
        Column("raw_moment_2", NUMBER, "Exact: sum of point² × probability, not renormalised."),
        Column("off_scale_mass", NUMBER, "Exact: returned probability that is no rating."),
        Column("returned_mass", NUMBER, "Exact: probability of all tokens reported."),
        Column("human_mean", NUMBER, "Mean human rating; null without norms."),
        Column("human_sd", NUMBER, "Standard deviation over human raters (ddof 1)."),
        Column("human_n", COUNT, "Number of human ratings; null where unknown."),
        Column(
            "human_distribution",
            NUMBERS,
            "Share of the human raters who chose each point of the scale, ascending, or each "
            "label, in the order of the card; null where single ratings are unknown or between "
            "points.",
        ),
    ),
)

PLAN = Table(
    "plan.csv",
    "a cell: what is still to be asked, and what that takes; made by the target plan",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        SCALE,
        Column("answers", pa.int64(), "Answers the cell has when it is complete."),
        Column("held", pa.int64(), "Those that are in the journal already."),
        Column("requests", pa.int64(), "Requests that bring the others."),
        Column("prompt_tokens", NUMBER, "Tokens of the prompts of these requests."),
        Column("answer_tokens", NUMBER, "Tokens of the missing answers, at most."),
        Column(
            "tokens_from",
            TEXT,
            "How prompt tokens are known: journal (as the server counted them before), tokenizer "
            "(the model's own), or estimate (from the number of characters).",
        ),
        *numbers(
            usd="US dollars for single requests, at most; null without prices.",
            usd_batch="US dollars for the same in batches; null where there are none.",
            minutes="Running time in minutes; null if unknown.",
        ),
        Column(
            "minutes_from",
            TEXT,
            "Source of the running time: limits (the least that the rate limits of the card "
            "allow) or, for a model on this machine running one job at a time, journal (how long "
            "its earlier requests took) or tried (how long a few trial requests took); null if "
            "unknown.",
        ),
        Column("delivery", TEXT, "How the model's card has them delivered: single or batch."),
        Column("prices_as_of", TEXT, "Day of the prices; null without prices."),
    ),
)

PRECISION = Table(
    "precision.csv",
    "a scale, a way of asking, an assumption about the model and a half-width: what brings a 95% "
    "interval to it; made by the target plan",
    (
        DATASET,
        SCALE,
        READOUT,
        Column(
            "participants", COUNT, "Answers per item of a protocol of the study; null if exact."
        ),
        Column(
            "n_items",
            COUNT,
            "Items of the study with a human rating on the scale; for log_rms_sd_ratio, those with "
            "an SD and number of raters; for jsd, those with at least min_raters single ratings on "
            "points of the scale.",
        ),
        Column(
            "measure",
            TEXT,
            "r (Pearson, of item means), log_rms_sd_ratio (of spread, as in alignment) or jsd "
            "(mean over items, in bits).",
        ),
        Column(
            "assumed",
            TEXT,
            "About the model. For r: its correlation with people if both had means without error. "
            "For log_rms_sd_ratio: alike (over items, the variances of its answers are "
            "proportional to those of people's ratings) or unrelated (they differ as much, but "
            "independently of people's). For jsd: perfect (it knows what is true of each "
            "item, as in distributions) or marginal (it gives every item the mean distribution of "
            "the items in other folds).",
        ),
        *numbers(
            expected="What the study would then see: r, lowered by the reliability of both sides; "
            "ln(sd_ratio); or the mean JSD, which is above 0 even for a perfect model when raters "
            "are few.",
            reliability_human="Reliability of the human item means.",
            reliability_model="Reliability of the model's item means over these participants, if "
            "its error-free means vary as those of people do and its answers to an item vary with "
            "sd_ratio times the SD of people's.",
            planned="Half-width of the interval with the study as it is.",
            half_width="Half-width that is asked for.",
        ),
        Column("items_needed", COUNT, "Items that bring it, with these participants."),
        Column("participants_needed", COUNT, "Participants that bring it, with these items."),
        Column("reason", TEXT, "Why one of the two is missing; null where both are there."),
    ),
)
