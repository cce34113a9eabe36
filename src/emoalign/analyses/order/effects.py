"""The table of effects of order: a row per condition whose answers were given in sessions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.order.analysis import OrderJob
from emoalign.items.single_answers import beside_people, human_means, single_answers
from emoalign.statistics.order_effects import OrderEffects, order_effects
from emoalign.statistics.order_regression import Effect
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.session_thirds import by_thirds
from emoalign.statistics.sessions import Sessions
from emoalign.study.scales import HumanScale
from emoalign.tables import CELL_KEY, ORDER
from emoalign.tables.sessions import PARTS

EFFECTS = ("carry_over", "carry_over_certain", "carry_over_uncertain", "echo", "drift", "history")


def effects_of_order(job: OrderJob, files: AnalysisFiles) -> None:
    """Write the table of effects of order."""
    norms = {name: human_means(path) for name, path in files.by_dataset("norms").items()}
    rows = []
    with single_answers(files.below("ratings", ".parquet"), files.folder) as answers:
        for cell, placed in answers.cells().items():
            *asked, dataset, name, readout = cell
            scale = job.scales.get(dataset, {}).get(name)
            if not placed or scale is None or readout not in ("sampled", "exact"):
                continue
            given = said = answers.of(cell)
            if readout == "exact":
                said = answers.of((*asked, dataset, name, "sampled"))
                given = given.assign(rating=expected(given, scale))
            human = beside_people(given, name, norms[dataset])
            found = order_row(given, said, human, seed_of(job.seed, dataset, "answers"))
            rows.append(dict(zip(CELL_KEY, cell, strict=True)) | found)
    files.write(ORDER, pd.DataFrame(rows, columns=ORDER.schema.names))


def order_row(
    given: pd.DataFrame, said: pd.DataFrame, human: FloatArray, seed: int
) -> dict[str, object]:
    """The numbers of a cell, see `tables.ORDER`.

    `given` has what is explained as `rating`, `human` the means of its items, and `said` the
    answers that the sessions went on with: the same, unless expected ratings are explained.
    """
    place = ["session", "position"]
    placed = given["position"].notna().to_numpy()
    given, human = given[placed], human[placed]
    spoken = said.dropna(subset="position").set_index(place)["rating"]
    went_on = spoken.reindex(pd.MultiIndex.from_frame(given[place])).to_numpy(dtype=np.float64)
    session, position = (given[name].to_numpy(dtype=np.int64) for name in place)
    rating = given["rating"].to_numpy(dtype=np.float64)
    item = given["item_id"].to_numpy(dtype=str)
    found = order_effects(Sessions.of(item, session, position, rating, went_on), seed)
    thirds = by_thirds(session, position, rating, human)
    return {
        "n_sessions": len(np.unique(session)),
        "n_items": len(np.unique(item)),
        "n_answers": found.n_answers,
        **_estimates(found),
        "echo_plain": found.echo_plain,
        "reliability": found.reliability,
        **{
            f"{name}_{part}": number
            for name, numbers in (("ok", thirds.ok), ("sd", thirds.sd), ("r", thirds.r))
            for part, number in zip(PARTS, numbers, strict=True)
        },
        "reason": found.reason,
    }


def _estimates(found: OrderEffects) -> dict[str, object]:
    told: dict[str, object] = {}
    for name in EFFECTS:
        effect: Effect = getattr(found, name)
        told |= {name: effect.estimate, f"{name}_low": effect.low, f"{name}_high": effect.high}
    return told


def expected(rows: pd.DataFrame, scale: HumanScale) -> FloatArray:
    """The mean of the distribution of each answer, in scale points; NaN without probability.

    Forms with other points are mapped linearly: the points shown are as far apart as each other.
    """
    means = np.full(len(rows), np.nan)
    for place, probabilities in enumerate(rows["probabilities"]):
        if probabilities is not None and np.sum(probabilities) > 0:
            points = np.linspace(scale.min, scale.max, len(probabilities))
            means[place] = np.dot(points, probabilities) / np.sum(probabilities)
    return means
