"""Contrasts between models and between protocols: differences of their correlations."""

from __future__ import annotations

from collections.abc import Callable

from emoalign.report.grid import (
    Column,
    Row,
    bounded,
    count,
    grid,
    p,
    readout,
    reason,
    value,
)
from emoalign.report.nearest import SMALL, ends_of
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import CONTRASTS
from emoalign.wording import coefficient, interval

METHODS = [
    "Two models under the same protocol, and two protocols of the same model, were compared on the "
    "items rated in both conditions. The difference between their correlations with human means "
    "was tested by Williams' t for dependent correlations [@williams1959; @steiger1980]. Its 95% "
    "interval is that for dependent correlations [@zou2007], or, where items form clusters, a "
    "paired bootstrap interval over clusters [@efron1987]. The p-values were adjusted over all "
    "contrasts between models, or between protocols, with the same readout [@holm1979]."
]


def _view(results: Results) -> View | Absent:
    job, rows = results.job, results.table(CONTRASTS)
    if rows.empty:
        return Absent(
            "A contrast needs two models under the same protocol, or two protocols of the same "
            "model, with ratings of the same items; this study has no such pair."
        )
    apart = int((rows["p_holm"] < SMALL).sum())
    tested = int(rows["p_holm"].notna().sum())
    shown = grid("contrasts-table", "Contrasts", rows, columns(job), CONTRASTS)
    counts = {"apart": apart, "tested": tested, "untested": len(rows) - tested}
    return View({"grid": shown, **counts}, methods=METHODS if tested else [])


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
        Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", numeric=False),
        readout(),
        count("Items", "n_items", "Items rated by A, by B and by people."),
        bounded("r of A", "r_a", "Correlation of A with human means on these items."),
        bounded("r of B", "r_b", "Correlation of B with human means on these items."),
        Column(
            "Difference [95% CI]",
            _difference,
            "difference",
            meaning="r of A minus r of B; above 0, A correlates more highly with human means. "
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
