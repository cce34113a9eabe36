"""The table of generalizability: components of variance, and what other ways of asking would give.

The components are those of a model's ratings on a scale under protocols that ask alike, so that
nothing but forms, waves, participants and chance makes them differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.generalizability.analysis import GeneralizabilityJob
from emoalign.items.clusters import ItemClusters
from emoalign.items.summed_ratings import Levels, cells, crossed, levels, sessions, summed_ratings
from emoalign.statistics.components import (
    CONFOUNDED,
    RESIDUAL,
    Component,
    variance_components,
    variances_without,
)
from emoalign.statistics.generalizability import (
    FACETS,
    FEWEST_GROUPS,
    ITEM_GROUPS,
    Design,
    generalizability,
    in_order,
    jackknife_interval,
    sharing,
)
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import dealt_folds
from emoalign.statistics.seeds import seed_of
from emoalign.tables import GENERALIZABILITY

FORMS = (1, 2, 4, 8)
WAVES = (1, 2)
ANSWERS = (1, 5, 10, 20)
"""The ways of asking that a study is told of: forms, waves, and answers under each."""


def generalize(job: GeneralizabilityJob, files: AnalysisFiles) -> None:
    """Write the table of generalizability."""
    groups = {
        dataset: _item_groups(ItemClusters.read(path), seed_of(job.seed, dataset, "folds"))
        for dataset, path in files.by_dataset("stimuli").items()
    }
    rows = [
        {"model": model, "dataset": dataset, "scale": scale, "protocols": " + ".join(names), **row}
        for (model, dataset, scale), summed in summed_ratings(
            files.below("ratings", ".parquet"), files.folder, job.alike
        )
        for names in job.alike
        for row in _of_scale(summed[summed["protocol"].isin(names)], job.waves, groups[dataset])
    ]
    files.write(GENERALIZABILITY, pd.DataFrame(rows, columns=GENERALIZABILITY.schema.names))


def _item_groups(clusters: ItemClusters, seed: int) -> pd.Series:
    """The group of each item that is left out with it, by its id; clusters stay together."""
    folds = dealt_folds(clusters.keys, ITEM_GROUPS, seed, "groups")
    return pd.Series(folds, index=clusters.item_ids)


@dataclass(frozen=True, eq=False)
class Components:
    """What is known of the variance of ratings.

    Attributes:
        found: components by source.
        whole: variances, shape (7,), ordered as `FACETS`.
        without: the same without each group of items, shape (groups, 7).
        shared: the chance that a participant who rates an item rates another one as well.
    """

    found: Mapping[str, Component]
    whole: FloatArray
    without: FloatArray
    shared: float

    def varied(self, name: str) -> bool:
        """Whether there are several levels of a source."""
        return name in self.found and self.found[name].levels > 1

    @property
    def reason(self) -> str | None:
        """Why nothing follows from them; None where something does."""
        apart = [name for name, one in self.found.items() if one.reason == CONFOUNDED]
        if RESIDUAL in apart:
            return "one answer per item, form and wave: chance cannot be told from the rest"
        if apart:
            return f"these change only together: {', '.join(apart)}"
        if np.isnan(self.whole[[0, -1]]).any():
            return "fewer than two items, or fewer than two answers to each"
        return None


def _of_scale(
    rows: pd.DataFrame, waves: Mapping[str, int], groups: pd.Series
) -> Iterator[dict[str, object]]:
    """A row for each way of asking: those of the protocols, then others, the cheapest first."""
    if rows.empty:
        return
    once = rows[rows["n"] > 0]
    item = levels(once["item_id"])
    known = components(once, item, waves, groups)
    if not any(known.varied(name) for name in ("form", "wave", "participant")):
        return
    forms = FORMS if known.varied("form") else FORMS[:1]
    times = WAVES if known.varied("wave") else WAVES[:1]
    own = {
        protocol: _own(rows[rows["protocol"] == protocol])
        for protocol in sorted(rows["protocol"].unique())
    }
    others = sorted(
        (Design(*each) for each in product(forms, times, ANSWERS)),
        key=lambda design: (design.total, design.waves, design.forms),
    )
    names = [name.replace(" ", "_") for name in FACETS]
    for protocol, design in [*own.items(), *((None, design) for design in others)]:
        yield {
            "protocol": protocol,
            "n_items": int(item.max()) + 1,
            "n_forms": design.forms,
            "n_waves": design.waves,
            "n_answers": design.answers,
            **_coefficients(known, design),
            **dict(zip(names, known.whole, strict=True)),
        }


def _own(rows: pd.DataFrame) -> Design:
    """How a protocol asks, with the answers that are ratings."""
    forms = max(int(rows["form"].nunique()), 1)
    answers = rows.groupby("item_id", observed=True)["n_answers"].sum().to_numpy(dtype=float)
    mean = round(float(1 / np.mean(1 / answers)), 9)  # of equal numbers exactly these
    return Design(forms, 1, mean / forms)


def _coefficients(known: Components, design: Design) -> dict[str, object]:
    if known.reason is not None:
        return {"reason": known.reason}
    g, phi = (float(each) for each in generalizability(known.whole, design, known.shared))
    interval = jackknife_interval(g, generalizability(known.without, design, known.shared)[0])
    reason = None
    if np.isnan(g):
        reason = "the ratings do not vary"
    elif np.isnan(interval.low):
        few = len(known.without) < FEWEST_GROUPS
        why = f"fewer than {FEWEST_GROUPS} items or clusters" if few else "g may be 0 or 1"
        reason = f"no interval: {why}"
    return {"g": g, "phi": phi, "g_low": interval.low, "g_high": interval.high, "reason": reason}


def components(
    rows: pd.DataFrame, item: Levels, waves: Mapping[str, int], groups: pd.Series
) -> Components:
    """The components of ratings of one model on a scale, under protocols that ask alike.

    `rows` are as in `summed_ratings`, `item` has the level of each, shape (rows,), `waves` the wave
    of each protocol, `groups` the group of each item by its id.
    """
    sources = _sources(rows, item, waves)
    n, totals, squares = (
        rows[column].to_numpy(dtype=float) for column in ("n", "total", "squares")
    )
    of_rows = rows["item_id"].map(groups).to_numpy(dtype=np.intp)
    blocks = np.unique(of_rows, return_inverse=True)[1]
    asked = cells(sources)
    found = variance_components(sources, n, totals, squares, cells=asked)
    without = variances_without(sources, n, totals, squares, blocks, cells=asked)
    places = {name: place for place, name in enumerate((*sources, RESIDUAL))}
    columns = [without[:, places[name]] if name in places else _UNKNOWN for name in FACETS]
    return Components(
        found=found,
        whole=in_order({name: one.variance for name, one in found.items()}),
        without=np.stack([np.broadcast_to(column, len(without)) for column in columns], axis=1),
        shared=_shared(rows, sources, int(item.max()) + 1),
    )


_UNKNOWN = np.array(np.nan)


def _sources(rows: pd.DataFrame, item: Levels, waves: Mapping[str, int]) -> dict[str, Levels]:
    """The sources that vary, as `variance_components` takes them."""
    facets = {
        "form": levels(rows["form"]),
        "wave": levels(rows["protocol"].astype(str).map(waves)),
    }
    varied = {name: of for name, of in facets.items() if of.max(initial=-1) > 0}
    participant = _participants(rows)
    people = {} if participant.max(initial=-1) <= 0 else {"participant": participant}
    interactions = {f"item x {name}": crossed(item, of) for name, of in varied.items()}
    return {"item": item, **varied, **people, **interactions}


def _participants(rows: pd.DataFrame) -> Levels:
    """Who gave the ratings: the session, or else the persona; -1 where nobody is told apart."""
    inside = sessions(rows)
    return inside if inside.max(initial=-1) >= 0 else levels(rows["persona"])


def _shared(rows: pd.DataFrame, sources: Mapping[str, Levels], n_items: int) -> float:
    """As `sharing`, of participants who are told apart within protocols; 1 without any."""
    if "participant" not in sources:
        return 1.0
    once = crossed(levels(rows["protocol"]), sources["participant"])
    found = sharing(once, n_items)
    return min(found, 1.0) if np.isfinite(found) else 1.0
