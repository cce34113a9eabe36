"""Do sampled answers and exact probabilities agree?"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.report.grid import (
    CELL_ORDER,
    Column,
    Row,
    cell_columns,
    count,
    grid,
    p,
    reason,
    share,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import READOUTS, records
from emoalign.wording import counted, number


def _view(results: Results) -> View | Absent:
    rows = results.table(READOUTS)
    if rows.empty:
        return Absent("No protocol was asked in both readouts, so there is nothing to compare.")
    columns = (
        *cell_columns(results.job),
        count("Items", "n_items"),
        value("r of means", "r_means"),
        value("Mean difference", "mean_abs_difference", "Absolute, in points of the scale."),
        share("Answers that are ratings", "ok_share_sampled"),
        share("Exact mass on scale", "on_scale_mass_exact"),
        share("Items with p < .05", "share_below_05", "5% are expected when the readouts agree."),
        p("G pooled p", "p_pooled", "Counts against exact probabilities, all items."),
        p("Sharpness p", "p_sharpness", "Whether the server sampled as sharply as asked."),
        count("Items with people", "rps_debiased_n_items", "Items of the columns that follow."),
        value("RPS sampled", "rps_debiased_sampled", "Distance from people, debiased.", 3),
        value("RPS exact", "rps_debiased_exact", "Distance from people, debiased.", 3),
        Column(
            "Difference of RPS [95% CI]",
            _difference,
            "rps_debiased_difference",
            meaning="Debiased; below 0: the sampled answers are nearer to people. Paired bootstrap "
            "over texts (BCa).",
        ),
        reason(),
    )
    shown = grid("readouts-table", "Agreement of readouts", rows, columns, READOUTS)
    simulations = part(results.job, StatisticsSettings).simulations
    method = []
    if rows["p_pooled"].notna().any():
        method.append(
            "Sampled answers to an item were compared with the exact distribution by a G-test "
            f"whose p-value was simulated ({simulations:,} draws)."
        )
    if rows["rps_debiased_difference"].notna().any():
        method.append(
            "Which of the two readouts is nearer to people was judged by the ranked probability "
            "score [@epstein1969], from which the bias of few raters and few answers was "
            "subtracted [@ferro2014], on the items that both have."
        )
    return View({"grid": shown, "nearer": list(nearer(rows, results.job))}, methods=method)


def nearer(rows: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """Which readout is nearer to people, in how many cells, and by how much at most."""
    told = rows.dropna(subset=["rps_debiased_difference"])
    if told.empty:
        why = "; ".join(dict.fromkeys(rows["reason"].dropna()))
        yield f"Which of the two is nearer to people cannot be told{f': {why}' if why else ''}."
        return
    sampled = int((told["rps_debiased_high"] < 0).sum())
    exact = int((told["rps_debiased_low"] > 0).sum())
    size = told["rps_debiased_difference"].abs()
    order = [name for name in CELL_ORDER if name in told]
    most = records(told.assign(size=size).sort_values(["size", *order], ascending=False))[0]
    yield (
        f"The sampled answers are clearly nearer to people in {sampled} of "
        f"{counted(len(told), 'cell')}, and the exact probabilities in {exact} (debiased RPS, 95% "
        f"interval of the difference). The two differ most for {job.titles[most['model']]} under "
        f"{most['protocol']} ({job.datasets[most['dataset']].title}, {most['scale']}): sampled "
        f"{number(most['rps_debiased_sampled'], 3)}, exact "
        f"{number(most['rps_debiased_exact'], 3)}, difference {_difference(most)}, on "
        f"{counted(most['rps_debiased_n_items'], 'item')}."
    )


def _difference(row: Row) -> str:
    shown = number(row["rps_debiased_difference"], 3)
    ends = [number(row[f"rps_debiased_{end}"], 3) for end in ("low", "high")]
    return shown if pd.isna(row["rps_debiased_low"]) else f"{shown} [{', '.join(ends)}]"


SECTION = Section(
    id="readouts",
    heading="Do sampled answers and exact probabilities agree?",
    label="Readouts",
    view=_view,
)
