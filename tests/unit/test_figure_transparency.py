"""The figure of transparency: every label has a name, and no name hides anything."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from emoalign.analyses.transparency.analysis import GradientJob
from emoalign.analyses.transparency.figure import draw
from emoalign.analyses.transparency.gradients import gradient_rows
from emoalign.figures.drawing import Subject, save
from emoalign.figures.figure_job import FigureJob, ShownDataset
from emoalign.figures.point_names import POINT, name_points, places
from emoalign.figures.style import style
from emoalign.study.scales import LabelScale
from emoalign.tables import LABELS, TRANSPARENCY, TRANSPARENCY_GRADIENT
from tests.kit.pages import problems

NAMES = tuple(f"emotion {place}" for place in range(28))
GRADIENT = GradientJob(permutations=99, bootstrap_resamples=200, seed=1)


def overlap(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one[:2] < other[2:] - 1e-6).all() and (other[:2] < one[2:] - 1e-6).all())


@pytest.mark.parametrize("seed", range(5))
def test_no_name_touches_another_or_any_point_or_the_frame(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(20, 180, (28, 2))
    sizes = np.column_stack((rng.uniform(12, 45, 28), np.full(28, 7.0)))
    boxed = places(points, sizes, (0, 0, 220, 200))
    boxes = [np.array(box) for box in boxed if box is not None]
    assert len(boxes) >= 26
    assert not any(overlap(*pair) for pair in combinations(boxes, 2))
    marks = np.column_stack((points - POINT, points + POINT))
    assert not any(overlap(box, mark) for box in boxes for mark in marks)
    assert all((box >= 0).all() and (box[2:] <= (220, 200)).all() for box in boxes)


def test_a_name_without_room_is_left_out_and_told() -> None:
    figure = Figure(figsize=(1, 1), layout="constrained")
    axis = figure.subplots()
    axis.plot([0, 1], [0, 1], "o")
    figure.draw_without_rendering()
    assert name_points(axis, [0, 1], [0, 1], ["x" * 80, "y"]) == ["x" * 80]
    assert [text.get_text() for text in axis.texts] == ["y"]
    assert name_points(axis, [], [], []) == []


def subject(models: int, *, embedding: bool = True) -> Subject:
    rng = np.random.default_rng(1)
    t = rng.random(len(NAMES))
    transparency = pd.DataFrame(
        {
            "dataset": "d",
            "scale": "emotions",
            "label": NAMES,
            "prevalence": rng.uniform(0.01, 0.2, len(NAMES)),
            "n_texts": 50,
            "e": t if embedding else np.nan,
            "l": t,
            "t": t if embedding else np.nan,
            "probe_auc": 0.5 + t / 2,
            "reason": None,
        }
    )
    titles = {f"m{place}": f"Model {place}" for place in range(models)}
    labels = pd.concat(
        [
            pd.DataFrame(
                {
                    "model": model,
                    "protocol": "p",
                    "dataset": "d",
                    "scale": "emotions",
                    "readout": "sampled",
                    "label": NAMES,
                    "spearman_rho": t * 0.5 + rng.normal(0, 0.1, len(NAMES)),
                }
            )
            for model in titles
        ]
    )
    shown = ShownDataset(
        title="D",
        modality="sentence",
        show_items=True,
        scales={},
        labels={"emotions": LabelScale(kind="labels", labels=NAMES)},
    )
    job = FigureJob(models=titles, datasets={"d": shown}, figures=None, protocols={}, seed=1)
    gradients = gradient_rows(transparency, labels, GRADIENT)
    tables = {LABELS: labels, TRANSPARENCY: transparency, TRANSPARENCY_GRADIENT: gradients}
    return Subject(job, {kind.path: rows for kind, rows in tables.items()}, "d", "emotions")


def named(figure: Figure) -> list[list[Text]]:
    return [[text for text in axis.texts if text.get_text()] for axis in figure.axes]


def test_every_panel_names_every_label_and_names_do_not_collide(tmp_path: Path) -> None:
    with style():
        pages = draw(subject(7))
        panels = [[axis for axis in page.axes if axis.axison] for page in pages]
        assert list(map(len, panels)) == [4, 3]
        for panel in [panel for page in pages for panel in named(page) if panel]:
            assert sorted(text.get_text() for text in panel) == sorted(NAMES)
            boxes = [text.get_window_extent().extents for text in panel]
            assert not any(overlap(*pair) for pair in combinations(boxes, 2))
        save(pages, tmp_path / "transparency")
    assert (tmp_path / "transparency.png").stat().st_size > 10_000


def test_without_an_embedding_model_labels_are_ordered_by_the_probe() -> None:
    with style():
        [page] = draw(subject(1, embedding=False))
    assert page._supxlabel.get_text().startswith("AUC of the probe")  # type: ignore[attr-defined]
    assert "gradient" in page.axes[0].get_title()


def test_a_cell_without_any_label_says_so() -> None:
    usual = subject(1)
    usual.tables[LABELS.path]["spearman_rho"] = np.nan
    empty = gradient_rows(usual.rows(TRANSPARENCY), usual.rows(LABELS), GRADIENT)
    tables = {**usual.tables, TRANSPARENCY_GRADIENT.path: empty}
    with style():
        [page] = draw(Subject(usual.job, tables, "d", "emotions"))
    heading = page.axes[0].get_title().replace("\n", " ")
    assert "no gradient: only 0 labels with both values (5 are needed)" in heading


@pytest.mark.parametrize("models", [1, 2, 3, 10, 20])
def test_text_is_legible_stays_on_the_page_and_overlaps_nothing(models: int) -> None:
    with style():
        pages = draw(subject(models))
        assert [found for page in (pages[0], pages[-1]) for found in problems(page)] == []
