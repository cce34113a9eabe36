"""Baselines in studies: what is right loads, and what is wrong is told before anything runs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoalign.baselines import baseline_cards
from emoalign.baselines.baseline_cards import BASELINES, REQUIREMENTS, require_packages
from emoalign.errors import BaselineError, StudyError
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
