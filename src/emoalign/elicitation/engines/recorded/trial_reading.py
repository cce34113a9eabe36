"""Reading a trial: a rating, labels, or the reason why it is neither."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from emoalign.elicitation.engines.recorded.recorded_columns import RecordedAnswer
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.recorded_table import CARD
from emoalign.elicitation.engines.recorded.trials import Trial
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.readings import (
    UNPARSABLE,
    NotJson,
    Reading,
    parse_json,
    parse_number,
    readings,
    refuses,
    within_fence,
)
from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import missing_instead, read_number
from emoalign.study.fields import Status
from emoalign.study.reading import nearest
from emoalign.study.scales import HumanScale, LabelScale, NativeRange
from emoalign.tables import STATUSES


def trial_reader(
    job: RatingJob, scale: str, card: RecordedModel, mistakes: Mistakes
) -> Callable[[Trial], tuple[Reading, str] | None]:
    """A function that reads the rating of a trial, with its text; None where it has none.

    Labels are read from the raw answer alone: there is no number to compare it with. What should be
    a number and is none is noted among the `mistakes`; the function raises DataError for others.
    """
    bounds, native = job.scales[scale], card.native_of(scale)
    read_answer = _answer_reader(job, scale, card)
    status_of = _status_reader(card)

    def read(trial: Trial) -> tuple[Reading, str] | None:
        status = status_of(trial)
        written, answer = trial.fields.get("rating"), trial.fields.get("answer")
        if written is None or card.missing(written) or isinstance(bounds, LabelScale):
            written = None
        if answer in card.na_values and trial.answer is None:
            answer = None
        if status is not None and status != "ok":
            return _no_rating(trial, status, written, answer)
        rating = None
        if written is not None and isinstance(bounds, HumanScale):
            where = f"{trial.where}, column {trial.columns['rating']!r}"
            value = read_number(written, where, mistakes, _decimal(card, written), card, CARD)
            if value is None:
                return None
            instead = missing_instead(written.strip(), card)
            rating = _point(value, bounds, native, where, instead)
        if answer is None:
            if written is None and status == "ok":
                raise DataError(
                    f"{trial.where}: column {trial.columns['status']!r} says that the answer is "
                    "ok, but there is no answer. Explain the words of that column under statuses "
                    "in the model's card, or correct the table."
                )
            return None if written is None else (Reading("ok", rating), written)
        where = f"{trial.where}, column {trial.columns['answer']!r}"
        reading = _not_given(trial, job, scale) or read_answer(answer, where)
        compared = "rating" in trial.columns and not isinstance(bounds, LabelScale)
        if compared and reading.rating != rating:
            raise DataError(
                f"{trial.where}: column {trial.columns['answer']!r} holds {answer[:60]!r}, which "
                + (f"is {reading.status}" if reading.rating is None else f"is {reading.rating:g}")
                + f", but column {trial.columns['rating']!r} holds {written or 'no rating'}. "
                "Correct the table, or name only one of the two columns in the model's card."
            )
        return reading, answer

    return read


def _not_given(trial: Trial, job: RatingJob, scale: str) -> Reading | None:
    """An answer of a batch that does not count, whatever its text; None for any other."""
    if trial.answer is None:
        return None
    reading = readings(job, trial.answer)[scale]
    return None if reading.status in ("ok", "off_scale", "unparsable") else reading


def _status_reader(card: RecordedModel) -> Callable[[Trial], Status | None]:
    """A function that gives the status of a trial; None if the table has no statuses."""
    meaning: dict[str, Status] = {status: status for status in STATUSES}
    meaning |= {word: status for status, words in card.statuses.items() for word in words}

    def status_of(trial: Trial) -> Status | None:
        written = (trial.fields.get("status") or "").strip()
        if not written:
            return None
        if written not in meaning:
            raise DataError(
                f"{trial.where}, column {trial.columns['status']!r}: {written[:60]!r} is not a "
                f"known status ({nearest(written, meaning)}). Explain it in the model's card, "
                f"such as statuses: {{{_likely(written, meaning)}: [{written[:60]!r}]}}."
            )
        return meaning[written]

    return status_of


def _likely(written: str, meaning: Mapping[str, Status]) -> Status:
    """The status that a word is likely to stand for; unparsable where none is near."""
    folded = {word.casefold(): status for word, status in meaning.items()}
    near = get_close_matches(written.casefold(), folded, n=1, cutoff=0.5)
    return folded[near[0]] if near else "unparsable"


def _no_rating(
    trial: Trial, status: Status, written: str | None, answer: str | None
) -> tuple[Reading, str]:
    """A trial that counts as what its status says, which is not ok."""
    if written is not None and status != "off_scale":
        raise DataError(
            f"{trial.where}: column {trial.columns['status']!r} says {status}, but column "
            f"{trial.columns['rating']!r} holds {written[:60]!r}. An answer with that status "
            "cannot have a rating: empty the field, or correct the status."
        )
    return Reading(status), answer or written or ""


def _decimal(card: RecordedModel, field: str) -> str:
    """The decimal mark in a field. Numbers that a file knows as such have a point."""
    typed = card.format_of(card.source) not in ("csv", "tsv") and "," not in field
    return "." if typed else card.decimal


def _point(
    value: float, scale: HumanScale, native: NativeRange | None, where: str, instead: str = ""
) -> float:
    """A number of the table as a point of the scale. Raises DataError if it is not one.

    `instead` is what the card would say if the number stood for no rating.
    """
    mapped = value if native is None else native.onto(value, scale)
    point = scale.point(mapped) if math.isfinite(mapped) else None
    if point is not None:
        return point
    between = scale.min < mapped < scale.max
    expected = (
        f"expected a point of the scale from {scale.min:g} to {scale.max:g} in steps of "
        f"{scale.step:g}"
    )
    if native is not None:
        expected += f" ({native.min:g} to {native.max:g} in the table, native in the model's card)"
    elif scale.native is not None and not between:
        expected += (
            f", not a value from {scale.native.min:g} to {scale.native.max:g} as in the dataset's "
            "own file"
        )
    found = f"{where}: {expected}; found {value:g}"
    if native is not None:
        found += f", which would be {mapped:g}"
    if between:
        found += (
            ". Ratings are never rounded. If this is the mean of several ratings, use the single "
            "ratings; if raters could choose any number, give the scale in the dataset's card a "
            "smaller step, such as step: 0.01"
        )
    else:
        found += (
            ". If the table uses another range, give it in the model's card as native: {min: "
            "..., max: ...}; if a model really gave this number, name the column as answer "
            "instead of rating, and it will count as off_scale"
        )
        found += f"; if it means that there is no rating, set {instead}" if instead else ""
    raise DataError(f"{found}.")


def _answer_reader(
    job: RatingJob, scale: str, card: RecordedModel
) -> Callable[[str, str], Reading]:
    """A function that reads a raw answer; it takes the place of the answer too, for complaints.

    Answers are read by the rule for all answers, unless the card declares another, or a range.
    """
    bounds, native = job.scales[scale], card.native_of(scale)
    form = card.answer
    if form is None and native is None:
        return lambda text, where: _read_text(text, job)[scale]
    form = form or RecordedAnswer(kind="text")

    def read(text: str, where: str) -> Reading:
        if refuses(text):
            return Reading("refusal")
        value = _value(text, form, scale)
        if isinstance(bounds, LabelScale):
            named = isinstance(value, list) and all(isinstance(name, str) for name in value)
            labels = bounds.choice(value) if named and isinstance(value, list) else None
            return UNPARSABLE if labels is None else Reading("ok", labels=labels)
        if isinstance(value, str):
            value = parse_number(value)
        if not isinstance(value, float) or not math.isfinite(value):
            return UNPARSABLE
        whole = value.is_integer() and native is not None and native.holds(value)
        mapped = value if native is None else native.onto(value, bounds)
        point = bounds.point(mapped)
        if point is None and whole:
            return Reading("ok", _point(value, bounds, native, where))
        return Reading("off_scale") if point is None else Reading("ok", point)

    return read


def _value(text: str, form: RecordedAnswer, scale: str) -> object:
    """The part of an answer about a scale: a text, or a JSON value; None if there is none."""
    if form.kind == "text":
        return text
    try:
        value = parse_json(within_fence(text) if form.around else text)
    except NotJson:
        return None
    if form.kind == "labels":
        return value
    return value.get(form.key_of(scale)) if isinstance(value, Mapping) else None


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
