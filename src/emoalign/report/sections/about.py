"""What there is to know about the study itself: methods, what numbers mean, and the manifest.

The methods are written from the study's configuration, ready for a paper, with an example prompt of
every protocol, dataset and scale.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
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
from emoalign.study.protocols import (
    AnswerFormat,
    Protocol,
)
from emoalign.study.scales import LabelScale, Scale
from emoalign.tables import read_parquet
from emoalign.wording import counted, listed, number, span

STRICT = (
    "Only an answer that was exactly what had been asked for counted as a rating{of}. Answers were "
    "not repaired, clamped, imputed or asked for again; all others were counted by what they were."
)
READ_BEFORE = (
    "The ratings of {models} were used as they had been recorded; how answers had been read, and "
    "which had been left out, was decided before."
)
LEFT_OUT = "Items without any rating were left out of the comparisons."


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
            *(
                [" ".join(_protocol(protocol) for protocol in job.protocols.values())]
                if asked
                else []
            ),
            " ".join(_read(job)),
        ],
    )


def _read(job: ReportJob) -> Iterator[str]:
    """How answers became ratings: of models that were asked, and where others had read them."""
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
        stimuli = f"{counted(n, card.modality)} of {card.title}"
        were = "was" if n == 1 else "were"
        sentence = f"All {stimuli} that were eligible were used"
        if card.sample is not None:
            sentence = f"{stimuli} {were} drawn at random (seed {job.seed})"
        if card.keep:
            sentence += f", among those that match {card.keep} as a whole"
        yield f"{sentence}."
        if card.rated_only:
            yield "Only items that every recorded model has answers to were eligible."
        yield from _rated(results, name, n)
        yield from _scales(card)
    if _demonstrations(job):
        yield "Items that serve as demonstrations in any prompt were excluded."


def _rated(results: Results, dataset: str, n: int) -> Iterator[str]:
    """How many of the items models have ratings of, where these are not all."""
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
        yield f"{titles[0]} has ratings of {numbers[0]} of them."
    else:
        yield (
            f"Models have ratings of {span(numbers, 0)} of them: "
            + ", ".join(f"{title} {one}" for title, one in zip(titles, numbers, strict=True))
            + "."
        )


def _demonstrations(job: ReportJob) -> bool:
    """Whether any model was asked with worked examples."""
    return any(map(_asked, job.models.values())) and any(
        wording.demonstrations
        for prompts in job.prompts.values()
        for wording in prompts.scales.values()
    )


def _scales(card: ReportedDataset) -> Iterator[str]:
    for name, bounds in card.scales.items():
        sentence = f"The scale of {name} runs from {_point(bounds.min)} to {_point(bounds.max)}"
        sentence += f" ({bounds.direction})"
        if bounds.native:
            low, high = _point(bounds.native.min), _point(bounds.native.max)
            sentence += f"; human ratings from {low} to {high} were mapped linearly onto it"
        yield f"{sentence}."
    for name, labels in card.labels.items():
        yield f"For {name} an answer chose {_choice(labels)}: {', '.join(labels.labels)}."


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
    models = results.job.models.values()
    asked = ", ".join(_called(model) for model in models if _asked(model))
    sentences = [f"Ratings were collected from {asked}."] if asked else []
    return " ".join([*sentences, *_recorded(results)])


def _called(model: ReportedModel) -> str:
    return f"{model.title} ({_known_as(model)})" if _known_as(model) else model.title


def _recorded(results: Results) -> Iterator[str]:
    """How ratings came about that were there already."""
    job = results.job
    recorded = {name: model for name, model in job.models.items() if not _asked(model)}
    if not recorded:
        return
    if len(recorded) == 1:
        (model,) = recorded.values()
        yield (
            f"The ratings of {model.title} were not asked for but read from a file "
            f"({_known_as(model)})."
        )
    else:
        called = ", ".join(map(_called, recorded.values()))
        yield f"The ratings of these were not asked for but read from files: {called}."
    if all(protocol.participants is None for protocol in job.protocols.values()):
        yield "All recorded ratings of an item were used."
    else:
        yield (
            "Of each item, at most as many recorded ratings were used as a protocol has "
            "participants."
        )
    yield (
        "The wording that they were given with, temperature and seeds are not recorded here: what "
        "this report says of protocols concerns models that were asked."
        if any(map(_asked, job.models.values()))
        else "The wording that they were given with, temperature and seeds are not recorded here."
    )
    rules: dict[str, list[str]] = {}
    counts = results.answers.counts
    for name, model in recorded.items():
        rule = ENGINES[model.card["engine"]].read_as(model.card)
        if rule is not None:
            answers = int(counts.loc[counts["model"] == name, "answers"].sum())
            rules.setdefault(rule, []).append(f"{model.title} ({number(answers, 0)})")
    for rule, read in rules.items():
        yield (
            f"The answers of {', '.join(read)} were read by a rule declared on the card of these "
            f"ratings: {rule}."
        )


def _known_as(model: ReportedModel) -> str:
    """What its engine knows a model by: name and revision, or a file."""
    return ENGINES[model.card["engine"]].known_as(model.card)


def _protocol(protocol: Protocol) -> str:
    sentence = f"Under the protocol {protocol.name}, each item was rated in a context of its own"
    ways = []
    if "sampled" in protocol.readouts:
        who = f"by {protocol.participants} simulated participants"
        if protocol.personas:
            who += f", each with a persona of the list {protocol.personas},"
        ways.append(
            f"{who} at temperature {number(protocol.temperature, 1)} (top-p 1; no top-k, minimum "
            "probability or penalties where the server lets them be set; seeds hashed from "
            "question and participant where it takes seeds)"
        )
    if "exact" in protocol.readouts:
        ways.append("once for the exact probability of each point of the scale as the next token")
    wave = f" (wave {protocol.wave})" if protocol.wave > 1 else ""
    return f"{sentence}{wave}, {', and '.join(ways)}."


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
    """A prompt as a model was shown it, for one item; `scale` names all that it asks about."""

    dataset: str
    scale: str
    protocol: str
    text: str
    answer: AnswerFormat


def example_prompts(results: Results) -> list[ExamplePrompt]:
    """What a model was shown, for the first item of each dataset under each protocol.

    Where the terms forbid items to be shown, a placeholder stands in the item's place.
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
    """A prompt as readers see it: ▮ is where the model goes on writing."""
    if prompt.messages is None:
        return f"{prompt.text}▮"
    lines = [f"[{message.role}]\n{message.content}" for message in prompt.messages]
    if prompt.image is not None:
        lines.insert(len(lines) - (prompt.image_place == "first"), "[the image]")
    return "\n\n".join(lines)
