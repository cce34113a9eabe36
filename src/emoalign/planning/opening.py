"""The first lines of a run: the jobs that will run, and the most that their ratings can cost."""

from __future__ import annotations

import math
import textwrap
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from emoalign.elicitation.answer_schema import answer_schema, likely_schema_tokens
from emoalign.elicitation.dealing import lists_per_sweep
from emoalign.elicitation.engines.asked import AskedModel, Terms
from emoalign.elicitation.forms import Form
from emoalign.elicitation.pace import minutes_as_before
from emoalign.planning.preflight import why_forbidden
from emoalign.planning.session_costs import session_tokens
from emoalign.planning.studies import LoadedStudy
from emoalign.prompts import Image, Prompt, Renderer, likely_tokens
from emoalign.study.fields import WRITTEN, Modality, Readout
from emoalign.study.protocols import Protocol
from emoalign.wording import at_most, counted, minutes

WIDTH = 100

FEWEST_ITEMS = 10
"""Items that a job should have at least: it takes a second to begin."""

LETTERS: Mapping[Modality, int] = {"word": 20, "sentence": 300}
"""Letters of an item before its dataset is prepared: more than those of included ones average."""

Planned = tuple[str, Mapping[str, str]]
"""A job that will run: its rule and its wildcards."""


@dataclass(frozen=True)
class _Cell:
    """The part of a rating job that is about one scale; `items` is None if not known yet."""

    model: str
    protocol: str
    dataset: str
    asked: str
    items: int | None


