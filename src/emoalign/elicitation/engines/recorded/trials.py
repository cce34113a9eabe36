"""Trials of a table, one for each rating: which are wanted, and whose they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from emoalign.elicitation.engines.recorded.recorded_columns import ANY, ITEM_KEYS
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.elicitation.engines.recorded.recorded_table import header_of, rows_of, some
from emoalign.elicitation.journal import Answer
from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.rows import composed
from emoalign.study.reading import nearest

_HELD = ("rating", "answer")
_TOLD_APART = ("item", "image", "participant", "session", "position", "scale", "protocol")
_STATISTICS = re.compile("mean|avg|average|median|sd|std|stdev|sem?|var|variance|min|max|sum|count")
_DIGIT = re.compile("[0-9]")


@dataclass(frozen=True, slots=True)
class Trial:
    """One participant's rating of an item, as it is written; a row of a wide table holds several.

    `fields` are by the keys item or text, participant, status, rating, answer; `columns` are the
    names of their columns by the same keys. `participant` is None where the table does not tell.
    `answer` is that of a batch.
    """

    where: str
    fields: Mapping[str, str | None]
    columns: Mapping[str, str]
    participant: str | None
    answer: Answer | None = None

    @property
    def sitting(self) -> tuple[str, ...] | None:
        """Whose session it was in and which, as far as the table tells; None where it does not."""
        if not {"session", "position"} & self.columns.keys():
            return None
        return tuple(name for name in (self.participant, self.fields.get("session")) if name)


@dataclass(frozen=True)
class Known:
    """The participants of a whole table, and their sessions, by name."""

    participants: set[str | None]
    sittings: set[tuple[str, ...]]


def trials_of(
    path: Path, protocol: str, scale: str, card: RecordedModel, exact: bool = False
) -> tuple[Sequence[Trial], Known]:
    """The trials of the scale and the protocol, and who is in the whole table.

    `exact` says whether the log-probabilities of a batch are read. Raises DataError when there is
    no such trial, or when rows do not say, or hardly, which they are of: they would be lost.
    """
    chosen_by = {"scale": scale, "protocol": protocol}
    chosen_by = {key: name for key, name in chosen_by.items() if getattr(card.columns, key)}
    held: dict[str, dict[str, None]] = {key: {} for key in chosen_by}
    ours: list[Trial] = []
    header = header_of(path, card) if card.columns.starred else ()
    known = Known(_named_by_columns(path, card, header), set())
    unnamed, alike = Mistakes(), Mistakes()
    for trial in _read_trials(path, scale, card, header, exact):
        known.participants.add(trial.participant)
        if trial.sitting:
            known.sittings.add(trial.sitting)
        for key, name in chosen_by.items():
            with unnamed.noted(f"Rows without {key}"):
                written = filled(trial, key)
                held[key][written] = None
                if written == name:
                    continue
                if written.casefold() == name.casefold():
                    alike.add(
                        f"Rows whose {key} is spelled differently",
                        f"{trial.where}, column {trial.columns[key]!r}: found {written!r}, "
                        f"expected {name!r}, including capitals",
                        "Correct the fields; otherwise these rows would be left out.",
                    )
            break
        else:
            ours.append(trial)
    unnamed.tell()
    if ours:
        alike.tell()
    else:
        lacking = next((key for key, name in chosen_by.items() if name not in held[key]), None)
        if lacking is None or not held[lacking]:
            raise DataError(f"{path}: there are no rows below the names of the columns")
        raise DataError(
            f"{path}: no row belongs to the {lacking} {chosen_by[lacking]!r}; column "
            f"{getattr(card.columns, lacking)!r} holds {some(list(held[lacking]))}"
        )
    return ours, known


def _named_by_columns(path: Path, card: RecordedModel, header: Sequence[str]) -> set[str | None]:
    """The participants that have columns in a wide table, whichever scale they rated."""
    named: set[str | None] = set()
    for scale in card.columns.scales():
        with suppress(DataError):  # told where the scale is asked about
            named.update(_wide_columns(path, scale, card, header))
    return named - {""}


def _read_trials(
    path: Path, scale: str, card: RecordedModel, header: Sequence[str], exact: bool
) -> Iterator[Trial]:
    """The trials of a table, in its order; of a wide one those of the scale, row by row.

    Raises DataError when the file is not of its format, or lacks a column.
    """
    single = card.columns.single()
    named = {f"columns.{key}": name for key, name in single.items()}
    wide = _wide_columns(path, scale, card, header)
    for who, columns in wide.items():
        named |= {f"columns.{key}s.{scale}: {who}": name for key, name in columns.items()}
    for row in rows_of(path, card, named, exact):
        answer = getattr(row, "answer", None)
        fields = {key: _plain(key, row.fields[f"columns.{key}"]) for key in single}
        if not card.columns.wide:
            yield Trial(row.where, fields, single, fields.get("participant"), answer)
        for who, columns in wide.items():
            rated = {key: row.fields[f"columns.{key}s.{scale}: {who}"] for key in columns}
            whose = who or fields.get("participant")
            yield Trial(row.where, fields | rated, single | columns, whose, answer)


def _plain(key: str, field: str | None) -> str | None:
    """A field without blanks around it, where it is a name and neither text nor answer."""
    if field is None or key not in _TOLD_APART:
        return field
    return field.strip() if key in ITEM_KEYS else composed(field.strip())


def _wide_columns(
    path: Path, scale: str, card: RecordedModel, header: Sequence[str]
) -> dict[str, dict[str, str]]:
    """The columns of a scale in a wide table, rating and answer, by whose they are.

    Participants are called by what stands in place of the *, or by their place in a list of
    columns; "" stands for whoever the row is of.
    """
    by_participant: dict[str, dict[str, str]] = {}
    for key in _HELD:
        wide = getattr(card.columns, f"{key}s")
        names = wide.get(scale, ())
        others = [name for each in wide.values() for name in each if ANY in name]
        where = f"columns.{key}s.{scale}"
        taken = _named_elsewhere(card)
        free = [name for name in header if name not in taken]
        for who, name in _participants(path, where, names, others, free).items():
            by_participant.setdefault(who, {})[key] = name
    return by_participant


def _named_elsewhere(card: RecordedModel) -> set[str]:
    """The columns that the card names in full, which are no participant's by a name with *."""
    model = [] if card.model is None else [card.model.column]
    wide = [*card.columns.ratings.values(), *card.columns.answers.values()]
    listed = [name for names in wide for name in names]
    named = [*card.columns.single().values(), *card.columns.completions.values()]
    return {*named, *card.only, *model, *listed}


