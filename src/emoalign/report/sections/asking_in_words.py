"""Models, protocols and the reading of answers, in the words of a method section."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emoalign.elicitation.engines.registry import ENGINES
from emoalign.report.followed_in_words import followed
from emoalign.report.forms_in_words import forms_used
from emoalign.report.report_job import (
    ReportedModel,
    ReportJob,
    is_asked,
    read_by_others,
    reads_strictly,
)
from emoalign.report.sampling_in_words import alike, drawn
from emoalign.report.section import Results
from emoalign.report.sessions_in_words import presented
from emoalign.study.protocols import Protocol
from emoalign.wording import counted, listed, number, period, span

STRICT = (
    "Only answers in exactly the requested form counted as ratings{of}. Answers were not repaired, "
    "clamped to the scale, imputed or asked for again; others were counted by kind, but not used."
)
READ_BEFORE = (
    "{ratings} were used as recorded; their source had decided how answers were read "
    "and which were left out."
)
LEFT_OUT = "Items without any rating were left out of the comparisons."
SEEDED = "The seed of each answer{of} was derived from question and participant."
DECISIONS = (
    "Decisions came from {api}. It was given the item as input, the instruction as the question "
    "and the points of the scale as ordered levels, and returned a probability for each level. "
    "These probabilities are about the given levels alone and calibrated by the provider in a way "
    "that it does not describe: they are not the model's probabilities of next tokens. Temperature "
    "and thinking do not apply to them."
)
STATED = (
    "A stated distribution had to have a number for each point of the scale and no other, and the "
    "numbers had to add up to the total that was asked for, within 1%; they were divided by their "
    "sum. Of labels, each number was divided by the total. The distributions of an item were "
    "averaged."
)
EVERY_TIME = "for every participant, after the same earlier answers, and averaged"
UNSEEDED = "Answers{of} were sampled without a seed, because the server takes none."


def models_asked(results: Results) -> str:
    """Sentences on the models, and when and from where their ratings came."""
    asked = {name: model for name, model in results.job.models.items() if is_asked(model)}
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
    """A model with what its engine knows it by, in one pair of brackets."""
    known = _known_as(model)
    if not known:
        return model.title
    if model.title.endswith(")"):
        return f"{model.title[:-1]}; {known})"
    return f"{model.title} ({known})"


def _recorded(results: Results) -> Iterator[str]:
    """The origin of ratings that were recorded before."""
    job = results.job
    recorded = {name: model for name, model in job.models.items() if not is_asked(model)}
    if not recorded:
        return
    files: dict[str, list[str]] = {}
    for model in recorded.values():
        files.setdefault(_known_as(model), []).append(model.title)
    if len(files) == 1:
        [(file, titles)] = files.items()
        yield (
            f"The ratings of {listed(titles)} were not collected for this study but read from a "
            f"file ({file})."
        )
    else:
        called = listed(f"{listed(titles)} ({file})" for file, titles in files.items())
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
        if any(map(is_asked, job.models.values()))
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


def protocols_used(job: ReportJob) -> Iterator[str]:
    """Sentences on each protocol, and on what all of them share."""
    yield from presented(job)
    for protocol in job.protocols.values():
        yield _protocol(job, protocol)
    yield from followed(job)
    yield from forms_used(job)
    if any(protocol.written for protocol in job.protocols.values()):
        yield from _drawn(job)
    if any("decision" in protocol.readouts for protocol in job.protocols.values()):
        yield _decided(job)


def _decided(job: ReportJob) -> str:
    """The origin and the meaning of decisions."""
    apis = (ENGINES[model.card["engine"]].decided_by for model in job.models.values())
    return DECISIONS.format(api=listed(list(dict.fromkeys(filter(None, apis)))))


def _drawn(job: ReportJob) -> Iterator[str]:
    """How answers were sampled, by what the servers of the models take."""
    asked = [model for model in job.models.values() if is_asked(model)]
    # A card without these capabilities is of an engine that always has them.
    told = [model.card.get("capabilities", {}) for model in asked]
    yield from drawn(job)
    for seeded, titles in alike(asked, [bool(can.get("seed_bits", True)) for can in told]):
        yield (SEEDED if seeded else UNSEEDED).format(of=f" of {titles}" if titles else "")


def _protocol(job: ReportJob, protocol: Protocol) -> str:
    asked = [
        template
        for dataset, card in job.datasets.items()
        for scale in (*card.scales, *card.labels)
        for template in job.question_templates(protocol.name, dataset, scale).values()
    ]
    shown = [len(one.demonstrations) for each in asked for one in each.wording.values()]
    caps = [each.answer.max_tokens for each in asked]
    ways = []
    if protocol.written:
        longest = ""
        if caps:
            limit = "1 token" if max(caps) == 1 else f"up to {span(caps, 0)} tokens"
            longest = f" in {limit}{_after_thoughts(job, protocol)}"
        personas = f" (personas of the list {protocol.personas})" if protocol.personas else ""
        who = counted(protocol.participants or 0, "simulated participant")
        if protocol.session is not None:  # each of whom rates a part of the items
            who += " per item"
        did = f"answered{longest} (sampled answers)"
        if protocol.states:
            of = f"{max(each.answer.total for each in asked):g}"
            did = (
                f"stated{f',{longest},' if longest else ''} how many of {of} people would give "
                "each answer (stated distributions)"
            )
        ways.append(f"{who}{personas} {did}")
    if "exact" in protocol.readouts:
        ways.append(
            "the model's probabilities of writing each point of the scale as its rating were read "
            f"{'once' if protocol.session is None else EVERY_TIME} (exact probabilities)"
        )
    if "decision" in protocol.readouts:
        ways.append(
            "the provider's Decisions API gave a probability to each point of the scale, once "
            "(decisions)"
        )
    wave = f"; wave {protocol.wave}, asked anew" if protocol.wave > 1 else ""
    sampling = (
        "the provider's own sampling"
        if protocol.temperature is None
        else f"temperature {number(protocol.temperature, 1)}"
    )
    thinking = "" if protocol.thinking == "provider" else f"; thinking {protocol.thinking}"
    settings = f"{sampling}{thinking}{wave}"
    if set(protocol.readouts) == {"decision"}:  # which has neither sampling nor thoughts
        settings = wave.removeprefix("; ")
    opening = f"Under the protocol {protocol.name}{f' ({settings})' if settings else ''}, "
    if shown:
        examples = f"{span(shown, 0)} example{'' if set(shown) == {1} else 's'}"
        opening += f"the prompt showed {examples if any(shown) else 'no examples'}; "
    return f"{opening}{', and '.join(filter(None, (', '.join(ways[:-1]), ways[-1])))}."


def _after_thoughts(job: ReportJob, protocol: Protocol) -> str:
    """The tokens that models could think with before an answer, where they could."""
    most = [model.thoughts.get(protocol.name, 0) for model in job.models.values()]
    return f", after up to {max(most):,} tokens of thoughts" if any(most) else ""


def answers_read(job: ReportJob) -> Iterator[str]:
    """The rules by which answers became ratings, here or before."""
    models = job.models.values()
    written = any(protocol.written for protocol in job.protocols.values())
    before = [model.title for model in models if read_by_others(model)]
    strict = [model.title for model in models if reads_strictly(model)]
    if strict and written:
        yield STRICT.format(of=f" of {listed(strict)}" if before else "")
    if any(protocol.states for protocol in job.protocols.values()):
        yield STATED
    if before:
        whose = "All ratings" if len(before) == len(models) else f"The ratings of {listed(before)}"
        yield READ_BEFORE.format(ratings=whose)
    yield LEFT_OUT
