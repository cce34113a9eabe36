"""Rating jobs, and their requests, each with its identity.

A job asks a model about the items of one shard, on one scale or on several in one request, under
one protocol. Jobs of a model that is loaded once for all of them run together.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import Field, JsonValue

from emoalign.elicitation.forms import Form, forms
from emoalign.elicitation.recitation import Recitation, RecitedTable, recitation
from emoalign.errors import StudyError
from emoalign.prompts import (
    NormTable,
    Prompt,
    QuestionTemplate,
)
from emoalign.study.fields import Entry, Job, Readout
from emoalign.study.protocols import Protocol
from emoalign.study.scales import DatasetScale, HumanScale

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.engines.base import ModelCard


_log = logging.getLogger(__name__)


class Thoughts(Entry):
    """The thinking before an answer at a level of a protocol, as the model's card describes it.

    `parameters` tell the server; `tokens` are the most that thoughts may take, beside those of the
    answer.
    """

    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    tokens: int = 0


SESSIONS = "sessions"
"""The name, in place of a shard's, of the files of sessions, which go through all items."""

UNTOLD = Thoughts()
"""The thinking that a model does unless told otherwise."""


class RatingJob(Job):
    """Ask one model about one scale of one dataset, or a few jointly, under one protocol."""

    version: int = 6

    model: str
    card: dict[str, Any]
    protocol: Protocol
    thoughts: Thoughts = UNTOLD
    digits: int | None = None
    """The most digits of a token, where exact answers are read along the tokens of a reply; None
    where they are read from one token."""
    prompts: QuestionTemplate
    further: dict[str, QuestionTemplate] = Field(default_factory=dict)
    """The prompt sets after the first that the protocol lists, by name."""
    personas: tuple[str, ...] = ()
    dataset: str
    scales: dict[str, DatasetScale]
    recited: RecitedTable | None = None
    """The table of norms that is to be completed; None where items are rated."""
    dealt_by: int | None = None
    """The seed of the study, by which items are dealt to sessions; None without sessions."""

    @property
    def asked(self) -> str:
        """The scales the job asks about, as they stand in the names of its files."""
        return together(self.scales)

    @property
    def longest(self) -> int:
        """The most tokens of a sampled answer, with the thoughts before it."""
        return self.prompts.answer.max_tokens + self.thoughts.tokens

    def forms(self) -> tuple[Form, ...]:
        """The forms in which it asks; see `elicitation.forms`."""
        first = next(iter(self.protocol.prompts or ()), None)
        return forms([(first, self.prompts), *self.further.items()], self.scales)

    def shown(self, form: Form) -> RatingJob:
        """The job as one of its forms shows it: with that wording, and on the scales shown."""
        seen = {"prompts": form.template, "further": {}, "scales": dict(form.shown)}
        return self.model_copy(update=seen)


def together(scales: Iterable[str]) -> str:
    """The name, in paths, of scales that share a request: arousal+valence."""
    return "+".join(sorted(scales))


@dataclass(frozen=True, eq=False)
class RatingTask:
    """A rating job, and the stimuli of one shard of its dataset, or of all.

    `journal` is the root of the journals. `norms` are those of the dataset, which nothing but a
    recitation is told.
    """

    job: RatingJob
    stimuli: pd.DataFrame
    journal: Path
    shard: str | None = None
    norms: pd.DataFrame | None = None

    @property
    def items(self) -> pd.DataFrame:
        """The stimuli that are asked about."""
        there = self.stimuli
        if self.shard not in (None, SESSIONS):
            there = there[there["shard"] == self.shard]
        return (
            there
            if self._recitation is None
            else there[there["item_id"].isin(self._recitation.asked)]
        )

    @property
    def table(self) -> NormTable | None:
        """The part of the table of norms that is shown; None where items are rated."""
        return None if self._recitation is None else self._recitation.table

    @cached_property
    def _recitation(self) -> Recitation | None:
        if self.job.recited is None or self.norms is None:
            return None
        ((name, scale),) = self.job.scales.items()
        if not isinstance(scale, HumanScale):
            return None
        return recitation(
            self.job.recited, self.job.protocol, self.stimuli, self.norms, name, scale
        )

    @property
    def folder(self) -> Path:
        """The folder with all answers about the model, the dataset and what is asked of it."""
        return self.journal / self.job.model / self.job.dataset / self.job.asked

    @property
    def file(self) -> Path:
        """The file in this folder that new answers are written to."""
        return self.folder / f"{self.job.protocol.name}.{self.shard}.jsonl"