@dataclass(frozen=True)
class Opening:
    """The facts about a run that are known before it starts.

    Attributes:
        loaded: the study.
        results, journal: the folders of its results, and of all answers.
        jobs: those that will run.
        awaited: datasets that must be prepared before their rating jobs are known.
        cores: cores of this machine that jobs may use; None on a cluster.
        items: the items of a dataset, where they are known before it is prepared.
        texts: a text of usual length for each dataset, where known then, see `usual_text`.
    """

    loaded: LoadedStudy
    results: Path
    journal: Path
    jobs: Sequence[Planned]
    awaited: Collection[str]
    cores: int | None
    items: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """All of it, in lines for a terminal."""
        return "\n".join([*self._running(), *self.asking(), *self._retiring(), *self._idle()])

    def _running(self) -> Iterator[str]:
        rules = Counter(rule for rule, _ in self.jobs)
        named = ", ".join(f"{n} {rule}" if n > 1 else rule for rule, n in rules.items())
        running = f"{counted(rules.total(), 'job')}: {named}" if rules else "no job"
        yield _filled(f"Study {self.loaded.study.study}, {running}.")
        if self.awaited:
            jobs, unknown = self._jobs_awaited()
            more = (
                ", or more for a dataset without a sample size, whose items are counted first"
            ) * unknown
            follow = "rating job follows" if jobs == 1 else "rating jobs follow"
            datasets = ", ".join(sorted(self.awaited))
            yield f"Once the items are prepared, {jobs:,} {follow} ({datasets}){more}."

    def _jobs_awaited(self) -> tuple[int, bool]:
        """The rating jobs that follow, at least, and whether there may be more."""
        jobs, unknown = 0, False
        for dataset in self.awaited:
            items = self._sampled(dataset)
            size = self.loaded.study.shard_items
            unknown |= items is None and size is not None
            shards = 1 if items is None or size is None else math.ceil(items / size)
            for model in self.loaded.raters(dataset):
                for protocol in self._protocols():
                    once = self.loaded.models[model].together
                    asked = len(self.loaded.asked_of(model, protocol, dataset))
                    parts = 1 if self.loaded.protocol(protocol).session else shards
                    jobs += parts * (min(asked, 1) if once else asked)
        return jobs, unknown

    def _sampled(self, dataset: str) -> int | None:
        return self.items.get(dataset, self.loaded.dataset_entry(dataset).sample)

    # What it costs

    def asking(self) -> Iterator[str]:
        """The upper limits of answers, costs and time by model, and of all costs together."""
        by_model: dict[str, list[_Cell]] = defaultdict(list)
        for cell in self._allowed():
            by_model[cell.model].append(cell)
        usd = 0.0
        for model, cells in by_model.items():
            card = self.loaded.models[model]
            if isinstance(card, AskedModel):
                cost, line = self._cost(card, cells)
                usd += cost
                yield _filled(f"  {model}: {line}", "    ")
        if usd:
            limit = self.loaded.study.max_usd
            most = "" if limit is None else f"; the study stops at max_usd = {limit:g}"
            yield f"Together {at_most(usd, 'at most about')}{most}."
        if any(self.loaded.models[model].asked for model in by_model):
            yield (
                "These are upper limits: answers already in results/journal are not asked for "
                "again. For what is left to ask: `snakemake plan --cores 1`"
            )

    def _cost(self, card: AskedModel, cells: Sequence[_Cell]) -> tuple[float, str]:
        """The highest cost in US dollars, as far as known, and a sentence with all limits."""
        if any(cell.items is None for cell in cells):
            return 0.0, "is asked about all items; their number is known once they are prepared"
        answers, tokens, usd, taken = 0, 0.0, 0.0, 0.0
        requests: Counter[Readout] = Counter()
        terms = card.terms()
        for cell in cells:
            asked = self._asked(card, cell)
            of_cell: Counter[Readout] = Counter()
            for part in asked:
                of_cell[part.readout] += part.requests
            requests.update(of_cell)
            for part in asked:
                answers += part.answers
                tokens += part.prompt_tokens + part.answer_tokens
                usd += _dearest(terms, part)
            if card.destination is None:
                place = self.journal / cell.model
                taken += minutes_as_before(card, place, cell.protocol, of_cell)
        many = "s" * (requests.total() != 1)
        line = f"at most {answers:,} answers in {requests.total():,} request{many}"
        if terms.prices is not None:
            cost = at_most(usd, "at most about") if usd else "free"
            line += f"; {cost} (prices of {terms.prices.as_of})"
        elif card.destination is None:
            line += "; on this machine, at no cost"
        else:
            line += "; cost unknown, because its card has no prices"
        slowest = card.minutes(requests.total(), tokens)
        if not math.isnan(slowest):
            line += f"; {'at least ' * (slowest >= 1)}{_minutes(slowest)} at its rate limits"
        elif card.destination is None and math.isnan(taken):
            line += "; running time unknown until it has answered once"
        elif card.destination is None:
            line += f"; {'about ' * (taken >= 1)}{_minutes(taken)} of one core"
        return usd, line + "."

    def _asked(self, card: AskedModel, cell: _Cell) -> list[_Part]:
        """What is asked in each form and readout."""
        protocol = self.loaded.protocol(cell.protocol)
        forms = self.loaded.forms(cell.protocol, cell.dataset, cell.asked)
        who = self.loaded.participants(protocol)
        answers = 0 if protocol.session else len(who)  # there, each session is another persona
        people = math.ceil((answers or protocol.participants or 0) / len(forms))
        return [
            self._part(card, cell, protocol, form, readout, people)
            for form in forms
            for readout in protocol.readouts
        ]

    def _part(
        self,
        card: AskedModel,
        cell: _Cell,
        protocol: Protocol,
        form: Form,
        readout: Readout,
        people: int,
    ) -> _Part:
        """What is asked in a readout in one form, of so many people about each item."""
        table, items = None, cell.items or 0
        if protocol.recites:
            table = self.loaded.recited(cell.dataset, cell.asked).example(protocol.examples)
            items = min(items, protocol.items or items)
        renderer = Renderer(form.template, form.shown, table=table)
        item, who = self._usual(card, cell.dataset), self.loaded.participants(protocol)
        if readout == "decision":
            shown = [renderer.decision(item)]
        else:
            shown = [renderer.render(item, persona) for persona in who or [None]]
        each = answered = 1
        if readout in WRITTEN:
            alone = who or form.drawn or protocol.session
            each = people if alone else math.ceil(people / card.able.choices)
            answered = people
        elif protocol.session:  # its exact answers follow those of every participant
            each = answered = people
        per_prompt = max(likely_tokens(prompt)[1] for prompt in shown)
        if protocol.session:
            per_prompt, practised = self._in_sessions(renderer, item, protocol, form, items)
            items += practised if readout == "sampled" else 0
        if readout != "decision" and card.destination is not None:
            per_prompt += likely_schema_tokens(answer_schema(form.template, form.shown))
        most = form.template.answer.max_tokens
        longest = most + card.thoughts(protocol.thinking).tokens
        exactly = most if card.able.along_replies else 1
        per_answer = {"exact": exactly, "decision": 0}.get(readout, longest)
        return _Part(
            readout,
            items * each,
            items * answered,
            items * each * per_prompt,
            items * answered * per_answer,
        )

    def _in_sessions(
        self, renderer: Renderer, item: str | Image, protocol: Protocol, form: Form, items: int
    ) -> tuple[float, int]:
        """The most tokens of a prompt in a session, on average, and the texts for practice in a
        sweep."""
        plan, who = protocol.session, self.loaded.participants(protocol)
        practice = len(next(iter(form.template.wording.values())).practice)
        if plan is None or not items:
            return 0.0, 0
        longest = form.template.answer.max_tokens
        persona = max(who, key=len) if who else None
        tokens = session_tokens(renderer, item, persona, plan, items, practice, longest)
        return tokens, practice * lists_per_sweep(items, plan.items)

    def _usual(self, card: AskedModel, dataset: str) -> str | Image:
        """An item that takes no fewer tokens than the items of a dataset do on average."""
        modality = self.loaded.datasets[dataset].modality
        if modality == "image":
            return card.able.shown("0" * 64, Path())
        _, prepared = self._prepared.get(dataset, ({}, None))
        return self.texts.get(dataset) or prepared or "a" * LETTERS[modality]

    def _cells(self) -> Iterator[_Cell]:
        for _, wildcards in self.jobs:
            # By its wildcards: a rule has another name where this workflow is a module.
            if {"model", "protocol", "dataset"} <= wildcards.keys():
                model, dataset = wildcards["model"], wildcards["dataset"]
                protocol, scale = wildcards["protocol"], wildcards.get("scale")
                asked = self.loaded.asked(protocol, dataset) if scale is None else [scale]
                for each in asked:
                    shards, _ = self._prepared.get(dataset, ({}, None))
                    every = sum(shards.values()) or None
                    items = shards.get(wildcards["shard"]) if "shard" in wildcards else every
                    yield _Cell(model, protocol, dataset, each, items)
        for dataset in self.awaited:
            for model in self.loaded.raters(dataset):
                for protocol in self._protocols():
                    for each in self.loaded.asked_of(model, protocol, dataset):
                        yield _Cell(model, protocol, dataset, each, self._sampled(dataset))

    def _allowed(self) -> Iterator[_Cell]:
        """The cells whose items may be sent to their model."""
        for cell in self._cells():
            if why_forbidden(self.loaded, cell.model, cell.dataset, cell.protocol) is None:
                yield cell

    def _protocols(self) -> list[str]:
        return [*self.loaded.protocol_names(), *self.loaded.recitation_names()]

    @cached_property
    def _prepared(self) -> Mapping[str, tuple[Mapping[str, int], str | None]]:
        """For each dataset that is prepared, the items of its shards and a text of usual length."""
        found = {}
        for dataset in self.loaded.datasets:
            path = self.results / "stimuli" / f"{dataset}.parquet"
            if path.is_file() and dataset not in self.awaited:
                import pyarrow.parquet as pq

                rows = pq.read_table(path, columns=["shard", "text"])
                shards = Counter(rows["shard"].to_pylist())
                found[dataset] = shards, usual_text(rows["text"].to_pylist())
        return found

    def _retiring(self) -> Iterator[str]:
        """The ends of models that are asked, where they are near or past."""
        for model in dict.fromkeys(cell.model for cell in self._allowed()):
            told = self.loaded.models[model].retiring(model, date.today())
            if told is not None:
                yield _filled(told)

    # Whether all cores have something to do

    def _idle(self) -> Iterator[str]:
        """A note if models on this machine leave cores idle, with the setting that uses them."""
        cells = [
            cell
            for cell in self._cells()
            if self.loaded.models[cell.model].destination is None
            and self.loaded.models[cell.model].asked
            and self.loaded.models[cell.model].resources().gpus == 0
        ]
        if self.cores is None or not cells:
            return
        size = self.loaded.study.shard_items
        known = [
            cell.items
            for cell in cells
            if cell.items and not self.loaded.protocol(cell.protocol).session
        ]
        jobs = sum(
            math.ceil((cell.items or 0) / size) if size and cell.dataset in self.awaited else 1
            for cell in cells
        )
        threads = max(self.loaded.models[cell.model].resources().threads for cell in cells)
        idle = self.cores - jobs * threads
        if idle < 1 or not known:
            return
        parts = math.ceil(self.cores / threads / len(cells))
        smaller = math.ceil(max(known) / parts)
        if FEWEST_ITEMS <= smaller < max(known):
            yield _filled(
                f"{counted(idle, 'core')} of {self.cores} will be idle while ratings are "
                f"collected, because models on this machine have only "
                f"{counted(jobs, 'rating job')}. "
                f"`shard_items: {smaller}` in the study divides the items among more jobs. The "
                "requests stay the same, and answers that have arrived are kept."
            )


