"""Which figures a study has: those it chooses, where it has what they show."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emoalign.analyses.catalogue import FIGURES
from emoalign.errors import StudyError
from emoalign.figures.drawing import drawing
from emoalign.figures.figure_job import AskedOf, varying
from emoalign.figures.planned import PlannedFigure, planned_figures, undrawn_figures
from emoalign.planning.jobs import figures, reported, undrawn
from emoalign.planning.loading import load_study
from emoalign.planning.rules import rule_names
from emoalign.planning.studies import LoadedStudy, StudyDataset
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.reading import read_yaml
from emoalign.tables import TABLES

ROOT = Path(__file__).parents[2]
NAMES = [kind.name for kind in FIGURES]


def loaded(**changes: Any) -> LoadedStudy:
    """The default study with some keys changed."""
    content, problems = read_yaml(ROOT / "config/config.yaml")
    assert not problems
    return load_study(content | changes, ROOT / "config")


def shipped(name: str) -> dict[str, PlannedFigure]:
    """The figures of a shipped study."""
    content, problems = read_yaml(ROOT / f"config/studies/{name}.yaml")
    assert not problems
    return by_path(load_study(content, ROOT / "config"))


def by_path(study: LoadedStudy) -> dict[str, PlannedFigure]:
    """The figures of all jobs of a study, by their paths."""
    return {figure.path: figure for drawn in figures(study).values() for figure in drawn.figures}


def test_every_name_stands_for_one_figure_and_something_that_draws_it() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(callable(drawing(kind)) for kind in FIGURES)


def test_figures_are_planned_without_what_draws_or_computes() -> None:
    """Whoever reads the Snakefile waits for every import."""
    code = (
        "import sys, emoalign.analyses.catalogue, emoalign.figures.planned; "
        "print({'matplotlib', 'pandas', 'numpy', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "set()"


def test_drawing_imports_matplotlib_but_no_statistics() -> None:
    modules = {kind.draw.split(":")[0] for kind in FIGURES} | {"emoalign.figures.drawing"}
    code = f"import sys, {', '.join(sorted(modules))}; print(sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "'matplotlib'" in done.stdout
    for module in ("scipy", "sklearn", "duckdb", "matplotlib.pyplot"):
        assert f"'{module}'" not in done.stdout


def test_every_figure_is_drawn_from_tables_there_are() -> None:
    contracts = {table.path for table in TABLES}
    assert all(set(kind.reads) <= contracts for kind in FIGURES)


def test_a_study_that_names_no_figures_has_all_that_apply() -> None:
    assert {"correlations", "vader/valence/means", "vader/valence/spread"} <= set(by_path(loaded()))


def test_a_study_has_only_the_figures_it_names_in_an_order_of_their_own() -> None:
    assert list(by_path(loaded(figures=["spread", "correlations"]))) == [
        "correlations",
        "vader/valence/spread",
    ]
    either, other = loaded(figures=["means", "spread"]), loaded(figures=["spread", "means"])
    assert reported(either) == reported(other)
    assert figures(loaded(figures=[])) == {}


@pytest.mark.parametrize(
    ("named", "problem"),
    [
        (["mean"], "figures, entry 1: expected one of .*; did you mean 'means'"),
        (["means", "means"], "named more than once: means"),
    ],
)
def test_an_unknown_figure_or_one_named_twice_is_told(named: list[str], problem: str) -> None:
    with pytest.raises(StudyError, match=problem):
        loaded(figures=named)


def test_a_figure_is_told_of_nothing_but_what_it_shows() -> None:
    means = shipped("ogg2025")["oasis/valence/means"]
    assert list(means.job.datasets) == ["oasis"]
    assert list(means.job.datasets["oasis"].scales) == ["valence"]


def test_one_job_draws_the_figures_of_the_study_and_one_those_of_each_dataset() -> None:
    content, _ = read_yaml(ROOT / "config/studies/ogg2025.yaml")
    study = load_study(content | {"figures": ["heatmap", "means", "v-shape"]}, ROOT / "config")
    jobs = figures(study)
    assert next(iter(jobs)) == "draw_figures"
    assert len(jobs) == 1 + len(study.datasets)
    assert jobs["draw_figures"].files("results/x") == [
        "results/x/figures/heatmap.pdf",
        "results/x/figures/heatmap.png",
    ]
    assert jobs["draw_figures"].job.figures == ("heatmap",)
    oasis = jobs["draw_figures_oasis"]
    assert list(oasis.job.datasets) == ["oasis"]
    assert oasis.job.figures == ("means", "v-shape")
    assert {figure.path for figure in oasis.figures} == {
        "oasis/arousal/means",
        "oasis/valence/means",
        "oasis/v-shape",
    }
    assert oasis.tables("results/x") == [
        "results/x/items/oasis.parquet",
        "results/x/statistics/alignment.parquet",
        "results/x/statistics/arousal.parquet",
        "results/x/stimuli/oasis.parquet",
    ]


def test_a_choice_that_names_all_figures_is_the_same_job_as_no_choice() -> None:
    named, unnamed = (
        {rule: drawn.job.params() for rule, drawn in figures(study).items()}
        for study in (loaded(figures=NAMES), loaded())
    )
    assert named == unnamed


def test_rules_of_datasets_whose_names_differ_in_punctuation_are_told_apart() -> None:
    assert rule_names(["draw_a-b", "draw_a.b"]) == ["draw_a_b", "draw_a_b_"]


def test_titles_and_captions_name_what_a_figure_is_of() -> None:
    planned = shipped("ogg2025")
    title = planned["oasis/valence/means"].job.datasets["oasis"].title
    for figure in planned.values():
        texts = (figure.title, figure.caption, figure.alt)
        assert all(text and "{" not in text and "None" not in text for text in texts)
        if figure.dataset == "oasis":
            assert title in figure.alt


def test_a_scale_of_labels_has_no_figure_of_numbers() -> None:
    planned = shipped("inoshita2026")
    assert "emobank/valence/means" in planned
    assert "goemotions/emotions/means" not in planned


def test_a_figure_that_is_named_but_not_possible_is_told_with_what_is_missing() -> None:
    only_labels = {
        "datasets": [{"dataset": "goemotions"}],
        "models": ["gpt-5.4-mini"],
        "protocols": [{"name": "p", "prompts": "labels-that-apply"}],
    }
    study = loaded(**only_labels, figures=["correlations", "means"])
    assert figures(study) == {}
    assert undrawn(study) == [
        "correlations: no scale of numbers",
        "means: no scale of numbers",
    ]
    assert undrawn(loaded(**only_labels)) == [], "nobody asked for them"
    assert undrawn(loaded()) == []


def test_what_the_study_lacks_is_known_of_figures_nobody_named_too() -> None:
    job = reported(loaded()).drawing()
    assert set(undrawn_figures(FIGURES, job)) == set(NAMES) - {
        figure.kind.name for figure in planned_figures(FIGURES, job)
    }


@pytest.mark.parametrize(
    ("study", "has", "has_not"),
    [
        ("temperature", "vader/temperatures", "vader/wordings"),
        ("personas", "vader/personas", "vader/wordings"),
        ("framing", "vader/wordings", "vader/personas"),
        ("ogg2025", "frameworks", "oasis/temperatures"),
        ("ogg2025", "anew-stevenson/similarity", "oasis/similarity"),
        ("ogg2025", "naps/v-shape", "naps-be/v-shape"),
        ("ogg2025", "oasis/arousal-errors", "naps-be/arousal-errors"),
        ("inoshita2026", "emobank/temperatures", "goemotions/temperatures"),
    ],
)
def test_shipped_studies_have_the_figures_that_apply_to_them(
    study: str, has: str, has_not: str
) -> None:
    planned = shipped(study)
    assert has in planned
    assert has_not not in planned


def protocol(temperature: float = 1, words: str = "plain", personas: str | None = None) -> AskedOf:
    return AskedOf(temperature=temperature, prompts={"d": words}, personas=personas, wave=1)


def test_protocols_are_compared_where_they_differ_in_one_thing_alone() -> None:
    protocols = {
        "cool": protocol(0.5),
        "warm": protocol(1),
        "kind": protocol(1, "kind"),
        "kind and hot": protocol(2, "kind"),
        "adults": protocol(1, "to a persona", "adults"),
    }
    assert varying(protocols, "d", "temperature") == [
        ("cool", "warm"),
        ("kind", "kind and hot"),
    ]
    assert varying(protocols, "d", "prompts") == [("kind", "warm")]
    assert varying(protocols, "d", "personas") == [("adults", "kind", "warm")]
    again = protocols["warm"].model_copy(update={"wave": 2, "temperature": 3})
    assert varying({"warm": protocols["warm"], "again": again}, "d", "temperature") == []


def test_what_a_study_lacks_is_told_in_words() -> None:
    named = ["temperatures", "frameworks", "v-shape", "means"]
    assert undrawn(loaded(figures=named)) == [
        "temperatures: no protocols that differ in temperature alone",
        "frameworks: no ratings of both discrete emotions and dimensions",
        "v-shape: no ratings of arousal",
    ]


def sourced(**source: Any) -> set[str]:
    """The figures of a study of one table, by its columns."""
    scale = {"min": 1, "max": 9, "direction": "higher is more positive"}
    card = {
        "title": "Ours",
        "modality": "word",
        "source": {"reader": "table", "table": {"file": "w.csv"}, "id": "id", "text": "w"} | source,
        "scales": {"valence": scale},
        "licence": "MIT",
        "citation": "@misc{ours}",
        "redistribute": True,
    }
    known = loaded()
    study = replace(
        known,
        study=known.study.model_copy(update={"datasets": (StudyDataset(dataset="ours"),)}),
        datasets={"ours": DatasetCard.model_validate(card)},
    )
    return {figure.kind.name for figure in by_path(study).values()}


@pytest.mark.parametrize(
    ("source", "has", "has_not"),
    [
        ({}, set(), {"correlations", "means", "spread", "entropy", "calibration", "robustness"}),
        (
            {"scales": {"valence": {"mean": "m"}}},
            {"correlations", "means"},
            {"spread", "entropy", "calibration"},
        ),
        (
            {"scales": {"valence": {"mean": "m", "sd": "s", "n": "n"}}},
            {"means", "spread"},
            {"entropy", "calibration"},
        ),
        ({"scales": {"valence": {"ratings": ["a"]}}}, {"means"}, {"spread", "entropy"}),
        ({"scales": {"valence": {"ratings": ["a", "b"]}}}, {"spread"}, {"entropy"}),
        ({"scales": {"valence": {"ratings": ["a", "b", "c"]}}}, {"spread", "entropy"}, set()),
        (
            {"rows": "ratings", "scales": {"valence": {"ratings": ["a"]}}},
            {"spread", "entropy", "calibration"},
            set(),
        ),
    ],
)
def test_no_figure_is_planned_that_the_norms_leave_empty(
    source: dict[str, Any], has: set[str], has_not: set[str]
) -> None:
    planned = sourced(**source)
    assert has <= planned
    assert not has_not & planned


def test_one_answer_to_each_item_has_no_spread() -> None:
    once = [{"name": "p", "prompts": "rating-sheet", "participants": 1}]
    assert "vader/valence/spread" not in by_path(loaded(protocols=once))
    exact = [once[0] | {"readouts": ["exact"]}]
    assert "vader/valence/spread" in by_path(loaded(protocols=exact))


def test_readers_say_what_their_files_tell_of_people() -> None:
    details = {
        name: card.source.detail(scale, 3)
        for name in ("oasis", "goemotions", "goemotions-splits", "vader", "naps", "emobank")
        for card in [card_of(name)]
        for scale in sorted(card.scales)[:1]
    }
    assert details == {
        "oasis": "SDs",
        "goemotions": "distributions",
        "goemotions-splits": "means",
        "vader": "distributions",
        "naps": "SDs",
        "emobank": "distributions",
    }


def card_of(name: str) -> DatasetCard:
    """A dataset card that is shipped."""
    content, problems = read_yaml(ROOT / f"src/emoalign/catalogue/datasets/{name}.yaml")
    assert not problems
    return DatasetCard.model_validate(content)
