"""The files of `emoalign correct --out`: numbers, data, and an R script that repeats them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.commands.correction.estimates import DSL, MODEL, PEOPLE, PPI, Ends, Estimated
from emoalign.commands.correction.named import Named
from emoalign.commands.correction.norm_as_predictor import InPlace
from emoalign.commands.correction.sample import Sample
from emoalign.errors import DataError
from emoalign.statistics.pairs import FloatArray
from emoalign.tables import inert

ESTIMATES, DATA, SCRIPT, SUBSTITUTION = "estimates.csv", "data.csv", "correct.R", "substitution.csv"


def check_free(folder: Path) -> None:
    """Raises DataError if one of the files is there already: none is ever overwritten."""
    names = (ESTIMATES, DATA, SCRIPT, SUBSTITUTION)
    there = [folder / name for name in names if (folder / name).exists()]
    if there:
        raise DataError(
            f"{there[0]} already exists and was not overwritten. Name another folder, or delete "
            "the file."
        )


def write(
    folder: Path,
    found: Sample,
    named: Named,
    told: Sequence[Estimated],
    swapped: Sequence[InPlace] = (),
) -> None:
    """Write the files into a folder, which is made where it is missing."""
    check_free(folder)
    folder.mkdir(parents=True, exist_ok=True)
    data, part, calls = _data(found, named) if named.outcome is None else _of_norms(found, named)
    _save(folder / ESTIMATES, pd.DataFrame(_rows(told)))
    _save(folder / DATA, data)
    if swapped:
        _save(folder / SUBSTITUTION, pd.DataFrame(map(_swapped, swapped)))
    least_squares, of_part = (
        files(__package__).joinpath(name).read_text(encoding="utf-8")
        for name in ("least_squares.R", part)
    )
    for place, call in calls.items():
        of_part = of_part.replace(f"# {place}\n", f"{call}\n")
    (folder / SCRIPT).write_text(f"{least_squares}\n{of_part}", "utf-8")


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


def _swapped(one: InPlace) -> dict[str, object]:
    b = one.coefficient
    return {
        "norm": one.norm,
        "estimate": b.value,
        "standard_error": b.error,
        "low": b.low,
        "high": b.high,
        "sign": one.sign,
        "ratio": one.ratio,
        "ratio_low": one.low,
        "ratio_high": one.high,
        "delta_aic": one.delta_aic,
        "n_people": one.n,
    }


_Columns = list[tuple[str, object]]


def _data(found: Sample, named: Named) -> tuple[pd.DataFrame, str, dict[str, str]]:
    """The columns used, and a script with its calls; columns by number: names can be anything."""
    columns = _begun(found, "model", found.model)
    calls = ["means()"]
    if found.groups:
        second = list(found.groups)[1]
        columns.append((f"{named.by} = {second}", found.groups[second].astype(int)))
        calls.append(f"groups({len(columns)})")
    at = _with_covariates(columns, found)
    if named.covariate is not None:
        calls.append(f"correlation({at[named.covariate]})")
    if named.on:
        calls.append(f"regression({_vector(at[name] for name in named.on)})")
    lines = ",\n".join(f"  {call}" for call in calls)
    return _frame(columns), "norm_as_outcome.R", {"CALLS": lines}


def _of_norms(found: Sample, named: Named) -> tuple[pd.DataFrame, str, dict[str, str]]:
    """The same for a regression on norms."""
    columns = _begun(found, "outcome", found.outcome)
    first = len(columns) + 1
    columns += found.norms.items()
    models = range(first, len(columns) + 1)
    at = _with_covariates(columns, found)
    further = _vector(at[name] for name in named.on)
    calls = {"REGRESSION": f"  {first}, {further}", "IN PLACE": f"  {_vector(models)}, {further}"}
    return _frame(columns), "norm_as_predictor.R", calls


def _begun(found: Sample, name: str, values: FloatArray) -> _Columns:
    """The first columns: the script tells by the third whether probabilities are known."""
    columns: _Columns = [("line", found.lines), (name, values)]
    if found.probabilities is not None:
        columns.append(("probability", found.probabilities))
    return [*columns, ("people", found.human)]


def _with_covariates(columns: _Columns, found: Sample) -> dict[str, int]:
    """Add covariates; return their numbers, from 1."""
    first = len(columns) + 1
    columns += found.covariates.items()
    return {name: number for number, name in enumerate(found.covariates, first)}


def _vector(numbers: Iterable[int]) -> str:
    return f"c({', '.join(map(str, numbers))})"


def _frame(columns: _Columns) -> pd.DataFrame:
    data = pd.DataFrame(dict(enumerate(values for _, values in columns)))
    return data.set_axis([_inert(name) for name, _ in columns], axis=1)


def _inert(name: str) -> str:
    return str(inert(pd.DataFrame({"name": [name]}))["name"][0])
