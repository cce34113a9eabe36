"""What of a study is preregistered: all that its results depend on, and nothing of how it looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any, get_args

from pydantic import BaseModel

from emoalign.analyses.base import AnalysedStudy, Registered
from emoalign.analyses.catalogue import ANALYSES, settings_of_study
from emoalign.analyses.precision.analysis import PrecisionSettings
from emoalign.analyses.preregistration.frozen import plain, unsaid
from emoalign.elicitation.rating import UNTOLD
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import question_template
from emoalign.publication.portable import portable
from emoalign.stimuli.readers.base import files_within
from emoalign.study.fields import FileSource, Status

FOLDER = "preregistrations"
"""The folder of preregistrations in config/."""

PLANS = (PrecisionSettings,)
"""Settings that no result depends on: assumptions of the target plan."""

Dump = Callable[[BaseModel], dict[str, Any]]
"""An entry as plain data."""


def registered(loaded: LoadedStudy, study: AnalysedStudy) -> Registered:
    """The study by parts, with the file of its preregistration; `study` is what analyses know."""

    def whole(entry: BaseModel) -> dict[str, Any]:
        return entry.model_dump(mode="json")

    def said(entry: BaseModel) -> dict[str, Any]:
        return entry.model_dump(mode="json", exclude_defaults=True)

    content = plain(_content(loaded, whole))
    return Registered(
        file=preregistration_file(loaded),
        content=content,
        unsaid=tuple(unsaid(content, plain(_content(loaded, said)))),
        tables=tuple(sorted(_tables(study))),
        recordings=dict(_recordings(loaded)),
    )


def preregistration_file(loaded: LoadedStudy) -> str:
    """The file of the study's preregistration."""
    return (loaded.library.own / FOLDER / f"{loaded.study.study}.json").as_posix()


def _content(loaded: LoadedStudy, dump: Dump) -> dict[str, Any]:
    return {
        "seed": loaded.study.seed,
        "models": {name: _model(loaded, name, dump) for name in loaded.study.models},
        "datasets": {name: _dataset(loaded, name, dump) for name in loaded.datasets},
        "protocols": {
            each.name: {**dump(each), "readouts": sorted(each.readouts)}
            for each in loaded.study.protocols
        },
        "prompts": _prompts(loaded, dump),
        "personas": {
            each.name: loaded.participants(each)
            for each in loaded.study.protocols
            if each.personas is not None
        },
        "baselines": {
            name: portable(_without(dump(card), "title", "threads", "memory_gb", "gpus"))
            for name, card in loaded.baselines.items()
        },
        "embedding": loaded.embedding and portable(_without(dump(loaded.embedding.plain()))),
        "lexicon": loaded.lexicon and _without(dump(loaded.lexicon), "title"),
        "answers": {
            "ratings": ["ok"],
            "no_ratings": [status for status in get_args(Status) if status != "ok"],
        },
        "contrasts": {name: _contrasts(loaded, name) for name in loaded.datasets},
        **_settings(loaded, dump),
    }


def _model(loaded: LoadedStudy, name: str, dump: Dump) -> dict[str, Any]:
    """What a model's answers depend on: the card without title, address, limits and prices."""
    card = loaded.models[name]
    thoughts = {each.name: card.thoughts(each.thinking) for each in loaded.study.protocols}
    told = {name: dump(each) for name, each in thoughts.items() if each != UNTOLD}
    answering = portable(plain(card.answering()))
    return {**answering, "thinking": told} if told else answering


def _dataset(loaded: LoadedStudy, name: str, dump: Dump) -> dict[str, Any]:
    """How the items of a dataset are chosen and rated, and what they are compared with."""
    card, entry = loaded.datasets[name], loaded.dataset_entry(name)
    return {
        **_without(dump(entry), "dataset"),
        "models": sorted(loaded.raters(name)),
        "scales": {
            scale: {**dump(each), "kind": "labels" if scale in loaded.labels(name) else "numbers"}
            for scale, each in loaded.asked_scales(name).items()
        },
        "modality": card.modality,
        "language": card.language,
        "keep": card.keep,
        "frameworks": dump(card.frameworks.within(loaded.numbers(name))),
        "redistribute": card.redistribute,
        "source": portable(_without(dump(card.source))),
    }


def _prompts(loaded: LoadedStudy, dump: Dump) -> dict[str, dict[str, Any]]:
    """The templates and wording of each prompt set, by what is asked together."""
    found: dict[str, dict[str, Any]] = {}
    for protocol in loaded.study.protocols:
        for dataset in loaded.datasets:
            for asked in loaded.asked(protocol.name, dataset):
                for name in protocol.prompt_sets(dataset):
                    prompts = loaded.prompt_sets[name]
                    template = question_template(prompts, asked.split("+")[0])
                    found.setdefault(name, {})[asked] = dump(template)
    return found


def _contrasts(loaded: LoadedStudy, dataset: str) -> dict[str, list[str]]:
    """The models, and the protocols, that are compared on a dataset: all pairs."""
    sides = {"models": loaded.raters(dataset), "protocols": loaded.protocol_names()}
    return {
        kind: [f"{a} – {b}" for a, b in combinations(sorted(names), 2)]
        for kind, names in sides.items()
    }


def _tables(study: AnalysedStudy) -> Iterator[str]:
    """The tables that the analyses of the study make."""
    for analysis in ANALYSES:
        if analysis.part_of(study) is not None:
            for computation in analysis.computes:
                yield from computation.makes


def _settings(loaded: LoadedStudy, dump: Dump) -> dict[str, Any]:
    """The settings of analyses by their keys; None for those that a study does without."""
    settings = {key.key: getattr(loaded.study, key.key) for key in settings_of_study()}
    return {
        key: None if value is None else dump(value)
        for key, value in settings.items()
        if not isinstance(value, PLANS)
    }


def _recordings(loaded: LoadedStudy) -> Iterator[tuple[str, tuple[FileSource, ...]]]:
    """The files with recorded ratings, by model."""
    for name, card in loaded.models.items():
        if not card.asked:
            yield name, tuple(file for _, file in files_within(card))


def _without(value: Any, *names: str) -> Any:
    """Plain data without these names, and without how to get files, at any depth."""
    left_out = {*names, "obtain", "url"}
    if isinstance(value, Mapping):
        return {key: _without(part, *names) for key, part in value.items() if key not in left_out}
    if isinstance(value, list):
        return [_without(part, *names) for part in value]
    return value
