"""Checks of a study for what does not fit together although each file is right by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from emoalign.baselines.baseline_cards import BaselineCard
from emoalign.elicitation.rating import together
from emoalign.planning.studies import LoadedStudy, StudyDataset
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.protocols import PromptSet, Protocol
from emoalign.study.reading import nearest
from emoalign.study.scales import LabelScale, OrdinalScale, Scale

LONGEST_FOLDER_NAME = 250
"""Characters; file systems allow 255 bytes."""


def inconsistencies(loaded: LoadedStudy, source: str) -> list[str]:
    """Every inconsistency, in words; `source` names the study in them."""
    problems: list[str] = []
    for entry in loaded.study.datasets:
        if entry.dataset in loaded.datasets:
            problems += _wrong_dataset(loaded, source, entry, loaded.datasets[entry.dataset])
    problems += [
        f"{source}: allow_remote: {name!r} is no dataset of the study; "
        f"{nearest(name, loaded.datasets)}"
        for name in loaded.study.allow_remote
        if name not in loaded.datasets
    ]
    for name, baseline in loaded.baselines.items():
        problems += _wrong_baseline(loaded, source, name, baseline)
    if loaded.study.max_usd is not None:
        problems += [
            f"{source}: max_usd: model {name!r} has no prices in its card, so that its cost is not "
            "known; a server of your own has input_usd: 0 and output_usd: 0"
            for name, model in loaded.models.items()
            if model.cost_unknown
        ]
    for protocol in loaded.study.protocols:
        problems += _wrong_protocol(loaded, source, protocol)
        problems += [
            f"{source}: {why}"
            for name, model in loaded.models.items()
            for why in model.cannot_follow(name, protocol, _prompts_for(loaded, protocol, name))
        ]
    return problems


def _wrong_dataset(
    loaded: LoadedStudy, source: str, entry: StudyDataset, card: DatasetCard
) -> Iterable[str]:
    """Reasons that keep a dataset from being rated as the study says."""
    where = f"{source}: datasets.{entry.dataset}"
    names = loaded.study.models
    for name in entry.models or ():
        if name not in names:
            yield f"{where}.models: {name!r} is no model of the study; {nearest(name, names)}"
    for scale in entry.scales or ():
        if scale not in card.scales:
            yield f"{where}: no scale {scale!r}; {nearest(scale, card.scales)}"
    asked = _known_scales(loaded, entry.dataset)
    for stratifier in entry.strata.by if entry.strata else ():
        for scale in stratifier.scales:
            if scale not in asked:
                yield (
                    f"{where}.strata: takes {scale!r}, which the study does not ask about; "
                    f"{nearest(scale, asked)}"
                )
    for protocol in loaded.study.protocols:
        yield from _wrong_prompts(loaded, source, protocol, entry.dataset, asked)
    scales = {scale: card.scales[scale] for scale in asked}
    yield from _wrong_raters(loaded, source, entry, card)
    for name, model in loaded.models.items():
        if entry.models is None or name in entry.models:
            for why in model.cannot_rate(name, entry.dataset, card.modality, scales):
                yield f"{source}: {why}"


def _wrong_raters(
    loaded: LoadedStudy, source: str, entry: StudyDataset, card: DatasetCard
) -> Iterable[str]:
    """What is missing for those who rate a dataset: images that are shown, recorded ratings."""
    raters, shown = loaded.raters(entry.dataset), loaded.asked_raters(entry.dataset)
    if card.modality == "image" and card.images is None and shown:
        yield (
            f"{loaded.library.shown('datasets', entry.dataset)}: images: missing; the folder of "
            f"the images, which {shown[0]!r} is shown"
        )
    if entry.items == "rated" and len(shown) == len(raters):
        yield (
            f"{source}: datasets.{entry.dataset}: items: rated means the items with recorded "
            "ratings, but no model that rates it is recorded; leave it out"
        )


def _known_scales(loaded: LoadedStudy, dataset: str) -> list[str]:
    """The scales the study asks about for a dataset, but for those that its card does not have."""
    return [name for name in loaded.scales(dataset) if name in loaded.datasets[dataset].scales]


def _wrong_prompts(
    loaded: LoadedStudy, source: str, protocol: Protocol, dataset: str, asked: Sequence[str]
) -> Iterable[str]:
    """Reasons that keep a protocol from asking about these scales of a dataset."""
    name = protocol.prompt_set(dataset)
    who = loaded.asked_raters(dataset)
    if name is None and who:
        yield (
            f"{source}: protocol {protocol.name!r}: no prompt set for {dataset!r}, about which "
            f"{who[0]!r} is asked; name one as prompts, or as prompts_for.{dataset}"
        )
    if name is None or name not in loaded.prompt_sets:
        return
    prompts, card = loaded.prompt_sets[name], loaded.datasets[dataset]
    file = loaded.library.shown("prompts", name)
    for scale in asked:
        if scale not in prompts.scales:
            yield (
                f"{file}: scales: no wording for {scale!r}, which {dataset!r} is rated on; "
                f"{nearest(scale, prompts.scales)}"
            )
        else:
            yield from misfits(file, prompts, dataset, scale, card.scales[scale])
    unasked = [scale for scale in prompts.scales if scale not in asked]
    if prompts.answer.kind == "joint" and unasked:
        yield (
            f"{file}: asks about {', '.join(prompts.scales)} in one request, but the study does "
            f"not ask about {', '.join(unasked)} of {dataset!r}; ask about all of them, or write a "
            "prompt set for fewer"
        )
    if prompts.answer.kind == "joint" and len(together(prompts.scales)) > LONGEST_FOLDER_NAME:
        yield (
            f"{file}: scales: the names of all {len(prompts.scales)} are joined to name a folder: "
            f"{len(together(prompts.scales))} characters, at most {LONGEST_FOLDER_NAME}. Give "
            "the scales shorter names, or write several prompt sets for fewer each"
        )
    answers = {"labels": "a list of labels", "joint": "several scales at once"}
    if prompts.answer.kind in answers and "exact" in protocol.readouts:
        yield (
            f"{source}: protocol {protocol.name!r}: the exact readout reads one number, but the "
            f"prompt set {name!r} asks for {answers[prompts.answer.kind]}: only the sampled "
            "readout is possible"
        )


def _prompts_for(loaded: LoadedStudy, protocol: Protocol, model: str) -> list[PromptSet]:
    """The prompt sets a model is asked with under a protocol."""
    names = {
        protocol.prompt_set(entry.dataset)
        for entry in loaded.study.datasets
        if model in loaded.raters(entry.dataset)
    }
    return [prompts for name, prompts in loaded.prompt_sets.items() if name in names]


def _wrong_baseline(
    loaded: LoadedStudy, source: str, name: str, baseline: BaselineCard
) -> Iterable[str]:
    """Reasons that keep a baseline from being compared with the people of the study."""
    where = f"{source}: baselines: {name!r}"
    dataset, scale = baseline.dataset, baseline.scale
    if name in loaded.models:
        yield f"{where} has the name of a model; one of them needs another"
        return
    if dataset not in [entry.dataset for entry in loaded.study.datasets]:
        yield (
            f"{where} is of the dataset {dataset!r}, which is not in the study; "
            f"{nearest(dataset, loaded.datasets)}"
        )
        return
    if dataset not in loaded.datasets:
        return
    card = loaded.datasets[dataset]
    if card.modality == "image":
        yield f"{where} reads texts, but the items of {dataset!r} are images"
    asked = _known_scales(loaded, dataset)
    if scale not in asked:
        yield (
            f"{where} predicts {scale!r} of {dataset!r}, which the study does not ask about; "
            f"{nearest(scale, asked)}"
        )
    elif not baseline.predicts(card.scales[scale]):
        yield (
            f"{where} is a published classifier of labels, but {scale!r} of {dataset!r} is a scale "
            "of numbers"
        )


def _wrong_protocol(loaded: LoadedStudy, source: str, protocol: Protocol) -> Iterable[str]:
    """Reasons that keep a protocol from being followed, whoever is asked."""
    where = f"{source}: protocol {protocol.name!r}"
    datasets = [entry.dataset for entry in loaded.study.datasets]
    for name in protocol.prompts_for:
        if name not in datasets:
            yield (
                f"{where}: prompts_for.{name}: no dataset of the study; {nearest(name, datasets)}"
            )
    asked = [name for name, model in loaded.models.items() if model.asked]
    if protocol.participants is None and asked:
        yield (
            f"{where}: participants: all means as many as were recorded, but {asked[0]!r} is "
            "asked; give a number"
        )
    table = loaded.personas.get(protocol.personas or "")
    number = protocol.participants or 0
    if table and protocol.personas and number > len(table.personas):
        yield (
            f"{where}: {number} participants, but only {len(table.personas)} "
            f"personas in {loaded.library.shown('personas', protocol.personas)}"
        )
    if protocol.personas and "exact" in protocol.readouts:
        yield (
            f"{where}: the exact readout asks one question for everybody; with personas only the "
            "sampled readout is possible"
        )


def misfits(file: str, prompts: PromptSet, dataset: str, name: str, scale: Scale) -> list[str]:
    """Reasons why a prompt set cannot ask about a scale of a dataset; empty where it can."""
    if isinstance(scale, LabelScale):
        problems = _label_misfits(prompts, dataset, name, scale)
    else:
        problems = _number_misfits(prompts, dataset, name, scale)
    return [f"{file}: {problem}" for problem in problems]


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
