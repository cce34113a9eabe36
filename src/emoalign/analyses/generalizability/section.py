"""Generalizability of item means, and what other ways of asking would buy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.generalizability.advice import Way, best, cheapest, ways
from emoalign.report.grid import (
    Column,
    Row,
    between,
    bounded,
    count,
    grid,
    model_column,
    reason,
    scale_column,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import GENERALIZABILITY, groups, records
from emoalign.wording import ABSENT, coefficient, span

CELL = ["model", "dataset", "scale", "protocols"]


def _view(results: Results) -> View | Absent:
    rows = results.table(GENERALIZABILITY)
    if rows.empty:
        return Absent(
            "No model was asked on a numerical scale in several forms or waves, or in sessions, so "
            "that generalizability cannot be told."
        )
    if rows["g"].isna().all():
        why = "; ".join(dict.fromkeys(rows["reason"].dropna()))
        return Absent(f"Generalizability cannot be told: {why}.")
    asked, possible = rows[rows["protocol"].notna()], rows[rows["protocol"].isna()]
    one_wave = possible[possible["n_waves"] == 1]
    own = pd.DataFrame(list(_advised(asked, one_wave)))
    designs = pd.DataFrame(list(_designs(one_wave)))
    answers = sorted(map(float, one_wave["n_answers"].unique()))
    return View(
        {
            "own": grid(
                "generalizability-table",
                "Generalizability of item means",
                own,
                _own_columns(results.job),
                GENERALIZABILITY,
            ),
            "designs": grid(
                "designs-table",
                "Generalizability of other ways of asking",
                designs,
                _design_columns(results.job, answers),
                GENERALIZABILITY,
            ),
            "same_price": _same_price(one_wave),
            "forms": bool((rows["n_forms"] > 1).any()),
        },
        methods=list(_methods(rows)),
    )


def _same_price(rows: pd.DataFrame) -> str | None:
    """What 20 answers are worth under one form and under four, over models and scales."""
    worth = {
        forms: rows.loc[rows["n_forms"].eq(forms) & rows["n_answers"].eq(answers), "g"]
        for forms, answers in ((1, 20), (4, 5))
    }
    if any(of.isna().all() for of in worth.values()):
        return None
    one, four = (span(worth[forms], bounded=True) for forms in (1, 4))
    return f"20 answers under one form have g = {one}; 5 answers under each of four, g = {four}"


def _advised(asked: pd.DataFrame, possible: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows of protocols, with what would be better."""
    by_cell = {key: ways(some) for key, some in groups(possible, CELL)}
    for row in records(asked):
        others = by_cell.get(tuple(str(row[name]) for name in CELL), [])
        own = Way(int(row["n_forms"]), float(row["n_answers"]), float(row["g"]))
        known = not np.isnan(own.g)
        yield {
            **row,
            "better": best(others, own) if known else None,
            "cheaper": cheapest(others, own) if known else None,
        }


def _designs(possible: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """A row for each number of forms, with g by the number of answers."""
    for key, some in groups(possible, [*CELL], sort=False):
        for n_forms, of_forms in some.groupby("n_forms"):
            by_answers = dict(zip(of_forms["n_answers"], of_forms["g"], strict=True))
            if not all(np.isnan(g) for g in by_answers.values()):
                columns = {_name(answers): g for answers, g in by_answers.items()}
                yield {**dict(zip(CELL, key, strict=True)), "n_forms": n_forms, **columns}


def _name(answers: float) -> str:
    return f"g_{answers:g}"


def _methods(rows: pd.DataFrame) -> Iterator[str]:
    facets = [name for name in ("form", "wave", "participant") if rows[name].notna().any()]
    weights = ", in which all forms weigh the same [@yates1934]" if "form" in facets else ""
    if facets:
        yield (
            "Generalizability of item means was derived from components of variance "
            "[@cronbach1972; @brennan2001; @searle1992]"
            f"{weights}: the coefficient g is the expected correlation of item means with those of "
            f"other {' and '.join(_plural(facets))}, Φ also counts as error what shifts "
            "all items alike. Intervals of g come from a jackknife over 50 groups of items."
        )


def _plural(facets: list[str]) -> list[str]:
    return [*(f"{facet}s" for facet in facets if facet != "participant"), "answers"]


def _way(name: str) -> Column:
    titles = {
        "better": (
            "Better, same price",
            "Forms × answers with the highest g among ways with no more answers per item.",
        ),
        "cheaper": (
            "As good, cheapest",
            "Forms × answers with the fewest answers per item whose g is at most .01 lower.",
        ),
    }
    title, meaning = titles[name]

    def shown(row: Row) -> str:
        way = row[name]
        return f"{way.named(short=True)}: {coefficient(way.g)}" if isinstance(way, Way) else ABSENT

    return Column(title, shown, meaning=meaning, optional=True)


def _own_columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        model_column(job),
        text("Protocol", "protocol"),
        scale_column(job),
        count("Items", "n_items", "Items with a rating."),
        count("Forms", "n_forms", "Forms (prompt sets) per item."),
        value(
            "Answers", "n_answers", "Per form; harmonic mean over items of those with a rating.", 1
        ),
        between(
            "g [95% CI]",
            "g",
            "g_low",
            "g_high",
            "Expected correlation of these item means with those from other forms and answers.",
            bounded=True,
        ),
        bounded("Φ", "phi", "The same, but what shifts all items alike counts as error, too."),
        _way("better"),
        _way("cheaper"),
        reason(),
    )


def _design_columns(job: ReportJob, answers: list[float]) -> tuple[Column, ...]:
    return (
        model_column(job),
        *([text("Protocols", "protocols")] if len(job.protocols) > 1 else []),
        scale_column(job),
        count("Forms", "n_forms", "Forms (prompt sets) per item."),
        *(
            bounded(
                f"{each:g} answer{'s' * (each != 1)} each",
                _name(each),
                f"g with {each:g} answer{'s' * (each != 1)} per form.",
            )
            for each in answers
        ),
    )


SECTION = Section(
    id="generalizability",
    heading="How many forms and answers does it take?",
    label="Generalizability",
    view=_view,
)