def rate(
    jobs: Sequence[RatingJob],
    card: ModelCard,
    stimuli: Path,
    shard: str,
    journal: Path,
    outputs: Sequence[Path],
    account: Account | None = None,
    forbidden: str | None = None,
    norms: Path | None = None,
    trials: Sequence[Path] = (),
) -> None:
    """Write the ratings of each job, all of one model, to its output, and of sessions the trials.

    Answers that the journal does not have yet are collected first; `journal` is the root of the
    journals, `account` limits the cost, `forbidden` says why the items may not be sent to the
    model, where they may not, and `norms` is the table that a recitation shows. Raises
    ElicitationError when the model cannot be asked; whatever had arrived is in the journal by then.
    """
    from emoalign.tables import COMPLETIONS, NORMS, RATINGS, STIMULI, TRIALS

    for job in jobs:
        if (card.answering(), card.thoughts(job.protocol.thinking)) != (job.card, job.thoughts):
            raise StudyError(
                [
                    f"model {job.model!r}: its card changed after the workflow had started: run "
                    "the same command again"
                ]
            )
    if forbidden is not None:
        raise StudyError([forbidden])
    items = STIMULI.read(stimuli)
    means = None if norms is None else NORMS.read(norms)
    tasks = [RatingTask(job, items, journal, shard, means) for job in jobs]
    made = card.rate(tasks, account)
    for job, ratings, output in zip(jobs, made, outputs, strict=True):
        table = COMPLETIONS if job.protocol.recites else RATINGS
        table.write(ratings[ratings["item_id"].notna()], output, _origin(job, card))
    for ratings, output in zip(made, trials, strict=bool(trials)):
        TRIALS.write(trial_rows(ratings), output)
    _tell_doubts(jobs, card, outputs)


def trial_rows(ratings: pd.DataFrame) -> pd.DataFrame:
    """The sampled answers of sessions among ratings, as rows of the table of trials.

    Those of practice are the ones without an item.
    """
    from emoalign.tables import TRIALS

    rows = ratings[(ratings["readout"] == "sampled") & ratings["position"].notna()]
    kinds = rows["item_id"].notna().map({True: "item", False: "practice"})
    rows = rows.assign(kind=kinds).sort_values(["scale", "session", "position"], kind="stable")
    trials: pd.DataFrame = rows[TRIALS.schema.names]
    return trials


def _tell_doubts(jobs: Sequence[RatingJob], card: ModelCard, outputs: Sequence[Path]) -> None:
    """Log doubts about the ratings of jobs."""
    from emoalign.elicitation.doubts import Asked, doubts, few_ratings

    models = {job.model: card.reports(job.card) for job in jobs} if card.asked else {}
    temperatures = {job.protocol.name: job.protocol.temperature for job in jobs}
    recited = any(job.protocol.recites for job in jobs)
    for told in [*few_ratings(outputs, recited), *doubts(outputs, Asked(models, temperatures))]:
        _log.warning("%s", told)


def _origin(job: RatingJob, card: ModelCard) -> dict[str, str]:
    """Notes in a rating file on its origin, for the manifest."""
    notes = {
        "job": job.model_dump(mode="json"),
        "engine": card.settings(),
        "sampling": _samplings(job, card),
    }
    return {name: orjson.dumps(note).decode() for name, note in notes.items()}


def _samplings(job: RatingJob, card: ModelCard) -> Mapping[Any, object]:
    """How answers were drawn in each readout; by prompt set, where there are several."""
    if not job.further:
        return card.samplings(job)
    return {str(form.prompt_set): card.samplings(job.shown(form)) for form in job.forms()}


MAX_SEED_BITS = 63


Scalar = str | int | float | bool


