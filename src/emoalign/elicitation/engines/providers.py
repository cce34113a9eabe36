"""Presets of providers: what the cards of their models leave out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import Field, JsonValue, ValidationError, model_validator

from emoalign.addresses import nearby, no_address, on_this_machine
from emoalign.elicitation.engines.api.retirement import Day
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.study.fields import Entry
from emoalign.study.library import Library
from emoalign.study.located import kind_of
from emoalign.study.mistakes import mistakes, nearest
from emoalign.study.origins import Origin
from emoalign.study.reading import Completed, over, read_entry, value_at
from emoalign.study.yaml_files import YamlFile, read_file, shown

if TYPE_CHECKING:
    from pathlib import Path

PROVIDERS = "providers"
"""The folder of presets, in the catalogue and in a project's config/."""

TO_BE_NAMED = "to-be-named"
"""What a new card says where only its author can know: nothing is sent while it is there."""

_OTHER_KEYS = {key for card in ENGINES.values() for key in card.model_fields} - {"provider"}
_VARIABLE = re.compile(r"\{(\w+)\}")
_DATED = re.compile(r"-\d{4}-?\d{2}-?\d{2}$")
"""The end of a name such as gpt-5-2025-08-07 or claude-sonnet-4-5-20250929."""

_PART_OF_A_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")


class Provider(Entry):
    """A provider of models, or a program that serves them."""

    title: str = Field(description="Name of the provider.")
    as_of: str = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}$", description="Date of what is said here (YYYY-MM-DD)."
    )
    source: str = Field(description="Source of what is said here.")
    card: dict[str, JsonValue] = Field(
        description=(
            "Keys of a model's card, for cards with this `provider` that leave them out. Keys that "
            "have keys are merged."
        )
    )
    variables: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "Environment variables with the parts of base_url in braces, such as {region}, unless "
            "cards give them (`variables`)."
        ),
    )
    must_give: dict[str, str] = Field(
        default_factory=dict,
        description=(
            "Keys that a card itself must give, with what to write; of a list, exactly one entry. "
            "An empty list in `card` says that the value is a list."
        ),
    )
    batches: bool = Field(
        False, description="Whether it has a batch interface that emoalign can use."
    )
    ends: dict[Day, tuple[str, ...]] = Field(
        default_factory=dict,
        description=(
            "Days (YYYY-MM-DD) on which models are switched off, with their names: `retires` of "
            "cards that leave it out. A name stands for those with a date added, too."
        ),
    )
    notes: tuple[str, ...] = Field((), description="Facts that its users should know.")
    unverified: tuple[str, ...] = Field(
        (), description="Claims that nobody has confirmed; `emoalign check --ask` tests some."
    )

    @model_validator(mode="after")
    def _keys_of_a_card(self) -> Provider:
        engine = self.card.get("engine")
        if engine not in ENGINES or "provider" not in ENGINES[str(engine)].model_fields:
            known = [name for name, card in ENGINES.items() if "provider" in card.model_fields]
            raise ValueError(f"card.engine: expected one of {', '.join(sorted(known))}")
        try:
            self.of("a-model")
        except ValidationError as error:
            content = self._content("a-model")
            told = mistakes(ENGINES[str(engine)], content, error.errors(), Origin(""))
            raise ValueError(f"card.{told[0].removeprefix(': ')}") from None
        return self

    def end_of(self, model: object) -> str | None:
        """The day on which a model is switched off, if it is known here."""
        days = {name: day for day, names in self.ends.items() for name in names}
        return days.get(str(model)) or days.get(_DATED.sub("", str(model)))

    def of(self, model: str) -> ModelCard:
        """The card of a model about which nothing else is said; variables of addresses are `a`."""
        content = orjson.dumps(self._content(model))  # strict as JSON is, like a card in a file
        return ENGINES[str(self.card["engine"])].model_validate_json(content, strict=True)

    def _content(self, model: str) -> dict[str, JsonValue]:
        needed: dict[str, JsonValue] = {"title": model, "model": model, "capabilities": {}}
        content = {**needed, **self.card}
        if isinstance(address := content.get("base_url"), str):
            content["base_url"] = _VARIABLE.sub("a", address)
        return content


