"""`emoalign check --ask`: a trial question to each model shows what its server can do."""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import click

from emoalign.commands.probing import Probe, probes, tried
from emoalign.elicitation.engines.served import Engine, ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import Question, build_questions, check_tokens, single_tokens
from emoalign.elicitation.rating import Ask, RatingJob
from emoalign.elicitation.rating_rows import columns_by_scale
from emoalign.elicitation.rejections import Rejected
from emoalign.errors import EmoalignError
from emoalign.planning.jobs import Jobs
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import Image
from emoalign.study.fields import WRITTEN
from emoalign.study.protocols import ASKED_TO_THINK
from emoalign.wording import at_most, counted, dollars, percent

MADE_UP = {"word": "florp", "sentence": "The florp is next to the door."}
"""Items of no dataset: nothing of a restricted one is sent."""

TOGETHER = 2
"""Answers that a request asks for, where the model gives several."""


def ask_models(loaded: LoadedStudy, yes: bool) -> bool:
    """Ask each model of a study about a made-up item; False if one could not be asked.

    Nothing is written to the journal. Before anything is sent to another machine, it is listed and
    the user is asked for permission, unless `yes`. Raises click.Abort if permission is refused.
    """
    with tempfile.TemporaryDirectory() as folder:
        trials = {name: _trial(loaded, name, Path(folder)) for name in loaded.models}
        _ask_permission([trial for trial in trials.values() if trial is not None], yes)
        sound = True
        for name, card in loaded.models.items():
            trial = trials[name]
            if not card.asked:
                click.echo(f"{name}: nothing to ask, because its ratings are recorded")
            elif trial is None:
                click.echo(
                    f"{name}: not asked, because its weights are loaded only in a rating job"
                )
            else:
                sound &= _told(trial)
    return sound


@dataclass(frozen=True)
class _Trial:
    """The trial questions to a model: the first protocol, about the first scale of a dataset.

    Each readout is tried with each prompt set; where labels rotate, in one rotation.
    """

    name: str
    card: ServedModel
    job: RatingJob
    questions: Sequence[Question]
    item: str
    probes: Sequence[Probe]

    @property
    def asks(self) -> list[Ask]:
        """Their requests."""
        return [question.ask for question in self.questions]

    @property
    def repeated(self) -> bool:
        """Whether the first question is asked again, to see whether the seed decides."""
        written = self.asks[0].request.readout in WRITTEN
        return written and self.card.capabilities.seed_bits > 0

    @property
    def every(self) -> list[Ask]:
        """All requests, in the order in which they are sent."""
        small = [ask for probe in self.probes for ask in probe.asks]
        return [*self.asks, *self.asks[: int(self.repeated)], *small]

    @property
    def usd(self) -> float:
        """The most that the trial can cost in US dollars; NaN if unknown."""
        prices = self.card.terms().prices
        if prices is None:
            return math.nan
        return sum(
            prices.of(ask.request.readout).most(*self.card.most_tokens(ask)) for ask in self.every
        )


def _trial(loaded: LoadedStudy, name: str, folder: Path) -> _Trial | None:
    card = loaded.models[name]
    if not isinstance(card, ServedModel):
        return None
    patient = card.limits.model_copy(
        update={"retries": 1, "timeout_s": min(card.limits.timeout_s, 60.0), "longest_wait_s": 10.0}
    )
    card = card.model_copy(update={"limits": patient})
    protocol = next(each.name for each in loaded.study.protocols if not each.recites)
    dataset = next(each for each in loaded.datasets if name in loaded.raters(each))
    job = Jobs(loaded).rate(name, protocol, dataset, loaded.asked(protocol, dataset)[0])
    modality = loaded.datasets[dataset].modality
    grey = _grey(folder, card)
    item: str | Image = MADE_UP.get(modality) or grey
    first: dict[tuple[str, str | None], Question] = {}
    for question in build_questions(job, card, [("made-up", item)]):
        several = min(TOGETHER, card.able.choices)
        ask = replace(question.ask, participants=question.ask.participants[:several])
        way = ask.request.readout, question.form.prompt_set
        first.setdefault(way, replace(question, ask=ask))
    shown = "a grey image" if isinstance(item, Image) else f'the made-up {modality} "{item}"'
    questions = sorted(first.values(), key=lambda each: each.ask.request.readout not in WRITTEN)
    asks = [question.ask for question in questions]
    levels = {
        each.thinking: each.temperature
        for each in loaded.study.protocols
        if each.thinking in ASKED_TO_THINK and not each.recites
    }
    return _Trial(name, card, job, questions, shown, probes(card, asks, grey, levels))


def _grey(folder: Path, card: ServedModel) -> Image:
    from PIL import Image as Pillow

    path = folder / "grey.png"
    Pillow.new("RGB", (64, 64), (128, 128, 128)).save(path)
    return card.able.shown(sha256(path.read_bytes()).hexdigest(), path)


def _ask_permission(trials: Sequence[_Trial], yes: bool) -> None:
    remote = [trial for trial in trials if trial.card.destination is not None]
    if not remote:
        return
    click.echo(
        "The following will be sent to other machines, with the instructions of the first protocol:"
    )
    for trial in remote:
        requests = counted(len(trial.every), "request")
        cost = "" if math.isnan(trial.usd) else f", {at_most(trial.usd)}"
        click.echo(
            f"  {trial.item}, to {trial.name} ({trial.card.destination}) in {requests}{cost}"
        )
    if not yes:
        click.confirm("Send it?", abort=True)


def _told(trial: _Trial) -> bool:
    """Ask, and print what came back; False if the model could not be asked."""
    try:
        with trial.card.running() as engine:
            lines = asyncio.run(_asked(trial, engine))
    except (EmoalignError, Rejected) as error:
        click.echo(f"{trial.name}: could not be asked: {error}")
        return False
    click.echo(f"{trial.name}: reachable")
    for line in lines:
        click.echo(f"  {line}")
    return True


