"""Checks for parts of a study that do not fit together, although each file is valid by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from emoalign.baselines.baseline_cards import BaselineCard
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.rating import together
from emoalign.embeddings.embedding_cards import RIDGE
from emoalign.planning.estimate_checks import wrong_estimates
from emoalign.planning.form_checks import wrong_forms
from emoalign.planning.publication_checks import wrong_publication
from emoalign.planning.session_checks import wrong_sessions
from emoalign.planning.studies import LoadedStudy, StudyDataset
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.study.fields import WRITTEN, Readout
from emoalign.study.origins import Origin
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.study.reading import nearest
from emoalign.study.scales import DatasetScale, LabelScale, OrdinalScale, Scale
from emoalign.study.shown_scales import shown_scale

LONGEST_FOLDER_NAME = 250
"""Characters; file systems allow 255 bytes."""

Misfit = tuple[tuple[str | int, ...], str]
"""A problem, and the keys that lead to it in the file of the prompt set."""


def inconsistencies(loaded: LoadedStudy, source: Origin) -> list[str]:
    """Every inconsistency, in words; `source` is where the study comes from."""
    problems: list[str] = []
    datasets = [entry.dataset for entry in loaded.study.datasets]
    for place, entry in enumerate(loaded.study.datasets):
        if entry.dataset in loaded.datasets:
            card = loaded.datasets[entry.dataset]
            problems += _wrong_dataset(loaded, source, place, entry, card)
    problems += [
        f"{source.at('allow_remote', place)}: {name!r} is not a dataset of the study; "
        f"{nearest(name, datasets)}"
        for place, name in enumerate(loaded.study.allow_remote)
        if name not in datasets
    ]
    for place, name in enumerate(loaded.study.baselines):
        if name in loaded.baselines:
            where = f"{source.at('baselines', place)}: {name!r}"
            problems += _wrong_baseline(loaded, where, name, loaded.baselines[name])
    if loaded.study.embedding is not None:
        problems += [
            f"{source.at(key, names.index(RIDGE))}: {RIDGE!r} is what the ridge regression on "
            "embeddings is called; give the card another name, or leave out embedding"
            for key in ("models", "baselines")
            if RIDGE in (names := getattr(loaded.study, key))
        ]
    if loaded.study.max_usd is not None:
        problems += [
            f"{source.at('max_usd')}: model {name!r} has no prices in its card, so its cost is "
            "unknown; add prices, or for a server of your own set input_usd: 0 and output_usd: 0"
            for name, model in loaded.models.items()
            if model.cost_unknown
        ]
    for place, protocol in enumerate(loaded.study.protocols):
        problems += _wrong_protocol(loaded, source, place, protocol)
        problems += [
            f"{source.at('protocols', place)}: {why}"
            for name, model in loaded.models.items()
            for why in model.cannot_follow(name, protocol, _prompts_for(loaded, protocol, name))
        ]
        problems += _same_questions(loaded, source, place, protocol)
    problems += wrong_sessions(loaded, source)
    problems += wrong_publication(loaded, source)
    problems += wrong_estimates(loaded, source)
    return problems


def _wrong_dataset(
    loaded: LoadedStudy,
    source: Origin,
    place: int,
    entry: StudyDataset,
    card: DatasetCard,
) -> Iterable[str]:
    """Reasons that keep a dataset from being rated as the study says."""
    here = ("datasets", place)
    names = loaded.study.models
    for number, name in enumerate(entry.models or ()):
        if name not in names:
            where = source.at(*here, "models", number)
            yield f"{where}: {name!r} is not a model of the study; {nearest(name, names)}"
    for number, scale in enumerate(entry.scales or ()):
        if scale not in card.scales:
            where = source.at(*here, "scales", number)
            hint = nearest(scale, card.scales)
            yield f"{where}: {entry.dataset!r} has no scale {scale!r}; {hint}"
    asked = _known_scales(loaded, entry.dataset)
    for number, stratifier in enumerate(entry.strata.by if entry.strata else ()):
        for scale in stratifier.scales:
            if scale not in asked:
                yield (
                    f"{source.at(*here, 'strata', 'by', number, 'scales')}: the study does not ask "
                    f"about {scale!r} of {entry.dataset!r}; {nearest(scale, asked)}"
                )
    for number, protocol in enumerate(loaded.study.protocols):
        where = source.at("protocols", number)
        yield from _wrong_prompts(loaded, where, protocol, entry.dataset, asked)
    yield from _wrong_raters(loaded, source.at(*here, "items"), entry, card)
    scales = {scale: card.scales[scale] for scale in asked}
    for name, model in loaded.models.items():
        if entry.models is None or name in entry.models:
            for shown, readouts in _shown(loaded, entry.dataset, scales):
                for why in model.cannot_rate(name, entry.dataset, card.modality, shown, readouts):
                    yield f"{source.at(*here)}: {why}"


def _shown(
    loaded: LoadedStudy, dataset: str, scales: Mapping[str, DatasetScale]
) -> Iterator[tuple[Mapping[str, DatasetScale], Sequence[Readout]]]:
    """The scales of a dataset as each prompt set shows them, and the readouts that need them."""
    yield scales, ()
    for protocol in loaded.study.protocols:
        if not protocol.reaches(dataset):
            continue
        sets = [loaded.prompt_sets.get(name) for name in protocol.prompt_sets(dataset)]
        for wordings in [each.scales for each in sets if each is not None] or [{}]:
            shown = {
                name: shown_scale(scale, wordings[name]) if name in wordings else scale
                for name, scale in scales.items()
            }
            yield shown, protocol.readouts


def _wrong_raters(
    loaded: LoadedStudy, where: str, entry: StudyDataset, card: DatasetCard
) -> Iterable[str]:
    """Problems of models with a dataset: images that they cannot be shown, no recorded ratings."""
    raters, shown = loaded.raters(entry.dataset), loaded.asked_raters(entry.dataset)
    if card.modality == "image" and card.images is None and shown:
        yield (
            f"{loaded.library.shown('datasets', entry.dataset)}: images: missing; give the folder "
            f"of the images, which are shown to {shown[0]!r}"
        )
    if entry.items == "rated" and len(shown) == len(raters):
        yield (
            f"{where}: rated selects the items with recorded ratings, but no model that rates "
            f"{entry.dataset!r} is recorded; leave it out"
        )


def _known_scales(loaded: LoadedStudy, dataset: str) -> list[str]:
    """The scales that the study asks about and the dataset's card has."""
    return [name for name in loaded.scales(dataset) if name in loaded.datasets[dataset].scales]


