"""Which model, and which protocol, is closer to people?"""

from __future__ import annotations

from collections.abc import Callable

from emoalign.report.grid import Column, Row, count, grid, p, reason, text, value
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import CONTRASTS
from emoalign.wording import interval, number

SMALL = 0.05


METHODS = [
    "Models of one protocol, and protocols of one model, were compared on the items that both "
    "rated: the difference of their correlations with people has an interval for dependent "
    "correlations [@zou2007], or, where items are of clusters, one by paired bootstrap over these "
    "[@efron1987], and is tested by Williams' t "
    "[@williams1959; @steiger1980], adjusted over contrasts of a kind and readout [@holm1979]."
]


def _view(results: Results) -> View | Absent:
    job, rows = results.job, results.table(CONTRASTS)
    if rows.empty:
        return Absent(
            "Models are compared under one protocol, and protocols with one model, on the same "
            "items with human ratings; this study has no such pair."
        )
    apart = int((rows["p_holm"] < SMALL).sum())
    tested = int(rows["p_holm"].notna().sum())
    shown = grid("contrasts-table", "Contrasts", rows, columns(job), CONTRASTS)
    counts = {"apart": apart, "tested": tested, "untested": len(rows) - tested}
    return View({"grid": shown, **counts}, methods=METHODS if tested else [])


def _difference(row: Row) -> str:
    """The difference with the interval that holds: Zou's takes items to be independent."""
    by = "zou" if row["n_clusters"] == row["n_items"] else "difference"
    ends = interval(row[f"{by}_low"], row[f"{by}_high"])
    return f"{number(row['difference'])} {ends}".rstrip()


def columns(job: ReportJob) -> tuple[Column, ...]:
    """What the page shows of a contrast."""
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
            "Within",
            title("within", "protocol"),
            "within",
            numeric=False,
            meaning="What the two share: the protocol, or the model.",
        ),
        Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", numeric=False),
        text("Readout", "readout"),
        count("Items", "n_items", "Items with means of both and of people."),
        value("r of A", "r_a", "On these items."),
        value("r of B", "r_b", "On these items."),
        Column(
            "Difference [95% CI]",
            _difference,
            "difference",
            meaning="Above 0: A is closer to people. Interval for dependent correlations (Zou); "
            "paired bootstrap (BCa) where items are of clusters.",
        ),
        value("t", "williams_t", "Williams' t for dependent correlations."),
        p("p", "p"),
        p("p Holm", "p_holm", "Holm over all contrasts of this kind and readout."),
        reason(),
    )


SECTION = Section(
    id="contrasts",
    heading="Which model, and which protocol, is closer to people?",
    label="Contrasts",
    view=_view,
)
