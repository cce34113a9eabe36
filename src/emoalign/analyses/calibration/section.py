"""How much nearer to people can what a model says be brought?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from emoalign.analyses.calibration.analysis import METHODS, CalibrationSettings, Method
from emoalign.report.grid import (
    CELL_ORDER,
    Column,
    Row,
    count,
    grid,
    in_order,
    model_column,
    p,
    reason,
    text,
)
from emoalign.report.nearest import FEW, SMALL
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Finding, Results, Section, View
from emoalign.study.fields import part
from emoalign.tables import CALIBRATION, groups, records
from emoalign.wording import counted, listed, number, percent, span

PUBLISHED = "up to 14%"
"""The gain that Inoshita et al. (2026) report over REPORTED, in their abstract."""

REPORTED = ("temperature", "bias", "isotonic")

NAMES = {
    "none": "The model as it is",
    "marginal": "Mean of people alone",
    "temperature": "Temperature",
    "bias": "Bias of each point or label",
    "isotonic": "Isotonic regression",
    "mixture": "Mixture with the mean of people",
    "vector": "Vector scaling",
    "dirichlet": "Dirichlet calibration",
    "cumulative_logit": "Cumulative logit",
}

CITED: dict[Method, str] = {
    "temperature": "temperature scaling [@guo2017]",
    "bias": "a bias for each point or label",
    "isotonic": "isotonic regression [@zadrozny2002]",
    "mixture": "a mixture with the mean human distribution",
    "vector": "vector scaling [@guo2017] (of labels: a logistic map of each [@platt1999])",
    "dirichlet": "Dirichlet calibration [@kull2019]",
    "cumulative_logit": "a cumulative-logit map [@mccullagh1980]",
}

_ABSENT = "No method of calibration was tried: {why}."


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(CALIBRATION)
    settings = part(job, CalibrationSettings)
    if rows.empty:
        return None
    ranked = rows.sort_values("rank", kind="stable")
    rows = in_order(ranked, job)
    judged = rows.dropna(subset=["jsd_after"])
    if judged.empty:
        return Absent(_ABSENT.format(why="; ".join(dict.fromkeys(rows["reason"].dropna()))))
    shown = grid("calibration-table", "What calibration gains", rows, columns(job), CALIBRATION)
    published = PUBLISHED if any(_published(row, job) for row in records(rows)) else None
    values = {"grid": shown, "published": published, "folds": settings.folds}
    return View(values, findings=list(findings(judged, job)), methods=[method(settings)])


def columns(job: ReportJob) -> tuple[Column, ...]:
    """What the page shows of a cell and a method."""
    return (
        model_column(job),
        text("Protocol", "protocol"),
        Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False),
        text("Readout", "readout"),
        Column("Method", lambda row: NAMES[row["method"]], "method", numeric=False),
        count("Rank", "rank", "By JSD on held-out items, among the methods of the cell."),
        count("Items", "n_items", "Rated by both people and model."),
        _change("JSD", "jsd", "From people, in bits; without and with calibration."),
        Column(
            "Gain [95% CI]",
            _gain,
            "gain",
            meaning="Relative reduction of the mean JSD; bootstrap over texts.",
        ),
        Column(
            "Published",
            lambda row: PUBLISHED if _published(row, job) else "",
            numeric=False,
            meaning="Inoshita et al. (2026), over these three methods, of labels.",
            optional=True,
        ),
        p("p Holm", "p_holm", "Holm over the methods of the cell."),
        Column(
            "Beyond the mean [95% CI]",
            _beyond,
            "beyond_marginal",
            meaning="JSD less that of the mean human distribution alone; below 0: the model's "
            "answers tell something of single items.",
        ),
        _change("NLL", "nll", "Of a human rating, in bits, a proper score.", optional=True),
        _change(
            "NLL by label",
            "bernoulli_nll",
            "Of whether a rater chose a label, mean over labels, in bits, a proper score.",
            optional=True,
        ),
        _change("RPS", "rps", "For scales of numbers.", optional=True),
        _change("Brier", "brier", "For labels, label by label.", optional=True),
        reason(),
    )


def _published(row: Row, job: ReportJob) -> bool:
    """Whether the method is one of those with a published gain, which is of labels."""
    return row["method"] in REPORTED and row["scale"] in job.datasets[row["dataset"]].labels


def findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[list[str]]:
    """A paragraph for each scale: what the best method of each cell gains, and what it owes to
    the model."""
    tried = rows[rows["method"].isin(METHODS)]
    for (dataset, scale), cells in groups(tried, ["dataset", "scale"], sort=False):
        best = cells.loc[cells.groupby(CELL_ORDER)["jsd_after"].idxmin()]
        where, n = f"{job.datasets[dataset].title}, {scale}", len(best)
        sentences = [_gains(best, where), *_last(best, job)]
        marginal = rows[rows["method"] == "marginal"].set_index(CELL_ORDER)["jsd_after"]
        own = [tuple(cell[name] for name in CELL_ORDER) for cell in records(best)]
        if alone := span(marginal.reindex(own), 3):
            sentences.append(
                f"People's mean distribution alone, which needs no model, is {alone} bits from "
                "people."
            )
        known = cells.dropna(subset=["beyond_marginal_high"])
        clear = known["beyond_marginal_high"].lt(0)
        of_cell = clear.groupby([known[name] for name in CELL_ORDER]).any()
        if useless := int((~of_cell).sum()):
            sentences.append(
                f"In {useless} of {counted(n, 'cell')} no method is clearly nearer to people than "
                "that mean: no usable item-level information was found in the answers there."
            )
        yield Finding(sentences, dataset=dataset, scale=scale)


def _gains(best: pd.DataFrame, where: str) -> str:
    """In how many cells the best method is nearer to people than the model as it is."""
    # The test of a method is adjusted over all methods of its cell.
    clear = best[(best["p_holm"] < SMALL) & (best["gain"] > 0)]
    if clear.empty:
        return (
            f"Calibration ({where}): no method clearly reduces the divergence from people on items "
            "held out."
        )
    gains = [percent(gain) for gain in (clear["gain"].min(), clear["gain"].max())]
    by = gains[0] if gains[0] == gains[1] else f"{gains[0]} to {gains[1]}"
    cells = "" if len(best) == 1 else f" in {len(clear)} of {len(best)} cells"
    return (
        f"Calibration ({where}), learned on other items, reduces the divergence from people{cells} "
        f"by {by} (best method of each cell, items held out, p < .05 after Holm's correction)."
    )


def _last(best: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """From where to where, cell by cell where they are few."""
    if len(best) > FEW:
        ends = span(best["jsd_before"], 3), span(best["jsd_after"], 3)
        yield f"It is {ends[0]} bits without calibration, and {ends[1]} with it."
        return
    for cell in records(best):
        yield (
            f"{job.models[cell['model']].title} under {cell['protocol']} ({cell['readout']}): "
            f"{number(cell['jsd_before'], 3)} bits without calibration, "
            f"{number(cell['jsd_after'], 3)} with {_in_a_sentence(cell['method'])}."
        )


def method(settings: CalibrationSettings) -> str:
    """The paragraph on calibration in the section on methods."""
    names = [CITED[name] for name in settings.methods]
    return (
        "Distributions of each cell with enough items that people rated were calibrated by "
        f"{listed(names)}, and judged by {settings.folds}-fold cross-validation over texts, or "
        "over clusters of items where the dataset's card names some; smoothing and "
        f"penalties were chosen by {settings.inner_folds} inner folds, by likelihood. The gain is "
        "the relative reduction of the mean Jensen–Shannon divergence on held-out items "
        "[@inoshita2026], with BCa intervals over resampled texts [@efron1987]; its p, from "
        "flipping the signs of the changes of texts, is adjusted over the methods of a cell "
        "[@holm1979]."
    )


def _in_a_sentence(name: str) -> str:
    return NAMES[name] if name == "dirichlet" else NAMES[name][0].lower() + NAMES[name][1:]


def _change(title: str, name: str, meaning: str, optional: bool = False) -> Column:
    """A score without and with calibration."""

    def shown(row: Row) -> str:
        if math.isnan(row[f"{name}_after"]):
            return "" if optional else "–"
        before, after = (number(row[f"{name}_{side}"], 3) for side in ("before", "after"))
        return after if row["method"] == "none" else f"{before} → {after}"

    return Column(title, shown, f"{name}_after", meaning=meaning, optional=optional)


def _gain(row: Row) -> str:
    if row["method"] == "none":
        return ""
    if math.isnan(row["gain_low"]):
        return percent(row["gain"])
    ends = ", ".join(number(100 * row[f"gain_{end}"], 0) for end in ("low", "high"))
    return f"{number(100 * row['gain'], 0)}% [{ends}]"


def _beyond(row: Row) -> str:
    if row["method"] == "marginal":
        return ""
    if math.isnan(row["beyond_marginal_low"]):
        return number(row["beyond_marginal"], 3)
    ends = ", ".join(number(row[f"beyond_marginal_{end}"], 3) for end in ("low", "high"))
    return f"{number(row['beyond_marginal'], 3)} [{ends}]"


SECTION = Section(
    id="calibration",
    heading="How much nearer to people can calibration bring the answers?",
    label="Calibration",
    view=_view,
    figures=("calibration",),
)
