"""What the report says and draws of forms and of all ways of asking."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from emoalign.analyses.catalogue import FIGURES
from emoalign.analyses.forms.in_words import answers
from emoalign.figures.drawing import drawing, subjects
from emoalign.figures.planned import planned_figures
from emoalign.figures.style import style
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import reported
from emoalign.planning.studies import LoadedStudy
from emoalign.study.prompt_sets import PromptSet
from emoalign.tables import FORMS
from tests.kit.pages import problems
from tests.kit.ratings import norms, rating_rows
from tests.kit.stages import make, page
from tests.kit.words import report_job, study, words_of

NORM_ROWS = norms(40, seed=4)
FORM_SETS = ("plain", "reverse")
ANALYSES = ("alignment", "contrasts", "specifications", "forms")
FIGURE_NAMES = ("specifications", "forms")


def turned(loaded: LoadedStudy) -> LoadedStudy:
    """The study with the scale reversed in the prompt set `reverse`."""
    told = loaded.prompt_sets["reverse"].model_dump(mode="json")
    told["scales"]["valence"]["reversed"] = True
    sets = {**loaded.prompt_sets, "reverse": PromptSet.model_validate(told)}
    return replace(loaded, prompt_sets=sets)


def balanced(models: tuple[str, ...] = ("m1", "m2"), **told: object) -> LoadedStudy:
    """A study in two forms under one protocol."""
    protocols = {"p": {"prompts": list(FORM_SETS)}}
    return turned(study(models=models, protocols=protocols, figures=FIGURE_NAMES, **told))


def drawn(models: tuple[str, ...], apart: float = 1.5) -> pd.DataFrame:
    """Ratings of each model in each form, pulled up by .5 in the first and down in the second;
    later models follow people less."""
    rng = np.random.default_rng(2)
    truth = NORM_ROWS["mean"].to_numpy()[:, None]
    rows = []
    for rank, model in enumerate(models):
        own = rng.normal(0, 0.2 + apart * rank, truth.shape)
        for form, moved in zip(FORM_SETS, (0.5, -0.5), strict=True):
            said = np.clip(np.rint(truth + own + moved + rng.normal(0, 1, (40, 10))), 1, 9)
            rows.append(rating_rows(said, model=model, form=form))
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder, loaded = tmp_path_factory.mktemp("balanced"), balanced()
    make(folder, loaded, drawn(("m1", "m2")), NORM_ROWS, analyses=ANALYSES)
    return words_of(page(folder, reported(loaded)))


def test_the_first_screen_says_whether_conclusions_hold_in_all_ways_of_asking(told: str) -> None:
    first = told[: told.index("Do conclusions hold in every way of asking?")]
    assert "Model m1 is closer to people than Model m2 in both ways of asking (p = .010)." in first


def test_the_section_of_forms_says_what_reversing_the_scale_did(told: str) -> None:
    assert "2 conditions were asked in 2 forms." in told
    assert "Reversing the scale lowered mean ratings by" in told
    assert "points towards higher numbers, 95% CI" in told
    assert "(Simonsohn et al., 2020)" in told
    assert "(Schwarz, 1999)" in told


def test_a_study_asked_in_one_way_has_neither_tables_nor_sections(tmp_path: Path) -> None:
    loaded = study(models=("m1", "m2"))
    part = analysed_study(loaded)
    rows = drawn(("m1", "m2"))
    make(tmp_path, loaded, rows[rows["form"] == "plain"], NORM_ROWS, analyses=ANALYSES)
    assert not list(tmp_path.glob("statistics/specification*"))
    assert not list(tmp_path.glob("statistics/forms*"))
    assert part.datasets["words"].specifications == 1
    assert part.datasets["words"].several_forms == ()
    shown = words_of(page(tmp_path, reported(loaded)))
    assert "ways of asking" not in shown


def test_forms_and_readouts_are_counted_as_ways_of_asking() -> None:
    part = analysed_study(balanced(readouts=("sampled",))).datasets["words"]
    assert (part.specifications, part.several_forms) == (2, ("p",))
    assert [form.reversed for form in part.forms["p"]["valence"]] == [False, True]
    two = analysed_study(study(protocols=("p", "q"), readouts=("sampled", "exact")))
    assert two.datasets["words"].specifications == 4


def pages(folder: Path, loaded: LoadedStudy, name: str) -> list[Figure]:
    job = reported(loaded).drawing()
    [(planned, subject)] = [
        (planned, subject)
        for planned, subject in subjects(FIGURES, job, folder)
        if planned.kind.name == name
    ]
    return list(drawing(planned.kind)(subject))


def test_the_curve_has_a_point_for_each_model_and_way_and_a_mark_for_each_level(
    tmp_path: Path,
) -> None:
    loaded = balanced()
    make(tmp_path, loaded, drawn(("m1", "m2")), NORM_ROWS, analyses=ANALYSES)
    [figure] = pages(tmp_path, loaded, "specifications")
    curve, marks = figure.axes
    points = [
        line for line in curve.lines if len(line.get_xdata()) == 2 and line.get_marker() != "None"
    ]
    assert len(points) == 2
    assert [label.get_text() for label in marks.get_yticklabels()] == [
        "Form: plain",
        "Form: reverse",
    ]
    assert sum(len(line.get_xdata()) for line in marks.lines if line.get_marker() == "s") == 2
    [forms] = pages(tmp_path, loaded, "forms")
    names = [label.get_text() for label in forms.axes[0].get_yticklabels()]
    assert names == [
        name
        for model in ("m1", "m2")
        for name in (f"valence: Model {model}, p, sampled answers", *FORM_SETS)
    ]


@pytest.mark.parametrize("n", [1, 3, 12])
def test_figures_of_many_forms_and_models_stay_legible(tmp_path: Path, n: int) -> None:
    """Also over pages, and with names that are too long."""
    models = tuple(f"m{place:02d}" for place in range(n))
    titles = {name: f"A model with a long title, number {name}" for name in models}
    loaded = balanced(models)
    make(tmp_path, loaded, drawn(models), NORM_ROWS, analyses=ANALYSES)
    job = reported(loaded).drawing().model_copy(update={"models": titles})
    with style():
        for planned, subject in subjects(FIGURES, job, tmp_path):
            rows = dict(subject.tables)
            for path, table in rows.items():
                if planned.kind.name == "forms" and "form" in table:
                    rows[path] = many_forms(table)
            made = list(drawing(planned.kind)(replace(subject, tables=rows)))
            assert made
            assert [found for page in made for found in problems(page)] == []


def many_forms(table: pd.DataFrame) -> pd.DataFrame:
    """A table of forms with more of them, and with places of labels."""
    forms = table[table["kind"] == "form"]
    more = [forms.assign(form=f"{'a-long-name-of-a-form-' * 3}{number}") for number in range(9)]
    places = [
        forms.assign(kind="place", place=place, effect=0.1, effect_low=-0.1, effect_high=0.2)
        for place in range(1, 28)
    ]
    return pd.concat([*more, *places], ignore_index=True)


def test_only_studies_with_several_ways_or_forms_have_the_figures() -> None:
    def names(loaded: LoadedStudy) -> set[str]:
        return {figure.kind.name for figure in planned_figures(FIGURES, reported(loaded).drawing())}

    assert names(balanced()) == set(FIGURE_NAMES)
    both = {"protocols": ("p", "q"), "figures": FIGURE_NAMES}
    assert names(study(**both)) == {"specifications"}
    assert names(study(figures=FIGURE_NAMES)) == set()


JOB = report_job(models=("a", "b"))


def form(name: str, shift: float, r: float, **told: object) -> dict[str, object]:
    base = dict.fromkeys(FORMS.schema.names, np.nan) | {
        **{"model": "a", "protocol": "p", "dataset": "words", "scale": "valence"},
        **{"readout": "sampled", "kind": "form", "form": name, "shift": shift, "r": r},
        **{"r_others": 0.9, "r_others_low": 0.8, "r_others_high": 0.95},
    }
    return base | told


def pull(effect: float, low: float, high: float, **told: object) -> dict[str, object]:
    ends = {"effect": effect, "effect_low": low, "effect_high": high}
    return form("", np.nan, np.nan, r_others=np.nan, kind="direction") | ends | told


def said(*rows: dict[str, object]) -> dict[str, str]:
    return answers(pd.DataFrame(rows, columns=FORMS.schema.names), JOB)


def test_the_farthest_forms_are_named() -> None:
    told = said(form("x", -0.2, 0.5), form("y", 0.3, 0.6), form("z", -0.1, 0.55))
    assert told["Level of the ratings"] == (
        "Between forms, mean ratings differed by 0.50 points: they were lowest with x and highest "
        "with y (Model a, sampled answers)."
    )
    assert told["Agreement with people"] == (
        "r with people was between .50 (x) and .60 (y; Model a, sampled answers)."
    )
    assert told["Order of the items"].startswith("Item means of a form correlated .90 with")


def test_probabilities_tell_of_correlations_and_not_the_few_answers_beside_them() -> None:
    counts = {"n_ok": 700, "n_items": 100}
    few = [form(name, 0, r, r_others=0.4, **counts) for name, r in (("x", 0.2), ("y", 0.5))]
    exact = [form(name, 0, r, readout="exact") for name, r in (("x", 0.63), ("y", 0.70))]
    told = said(*few, *exact)
    assert told["Agreement with people"] == (
        "r with people was between .63 (x) and .70 (y; Model a, exact probabilities)."
    )
    assert told["Order of the items"].startswith("Item means of a form correlated .90 with")
    told = said(*few, *(row | {"protocol": "q"} for row in exact))
    assert told["Agreement with people"].startswith("r with people was between .20 (x) and .50 (y;")
    assert told["Agreement with people"].endswith(
        "Chance in 7 answers to an item lowers r as well."
    )
    assert told["Order of the items"].endswith("Chance in 7 answers to an item lowers r as well.")


def test_forms_that_change_nothing_are_told_so() -> None:
    told = said(form("x", 0.001, 0.5), form("y", -0.001, 0.5))
    assert told["Level of the ratings"] == "Mean ratings were the same in all forms."
    assert told["Agreement with people"] == "r with people was the same in all forms (.50)."


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            pull(0.4, 0.35, 0.45),
            "Reversing the scale lowered mean ratings by 0.80 points: a pull of 0.40 points "
            "towards higher numbers, 95% CI [0.35, 0.45].",
        ),
        (
            pull(-0.4, -0.45, -0.35),
            "Reversing the scale raised mean ratings by 0.80 points: a pull of 0.40 points "
            "towards lower numbers, 95% CI [0.35, 0.45].",
        ),
        (
            pull(0.1, -0.1, 0.3),
            "Reversing the scale did not clearly move mean ratings (a pull of 0.10 points towards "
            "higher numbers, 95% CI [−0.10, 0.30]).",
        ),
        (
            pull(0.1, np.nan, np.nan),
            "Reversing the scale did not clearly move mean ratings (a pull of 0.10 points towards "
            "higher numbers).",
        ),
    ],
)
def test_the_pull_of_numbers_is_told_as_far_as_it_is_clear(
    row: dict[str, object], words: str
) -> None:
    assert said(row) == {"Direction of the scale": words}


def test_of_several_pulls_the_largest_that_is_clear_is_told() -> None:
    told = said(pull(0.6, -0.1, 1.3), pull(0.2, 0.1, 0.3, model="b"))
    assert told["Direction of the scale"] == (
        "Reversing the scale lowered mean ratings by 0.40 points: a pull of 0.20 points towards "
        "higher numbers, 95% CI [0.10, 0.30]. This is for Model b, sampled answers, where the pull "
        "is clear and largest. Its interval excludes 0 in 1 of 2 conditions."
    )


def test_the_place_with_the_largest_effect_is_told() -> None:
    places = [
        form("", np.nan, np.nan, r_others=np.nan, kind="place", place=place, scale="emotions")
        | {"effect": effect, "effect_low": effect - 0.01, "effect_high": effect + 0.01}
        for place, effect in enumerate((0.05, 0.0, -0.03, -0.02), start=1)
    ]
    assert said(*places)["Order of the labels"] == (
        "The label shown at place 1 of 4 got 30% of the choices (95% CI [29%, 31%]), where 25% "
        "would be expected if place did not matter (Model a, sampled answers)."
    )
