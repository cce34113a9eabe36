"""A study asks for estimated norms with a key, and learns at once what is wrong there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emoalign.analyses.estimates.analysis import EstimatesJob
from emoalign.errors import DataError, StudyError
from emoalign.planning.analysed import Analyses, analysed_study
from emoalign.planning.estimate_checks import require_estimates
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.loading import load_study
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.study.reading import read_yaml

ROOT = Path(__file__).parents[2]


def loaded(file: str = "config.yaml", **keys: Any) -> LoadedStudy:
    content, _ = read_yaml(ROOT / "config" / file)
    return load_study({**content, **keys}, ROOT / "config")


def refused(file: str = "config.yaml", **keys: Any) -> str:
    with pytest.raises(StudyError) as error:
        loaded(file, **keys)
    (problem,) = error.value.problems
    return problem


def analyses(study: LoadedStudy) -> Analyses:
    return Analyses(study, Files(study, "results/s"))


def test_a_study_without_the_key_has_no_such_analysis_and_the_jobs_it_had() -> None:
    study = loaded()
    assert study.estimates is None
    assert "estimates" not in analyses(study).targets()
    assert "estimates" not in reported(study).params()
    assert "unrated" not in Jobs(study).prepare("vader").params()
    with pytest.raises(DataError, match=r"default estimates no norms: write `estimates: \{\}`"):
        require_estimates(study)


def test_an_empty_key_is_enough() -> None:
    study = loaded(estimates={})
    require_estimates(study)
    made = analyses(study).targets()["estimates"]
    assert "results/s/estimates/vader.parquet" in made
    assert "results/s/statistics/estimation.csv" in made
    assert Jobs(study).prepare("vader").unrated
    # What the report is told survives its way through Snakemake.
    params = dict(reported(study).params())
    assert type(reported(study)).model_validate(params) == reported(study)


def test_a_key_with_nothing_behind_it_is_a_mistake() -> None:
    assert "expected keys with values: write {}, or leave the key out" in refused(estimates=None)


def test_predictors_are_models_of_the_study_and_the_nearest_is_named() -> None:
    problem = refused(estimates={"predictors": ["smollm2-135"]})
    assert problem.endswith(
        "estimates.predictors, entry 1: 'smollm2-135' is not a model of the study; did you mean "
        "'smollm2-135m'?"
    )
    twice = ["smollm2-135m", "smollm2-135m"]
    assert "named more than once: smollm2-135m" in refused(estimates={"predictors": twice})


def test_an_embedding_is_a_predictor_only_where_the_study_names_one() -> None:
    alone: dict[str, Any] = {"predictors": ["embedding"]}
    assert "the study names no embedding" in refused(estimates=alone)
    study = loaded(estimates=alone, embedding="all-minilm-l6-v2")
    job = EstimatesJob.of(analysed_study(study))
    assert job.predictors == ()
    assert job.embedding is not None
    models = EstimatesJob.of(
        analysed_study(
            loaded(estimates={"predictors": ["smollm2-135m"]}, embedding="all-minilm-l6-v2")
        )
    )
    assert models.predictors == ("smollm2-135m",)
    assert models.embedding is None


def test_labels_alone_cannot_be_estimated() -> None:
    content, _ = read_yaml(ROOT / "config/studies/inoshita2026.yaml")
    labels = [one for one in content["datasets"] if one["dataset"] == "goemotions"]
    keys = {
        "datasets": labels,
        "baselines": [name for name in content.get("baselines", []) if "emobank" not in name],
    }
    with pytest.raises(StudyError, match="means are estimated on scales of numbers, and the study"):
        loaded("studies/inoshita2026.yaml", estimates={}, **keys)


def test_the_order_of_predictors_changes_no_job() -> None:
    asked = {"name": "asked", "prompts": "instruction", "participants": 2}
    keys: dict[str, Any] = {"models": ["smollm2-135m", "gpt-4o"], "protocols": [asked]}
    jobs = [
        EstimatesJob.of(analysed_study(loaded(estimates={"predictors": order}, **keys))).params()
        for order in (["smollm2-135m", "gpt-4o"], ["gpt-4o", "smollm2-135m"])
    ]
    assert jobs[0] == jobs[1]


@pytest.mark.parametrize(
    ("key", "value"), [("coverage", 0.4), ("coverage", 1), ("cluster", "word")]
)
def test_other_values_are_refused(key: str, value: object) -> None:
    assert f"estimates.{key}" in refused(estimates={key: value})


@pytest.mark.parametrize("name", ["codebook", "To_Rate"])
def test_a_dataset_may_not_be_called_like_a_file_of_all_datasets(name: str, tmp_path: Path) -> None:
    card = (ROOT / "src/emoalign/catalogue/datasets/vader.yaml").read_text(encoding="utf-8")
    (tmp_path / "datasets").mkdir()
    (tmp_path / f"datasets/{name}.yaml").write_text(card, encoding="utf-8")
    content, _ = read_yaml(ROOT / "config/config.yaml")
    content["datasets"] = [{"dataset": name}]
    assert name in load_study(content, tmp_path).datasets
    with pytest.raises(StudyError, match=f"estimates/{name.lower()}.csv is a file of all datasets"):
        load_study({**content, "estimates": {}}, tmp_path)


def test_the_files_for_people_are_outputs_of_a_rule_each_once() -> None:
    rules = {rule.name: rule for rule in analyses(loaded(estimates={})).rules()}
    folder = "results/s/estimates"
    names = ("vader.csv", "vader.xlsx", "codebook.csv", "to_rate.csv", "read.R")
    assert sorted(rules["write_norms"].outputs) == sorted(f"{folder}/{name}" for name in names)
    assert f"{folder}/vader.parquet" in rules["write_norms"].inputs
    assert f"{folder}/vader.parquet" in rules["estimate"].outputs
