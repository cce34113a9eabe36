"""What every test may use: the shipped configuration, whole or as a copy to change."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from ruamel.yaml import YAML

from emoalign.planning.loading import load_study
from emoalign.planning.studies import LoadedStudy
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.study.fields import FileSource
from emoalign.study.reading import read_yaml
from emoalign.study.scales import HumanScale

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = REPOSITORY.parent / "shared" / "data"

settings.register_profile("emoalign", deadline=None, database=None, derandomize=True)
settings.load_profile("emoalign")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests on data that cannot be redistributed run where somebody has placed them.

    Workers take a file after the other: those that run studies first, since they take longest.
    """
    absent = pytest.mark.skip(reason=f"there is no {SHARED}")
    for item in items:
        if item.get_closest_marker("shared_data") and not SHARED.is_dir():
            item.add_marker(absent)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: "workflow" not in item.path.parts)


def changed(file: Path, change: Callable[[Any], object]) -> None:
    """Change the content of a YAML file."""
    content, problems = read_yaml(file)
    assert not problems
    change(content)
    with file.open("w", encoding="utf-8") as stream:
        YAML(typ="safe", pure=True).dump(content, stream)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder of the Snakefile."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that cannot be redistributed, for tests marked shared_data."""
    return SHARED


@pytest.fixture(scope="session")
def default_study() -> LoadedStudy:
    """config/config.yaml with everything it names."""
    content, problems = read_yaml(REPOSITORY / "config" / "config.yaml")
    assert not problems
    return load_study(content, REPOSITORY / "config")


@pytest.fixture
def config_dir(tmp_path: Path) -> Path:
    """A copy of config/ with all that ships, which a test may change."""
    copied = shutil.copytree(REPOSITORY / "src/emoalign/catalogue", tmp_path / "config")
    return Path(shutil.copytree(REPOSITORY / "config", copied, dirs_exist_ok=True))


@pytest.fixture
def edit(config_dir: Path) -> Callable[[str, Callable[[Any], object]], None]:
    """Change a file of the copied configuration: edit("models/mine.yaml", lambda card: ...)."""
    return lambda name, change: changed(config_dir / name, change)


@pytest.fixture(scope="session")
def nine_points() -> HumanScale:
    """Valence from 1 to 9, in a file that says -4 to 4."""
    return HumanScale.model_validate(
        {"min": 1, "max": 9, "native": {"min": -4, "max": 4}, "direction": "higher is better"}
    )


Prepare = Callable[..., PreparationJob]
Write = Callable[..., Path]
Limit = Callable[[int], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def preparation(nine_points: HumanScale) -> Prepare:
    """The job that prepares all items of a lexicon file, or changes to it."""

    def job(file: Path, **changes: Any) -> PreparationJob:
        fields = {
            "dataset": "mine",
            "modality": "word",
            "source": {"reader": "vader-lexicon", "lexicon": FileSource(file=str(file))},
            "keep": None,
            "scales": {"valence": nine_points},
            "sample": None,
            "seed": 1,
            "excluded_texts": (),
            "shard_items": None,
        }
        return PreparationJob.model_validate(fields | changes)

    return job


@pytest.fixture
def lexicon(tmp_path: Path) -> Write:
    """Write a file in the format of the VADER lexicon, with the same ratings for every token."""

    def write(tokens: Sequence[str], ratings: Sequence[int] = (-1, 0, 2)) -> Path:
        file = tmp_path / "lexicon.txt"
        lines = [f"{token}\t0.0\t1.0\t{list(ratings)}\n" for token in tokens]
        file.write_text("".join(lines), encoding="utf-8", newline="")
        return file

    return write


@pytest.fixture
def no_file_above() -> Limit:
    """Have the operating system refuse to write files beyond a size, as on a full disk."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
