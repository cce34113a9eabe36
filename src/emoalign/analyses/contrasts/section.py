"""Contrasts between models and between protocols: differences of their correlations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from emoalign.report.conditions import nothing_asked
from emoalign.report.grid import (
    Column,
    Row,
    bounded,
    count,
    grid,
    p,
    readout,
    reason,
    scale_column,
    value,
)
from emoalign.report.nearest import SMALL, ends_of, higher_first
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import CONTRASTS
from emoalign.wording import coefficient, interval

PAIRS = {
    "model": ("two models under the same protocol", "models"),
    "protocol": ("two protocols of the same model", "protocols"),
}
"""What was compared, by the kind of the contrast."""

INTERVALS = {
    "zou": "an interval for dependent correlations [@zou2007]",
    "clusters": "a paired bootstrap interval over clusters of items [@efron1987]",
}
"""How the intervals of differences came about."""


def _view(results: Results) -> View | Absent:
    job, rows = results.job, results.table(CONTRASTS)
    if rows.empty:
        return Absent(
            "A contrast needs two models under the same protocol, or two protocols of the same "
            "model, with ratings of the same items; this study has no such pair."
        )
    apart = int((rows["p_holm"] < SMALL).sum())
    tested = int(rows["p_holm"].notna().sum())
    shown = grid("contrasts-table", "Contrasts", higher_first(rows), columns(job), CONTRASTS)
    kinds = [PAIRS[kind][0] for kind in PAIRS if (rows["kind"] == kind).any()]
    pairs = "two models" if nothing_asked(job) else ", or ".join(kinds)
    counts = {"apart": apart, "tested": tested, "untested": len(rows) - tested}
    return View({"grid": shown, "pairs": pairs, **counts}, methods=list(_methods(job, rows)))


def _methods(job: ReportJob, rows: pd.DataFrame) -> Iterator[str]:
    """What was compared, and how the intervals came about."""
    tested = rows[rows["p_holm"].notna()]
    if tested.empty:
        return
    kinds = [kind for kind in PAIRS if (tested["kind"] == kind).any()]
    pairs = " and ".join(PAIRS[kind][0] for kind in kinds)
    free = tested["n_clusters"] == tested["n_items"]
    if free.all():
        interval_of = INTERVALS["zou"]
    elif free.any():
        interval_of = f"{INTERVALS['zou']} or, where items form clusters, {INTERVALS['clusters']}"
    else:
        interval_of = INTERVALS["clusters"]
    compared = f"{pairs[0].upper()}{pairs[1:]} were compared on the items rated in both conditions"
    if nothing_asked(job):
        compared = "Two models at a time were compared on the items that both rated"
    yield (
        f"{compared}. The difference between their correlations with human means was tested by "
        "Williams' t for dependent correlations [@williams1959; @steiger1980] and has "
        f"{interval_of}."
    )


def _difference(row: Row) -> str:
    ends = interval(*ends_of(row), bounded=True)
    return f"{coefficient(row['difference'])} {ends}".rstrip()


def columns(job: ReportJob) -> tuple[Column, ...]:
    """The columns of a contrast on the page."""
    names = job.short_names

    def title(side: str, kind: str) -> Callable[[Row], str]:
        def shown(row: Row) -> str:
            name = str(row[side])
            return names[name] if row["kind"] == kind else name

        return shown

    return (
        Column("A", title("a", "model"), "a", numeric=False),
        Column("B", title("b", "model"), "b", numeric=False),
        Column(
            "Shared",
            title("within", "protocol"),
            "within",
            numeric=False,
            meaning="The protocol that both models were asked with, or the model that was asked "
            "with both protocols.",
        ),
        scale_column(job),
        readout(),
        count("Items", "n_items", "Items rated by A, by B and by people."),
        bounded("r of A", "r_a", "Correlation of A with human means on these items."),
        bounded("r of B", "r_b", "Correlation of B with human means on these items."),
        Column(
            "Difference [95% CI]",
            _difference,
            "difference",
            meaning="r of A minus r of B; A is the one with the higher r. "
            "Zou's interval for dependent correlations, or a paired bootstrap interval (BCa) where "
            "items form clusters.",
        ),
        value("t", "williams_t", "Williams' t for dependent correlations, n − 3 df."),
        p("p", "p", "Two-sided, unadjusted."),
        p(
            "p (Holm)",
            "p_holm",
            "Adjusted over all contrasts between models, or between protocols, with the same "
            "readout.",
        ),
        reason(),
    )


SECTION = Section(
    id="contrasts",
    heading="Which model, or which protocol, correlates more highly with human means?",
    label="Contrasts",
    view=_view,
)
