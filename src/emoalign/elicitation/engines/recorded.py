"""The recorded engine: ratings somebody already collected become rows like any other model's.

Nothing is asked, so there is no journal: the table itself is the record.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import pandas as pd

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.engines.cards import RecordedModel
from emoalign.elicitation.engines.trials import read_trials
from emoalign.elicitation.rating_job import RatingJob
from emoalign.elicitation.readings.text import Reading, readings
from emoalign.errors import DataError
from emoalign.stimuli.sheets import Record, number
from emoalign.study.files import locate_verified
from emoalign.study.scales import HumanScale, LabelScale

_NAMED = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Rating:
    """What one participant gave for one item: `item` as the table names it, `text` as written."""

    item: str
    item_id: str | None
    participant: int
    reading: Reading
    text: str


def recording(card: RecordedModel) -> Mapping[str, object]:
    """Where the ratings come from and how they are read, for the manifest."""
    _, checksum = locate_verified(card.source)
    kept = card.model_dump(mode="json", exclude={"title": True, "source": {"obtain", "url"}})
    return {**kept, "source": {**kept["source"], "sha256": checksum}}


def recorded_rows(
    job: RatingJob, card: RecordedModel, items: pd.DataFrame, shard: str
) -> pd.DataFrame:
    """The recorded ratings of the items of a shard, as rows of the ratings table.

    `items` are all stimuli of the dataset. Of the ratings of an item, those of the first
    participants are used, as many as the protocol asks for; an item without any has one row, with
    neither participant nor status. Rows are in the order of scales, of `items`, of participants.
    Raises DataError for whatever the table must not hold, wherever in the cell it stands.
    """
    return pd.concat(
        [_scale_rows(job, scale, card, items, shard) for scale in job.scales], ignore_index=True
    )


def _scale_rows(
    job: RatingJob, scale: str, card: RecordedModel, items: pd.DataFrame, shard: str
) -> pd.DataFrame:
    path, checksum = locate_verified(card.source)
    ratings = _ratings(path, job, scale, card, items)
    by_item = _by_item(ratings, path, job, items)
    wanted = list(items.loc[items["shard"] == shard, "item_id"])
    unrated = [item_id for item_id in wanted if item_id not in by_item]
    if unrated:
        _log.warning(
            "%s: items without any rating: %d of %d (%s)",
            path,
            len(unrated),
            len(wanted),
            _some(unrated),
        )
    most = job.protocol.participants
    _tell_left_out(path, [len(by_item[item_id]) for item_id in wanted if item_id in by_item], most)
    identity = {"model": job.model, "sha256": checksum, "dataset": job.dataset, "scale": scale}
    identity |= {"protocol": job.protocol.name}
    rows = []
    for item_id in wanted:
        for given in by_item.get(item_id, [None])[:most]:
            rows.append({"item_id": item_id} | _columns(given, {**identity, "item": item_id}))
    table = pd.DataFrame(rows, columns=["item_id", *_columns(None, {})])
    return table.assign(
        participant=table["participant"].astype("Int32"),
        model=job.model,
        protocol=job.protocol.name,
        dataset=job.dataset,
        scale=scale,
        readout="sampled",
        model_reported=f"recorded: {path.name}",
        persona=None,
        probabilities=None,
        off_scale_mass=None,
        returned_mass=None,
        finish_reason=None,
        prompt_tokens=0,
        completion_tokens=0,
        latency_s=None,
    )


def _columns(given: _Rating | None, identity: Mapping[str, str]) -> dict[str, object]:
    if given is None:
        return dict.fromkeys(("participant", "status", "rating", "labels", "text", "request_id"))
    known = orjson.dumps(
        {**identity, "participant": given.participant}, option=orjson.OPT_SORT_KEYS
    )
    return {
        "participant": given.participant,
        "status": given.reading.status,
        "rating": given.reading.rating,
        "labels": given.reading.labels,
        "text": given.text,
        "request_id": hashlib.sha256(known).hexdigest(),
    }


def _ratings(
    path: Path, job: RatingJob, scale: str, card: RecordedModel, items: pd.DataFrame
) -> list[_Rating]:
    """Every rating of the scale and the job's protocol, of known and unknown items."""
    ours, participants = _of_cell(path, job, scale, card)
    find, read = _finder(items, card), _reader(job, scale, card)
    number_of = _numbers(participants)
    counted: Counter[str] = Counter()
    first: dict[tuple[str, int], str] = {}
    found = []
    for trial in ours:
        item = _filled(trial, card, "item" if card.columns.item else "text")
        if card.columns.participant:
            participant = number_of[_filled(trial, card, "participant")]
        else:
            participant = counted[item]
            counted[item] += 1
        earlier = first.setdefault((item, participant), trial.where)
        if earlier != trial.where:
            raise DataError(
                f"{trial.where}: this participant has rated item {item!r} before, in "
                f"{earlier.rpartition(', ')[2]}; expected one row per item and participant "
                f"(columns {card.columns.item or card.columns.text!r} and "
                f"{card.columns.participant!r})"
            )
        given = read(trial)
        if given is not None:
            found.append(_Rating(item, find(trial, item), participant, *given))
    if len(found) < len(ours):
        _log.info("%s: rows without a rating: %d", path, len(ours) - len(found))
    return found


