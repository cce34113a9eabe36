"""Analyses say truly what they read and make, and rules follow from what they say."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import cast

import pandas as pd
import pytest

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import (
    COMPLETIONS,
    PREDICTIONS,
    RATINGS,
    RIDGE_PREDICTIONS,
    TRAININGS,
    ComparisonJob,
    Computation,
    NumbersJob,
)
from emoalign.analyses.calibration.analysis import CALIBRATED
from emoalign.analyses.catalogue import ANALYSES, COMPUTATIONS, PAGE
from emoalign.analyses.estimates.analysis import ESTIMATES
from emoalign.analyses.estimates.filed import FILES as FOR_PEOPLE
from emoalign.planning.analysed import Analyses, analysed_study
from emoalign.planning.loading import load_study
from emoalign.planning.rules import Files
from emoalign.report.contents import PageSection
from emoalign.report.section import Section
from emoalign.study.reading import read_yaml
from emoalign.tables import ALIGNMENT, TABLES

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/emoalign"
SECTIONS = [
    place
    for part in PAGE
    if (place := part if isinstance(part, PageSection) else part.section) is not None
]
FILES = {RIDGE_PREDICTIONS, *CALIBRATED, ESTIMATES, *FOR_PEOPLE}
GATHERED = {COMPLETIONS, RATINGS, PREDICTIONS, TRAININGS}
KNOWN = {table.path for table in TABLES} | GATHERED | FILES


def analyses(study: str, *protocols: dict[str, object]) -> Analyses:
    content, _ = read_yaml(ROOT / "config" / study)
    content["protocols"] += protocols
    loaded = load_study(content, ROOT / "config")
    return Analyses(loaded, Files(loaded, "results/s"))


RECITATION = {"name": "r", "kind": "recitation", "prompts_for": {"emobank": "recitation"}}


def test_every_folder_of_an_analysis_is_in_the_list() -> None:
    folders = {path.parent.name for path in SOURCE.glob("analyses/*/analysis.py")}
    assert sorted(analysis.name for analysis in ANALYSES) == sorted(folders)


@pytest.mark.parametrize("computation", COMPUTATIONS, ids=lambda one: one.run)
def test_a_computation_names_a_function_and_files_that_there_are(computation: Computation) -> None:
    module, name = computation.run.split(":")
    assert callable(getattr(import_module(module), name))
    assert {*computation.reads, *computation.makes} <= KNOWN


def test_a_table_of_statistics_is_made_once_and_there_is_none_that_nobody_makes() -> None:
    made = Counter(path for computation in COMPUTATIONS for path in computation.makes)
    assert set(made.values()) == {1}
    assert set(made) == {
        *(path for path in KNOWN if path.startswith("statistics/")),
        *FILES,
    }


def test_computations_of_a_rule_run_as_often_and_wait_for_none_of_each_other() -> None:
    ordered = sorted(COMPUTATIONS, key=lambda one: one.rule)
    for _, group in groupby(ordered, key=lambda one: one.rule):
        together = list(group)
        assert len({one.each for one in together}) == 1
        makes = {path for one in together for path in one.makes}
        assert not makes & {path for one in together for path in one.reads}


def section_of(place: PageSection) -> Section:
    module, name = place.path.split(":")
    return cast(Section, getattr(import_module(module), name))


@pytest.mark.parametrize("place", SECTIONS, ids=lambda place: place.path)
def test_a_section_stands_beside_its_template(place: PageSection) -> None:
    assert isinstance(section_of(place), Section)
    assert (SOURCE / place.template).is_file()
    assert {*place.reads} <= KNOWN


def test_sections_have_places_of_their_own_on_the_page() -> None:
    ids = [section_of(place).id for place in SECTIONS]
    assert len(set(ids)) == len(ids)


def test_what_does_not_concern_a_study_is_neither_made_nor_read_nor_shown() -> None:
    numbers = analyses("config.yaml")
    rules = {rule.name: rule for rule in numbers.rules()}
    assert not {"describe_labels", "compare_gradients", "describe_baselines"} & set(rules)
    made = {file for rule in rules.values() for file in rule.outputs}
    read = {file for rule in rules.values() for file in rule.inputs}
    assert {file for file in read if "/statistics/" in file} <= made
    shown = numbers.sections()
    assert not {name for name in shown if "transparency" in name or "baselines" in name}
    assert {f"results/s/{path}" for paths in shown.values() for path in paths} <= made


def test_a_study_with_labels_baselines_and_a_recitation_has_what_concerns_them() -> None:
    every = analyses("studies/inoshita2026.yaml", RECITATION)
    rules = {rule.name: rule for rule in every.rules()}
    others = {"forms": "compare_forms", "generalizability": "decompose_variance"}
    others |= {"groups": "compare_groups", "retest": "compare_waves", "estimates": "estimate"}
    others |= dict.fromkeys(("order", "participants"), "compare_sessions")
    others |= {"preregistration": "compare_with_preregistration"}
    assert {computation.rule for computation in COMPUTATIONS} == {
        *(*rules, "write_norms"),
        *others.values(),
    }
    gradient = "results/s/statistics/transparency_gradient.parquet"
    assert gradient in rules["check_expectations"].inputs
    labelled = rules["describe_labels"].inputs
    assert "results/s/norms/goemotions.parquet" in labelled
    assert "results/s/norms/emobank.parquet" not in labelled
    of_others = {f"emoalign.analyses.{name}.section:SECTION" for name in others}
    assert {*every.sections(), *of_others} == {place.path for place in SECTIONS}


def test_waves_are_compared_where_a_study_has_two() -> None:
    once: dict[str, object] = {"name": "once", "prompts": "rating-sheet", "readouts": ["exact"]}
    of_one = {rule.name for rule in analyses("config.yaml", once).rules()}
    of_two = analyses("config.yaml", once, once | {"name": "again", "wave": 2}).rules()
    assert "compare_waves" not in of_one
    [rule] = [rule for rule in of_two if rule.name not in of_one]
    assert rule.reads_ratings
    assert "results/s/statistics/retest.csv" in rule.outputs


def test_order_and_participants_are_looked_at_where_a_study_has_sessions() -> None:
    asked: dict[str, object] = {"name": "asked", "prompts": "words"}
    of_one = {rule.name for rule in analyses("config.yaml", asked).rules()}
    in_sessions = analyses("config.yaml", asked | {"session": {"items": 20}}).rules()
    assert "compare_sessions" not in of_one
    [rule] = [rule for rule in in_sessions if rule.name not in of_one]
    assert rule.reads_ratings
    made = {Path(path).name for path in rule.outputs}
    assert made == {f"{n}.{s}" for n in ("order", "participants") for s in ("csv", "parquet")}


def test_personas_are_participants_where_nothing_is_asked_in_sessions() -> None:
    asked: dict[str, object] = {"name": "asked", "prompts": "words-to-persona"}
    rules = analyses("config.yaml", asked | {"personas": "adults"}).rules()
    [rule] = [rule for rule in rules if rule.name == "compare_sessions"]
    assert {Path(path).stem for path in rule.outputs} == {"participants"}


def test_a_rule_for_each_dataset_tells_the_job_of_one() -> None:
    [rule] = [rule for rule in analyses("studies/inoshita2026.yaml").rules() if "{" in rule.log]
    assert rule.name == "calibrate"
    assert "results/s/items/{dataset}.parquet" in rule.inputs
    assert callable(rule.jobs)

    class Wildcards:
        dataset = "emobank"

    [params] = rule.jobs(Wildcards).values()
    assert params["dataset"] == "emobank"
    assert set(params["scales"]) == {"arousal", "dominance", "valence"}


def test_an_analysis_sees_no_file_that_its_rule_does_not_declare(tmp_path: Path) -> None:
    ALIGNMENT.write_both(
        pd.DataFrame(columns=ALIGNMENT.schema.names), (tmp_path / ALIGNMENT.path).parent
    )
    assert AnalysisFiles.within(tmp_path).table(ALIGNMENT).empty
    with pytest.raises(KeyError, match="alignment"):
        AnalysisFiles(tmp_path, []).table(ALIGNMENT)


@pytest.mark.parametrize(
    ("base", "derived", "further"),
    [
        (NumbersJob, "AlignmentJob", ["split_halves"]),
        (NumbersJob, "WorthJob", []),
        (ComparisonJob, "ArousalJob", ["worst_items"]),
        (ComparisonJob, "RobustnessJob", []),
        (ComparisonJob, "RetestJob", ["pairs"]),
        (ComparisonJob, "ExpectationJob", ["labels"]),
    ],
)
def test_a_derived_job_tells_first_what_the_other_tells_and_then_its_own(
    base: type[ComparisonJob | NumbersJob], derived: str, further: list[str]
) -> None:
    """Snakemake compares the keys with their order: jobs with another order would run again."""
    kinds = {computation.job.__name__: computation.job for computation in COMPUTATIONS}
    study = analysed_study(analyses("studies/inoshita2026.yaml").loaded)
    told, known = kinds[derived].of(study).params(), base.of(study).params()
    assert list(told) == [*known, *further]
    assert {name: told[name] for name in known if name != "version"} == {
        name: known[name] for name in known if name != "version"
    }
    assert list(known)[-2:] == ["seed", "bootstrap_resamples"]
