"""Defaults for studies of recorded ratings: models from one table, protocols, participants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from emoalign.elicitation.engines.base import ModelCard
from emoalign.errors import DataError
from emoalign.planning.studies import JOURNAL_FOLDERS, Study
from emoalign.study.library import Library
from emoalign.study.origins import Origin
from emoalign.study.protocols import Protocol

_PROTOCOL = "recorded"


@dataclass(frozen=True)
class NamedModels:
    """The models of a study by name.

    Attributes:
        models: their cards; a table of several models has one for each.
        cards: the name of the card of each model.
        problems: tables that could not be read, and names used for more than one model.
    """

    models: Mapping[str, ModelCard]
    cards: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def of(self, card: str) -> list[str]:
        """The models that a card stands for."""
        return [model for model, name in self.cards.items() if name == card]


def named_models(cards: Mapping[str, ModelCard], library: Library) -> NamedModels:
    """The models of the cards of a study; the table of one card may hold several."""
    models: dict[str, ModelCard] = {}
    named: dict[str, str] = {}
    problems = []
    for name, card in cards.items():
        where = library.shown("models", name)
        try:
            held = card.models(name)
        except DataError as error:
            problems.append(f"{where}: model: the models could not be read from the table: {error}")
            continue
        for model, each in held.items():
            remedy = (
                f"give it another name there, under model: values: {{my-name: {each.title!r}, ...}}"
            )
            if model in models:
                problems.append(
                    f"{where}: model: {model!r} is also the name of a model in "
                    f"{library.shown('models', named[model])}; {remedy}"
                )
            elif model.casefold() in JOURNAL_FOLDERS and len(held) > 1:
                problems.append(
                    f"{where}: model: {model!r} cannot be the name of a model, because "
                    f"results/journal/{model.casefold()} is used for other files; {remedy}"
                )
            models.setdefault(model, each)
            named.setdefault(model, name)
    return NamedModels(models, named, problems)


def completed(study: Study, named: NamedModels, source: Origin) -> tuple[Study, list[str]]:
    """The study with single models and with protocols, and the problems with these.

    A study of recorded ratings alone has one protocol if it names none, and uses all participants
    where it does not say how many.
    """
    if not all(named.of(name) for name in study.models):
        return study, []  # a card cannot be read, and whether anybody is asked is not known
    asked = [name for name, card in named.models.items() if card.asked]
    problems = []
    protocols = study.protocols
    if not protocols and asked:
        problems.append(
            f"{source.at('protocols')}: missing; say how {asked[0]!r} is asked, such as "
            "protocols: [{name: instruction, prompts: instruction}]"
        )
    elif not protocols:
        for name, card in named.models.items():
            if card.protocol_column is not None:
                problems.append(
                    f"{source.at('protocols')}: missing; the table of {name!r} has a column of "
                    f"protocols ({card.protocol_column!r}): list those to be used, such as "
                    "protocols: [{name: base}, {name: few-shot}]"
                )
        protocols = (Protocol(name=_PROTOCOL),)
    if not asked:
        protocols = tuple(
            each
            if "participants" in each.model_fields_set
            else each.model_copy(update={"participants": None})
            for each in protocols
        )
    changes = {
        "models": _models(study.models, named),
        "protocols": protocols,
        "datasets": tuple(
            entry
            if entry.models is None
            else entry.model_copy(update={"models": _models(entry.models, named)})
            for entry in study.datasets
        ),
    }
    return study.model_copy(update=changes), problems


def _models(names: tuple[str, ...], named: NamedModels) -> tuple[str, ...]:
    """Models, with the name of a card of several replaced by theirs."""
    return tuple(model for name in names for model in (named.of(name) or [name]))
