"""The card that `emoalign new model` writes for answers from a batch interface."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice, takewhile
from pathlib import Path

from emoalign.commands.group import Told
from emoalign.commands.new_files import CHECK, quoted
from emoalign.elicitation.engines.api.choices import choices_in, read_choices
from emoalign.elicitation.engines.recorded.batch_lines import (
    FIRST_LINES,
    first_replies,
    has_logprobs,
    is_batch,
)
from emoalign.elicitation.engines.recorded.likely_columns import FEW, likely_json_key
from emoalign.elicitation.readings import parse_number
from emoalign.stimuli.guessed_scales import is_scale

_SEPARATORS = re.compile(r"([-_./:|]+)")


def batch_card(name: str, file: str, given: Path) -> list[str] | None:
    """A card from the first lines of a file of answers; None if the file is something else."""
    if not is_batch(given):
        return None
    replies = list(first_replies(given))
    if not replies:
        raise Told(
            f"{given.name}: the answers of a batch, but none of its first {FIRST_LINES} lines has "
            "an answer. Name the file with the answers."
        )
    texts = [
        answer.text
        for _, reply in replies
        for answer in read_choices("", range(len(choices_in(reply))), False, reply, 0.0)
    ]
    models = {str(reply["model"]) for _, reply in replies if reply.get("model")}
    exact = has_logprobs([given])
    return list(_card(name, file, [custom_id for custom_id, _ in replies], texts, models, exact))


def _card(
    name: str,
    file: str,
    names: Sequence[str],
    texts: Sequence[str],
    models: set[str],
    exact: bool,
) -> Iterator[str]:
    pattern, parts = likely_pattern(names)
    yield f"# Made by `emoalign new model` from {Path(file).name}, the answers of a batch."
    yield f"title: {quoted(name)}"
    yield "engine: recorded"
    yield "source:"
    yield f"  file: {quoted(file)}  # several files, such as those with errors: batch/*.jsonl"
    if len(models) > 1:
        yield "# Each name of a model in the replies becomes a model."
        yield "model: {column: model}"
    yield "batch:"
    yield "  # Parts of a custom_id in braces are columns; :d is a number. The first in the file:"
    yield f"  # {quoted(names[0][:90])}"
    yield f"  custom_id: {quoted(pattern)}  {CHECK}"
    yield "  # If custom_ids do not name the items, the requests do, or a table with a column"
    yield "  # custom_id: columns: {text: word, answer: answer}, and"
    yield "  # requests: {file: resources/recorded/requests.jsonl}"
    yield "  # prompt: 'Word: {word}'     what stands around the word in the requests"
    shown = [f"{part}: {part}" for part in parts]
    yield f"columns: {{{', '.join([*shown, 'answer: answer'])}}}"
    if "scale" not in parts:
        said = next(filter(is_scale, _SEPARATORS.split(pattern)), "valence").casefold()
        yield f"scale: {said}  {CHECK}: the scale of the dataset that was rated"
    key = likely_json_key([text for text in texts if parse_number(text) is None])
    if key is not None:
        yield "# How raw answers are read."
        yield f"answer: {{kind: json, key: {quoted(key)}}}"
    if exact:
        yield "# The file has log-probabilities: a protocol with readouts: [sampled, exact] reads"
        yield "# both the answers and the probabilities of all points."
    yield "# If answers are on another range than the dataset's scale, or reversed:"
    yield "# native: {min: 0, max: 100}"


def likely_pattern(names: Sequence[str]) -> tuple[str, list[str]]:
    """The likely pattern of custom_ids, and which of its parts are columns of a card.

    What all have in common stays; of several parts that differ, one with names of scales is the
    scale, and a last one of few numbers counts participants.
    """
    split = [_SEPARATORS.split(name) for name in names]
    if any("{" in name or "}" in name for name in names):
        return "{item}", ["item"]
    if len({len(pieces) for pieces in split}) > 1:
        return _between_ends(split)
    columns = [list(column) for column in zip(*split, strict=True)]
    differing = [place for place, column in enumerate(columns) if len(set(column)) > 1]
    named: dict[int, str] = {}
    for place in differing:
        if not named and all(map(is_scale, columns[place])):
            named[place] = "{scale}"
    if len(differing) - len(named) > 1 and _counts(columns[differing[-1]], len(set(names))):
        named[differing[-1]] = "{participant:d}"
    items = [place for place in differing if place not in named]
    if not items or any(items[0] < place < items[-1] for place in named):
        return _between_ends(split)
    pieces = [named.get(place, column[0]) for place, column in enumerate(columns)]
    pieces[items[0] : items[-1] + 1] = ["{item}"]
    return "".join(pieces), ["item", *(part[1:-1].removesuffix(":d") for part in named.values())]


def _counts(column: Sequence[str], names: int) -> bool:
    """Tell whether a part that differs counts the answers to each item."""
    distinct = set(column)
    return len(distinct) <= min(FEW, names / 2) and all(map(str.isdecimal, distinct))


def _between_ends(split: Sequence[Sequence[str]]) -> tuple[str, list[str]]:
    """What all names begin and end with, in whole pieces, around the item."""
    least = min(map(len, split)) - 1
    before = _alike(split, least)
    after = _alike([pieces[::-1] for pieces in split], least - len(before))[::-1]
    return f"{''.join(before)}{{item}}{''.join(after)}", ["item"]


def _alike(split: Sequence[Sequence[str]], most: int) -> list[str]:
    """The first pieces that are the same in all names."""
    columns = zip(*split, strict=False)
    same = takewhile(lambda column: len(set(column)) == 1, columns)
    return [column[0] for column in islice(same, most)]
