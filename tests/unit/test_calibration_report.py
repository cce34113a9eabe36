"""What the report and its figure say of calibration."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from emoalign.analyses.calibration.analysis import CalibrationSettings
from emoalign.analyses.calibration.figure import draw
from emoalign.analyses.calibration.section import SECTION, method
from emoalign.analyses.catalogue import FIGURES
from emoalign.figures.drawing import Subject, subjects
from emoalign.figures.style import style
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, View
from emoalign.tables import CALIBRATION, records
from tests.kit.planted import calibrated, written
from tests.kit.words import report_job

JOB = report_job(
    labels=("emotions",), models={"m": "Model m", "idle": "Idle"}, figures=["calibration"]
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    written(folder, n=60, dataset="words", models=("m", "idle"))
    return Results(JOB, calibrated(folder, "words"))


def told(results: Results, **changes: object) -> View:
    rows = results.table(CALIBRATION).assign(**changes)
    view = SECTION.view(Results(results.job, results.folder, _read={CALIBRATION.path: rows}))
    assert isinstance(view, View)
    return view


def subject(results: Results, scale: str) -> Subject:
    job = results.job.drawing().model_copy(update={"figures": ("calibration",)})
    (drawn,) = [
        subject
        for planned, subject in subjects(FIGURES, job, results.folder)
        if planned.scale == scale
    ]
    return drawn


def test_every_method_is_shown_with_its_gain(results: Results) -> None:
    view = told(results)
    assert view.values["published"] == "up to 14%", "what was published is of labels"
    grid = view.values["grid"]
    columns = {column.title: place for place, column in enumerate(grid.columns)}
    rows = {
        (*of.values(), text[columns["Method"]]): text
        for of, text in zip(grid.of, grid.texts, strict=True)
    }
    isotonic = [text for key, text in rows.items() if "Isotonic regression" in key]
    assert len(isotonic) == 4
    assert all("%" in text[columns["Reduction of JSD [95% CI]"]] for text in isotonic)
    assert len(grid.texts) == len(results.table(CALIBRATION))


def test_the_best_method_of_a_cell_comes_first(results: Results) -> None:
    grid = told(results).values["grid"]
    place = [column.title for column in grid.columns].index("Rank")
    firsts = [text[place] for text in grid.texts]
    assert firsts[0] == "1"
    assert firsts.count("1") == 4


def test_the_findings_say_what_the_best_method_gains_and_what_needs_no_model(
    results: Results,
) -> None:
    paragraphs = {
        sentences[0].split("Words, ")[1].split(")")[0]: sentences
        for sentences in told(results).findings
    }
    assert set(paragraphs) == {"valence", "emotions"}
    rows = results.table(CALIBRATION)
    tried = rows[(rows["scale"] == "valence") & ~rows["method"].isin(["none", "marginal"])]
    best = records(tried.sort_values("jsd_after"))[0]
    told_of = " ".join(paragraphs["valence"])
    assert f"was {best['jsd_before']:.3f} bits before and {best['jsd_after']:.3f} bits" in told_of
    assert "The human average alone" in told_of
    assert "no method came clearly closer" not in told_of


def test_a_gain_that_the_model_has_no_part_in_is_called_so(results: Results) -> None:
    view = told(results, beyond_marginal_high=0.01)
    assert all(
        " (sampled answers), no method came clearly closer than that" in sentences[-1]
        for sentences in view.findings
    )


@pytest.mark.parametrize("models", [["m"], ["m", "idle"]], ids=["one of two", "all"])
def test_a_model_that_says_just_what_people_do_has_no_reduction(
    results: Results, models: list[str]
) -> None:
    rows = results.table(CALIBRATION)
    same = rows["model"].isin(models)
    undefined = dict.fromkeys(["gain", "gain_low", "gain_high", "p", "p_holm"], float("nan"))
    view = told(
        results, **{name: rows[name].mask(same, value) for name, value in undefined.items()}
    )
    told_of = " ".join(sentence for one in view.findings for sentence in one)
    assert ("before and" in told_of) == (len(models) == 1)
    assert "nan" not in told_of


def test_where_nothing_could_be_learnt_the_section_says_why(tmp_path: Path) -> None:
    written(tmp_path, n=12, dataset="words")
    folder = calibrated(tmp_path, "words")
    view = SECTION.view(Results(JOB, folder))
    assert isinstance(view, Absent)
    assert "only 12 items were rated by both people and model (20 are needed" in view.why


def test_a_study_without_cells_has_no_such_section(tmp_path: Path) -> None:
    empty = pd.DataFrame(columns=CALIBRATION.schema.names)
    assert SECTION.view(Results(JOB, tmp_path, _read={CALIBRATION.path: empty})) is None


def test_the_methods_are_those_of_the_study(results: Results) -> None:
    rows = results.table(CALIBRATION)
    asked = CalibrationSettings(methods=("isotonic", "mixture", "vector"), folds=4, inner_folds=2)
    text = method(asked, rows[rows["method"].isin(["isotonic", "mixture"])], results)
    assert "by isotonic regression [@zadrozny2002] and a mixture with the human average" in text
    assert "temperature" not in text
    assert "4-fold" in text
    assert "cluster" not in text, "no items belong together"
    assert "logistic map" not in text
    assert "vector scaling is a logistic map of each label" in method(asked, rows, results)


@pytest.mark.parametrize("scale", ["valence", "emotions"])
def test_a_panel_for_each_cell_has_the_curves_before_and_after(
    results: Results, scale: str
) -> None:
    with style():
        (page,) = draw(subject(results, scale))
    panels = [axis for axis in page.axes if axis.get_title()]
    assert len(panels) == 2
    for axis in panels:
        curves = [line for line in axis.lines if len(line.get_xdata()) and line.get_zorder() == 2]
        assert len(curves) == 2
        assert "human average: " in axis.get_title()


def test_many_cells_go_to_further_pages(results: Results) -> None:
    one = subject(results, "valence")
    several = {
        path: pd.concat([rows.assign(protocol=f"p{number}") for number in range(7)])
        for path, rows in one.tables.items()
    }
    with style():
        pages = draw(Subject(one.job, several, one.dataset, one.scale))
    assert [len([axis for axis in page.axes if axis.get_title()]) for page in pages] == [9, 5]


def test_a_cell_that_could_not_be_calibrated_is_no_empty_panel(tmp_path: Path) -> None:
    job: ReportJob = report_job(figures=["calibration"])
    written(tmp_path, n=12, dataset="words")
    folder = calibrated(tmp_path, "words")
    with style():
        (page,) = draw(subject(Results(job, folder), "valence"))
    (axis,) = page.axes
    assert "no rated items to learn from" in axis.get_title()
    assert [text.get_text() for text in axis.texts] == ["not calibrated"]