def _wrong_prompts(
    loaded: LoadedStudy,
    where: str,
    protocol: Protocol,
    dataset: str,
    asked: Sequence[str],
) -> Iterable[str]:
    """Reasons that keep a protocol from asking about these scales of a dataset."""
    names = protocol.prompt_sets(dataset)
    who = loaded.asked_raters(dataset)
    if not protocol.reaches(dataset):
        return
    if not names and who:
        yield (
            f"{where}: {protocol.name!r} has no prompt set for asking {who[0]!r} about "
            f"{dataset!r}; name one as prompts, or as prompts_for.{dataset}"
        )
    known = [name for name in names if name in loaded.prompt_sets]
    problems = [
        problem
        for name in known
        for problem in _wrong_prompt_set(loaded, where, protocol, dataset, asked, name)
    ]
    yield from problems
    if known and not problems and len(known) == len(names) and not protocol.recites:
        yield from wrong_forms(loaded, where, protocol, dataset, known)


def _wrong_prompt_set(
    loaded: LoadedStudy,
    where: str,
    protocol: Protocol,
    dataset: str,
    asked: Sequence[str],
    name: str,
) -> Iterable[str]:
    """Reasons that keep one prompt set of a protocol from asking about these scales."""
    prompts, card = loaded.prompt_sets[name], loaded.datasets[dataset]
    file = partial(loaded.library.origin, "prompts", name)
    if protocol.recites or prompts.answer.kind == "decimal":
        if not (protocol.recites and prompts.answer.kind == "decimal"):
            yield _of_another_kind(where, file().at("answer", "kind"), protocol, prompts)
        return
    for scale in asked:
        if scale not in prompts.scales:
            yield (
                f"{file().at('scales')}: no wording for {scale!r}, a scale of {dataset!r}; "
                f"{nearest(scale, prompts.scales)}"
            )
        else:
            yield from misfits(file, prompts, dataset, scale, card.scales[scale])
    unasked = [scale for scale in prompts.scales if scale not in asked]
    if prompts.answer.together and unasked:
        yield (
            f"{file().at('scales')}: asks about {', '.join(prompts.scales)} in one request, "
            f"but the study does not ask about {', '.join(unasked)} of {dataset!r}; ask about "
            "all of them, or write a prompt set for fewer"
        )
    if prompts.answer.together and len(together(prompts.scales)) > LONGEST_FOLDER_NAME:
        yield (
            f"{file().at('scales')}: the names of all {len(prompts.scales)} scales together form "
            f"the name of a folder, and have {len(together(prompts.scales))} characters; at most "
            f"{LONGEST_FOLDER_NAME} are allowed. Give the scales shorter names, or split them "
            "among several prompt sets"
        )
    if prompts.answer.stated != protocol.states:
        yield _one_of_two_questions(where, file().at("answer", "kind"), protocol, prompts)
        return
    several = "several scales at once"
    answers = {"labels": "a list of labels", "joint": several, "structured_joint": several}
    if prompts.answer.kind in answers and "exact" in protocol.readouts:
        yield (
            f"{where}: the exact readout of {protocol.name!r} reads one number, but the prompt "
            f"set {name!r} asks for {answers[prompts.answer.kind]}: only the sampled readout is "
            "possible"
        )
    if prompts.answer.kind == "labels" and "decision" in protocol.readouts:
        yield (
            f"{where}: the decision readout of {protocol.name!r} is about ordered levels, but the "
            f"prompt set {name!r} asks for a list of labels: only the sampled readout is possible"
        )


