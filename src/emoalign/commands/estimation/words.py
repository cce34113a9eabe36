"""The sentences of `emoalign estimate`: on the list, and on what estimates are good for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from emoalign.commands.estimation.items import Items
from emoalign.commands.estimation.norms import Norms
from emoalign.commands.estimation.wordlist import WordList
from emoalign.statistics.estimation.known import FEWEST_PER_CELL, FEWEST_RATED
from emoalign.wording import counted, listed

SHOWN, LETTERS = 3, 40
"""The number of texts in a message, and of their letters."""


def on_the_list(file: Path, words: WordList, items: Items, norms: Norms) -> Iterator[str]:
    """Sentences on the list: how many texts, which were left out, which have ratings already."""
    thing = norms.card.modality
    where = "" if words.column is None else f" in the column {words.column!r}"
    yield f"{file}: {counted(len(words.texts), thing)}{where}."
    left_out = [
        f"{len(texts):,} {reason} ({_some(texts)})" for reason, texts in words.left_out.items()
    ]
    if items.shown:
        left_out.append(
            f"{len(items.shown):,} that prompts show as examples ({_some(items.shown)})"
        )
    if left_out:
        yield f"Left out: {listed(left_out)}."
    if words.in_two_spellings:
        pairs = words.in_two_spellings
        yield (
            f"{counted(len(pairs), f'{thing}')} differ{'s' * (len(pairs) == 1)} from another in "
            f"capitals alone and {'is' if len(pairs) == 1 else 'are'} kept ({_pairs(pairs)})."
        )
    both, own = items.count("both"), items.count("list")
    yield (
        f"People rated {f'{both:,}' if both else 'none'} of them for {norms.name}; {own:,} "
        f"{'is' if own == 1 else 'are'} to be estimated. To learn from, "
        f"{counted(items.count('norms'), thing)} of {items.pool:,} other rated ones "
        f"{'was' if items.count('norms') == 1 else 'were'} drawn at random."
    )
    if items.recapitalised:
        yield (
            f"{norms.name} writes {len(items.recapitalised):,} of them with other capitals; they "
            f"have its ratings ({_pairs(items.recapitalised)})."
        )
    if items.twice:
        yield (
            f"{norms.name} has {len(items.twice):,} of them more than once, with different "
            f"ratings, so they are estimated ({_some(items.twice)})."
        )


def cautions(items: Items, norms: Norms, cells: int, alone: bool) -> Iterator[str]:
    """What the reader of the numbers must know.

    `cells` is the number of models, each with its protocols and readouts, and `alone` says that the
    included model has no others beside it.
    """
    things = f"{norms.card.modality}s"
    yield (
        f"Coverage is measured on rated {things}, and holds for {things} like them. Yours may "
        "differ: estimates come with flags and with a check of the domain (domain_auc)."
    )
    if alone:
        yield (
            "The included model is there to try things out. For estimates to be used, name larger "
            "models, best of several makers: --model (emoalign list models)."
        )
    fewest = max(FEWEST_RATED, FEWEST_PER_CELL * cells)
    rated = {scale: items.rated(scale) for scale in norms.scales}
    few = [f"{scale} ({n:,})" for scale, n in rated.items() if n < fewest]
    if few:
        yield (
            f"Too few rated {things} to learn from: {', '.join(few)}. Estimates need at least "
            f"{fewest:,}: without them, the table has a reason instead. Raise --rated."
        )
    if not norms.card.redistribute:
        yield (
            f"The ratings of {norms.name} may not be passed on ({norms.card.licence}), and the new "
            "card says so: reports show no items, and publications contain no estimates."
        )


def _some(texts: Sequence[str]) -> str:
    shown = [_short(text) for text in dict.fromkeys(texts)]
    return ", ".join([*shown[:SHOWN], *["…"] * (len(shown) > SHOWN)])


def _pairs(pairs: Sequence[tuple[str, str]]) -> str:
    return _some([f"{_short(first)}, {_short(second)}" for first, second in pairs])


def _short(text: str) -> str:
    """A text of the list for the terminal, on which nothing of it is carried out."""
    plain = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text)
    return plain if len(plain) <= LETTERS else f"{plain[:LETTERS]}…"
