"""GoEmotions (Demszky et al. 2020): comments and the labels that people chose for them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from emoalign.stimuli.delimited import decoded
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.readers.base import (
    HumanLabels,
    Source,
    SourceItem,
    rater_code,
    tab_separated,
)
from emoalign.stimuli.rows import Row
from emoalign.stimuli.sheets import Layout, places, read_rows
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import FileSource, Name
from emoalign.study.scales import HumanDetail

SCALE = "emotions"
_UNCLEAR = "example_very_unclear"
_RATER = "rater_id"
_TRUTHS = {"true": True, "false": False}
_SPLIT_FIELDS = ("text", "label numbers", "id")
_LAYOUT = Layout("csv", "the format of GoEmotions", TableFormat(quotes="standard"))
"""Some comments hold lines and commas."""
_log = logging.getLogger(__name__)


class GoemotionsSource(Source):
    """GoEmotions with the choices of each rater."""

    provides = ("emotions",)
    reader: Literal["goemotions"] = Field(description="File format.")
    ratings: tuple[FileSource, ...] = Field(
        min_length=1,
        description="All raw files; the rows of a comment are scattered over them.",
    )
    splits: dict[Name, FileSource] = Field(
        default_factory=dict,
        description="Files of the published splits, by name.",
    )

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """Comments with the labels that each rater chose: a row per rater and comment.

        Every column after `example_very_unclear` is a label. A rater who called a comment very
        unclear chose no labels: such rows do not count, and comments that have no others are left
        out, with a line in the log. Who wrote a comment is not read; who rated it is kept as a
        code, where the files have the column `rater_id`.
        """
        texts: dict[str, str] = {}
        choices: dict[str, list[tuple[str, ...]]] = {}
        raters: dict[str, list[str]] = {}
        first: dict[str, str] = {}
        unclear = 0
        for place in range(len(self.ratings)):
            path = paths[f"ratings.{place}"]
            header, rows = read_rows(path, _LAYOUT, mistakes)
            at = places(
                path,
                {name: name for name in ("id", "text", _UNCLEAR)},
                header,
                _LAYOUT.card,
            )
            labels = header[at[_UNCLEAR] + 1 :]
            for row in rows:
                item_id, text = str(row.fields[at["id"]]), str(row.fields[at["text"]])
                if texts.setdefault(item_id, text) != text:
                    mistakes.add(
                        "Comments with two different texts",
                        (
                            f"{row.where}: the text of {item_id} differs from that in "
                            f"{first[item_id]}"
                        ),
                        "Use files of the same edition.",
                    )
                first.setdefault(item_id, row.where)
                chosen = _chosen(row, at[_UNCLEAR] + 1, labels, mistakes)
                if _truth(str(row.fields[at[_UNCLEAR]]), row.where, mistakes):
                    unclear += 1
                elif chosen is not None:
                    choices.setdefault(item_id, []).append(chosen)
                    raters.setdefault(item_id, []).append(_rater(row, header))
        _log.info(
            "%s: %d rows without labels (%s), %d of %d comments have no others and are left out",
            paths["ratings.0"].parent,
            unclear,
            _UNCLEAR,
            len(texts) - len(choices),
            len(texts),
        )
        splits = {
            item_id: name
            for name in self.splits
            for _, _, (_text, _labels, item_id) in tab_separated(
                paths[f"splits.{name}"], _SPLIT_FIELDS, mistakes
            )
        }
        return [
            SourceItem(
                item_id,
                texts[item_id],
                {
                    SCALE: HumanLabels(
                        tuple(sets),
                        raters=None if "" in raters[item_id] else tuple(raters[item_id]),
                    )
                },
                split=splits.get(item_id),
                where=first[item_id],
            )
            for item_id, sets in choices.items()
        ]


class GoemotionsSplitsSource(Source):
    """The published splits of GoEmotions: agreed labels without raters."""

    provides = ("emotions",)
    reader: Literal["goemotions-splits"] = Field(description="File format.")
    splits: dict[Name, FileSource] = Field(
        min_length=1, description="Files by name of the split: text, label numbers, id."
    )
    labels: FileSource = Field(description="emotions.txt: label names, one per line.")

    def detail(self, scale: str, min_raters: int) -> HumanDetail:
        """One set of labels for each comment, on which raters agreed."""
        return "means" if scale in self.provides else "nothing"

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """Comments with the labels that raters agreed on, as if one person had chosen them.

        A line is `text, label numbers, id`, tab-separated; numbers count from 0 in the list of
        labels.
        """
        labels = [line for line in decoded(paths["labels"]).splitlines() if line]
        return [
            SourceItem(
                item_id,
                text,
                {SCALE: HumanLabels((_numbered(numbers, labels, where, mistakes),))},
                split=name,
                where=where,
            )
            for name in self.splits
            for _, where, (text, numbers, item_id) in tab_separated(
                paths[f"splits.{name}"], _SPLIT_FIELDS, mistakes
            )
        ]


def _numbered(
    numbers: str, labels: Sequence[str], where: str, mistakes: Mistakes
) -> tuple[str, ...]:
    places = numbers.split(",")
    if not all(place.isdecimal() and int(place) < len(labels) for place in places):
        mistakes.add(
            "Invalid label numbers",
            f"{where}: expected label numbers from 0 to {len(labels) - 1} separated by commas, "
            f"found {numbers[:60]!r}",
        )
        return ()
    return tuple(labels[int(place)] for place in places)


def _chosen(
    row: Row, start: int, labels: Sequence[str], mistakes: Mistakes
) -> tuple[str, ...] | None:
    choices = row.fields[start : start + len(labels)]
    wrong = next((place for place, choice in enumerate(choices) if choice not in ("0", "1")), None)
    if wrong is not None:
        written = str(choices[wrong])[:40]
        mistakes.add(
            "Choices other than 0 or 1",
            f"{row.where}, column {labels[wrong]}: expected 0 or 1, found {written!r}",
        )
        return None
    return tuple(label for label, choice in zip(labels, choices, strict=True) if choice == "1")


def _rater(row: Row, header: Sequence[str]) -> str:
    """The code of the rater; empty if the file has none."""
    written = str(row.fields[header.index(_RATER)]) if _RATER in header else ""
    return rater_code(written) if written.strip() else ""


def _truth(written: str, where: str, mistakes: Mistakes) -> bool:
    """True or False, as programs write it: True, TRUE, False, FALSE. Anything else is noted."""
    if written.lower() not in _TRUTHS:
        mistakes.add(
            "Neither True nor False",
            f"{where}, column {_UNCLEAR}: expected True or False, found {written[:40]!r}",
        )
    return _TRUTHS.get(written.lower(), False)
