"""Trials of a table, a row for each rating: which are wanted, and what each says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.readings import Reading, readings
from emoalign.errors import DataError
from emoalign.stimuli.numbers import number
from emoalign.stimuli.rows import Record
from emoalign.stimuli.sheets import Layout, read_records
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.scales import HumanScale, LabelScale

CARD = "the model's card"
_NAMED = 3


def trials_of(
    path: Path, job: RatingJob, scale: str, card: RecordedModel
) -> tuple[Sequence[Record], Iterable[str | None]]:
    """The trials of the scale and the job's protocol, and the participants of the whole table.

    Raises DataError when there is no such trial.
    """
    chosen_by = {"scale": scale, "protocol": job.protocol.name}
    chosen_by = {key: name for key, name in chosen_by.items() if getattr(card.columns, key)}
    held: dict[str, dict[str, None]] = {key: {} for key in chosen_by}
    ours: list[Record] = []
    participants: set[str | None] = set()
    for trial in _read_trials(path, card):
        participants.add(trial.fields.get("participant"))
        for key, name in chosen_by.items():
            held[key][str(trial.fields[key])] = None
            if trial.fields[key] != name:
                break
        else:
            ours.append(trial)
    if not ours:
        lacking = next((key for key, name in chosen_by.items() if name not in held[key]), None)
        if lacking is None or not held[lacking]:
            raise DataError(f"{path}: there are no rows below the names of the columns")
        raise DataError(
            f"{path}: no row is of the {lacking} {chosen_by[lacking]!r}; column "
            f"{getattr(card.columns, lacking)!r} holds {some(list(held[lacking]))}"
        )
    return ours, participants


def _read_trials(path: Path, card: RecordedModel) -> Iterator[Record]:
    """The rows of a table, in its order, with their fields by what they hold (item, rating, ...).

    Raises DataError when the file is not of its format, or lacks a column.
    """
    columns: dict[str, str] = card.columns.model_dump(exclude_none=True)
    named = {f"columns.{key}": name for key, name in columns.items()}
    # Answers of models hold lines and commas.
    written = TableFormat(encoding=card.encoding, quotes="standard")
    layout = Layout(card.table_format, CARD, written)
    for row in read_records(path, layout, named):
        yield Record(row.where, {key: row.fields[f"columns.{key}"] for key in columns})


def filled(trial: Record, card: RecordedModel, key: str) -> str:
    """The field of a trial under a key of the card. Raises DataError where it is empty."""
    written = trial.fields[key]
    if not written:
        column = getattr(card.columns, key)
        raise DataError(f"{trial.where}, column {column!r}: expected the {key}, found nothing")
    return written


def trial_reader(
    job: RatingJob, scale: str, card: RecordedModel
) -> Callable[[Record], tuple[Reading, str] | None]:
    """A function that reads the rating of a trial, with its text; None where it has none.

    Labels are read from the raw answer alone: there is no number to compare it with.
    """
    bounds = job.scales[scale]
    columns = card.columns
    if isinstance(bounds, LabelScale):
        columns = columns.model_copy(update={"rating": None})

    def read(trial: Record) -> tuple[Reading, str] | None:
        written, answer = (
            None if field in card.na_values or not column else field
            for field, column in (
                (trial.fields.get("rating"), columns.rating),
                (trial.fields.get("answer"), columns.answer),
            )
        )
        rating = None
        if written is not None and isinstance(bounds, HumanScale):
            where = f"{trial.where}, column {columns.rating!r}"
            rating = _point(number(written, where, card=CARD), bounds, where)
        if answer is None:
            return None if written is None else (Reading("ok", rating), written)
        reading = _read_text(answer, job)[scale]
        if columns.rating and reading.rating != rating:
            raise DataError(
                f"{trial.where}: column {columns.answer!r} holds {answer[:60]!r}, which "
                + (f"is {reading.status}" if reading.rating is None else f"is {reading.rating:g}")
                + f", but column {columns.rating!r} holds {written or 'no rating'}. Either correct "
                "the table, or name only one of the two columns in the model's card."
            )
        return reading, answer

    return read


def _read_text(text: str, job: RatingJob) -> Mapping[str, Reading]:
    """A raw answer read by the rule for all answers; that it had ended is taken for granted."""
    return readings(
        job,
        Answer(
            request_id="",
            participant=None,
            text=text,
            finish_reason="stop",
            model_reported="",
            prompt_tokens=0,
            completion_tokens=0,
            latency_s=0,
            received="",
        ),
    )


def _point(number: float, scale: HumanScale, where: str) -> float:
    point = scale.point(number) if math.isfinite(number) else None
    if point is not None:
        return point
    native = scale.native
    hint = (
        f", not of the {native.min:g} to {native.max:g} in the dataset's own file" if native else ""
    )
    raise DataError(
        f"{where}: expected a point of the scale from {scale.min:g} to {scale.max:g} in steps of "
        f"{scale.step:g}{hint}; found {number:g}"
    )


def some(names: Sequence[str]) -> str:
    """The first of some names, for messages."""
    shown = ", ".join(repr(name[:60]) for name in names[:_NAMED])
    return f"{shown}, …" if len(names) > _NAMED else shown
