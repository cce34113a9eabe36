"""The target preregistration: what is planned is written down once, and amended with a date."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from emoalign import __version__
from emoalign.analyses.expectations import of_distributions, of_means
from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.precision.widths import precision_rows
from emoalign.analyses.precision.words import in_words
from emoalign.analyses.preregistration.analysis import PreregistrationJob
from emoalign.analyses.preregistration.compare import departures, in_short, present
from emoalign.analyses.preregistration.frozen import (
    ABSENT,
    FORMAT,
    Frozen,
    digests,
    dotted,
    read,
    signed,
)
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.base import ModelCard
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.elicitation.remaining import planned_and_held
from emoalign.errors import DataError, StudyError
from emoalign.installed import git_commit
from emoalign.items.clusters import ItemClusters
from emoalign.locks import alone
from emoalign.planning.preregistration_text import amendment_text, preregistration_text
from emoalign.report.report_job import ReportJob
from emoalign.report.sections.example_prompts import example_prompts
from emoalign.stage import uninterrupted
from emoalign.tables import NORMS, PRECISION, STIMULI, atomic
from emoalign.wording import counted

_log = logging.getLogger(__name__)

HOW_TO_AMEND = "To add a dated amendment, run the same command with --config amend=true"

MANY = 20
"""Keys that a message names, at most; the report has all."""


@dataclass(frozen=True)
class Planned:
    """What is known of a study before it asks.

    Attributes:
        job: the study by parts.
        ratings: all that it asks for.
        precision: the widths of the intervals that it will have.
        report: how the report knows it, for its example prompts.
        cards: its models by name.
        results, journal: the folders of its results, and of all answers.
    """

    job: PreregistrationJob
    ratings: Sequence[RatingJob]
    precision: PrecisionJob
    report: ReportJob
    cards: Mapping[str, ModelCard]
    results: Path
    journal: Path

    def tables(self, stage: str) -> dict[str, Path]:
        """The stimuli or norms of each dataset."""
        return {
            name: self.results / stage / f"{name}.parquet"
            for name in sorted(self.job.content["datasets"])
        }

    def answers(self) -> list[dict[str, Any]]:
        """For each model and protocol, the answers planned, and those that the journal holds."""
        items = {name: STIMULI.read(path) for name, path in self.tables("stimuli").items()}
        norms = {name: NORMS.read(path) for name, path in self.tables("norms").items()}
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for job in self.ratings:
            model, protocol, data = job.model, job.protocol.name, job.dataset
            none = {"model": model, "protocol": protocol, "planned": None, "held": None}
            cell = found.setdefault((model, protocol), none)
            task = RatingTask(job, items[data], self.journal, norms=norms[data])
            card = self.cards[model]
            if isinstance(card, AskedModel):
                for name, n in zip(("planned", "held"), planned_and_held(task, card), strict=True):
                    cell[name] = (cell[name] or 0) + n
        return [found[key] for key in sorted(found)]


def preregister(study: Planned, amend: bool, today: str | None = None) -> None:
    """Write the preregistration of a study, or an amendment of it, and log what was done.

    What is there is never overwritten: without `amend`, only differences are told. Raises DataError
    where the files are not as they were written, StudyError where there is nothing to amend.
    """
    file = Path(study.job.file)
    today = today or f"{datetime.now(UTC):%Y-%m-%d}"
    study.results.mkdir(parents=True, exist_ok=True)
    with alone(study.results / "preregistration"):
        if file.exists():
            _amend(study, read(file), today) if amend else _compare(study, read(file))
        elif amend:
            raise StudyError([f"--config amend=true: there is no {file} yet, so leave it out"])
        else:
            _freeze(study, file, today)


def _freeze(study: Planned, file: Path, today: str) -> None:
    text = file.with_suffix(".md")
    if text.exists():
        raise DataError(
            f"{text}: there without {file.name}, which is the preregistration. It was left as it "
            f"is. Restore {file.name}, or rename {text.name} if it is another text."
        )
    content = present(study.job, study.tables("stimuli"))
    means = {name: NORMS.read(path) for name, path in study.tables("norms").items()}
    clusters = {name: ItemClusters.read(path) for name, path in study.tables("stimuli").items()}
    widths = precision_rows(study.precision, means, clusters)
    answers = study.answers()
    statement = {
        **_stated(content, answers, today),
        "title": study.report.title,
        "expectations": [
            {"expected": one.words, "source": one.source}
            for one in (*of_means.EXPECTED.values(), *of_distributions.EXPECTED.values())
        ],
        "examples": list(_examples(study)),
        "precision": {
            "rows": orjson.loads(
                widths[PRECISION.schema.names].to_json(orient="records", double_precision=15)
            ),
            "words": in_words(widths),
        },
    }
    written = preregistration_text(study.report.study, statement)
    document = {
        "format": FORMAT,
        "study": study.report.study,
        "frozen": {**statement, "text_sha256": _sha256(written)},
        "amendments": [],
    }
    _write(file, document, written)
    _log.info("%s: %s", text, _held(answers))
    _log.info("Keep it and %s, in git for example; later runs leave both as they are.", file.name)


def _compare(study: Planned, frozen: Frozen) -> None:
    file = Path(study.job.file)
    text = file.with_suffix(".md")
    there = _text_of(file, frozen) is not None
    if not there:
        _restore(file, frozen)
    amended = f", last amended on {frozen.amendments[-1].date}" if frozen.amendments else ""
    left = " It was left as it is." if there else ""
    _log.info("%s: frozen on %s%s.%s", text, frozen.first.date, amended, left)
    changed = departures(frozen, present(study.job, study.tables("stimuli")), study.job)
    if not changed:
        _log.info("The study has not changed since.")
        return
    _log.info("The study has changed since, in %s:", counted(len(changed), "key"))
    for line in _changes_in_words(changed):
        _log.info("  %s", line)
    _log.info("%s.", HOW_TO_AMEND)


def _amend(study: Planned, frozen: Frozen, today: str) -> None:
    file = Path(study.job.file)
    text = file.with_suffix(".md")
    before = _text_of(file, frozen)
    if before is None:
        before = _restore(file, frozen)
    content = present(study.job, study.tables("stimuli"))
    changed = departures(frozen, content, study.job)
    if not changed:
        _log.info(
            "%s: nothing to amend. The study is the one stated on %s.",
            text,
            frozen.statements[-1].date,
        )
        return
    parts = {key[0] for key, _, _ in changed}
    answers = study.answers()
    amendment = {
        **_stated({part: content.get(part) for part in sorted(parts)}, answers, today),
        "changes": [
            {"key": list(key), **_side("from", old), **_side("to", new)}
            for key, old, new in changed
        ],
    }
    number = len(frozen.amendments) + 1
    written = before + amendment_text(number, amendment)
    document = {
        **frozen.document,
        "amendments": [
            *frozen.document["amendments"],
            {**amendment, "text_sha256": _sha256(written)},
        ],
    }
    _write(file, document, written)
    _log.info("%s: amendment %d, of %s:", text, number, counted(len(changed), "key"))
    for line in _changes_in_words(changed):
        _log.info("  %s", line)
    _log.info("%s", _held(answers))


def _stated(
    content: Mapping[str, Any], answers: Sequence[Mapping[str, Any]], today: str
) -> dict[str, Any]:
    return {
        "date": today,
        "emoalign": __version__,
        "git_commit": git_commit(),
        "content": content,
        "sha256": digests(content),
        "answers": list(answers),
    }


def _side(name: str, value: object) -> dict[str, Any]:
    """A value of a change under its name; nothing where there was none."""
    return {} if value is ABSENT else {name: value}


def _examples(study: Planned) -> Iterator[dict[str, Any]]:
    """A prompt of each protocol, dataset and scale, as a model sees it; without an item where the
    terms forbid that items are shown."""
    if not any(card.asked for card in study.cards.values()):
        return
    items = study.tables("stimuli")
    for shown in example_prompts(study.report, lambda dataset: STIMULI.read(items[dataset])):
        named = {"protocol": shown.protocol, "dataset": shown.dataset, "scale": shown.scale}
        yield {**named, "form": shown.form, "text": shown.text}


def _write(file: Path, document: Mapping[str, Any], text: str) -> None:
    """Write both files, whole or not at all: the one that counts first."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    with (
        uninterrupted(),
        atomic(file.with_suffix(".md")) as readable,
        atomic(file) as counting,
    ):
        readable.write_text(text, encoding="utf-8", newline="\n")
        counting.write_bytes(orjson.dumps(signed(document), option=options))


