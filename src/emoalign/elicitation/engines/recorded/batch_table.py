"""Answers of a batch as rows of a table, whose columns are named in the model's card."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoalign.elicitation.engines.api import received
from emoalign.elicitation.engines.recorded.batch_card import (
    INDEX,
    OWN,
    ROW,
    Pattern,
    RecordedBatch,
)
from emoalign.elicitation.engines.recorded.batch_lines import written_lines
from emoalign.elicitation.engines.recorded.batch_reader import BatchReader, Line
from emoalign.elicitation.journal import Answer
from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.rows import Record, composed, lines_of
from emoalign.stimuli.sheets import layout_of, places, read_rows
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.source_files import locate_all

CARD = "the model's card"
_UNKNOWN = "custom_ids that are not among the requests"
_log = logging.getLogger(__name__)

Tests = Mapping[str, Callable[[str], bool]]


@dataclass(frozen=True, slots=True)
class Answered(Record):
    """The fields of a row that is an answer of a batch, and the answer itself."""

    answer: Answer


@dataclass(frozen=True)
class _Further:
    """Further columns of requests, by the columns that tell which request each row is of.

    Without such columns, rows are by their number, which the part `number` of a custom_id gives.
    """

    header: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    rows: Mapping[tuple[str, ...], Mapping[str, str]] | None = None
    number: str = ""

    def of(self, known: Mapping[str, str]) -> Mapping[str, str] | None:
        """The further columns of a request; None where it is not among them."""
        if self.rows is None:
            return {}
        if not self.number:
            return self.rows.get(tuple(composed(known[name]) for name in self.by))
        written = known[self.number]
        if not written.isdecimal():
            return None
        return self.rows.get((str(int(written) + (self.number == INDEX)),))


def batch_records(
    batch: RecordedBatch,
    paths: Sequence[Path],
    named: Mapping[str, str],
    wanted: Tests,
    exact: bool = False,
) -> Iterator[Answered]:
    """The answers in files of a batch, with the columns that are named, by the keys that name them.

    `wanted` has tests of fields by such keys; answers that fail one are passed over. Answers whose
    custom_id is not made as the card says are left out and counted in the log. `exact` says whether
    log-probabilities are read. Raises DataError for files and columns that are not as the card says
    and for requests that are not known.
    """
    further = _further(batch)
    prompts = batch.in_prompts.parts if batch.in_prompts else ()
    header = dict.fromkeys((*OWN[:3], *batch.pattern.parts, *prompts, *further.header))
    places(paths[0], named, list(header), CARD)
    lines = BatchReader(exact).read(paths)
    mistakes = Mistakes()
    others: list[Line] = []
    nameless: list[Line] = []
    names = {line.model for line in lines} - {""}
    for line in lines:
        model = line.model or (next(iter(names)) if len(names) == 1 else "")
        fields = {"custom_id": line.custom_id, "answer": line.answer.text, "model": model}
        with mistakes.noted("custom_ids that can be divided in several ways"):
            parts = _divided(line.where, "custom_id", line.custom_id, batch.pattern.divided)
            if parts is None:
                others.append(line)
                continue
            more = _known(line, {**parts, **fields}, further, batch.in_prompts, mistakes)
            if more is None:
                continue
            if not model and "model" in named.values():
                nameless.append(line)
            row = {**more, **parts, **fields}
            if all(test((row[named[key]] or "").strip()) for key, test in wanted.items()):
                held = {key: row[name] for key, name in named.items()}
                if line.choice and held.get("columns.participant"):
                    held["columns.participant"] += f" ({line.choice + 1})"
                yield Answered(line.where, held, line.answer)
    mistakes.tell()
    if len(others) == len(lines):
        raise DataError(
            f"{others[0].where}: the custom_id {others[0].custom_id[:60]!r} is not made like "
            f"{batch.custom_id!r} (batch.custom_id in {CARD}), and neither is any other"
        )
    wrong = f"their custom_id is not made like {batch.custom_id!r}"
    for left_out, why in ((others, wrong), (nameless, "they do not say which model was asked")):
        if left_out:
            _log.warning(
                "%s: answers left out because %s: %d (%s)",
                paths[0] if len(paths) == 1 else paths[0].parent,
                why,
                len(left_out),
                lines_of([line.where for line in left_out]),
            )


def _divided(
    where: str, what: str, text: str, divided: Callable[[str], dict[str, str] | None]
) -> dict[str, str] | None:
    try:
        return divided(text)
    except ValueError as error:
        raise DataError(f"{where}: the {what} {text[:60]!r} {error}") from error


def _known(
    line: Line,
    fields: Mapping[str, str],
    further: _Further,
    in_prompts: Pattern | None,
    mistakes: Mistakes,
) -> Mapping[str, str] | None:
    """What the requests tell of an answer; None where they do not know of it, which is noted."""
    more = further.of(fields)
    if more is None:
        mistakes.add(
            _UNKNOWN,
            f"{line.where}: nothing is known of the custom_id {line.custom_id[:60]!r}",
            f"Name the file with all requests as batch.requests in {CARD}.",
        )
        return None
    if in_prompts is None:
        return more
    parts = _divided(line.where, "prompt of", more["prompt"], in_prompts.found_in)
    if parts is None:
        raise DataError(
            f"{line.where}: the prompt of {line.custom_id[:60]!r} has no line with what "
            f"batch.prompt in {CARD} says: {more['prompt'][:200]!r}"
        )
    return {**parts, **more}


def _further(batch: RecordedBatch) -> _Further:
    if batch.requests is None:
        return _Further()
    paths = locate_all(batch.requests)
    if _are_requests(paths[0]):
        return _requests(paths)
    path = paths[0]
    layout = layout_of(TableFormat(), batch.requests, CARD)
    header, rows = read_rows(path, layout)
    parts = batch.pattern.parts
    by = tuple(name for name in ("custom_id", *parts) if name in header)
    by = by[:1] if by[:1] == ("custom_id",) else by
    number = "" if by else next((name for name in (ROW, INDEX) if name in parts), None)
    if number is None:
        raise DataError(
            f"{path}: has neither a column custom_id nor one of {', '.join(parts)} "
            f"(batch.custom_id in {CARD}). If custom_ids count the rows of this table, call their "
            "number {row} where the first is 1, or {index} where it is 0"
        )
    mistakes = Mistakes()
    held: dict[tuple[str, ...], Mapping[str, str]] = {}
    for place, row in enumerate(rows, 1):
        fields = {
            name: (row.text(at, name, mistakes) or "").strip() for at, name in enumerate(header)
        }
        key = tuple(composed(fields[name]) for name in by) if by else (str(place),)
        if key in held:
            raise DataError(f"{row.where}: a second row for {', '.join(key)}; each may have one")
        held[key] = fields
    mistakes.tell()
    return _Further(tuple(name for name in header if name), by, held, number)


def _are_requests(path: Path) -> bool:
    """Tell whether a file has requests of a batch, line by line."""
    _, line = next(written_lines(path), ("", b""))
    if not line.startswith(b"{"):
        return False
    try:
        return _request(received.parsed(line)) is not None
    except ValueError:
        return False


def _requests(paths: Sequence[Path]) -> _Further:
    held: dict[tuple[str, ...], Mapping[str, str]] = {}
    for path in paths:
        for where, line in written_lines(path):
            try:
                request = _request(received.parsed(line))
            except ValueError as error:
                raise DataError(f"{where}: not valid JSON ({error})") from error
            if request is None:
                raise DataError(f"{where}: expected a request with its custom_id")
            name, body = request
            fields = {"prompt": _prompt(body)}
            if held.setdefault((composed(name),), fields) != fields:
                raise DataError(f"{where}: another request has the custom_id {name[:60]!r} too")
    return _Further(("prompt",), ("custom_id",), held)


def _request(fields: Any) -> tuple[str, Mapping[str, Any]] | None:
    """The name of a request, and its body."""
    if not isinstance(fields, Mapping):
        return None
    name = fields.get("custom_id", fields.get("key"))
    body = next((fields[key] for key in ("body", "params", "request") if key in fields), None)
    return (name, body) if isinstance(name, str) and isinstance(body, Mapping) else None


def _prompt(body: Mapping[str, Any]) -> str:
    """The text of the last message of the user."""
    messages = next(
        (body[key] for key in ("messages", "input", "contents", "prompt") if key in body), ""
    )
    if not isinstance(messages, list):
        return _text(messages)
    users = [
        each for each in messages if not isinstance(each, Mapping) or each.get("role") != "system"
    ]
    return _text(users[-1]) if users else ""


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_text, content)))
    if isinstance(content, Mapping):
        inside = (content[key] for key in ("content", "parts", "text") if key in content)
        return _text(next(inside, ""))
    return ""