def _one_of_two_questions(where: str, place: str, protocol: Protocol, prompts: PromptSet) -> str:
    """The reason why distributions are not asked for as ratings are, and the other way round."""
    if protocol.states:
        return (
            f"{place}: {prompts.answer.kind}, but the protocol {protocol.name!r} has readouts: "
            "[stated], whose answers are distributions; use the prompt set words-stated or "
            "words-stated-structured, or one like them"
        )
    return (
        f"{where}: {protocol.name!r} asks for ratings, but the answers of its prompt set are "
        "distributions; use another prompt set, or write readouts: [stated]"
    )


def _of_another_kind(where: str, place: str, protocol: Protocol, prompts: PromptSet) -> str:
    """The reason why ratings are not asked for as completions are, and the other way round."""
    if protocol.recites:
        return (
            f"{place}: {prompts.answer.kind}, but the protocol {protocol.name!r} is of kind: "
            "recitation, whose answers are decimal; use the prompt set recitation or "
            "recitation-completion, or one like them"
        )
    return (
        f"{where}: {protocol.name!r} asks for ratings, but the answers of its prompt set are "
        "decimal; use another prompt set, or write kind: recitation"
    )


def _prompts_for(loaded: LoadedStudy, protocol: Protocol, model: str) -> list[PromptSet]:
    """The prompt sets a model is asked with under a protocol."""
    names = {
        name
        for entry in loaded.study.datasets
        if model in loaded.raters(entry.dataset)
        for name in protocol.prompt_sets(entry.dataset)
    }
    return [prompts for name, prompts in loaded.prompt_sets.items() if name in names]


