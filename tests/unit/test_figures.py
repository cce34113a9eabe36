"""What figures show: panels, names, lines, and words where there is nothing to show."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from scipy import stats
from scipy.spatial import distance

from emoalign.analyses.alignment.curves import ratios
from emoalign.analyses.alignment.heatmap import columns_of_pages
from emoalign.analyses.catalogue import FIGURES
from emoalign.figures.drawing import PICTURE_PAGES, Subject, draw_figures, drawing, save, subjects
from emoalign.figures.drawing import pages as pages_of_figure
from emoalign.figures.figure_job import FigureJob, varying
from emoalign.figures.panels import pages_of, panels, round_ticks
from emoalign.figures.planned import planned_figures
from emoalign.figures.style import PALETTE, model_marks, style, wrapped
from emoalign.planning.jobs import (
    reported,
)
from emoalign.planning.studies import (
    LoadedStudy,
)
from emoalign.report.section import Results
from emoalign.tables import (
    ALIGNMENT,
    AROUSAL,
    FRAMEWORK,
    ITEMS,
    RELIABILITY,
    RESIDUALS,
    ROBUSTNESS,
    SIMILARITY,
    STRUCTURE,
)
from emoalign.wording import coefficient, number, with_p
from tests.kit.drawn import SCALES, drawable, subject, write_study
from tests.kit.drawn import study as drawn_study
from tests.kit.stages import compare_cells

N = 40
PROTOCOLS = {
    "T0.5": {"temperature": 0.5},
    "T1.0": {},
    "adults": {"prompts": "to-persona", "personas": "adults"},
    "kindly": {"prompts": "kind"},
}
STUDY = drawn_study(protocols=PROTOCOLS)


def drawing_of(study: LoadedStudy) -> FigureJob:
    """The job of all figures of a study."""
    return reported(study).drawing()


JOB = drawing_of(STUDY)
HIDDEN = drawing_of(drawn_study(protocols=PROTOCOLS, show_items=False))
STUDY_A: set[str] = {
    "correlations",
    "heatmap",
    "means",
    "robustness",
    "spread",
    "frameworks",
    "v-shape",
    "arousal-errors",
    "similarity",
    "temperatures",
    "personas",
    "wordings",
}
KINDS = {kind.name: kind for kind in FIGURES}
EVIL = "$x_{ <b>"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models, four protocols, two dimensions and four emotions."""
    folder = tmp_path_factory.mktemp("study")
    write_study(folder, STUDY, N, texts=EVIL)
    return folder


@pytest.fixture(scope="module")
def drawn(study: Path) -> Callable[..., list[Figure]]:
    """Draws figures of the study."""

    def draw(figure: str, scale: str | None = None, job: FigureJob = JOB) -> list[Figure]:
        with style():
            return list(drawing(KINDS[figure])(subject(study, job, figure, scale)))

    return draw


def axes(pages: Iterable[Figure]) -> list[Axes]:
    """The panels with something in them."""
    return [axis for page in pages for axis in page.axes if axis.axison]


def texts(pages: Iterable[Figure]) -> str:
    """Everything that is written."""
    return "\n".join(str(text.get_text()) for page in pages for text in page.findobj(Text))


def points(axis: Axes) -> np.ndarray:
    """The points of a scatter, shape (n, 2)."""
    [cloud] = [drawn for drawn in axis.collections if isinstance(drawn, PathCollection)]
    return np.asarray(cloud.get_offsets())


def rows(study: Path, kind: str, scale: str | None = None) -> Subject:
    return subject(study, JOB, kind, scale)


