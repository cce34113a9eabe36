"""Recorded ratings as rows like any other model's.

Nothing is asked, so there is no journal: the table itself is the record.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import orjson
import pandas as pd

from emoalign.elicitation.engines.recorded.recorded_exact import ExactReader
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.recorded_ratings import Rating, ratings_of
from emoalign.elicitation.engines.recorded.recorded_table import some
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob, RatingTask
from emoalign.errors import DataError
from emoalign.stage import FILE_ONLY
from emoalign.stimuli.rows import lines_of
from emoalign.study.source_files import locate_all_verified
from emoalign.tables.ratings import COUNTS

_log = logging.getLogger(__name__)


def recorded_rows(task: RatingTask, card: RecordedModel) -> pd.DataFrame:
    """The recorded ratings of the items of a task, as rows of the ratings table.

    Of the ratings of an item, those of the first participants are used, as many as the protocol
    asks for; an item without any has one row, with neither participant nor status. Rows are in the
    order of scales, of readouts, of items, of participants. Raises DataError for whatever the table
    must not hold about any stimulus of the dataset.
    """
    return pd.concat(
        [_scale_rows(task, scale, card) for scale in task.job.scales], ignore_index=True
    )


def _scale_rows(task: RatingTask, scale: str, card: RecordedModel) -> pd.DataFrame:
    job = task.job
    (path, *more), checksum = locate_all_verified(card.source)
    path = Path(card.source.file) if more else path
    what = "rating"
    if job.protocol.recites:
        card, what = card.of_completions(scale), "completion"
    by_item = _by_item(ratings_of(path, job, scale, card, task.stimuli), path, job, task.stimuli)
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
    used = {item_id: by_item.get(item_id, [])[:most] for item_id in wanted}
    identity = {"model": job.model, "sha256": checksum, "dataset": job.dataset, "scale": scale}
    identity |= {"protocol": job.protocol.name}
    rows: list[dict[str, object]] = []
    if "sampled" in job.protocol.readouts:
        rows += _sampled_rows(used, identity)
    if "exact" in job.protocol.readouts:
        rows += _exact_rows(used, identity, path, ExactReader(card, scale, job.scales[scale]))
    table = pd.DataFrame(rows, columns=list(_NOTHING))
    table = table.astype(dict.fromkeys(COUNTS, "Int32"))
    table["model_reported"] = table["model_reported"].fillna(f"recorded: {path.name}")
    return table.assign(
        model=job.model,
        protocol=job.protocol.name,
        dataset=job.dataset,
        scale=scale,
        received=None,
        persona=None,
        form=None,
        latency_s=None,
    )


_NOTHING: dict[str, object] = {
    **dict.fromkeys(("item_id", "readout", "participant", "request_id", "status", "rating")),
    **dict.fromkeys(("session", "position", "rating_shown", "label_order", "stated_total")),
    **dict.fromkeys(("labels", "probabilities", "off_scale_mass", "returned_mass", "text")),
    **dict.fromkeys(("finish_reason", "model_reported", "reply_id", "reasoning_tokens")),
    **dict.fromkeys(("prompt_tokens", "completion_tokens"), 0),
}
"""The columns of an item without a rating."""


def _sampled_rows(
    used: Mapping[str, Sequence[Rating]], identity: Mapping[str, str]
) -> Iterator[dict[str, object]]:
    for item_id, ratings in used.items():
        common = _NOTHING | {"item_id": item_id, "readout": "sampled"}
        if not ratings:
            yield common
        for given in ratings:
            told = {} if given.answer is None else _named(given.answer) | _tokens(given.answer)
            yield (
                common
                | told
                | {
                    "participant": given.participant,
                    "session": given.session,
                    "position": given.position,
                    "request_id": _request_id(identity, item_id, given.participant, given.answer),
                    "status": given.reading.status,
                    "rating": given.reading.rating,
                    "rating_shown": given.reading.rating,
                    "labels": given.reading.labels,
                    "text": given.text,
                }
            )


def _exact_rows(
    used: Mapping[str, Sequence[Rating]],
    identity: Mapping[str, str],
    path: Path,
    reader: ExactReader,
) -> Iterator[dict[str, object]]:
    """A row of each item, from all of its answers that have log-probabilities."""
    without = 0
    for item_id, ratings in used.items():
        answers = [given.answer for given in ratings if given.answer is not None]
        row = _NOTHING | {"item_id": item_id, "readout": "exact"}
        columns = reader.columns(answers)
        if columns is not None:
            request_id = _request_id(identity, item_id, None, answers[0])
            row |= _named(answers[0]) | {"request_id": request_id, "text": answers[0].text}
            row |= columns
        elif answers:
            without += 1
        yield row
    if without:
        _log.warning(
            "%s: items whose answers have no log-probabilities: %d of %d. They have no exact "
            "readout.",
            path,
            without,
            len(used),
        )


def _named(answer: Answer) -> dict[str, object]:
    """What an answer of a batch says of itself, as columns."""
    return {
        "finish_reason": answer.finish_reason,
        "model_reported": answer.model_reported or None,
        "reply_id": answer.reply_id,
    }


def _tokens(answer: Answer) -> dict[str, object]:
    """The tokens of a request, which the first of its answers has."""
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "reasoning_tokens": answer.thinking_tokens,
    }


def _request_id(
    identity: Mapping[str, str], item_id: str, participant: int | None, answer: Answer | None
) -> str:
    """The identity of a rating; of an answer of a batch that of its reply, however it is read."""
    whose: dict[str, object] = {**identity, "item": item_id, "participant": participant}
    if answer is not None and answer.reply_id:
        whose = {"sha256": identity["sha256"], "reply": answer.reply_id}
    return hashlib.sha256(orjson.dumps(whose, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _by_item(
    ratings: Sequence[Rating], path: Path, job: RatingJob, items: pd.DataFrame
) -> dict[str, list[Rating]]:
    """The ratings of each item of the study, by participant. Raises DataError when all are of
    other items."""
    by_item: dict[str, list[Rating]] = defaultdict(list)
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