def _wrong_baseline(
    loaded: LoadedStudy, where: str, name: str, baseline: BaselineCard
) -> Iterable[str]:
    """Reasons that keep a baseline from being compared with the people of the study."""
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
        if set(loaded.scales(dataset)) - set(asked):
            return  # told already: the study asks about a scale that is not there
        yield (
            f"{where} predicts {scale!r} of {dataset!r}, which the study does not ask about; "
            f"{nearest(scale, asked)}"
        )
    elif not baseline.predicts(card.scales[scale]):
        yield (
            f"{where} is a published classifier of labels, but {scale!r} of {dataset!r} is a scale "
            "of numbers"
        )


def _wrong_protocol(
    loaded: LoadedStudy, source: Origin, place: int, protocol: Protocol
) -> Iterable[str]:
    """Reasons that keep a protocol from being followed with any model."""
    here = ("protocols", place)
    datasets = [entry.dataset for entry in loaded.study.datasets]
    for name in protocol.prompts_for:
        if name not in datasets:
            yield (
                f"{source.at(*here, 'prompts_for', name)}: not a dataset of the study; "
                f"{nearest(name, datasets)}"
            )
    asked = [name for name, model in loaded.models.items() if model.asked]
    if protocol.recites:
        yield from _no_recitation(loaded, source, place, protocol)
    if protocol.participants is None and asked:
        yield (
            f"{source.at(*here, 'participants')}: all means every recorded rating, but the "
            f"ratings of {asked[0]!r} are not recorded; give a number"
        )
    table = loaded.personas.get(protocol.personas or "")
    number = protocol.participants or 0
    if table and protocol.personas and not protocol.session and number > len(table.personas):
        yield (
            f"{source.at(*here, 'participants')}: {number} participants, but only "
            f"{len(table.personas)} personas in "
            f"{loaded.library.shown('personas', protocol.personas)}"
        )
    for readout in protocol.readouts:
        if protocol.personas and readout not in WRITTEN:
            yield (
                f"{source.at(*here, 'readouts')}: the {readout} readout asks one question for "
                "everybody; with personas only the sampled and stated readouts are possible"
            )


def _same_questions(
    loaded: LoadedStudy, source: Origin, place: int, protocol: Protocol
) -> Iterator[str]:
    """Earlier protocols that differ in thinking alone, where a model is told the same by both.

    Both would have the same answers, which analyses would count twice, as two levels of thinking.
    """
    for other in loaded.study.protocols[:place]:
        if other.thinking == protocol.thinking or not set(other.readouts) & set(protocol.readouts):
            continue
        alike = {
            **{"name": "", "like": None},
            **{"thinking": "provider", "readouts": (), "participants": None},
        }
        if other.model_copy(update=alike) != protocol.model_copy(update=alike):
            continue
        for name, model in loaded.models.items():
            if isinstance(model, AskedModel) and _told(model, other) == _told(model, protocol):
                yield (
                    f"{source.at('protocols', place, 'thinking')}: {protocol.thinking}, but for "
                    f"model {name!r} this is the same as thinking: {other.thinking} of protocol "
                    f"{other.name!r}, so that both would have the same answers; leave one of the "
                    "two protocols out, or write levels that differ into the model's card"
                )


def _told(model: AskedModel, protocol: Protocol) -> tuple[object, ...]:
    """All that a model is told about thinking in the requests of a protocol."""
    thoughts = model.thoughts(protocol.thinking)
    return model.extras(thoughts), model.setup(thoughts), thoughts.tokens


def _no_recitation(
    loaded: LoadedStudy, source: Origin, place: int, protocol: Protocol
) -> Iterable[str]:
    """Reasons why nothing would come of a recitation, or nothing of the study but it."""
    where = source.at("protocols", place)
    if all(each.recites for each in loaded.study.protocols):
        yield (
            f"{where}: {protocol.name!r} is of kind: recitation, but no protocol asks for ratings; "
            "add one, such as {name: instruction, prompts: instruction}"
        )
    known = [entry.dataset for entry in loaded.study.datasets if entry.dataset in loaded.datasets]
    if known == [entry.dataset for entry in loaded.study.datasets] and not any(
        loaded.asked_of(model, protocol.name, dataset)
        for dataset in known
        for model in loaded.raters(dataset)
        if model in loaded.models
    ):
        yield (
            f"{where}: {protocol.name!r} asks nobody: it needs a dataset of texts on a scale of "
            "numbers, and a model that is asked or has columns.completions in its card"
        )


