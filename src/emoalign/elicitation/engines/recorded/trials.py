"""Trials of a table, one for each rating: which are wanted, and whose they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoalign.elicitation.engines.recorded.recorded_columns import ANY
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.recorded_table import header_of, rows_of, some
from emoalign.errors import DataError
from emoalign.study.reading import nearest

_HELD = ("rating", "answer")


@dataclass(frozen=True, slots=True)
class Trial:
    """One participant's rating of an item, as it is written; a row of a wide table holds several.

    `fields` are by the keys item or text, participant, status, rating, answer; `columns` are the
    names of their columns by the same keys. `participant` is None where the table does not tell.
    """

    where: str
    fields: Mapping[str, str | None]
    columns: Mapping[str, str]
    participant: str | None


def trials_of(
    path: Path, protocol: str, scale: str, card: RecordedModel
) -> tuple[Sequence[Trial], Iterable[str | None]]:
    """The trials of the scale and the protocol, and the participants of the whole table.

    Raises DataError when there is no such trial.
    """
    chosen_by = {"scale": scale, "protocol": protocol}
    chosen_by = {key: name for key, name in chosen_by.items() if getattr(card.columns, key)}
    held: dict[str, dict[str, None]] = {key: {} for key in chosen_by}
    ours: list[Trial] = []
    participants: set[str | None] = set()
    for trial in _read_trials(path, scale, card):
        participants.add(trial.participant)
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
            f"{path}: no row belongs to the {lacking} {chosen_by[lacking]!r}; column "
            f"{getattr(card.columns, lacking)!r} holds {some(list(held[lacking]))}"
        )
    return ours, participants


def _read_trials(path: Path, scale: str, card: RecordedModel) -> Iterator[Trial]:
    """The trials of a table, in its order; of a wide one those of the scale, row by row.

    Raises DataError when the file is not of its format, or lacks a column.
    """
    single = card.columns.single()
    named = {f"columns.{key}": name for key, name in single.items()}
    wide = _wide_columns(path, scale, card)
    for who, columns in wide.items():
        named |= {f"columns.{key}s.{scale}: {who}": name for key, name in columns.items()}
    for row in rows_of(path, card, named):
        fields = {key: row.fields[f"columns.{key}"] for key in single}
        if not card.columns.wide:
            yield Trial(row.where, fields, single, fields.get("participant"))
        for who, columns in wide.items():
            rated = {key: row.fields[f"columns.{key}s.{scale}: {who}"] for key in columns}
            yield Trial(
                row.where, fields | rated, single | columns, who or fields.get("participant")
            )


def _wide_columns(path: Path, scale: str, card: RecordedModel) -> dict[str, dict[str, str]]:
    """The columns of a scale in a wide table, rating and answer, by whose they are.

    Participants are called by what stands in place of the *, or by their place in a list of
    columns; "" stands for whoever the row is of.
    """
    by_participant: dict[str, dict[str, str]] = {}
    for key in _HELD:
        names = getattr(card.columns, f"{key}s").get(scale, ())
        for who, name in _participants(path, f"columns.{key}s.{scale}", names, card).items():
            by_participant.setdefault(who, {})[key] = name
    return by_participant


def _participants(
    path: Path, key: str, names: Sequence[str], card: RecordedModel
) -> dict[str, str]:
    if len(names) > 1:
        return {str(place): name for place, name in enumerate(names, 1)}
    if not names or ANY not in names[0]:
        return dict.fromkeys([""], names[0]) if names else {}
    header = header_of(path, card)
    before, _, after = names[0].partition(ANY)
    shortest = len(before) + len(after) + 1
    found = {
        name[len(before) : len(name) - len(after)]: name
        for name in header
        if len(name) >= shortest and name.startswith(before) and name.endswith(after)
    }
    if not found:
        raise DataError(
            f"{path}: no column name matches {names[0]!r} ({key} in the model's card); "
            f"{nearest(names[0], header)}"
        )
    return found


def filled(trial: Trial, key: str) -> str:
    """The field of a trial under a key of the card. Raises DataError where it is empty."""
    written = trial.fields[key]
    if not written:
        raise DataError(
            f"{trial.where}, column {trial.columns[key]!r}: expected the {key}, found nothing"
        )
    return written