def with_preset(file: YamlFile, own: Path) -> Completed:
    """The content of a model's card over what the preset of its `provider` brings.

    `own` is the folder of the project's own entries. A card without `provider` is as it stands.
    """
    card: Mapping[str, Any] = file.content
    origin = Origin(shown(file.path), (file,))
    name = card.get("provider")
    if name is None and card.get("engine") is None:
        return None, origin, [_neither(card, origin)]
    if name is None:
        return card, origin, []
    if not isinstance(name, str):
        return None, origin, [f"{origin.at('provider')}: expected a name, found {kind_of(name)}"]
    library = Library(own)
    path = library.path(PROVIDERS, name)
    names = library.names(PROVIDERS)
    preset, problems = read_entry(path, Provider, origin.at("provider"), names)
    if preset is None:
        return None, origin, problems
    whole = over({"title": str(card.get("model"))}, over(preset.card, card))
    if (end := preset.end_of(card.get("model"))) is not None:
        whole.setdefault("retires", end)
    if "prices" in card:  # a price, its date and its source belong together
        whole["prices"] = card["prices"]
    elif _elsewhere(preset, whole):  # and may cost what a server of one's own does not
        whole.pop("prices", None)
    origin = Origin(origin.name, (read_file(path).below("card"), file))
    problems = list(_wrong(name, preset, file, whole, origin))
    address, missing = _address(name, preset, whole, origin)
    whole["engine"] = preset.card["engine"]
    if address is not None:
        whole["base_url"] = address
    return whole, origin, [*problems, *missing]


def _elsewhere(preset: Provider, whole: Mapping[str, Any]) -> bool:
    """Tell whether a program that runs on one's own machine runs on somebody else's."""
    usual, address = preset.card.get("base_url"), whole.get("base_url")
    if not isinstance(usual, str) or not isinstance(address, str) or no_address(address):
        return False
    return on_this_machine(usual) and not nearby(address)


def _neither(card: Mapping[str, Any], origin: Origin) -> str:
    """Words for a card that has neither engine nor provider."""
    known = ("provider", *_OTHER_KEYS)
    for key in map(str, card):
        if key not in known and nearest(key, known) == "did you mean 'provider'?":
            return f"{origin.at(key)}: unknown key; did you mean 'provider'?"
    return (
        f"{origin.at('engine')}: missing; write one of: {', '.join(sorted(ENGINES))}; or, for a "
        "server, `provider: …` with one of `emoalign list providers`"
    )


def _wrong(
    name: str, preset: Provider, file: YamlFile, whole: Mapping[str, Any], origin: Origin
) -> Iterator[str]:
    """Reasons why a card cannot be one of this provider."""
    card: Mapping[str, Any] = file.content
    in_card = Origin(origin.name, (file,))
    engine = preset.card["engine"]
    if card.get("engine") not in (None, engine):
        yield (
            f"{origin.at('engine')}: models of provider {name!r} have engine {engine}: leave "
            "engine out, or leave provider out and write a card of its own"
        )
    if whole.get("delivery") == "batch" and not preset.batches:
        yield (
            f"{origin.at('delivery')}: provider {name!r} has no batch interface that emoalign can "
            "use: write delivery: single"
        )
    for key, words in preset.must_give.items():
        keys = key.split(".")
        found = _lacking(value_at(card, keys), listed=isinstance(value_at(preset.card, keys), list))
        if found:
            yield f"{in_card.at(*keys)}: {found}; {words}"


def _lacking(value: Any, listed: bool) -> str | None:
    """What is wrong with the value of a key that a card must give; None if nothing."""
    if value is None:
        return "missing"
    if isinstance(value, list) and len(value) != 1:
        return f"found {len(value)} entries" if value else "found an empty list"
    if listed and not isinstance(value, list):
        return f"expected a list, found {kind_of(value)}"
    named = value[0] if isinstance(value, list) else value
    if named == TO_BE_NAMED:
        return f"still {TO_BE_NAMED}"
    if not named or (listed and not isinstance(named, str)):
        return f"expected a name, found {kind_of(named) if named else 'nothing'}"
    return None


def _address(
    name: str, preset: Provider, whole: Mapping[str, Any], origin: Origin
) -> tuple[Any, list[str]]:
    """The address with its variables filled in, and which of them are missing or wrong."""
    address, given = whole.get("base_url"), whole.get("variables") or {}
    if not isinstance(address, str) or not isinstance(given, Mapping):
        return address, []
    problems = []
    there = _VARIABLE.findall(address)
    for unknown in given.keys() - set(there):
        place = origin.at("variables", str(unknown))
        hint = nearest(str(unknown), there) if there else "leave it out"
        problems.append(f"{place}: the address {address} has no such variable; {hint}")

    def value(found: re.Match[str]) -> str:
        key = found[1]
        place, environment = origin.at("variables", key), preset.variables.get(key)
        said = str(given.get(key) or os.environ.get(environment or "") or "")
        if not said:
            export = f", or export {environment}=…" if environment else ""
            problems.append(
                f"{place}: missing; the address of provider {name!r} is {address}: write "
                f"`variables: {{{key}: …}}` into the card{export}"
            )
        elif said == TO_BE_NAMED:
            remove = f", or remove it and export {environment}=…" if environment else ""
            problems.append(f"{place}: still {said}: write your own{remove}")
        elif not _PART_OF_A_HOST.fullmatch(said):
            of = "" if given.get(key) else f" (from {environment})"
            problems.append(
                f"{place}: expected letters, digits, dots and hyphens, found {said!r}{of}"
            )
        return "a" if problems else said

    return _VARIABLE.sub(value, address), problems
