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
    shared,
)

STATUSES: tuple[Status, ...] = get_args(Status)

STIMULI = Table(
    "stimuli/<dataset>.parquet",
    "an item, in order of item_id",
    (
        ITEM,
        Column("modality", TEXT, "`word`, `sentence` or `image`."),
        Column("text", TEXT, "The stimulus exactly as a model sees it."),
        Column("image_path", TEXT, "Path and checksum of the image; null for text."),
        Column("image_sha256", TEXT, "Path and checksum of the image; null for text."),
        Column("strata", TEXT, "Group in the source, such as a genre."),
        Column("split", TEXT, "Split in the source."),
        Column("cluster", TEXT, "Cluster in the source, such as a document."),
        Column(
            "covariates",
            pa.map_(TEXT, NUMBER),
            "Its covariates on the dataset's card, by name; without those it lacks.",
        ),
        Column("shard", TEXT, "Rating job of the item."),
    ),
)

NORMS = Table(
    "norms/<dataset>.parquet",
    "an item on a scale",
    (
        ITEM,
        SCALE,
        *shared("Mean and SD (n − 1) of the human ratings; null for labels.", "mean", "sd"),
        Column("n", COUNT, "Number of human ratings; null if unknown."),
        Column("ratings", NUMBERS, "Single ratings; null if unknown."),
        Column("labels", pa.list_(TEXTS), "Labels that each rater chose; null for numbers."),
        Column(
            "raters",
            TEXTS,
            "Who gave each rating, as a hash, if known. No other file has it.",
        ),
    ),
)

_MASS = (
    Column("off_scale_mass", NUMBER, "Exact: returned probability that is no rating; decision: 0."),
    Column(
        "returned_mass",
        NUMBER,
        "Probability that was returned: of all tokens reported (exact), of all points (decision).",
    ),
)

RATINGS = Table(
    "ratings/<model>/<protocol>/<dataset>/<scale>/<shard>.parquet",
    "an answer of a participant on a scale (sampled, stated), or an item (exact, decision)",
    (
        *CELL,
        ITEM,
        Column(
            "participant", COUNT, "Number of the participant from 0; null unless sampled or stated."
        ),
        Column("persona", TEXT, "Persona of the participant."),
        Column(
            "form",
            TEXT,
            "Prompt set, with `/` and the number of the rotation of its labels if they rotate; "
            "null if recorded.",
        ),
        Column("session", COUNT, "Session of the answer, from 0; null outside sessions."),
        Column("position", COUNT, "Place in the session, from 1; null outside sessions."),
        Column(
            "status",
            TEXT,
            "One of the statuses above; null if a recorded table has no rating of the item.",
        ),
        Column("rating", NUMBER, "The rating on the card's scale; null unless sampled and ok."),
        Column("rating_shown", NUMBER, "The number that was said, on the scale of the form."),
        Column("labels", TEXTS, "The labels chosen, in the card's order; null unless ok."),
        Column("label_order", TEXTS, "The labels as shown; null unless rotated or random."),
        Column(
            "probabilities",
            NUMBERS,
            "Probability of each point shown, as returned, ascending on the card's scale; stated: "
            "share of people, also for labels.",
        ),
        *_MASS,
        Column(
            "stated_total",
            NUMBER,
            "Stated: what the numbers of all points, or labels, added up to; null unless ok.",
        ),
        Column(
            "text",
            TEXT,
            "Raw answer; exact: likeliest token; decision: JSON; rejected: provider's reason.",
        ),
        Column("finish_reason", TEXT, "Why the answer ended, in the server's words."),
        Column("request_id", TEXT, "sha256 of the request."),
        Column("model_reported", TEXT, "Model name and fingerprint reported by the server."),
        Column("received", TEXT, "Day the answer arrived (UTC, YYYY-MM-DD); null if recorded."),
        Column("reply_id", TEXT, "Id of the reply, if any."),
        *(
            Column(
                name,
                COUNT,
                "Tokens as the server counts them; of several rows of one request the first has "
                "them, the others 0.",
            )
            for name in ("prompt_tokens", "completion_tokens")
        ),
        Column(
            "reasoning_tokens",
            COUNT,
            "Those of `completion_tokens` that were thoughts, as the server counts them; null if "
            "it does not.",
        ),
        Column("latency_s", NUMBER, "Seconds from request to answer; 0 in a batch."),
    ),
)

COUNTS = tuple(field.name for field in RATINGS.schema if field.type == COUNT)
"""The columns of ratings that are counts, most of which may be null."""

