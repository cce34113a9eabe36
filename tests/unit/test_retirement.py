"""The day on which a model is switched off: told while it is near or past, everywhere."""

from __future__ import annotations

import inspect
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from anthropic._data.deprecated_models import DEPRECATED_MODELS
from click.testing import CliRunner
from openai.types.shared import chat_model
from ruamel.yaml import YAML

from documentation.provider_pages import preset_of
from emoalign.commands.app import application
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.retirement import NEAR_DAYS
from emoalign.errors import StudyError
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import MODELS, load_study
from emoalign.planning.opening import Opening
from emoalign.planning.plan import plan
from emoalign.study.library import Library
from emoalign.study.reading import read_card
from emoalign.tables import STIMULI

DOCS = Path(__file__).parents[2] / "docs"
COLLECTED = ("walkthroughs", "recorded-ratings", "configuration")
"""Pages that name models whose answers were collected by others, beside those that are asked."""

STUDY: dict[str, Any] = {
    "study": "mine",
    "title": "Mine",
    "seed": 1,
    "models": ["ending"],
    "datasets": [{"dataset": "vader", "sample": 2}],
    "protocols": [{"name": "plain", "prompts": "instruction", "participants": 1}],
}


@pytest.fixture
def ending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A study whose model ends in so many days."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-this-test")

    def in_days(days: int) -> str:
        day = (date.today() + timedelta(days)).isoformat()
        card = {"provider": "openai", "model": "gpt-0", "retires": day}
        for file, content in {"models/ending.yaml": card, "config.yaml": STUDY}.items():
            path = Path("config", file)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as stream:
                YAML(typ="safe", pure=True).dump(content, stream)
        return day

    return in_days


def told(days: int, ending: Any, caplog: pytest.LogCaptureFixture) -> dict[str, str]:
    """What each command says of a model that ends in so many days."""
    ending(days)
    loaded = load_study(STUDY, Path("config"))
    opening = Opening(loaded, Path("r"), Path("j"), [], ["vader"], None, {"vader": 2}).text()
    rows = {"item_id": ["a"], "text": ["a"], "modality": ["word"], "shard": ["0000"]}
    none = dict.fromkeys(
        ("image_path", "image_sha256", "strata", "covariates", "cluster", "split"), None
    )
    STIMULI.write(pd.DataFrame(rows).assign(**none), Path("stimuli.parquet"))
    caplog.clear()
    with caplog.at_level("INFO", logger="emoalign"):
        plan(
            Jobs(loaded).plan(),
            loaded.models,
            {"vader": Path("stimuli.parquet")},
            Path("journal"),
            Path("plan.csv"),
        )
    return {
        "run": " ".join(opening.split()),
        "plan": caplog.text,
        "check": CliRunner().invoke(application, ["check"]).output,
        "list": CliRunner().invoke(application, ["list", "models"]).output,
    }


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (NEAR_DAYS, f"in {NEAR_DAYS} days"),
        (1, "tomorrow"),
        (0, "today"),
    ],
)
def test_an_end_that_is_near_is_told_with_how_to_keep_the_study(
    days: int, words: str, ending: Any, caplog: pytest.LogCaptureFixture
) -> None:
    said = told(days, ending, caplog)
    day = (date.today() + timedelta(days)).isoformat()
    for where in ("run", "plan", "check"):
        assert f"Model ending will be switched off on {day}, {words}." in said[where], where
        assert "once they are in results/journal, the study can be finished" in said[where]
    assert f"(own) (until {day})" in said["list"]


def test_an_end_that_is_past_is_told_as_such(ending: Any, caplog: pytest.LogCaptureFixture) -> None:
    said = told(-3, ending, caplog)
    for where in ("run", "plan", "check"):
        assert "Model ending was switched off on" in said[where], where
        assert "with all answers in it, the study can be finished and repeated" in " ".join(
            said[where].split()
        )
    day = (date.today() - timedelta(3)).isoformat()
    assert f"(own) (switched off on {day})" in said["list"]


