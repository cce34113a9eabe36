"""The preregistration of the study, and where the study departs from it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from emoalign.report.grid import Column, Row, count, grid, text
from emoalign.report.section import Results, Section, View
from emoalign.tables import PREREGISTRATION, PREREGISTRATION_ANSWERS, groups
from emoalign.wording import counted, listed

FEW = 8
"""Keys that a sentence names; the table has all."""

CONFIRMATORY = "tests.confirmatory."
"""The start of the keys of tests that may confirm; what each tests is next."""


def _view(results: Results) -> View:
    keys, answers = results.table(PREREGISTRATION), results.table(PREREGISTRATION_ANSWERS)
    answers = answers.sort_values("amendment", kind="stable", ignore_index=True)
    shown = keys[keys["changed"] | keys["amended"].notna()]
    sentences = _sentences(keys, answers)
    return View(
        {
            "said": " ".join(sentences),
            "tests": _tests(keys),
            "amended": bool(answers["amendment"].max()),
            "changed": None
            if shown.empty
            else grid("preregistration-table", "Changes", shown, _key_columns(), PREREGISTRATION),
            "answers": grid(
                "preregistration-answers-table",
                "Answers before the preregistration",
                answers,
                _answer_columns(),
                PREREGISTRATION_ANSWERS,
            ),
        },
        findings=[[" ".join(sentences)]],
        methods=[" ".join([*sentences, _tests(keys)])],
    )


def _sentences(keys: pd.DataFrame, answers: pd.DataFrame) -> list[str]:
    """When the study was preregistered and amended, what was there by then, what differs."""
    first = answers[answers["amendment"] == 0]
    said = [f"The study was preregistered on {first['date'].iloc[0]}{_by_then(first)}."]
    for (_,), rows in groups(answers[answers["amendment"] > 0], ["amendment"]):
        date = rows["date"].iloc[0]
        said.append(f"It was amended on {date}{_by_then(rows)}.")
    differ = list(keys.loc[keys["changed"], "key"])
    stated = "what was stated" if len(said) > 1 else "the preregistration"
    if not differ:
        said.append(f"It does not differ from {stated}.")
    else:
        keys_differ = "This key differs" if len(differ) == 1 else "These keys differ"
        said.append(f"{keys_differ} from {stated}: {_some(differ)}.")
    return said


def _by_then(rows: pd.DataFrame) -> str:
    """How many answers were there."""
    asked = rows.dropna(subset=["planned"])
    if asked.empty:
        return "; its ratings are recorded, and no model is asked"
    held, planned = int(asked["held"].sum()), int(asked["planned"].sum())
    if not held:
        return f", before any of {planned:,} planned answers had been collected"
    return f", when {held:,} of {planned:,} planned answers had been collected"


def _some(keys: Sequence[str]) -> str:
    if len(keys) <= FEW:
        return listed(keys)
    return f"{', '.join(keys[:FEW])} and {counted(len(keys) - FEW, 'more key')}"


def _tests(keys: pd.DataFrame) -> str:
    """What the preregistration says of the tests that the report calls confirmatory.

    Those that it does not have may only describe, whatever they are in other studies.
    """
    of_tests = keys[keys["key"].str.startswith(CONFIRMATORY)]
    tests = of_tests["key"].str.removeprefix(CONFIRMATORY).str.split(".").str[0]
    frozen = list(dict.fromkeys(tests[of_tests["frozen"].notna()]))
    later = [test for test in dict.fromkeys(tests) if test not in frozen]
    if not frozen and not later:
        return ""
    said = "No test was preregistered as confirmatory."
    if frozen:
        said = f"These tests were preregistered as confirmatory: {'; '.join(frozen)}."
    if later:
        said += f" These were not preregistered and describe: {'; '.join(later)}."
    return said


def _key_columns() -> tuple[Column, ...]:
    def status(row: Row) -> str:
        if not row["changed"]:
            return "as amended"
        return "differs from the amendment" if isinstance(row["amended"], str) else "differs"

    return (
        text("Key", "key"),
        text("Preregistered", "frozen", "Nothing stands where it was not there."),
        text("Now", "present", "Nothing stands where it is gone."),
        text("Amended on", "amended"),
        Column("Status", status, None, numeric=False),
    )


def _answer_columns() -> tuple[Column, ...]:
    return (
        text("Date", "date"),
        count("Amendment", "amendment", "0: the preregistration."),
        text("Model", "model"),
        text("Protocol", "protocol"),
        count("Planned", "planned", "Answers planned; none for recorded ratings."),
        count("In the journal", "held", "Answers that had been collected by then."),
    )


SECTION = Section(
    id="preregistration",
    heading="Is the study the one that was preregistered?",
    label="Preregistration",
    view=_view,
    about=True,
)