def test_all_figures_of_a_job_are_written_as_pdf_and_png(study: Path, tmp_path: Path) -> None:
    possible = drawable(study, JOB)
    assert set(possible.figures or ()) >= STUDY_A
    for table in ("statistics", "items", "stimuli"):
        shutil.copytree(study / table, tmp_path / table)
    job = JOB.model_copy(update={"figures": ("heatmap", "spread")})
    draw_figures(FIGURES, job, tmp_path)
    drawn = {
        path.relative_to(tmp_path / "figures"): path.read_bytes()
        for path in (tmp_path / "figures").rglob("*.*")
    }
    assert len(drawn) == 2 * (1 + len(SCALES))
    assert drawn[Path("heatmap.pdf")].startswith(b"%PDF")
    with Image.open(tmp_path / "figures/words/fear/spread.png") as picture:
        assert picture.format == "PNG"
        assert round(picture.info["dpi"][0]) == 300
    draw_figures(FIGURES, job.within("words", "fear"), tmp_path)
    again = (tmp_path / "figures/words/fear/spread.pdf").read_bytes()
    assert again == drawn[Path("words/fear/spread.pdf")], "no date, no chance"


def test_means_have_a_panel_per_cell_with_every_item_in_its_place(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    panels_of_cells = axes(drawn("means", "fear"))
    items = rows(study, "means", "fear").rows(ITEMS)
    cells = list(items.groupby(["model", "protocol", "readout"]))
    assert len(panels_of_cells) == len(cells) == 2 * len(PROTOCOLS)
    for axis, (key, cell) in zip(panels_of_cells, cells, strict=True):
        expected = cell[["human_mean", "mean"]].to_numpy()
        np.testing.assert_allclose(np.sort(points(axis), axis=0), np.sort(expected, axis=0))
        r = stats.pearsonr(cell["human_mean"], cell["mean"]).statistic
        assert axis.get_title().startswith(
            f"Model {key[0]}\n{key[1]}, sampled answers\nr = {coefficient(r)}"
        )


def test_items_are_named_by_their_text_as_it_is_or_by_id_where_it_may_not_be_shown(
    drawn: Callable[..., list[Figure]],
) -> None:
    for kind, scale in (("means", "fear"), ("arousal-errors", None)):
        assert "$x_{ <b>" in texts(drawn(kind, scale))
        hidden = texts(drawn(kind, scale, HIDDEN))
        assert "<b>" not in hidden
        assert "item-00" in hidden


def test_no_text_of_a_stranger_is_taken_for_a_formula(
    drawn: Callable[..., list[Figure]],
) -> None:
    """Matplotlib would stop at a formula that does not end."""
    model = JOB.model_copy(update={"models": {"m1": "A $\\frac model", "m2": "B"}})
    for kind in ("means", "correlations", "temperatures"):
        scale = "fear" if kind == "means" else None
        pages = drawn(kind, scale, model)
        assert "$\\frac" in texts(pages)
        with style():
            pages[0].draw_without_rendering()


def test_the_worst_items_of_arousal_are_those_of_the_table(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    residuals = rows(study, "arousal-errors").rows(RESIDUALS)
    panels_of_cells = axes(drawn("arousal-errors", None, HIDDEN))
    cells = list(residuals.groupby(["model", "protocol", "readout"]))
    assert len(panels_of_cells) == 2 * len(cells)
    for axis, (_, worst) in zip(panels_of_cells[::2], cells, strict=True):
        named = [text.get_text() for text in axis.texts]
        assert named[0] == worst.sort_values("rank")["item_id"].iloc[0]
        assert set(named) <= set(worst["item_id"])


def test_errors_and_residuals_of_arousal_lie_where_the_table_says(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    left, right = axes(drawn("arousal-errors"))[:2]
    cell = rows(study, "arousal-errors").rows(AROUSAL).iloc[0]
    for axis, column in ((left, "error_arousal"), (right, "residual_human")):
        x, y = points(axis).T
        assert stats.pearsonr(x, y).statistic == pytest.approx(cell[column])
        assert f"r = {coefficient(cell[column])}, 95% CI [" in axis.get_title()


def test_the_v_of_arousal_is_that_of_people_first_then_of_each_cell(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    shown = axes(drawn("v-shape"))
    table = rows(study, "v-shape").rows(AROUSAL)
    assert len(shown) == 1 + len(table)
    for axis, r in zip(shown, [table["v_human"].iloc[0], *table["v_model"]], strict=True):
        valence, arousal = points(axis).T
        assert stats.pearsonr(np.abs(valence - 5), arousal).statistic == pytest.approx(r)
        x, y = axis.lines[0].get_data()
        line = stats.linregress(np.abs(valence - 5), arousal)
        assert list(x) == [1, 5, 9]
        assert list(y) == pytest.approx(list(line.intercept + line.slope * np.array([4, 0, 4])))
    assert shown[0].get_title().startswith("People\n")


def test_the_heat_map_says_the_numbers_of_the_table_beside_the_ceiling(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    pages = drawn("heatmap")
    table = rows(study, "heatmap").rows(ALIGNMENT)
    axis = pages[0].axes[0]
    names = [text.get_text() for text in axis.get_yticklabels()]
    # Who rated is not known there, and no row says person.
    assert names[:2] == ["ceiling", "one rating"]
    assert names[2:] == [f"Model {m}\n{p}" for m in ("m1", "m2") for p in sorted(PROTOCOLS)]
    scales = sorted(table["scale"].unique())
    assert [text.get_text() for text in axis.get_xticklabels()] == scales
    written = np.array([text.get_text() for text in axis.texts]).reshape(-1, 6)
    people = rows(study, "heatmap").rows(RELIABILITY).set_index("scale")
    for column, (scale, cells) in zip(written.T, table.groupby("scale"), strict=True):
        by_name = cells.sort_values(["model", "protocol"])
        expected = [*people.loc[scale, ["ceiling", "one_rating_r"]], *by_name["pearson_r"]]
        assert list(column) == [f"{value:.2f}".replace("0.", ".") for value in expected]


def test_correlations_stand_scale_by_scale_and_a_scale_is_named_again_on_the_next_page(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    pages = drawn("correlations")
    labels = [[text.get_text() for text in page.axes[0].get_yticklabels()] for page in pages]
    assert len(pages) == 2
    assert labels[0][:3] == ["Words: arousal", "Model m1, T0.5", "Model m1, T1.0"]
    written = [label for page in labels for label in page]
    table = rows(study, "correlations").rows(ALIGNMENT)
    assert len(written) == len(table) + table["scale"].nunique(), "no scale is divided"
    for place, cell in ((1, table.iloc[0]),):
        line = pages[0].axes[0].lines[3]
        assert pages[0].axes[0].texts[0].get_text() == str(cell["n_items"])
        assert list(line.get_xdata()) == [cell["pearson_low"], cell["pearson_high"]]
        assert list(line.get_ydata()) == [place, place]


def test_frameworks_are_compared_in_a_row_per_cell(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    means, differences = drawn("frameworks")[0].axes
    table = rows(study, "frameworks").rows(FRAMEWORK)
    assert len(means.get_yticklabels()) == len(table) == 2 * len(PROTOCOLS)
    pairs = [line.get_xdata() for line in means.lines[::3]]
    expected = table.sort_values(["datasets", "model", "protocol"])
    np.testing.assert_allclose(pairs, expected[["r_dimensions", "r_emotions"]])
    ends = [line.get_xdata() for line in differences.lines[:-1:2]]
    np.testing.assert_allclose(ends, expected[["difference_low", "difference_high"]])


def test_matrices_are_ranks_of_distances_in_one_order_for_all(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    pages = drawn("similarity")
    matrices = [np.asarray(axis.images[0].get_array()) for axis in axes(pages) if axis.images]
    assert len(matrices) == 2 + 2 * 2 * len(PROTOCOLS)
    similarity = rows(study, "similarity")
    people = similarity.rows(SIMILARITY).query("model.isna()")
    order = [people["item_a"].iloc[0], *people.query("place_a == 1")["item_b"]]
    items = ITEMS.read(study / "items/words.parquet").drop_duplicates(["item_id", "scale"])
    wide = items.pivot(index="item_id", columns="scale", values="human_mean").loc[order]
    apart = distance.pdist(wide[["arousal", "valence"]])
    ranks = distance.squareform(matrices[0], checks=False)
    assert stats.spearmanr(ranks, apart).statistic == pytest.approx(1)
    assert (ranks.min(), ranks.max()) == (0, 1)
    rho = similarity.rows(STRUCTURE).query("a == 'human dimensions' and b == 'model dimensions'")[
        "rho"
    ]
    titles = [axis.get_title() for axis in axes(pages) if "dimensions, ρ" in axis.get_title()]
    assert all(
        f"ρ = {coefficient(value)}" in title for value, title in zip(rho, titles, strict=True)
    )
    model = distance.squareform(matrices[2], checks=False)
    assert stats.spearmanr(model, ranks).statistic == pytest.approx(rho.iloc[0])


def test_curves_go_through_the_numbers_of_the_table_at_their_temperatures(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    first, second = drawn("temperatures")
    table = ratios(rows(study, "temperatures").rows(ALIGNMENT))
    shown = table[table["protocol"].isin(["T0.5", "T1.0"])]
    scales = sorted(shown["scale"].unique())
    for page, names in ((first, scales[:3]), (second, scales[3:])):
        for axis, scale in zip(page.axes[:3], names, strict=True):
            assert axis.get_title() == scale
            lines = [line for line in axis.lines if len(line.get_xdata()) == 2][-2:]
            for line, model in zip(lines, ("m1", "m2"), strict=True):
                cells = shown[(shown["scale"] == scale) & (shown["model"] == model)]
                np.testing.assert_allclose(line.get_xdata(), [0.5, 1.0], atol=0.05)
                expected = cells.sort_values("protocol")["pearson_r"]
                np.testing.assert_allclose(line.get_ydata(), expected)
        assert page.axes[3].get_xlabel() == "Sampling temperature"
    assert "Model m1" in texts([first])
    assert "sampled" not in texts([first]), "there is one readout"


def test_the_providers_own_sampling_stands_beside_the_temperatures_and_no_line_leads_to_it(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    own = {"T1.0": JOB.protocols["T1.0"].model_copy(update={"temperature": None})}
    job = JOB.model_copy(update={"protocols": {**JOB.protocols, **own}})
    page, *_ = drawn("temperatures", job=job)
    joined = [line for line in page.axes[0].lines if len(line.get_xdata()) == 2]
    assert not [line for line in joined if line.get_marker() not in ("None", "")]
    ticks = {text.get_text(): text.get_position()[0] for text in page.axes[3].get_xticklabels()}
    assert ticks == {"0.5": 0.5, "provider’s": 1.5}
    assert "provider’s" in texts([page])


def test_levels_of_thinking_are_no_temperatures() -> None:
    thinking = {"T1.0": JOB.protocols["T1.0"].model_copy(update={"thinking": "high"})}
    job = JOB.model_copy(update={"protocols": {**JOB.protocols, **thinking}})
    assert ("T0.5", "T1.0") in varying(JOB.protocols, "words", "temperature")
    assert varying(job.protocols, "words", "temperature") == []


def test_personas_stand_after_nobody_and_wordings_leave_personas_out(
    drawn: Callable[..., list[Figure]],
) -> None:
    ticks = [text.get_text() for text in drawn("personas")[0].axes[0].get_yticklabels()]
    assert ticks == ["T1.0", "kindly", "adults"]
    ticks = [text.get_text() for text in drawn("wordings")[0].axes[0].get_yticklabels()]
    assert ticks == ["T1.0", "kindly"]


def test_answers_that_are_all_the_same_have_a_ratio_of_zero() -> None:
    table = pd.DataFrame(
        {
            "log_rms_sd_ratio": [np.nan, np.nan, np.log(0.5)],
            "log_rms_sd_ratio_low": np.nan,
            "log_rms_sd_ratio_high": np.nan,
            "sd_model_rms": [0.0, np.nan, 0.5],
            "sd_human_rms": [1.0, 1.0, 1.0],
        }
    )
    np.testing.assert_allclose(ratios(table)["ratio"], [0.0, np.nan, 0.5])


def test_the_spread_figure_marks_the_root_mean_squares_that_are_compared(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    [axis] = drawn("spread", "fear")[0].axes
    table = rows(study, "means", "fear").rows(ALIGNMENT)
    cells = table.sort_values(["model", "protocol", "readout"])
    diamonds = [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(diamonds[1:], cells["sd_model_rms"])
    dashed = [one.get_segments()[0][0, 0] for one in axis.collections if is_lines(one)]
    np.testing.assert_allclose(dashed[1:], cells["sd_human_rms"])
    assert dashed[0] == diamonds[0], "people, beside themselves"


def is_lines(mark: object) -> bool:
    return isinstance(mark, LineCollection)


POOR = drawn_study(("arousal", "fear", "valence"), models=("m1",), protocols=PROTOCOLS)


@pytest.fixture(scope="module", params=["refused", "constant", "no people", "one item"])
def poor(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study in which most of the numbers cannot be computed."""
    folder = tmp_path_factory.mktemp("poor")
    write_study(folder, POOR, 1 if request.param == "one item" else N)
    items = ITEMS.read(folder / "items/words.parquet")
    changes: dict[str, dict[str, object]] = {
        "refused": {"mean": np.nan, "sd": np.nan, "n_ok": 0},
        "constant": {"mean": 5.0, "sd": 0.0},
        "no people": {"human_mean": np.nan, "human_sd": np.nan, "human_n": 0},
        "one item": {},
    }
    ITEMS.write(items.assign(**changes[request.param]), folder / "items/words.parquet")
    compare_cells(folder, POOR)
    return folder


def test_every_figure_of_a_poor_study_is_drawn_and_is_not_blank(poor: Path) -> None:
    for planned, drawn_from in subjects(FIGURES, drawable(poor, drawing_of(POOR)), poor):
        if planned.scale in (None, "arousal"):
            with style():
                pages = pages_of_figure(planned, drawn_from)
                for page in pages:
                    page.draw_without_rendering()
            assert (
                bool(pages)
                or not planned.shows(drawn_from.tables[planned.kind.needs[0]])
                or (planned.kind.name in ("temperatures", "personas", "wordings", "similarity"))
            )
            written = texts(pages).casefold()
            assert "nan" not in written
            for axis in axes(pages):
                marked = axis.lines or axis.collections or axis.images or axis.texts
                assert marked, (planned.path, axis.get_title())


def test_checks_of_r_stand_beside_r_over_all_items_with_their_intervals(
    study: Path, drawn: Callable[..., list[Figure]]
) -> None:
    pages = drawn("robustness")
    told = rows(study, "robustness").rows(ROBUSTNESS)
    cells = told[["model", "protocol", "scale", "readout"]].drop_duplicates()
    names = [text for page in pages for text in row_names(page)]
    assert len([name for name in names if "\n" in name]) == len(cells) == 48
    headings = [name for name in names if "\n" not in name]
    assert [name for name in headings if "continued" not in name] == sorted(SCALES)
    first = told[told["scale"] == "arousal"].iloc[:12]
    thirds, sides, others = pages[0].axes
    assert [axis.get_title() for axis in (thirds, sides, others)] == [
        "Within thirds",
        "Within negative and positive",
        "Other items or weights",
    ]
    for axis, check in ((thirds, "thirds"), (sides, "sides")):
        ends = [list(map(float, line.get_xdata())) for line in axis.lines]
        of_check = first[first["check"] == check]
        assert len(of_check) in (3, 4)
        for row in of_check.to_dict("records"):
            assert [row["low"], row["high"]] in ends
            assert [row["r"]] in ends
    legend = [text.get_text() for text in thirds.get_legend().get_texts()]
    assert legend == ["lowest", "middle", "highest", "pooled"]


def row_names(page: Figure) -> list[str]:
    return [label.get_text() for label in page.axes[0].get_yticklabels()]


def test_what_refused_items_leave_open_is_a_band(tmp_path: Path) -> None:
    asked = drawn_study(models=("m1",), scales=("valence",))
    write_study(tmp_path, asked, N)
    items = ITEMS.read(tmp_path / "items/words.parquet")
    refused = items["item_id"].isin(["item-000", "item-003"])
    ITEMS.write(
        items.assign(mean=items["mean"].mask(refused), n_ok=items["n_ok"].mask(refused, 0)),
        tmp_path / "items/words.parquet",
    )
    compare_cells(tmp_path, asked)
    of_figure = subject(tmp_path, drawing_of(asked), "robustness")
    with style():
        [page] = drawing(KINDS["robustness"])(of_figure)
    every = of_figure.rows(ROBUSTNESS).query("check == 'all'").iloc[0]
    for axis in page.axes:
        [band] = axis.patches
        assert band.get_x() == every["r_least"]
        assert band.get_x() + band.get_width() == pytest.approx(every["r_most"])


def test_a_panel_without_points_says_so_beside_others_that_have_some(tmp_path: Path) -> None:
    asked = drawn_study(models=("m1", "m2"))
    write_study(tmp_path, asked, N)
    items = ITEMS.read(tmp_path / "items/words.parquet")
    refused = items["model"] == "m2"
    nothing: dict[str, object] = {"mean": np.nan, "sd": np.nan, "n_ok": 0}
    for name, value in nothing.items():
        items[name] = items[name].mask(refused, value)  # type: ignore[call-overload]
    ITEMS.write(items, tmp_path / "items/words.parquet")
    compare_cells(tmp_path, asked)
    job = drawing_of(asked)
    expected = {
        "means": "nothing to compare",
        "spread": "no standard deviations",
        "correlations": "r undefined",
        "robustness": "r undefined",
        "v-shape": "no item with both",
        "arousal-errors": "nothing to compare",
        "similarity": "all means",
        "frameworks": "no correlation for",
    }
    for name, words in expected.items():
        scale = "fear" if name in ("means", "spread") else None
        with style():
            written = texts(drawing(KINDS[name])(subject(tmp_path, job, name, scale)))
        assert words in written, name


def test_a_figure_without_anything_to_see_is_marked_and_not_in_the_report(
    tmp_path: Path,
) -> None:
    asked = drawn_study(("arousal", "fear", "valence"), models=("m1",), protocols=PROTOCOLS)
    write_study(tmp_path, asked, N)
    items = ITEMS.read(tmp_path / "items/words.parquet")
    ITEMS.write(items.assign(mean=np.nan, sd=np.nan, n_ok=0), tmp_path / "items/words.parquet")
    compare_cells(tmp_path, asked)
    job = drawable(tmp_path, drawing_of(asked)).within("words", "fear")
    draw_figures(FIGURES, job, tmp_path)
    results = Results(reported(asked), tmp_path, kinds=FIGURES)
    planned = planned_figures(FIGURES, job)
    assert {figure.kind.name for figure in planned} >= {"means", "spread", "wordings"}
    for figure in planned:
        assert (tmp_path / f"figures/{figure.path}.pdf").exists(), "the workflow has promised it"
        assert not results.shows(figure), figure.path


def test_colours_do_not_depend_on_the_order_of_models_and_shapes_tell_many_apart() -> None:
    names = [f"model-{number}" for number in range(20)]
    marks = model_marks(names)
    assert marks == model_marks(names[::-1])
    assert len(set(marks.values())) == 20
    assert len({mark.colour for mark in model_marks(names[: len(PALETTE)]).values()}) == len(
        PALETTE
    )


@pytest.mark.parametrize(
    ("n", "most", "lengths"),
    [(0, 4, [0]), (4, 4, [4]), (5, 4, [3, 2]), (20, 18, [10, 10]), (21, 7, [7, 7, 7])],
)
def test_pages_hold_about_as_much_as_each_other(n: int, most: int, lengths: list[int]) -> None:
    pages = pages_of(range(n), most)
    assert list(map(len, pages)) == lengths
    assert [part for page in pages for part in page] == list(range(n))


def test_twenty_panels_take_pages_that_fit_on_paper() -> None:
    pages = list(panels(range(20), 3, 0.86))
    assert [len(shown) for _, shown in pages] == [9, 9, 2]
    assert [part for _, shown in pages for _, part in shown] == list(range(20))
    for figure, _ in pages:
        assert max(figure.get_size_inches()) <= 9.4


def test_pages_are_under_each_other_in_the_picture(tmp_path: Path) -> None:
    pages = [Figure(figsize=(2, 1)), Figure(figsize=(1, 1))]
    for page in pages:
        page.subplots().plot([0, 1])
    save(pages, tmp_path / "two")
    save(pages[:1], tmp_path / "one")
    with Image.open(tmp_path / "two.png") as both, Image.open(tmp_path / "one.png") as single:
        assert both.width == single.width
        assert both.height > 1.5 * single.height
    assert (tmp_path / "two.pdf").read_bytes().count(b"/Type /Page ") == 2


def test_a_picture_has_so_many_pages_as_programs_open_and_says_where_the_others_are(
    tmp_path: Path,
) -> None:
    heights = []
    for n in (PICTURE_PAGES, 2 * PICTURE_PAGES):
        save([Figure(figsize=(1, 1)) for _ in range(n)], tmp_path / str(n))
        assert (tmp_path / f"{n}.pdf").read_bytes().count(b"/Type /Page ") == n
        with Image.open(tmp_path / f"{n}.png") as picture:
            heights.append(picture.height)
    line = heights[1] - heights[0]
    assert 0 < line < heights[0] / PICTURE_PAGES


@pytest.mark.parametrize(
    ("value", "text"), [(0.704, "0.70"), (-0.0049, "0.00"), (-1.5, "−1.50"), (np.nan, "–")]
)
def test_numbers_in_figures_read_as_in_print(value: float, text: str) -> None:
    assert number(value) == text


def test_p_values_and_long_names_fit() -> None:
    assert [with_p(p) for p in (0.0001, 0.042, np.nan)] == ["p < .001", "p = .042", "p = –"]
    lines = wrapped("a-model-of-some-length of that kind\nshort", inches=1.5).split("\n")
    assert lines == ["a-model-of-some-length", "of that kind", "short"]


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1, 9, [1, 3, 5, 7, 9]),
        (1, 7, [1, 2, 3, 4, 5, 6, 7]),
        (1, 5, [1, 2, 3, 4, 5]),
        (-4, 4, [-4, -2, 0, 2, 4]),
        (0, 100, [0, 20, 40, 60, 80, 100]),
        (0, np.log2(9), [0, 1, 2, 3]),
    ],
)
def test_ticks_begin_and_end_with_the_scale_where_their_distance_is_round(
    low: float, high: float, ticks: list[float]
) -> None:
    assert round_ticks(low, high) == ticks


def test_a_heat_map_keeps_the_scales_of_a_dataset_on_one_page_if_they_fit() -> None:
    five = [(dataset, scale) for dataset in "abcdefg" for scale in "12345"]
    assert [len(page) for page in columns_of_pages(five)] == [15, 15, 5]
    assert [len(page) for page in columns_of_pages([("a", str(n)) for n in range(20)])] == [10, 10]
