"""Tables of sessions and participants: what order does to answers, and who rates like others."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import (
    CELL,
    COUNT,
    NUMBER,
    REASON,
    TEXT,
    Column,
    Table,
    estimate,
    numbers,
    shared,
)

PARTS = ("first", "middle", "last")
"""The thirds of a session."""

ORDER = Table(
    "statistics/order.parquet",
    "a condition on a scale of numbers whose answers were given in sessions",
    (
        *CELL,
        Column("n_sessions", COUNT, "Sessions."),
        Column("n_items", COUNT, "Items rated in them."),
        Column("n_answers", COUNT, "Answers that the effects of order are estimated from."),
        *estimate(
            "carry_over",
            "Points an answer moves per point of the mean of the item before; above 0: "
            "assimilation, below 0: contrast.",
        ),
        *estimate("carry_over_certain", "The same on items whose answers have low entropy."),
        *estimate("carry_over_uncertain", "The same on items above the median entropy."),
        *estimate(
            "echo",
            "Points an answer moves per point that the answer before was above its item's mean.",
        ),
        *numbers(
            echo_plain="Echo without the correction for the length of sessions: too low.",
        ),
        *estimate("drift", "Points that answers move in ten positions."),
        *estimate("history", "Points an answer moves per point of the mean of all earlier items."),
        *numbers(
            reliability="Reliability of item means in the other sessions; below 0.2, there is no "
            "carry_over and no history."
        ),
        *(
            Column(f"{name}_{part}", NUMBER, meaning)
            for name, meaning in (
                ("ok", "Share of usable answers in this third of the sessions."),
                ("sd", "SD of the ratings within this third of a session, in points."),
                ("r", "Correlation of single ratings in this third with human means."),
            )
            for part in PARTS
        ),
        REASON,
    ),
)

PARTICIPANTS = Table(
    "statistics/participants.parquet",
    "a participant, or a session, on a scale of numbers",
    (
        *CELL,
        Column("participant", COUNT, "Number of the participant, from 0."),
        Column("session", COUNT, "Number of the session, from 0; null outside sessions."),
        Column("persona", TEXT, "Persona of the participant."),
        Column("n_answers", COUNT, "Answers."),
        Column("n_ok", COUNT, "Those that are ratings."),
        *shared("Mean and SD (n − 1) of the ratings, in points.", "mean", "sd"),
        *numbers(
            r_human="Correlation of the ratings with human means.",
            r_others="Correlation of the ratings with the means of the other participants.",
        ),
        Column("low", pa.bool_(), "Whether r_others is below .1; nobody is left out for it."),
        REASON,
    ),
)
