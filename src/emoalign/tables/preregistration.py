"""The tables of a preregistration: each key then and now, and the answers there by then."""

from __future__ import annotations

import pyarrow as pa

from emoalign.tables.contract import COUNT, MODEL, PROTOCOL, TEXT, Column, Table

PREREGISTRATION = Table(
    "statistics/preregistration.parquet",
    "a key of what was preregistered",
    (
        Column("key", TEXT, "Key, such as `protocols.sheet.participants`."),
        Column(
            "frozen",
            TEXT,
            "Its value in the preregistration; of long ones the start of their sha256; null if it "
            "was not there.",
        ),
        Column("present", TEXT, "Its value now, likewise."),
        Column(
            "changed",
            pa.bool_(),
            "Whether the value now differs from the preregistration with its amendments.",
        ),
        Column("amended", TEXT, "Date of the last amendment of the key; null without one."),
    ),
)

PREREGISTRATION_ANSWERS = Table(
    "statistics/preregistration_answers.parquet",
    "a model under a protocol, when the study was preregistered or amended",
    (
        Column("date", TEXT, "Date of the preregistration or amendment."),
        Column("amendment", COUNT, "Number of the amendment; 0 for the preregistration."),
        MODEL,
        PROTOCOL,
        Column("planned", pa.int64(), "Answers planned; null for recorded ratings."),
        Column("held", pa.int64(), "Of these, answers already in the journal."),
    ),
)