def _of_cell(
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
    for trial in read_trials(path, card):
        participants.add(trial.cells.get("participant"))
        for key, name in chosen_by.items():
            held[key][str(trial.cells[key])] = None
            if trial.cells[key] != name:
                break
        else:
            ours.append(trial)
    if not ours:
        lacking = next((key for key, name in chosen_by.items() if name not in held[key]), None)
        if lacking is None or not held[lacking]:
            raise DataError(f"{path}: there are no rows below the names of the columns")
        raise DataError(
            f"{path}: no row is of the {lacking} {chosen_by[lacking]!r}; column "
            f"{getattr(card.columns, lacking)!r} holds {_some(list(held[lacking]))}"
        )
    return ours, participants


def _filled(trial: Record, card: RecordedModel, key: str) -> str:
    cell = trial.cells[key]
    if not cell:
        column = getattr(card.columns, key)
        raise DataError(f"{trial.where}, column {column!r}: expected the {key}, found nothing")
    return cell


def _finder(items: pd.DataFrame, card: RecordedModel) -> Callable[[Record, str], str | None]:
    """What tells the id of an item from how the table names it; None if the study has no such."""
    ids: dict[str, list[str]] = defaultdict(list)
    for item_id, text in zip(items["item_id"], items["text"], strict=True):
        ids[item_id if card.columns.item else text].append(item_id)

    def find(trial: Record, item: str) -> str | None:
        known = ids.get(item, [])
        if len(known) > 1:
            raise DataError(
                f"{trial.where}, column {card.columns.text!r}: more than one item has the text "
                f"{item[:60]!r} ({_some(known)}). Put the ids of the items into the table, and "
                "name their column as columns.item in place of columns.text."
            )
        return known[0] if known else None

    return find


def _reader(
    job: RatingJob, scale: str, card: RecordedModel
) -> Callable[[Record], tuple[Reading, str] | None]:
    """What reads the rating of a trial, with its text; None where a trial has none.

    Labels are read from the raw answer alone: there is no number to compare it with.
    """
    bounds = job.scales[scale]
    columns = card.columns
    if isinstance(bounds, LabelScale):
        columns = columns.model_copy(update={"rating": None})

    def read(trial: Record) -> tuple[Reading, str] | None:
        written, answer = (
            None if cell in card.na_values or not column else cell
            for cell, column in (
                (trial.cells.get("rating"), columns.rating),
                (trial.cells.get("answer"), columns.answer),
            )
        )
        rating = None
        if written is not None and isinstance(bounds, HumanScale):
            where = f"{trial.where}, column {columns.rating!r}"
            rating = _point(number(written, where), bounds, where)
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


def _numbers(names: Iterable[str | None]) -> dict[str, int]:
    """Participants of the whole table, numbered from 0: the same person in every cell.

    In the order of their names, numbers within them as numbers: P2 comes before P10. The names
    themselves, which may tell who somebody is, go no further.
    """

    def order(name: str) -> tuple[list[str | int], str]:
        parts = re.split("([0-9]+)", name)
        return [int(part) if at % 2 else part for at, part in enumerate(parts)], name

    known = {name for name in names if name}
    return {name: number for number, name in enumerate(sorted(known, key=order))}


def _by_item(
    ratings: Sequence[_Rating], path: Path, job: RatingJob, items: pd.DataFrame
) -> dict[str, list[_Rating]]:
    """The ratings of each item of the study, by participant. Raises DataError when all are of
    other items."""
    by_item: dict[str, list[_Rating]] = defaultdict(list)
    unknown: dict[str, None] = {}
    for given in sorted(ratings, key=lambda given: given.participant):
        if given.item_id is None:
            unknown[given.item] = None
        else:
            by_item[given.item_id].append(given)
    if ratings and not by_item:
        raise DataError(
            f"{path}: none of its {len(unknown)} items is an item of {job.dataset!r} in this "
            f"study: it has {_some(list(unknown))}; expected such as "
            f"{_some(list(items['item_id']))} or their texts, as columns says"
        )
    if unknown:
        _log.warning(
            "%s: items left out because they are none of this study: %d (%s)",
            path,
            len(unknown),
            _some(list(unknown)),
        )
    return dict(by_item)


def _tell_left_out(path: Path, counts: Sequence[int], most: int) -> None:
    """Say how many ratings are beyond the participants that the protocol asks for."""
    beyond = [count - most for count in counts if count > most]
    if beyond:
        _log.warning(
            "%s: ratings left out: %d; the protocol asks for %d participants per item, and some "
            "items (%d) were rated by more (up to %d)",
            path,
            sum(beyond),
            most,
            len(beyond),
            max(beyond) + most,
        )


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:60]) for name in names[:_NAMED])
    return f"{shown}, …" if len(names) > _NAMED else shown