def _text_of(file: Path, frozen: Frozen) -> str | None:
    """The text as it was written last; None where it is missing, or a power cut has left the one
    before. Raises DataError where it is another."""
    text = file.with_suffix(".md")
    if not text.exists():
        return None
    found = text.read_bytes().decode(errors="replace").replace("\r\n", "\n")
    document = frozen.document
    *earlier, last = [each["text_sha256"] for each in (document["frozen"], *document["amendments"])]
    if _sha256(found) == last or found == _whole_text(document):
        return found
    if _sha256(found) in earlier:
        return None
    raise DataError(
        f"{text}: damaged, or changed by hand. It was left as it is. Restore what was frozen, from "
        f"git for example: git restore '{text}'"
    )


def _restore(file: Path, frozen: Frozen) -> str:
    """Write the text again from what the other file holds."""
    text, written = file.with_suffix(".md"), _whole_text(frozen.document)
    with atomic(text) as readable:
        readable.write_text(written, encoding="utf-8", newline="\n")
    _log.info("%s: missing, so it was written again from %s.", text, file.name)
    return written


def _whole_text(document: Mapping[str, Any]) -> str:
    """The text of a preregistration and its amendments, as this version of emoalign writes it."""
    written = preregistration_text(document["study"], document["frozen"])
    for number, amendment in enumerate(document["amendments"], 1):
        written += amendment_text(number, amendment)
    return written


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _changes_in_words(changed: Sequence[tuple[tuple[str, ...], Any, Any]]) -> Iterator[str]:
    for key, old, new in changed[:MANY]:
        before, after = in_short(old), in_short(new)
        if before is None or after is None:
            yield f"{dotted(key)}: {'added' if before is None else 'removed'}"
        else:
            yield f"{dotted(key)}: {before} → {after}"
    if len(changed) > MANY:
        yield f"and {len(changed) - MANY:,} more"


def _held(answers: Sequence[Mapping[str, Any]]) -> str:
    """A sentence on the answers that are there already."""
    asked = [row for row in answers if row["planned"] is not None]
    if not asked:
        return "No model is asked: all ratings are recorded."
    held, whole = (sum(row[name] for row in asked) for name in ("held", "planned"))
    return f"{held:,} of {whole:,} planned answers are in the journal."