async def _asked(trial: _Trial, engine: Engine) -> list[str]:
    try:
        texts = single_tokens([trial.job])
        check_tokens([trial.job], {text: await engine.tokenize(text) for text in texts})
        replies = [(ask, await engine.ask(ask)) for ask in trial.asks]
        again = await engine.ask(trial.asks[0]) if trial.repeated else None
        tries = await tried(engine, trial.probes)
    finally:
        await engine.close()
    several = len({question.form.prompt_set for question in trial.questions}) > 1
    lines = [
        f"{question.form.prompt_set}, {line}" if several else line
        for question, (_, answers) in zip(trial.questions, replies, strict=True)
        for line in _reply(question, answers)
    ]
    if again is not None:
        lines.append(_seeds(replies[0][1], again))
    elif trial.asks[0].request.readout in WRITTEN:
        lines.append("seeds: not sent, because its card has seed_bits: 0")
    stated = trial.asks[0].request.sampling.temperature is not None
    sent = trial.card.sent if stated else ()
    if trial.asks[0].request.readout != "decision":
        lines.append(f"sampling: {', '.join(sent) or 'no parameters'} sent and accepted")
    usual = [*replies, *([(trial.asks[0], again)] if again is not None else [])]
    thoughts = _thinking([answers for _, answers in usual])
    return [*lines, *tries.lines, *thoughts, _cost(trial, [*usual, *tries.replies])]


def _reply(question: Question, answers: Sequence[Answer]) -> Iterator[str]:
    answer, ask = answers[0], question.ask
    read = columns_by_scale(question.job, ask.request, answer)
    if ask.request.readout == "decision":
        yield from map(_decided, read.items())
        return
    if ask.request.readout == "exact":
        ((scale, columns),) = read.items()
        seen = len(answer.logprobs or ())
        mass, off = columns["returned_mass"], columns["off_scale_mass"]
        if mass is None:
            yield f"log-probabilities: the answer {answer.text[:60]!r} is {columns['status']}"
            return
        returned, elsewhere = float(str(mass)), float(str(off))
        yield (
            f"log-probabilities: of {seen} tokens; {percent(returned - elsewhere)} of the "
            f"probability is on points of {scale}, {percent(elsewhere)} on anything else, and "
            f"{percent(max(0.0, 1 - returned))} is not known; the reply was {answer.text[:60]!r}"
        )
        return
    statuses = ", ".join(f"{scale}: {_reading(columns)}" for scale, columns in read.items())
    known = f" by {answer.model_reported}" if answer.model_reported else ""
    yield f"answered{known} in {answer.latency_s:.1f} s: {answer.text[:60]!r}, read as {statuses}"
    wanted = len(ask.participants)
    fewer = "; set choices: 1 in the model's card" if len(answers) < wanted else ""
    yield f"n: {len(answers)} of {counted(wanted, 'answer')} in one request{fewer}"


def _decided(read: tuple[str, Mapping[str, object]]) -> str:
    scale, columns = read
    given = columns["probabilities"]
    if not isinstance(given, list):
        return f"decision about {scale}: {columns['status']}"
    likeliest = percent(max(given))
    return f"decision about {scale}: of {len(given)} levels, the likeliest has {likeliest}"


def _reading(columns: Mapping[str, object]) -> str:
    if columns["status"] != "ok":
        return str(columns["status"])
    rating, total = columns["rating"], columns["stated_total"]
    if total is not None:
        return f"a distribution whose numbers add up to {total:g}"
    return f"{rating:g}" if isinstance(rating, float) else str(columns["labels"])


def _seeds(first: Sequence[Answer], again: Sequence[Answer]) -> str:
    same = [answer.text for answer in first] == [answer.text for answer in again]
    if same:
        return "seeds: the same seed gave the same answers"
    return (
        "seeds: the same seed gave different answers, so answers cannot be reproduced; unless "
        "the provider promises that they can, set seed_bits: 0 in the model's card"
    )


def _thinking(replies: Sequence[Sequence[Answer]]) -> Iterator[str]:
    tokens = sum(answer.thinking_tokens or 0 for answers in replies for answer in answers)
    shown = any(answer.thinking for answers in replies for answer in answers)
    if tokens or shown:
        yield (
            f"thinking: the model thinks before it answers ({tokens or 'an unknown number of'} "
            "tokens); thinking_tokens in its card must leave room for this, and it is charged like "
            "answers. thinking: off in the protocol, with the parameters in its card, stops it"
        )
    else:
        yield "thinking: none detected"


def _cost(trial: _Trial, replies: Sequence[tuple[Ask, Sequence[Answer]]]) -> str:
    every = [answer for _, answers in replies for answer in answers]
    said = f"cost: {_prompt(every)} prompt tokens and {_written(every)} answer tokens"
    reported = [answer.usd for answer in every if answer.usd is not None]
    if trial.card.capabilities.cost_reported and reported:
        return f"{said}, {dollars(sum(reported))} as the server reports"
    prices = trial.card.terms().prices
    if prices is not None:
        usd = sum(
            prices.of(ask.request.readout).cost(_prompt(answers), _written(answers))
            for ask, answers in replies
        )
        return f"{said}, {dollars(usd)}"
    if trial.card.destination is None:
        return f"{said}, on this machine"
    return f"{said}; its card has no prices"


def _prompt(answers: Sequence[Answer]) -> int:
    return sum(answer.prompt_tokens or 0 for answer in answers)


def _written(answers: Sequence[Answer]) -> int:
    return sum(answer.completion_tokens or 0 for answer in answers)
