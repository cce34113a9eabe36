"""The items of the study: the words of the list, and rated ones to learn from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from emoalign.commands.estimation.norms import Norms
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.rows import composed
from emoalign.stimuli.selection import rank

Origin = Literal["list", "both", "norms"]
"""Where an item comes from: the list, the norms to learn from, or the list with norms of its own.
"""


@dataclass(frozen=True)
class Chosen:
    """An item of the study; `rated` is the item of the norms whose ratings it has."""

    text: str
    origin: Origin
    rated: SourceItem | None = None


@dataclass(frozen=True)
class Items:
    """The items of the study, those of the list first.

    Attributes:
        chosen: the items.
        shown: texts of the list that prompts show, so that nobody can be asked about them.
        recapitalised: texts of the list that the norms write with other capitals.
        twice: texts of the list that stand in the norms more than once, with different ratings.
        pool: the number of rated items from which those to learn from were drawn.
    """

    chosen: tuple[Chosen, ...]
    shown: Sequence[str]
    recapitalised: Sequence[tuple[str, str]]
    twice: Sequence[str]
    pool: int

    def count(self, *origins: Origin) -> int:
        """The number of items from there."""
        return sum(each.origin in origins for each in self.chosen)

    def rated(self, scale: str) -> int:
        """The number of items that people rated on a scale."""
        return sum(each.rated is not None and scale in each.rated.ratings for each in self.chosen)


def choose(
    texts: Sequence[str], norms: Norms, to_learn_from: int, seed: int, examples: Collection[str]
) -> Items:
    """The texts of a list with the ratings that norms have of them, and further rated items.

    A text has the ratings of the same text (in Unicode NFC), or of the only one that differs in
    capitals alone. The others are drawn at random from the items that were rated on all scales;
    the same seed draws the same ones, whatever the list. `examples` are texts that prompts show,
    which are no items.
    """
    shown_by_prompts = {composed(text).casefold() for text in examples}
    usable = [text for text in texts if _folded(text) not in shown_by_prompts]
    same: dict[str, list[SourceItem]] = defaultdict(list)
    alike: dict[str, list[SourceItem]] = defaultdict(list)
    for item in norms.items:
        same[_plain(item.text or "")].append(item)
        alike[_folded(item.text or "")].append(item)
    spelt: dict[str, int] = defaultdict(int)
    for text in usable:
        spelt[_folded(text)] += 1

    chosen: list[Chosen] = []
    recapitalised: list[tuple[str, str]] = []
    twice: list[str] = []
    for text in usable:
        rated = same.get(_plain(text), [])
        if not rated and spelt[_folded(text)] == 1:
            rated = alike.get(_folded(text), [])
            recapitalised += [(text, item.text or "") for item in rated if len(rated) == 1]
        if len(rated) > 1:
            twice.append(text)
        one = rated[0] if len(rated) == 1 else None
        chosen.append(Chosen(text, "list" if one is None else "both", one))

    pool = [
        item
        for item in norms.items
        if norms.scales.keys() <= item.ratings.keys()
        and len(same[_plain(item.text or "")]) == 1
        and _folded(item.text or "") not in spelt
        and _folded(item.text or "") not in shown_by_prompts
    ]
    draw = f"to learn from {norms.name}:"
    pool.sort(key=lambda item: rank(item.item_id, seed, draw))
    drawn = sorted(pool[:to_learn_from], key=lambda item: item.item_id)
    chosen += [Chosen(item.text or "", "norms", item) for item in drawn]
    shown = [text for text in texts if _folded(text) in shown_by_prompts]
    return Items(tuple(chosen), shown, recapitalised, twice, len(pool))


def _plain(text: str) -> str:
    return composed(" ".join(text.split()))


def _folded(text: str) -> str:
    return _plain(text).casefold()