@dataclass(frozen=True)
class _Part:
    """Requests of a readout, at most: their number, that of the answers, and tokens of each."""

    readout: Readout
    requests: int
    answers: int
    prompt_tokens: float
    answer_tokens: float


def _dearest(terms: Terms, part: _Part) -> float:
    """The most that requests cost, in US dollars; 0 where no prices are known."""
    if terms.prices is None:
        return 0.0
    usd = terms.prices.of(part.readout).most(part.prompt_tokens, part.answer_tokens)
    batched = terms.delivery == "batch" and part.readout != "decision"
    return usd * (terms.prices.batch_factor or 1.0) if batched else usd


def usual_text(texts: Iterable[str | None]) -> str | None:
    """The text with the fewest tokens among those with at least as many as they have on average.

    None where there are no texts, as with images.
    """
    tokens = {text: likely_tokens(Prompt(None, text))[1] for text in texts if text}
    if not tokens:
        return None
    average = sum(tokens.values()) / len(tokens)
    return min((text for text, n in tokens.items() if n >= average), key=lambda text: tokens[text])


def _filled(text: str, indent: str = "") -> str:
    """A text in lines of a terminal; the lines after the first are indented."""
    return textwrap.fill(
        text, WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _minutes(number: float) -> str:
    return minutes(math.ceil(number) if number >= 1 else number)