Settings = tuple[tuple[str, JsonValue], ...]
"""Names and values, in ascending order of the names."""


@dataclass(frozen=True)
class Sampling:
    """Parameters by which the next token is drawn; None for one that is the provider's to set.

    Everything but temperature, length and stops is neutral: the answer comes from the model's whole
    distribution, whatever a server does by default. Without a temperature, nothing is said of any.
    """

    temperature: float | None
    max_tokens: int
    stop: tuple[str, ...] = ()
    top_p: float | None = 1.0
    top_k: int | None = 0
    min_p: float | None = 0.0
    repeat_penalty: float | None = 1.0

    @classmethod
    def at(cls, temperature: float | None, max_tokens: int, stop: tuple[str, ...] = ()) -> Sampling:
        """Neutral sampling at a temperature; the provider's own for None."""
        if temperature is None:
            return cls(None, max_tokens, stop, None, None, None, None)
        return cls(temperature, max_tokens, stop)

    @property
    def repetition_penalty(self) -> float | None:
        """The name that vLLM has for it."""
        return self.repeat_penalty


@dataclass(frozen=True)
class RatingRequest:
    """One question to one model. Equal questions have equal ids, in any study.

    `setup` holds the settings of the engine that affect the answer; `points` are the ratings of an
    exact request, if the engine is asked for their tokens alone; `schema` is the JSON schema that a
    structured answer is forced into.
    """

    model: str
    revision: str | None
    prompt: Prompt
    sampling: Sampling
    readout: Readout
    wave: int
    top_logprobs: int = 0
    extra_body: Settings = field(default=(), hash=False)  # its values may be lists and objects
    setup: Settings = ()
    points: tuple[float, ...] = ()
    schema: Mapping[str, JsonValue] = field(default_factory=dict, hash=False)

    @cached_property
    def request_id(self) -> str:
        """sha256 over everything that changes the distribution of the answer, and nothing else."""
        named = {each.name: getattr(self, each.name) for each in fields(self)}
        identity = orjson.loads(orjson.dumps(named, default=str))
        _leave_out_images(identity["prompt"])
        if not self.prompt.questions:
            del identity["prompt"]["questions"]
        # The order of a schema's keys, which is that of the answer, is in `required`.
        for name in ("extra_body", "setup", "points", "schema"):
            if not getattr(self, name):
                del identity[name]
        return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def seed(self, participant: int, bits: int = MAX_SEED_BITS) -> int:
        """The seed of the answers from `participant` on, below 2**bits.

        Hashed, because one seed for all items, or consecutive ones, correlates the participants.
        """
        digest = hashlib.sha256(f"{self.request_id}:{participant}".encode()).digest()
        return int.from_bytes(digest[:8], "big") >> (64 - min(bits, MAX_SEED_BITS))


def _leave_out_images(prompt: dict[str, Any]) -> None:
    """Leave out of a prompt's identity what is said of images where there are none, and of those
    there are where they lie and what they cost."""
    if prompt["image"] is None:
        del prompt["image_place"]
    for part in (prompt, *(prompt["messages"] or ())):
        if part["image"] is None:
            del part["image"]
        else:
            del part["image"]["path"], part["image"]["tokens"]


@dataclass(frozen=True)
class Ask:
    """A request and the participants whose answers it is sent for; (None,) for a distribution."""

    request: RatingRequest
    participants: tuple[int | None, ...]

    @property
    def key(self) -> tuple[str, int | None]:
        """The request and the first of the participants: that of a session's only answer."""
        return self.request.request_id, self.participants[0]


def missing(
    wanted: Iterable[Ask], answers: Iterable[tuple[str, int | None]], choices: int
) -> Iterator[Ask]:
    """The part of `wanted` still to be asked: each answer once, at most `choices` at a time.

    `answers` are the (request_id, participant) pairs whose answers are there already.
    """
    answered = set(answers)
    for ask in wanted:
        keys = {
            (ask.request.request_id, participant): participant for participant in ask.participants
        }
        left = tuple(participant for key, participant in keys.items() if key not in answered)
        answered.update(keys)
        for start in range(0, len(left), choices):
            yield Ask(ask.request, left[start : start + choices])
