"""The table of participants: what each rated, and how far like people and like the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.participants.analysis import ParticipantsJob
from emoalign.items.single_answers import beside_people, human_means, single_answers
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.participants import FEWEST_RATINGS, participants
from emoalign.tables import CELL_KEY, PARTICIPANTS

LOW = 0.1
"""The correlation with the other participants below which one is told of."""


def compare_participants(job: ParticipantsJob, files: AnalysisFiles) -> None:
    """Write the table of participants."""
    norms = {name: human_means(path) for name, path in files.by_dataset("norms").items()}
    rows: list[dict[str, object]] = []
    with single_answers(files.below("ratings", ".parquet"), files.folder) as answers:
        for cell in answers.cells():
            model, protocol, dataset, scale, readout = cell
            known = job.datasets.get(dataset)
            told = known and scale in known.scales and (model, protocol) in known.conditions
            if not told or readout != "sampled":
                continue
            given = answers.of(cell)
            of_cell = dict(zip(CELL_KEY, cell, strict=True))
            human = beside_people(given, scale, norms[dataset])
            rows += [of_cell | row for row in participant_rows(given, human)]
    table = pd.DataFrame(rows, columns=PARTICIPANTS.schema.names)
    counts = ["participant", "session"]
    files.write(PARTICIPANTS, table.astype(dict.fromkeys(counts, "Int32")))


def participant_rows(given: pd.DataFrame, human: FloatArray) -> Iterator[dict[str, object]]:
    """The participants of a cell, see `tables.PARTICIPANTS`; in sessions, each session is one."""
    identity = "session" if given["session"].notna().any() else "participant"
    whose, _ = pd.factorize(given[identity], sort=True)
    of = given.assign(whose=whose)[whose >= 0]
    found = participants(
        of["whose"].to_numpy(),
        pd.factorize(of["item_id"])[0],
        of["rating"].to_numpy(dtype=np.float64),
        human[whose >= 0],
    )
    for place, (_, rows) in enumerate(of.groupby("whose")):
        first = rows.iloc[0]
        r_others = found.r_others[place]
        yield {
            "participant": first["participant"],
            "session": first["session"],
            "persona": first["persona"],
            "n_answers": len(rows),
            "n_ok": int(found.n_ratings[place]),
            "mean": found.mean[place],
            "sd": found.sd[place],
            "r_human": found.r_human[place],
            "r_others": r_others,
            "low": None if np.isnan(r_others) else bool(r_others < LOW),
            "reason": _reason(int(found.n_ratings[place]), found.sd[place], r_others),
        }


def _reason(n_ratings: int, sd: float, r_others: float) -> str | None:
    if not np.isnan(r_others):
        return None
    if n_ratings < FEWEST_RATINGS:
        return f"{n_ratings} ratings, but a correlation needs {FEWEST_RATINGS}"
    return "all ratings are the same" if sd < ROUNDING else "others rated too few of its items"