def misfits(
    file: Callable[[], Origin], prompts: PromptSet, dataset: str, name: str, scale: DatasetScale
) -> list[str]:
    """Reasons why a prompt set cannot ask about a scale of a dataset; empty where it can."""
    if isinstance(scale, LabelScale):
        problems = _label_misfits(prompts, dataset, name, scale)
    else:
        problems = _number_misfits(prompts, dataset, name, scale)
    told = [*problems] or [*_no_room(prompts, shown_scale(scale, prompts.scales[name]))]
    return [f"{file().at(*keys)}: {problem}" for keys, problem in told]


FEWEST_PER_POINT = 4
"""Tokens of a stated distribution for each point, or label, at least: key, colon, number, comma."""


def _no_room(prompts: PromptSet, scale: Scale) -> Iterator[Misfit]:
    """The reason why every distribution would be cut."""
    points = len(scale.labels if isinstance(scale, LabelScale) else scale.points)
    fewest = FEWEST_PER_POINT * points
    if prompts.answer.stated and prompts.answer.max_tokens < fewest:
        yield (
            ("answer", "max_tokens"),
            f"{prompts.answer.max_tokens}, but an object of {points} numbers takes {fewest} tokens "
            f"at least; write max_tokens: {4 * fewest}",
        )


def _number_misfits(
    prompts: PromptSet, dataset: str, name: str, scale: OrdinalScale
) -> Iterator[Misfit]:
    wording = prompts.scales[name]
    here = ("scales", name)
    ends = f"the scale of {dataset!r} runs from {scale.min:g} to {scale.max:g}"
    if wording.written_for is None:
        yield (*here, "written_for"), f"missing; {ends}"
    elif wording.mapped is None and (
        (wording.written_for.min, wording.written_for.max) != (scale.min, scale.max)
    ):
        written = f"{wording.written_for.min:g} to {wording.written_for.max:g}"
        yield (
            (*here, "written_for"),
            f"{written}, but {ends}; to map answers onto it, write mapped: linear",
        )
    if wording.order != "as-written":
        yield (
            (*here, "order"),
            f"{wording.order}, but {name!r} of {dataset!r} is a scale of numbers, and only labels "
            "have an order; leave it out, or show low numbers for high ones with reversed: true",
        )
    if prompts.answer.kind == "labels":
        yield (
            ("answer", "kind"),
            f"labels, but {name!r} of {dataset!r} is a scale of numbers; use text, next_token, "
            "joint or structured",
        )
    for number, shown in enumerate(wording.demonstrations):
        if shown.rating is None:
            where = (*here, "demonstrations", number)
            yield where, f"{shown.text!r} has labels; expected a rating"


def _label_misfits(
    prompts: PromptSet, dataset: str, name: str, scale: LabelScale
) -> Iterator[Misfit]:
    wording = prompts.scales[name]
    here = ("scales", name)
    if wording.written_for is not None:
        yield (
            (*here, "written_for"),
            f"{name!r} of {dataset!r} is a scale of labels and has no range; leave it out",
        )
    for key in ("reversed", "mapped"):
        if getattr(wording, key):
            yield (
                (*here, key),
                f"{name!r} of {dataset!r} is a scale of labels, which have no numbers; leave it "
                "out, or vary the order of labels with order: rotated",
            )
    if prompts.answer.kind in ("text", "next_token"):
        yield (
            ("answer", "kind"),
            f"{prompts.answer.kind}, but {name!r} of {dataset!r} is a scale of labels; use labels, "
            "joint or structured",
        )
    for number, shown in enumerate(wording.demonstrations):
        if shown.labels is None or scale.choice(shown.labels) is None:
            yield (
                (*here, "demonstrations", number),
                f"{shown.text!r} is not shown with labels of the scale; expected some of "
                f"{', '.join(scale.labels)}",
            )
