"""The table of all that is rated in sessions, practice included."""

from __future__ import annotations

from emoalign.tables.contract import CELL, COUNT, ITEM, NUMBER, TEXT, Column, Table

TRIALS = Table(
    "trials/<model>/<protocol>/<dataset>/<scale>.parquet",
    "an answer in a session, practice included, on a scale",
    (
        *(column for column in CELL if column.name != "readout"),
        Column("session", COUNT, "Session of the answer, from 0."),
        Column("position", COUNT, "Place in the session, from 1."),
        Column("kind", TEXT, "`practice` or `item`."),
        Column(ITEM.name, ITEM.type, "Id of the item; null for practice."),
        Column("form", TEXT, "Prompt set of the session, as in the ratings."),
        Column("status", TEXT, "One of the statuses above."),
        Column("rating", NUMBER, "The rating on the card's scale; null unless ok."),
        Column("request_id", TEXT, "sha256 of the request."),
    ),
)