def _participants(
    path: Path, key: str, names: Sequence[str], patterns: Sequence[str], header: Sequence[str]
) -> dict[str, str]:
    """The columns of participants. One that fits several of the `patterns` belongs to the longest:
    v_self_1 to v_self_*, not to v_*."""
    if len(names) > 1:
        return {str(place): name for place, name in enumerate(names, 1)}
    if not names or ANY not in names[0]:
        return dict.fromkeys([""], names[0]) if names else {}
    found = {
        who: name
        for name in header
        if (who := _instead(names[0], name))
        and not any(_instead(longer, name) for longer in patterns if len(longer) > len(names[0]))
    }
    summary = next((who for who in found if _is_summary(who, found)), None)
    if summary is not None:
        raise DataError(
            f"{path}: column {found[summary]!r} matches {names[0]!r} ({key} in the model's card), "
            "but seems to summarise other columns. Remove it from the table or rename it; or, if "
            f"it contains the ratings of one participant, list all columns: {key}: "
            f"[{', '.join(list(found.values())[:2])}, ...]"
        )
    if not found:
        raise DataError(
            f"{path}: no column name matches {names[0]!r} ({key} in the model's card); "
            f"{nearest(names[0], header)}"
        )
    return found


def _instead(pattern: str, name: str) -> str:
    """The part of a column name in place of the *; "" if the name does not match."""
    before, _, after = pattern.partition(ANY)
    fits = name.startswith(before) and name.endswith(after)
    return name[len(before) : len(name) - len(after)] if fits else ""


def _is_summary(who: str, others: Collection[str]) -> bool:
    """Tell whether what stands in place of the * is the name of a statistic, not of a person."""
    word = who.strip("._- ").casefold()
    if word in ("m", "n"):  # initials, unless the others have numbers
        return len(others) > 1 and all(_DIGIT.search(other) for other in others if other != who)
    return _STATISTICS.fullmatch(word) is not None


def filled(trial: Trial, key: str) -> str:
    """The field of a trial under a key of the card. Raises DataError where it is empty."""
    written = trial.fields[key]
    if not written:
        raise DataError(
            f"{trial.where}, column {trial.columns[key]!r}: expected the {key}, found nothing. "
            "Fill in the field, or remove the row from the table."
        )
    return written
