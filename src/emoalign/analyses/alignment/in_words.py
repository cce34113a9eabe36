"""Agreement of models' mean ratings with human means, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from emoalign.report.answers import little, on_scale, unusable
from emoalign.report.asked_differently import apart, undecided
from emoalign.report.asked_differently import sentence as differing
from emoalign.report.conditions import condition, one_readout_each, only_recorded
from emoalign.report.conditions import scale as scale_of
from emoalign.report.nearest import ends_of, higher_first, nearer
from emoalign.report.report_job import ReportJob, is_asked
from emoalign.report.section import Finding, Point
from emoalign.tables import groups, records
from emoalign.wording import (
    READOUTS,
    ceilings,
    ci,
    coefficient,
    counted,
    span,
    with_p,
)

FEW = 4
"""Findings about correlations that can be read one by one."""

MOST_SCALES = 9
"""Scales on which the two best models are compared in words; of more, the tables tell."""


def correlation(cell: Mapping[str, Any]) -> str:
    """r of a condition with its interval, or why it has none."""
    r, low, high = cell["pearson_r"], cell["pearson_low"], cell["pearson_high"]
    if math.isnan(r):
        return f"r undefined ({why_undefined(cell)})"
    if math.isnan(low):
        return f"r = {coefficient(r)} (no interval: {why_no_interval(cell)})"
    return f"r = {coefficient(r)}, {ci(low, high, bounded=True)}"


def why_undefined(cell: Mapping[str, Any]) -> str:
    """The reason why a condition has no correlation."""
    if cell["n_items"] == 0:
        return "no item has both a model rating and a human rating"
    if cell["n_items"] < 3:
        return f"only {counted(cell['n_items'], 'item')} can be compared"
    return "the model's means, or the human means, are the same for all items"


def why_no_interval(cell: Mapping[str, Any]) -> str:
    """The reason why a condition has a correlation without an interval."""
    if abs(cell["pearson_r"]) > 1 - 1e-9:
        return "all items lie on one straight line"
    return "r rests on too few items (or clusters of items), or on a single one"


def findings(alignment: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """The answer: for each model a list of sentences, one paragraph per dataset and scale."""
    each: list[list[str]] = [
        Finding(_finding(rows, contrasts, job), dataset=dataset, scale=scale, model=model)
        for (dataset, scale, model), rows in groups(
            alignment, ["dataset", "scale", "model"], sort=False
        )
    ]
    between = list(_between_models(alignment, contrasts, job))
    if len(each) + len(between) <= FEW:
        return [*each, *between]
    told = [sentence for finding in between for sentence in finding]
    return [_range(alignment, job) + (told if len(told) <= MOST_SCALES else []), *each]


def _between_models(
    alignment: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob
) -> Iterator[Finding]:
    """The two models with the highest r on each scale, under the protocol of the highest, where
    they were contrasted."""
    for (dataset, scale), rows in groups(alignment, ["dataset", "scale"], sort=False):
        compared = rows.dropna(subset="pearson_r")
        cells = [cell for _, own in groups(compared, ["model"]) for cell in _one_per_protocol(own)]
        cells.sort(key=lambda cell: -cell["pearson_r"])
        asked = ("protocol", "readout")
        alike = [one for one in cells if all(one[name] == cells[0][name] for name in asked)]
        if len(alike) < 2:
            continue
        best, next_best = alike[:2]
        pair = {best["model"], next_best["model"]}
        told = contrasts[
            (contrasts["kind"] == "model")
            & (contrasts["within"] == best["protocol"])
            & (contrasts["readout"] == best["readout"])
            & (contrasts["dataset"] == dataset)
            & (contrasts["scale"] == scale)
            & contrasts["a"].isin(pair)
            & contrasts["b"].isin(pair)
            & contrasts["p_holm"].notna()
        ]
        for row in records(higher_first(told)):
            r = {cell["model"]: coefficient(cell["pearson_r"]) for cell in (best, next_best)}
            first, second = (
                f"{job.short_names[row[side]]} (r = {r[row[side]]})" for side in ("a", "b")
            )
            under = f" under {best['protocol']}" if len(job.protocols) > 1 else ""
            where = f"{scale_of(job, {'dataset': dataset, 'scale': scale})}{under}"
            outcome = (
                f"{first} correlated more highly with human means than {second}"
                if nearer(row) is not None
                else f"{first} and {second} did not differ clearly"
            )
            yield Finding(
                [Point(f"On {where}, {outcome}: {_difference(row)}.")],
                dataset=dataset,
                scale=scale,
            )


def _range(alignment: pd.DataFrame, job: ReportJob) -> list[str]:
    """The worst and the best condition, where there are too many to read them one by one."""
    compared = alignment.dropna(subset="pearson_r").sort_values("pearson_r", kind="stable")
    if compared.empty:
        return [
            f"In none of {len(alignment)} conditions could mean ratings be correlated with human "
            "means."
        ]
    worst, best = records(compared.iloc[[0, -1]])
    if len(compared) == 1:
        return [
            "In one condition only, mean ratings could be correlated with human means: "
            f"{_placed(best, job)}."
        ]
    # A median over several scales would be of nothing in particular.
    one_scale = len(compared[["dataset", "scale"]].drop_duplicates()) == 1
    median = f", with a median of {coefficient(compared['pearson_r'].median())}"
    return [
        "The correlation of mean ratings with human means ranged over "
        f"{len(compared)} conditions from {_placed(worst, job)} to {_placed(best, job)}"
        f"{median if one_scale else ''}."
    ]


def _placed(cell: Mapping[str, Any], job: ReportJob) -> str:
    return f"{correlation(cell)} ({condition(job, cell)})"


def _finding(rows: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob) -> list[str]:
    cells = _one_per_protocol(rows)
    best = cells[0]
    model, dataset = job.short_names[best["model"]], job.datasets[best["dataset"]]
    if not _compared(cells) and any(cell["n_ok"] for cell in cells):
        excluded = counted(int(rows["n_items_excluded"].max()), dataset.modality)
        return [
            f"Of {excluded} ({dataset.title}), none has both a {best['scale']} rating by {model} "
            "and a human one, so the two cannot be compared. The model's ratings are in the table "
            "of items."
        ]
    items = {int(cell["n_items"]) for cell in cells}
    over = counted(max(items), dataset.modality)
    across = f"Across {over if len(items) == 1 else f'up to {over}'} ({dataset.title})"
    where = across if max(items) else f"For {dataset.title}"
    sentences = [f"{where}, mean {best['scale']} ratings by {model} {_correlated(cells, job)}."]
    sentences += _between_protocols(cells, contrasts, job)
    if highest := ceilings(cell["ceiling"] for cell in cells):
        sentences.append(
            f"Given the reliability of the human ratings, the highest r to expect is {highest}"
            f"{_one_of_them(cells)}."
        )
    for cell in records(rows[rows["readout"] != "exact"]):
        sentences += unusable(cell, "a rating", job)
    for cell in cells:
        if cell["readout"] == "exact" and (few := little(on_scale(cell), "exact")):
            under = f"Under {cell['protocol']}, {few}" if len(job.protocols) > 1 else f"Only {few}"
            sentences.append(f"{under}.")
    return sentences


def _correlated(cells: Sequence[Mapping[str, Any]], job: ReportJob) -> str:
    """The correlations of protocols with human means, each with its interval and readout."""
    readouts = list(dict.fromkeys(READOUTS[cell["readout"]] for cell in cells))
    if len(cells) == 1:
        cell, name = cells[0], f"{cells[0]['protocol']}, " if len(job.protocols) > 1 else ""
        asked = "" if only_recorded(job, cell) else f" ({name}{readouts[0]})"
        if math.isnan(cell["pearson_r"]):
            return f"could not be correlated with human means{asked}: {why_undefined(cell)}"
        comma = "" if math.isnan(cell["pearson_low"]) else ","
        return f"correlated {correlation(cell)}{comma} with human means{asked}"
    if len(readouts) == 1:
        each = (f"{correlation(cell)}, under {cell['protocol']}" for cell in cells)
        return f"correlated with human means as follows ({readouts[0]}): {'; '.join(each)}"
    each = (
        f"{correlation(cell)}, under {cell['protocol']} ({READOUTS[cell['readout']]})"
        for cell in cells
    )
    return f"correlated with human means as follows: {'; '.join(each)}"


def _between_protocols(
    cells: Sequence[Mapping[str, Any]], contrasts: pd.DataFrame, job: ReportJob
) -> Iterator[str]:
    """Sentences on the protocols of a model whose r differ, and on how these protocols differ.

    Only contrasts with the readouts of the cells are named.
    """
    readouts = {cell["protocol"]: cell["readout"] for cell in cells}
    first = cells[0]
    own = contrasts[
        (contrasts["kind"] == "protocol")
        & (contrasts["within"] == first["model"])
        & (contrasts["dataset"] == first["dataset"])
        & (contrasts["scale"] == first["scale"])
    ]
    told = [
        row
        for row in records(higher_first(own))
        if {readouts.get(row["a"]), readouts.get(row["b"])} == {row["readout"]}
    ]
    decided = [(row, nearer(row)) for row in told]
    clear = sum(better is not None for _, better in decided)
    if len(told) > FEW:
        yield (
            f"The correlation differed significantly in {clear or 'none'} of {len(told)} pairs of "
            "protocols (Holm-adjusted p < .05). Protocols may differ in more than one respect."
        )
        return
    known = [(row, better) for row, better in decided if not math.isnan(row["p_holm"])]
    of = (first["dataset"], first["scale"])
    several = 0
    if is_asked(job.models[first["model"]]):
        several = sum(len(apart(job, row["a"], row["b"], *of)) > 1 for row, _ in known)
    for row, better in sorted(known, key=lambda pair: pair[1] is None):
        a, b = row["a"], row["b"]
        # One readout of all protocols stands in the sentence before.
        read = "" if len(set(readouts.values())) == 1 else f" ({READOUTS[row['readout']]})"
        compared = (
            f"was higher under {a} than under {b}"
            if better is not None
            else f"did not differ clearly between {a} and {b}"
        )
        told_of_it = [f"The correlation {compared}{read}: {_difference(row)}."]
        if is_asked(job.models[first["model"]]):
            told_of_it += filter(None, [differing(job, a, b, *of)])
            if several == 1 and len(apart(job, a, b, *of)) > 1:
                told_of_it.append(undecided(1))
        yield Point(" ".join(told_of_it))
    if several > 1:
        yield undecided(several)


def _difference(row: Mapping[str, Any]) -> str:
    """A difference of correlations with interval and p."""
    numbers = (f"difference {coefficient(row['difference'])}", ci(*ends_of(row), bounded=True))
    return f"{', '.join(filter(None, numbers))}, Holm-adjusted {with_p(row['p_holm'])}"


def _one_of_them(cells: Sequence[Mapping[str, Any]]) -> str:
    """The agreement of one person with the others, or of one rating where that is not known."""
    if person := span((cell["one_human_r"] for cell in cells), bounded=True):
        return f"; a single rater correlates {person} with the mean of the others, on average"
    if rating := span((cell["one_rating_r"] for cell in cells), bounded=True):
        return (
            f"; a single rating per item correlates {rating} with the mean of the item's other "
            "ratings"
        )
    return ""


def _compared(cells: Sequence[Mapping[str, Any]]) -> bool:
    """True if any item of the cells has both a model rating and a human rating."""
    return any(cell["n_items"] for cell in cells)


def _one_per_protocol(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The exact readout of each protocol where there is one, else the sampled, and its decisions;
    best r first."""
    chosen = one_readout_each(rows, ["protocol"])
    ordered = chosen.sort_values(["pearson_r", "protocol"], ascending=[False, True])
    return records(ordered)
