"""Tables of the target plan: what is still to be asked, and how wide intervals will be."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.columns import (
    COUNT,
    DATASET,
    MODEL,
    NUMBER,
    PROTOCOL,
    READOUT,
    SCALE,
    TEXT,
    numbers,
)
from emoalign.tables.contract import Column, Table

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
            minutes="Minutes at the rate limits of the card, at least; null without limits.",
        ),
        Column("delivery", TEXT, "How the model's card has them delivered: single or batch."),
        Column("prices_as_of", TEXT, "Day of the prices; null without prices."),
    ),
)

PRECISION = Table(
    "precision.csv",
    "a scale, a way of asking, an assumption about the model and a half-width: what brings a 95 % "
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
            "Items of the study with a human rating on the scale; for jsd, those with at least "
            "min_raters single ratings on points of the scale.",
        ),
        Column("measure", TEXT, "r (Pearson, of item means) or jsd (mean over items, in bits)."),
        Column(
            "assumed",
            TEXT,
            "About the model. For r: its correlation with people if both had means without error. "
            "For jsd: perfect (it knows what is true of each item, as in distributions) or "
            "marginal (it gives every item the mean distribution of the items in other folds).",
        ),
        *numbers(
            expected="What the study would then see: r, lowered by the reliability of both sides, "
            "or the mean JSD, which is above 0 even for a perfect model when raters are few.",
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
