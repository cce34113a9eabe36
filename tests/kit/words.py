"""A study of the dataset words, loaded as from files; each test says what of it matters."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from emoalign.elicitation.engines.registry import ENGINES
from emoalign.planning.jobs import reported
from emoalign.planning.studies import STUDY, LoadedStudy
from emoalign.report.report_job import ReportJob
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.personas import PersonaTable
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.scales import HumanScale
from emoalign.study.settings import StatisticsSettings

_MARKUP = re.compile(r"<(script|style)[ >].*?</\1>|<[^>]*>", re.DOTALL)
_ITALICS = re.compile(r"</?(?:i|sub)>")

EVIL = '<script>alert("1")</script>'
NINE = {"min": 1, "max": 9, "direction": "higher is more positive"}
SCALE = HumanScale.model_validate(NINE)
EMOTIONS = {"kind": "labels", "labels": ["joy", "anger", "fear"], "at_least": 1}
FEW = {
    "bootstrap_resamples": 200,
    "split_halves": 20,
    "simulations": 99,
    "permutations": 99,
    "structure_items": 200,
    "worst_items": 20,
}
"""Settings of statistics whose last digits nobody looks at."""

SETTINGS = StatisticsSettings.model_validate(FEW)


def words_of(page: str) -> str:
    """What a reader of a page sees, in one line, with apostrophes as they are typed."""
    shown = html.unescape(_MARKUP.sub(" ", _ITALICS.sub("", page)))
    return re.sub(r"\s+", " ", shown).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


Entries = Sequence[str] | Mapping[str, Any]


def study(
    *,
    title: str = f"A study of {EVIL}",
    models: Entries = ("m",),
    protocols: Entries = ("p",),
    scales: Entries = ("valence",),
    labels: Entries = (),
    datasets: Sequence[str] = ("words",),
    readouts: Sequence[str] = ("sampled",),
    show_items: bool = True,
    frameworks: Mapping[str, Sequence[str]] = {},
    **told: Any,
) -> LoadedStudy:
    """A study that reads no file: by default of one cell, without figures.

    Entries that are told by name alone are what most tests need; a mapping gives models other
    titles, protocols other keys, scales other points and labels. `told` are more keys of the study.
    """
    titles = _entries(models, {name: f"Model {name}" for name in models})
    numbers = _entries(scales, dict.fromkeys(scales, NINE))
    choices = _entries(labels, dict.fromkeys(labels, EMOTIONS))
    content = {
        "study": "words",
        "title": title,
        "seed": 3,
        "models": list(titles),
        "datasets": [{"dataset": name, "sample": 30} for name in datasets],
        "protocols": [
            {"name": name, "prompts": "plain", "readouts": readouts, **keys}
            for name, keys in _entries(protocols, {name: {} for name in protocols}).items()
        ],
        "statistics": FEW,
        "calibration": {"methods": ["isotonic", "mixture"]},
        "figures": [],
    }
    asked = STUDY.model_validate(content | told)
    card = {
        "title": "Words",
        "modality": "word",
        "source": {
            "reader": "table",
            "table": {"file": "words.csv"},
            "id": "id",
            "text": "word",
            "rows": "ratings",
            "scales": {name: {"ratings": [name]} for name in numbers}
            | {name: {"labels": name} for name in choices},
        },
        "scales": {**numbers, **choices},
        "frameworks": frameworks,
        "licence": "MIT",
        "citation": "@misc{words, title = {Words}}",
        "redistribute": show_items,
        "caveats": ["Only for tests."],
    }
    wordings = {
        name: {"instruction": "Rate it.", "written_for": {"min": one["min"], "max": one["max"]}}
        for name, one in numbers.items()
    } | {name: {"instruction": "Choose."} for name in choices}
    wording = {"title": "Plain", "kind": "chat", "template": "{{ instruction }} {{ item.text }}"}
    wording |= {"answer": {"max_tokens": 4}, "scales": wordings}
    persona = {"title": "P", "template": "{{ age }} years old", "personas": [{"age": 30}]}
    model = {"engine": "openai", "capabilities": {}}
    return LoadedStudy(
        asked,
        models={
            name: ENGINES["openai"].model_validate(model | {"model": name, "title": title})
            for name, title in titles.items()
        },
        datasets={name: DatasetCard.model_validate(card) for name in datasets},
        prompt_sets={
            name: PromptSet.model_validate(wording)
            for one in asked.protocols
            for name in one.prompt_sets("words")
        },
        personas={
            one.personas: PersonaTable.model_validate(persona)
            for one in asked.protocols
            if one.personas
        },
    )


def _entries(named: Entries, usual: Mapping[str, Any]) -> Mapping[str, Any]:
    return named if isinstance(named, Mapping) else usual


def report_job(**told: Any) -> ReportJob:
    """What the report is told of such a study."""
    return reported(study(**told))
