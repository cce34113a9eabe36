"""Recorded ratings, read: whose each is, of which item, and what it says."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.recorded_table import some
from emoalign.elicitation.engines.recorded.trial_reading import trial_reader
from emoalign.elicitation.engines.recorded.trials import Trial, filled, trials_of
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob
from emoalign.elicitation.readings import Reading
from emoalign.errors import DataError
from emoalign.stimuli.images import image_name
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.public_ids import ItemFinder
from emoalign.stimuli.rows import composed, tell_composed

_log = logging.getLogger(__name__)

MISFITS = "Rows that do not match the model's card"


@dataclass(frozen=True, slots=True)
class Rating:
    """A rating of one participant for one item: `item` as the table names it, `text` as written.

    `answer` is that of a batch; `session` counts from 0, and `position` in it from 1, where the
    table tells.
    """

    item: str
    item_id: str | None
    participant: int
    reading: Reading
    text: str
    where: str
    answer: Answer | None = None
    session: int | None = None
    position: int | None = None


def ratings_of(
    path: Path, job: RatingJob, scale: str, card: RecordedModel, items: pd.DataFrame
) -> list[Rating]:
    """Every rating of the scale and the job's protocol, of known and unknown items."""
    exact = "exact" in job.protocol.readouts
    ours, known = trials_of(path, job.protocol.name, scale, card, exact)
    ids = _ids(job.dataset, items, card)
    find, named = _finder(ids, card), image_name if card.columns.image else str
    number_of = _numbers((name,) for name in known.participants if name)
    session_of = _numbers(known.sittings)
    taken: dict[tuple[int, int], str] = {}
    counted: Counter[str] = Counter()
    first: dict[tuple[str, int], str] = {}
    ratings, declared, mistakes = [], 0, Mistakes()
    read = trial_reader(job, scale, card, mistakes)
    for trial in ours:
        with mistakes.noted(MISFITS):
            item = filled(trial, card.columns.item_key)
            if card.columns.participant:
                filled(trial, "participant")
            if trial.participant is not None:
                participant = number_of[(trial.participant,)]
            else:
                participant = counted[composed(named(item))]
                counted[composed(named(item))] += 1
            earlier = first.setdefault((composed(named(item)), participant), trial.where)
            if earlier != trial.where:
                raise DataError(
                    f"{trial.where}: this participant already rated item {item!r} in "
                    f"{earlier.rpartition(', ')[2]}; expected one row per item and participant "
                    f"({_told_apart(card)}). If the rows belong to different models, conditions "
                    "or scales, name the column that distinguishes them in the model's card, as "
                    "model, only, columns.protocol or columns.scale."
                )
            given = read(trial)
            if given is not None:
                item_id = find(trial, item)
                session = session_of[trial.sitting] if trial.sitting else None
                position = _position(trial, session, taken)
                ratings.append(
                    Rating(
                        item,
                        item_id,
                        participant,
                        *given,
                        trial.where,
                        trial.answer,
                        session,
                        position,
                    )
                )
                declared += trial.fields.get("answer") == given[1]
    mistakes.tell()
    tell_composed(path, len(ids.otherwise))
    if len(ratings) < len(ours):
        _log.info("%s: rows without a rating: %d", path, len(ours) - len(ratings))
    if card.answer is not None:
        _log.info(
            "%s: %d answers were read by the rule declared in the card: %s",
            path,
            declared,
            card.answer.in_words(),
        )
    return ratings


def _told_apart(card: RecordedModel) -> str:
    """The columns that identify a rating, for messages."""
    names = [getattr(card.columns, card.columns.item_key), card.columns.participant]
    shown = [repr(name) for name in names if name]
    return f"column{'s' if len(shown) > 1 else ''} {' and '.join(shown)}"


def _ids(dataset: str, items: pd.DataFrame, card: RecordedModel) -> ItemFinder:
    """The ids of items by what the table names them by."""
    key = card.columns.item_key
    if key == "item":
        return ItemFinder(dataset, items["item_id"], None)
    named = items.dropna(subset=["text" if key == "text" else "image_path"])
    names = named["image_path"].map(image_name) if key == "image" else named["text"]
    return ItemFinder(dataset, named["item_id"], names)


def _finder(ids: ItemFinder, card: RecordedModel) -> Callable[[Trial, str], str | None]:
    """A function from the table's name of an item to its id; None if the study has no such."""
    key = card.columns.item_key

    def find(trial: Trial, item: str) -> str | None:
        item_ids = ids(image_name(item) if key == "image" else item)
        if len(item_ids) > 1:
            raise DataError(
                f"{trial.where}, column {trial.columns[key]!r}: more than one item has the {key} "
                f"{item[:60]!r} ({some(item_ids)}). Add the ids of the items to the table, and "
                f"name their column as columns.item instead of columns.{key}."
            )
        return item_ids[0] if item_ids else None

    return find


def _position(trial: Trial, session: int | None, taken: dict[tuple[int, int], str]) -> int | None:
    """The place of a trial in its session; `taken` are those of earlier trials, and where they are.

    Raises DataError where it is no number from 1, or the place of another item.
    """
    if "position" not in trial.columns:
        return None
    written = filled(trial, "position")
    where = f"{trial.where}, column {trial.columns['position']!r}"
    if not re.fullmatch(r"[1-9][0-9]{0,8}(\.0+)?", written):
        raise DataError(
            f"{where}: expected the place of the item in its session, a whole number from 1, found "
            f"{written[:60]!r}"
        )
    position = int(written.partition(".")[0])
    if session is not None:
        earlier = taken.setdefault((session, position), trial.where)
        if earlier != trial.where:
            raise DataError(
                f"{where}: another item of this session has the place {position}, in "
                f"{earlier.rpartition(', ')[2]}. If participants had several sessions, name their "
                "column as columns.session."
            )
    return position


def _numbers(names: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    """Participants, or their sessions, of the whole table, numbered from 0: the same person in
    every cell.

    In the order of their names, numbers within them as numbers: P2 comes before P10. The names
    themselves, which may tell who somebody is, go no further.
    """

    def order(name: tuple[str, ...]) -> list[tuple[list[str | int], str]]:
        return [_natural(part) for part in name]

    return {name: number for number, name in enumerate(sorted(set(names), key=order))}


def _natural(name: str) -> tuple[list[str | int], str]:
    parts = re.split("([0-9]+)", name)
    return [int(part) if at % 2 else part for at, part in enumerate(parts)], name
