"""The configuration in a bundle: the study and what it names, without what may not be passed on."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.publication.portable import portable
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.prompt_sets import PromptSet

_OF_ONE_PLACE = frozenset(
    {"base_url", "api_key_env", "headers", "variables", "data_mirror", "obtain", "images"}
)
"""Keys that say where something is here: a server, a key, a folder."""

_OF_ANY_DATASET = (
    *("title", "modality", "language", "scales", "frameworks"),
    *("licence", "citation", "redistribute"),
)
"""Keys of a card that tell nothing of its items or norms."""


def configuration(entry: BaseModel) -> dict[str, Any]:
    """An entry as it was written, without what belongs to one machine. In a study, protocols that
    have files of their own are written out."""
    return _portable(_written(entry))


def model_configuration(card: ModelCard, *, choice: bool) -> dict[str, Any]:
    """A model's card, without address and key; with or without the choice of recorded rows, which
    may name items."""
    written = _written(card)
    if not choice:
        written.pop("only", None)
    return _portable(written)


def chooses_rows(card: ModelCard) -> bool:
    """Tell whether a card chooses rows of recorded ratings."""
    return isinstance(card, RecordedModel) and bool(card.only)


def dataset_configuration(card: DatasetCard) -> dict[str, Any]:
    """A dataset's card; where the dataset may not be passed on, only its keys that tell nothing of
    the items."""
    written = _written(card)
    if not card.redistribute:
        written = {key: written[key] for key in _OF_ANY_DATASET if key in written}
    return _portable(written)


def prompt_configuration(prompts: PromptSet, *, demonstrations: bool) -> dict[str, Any]:
    """A prompt set, with or without demonstrations and practice, which may be items."""
    written = _written(prompts)
    if not demonstrations:
        for wording in written.get("scales", {}).values():
            wording.pop("demonstrations", None)
            wording.pop("practice", None)
    return _portable(written)


def shows_examples(prompts: PromptSet) -> bool:
    """Tell whether a prompt set has demonstrations or practice."""
    return any(each.demonstrations or each.practice for each in prompts.scales.values())


def as_yaml(content: Mapping[str, Any]) -> str:
    """A YAML file with the keys in their order."""
    writer = YAML(pure=True)
    writer.width = 10_000  # folding leaves spaces at the ends of lines
    writer.allow_unicode = True
    writer.indent(mapping=2, sequence=4, offset=2)
    written = io.StringIO()
    writer.dump(_in_blocks(content), written)
    return written.getvalue()


def _in_blocks(value: Any) -> Any:
    """A JSON value whose texts of several lines are written as they are."""
    if isinstance(value, Mapping):
        return {key: _in_blocks(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_in_blocks(each) for each in value]
    several = isinstance(value, str) and "\n" in value.strip()
    return LiteralScalarString(value) if several else value


def _written(entry: BaseModel) -> dict[str, Any]:
    return entry.model_dump(mode="json", exclude_unset=True)


def _portable(written: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = portable(_here(written))
    return made


def _here(value: Any) -> Any:
    """A JSON value without keys of one place, and with whole numbers written as such."""
    if isinstance(value, Mapping):
        kept = {key: each for key, each in value.items() if key not in _OF_ONE_PLACE}
        return {_WHOLE.sub("", key): _here(each) for key, each in kept.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_here(each) for each in value] if isinstance(value, list) else value


_WHOLE = re.compile(r"(?<=\d)\.0$")
"""The end of a key that is a point of a scale, as JSON has it."""
