"""Every kind of figure, of few models and of many, as it is printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from emoalign.analyses.alignment.heatmap import draw as draw_heatmap
from emoalign.analyses.catalogue import FIGURES
from emoalign.figures.drawing import Subject, pages, subjects
from emoalign.figures.figure_job import FigureJob, ShownDataset
from emoalign.figures.planned import PlannedFigure, planned_figures
from emoalign.figures.style import PEOPLE, style
from emoalign.planning.jobs import reported
from emoalign.study.scales import HumanScale
from emoalign.tables import ALIGNMENT, CALIBRATION_CURVES, FRAMEWORK, ITEMS, RELIABILITY
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
    "specifications",
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

COMPARING = ("correlations", "heatmap", "specifications", "temperatures", "wordings")
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


NINE = HumanScale.model_validate({"min": 1, "max": 9, "direction": "higher is more positive"})


def heat_map(datasets: Mapping[str, Sequence[str]], n: int) -> Sequence[Figure]:
    """The heat map of `n` models on the scales of datasets, which are known by their titles."""
    rng = np.random.default_rng(0)
    shown = {
        title: ShownDataset(
            title=title, modality="word", show_items=True, scales=dict.fromkeys(scales, NINE)
        )
        for title, scales in datasets.items()
    }
    models = {f"m{place:02d}": f"Llama 3.1 8B Instruct {place}" for place in range(n)}
    places = [(title, scale) for title, scales in datasets.items() for scale in scales]
    cells = [
        {"model": model, "protocol": "p", "readout": readout, "dataset": title, "scale": scale}
        | {"pearson_r": rng.uniform(-0.2, 0.95)}
        for model in models
        for readout in ("exact", "sampled")
        for title, scale in places
    ]
    human = [
        {"dataset": title, "scale": scale, "ceiling": 0.95, "one_human_r": 0.6}
        | {"one_rating_r": np.nan}
        for title, scale in places
    ]
    job = FigureJob(models=models, datasets=shown, figures=None, protocols={}, seed=1)
    tables = {ALIGNMENT.path: pd.DataFrame(cells), RELIABILITY.path: pd.DataFrame(human)}
    with style():
        return draw_heatmap(Subject(job, tables))


@pytest.mark.parametrize(
    ("datasets", "n"),
    [
        ({"VADER lexicon": ["valence"], "ANEW with discrete emotions": ["arousal", "fear"]}, 2),
        (
            {f"Sentences of newspaper editorials {place}": ["valence"] for place in range(14)},
            3,
        ),
        ({"Scales": [f"a_scale_of_number_{place}" for place in range(35)]}, 20),
    ],
)
def test_the_names_of_a_heat_map_fit_and_take_less_room_than_the_map(
    datasets: Mapping[str, Sequence[str]], n: int
) -> None:
    made = heat_map(datasets, n)
    with style():
        assert [found for page in (made[0], made[-1]) for found in problems(page)] == []
    for page in made:
        box = page.axes[0].get_position()
        names = [label.get_window_extent() for label in page.axes[0].get_xticklabels()]
        assert max(name.height for name in names) <= box.height * page.bbox.height


def legend(page: Figure) -> list[str]:
    """The entries of all legends of a page."""
    legends = [*page.legends, *(axis.get_legend() for axis in page.axes)]
    return [text.get_text() for one in legends if one for text in one.get_texts()]


def changed(
    read: dict[str, tuple[PlannedFigure, Subject]], kind: str, path: str, **columns: object
) -> list[str]:
    """The legend of the first page of a figure, with other values in columns of one table."""
    planned, subject = read[kind]
    tables = dict(subject.tables)
    tables[path] = tables[path].assign(**columns)
    return legend(drawn(planned, replace(subject, tables=tables), 2)[0])


def test_legends_have_what_is_shown_and_nothing_else(
    read: dict[str, tuple[PlannedFigure, Subject]],
) -> None:
    listed = legend(drawn(*read["correlations"], 2)[0])
    assert listed == ["r, sampled", "one rating", "ceiling"]
    gone = dict.fromkeys(("ceiling", "one_rating_r"), np.nan)
    assert changed(read, "correlations", ALIGNMENT.path, **gone) == ["r, sampled"]
    assert changed(read, "correlations", ALIGNMENT.path, readout="exact")[0] == "r, exact"
    assert "SD of fewer than 5, which is not in the box" in legend(drawn(*read["spread"], 2)[0])
    assert changed(read, "spread", ITEMS.path, n_ok=8) == []
    checks = legend(drawn(*read["robustness"], 2)[0])
    assert "answers on the scale" not in checks, "only exact probabilities lie off the scale"
    assert {"lowest", "negative", "enough answers"} <= set(checks)
    assert not {"exact probabilities", "sampled answers"} & set(
        legend(drawn(*read["wordings"], 2)[0])
    ), "there is one readout"
    dimensions = changed(read, "frameworks", FRAMEWORK.path, r_emotions=np.nan)
    assert dimensions == ["dimensions"]


def test_boxes_hold_no_sd_of_few_ratings(
    read: dict[str, tuple[PlannedFigure, Subject]],
) -> None:
    planned, subject = read["spread"]
    items = subject.rows(ITEMS)
    few = items.assign(n_ok=np.where(items["item_id"] < "item-010", 2, 8))
    few["sd"] = np.where(items["item_id"] < "item-010", 4.0, 1.0)
    changed_tables = {**subject.tables, ITEMS.path: few}
    [page] = drawn(planned, replace(subject, tables=changed_tables), 1)
    [axis] = page.axes
    box = {
        float(end)
        for line in axis.lines
        if line.get_color() != PEOPLE and line.get_marker() != "D"
        for end in np.asarray(line.get_xdata())
    }
    assert box == {1.0}
    clouds = [one for one in axis.collections if isinstance(one, PathCollection)]
    open_points = [
        one for one in clouds if not len(one.get_facecolors()) and len(one.get_offsets())
    ]
    assert open_points
    assert all((np.asarray(one.get_offsets())[:, 0] == 4.0).all() for one in open_points)
    assert "2 to 8 ratings per item" in axis.get_yticklabels()[1].get_text()


def test_calibration_curves_share_axes_that_their_shares_fill_beside_the_human_average(
    read: dict[str, tuple[PlannedFigure, Subject]],
) -> None:
    planned, subject = read["calibration"]
    curves = subject.rows(CALIBRATION_CURVES)
    shares = ["predicted", "human", "human_low", "human_high"]
    small = curves.assign(**{name: curves[name] / 4 for name in shares})
    made = drawn(
        planned, replace(subject, tables={**subject.tables, CALIBRATION_CURVES.path: small}), 2
    )
    limits = {axis.get_xlim() for page in made for axis in page.axes if axis.axison}
    assert len(limits) == 1
    assert 0.9 * small["predicted"].max() < limits.pop()[1] <= 1.1 * small["predicted"].max()
    axis = made[0].axes[0]
    step = np.diff(axis.get_xticks())[0]
    assert np.diff(axis.get_yticks()) == pytest.approx(step)
    crosses = [line for line in axis.lines if line.get_marker() == "x"]
    known = small[(small["method"] == "marginal") & (small["model"] == "m00")]
    [(_, first), *_] = known.groupby("protocol")
    np.testing.assert_allclose(np.sort(crosses[0].get_xdata()), np.sort(first["predicted"]))
    assert "human average: " in axis.get_title()


def test_items_with_more_answers_have_larger_points(
    read: dict[str, tuple[PlannedFigure, Subject]],
) -> None:
    planned, subject = read["means"]
    items = subject.rows(ITEMS).copy()
    items["n_ok"] = np.where(items["item_id"] == "item-003", 2, 8)
    page = drawn(planned, replace(subject, tables={**subject.tables, ITEMS.path: items}), 1)[0]
    [cloud] = [one for one in page.axes[0].collections if isinstance(one, PathCollection)]
    sizes = np.asarray(cloud.get_sizes())
    assert sorted({*np.round(sizes / sizes.max(), 6)}) == [0.25, 1.0]
    assert "2 to 8 answers each" in page.axes[0].get_title()


@pytest.mark.parametrize("n", [1, 20])
@pytest.mark.parametrize("kind", ["correlations", "temperatures", "wordings"])
def test_figures_of_a_single_scale_are_legible_too(
    read: dict[str, tuple[PlannedFigure, Subject]], kind: str, n: int
) -> None:
    planned, subject = read[kind]
    one = {
        name: table[table["scale"] == "valence"] if "scale" in table else table
        for name, table in subject.tables.items()
    }
    made = drawn(planned, replace(subject, tables=one), n)
    with style():
        assert [found for page in made for found in problems(page)] == []
