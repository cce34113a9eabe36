"""The files of `emoalign correct --out`: estimates, data, and an R script that repeats them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.commands.correction.columns import Named
from emoalign.commands.correction.estimates import DSL, MODEL, PEOPLE, PPI, Ends, Estimated
from emoalign.commands.correction.sample import Sample
from emoalign.errors import DataError
from emoalign.tables import inert

ESTIMATES, DATA, SCRIPT = "estimates.csv", "data.csv", "correct.R"


def check_free(folder: Path) -> None:
    """Raises DataError if one of the files is there already: none is ever overwritten."""
    there = [folder / name for name in (ESTIMATES, DATA, SCRIPT) if (folder / name).exists()]
    if there:
        raise DataError(
            f"{there[0]} already exists and was not overwritten. Name another folder, or delete "
            "the file."
        )


def write(folder: Path, found: Sample, named: Named, told: Sequence[Estimated]) -> None:
    """Write the three files into a folder, which is made where it is missing."""
    check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data, calls = _data(found, named)
    _save(folder / ESTIMATES, pd.DataFrame(_rows(told)))
    _save(folder / DATA, data)
    script = files(__package__).joinpath(SCRIPT).read_text(encoding="utf-8")
    (folder / SCRIPT).write_text(script.replace("# CALLS\n", ",\n".join(calls) + "\n"), "utf-8")


def _save(path: Path, rows: pd.DataFrame) -> None:
    inert(rows).to_csv(path, index=False, lineterminator="\n")


def _rows(told: Sequence[Estimated]) -> Iterator[dict[str, object]]:
    for one in told:
        ways: tuple[tuple[str, Ends | None], ...] = (
            (PEOPLE, one.people),
            (PPI, one.ppi),
            (DSL, one.dsl),
            (MODEL, Ends(one.model, np.nan, np.nan, np.nan)),
        )
        for way, ends in ways:
            if ends is None:
                continue
            corrected = way in (PPI, DSL)
            yield {
                "kind": one.kind,
                "term": one.term,
                "method": way,
                "estimate": ends.value,
                "standard_error": ends.error,
                "low": ends.low,
                "high": ends.high,
                "lambda": one.weight if way == PPI else np.nan,
                "narrower": 1 - ends.width / one.people.width if corrected else np.nan,
                "n_people": 0 if way == MODEL else one.n,
                "n_items": one.n if way == PEOPLE else one.items,
            }


def _data(found: Sample, named: Named) -> tuple[pd.DataFrame, list[str]]:
    """The columns used, and the calls in R: columns by number, since names can be anything."""
    columns: list[tuple[str, object]] = [
        ("line", found.lines),
        ("model", found.model),
    ]
    if found.probabilities is not None:
        columns.append(("probability", found.probabilities))
    columns.append(("people", found.human))
    calls = ["means()"]
    if found.groups:
        second = list(found.groups)[1]
        columns.append((f"{named.by} = {second}", found.groups[second].astype(int)))
        calls.append(f"groups({len(columns)})")
    at = {}
    for name, values in found.covariates.items():
        columns.append((name, values))
        at[name] = len(columns)
    if named.covariate is not None:
        calls.append(f"correlation({at[named.covariate]})")
    if named.on:
        calls.append(f"regression(c({', '.join(str(at[name]) for name in named.on)}))")
    data = pd.DataFrame(dict(enumerate(values for _, values in columns)))
    return data.set_axis([_inert(name) for name, _ in columns], axis=1), [
        f"  {call}" for call in calls
    ]


def _inert(name: str) -> str:
    return str(inert(pd.DataFrame({"name": [name]}))["name"][0])
