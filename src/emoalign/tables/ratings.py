"""Tables of what is rated and what was answered: stimuli, norms, ratings, items."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.columns import CELL, COUNT, ITEM, NUMBER, NUMBERS, SCALE, TEXT, TEXTS
from emoalign.tables.contract import Column, Table

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
            "ok, unparsable, refusal, content_filter, truncated or error; null in the one row of "
            "an item without any recorded rating.",
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
        Column("text", TEXT, "The raw answer, or the likeliest token if exact."),
        Column("finish_reason", TEXT, "Why the server says the answer ended."),
        Column("request_id", TEXT, "sha256 of what was asked."),
        Column("model_reported", TEXT, "Name and fingerprint the server gave itself."),
        Column(
            "prompt_tokens",
            COUNT,
            "Prompt tokens of the request; where one request brought several rows, its first "
            "row has them and the others 0, so that the sum is what was processed.",
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

STATUSES = ("ok", "unparsable", "refusal", "content_filter", "truncated", "error")

ITEMS = Table(
    "items/<dataset>.parquet",
    "an item in a cell and readout, with its norm",
    (
        *CELL,
        ITEM,
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
