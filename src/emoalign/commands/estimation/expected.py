"""The numbers to expect before anything is spent: costs, widths of intervals, known agreement."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from emoalign.analyses.estimates.analysis import EstimatesSettings
from emoalign.commands.estimation.norms import Norms
from emoalign.elicitation.engines.base import ModelCard
from emoalign.errors import EmoalignError
from emoalign.planning.jobs import Jobs
from emoalign.planning.opening import Opening, usual_text
from emoalign.planning.plan import costs_in_words, planned_rows
from emoalign.planning.studies import LoadedStudy
from emoalign.statistics.expected_width import expected_width, half_width
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.preparation import prepared
from emoalign.study.scales import HumanScale
from emoalign.tables import ALIGNMENT, records
from emoalign.wording import ci, coefficient, number

AGREEMENT = (0.5, 0.7, 0.8, 0.9)
"""Correlations of estimates with people's means for which widths are shown."""

COVERAGE: float = EstimatesSettings.model_fields["coverage"].default
"""The share of people's means that intervals should contain."""

JOURNAL = Path("results/journal")


def costs(loaded: LoadedStudy) -> list[str]:
    """The requests, tokens, US dollars and minutes that a study still needs, as `plan` has them;
    of sessions their upper limits, because `plan` rehearses these, which takes minutes."""
    jobs = Jobs(loaded)
    try:
        items: dict[str, pd.DataFrame] = {}
        for name, card in loaded.datasets.items():
            mistakes = Mistakes()
            items[name] = prepared(jobs.prepare(name), card.files(), (), mistakes).stimuli
            mistakes.tell()
        if any(protocol.session is not None for protocol in loaded.study.protocols):
            return _at_most(loaded, items)
        rows = planned_rows(jobs.plan(), loaded.models, items, JOURNAL)
    except EmoalignError as error:
        return [f"Not known yet: {error}"]
    here = {name for name, card in loaded.models.items() if card.destination is None}
    return costs_in_words(rows, loaded.study.max_usd, here)


def _at_most(loaded: LoadedStudy, items: Mapping[str, pd.DataFrame]) -> list[str]:
    """Upper limits, as if all that may be sent with permission had been permitted."""
    study = loaded.study.model_copy(update={"allow_remote": tuple(items)})
    texts = {name: usual_text(rows["text"]) for name, rows in items.items()}
    opening = Opening(
        replace(loaded, study=study),
        Path("results", study.study),
        JOURNAL,
        jobs=(),
        awaited=tuple(items),
        cores=None,
        items={name: len(rows) for name, rows in items.items()},
        texts={name: text for name, text in texts.items() if text},
    )
    lines = [" ".join(line.split()) for line in opening.asking()]
    return lines or ["Nothing: the terms of the ratings forbid it (remote_api: deny)."]


def widths(norms: Norms) -> list[str]:
    """The lines of a table: the width of 90% intervals on each scale by agreement, and how far
    apart two estimates must be."""
    head = ["", "SD", *(f"r = {coefficient(r)}" for r in AGREEMENT)]
    rows = [head]
    for scale, kind in norms.scales.items():
        means = pd.Series(norms.means(scale))
        sd = float(means.std())
        wide = [expected_width(means, (kind.min, kind.max), r, COVERAGE) for r in AGREEMENT]
        apart = [math.sqrt(2) * half_width(sd, r, COVERAGE) for r in AGREEMENT]
        rows.append([_named(scale, kind), number(sd), *map(number, wide)])
        rows.append(["  least difference", "", *map(number, apart)])
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text.ljust(size) if place == 0 else text.rjust(size)
            for place, (text, size) in enumerate(zip(row, sizes, strict=True))
        ).rstrip()
        for row in rows
    ]


def _named(scale: str, kind: HumanScale) -> str:
    return f"{scale} ({kind.min:g} to {kind.max:g})"


def known_agreement(
    norms: Norms, models: Mapping[str, ModelCard], results: Path = Path("results")
) -> Iterator[str]:
    """A sentence for each result of an earlier study of the norms by one of the models, with the
    width that follows from it."""
    for path in sorted(results.glob(f"*/{ALIGNMENT.path}")):
        try:
            rows = ALIGNMENT.read(path)
        except EmoalignError:
            continue  # of another version, whose study says so when it is run again
        rows = rows[
            (rows["dataset"] == norms.name)
            & rows["model"].isin(list(models))
            & rows["scale"].isin(list(norms.scales))
            & rows["pearson_r"].notna()
        ]
        yield from (_agreed(norms, path.parts[-3], row) for row in records(rows))


def _agreed(norms: Norms, study: str, row: Mapping[str, object]) -> str:
    scale = str(row["scale"])
    r, low, high = (float(str(row[f"pearson_{end}"])) for end in ("r", "low", "high"))
    kind = norms.scales[scale]
    wide = expected_width(norms.means(scale), (kind.min, kind.max), max(r, 0.0), COVERAGE)
    ends = ci(low, high, bounded=True)
    return (
        f"{row['model']} ({row['protocol']}, {row['readout']}) on {scale}: "
        f"r = {coefficient(r)}{f', {ends}' if ends else ''} in the study {study}; intervals would "
        f"be {number(wide)} points wide."
    )
