"""Entries of the project come before those that ship."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emoalign.errors import StudyError
from emoalign.installed import CATALOGUE
from emoalign.planning.loading import MODELS, load_study
from emoalign.study.library import Library
from emoalign.study.reading import read_yaml

MODEL = "smollm2-135m"


def config(folder: Path, *models: str) -> Path:
    """A folder of configuration with the default study and a model of one's own."""
    (folder / "config/models").mkdir(parents=True)
    shipped = (CATALOGUE / f"models/{MODEL}.yaml").read_text(encoding="utf-8")
    for name in models:
        text = shipped.replace("title: ", "title: My ", 1)
        (folder / f"config/models/{name}.yaml").write_text(text, encoding="utf-8")
    return folder / "config"


def study(repository: Path, **changes: Any) -> Any:
    content, problems = read_yaml(repository / "config/config.yaml")
    assert not problems
    return content | changes


def test_what_ships_is_found_without_a_folder_of_ones_own(repository: Path, tmp_path: Path) -> None:
    loaded = load_study(study(repository), tmp_path / "config")
    assert loaded.models[MODEL].title
    assert loaded.shadowing == ()


def test_an_own_entry_stands_beside_those_that_ship(repository: Path, tmp_path: Path) -> None:
    own = config(tmp_path, "mine")
    loaded = load_study(study(repository, models=["mine", MODEL]), own)
    assert loaded.models["mine"].title.startswith("My ")
    assert not loaded.models[MODEL].title.startswith("My ")
    assert loaded.shadowing == ()
    assert {"mine", MODEL, "gpt-4o"} <= set(Library(own).names("models"))


def test_an_own_entry_takes_the_place_of_a_shipped_one_and_is_told(
    repository: Path, tmp_path: Path
) -> None:
    own = config(tmp_path, MODEL)
    loaded = load_study(study(repository), own)
    assert loaded.models[MODEL].title.startswith("My ")
    assert loaded.shadowing == (str(own / f"models/{MODEL}.yaml"),)


def test_an_own_entry_that_cannot_be_read_gives_way_to_nothing(
    repository: Path, tmp_path: Path
) -> None:
    """What ships would be used in its place, and nobody would know."""
    own = config(tmp_path)
    (own / f"models/{MODEL}.yml").write_text("title: Mine\n", encoding="utf-8")
    with pytest.raises(StudyError, match=rf"no .*{MODEL}.yaml; rename .*models/{MODEL}.yml"):
        load_study(study(repository), own)
    (own / f"models/{MODEL}.yml").unlink()
    (own / f"models/{MODEL}.yaml").symlink_to("elsewhere.yaml")
    with pytest.raises(StudyError, match=r"is a link to elsewhere\.yaml, which is not there"):
        load_study(study(repository), own)


def test_a_broken_entry_of_ones_own_is_told_and_nothing_else_is_taken(
    repository: Path, tmp_path: Path
) -> None:
    own = config(tmp_path, MODEL)
    (own / f"models/{MODEL}.yaml").write_text("engine: llamacpp\ntitel: x\n", encoding="utf-8")
    with pytest.raises(StudyError) as error:
        load_study(study(repository), own)
    assert all(str(own) in problem for problem in error.value.problems)


def test_names_are_guessed_among_all_entries(repository: Path, tmp_path: Path) -> None:
    own = config(tmp_path, "mine")
    for wrong, meant in (("min", "mine"), ("gpt4o", "gpt-4o")):
        with pytest.raises(StudyError) as error:
            load_study(study(repository, models=[wrong]), own)
        (problem,) = error.value.problems
        assert problem.endswith(f"there is no {own}/models/{wrong}.yaml; did you mean {meant!r}?")


def test_files_are_named_from_the_folder_one_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config(tmp_path, "mine")
    monkeypatch.chdir(tmp_path)
    assert Library().shown("models", "mine") == "config/models/mine.yaml"
    assert Library().shown("models", MODEL) == str(CATALOGUE / f"models/{MODEL}.yaml")
    assert Library().card("models", MODEL, MODELS).title


@pytest.mark.parametrize("name", ["x" * 300, "a/../b", ""])
def test_a_name_that_no_file_has_is_not_there(name: str, tmp_path: Path) -> None:
    assert not Library(tmp_path).in_place_of_shipped("models", name)
