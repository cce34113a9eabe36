"""The sections about the study itself: methods, the meaning of the numbers, and the manifest.

The methods are written from the study's configuration, ready for a paper, with an example prompt of
every protocol, dataset and scale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pyarrow.compute as pc

from emoalign.elicitation.engines.registry import ENGINES
from emoalign.prompts import (
    Image,
    Prompt,
    Renderer,
)
from emoalign.report.report_job import (
    ReportedDataset,
    ReportedModel,
    ReportJob,
    read_by_others,
    reads_strictly,
)
from emoalign.report.report_job import is_asked as _asked
from emoalign.report.section import Results, Section, View
from emoalign.stimuli.preparation import USED
from emoalign.study.protocols import (
    AnswerFormat,
    Protocol,
)
from emoalign.study.scales import LabelScale, Scale
from emoalign.tables import metadata, read_parquet
from emoalign.wording import counted, listed, number, period, span

STRICT = (
    "Only answers in exactly the requested form counted as ratings{of}. Answers were not repaired, "
    "clamped to the scale, imputed or asked for again; others were counted by kind, but not used."
)
READ_BEFORE = (
    "The ratings of {models} were used as recorded; their source had decided how answers were read "
    "and which were left out."
)
LEFT_OUT = "Items without any rating were left out of the comparisons."
DRAWN = "{answers} were sampled from the model's full distribution ({how})."
HOW = {
    True: "top-p 1, without top-k, minimum probability or repetition penalties",
    False: "top-p 1; other settings of sampling were left to the server",
}
"""How answers were drawn: whether the server lets top-k and the like be switched off."""
SEEDED = "The seed of each answer{of} was derived from question and participant."
UNSEEDED = "Answers{of} were sampled without a seed, because the server takes none."


def _methods(results: Results) -> View:
    job = results.job
    asked = any(map(_asked, job.models.values()))
    return View(
        {
            "prompts": example_prompts(results) if asked else [],
            "caveats": [
                (card.title, caveat) for card in job.datasets.values() for caveat in card.caveats
            ],
            "licences": [(card.title, card.licence) for card in job.datasets.values()],
        },
        methods=[
            " ".join(_stimuli(results)),
            _models(results),
            *([" ".join(_protocols(job))] if asked else []),
            " ".join(_read(job)),
        ],
    )


def _read(job: ReportJob) -> Iterator[str]:
    """The rules by which answers became ratings, here or before."""
    models = job.models.values()
    sampled = any("sampled" in protocol.readouts for protocol in job.protocols.values())
    before = [model.title for model in models if read_by_others(model)]
    strict = [model.title for model in models if reads_strictly(model)]
    if strict and sampled:
        yield STRICT.format(of=f" of {listed(strict)}" if before else "")
    if before:
        yield READ_BEFORE.format(models=listed(before))
    yield LEFT_OUT


def _stimuli(results: Results) -> Iterator[str]:
    job = results.job
    for name, card in job.datasets.items():
        n = len(results.stimuli(name))
        if card.sample is not None:
            drawn = f"1 {card.modality}" if n == 1 else f"{n:,} {card.modality}s"
            yield (
                f"{drawn} of {card.title} {'was' if n == 1 else 'were'} drawn at random "
                f"(seed {job.seed})."
            )
        elif n == 1:
            yield f"The only eligible {card.modality} of {card.title} was used."
        else:
            yield f"All {n:,} eligible {card.modality}s of {card.title} were used."
        if card.rated_only:
            yield "Only items that every recorded model has answers to were eligible."
        if used := metadata(results.folder / f"stimuli/{name}.parquet").get(USED):
            yield used
        yield from _rated(results, name, n)
        yield from _scales(card)
    if _demonstrations(job):
        yield "No item is shown as an example in a prompt."


def _rated(results: Results, dataset: str, n: int) -> Iterator[str]:
    """The number of items that models have ratings of, where these are not all."""
    file = results.folder / f"items/{dataset}.parquet"
    rows = read_parquet(file, columns=["model", "item_id", "mean", "n_ok"])
    # Probabilities have a mean and no answers, labels have answers and no mean.
    rated = pc.or_(pc.is_finite(pc.fill_null(rows["mean"], np.nan)), pc.greater(rows["n_ok"], 0))
    items = rows.select(["model", "item_id"]).filter(rated).to_pandas()
    counts = items.drop_duplicates().groupby("model", observed=True).size()
    numbers = [int(counts.get(model, 0)) for model in results.job.models]
    if min(numbers) == n:
        return
    titles = [model.title for model in results.job.models.values()]
    if len(titles) == 1:
        some = f"ratings by {titles[0]} of {numbers[0]:,} of them"
        yield f"There are {some if numbers[0] else f'no ratings by {titles[0]}'}."
    else:
        yield (
            f"The models have ratings of {span(numbers, 0)} of them: "
            + ", ".join(f"{title} {one:,}" for title, one in zip(titles, numbers, strict=True))
            + "."
        )


def _demonstrations(job: ReportJob) -> bool:
    """Tell whether any model was asked with worked examples."""
    return any(map(_asked, job.models.values())) and any(
        wording.demonstrations
        for prompts in job.prompts.values()
        for wording in prompts.scales.values()
    )


def _scales(card: ReportedDataset) -> Iterator[str]:
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, bounds in card.scales.items():
        alike.setdefault((bounds.min, bounds.max, bounds.native), []).append(name)
    for names in alike.values():
        bounds = card.scales[names[0]]
        ends = f"from {_point(bounds.min)} to {_point(bounds.max)}"
        if len({card.scales[name].direction for name in names}) == 1:
            named, direction = listed(names), f" ({bounds.direction})"
        else:
            named = listed(f"{name} ({card.scales[name].direction})" for name in names)
            direction = ""
        scales = ("The scale of", "runs") if len(names) == 1 else ("The scales of", "run")
        sentence = f"{scales[0]} {named} {scales[1]} {ends}{direction}"
        if bounds.native:
            low, high = _point(bounds.native.min), _point(bounds.native.max)
            sentence += f"; human ratings from {low} to {high} were mapped linearly onto it"
            sentence = sentence if len(names) == 1 else sentence.replace("onto it", "onto them")
        yield f"{sentence}."
    for name, labels in card.labels.items():
        yield f"For {name}, an answer chose {_choice(labels)}: {', '.join(labels.labels)}."


def _choice(scale: LabelScale) -> str:
    most = ""
    if scale.at_most is None:
        most = " or more"
    elif scale.at_most > scale.at_least:
        most = f" to {scale.at_most}"
    return f"{scale.at_least}{most} of {len(scale.labels)} labels"


def _point(value: float) -> str:
    return number(value, 0) if float(value).is_integer() else number(value, 2)


def _models(results: Results) -> str:
    asked = {name: model for name, model in results.job.models.items() if _asked(model)}
    called = listed([_called(model) for model in asked.values()]) if asked else ""
    sentences = [f"Ratings were collected from {called}."] if asked else []
    return " ".join([*sentences, *_collected(results, list(asked)), *_recorded(results)])


def _collected(results: Results, asked: Sequence[str]) -> Iterator[str]:
    """The first and the last day of the answers of each model, those alike together."""
    days: dict[str, list[str]] = {}
    for name in asked:
        if name in results.answers.received:
            days.setdefault(period(*results.answers.received[name]), []).append(name)
    titles = results.job.titles
    if len(days) == 1 and len(next(iter(days.values()))) == len(asked):
        yield f"The answers were collected {next(iter(days))} (UTC)."
    elif days:
        told = [
            f"those of {listed(titles[name] for name in of)} {period}"
            for period, of in days.items()
        ]
        yield f"The answers were collected as follows (UTC): {'; '.join(told)}."


def _called(model: ReportedModel) -> str:
    return f"{model.title} ({_known_as(model)})" if _known_as(model) else model.title


def _recorded(results: Results) -> Iterator[str]:
    """The origin of ratings that were recorded before."""
    job = results.job
    recorded = {name: model for name, model in job.models.items() if not _asked(model)}
    if not recorded:
        return
    if len(recorded) == 1:
        (model,) = recorded.values()
        yield (
            f"The ratings of {model.title} were not collected for this study but read from a file "
            f"({_known_as(model)})."
        )
    else:
        called = listed(map(_called, recorded.values()))
        yield (
            "The ratings of these models were not collected for this study but read from files: "
            f"{called}."
        )
    if all(protocol.participants is None for protocol in job.protocols.values()):
        yield "All recorded ratings of an item were used."
    else:
        yield (
            "For each item, at most as many recorded ratings were used as the protocol has "
            "participants."
        )
    unknown = "The prompts, temperature, seeds and dates of these ratings are not recorded here"
    yield (
        f"{unknown}; statements about protocols concern the models that were asked."
        if any(map(_asked, job.models.values()))
        else f"{unknown}."
    )
    rules: dict[str, list[str]] = {}
    counts = results.answers.counts
    for name, model in recorded.items():
        rule = ENGINES[model.card["engine"]].read_as(model.card)
        if rule is not None:
            answers = int(counts.loc[counts["model"] == name, "answers"].sum())
            rules.setdefault(rule, []).append(f"{model.title} ({answers:,})")
    for rule, read in rules.items():
        yield (
            f"The answers of {listed(read)} were read by the rule that their card declares: {rule}."
        )


def _known_as(model: ReportedModel) -> str:
    """The name and revision by which its engine knows a model, or a file."""
    return ENGINES[model.card["engine"]].known_as(model.card)


def _protocols(job: ReportJob) -> Iterator[str]:
    """Sentences on each protocol, and on what all of them share."""
    yield "Each item was presented alone, without other items or earlier answers in the context."
    for protocol in job.protocols.values():
        yield _protocol(job, protocol)
    if any("sampled" in protocol.readouts for protocol in job.protocols.values()):
        yield from _drawn(job)


def _drawn(job: ReportJob) -> Iterator[str]:
    """How answers were sampled, by what the servers of the models take."""
    asked = [model for model in job.models.values() if _asked(model)]
    # A card without these capabilities is of an engine that always has them.
    told = [model.card.get("capabilities", {}) for model in asked]
    for free, titles in _alike(asked, [bool(can.get("sampling_extras", True)) for can in told]):
        answers = f"Answers of {titles}" if titles else "Answers"
        yield DRAWN.format(answers=answers, how=HOW[free])
    for seeded, titles in _alike(asked, [bool(can.get("seed_bits", True)) for can in told]):
        yield (SEEDED if seeded else UNSEEDED).format(of=f" of {titles}" if titles else "")


def _alike(models: Sequence[ReportedModel], has: Sequence[bool]) -> Iterator[tuple[bool, str]]:
    """Models that have something, and those that have not, by their titles; no titles for all."""
    for value in sorted(set(has), reverse=True):
        those = [model.title for model, one in zip(models, has, strict=True) if one == value]
        yield value, "" if len(those) == len(models) else listed(those)


def _protocol(job: ReportJob, protocol: Protocol) -> str:
    asked = [
        template
        for dataset, card in job.datasets.items()
        for scale in (*card.scales, *card.labels)
        if (template := job.question_template(protocol.name, dataset, scale)) is not None
    ]
    shown = [len(one.demonstrations) for each in asked for one in each.wording.values()]
    caps = [each.answer.max_tokens for each in asked]
    ways = []
    if "sampled" in protocol.readouts:
        longest = ""
        if caps:
            limit = "1 token" if max(caps) == 1 else f"up to {span(caps, 0)} tokens"
            longest = f" in {limit}"
        personas = f" (personas of the list {protocol.personas})" if protocol.personas else ""
        who = counted(protocol.participants or 0, "simulated participant")
        ways.append(f"{who}{personas} answered{longest} (sampled answers)")
    if "exact" in protocol.readouts:
        ways.append(
            "the model's probabilities of all points of the scale as the next token were read once "
            "(exact probabilities)"
        )
    wave = f"; wave {protocol.wave}, asked anew" if protocol.wave > 1 else ""
    settings = f"temperature {number(protocol.temperature, 1)}{wave}"
    opening = f"Under the protocol {protocol.name} ({settings}), "
    if shown:
        examples = f"{span(shown, 0)} example{'' if set(shown) == {1} else 's'}"
        opening += f"the prompt showed {examples if any(shown) else 'no examples'}; "
    return f"{opening}{', and '.join(ways)}."


METHODS = Section(id="methods", heading="Methods", label="Methods", view=_methods, about=True)


def _meaning(_: Results) -> View:
    return View({})


MEANING = Section(
    id="meaning", heading="What the numbers mean", label="Meaning", view=_meaning, about=True
)


def _manifest(results: Results) -> View:
    noted = orjson.loads((results.folder / "manifest.json").read_bytes())
    manifest = json.dumps(noted, indent=2, ensure_ascii=False)
    version, commit = noted["emoalign"], noted["git_commit"]
    return View({"manifest": manifest, "version": version, "commit": commit})


MANIFEST = Section(id="manifest", heading="Manifest", label="Manifest", view=_manifest, about=True)


@dataclass(frozen=True)
class ExamplePrompt:
    """A prompt as shown to a model, for one item; `scale` names all scales that it asks about."""

    dataset: str
    scale: str
    protocol: str
    text: str
    answer: AnswerFormat


def example_prompts(results: Results) -> list[ExamplePrompt]:
    """The prompt for the first item of each dataset under each protocol.

    Where the terms forbid items to be shown, a placeholder takes the item's place.
    """
    job, shown = results.job, []
    for dataset, card in job.datasets.items():
        text: str | Image = "(item not shown)"
        if card.modality == "image":
            text = Image("0" * 64, 16, Path())
        elif card.show_items:
            text = str(results.stimuli(dataset)["text"].iloc[0])
        scales: Mapping[str, Scale] = {**card.scales, **card.labels}
        for name in job.protocols:
            seen: set[str] = set()
            for scale in scales:
                prompts = job.question_template(name, dataset, scale)
                if scale in seen or prompts is None:
                    continue
                seen |= set(prompts.wording)
                persona = next(iter(job.personas.get(name, ())), None)
                asked = {scale: scales[scale] for scale in prompts.wording}
                prompt = Renderer(prompts, asked).render(text, persona)
                named = ", ".join(prompts.wording)
                shown.append(ExamplePrompt(dataset, named, name, as_text(prompt), prompts.answer))
    return shown


def as_text(prompt: Prompt) -> str:
    """A prompt as readers see it: at ▮ the model goes on writing."""
    if prompt.messages is None:
        return f"{prompt.text}▮"
    lines = [f"[{message.role}]\n{message.content}" for message in prompt.messages]
    if prompt.image is not None:
        lines.insert(len(lines) - (prompt.image_place == "first"), "[the image]")
    return "\n\n".join(lines)
