"""How it was done, written from the study's configuration, ready for a paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.elicitation.engines.registry import ENGINES
from emoalign.report.report_job import ReportedDataset, ReportedModel, ReportJob
from emoalign.report.section import Results, Section, View
from emoalign.report.shown_prompts import example_prompts
from emoalign.study.protocols import Protocol
from emoalign.study.scales import LabelScale
from emoalign.wording import number

RATINGS = (
    "Only an answer that was exactly what had been asked for counted as a rating. Answers were not "
    "repaired, clamped, imputed or asked for again; refusals, truncated and unreadable answers "
    "were counted, and items without any rating were left out of the comparisons."
)


def _view(results: Results) -> View:
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
            " ".join(_stimuli(job)),
            _models(list(job.models.values())),
            *(
                [" ".join(_protocol(protocol) for protocol in job.protocols.values())]
                if asked
                else []
            ),
            RATINGS,
        ],
    )


def _stimuli(job: ReportJob) -> Iterator[str]:
    for card in job.datasets.values():
        drawn = "All eligible" if card.sample is None else str(card.sample)
        sentence = f"{drawn} {card.modality}s of {card.title}"
        if card.sample is not None:
            sentence += f" were drawn at random (seed {job.seed})"
        if card.keep:
            sentence += f" among those that match {card.keep} as a whole"
        yield sentence + (" were rated." if card.sample is None else ".")
        yield from _scales(card)
    yield "Items that serve as demonstrations in any prompt were excluded."


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


def _asked(model: ReportedModel) -> bool:
    return ENGINES[model.card["engine"]].asked


def _models(models: Sequence[ReportedModel]) -> str:
    asked = ", ".join(
        f"{model.title} ({_known_as(model)})" if _known_as(model) else model.title
        for model in models
        if _asked(model)
    )
    sentences = [f"Ratings were asked of {asked}."] if asked else []
    sentences += [
        f"The ratings of {model.title} were not asked for but read from a file "
        f"({_known_as(model)}), of each item at most as many as a protocol has participants; "
        "wording, temperature and seeds do not concern them."
        for model in models
        if not _asked(model)
    ]
    return " ".join(sentences)


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


SECTION = Section(id="methods", heading="Methods", label="Methods", view=_view, about=True)