def test_an_end_that_is_far_is_not_told(ending: Any, caplog: pytest.LogCaptureFixture) -> None:
    said = told(NEAR_DAYS + 1, ending, caplog)
    assert not any("switched off" in said[where] for where in ("run", "plan", "check"))
    assert "gpt-0 (own)\n" in said["list"]


def test_a_day_that_is_none_is_a_mistake(ending: Any) -> None:
    ending(0)
    path = Path("config/models/ending.yaml")
    for wrong in ("2027-02-30", "soon"):
        path.write_text(f'provider: openai\nmodel: m\nretires: "{wrong}"\n', encoding="utf-8")
        with pytest.raises(StudyError, match="line 3: retires: "):
            read_card(path, MODELS)


@pytest.mark.parametrize(
    ("provider", "model", "day"),
    [
        ("openai", "gpt-5", "2026-12-11"),
        ("openai", "gpt-5-2025-08-07", "2026-12-11"),
        ("openai", "gpt-4o-2024-05-13", "2026-10-23"),  # this date ends before the others
        ("openai", "gpt-5.5", None),
        ("openai", "gpt-5-nano-mine", None),
        ("anthropic", "claude-sonnet-4-5-20250929", "2026-11-30"),
        ("gemini", "gemini-2.5-flash", "2026-12-01"),
        ("azure", "gpt-4o", None),  # a deployment, with dates of its own
    ],
)
def test_a_short_card_knows_the_end_that_its_provider_announced(
    provider: str, model: str, day: str | None, ending: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending(0)
    monkeypatch.setenv("AZURE_OPENAI_RESOURCE", "lab")
    path = Path("config/models/ending.yaml")
    path.write_text(f"provider: {provider}\nmodel: {model}\n", encoding="utf-8")
    card = read_card(path, MODELS)
    assert isinstance(card, ApiModel)
    assert card.retires == day
    shown = CliRunner().invoke(application, ["show", "model", "ending"]).output
    assert (f"#   retires: {day}\n" in shown) == (day is not None)
    path.write_text(f'{path.read_text()}retires: "2030-01-01"\n', encoding="utf-8")
    own = read_card(path, MODELS)
    assert isinstance(own, ApiModel)
    assert own.retires == "2030-01-01"


def test_the_ends_are_those_that_the_packages_of_the_providers_announce() -> None:
    described = inspect.getsource(chat_model)
    for day, names in preset_of("openai").ends.items():
        notes = [part for part in described.split("\n- ") if day in part.split("\n- ")[0]]
        assert all(any(f'"{name}"' in note for note in notes) for name in names), day
    announced = {name: day for day, names in preset_of("anthropic").ends.items() for name in names}
    for name, day in announced.items():
        words = DEPRECATED_MODELS[name].replace("th,", ",").replace("nd,", ",")
        assert datetime.strptime(words, "%B %d, %Y").date().isoformat() == day


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.stem)
def test_a_page_that_names_a_model_with_a_known_end_tells_it(page: Path) -> None:
    """A model is named by its name (gpt-4o-mini) or its title (GPT-4o mini)."""
    text = page.read_text(encoding="utf-8")
    ends = {
        name: day
        for preset in ("openai", "anthropic", "gemini")
        for day, names in preset_of(preset).ends.items()
        for name in names
    }
    for name, day in ends.items():
        words = r"[ -]".join(map(re.escape, name.split("-")))
        past = name in ("gpt-4", "gpt-4o", "gpt-4o-mini") and page.stem in COLLECTED
        if re.search(rf"(?i)\b{words}(?![\w.]|-[a-z0-9])", text) and not past:
            assert day in text, name


def test_the_end_changes_nothing_of_the_job_or_the_manifest() -> None:
    card = Library().card("models", "gpt-4o", MODELS)
    without = card.model_copy(update={"retires": None})
    assert card.model_dump()["retires"] == "2027-01-14"
    assert card.answering() == without.answering()
    assert card.settings() == without.settings()
