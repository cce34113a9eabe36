"""The tables of groups: conditions beside each group of raters, and groups beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.groups.analysis import GroupsJob
from emoalign.analyses.groups.measures import (
    GroupOfRaters,
    Measured,
    Pair,
    ScaleCells,
    measured,
    weighted,
)
from emoalign.analyses.groups.personas import asked_as, persona_pairs, persona_rows, unasked
from emoalign.analyses.groups.reasons import why_missing, why_undecided, why_unknown
from emoalign.items.human_agreement import Drawing
from emoalign.items.rated_items import Rater, drawn_items, of_scales, read_items
from emoalign.statistics.reliability import ceiling, ceiling_interval
from emoalign.statistics.replicates import Replicates
from emoalign.statistics.significance import holm
from emoalign.stimuli.dataset_cards import GroupedSource
from emoalign.stimuli.group_norms import KEY, group_norms
from emoalign.stimuli.readers.base import Group
from emoalign.tables import (
    GROUP_CONTRASTS,
    GROUP_NORMS,
    GROUP_PERSONAS,
    GROUPS,
    STIMULI,
    Table,
    groups,
)

MEASURES = ("r", "r_disattenuated", "bias", "mae", "mse")
"""What is compared between groups, in the order of the table."""

Rows = list[dict[str, object]]


def compare_groups(job: GroupsJob, files: AnalysisFiles) -> None:
    """Write the tables of groups of raters."""
    items = read_items(files.by_dataset("items").values())
    norms = {}
    for name, path in files.by_dataset("stimuli").items():
        if name in job.datasets:
            dataset, item_ids = job.datasets[name], STIMULI.read(path)["item_id"]
            grouped = GroupedSource.model_validate(dataset.groups)
            norms[name] = group_norms(grouped, name, dataset.scales, set(item_ids))
    told = [rows.assign(dataset=name) for name, rows in norms.items()]
    every = pd.concat(told, ignore_index=True)
    files.write(GROUP_NORMS, every[GROUP_NORMS.schema.names])
    for table, rows in group_rows(items, norms, job).items():
        files.write(table, rows)


def group_rows(
    items: pd.DataFrame, norms: Mapping[str, pd.DataFrame], job: GroupsJob
) -> dict[Table, pd.DataFrame]:
    """The rows of the tables of groups, contrasts and personas.

    `norms` are those of groups by dataset, as `group_norms` has them.
    """
    # Those of numbers alone, whose items are what the resamples of r draw from everywhere.
    items = of_scales(items, {name: dataset.scales for name, dataset in job.datasets.items()})
    beside, contrasts, personas = Rows(), Rows(), Rows()
    for dataset, of_groups in sorted(norms.items()):
        asked = asked_as(of_groups, job.personas)
        personas += [{"dataset": dataset} | row for row in unasked(of_groups, job.personas)]
        for named, cells in _scales(items[items["dataset"] == dataset], of_groups, dataset, job):
            found = measured(cells, [*_pairs(cells), *persona_pairs(cells, asked)])
            beside += [named | row for row in _beside(cells, found)]
            contrasts += [named | row for row in _contrasts(cells, found)]
            personas += [named | row for row in persona_rows(cells, asked, found)]
    keys = ["dataset", "scale", "model", "protocol", "readout", "attribute"]
    return {
        GROUPS: _table(GROUPS, beside, [*keys, "group"]),
        GROUP_CONTRASTS: _table(GROUP_CONTRASTS, contrasts, [*keys, "a", "b"]),
        GROUP_PERSONAS: _table(
            GROUP_PERSONAS,
            personas,
            [
                "dataset",
                "attribute",
                "scale",
                "model",
                "readout",
                "a",
                "b",
                "protocol_a",
                "protocol_b",
            ],
        ),
    }


def _table(table: Table, rows: Rows, by: list[str]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=table.schema.names)
    made = made.sort_values(by, kind="stable", ignore_index=True)
    if "p" in made:
        family = made.groupby(["readout", "measure"], dropna=False)["p"]
        made["p_holm"] = family.transform(lambda p: holm(p.to_numpy(dtype=float)))
    return made


def _scales(
    items: pd.DataFrame, norms: pd.DataFrame, dataset: str, job: GroupsJob
) -> Iterator[tuple[dict[str, object], ScaleCells]]:
    """Every scale and readout with its conditions and groups, ascending."""
    item_ids, clusters = drawn_items(items)
    # The resamples of r over all people, so that differences stay paired across tables.
    drawing = Drawing(job.seed, dataset, clusters, job.bootstrap_resamples, splits=0)
    by_scale = dict(groups(norms, ["scale"]))
    for (scale, readout), rows in groups(items, ["scale", "readout"]):
        if (scale,) not in by_scale:
            continue
        people: dict[Group, GroupOfRaters] = {
            (attribute, name): GroupOfRaters.of(of_group, scale, item_ids)
            for (attribute, name), of_group in groups(by_scale[scale,], KEY)
        }
        mean, sd = {}, {}
        for (model, protocol), cell in groups(rows, ["model", "protocol"]):
            numbers = cell.set_index("item_id")[["mean", "sd"]].reindex(item_ids)
            rater: Rater = model, protocol
            mean[rater], sd[rater] = numbers.to_numpy(dtype=float).T
        named: dict[str, object] = {"dataset": dataset, "scale": scale, "readout": readout}
        yield named, ScaleCells(mean, sd, people, drawing)


def _opposed(cells: ScaleCells) -> Iterator[tuple[Group, Group]]:
    """Pairs of groups that differ in the same attribute, ascending."""
    for a, b in combinations(sorted(cells.groups), 2):
        if a[0] == b[0]:
            yield a, b


def _pairs(cells: ScaleCells) -> Iterator[Pair]:
    """Each condition beside each group, on their items and on those it shares with another."""
    for rater in sorted(cells.mean):
        for group in sorted(cells.groups):
            yield Pair.on(rater, group, cells.shared([rater], [group]))
        for a, b in _opposed(cells):
            items = cells.shared([rater], [a, b])
            yield Pair.on(rater, a, items)
            yield Pair.on(rater, b, items)


def _beside(cells: ScaleCells, found: Mapping[Pair, Measured]) -> Iterator[dict[str, object]]:
    for rater in sorted(cells.mean):
        for group in sorted(cells.groups):
            one = found[Pair.on(rater, group, cells.shared([rater], [group]))]
            roots = ceiling_interval(one.reliability.estimate, one.reliability.interval())
            yield {
                "model": rater[0],
                "protocol": rater[1],
                "attribute": group[0],
                "group": group[1],
                "n_items": one.r.n_items,
                "n_texts": one.r.n_clusters,
                "n_raters": one.n_raters,
                **_estimate("r", one.r),
                "reliability_source": one.source,
                "reliability": one.reliability.estimate,
                "ceiling": ceiling(one.reliability.estimate),
                "ceiling_low": roots.low,
                "ceiling_high": roots.high,
                **_estimate("r_disattenuated", one.r_disattenuated),
                **_estimate("bias", one.bias),
                "mae": one.mae.estimate,
                **_estimate("log_rms_sd_ratio", one.log_rms_sd_ratio),
                "reason": why_missing(cells, rater, group, one),
            }


def _estimate(name: str, found: Replicates) -> dict[str, object]:
    limits = found.interval()
    return {name: found.estimate, f"{name}_low": limits.low, f"{name}_high": limits.high}


def _contrasts(cells: ScaleCells, found: Mapping[Pair, Measured]) -> Iterator[dict[str, object]]:
    for rater in sorted(cells.mean):
        for a, b in _opposed(cells):
            items = cells.shared([rater], [a, b])
            sides = [found[Pair.on(rater, group, items)] for group in (a, b)]
            for measure in MEASURES:
                values: list[Replicates] = [getattr(side, measure) for side in sides]
                difference = weighted(values, (1, -1))
                limits = difference.interval()
                yield {
                    "model": rater[0],
                    "protocol": rater[1],
                    "attribute": a[0],
                    "a": a[1],
                    "b": b[1],
                    "measure": measure,
                    "n_items": int(items.sum()),
                    "n_texts": len(np.unique(cells.drawing.clusters[items])),
                    "value_a": values[0].estimate,
                    "value_b": values[1].estimate,
                    "ceiling_a": ceiling(sides[0].reliability.estimate),
                    "ceiling_b": ceiling(sides[1].reliability.estimate),
                    "difference": difference.estimate,
                    "difference_low": limits.low,
                    "difference_high": limits.high,
                    "p": difference.p(beyond=True),
                    "reason": why_undecided(items, cells.drawing.clusters, difference)
                    or why_unknown(cells, (a, b), measure, values),
                }
