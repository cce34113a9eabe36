"""Every kind of figure, of few models and of many, as it is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from emoalign.analyses.catalogue import FIGURES
from emoalign.figures.drawing import Subject, pages, subjects
from emoalign.figures.figure_job import FigureJob
from emoalign.figures.planned import PlannedFigure, planned_figures
from emoalign.figures.style import style
from emoalign.planning.jobs import reported
from tests.kit.drawn import drawable, several_models
from tests.kit.pages import problems

MODELS = (1, 2, 3, 10, 20)
KINDS = (
    "correlations",
    "heatmap",
    "means",
    "temperatures",
    "wordings",
    "robustness",
    "spread",
    "entropy",
    "calibration",
    "frameworks",
    "v-shape",
    "arousal-errors",
    "similarity",
)
COMPUTED = 4
"""Models whose tables are computed; further ones have the same numbers."""

COMPARING = ("correlations", "heatmap", "temperatures", "wordings")
"""Kinds of many models under several protocols."""

LOOKED_AT = 2
"""Pages of a figure, from its beginning and from its end."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, FigureJob]:
    """The tables of a study of a few models, and the job of its figures."""
    folder = tmp_path_factory.mktemp("several")
    study = several_models(folder, COMPUTED)
    return folder, drawable(folder, reported(study).drawing())


@pytest.fixture(scope="module")
def read(results: tuple[Path, FigureJob]) -> dict[str, tuple[PlannedFigure, Subject]]:
    """The figures of the study by kind, of one scale each, with what they are drawn from."""
    folder, job = results
    return {
        planned.kind.name: (planned, subject)
        for planned, subject in subjects(FIGURES, job, folder)
        if planned.scale in (None, "valence")
    }


def drawn(planned: PlannedFigure, subject: Subject, n: int) -> Sequence[Figure]:
    """The pages of a figure of so many models."""
    names = list(subject.job.models)
    of = {f"m{place:02d}": names[place % COMPUTED] for place in range(n)}
    titles = {name: f"{subject.job.models[known][:-2]} {name}" for name, known in of.items()}
    job = subject.job.model_copy(update={"models": titles})
    few = n > 3 and planned.kind.name not in COMPARING
    tables = {name: of_models(table, of, few) for name, table in subject.tables.items()}
    with style():
        return pages(replace(planned, job=job), replace(subject, job=job, tables=tables))


def of_models(table: pd.DataFrame, of: Mapping[str, str], few: bool) -> pd.DataFrame:
    """The rows of people, and for each model those of the one it is like; of its first protocol
    alone where that is enough."""
    if "model" not in table:
        return table
    if few:
        table = table[table["protocol"].isna() | (table["protocol"] == "rating-sheet")]
    parts = [table[table["model"].isna()]]
    parts += [table[table["model"] == known].assign(model=name) for name, known in of.items()]
    return pd.concat(parts, ignore_index=True)


def test_all_kinds_of_numbers_are_looked_at(
    read: dict[str, tuple[PlannedFigure, Subject]],
) -> None:
    assert set(read) == set(KINDS)


@pytest.mark.parametrize("n", MODELS)
@pytest.mark.parametrize("kind", KINDS)
def test_text_is_legible_stays_on_the_page_and_overlaps_nothing(
    read: dict[str, tuple[PlannedFigure, Subject]], kind: str, n: int
) -> None:
    made = drawn(*read[kind], n)
    assert made
    seen = made if len(made) <= 2 * LOOKED_AT else [*made[:LOOKED_AT], *made[-LOOKED_AT:]]
    with style():
        assert [found for page in seen for found in problems(page)] == []


@pytest.mark.parametrize("kind", ["means", "entropy", "v-shape"])
def test_both_axes_of_a_scatter_have_the_same_ticks(
    read: dict[str, tuple[PlannedFigure, Subject]], kind: str
) -> None:
    [*_, page] = drawn(*read[kind], 2)
    for axis in page.axes:
        if axis.axison:
            np.testing.assert_allclose(axis.get_xticks(), axis.get_yticks())
            assert axis.get_xlim() == axis.get_ylim()


@pytest.mark.parametrize("kind", ["temperatures", "wordings"])
def test_only_what_is_a_number_is_joined_by_lines(
    read: dict[str, tuple[PlannedFigure, Subject]], kind: str
) -> None:
    page, *_ = drawn(*read[kind], 3)
    of_models = [
        line
        for axis in page.axes
        for line in axis.lines
        if line.get_marker() != "None" and len(np.asarray(line.get_xdata())) > 1
    ]
    assert of_models
    assert {line.get_linestyle() == "None" for line in of_models} == {kind == "wordings"}


def test_one_model_or_one_scale_is_no_heat_map(results: tuple[Path, FigureJob]) -> None:
    _, job = results
    assert "heatmap" in paths(job)
    one = dict(list(job.models.items())[:1])
    assert "heatmap" not in paths(job.model_copy(update={"models": one}))
    assert "heatmap" not in paths(job.within("words", "valence"))


def paths(job: FigureJob) -> set[str]:
    return {figure.path for figure in planned_figures(FIGURES, job)}
