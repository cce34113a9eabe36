"""Recorded ratings as rows like any other model's.

Nothing is asked, so there is no journal: the table itself is the record.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
import pandas as pd

from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.recorded_table import some
from emoalign.elicitation.engines.recorded.trial_reading import trial_reader
from emoalign.elicitation.engines.recorded.trials import Trial, filled, trials_of
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.elicitation.readings import Reading
from emoalign.errors import DataError
from emoalign.stage import FILE_ONLY
from emoalign.stimuli.images import image_name
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.public_ids import ItemFinder
from emoalign.stimuli.rows import composed, lines_of, tell_composed
from emoalign.study.source_files import locate_verified

_log = logging.getLogger(__name__)

MISFITS = "Rows that do not match the model's card"


@dataclass(frozen=True, slots=True)
class _Rating:
    """A rating of one participant for one item: `item` as the table names it, `text` as written."""

    item: str
    item_id: str | None
    participant: int
    reading: Reading
    text: str
    where: str


def recorded_rows(task: RatingTask, card: RecordedModel) -> pd.DataFrame:
    """The recorded ratings of the items of a task, as rows of the ratings table.

    Of the ratings of an item, those of the first participants are used, as many as the protocol
    asks for; an item without any has one row, with neither participant nor status. Rows are in the
    order of scales, of items, of participants. Raises DataError for whatever the table must not
    hold about any stimulus of the dataset.
    """
    return pd.concat(
        [_scale_rows(task, scale, card) for scale in task.job.scales], ignore_index=True
    )


def _scale_rows(task: RatingTask, scale: str, card: RecordedModel) -> pd.DataFrame:
    job = task.job
    path, checksum = locate_verified(card.source)
    what = "rating"
    if job.protocol.recites:
        card, what = card.of_completions(scale), "completion"
    ratings = _ratings(path, job, scale, card, task.stimuli)
    by_item = _by_item(ratings, path, job, task.stimuli)
    wanted = list(task.items["item_id"])
    unrated = [item_id for item_id in wanted if item_id not in by_item]
    if unrated:
        _log.warning(
            "%s: items without any %s: %d of %d (%s)",
            path,
            what,
            len(unrated),
            len(wanted),
            some(unrated),
        )
    most = job.protocol.participants
    if most is not None:
        _tell_left_out(path, [len(by_item.get(item_id, [])) for item_id in wanted], most)
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
        received=None,
        reply_id=None,
        persona=None,
        probabilities=None,
        off_scale_mass=None,
        returned_mass=None,
        finish_reason=None,
        prompt_tokens=0,
        completion_tokens=0,
        reasoning_tokens=None,
        latency_s=None,
    )


def _columns(given: _Rating | None, identity: Mapping[str, str]) -> dict[str, object]:
    if given is None:
        return dict.fromkeys(("participant", "status", "rating", "labels", "text", "request_id"))
    identifying = orjson.dumps(
        {**identity, "participant": given.participant}, option=orjson.OPT_SORT_KEYS
    )
    return {
        "participant": given.participant,
        "status": given.reading.status,
        "rating": given.reading.rating,
        "labels": given.reading.labels,
        "text": given.text,
        "request_id": hashlib.sha256(identifying).hexdigest(),
    }


def _ratings(
    path: Path, job: RatingJob, scale: str, card: RecordedModel, items: pd.DataFrame
) -> list[_Rating]:
    """Every rating of the scale and the job's protocol, of known and unknown items."""
    ours, participants = trials_of(path, job.protocol.name, scale, card)
    ids = _ids(job.dataset, items, card)
    find, named = _finder(ids, card), image_name if card.columns.image else str
    number_of = _numbers(participants)
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
                participant = number_of[trial.participant]
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
                ratings.append(_Rating(item, item_id, participant, *given, where=trial.where))
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


def _numbers(names: Iterable[str | None]) -> dict[str, int]:
    """Participants of the whole table, numbered from 0: the same person in every cell.

    In the order of their names, numbers within them as numbers: P2 comes before P10. The names
    themselves, which may tell who somebody is, go no further.
    """

    def order(name: str) -> tuple[list[str | int], str]:
        parts = re.split("([0-9]+)", name)
        return [int(part) if at % 2 else part for at, part in enumerate(parts)], name

    distinct = {name for name in names if name}
    return {name: number for number, name in enumerate(sorted(distinct, key=order))}


def _by_item(
    ratings: Sequence[_Rating], path: Path, job: RatingJob, items: pd.DataFrame
) -> dict[str, list[_Rating]]:
    """The ratings of each item of the study, by participant. Raises DataError when all are of
    other items."""
    by_item: dict[str, list[_Rating]] = defaultdict(list)
    unknown: dict[str, str] = {}
    for given in sorted(ratings, key=lambda given: given.participant):
        if given.item_id is None:
            unknown.setdefault(given.item, given.where)
        else:
            by_item[given.item_id].append(given)
    if ratings and not by_item:
        raise DataError(
            f"{path}: none of its {len(unknown)} items is an item of {job.dataset!r} in this "
            f"study: found {some(list(unknown))}; expected ids such as "
            f"{some(list(items['item_id']))}, or texts or images if columns names them"
        )
    if unknown:
        # Of a table for several datasets, each has the items of the others.
        _log.info(
            "%s: items left out because %s does not have them in this study: %d (%s)",
            path,
            job.dataset,
            len(unknown),
            lines_of(list(unknown.values())),
            extra=FILE_ONLY,
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
