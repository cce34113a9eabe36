"""What a recitation shows of a table of norms, and which items it asks about."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emoalign.prompts import NormTable, csv_field
from emoalign.study.fields import Entry
from emoalign.study.protocols import Protocol
from emoalign.study.scales import HumanScale

if TYPE_CHECKING:  # tables are read when a job runs, not when a study is
    import pandas as pd


class RecitedTable(Entry):
    """What a rating job needs to know of the table that is to be completed.

    Attributes:
        title, file: the title of the dataset, and the name of its file.
        text, mean: the names of the columns of the texts, and of the means on the job's scale.
        seed: the seed of the study, from which the rows that are shown follow.
    """

    title: str
    file: str | None
    text: str
    mean: str
    seed: int

    def beginning(self, rows: tuple[tuple[str, str], ...]) -> NormTable:
        """The beginning of the table with these rows: texts, and means as they are printed."""
        return NormTable(
            title=self.title,
            file=self.file,
            header=f"{csv_field(self.text)},{csv_field(self.mean)}",
            rows=tuple(f"{csv_field(text)},{mean}" for text, mean in rows),
        )

    def example(self, rows: int) -> NormTable:
        """A table of this kind with so many rows, to try prompts with."""
        return self.beginning((("an item", "5.00"),) * rows)


@dataclass(frozen=True)
class Recitation:
    """The items of a dataset that are asked about, and what is shown of its norms."""

    asked: frozenset[str]
    table: NormTable


def recitation(
    shown: RecitedTable,
    protocol: Protocol,
    stimuli: pd.DataFrame,
    norms: pd.DataFrame,
    name: str,
    scale: HumanScale,
) -> Recitation:
    """The recitation of the norms on the scale called `name`, over all items of a dataset.

    Items with a norm are put into an order that follows from the seed and their ids. The first are
    shown, as many as the protocol has examples; it asks about those after them.
    """
    from emoalign.stimuli.published import published_means

    published = published_means(norms, name, scale)
    texts = dict(zip(stimuli["item_id"].astype(str), stimuli["text"], strict=True))
    order = sorted(
        published.means.keys() & texts.keys(),
        key=lambda item_id: hashlib.sha256(f"{shown.seed} {item_id}".encode()).digest(),
    )
    first, rest = order[: protocol.examples], order[protocol.examples :]
    rows = tuple((str(texts[item_id]), published.printed(item_id)) for item_id in first)
    return Recitation(frozenset(rest[: protocol.items]), shown.beginning(rows))