ITEMS = Table(
    "items/<dataset>.parquet",
    "an item in a condition on a scale, with its norm",
    (
        *CELL,
        ITEM,
        Column(
            "cluster",
            COUNT,
            "Number of its cluster, from 0: items of one cluster in the source, or with the same "
            "text or image.",
        ),
        *(Column(f"n_{status}", COUNT, "Answers by status.") for status in STATUSES),
        *shared(
            "Mean and SD of the model's ratings, in all forms (exact, decision, stated: of the "
            "distribution on the scale); null for labels.",
            "mean",
            "sd",
        ),
        Column(
            "mean_se",
            NUMBER,
            "Standard error of the model's mean, in points, within forms; null if unknown, 0 if "
            "exact or decision outside sessions.",
        ),
        *shared(
            "Exact: lowest and highest mean and SD, wherever the probability not returned may be; "
            "no confidence intervals.",
            "mean_low",
            "mean_high",
            "sd_low",
            "sd_high",
        ),
        Column(
            "distribution",
            NUMBERS,
            "Share of each point, ascending, or of answers with each label; from forms with the "
            "card's own points.",
        ),
        Column(
            "n_distribution",
            COUNT,
            "Answers behind it where forms are left out; null where these are all of `n_ok`.",
        ),
        Column("n_forms_left_out", COUNT, "Forms with other points, left out of the distribution."),
        *shared(
            "Exact, decision, stated: sums of point × probability and point² × probability, not "
            "renormalised.",
            "raw_moment_1",
            "raw_moment_2",
        ),
        *_MASS,
        *shared("Mean and SD of the human ratings.", "human_mean", "human_sd"),
        Column("human_n", COUNT, "Number of human ratings; null if unknown."),
        Column(
            "human_distribution",
            NUMBERS,
            "The same shares of people; null if single ratings are unknown or between points.",
        ),
    ),
)

PLAN = Table(
    "plan.csv",
    "a model, protocol and scale: requests still to be made, and their cost; from the target plan",
    (
        MODEL,
        PROTOCOL,
        DATASET,
        SCALE,
        Column("answers", pa.int64(), "Answers when complete."),
        Column("held", pa.int64(), "Answers already in the journal."),
        Column("requests", pa.int64(), "Requests for the rest."),
        *shared(
            "Tokens of the prompts, at least and at most; equal where they are counted.",
            "prompt_tokens_min",
            "prompt_tokens_max",
        ),
        *shared(
            "Tokens of the answers with their thoughts: one each, and the longest allowed.",
            "answer_tokens_min",
            "answer_tokens_max",
        ),
        Column(
            "tokens_from",
            TEXT,
            "Source of prompt tokens: `journal` (as the provider counted others), `tokenizer` or "
            "`estimate` (from characters).",
        ),
        *shared(
            "US dollars at least and at most, for single requests and in batches; null without "
            "prices.",
            "usd_min",
            "usd_max",
            "usd_batch_min",
            "usd_batch_max",
        ),
        *numbers(minutes="Running time; null if unknown."),
        Column(
            "minutes_from",
            TEXT,
            "Source of the time: `limits` (rate limits of the card), `journal` (earlier requests) "
            "or `tried` (trial requests).",
        ),
        Column("delivery", TEXT, "`single` or `batch`, as on the model's card."),
        Column("prices_as_of", TEXT, "Date of the prices."),
        Column(
            "times_alone",
            NUMBER,
            "Prompt tokens of sessions, as a multiple of those of the same items by themselves; "
            "null outside sessions.",
        ),
    ),
)

PRECISION = Table(
    "precision.csv",
    "a scale, readout, assumption and target half-width of a 95% interval; from the target plan",
    (
        DATASET,
        SCALE,
        READOUT,
        Column("participants", COUNT, "Answers per item; null unless sampled."),
        Column("n_items", COUNT, "Items of the study with the human data the measure needs."),
        Column("measure", TEXT, "`r`, `log_rms_sd_ratio` or `jsd` (bits)."),
        Column(
            "assumed",
            TEXT,
            "About the model. For r: its correlation with people without error. For "
            "log_rms_sd_ratio: `alike` (variances proportional to people's) or `unrelated` (as "
            "variable, but independent). For jsd: `perfect` or `marginal`, as in distributions.",
        ),
        *numbers(expected="Value the study would then find."),
        *shared(
            "Reliability of item means, of people and of the model with these participants.",
            "reliability_human",
            "reliability_model",
        ),
        *shared("Half-width with the study as it is, and the one wanted.", "planned", "half_width"),
        *(
            Column(name, COUNT, "Items, or participants, that give it, the other unchanged.")
            for name in ("items_needed", "participants_needed")
        ),
        Column("reason", TEXT, "Why one of the two is missing."),
    ),
)
