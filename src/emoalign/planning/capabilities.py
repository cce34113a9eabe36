"""What the models of a study cannot do although it asks for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from emoalign.elicitation.engines.cards import (
    LlamaCppModel,
    OpenAIModel,
    RecordedModel,
    VllmModel,
)
from emoalign.planning.loaded_study import LoadedStudy
from emoalign.planning.studies import StudyDataset
from emoalign.study.fields import Range
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.scales import LabelScale


def cannot_rate(
    loaded: LoadedStudy, source: str, entry: StudyDataset, asked: Sequence[str]
) -> list[str]:
    """Why models cannot rate the items of a dataset on the scales that are asked about."""
    card = loaded.datasets[entry.dataset]
    raters = {
        name: model
        for name, model in loaded.models.items()
        if entry.models is None or name in entry.models
    }
    problems = [
        f"{source}: model {name!r} cannot be shown items of {entry.dataset!r}: its card does "
        f"not list {card.modality!r} among capabilities.modalities"
        for name, model in raters.items()
        if not isinstance(model, RecordedModel)
        and card.modality not in model.capabilities.modalities
    ]
    problems += [
        f"{source}: model {name!r} has recorded ratings of {model.scale!r} only (scale in its "
        f"card), but the study asks about {scale!r} of {entry.dataset!r}"
        for name, model in raters.items()
        if isinstance(model, RecordedModel) and model.scale is not None
        for scale in asked
        if scale != model.scale
    ]
    problems += [
        f"{source}: model {name!r}: {scale!r} of {entry.dataset!r} is a scale of labels, which "
        "are read from raw answers; name their column as columns.answer in the model's card"
        for name, model in raters.items()
        if isinstance(model, RecordedModel) and model.columns.answer is None
        for scale in asked
        if isinstance(card.scales[scale], LabelScale)
    ]
    return problems


def without_prices(loaded: LoadedStudy, source: str) -> list[str]:
    """The models whose cost cannot be limited, because it is not known."""
    return [
        f"{source}: max_usd: model {name!r} has no prices in its card, so that its cost is not "
        "known; a server of your own has input_usd: 0 and output_usd: 0"
        for name, model in loaded.models.items()
        if isinstance(model, OpenAIModel) and model.prices is None
    ]


def cannot_follow(loaded: LoadedStudy, source: str, protocol: Protocol) -> list[str]:
    """Why models cannot be asked under a protocol."""
    problems: list[str] = []
    for name, model in loaded.models.items():
        if isinstance(model, RecordedModel):
            problems += _not_recorded(source, protocol, name)
        else:
            for prompts in _prompts_for(loaded, protocol, name):
                problems += _incapable(source, protocol, prompts, name, model)
    return problems


def _prompts_for(loaded: LoadedStudy, protocol: Protocol, model: str) -> list[PromptSet]:
    """The prompt sets a model is asked with under a protocol."""
    names = {
        protocol.prompt_set(entry.dataset)
        for entry in loaded.study.datasets
        if model in loaded.raters(entry.dataset)
    }
    return [prompts for name, prompts in loaded.prompt_sets.items() if name in names]


def _incapable(
    source: str,
    protocol: Protocol,
    prompts: PromptSet,
    name: str,
    model: LlamaCppModel | OpenAIModel | VllmModel,
) -> Iterable[str]:
    able = model.capabilities
    asks = f"{source}: protocol {protocol.name!r} asks model {name!r} for"
    if prompts.form == "chat" and not able.chat:
        yield f"{asks} a chat answer, but its card says chat: false"
    if prompts.form == "completion" and not able.completion:
        yield f"{asks} a completion, but its card says completion: false"
    if "sampled" in protocol.readouts:
        yield from _wrong_temperature(asks, protocol.temperature, able.temperature)
    if "exact" in protocol.readouts and not able.top_logprobs:
        yield f"{asks} the exact readout, but its card says top_logprobs: 0"
    if not able.tokenizer and ("exact" in protocol.readouts or prompts.answer.form == "next_token"):
        yield f"{asks} an answer read from single tokens, but its card says tokenizer: false"


def _wrong_temperature(asks: str, temperature: float, able: Range | None) -> Iterable[str]:
    if able is None:
        if temperature != 1:
            yield f"{asks} temperature {temperature:g}, but its card says it takes none"
    elif not able.min <= temperature <= able.max:
        yield (
            f"{asks} temperature {temperature:g}, but its card says {able.min:g} to {able.max:g}"
        )


def _not_recorded(source: str, protocol: Protocol, name: str) -> Iterable[str]:
    if "exact" in protocol.readouts:
        yield (
            f"{source}: protocol {protocol.name!r} asks model {name!r} for the exact readout, but "
            "its ratings were recorded, and probabilities cannot be read from ratings: only the "
            "sampled readout is possible"
        )
