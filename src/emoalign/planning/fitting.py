"""Whether the wording of a prompt set fits a scale."""

from __future__ import annotations

from collections.abc import Iterator

from emoalign.study.prompt_sets import PromptSet
from emoalign.study.scales import LabelScale, OrdinalScale, Scale


def misfits(file: str, prompts: PromptSet, dataset: str, name: str, scale: Scale) -> list[str]:
    """Why a prompt set cannot ask about a scale of a dataset; empty where it can."""
    if isinstance(scale, LabelScale):
        found = _label_misfits(prompts, dataset, name, scale)
    else:
        found = _number_misfits(prompts, dataset, name, scale)
    return [f"{file}: {problem}" for problem in found]


def _number_misfits(
    prompts: PromptSet, dataset: str, name: str, scale: OrdinalScale
) -> Iterator[str]:
    wording = prompts.scales[name]
    ends = f"the scale of {dataset!r} runs from {scale.min:g} to {scale.max:g}"
    if wording.written_for is None:
        yield f"scales.{name}.written_for: missing; {ends}"
    elif (wording.written_for.min, wording.written_for.max) != (scale.min, scale.max):
        yield (
            f"scales.{name}.written_for: {wording.written_for.min:g} to "
            f"{wording.written_for.max:g}, but {ends}"
        )
    if prompts.answer.kind == "labels":
        yield (
            f"answer.kind: labels, but {name!r} of {dataset!r} is a scale of numbers; use text, "
            "next_token or joint"
        )
    for shown in wording.demonstrations:
        if shown.rating is None:
            yield f"scales.{name}.demonstrations: {shown.text!r} has labels; expected a rating"


def _label_misfits(prompts: PromptSet, dataset: str, name: str, scale: LabelScale) -> Iterator[str]:
    wording = prompts.scales[name]
    if wording.written_for is not None:
        yield (
            f"scales.{name}.written_for: {name!r} of {dataset!r} is a scale of labels and has no "
            "range; leave it out"
        )
    if prompts.answer.kind in ("text", "next_token"):
        yield (
            f"answer.kind: {prompts.answer.kind}, but {name!r} of {dataset!r} is a scale of "
            "labels; use labels or joint"
        )
    for shown in wording.demonstrations:
        if shown.labels is None or scale.choice(shown.labels) is None:
            yield (
                f"scales.{name}.demonstrations: {shown.text!r} is not shown with labels of the "
                f"scale; expected some of {', '.join(scale.labels)}"
            )
