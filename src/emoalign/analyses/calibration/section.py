"""How much closer to the human distributions can calibration bring the answers?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd

from emoalign.analyses.calibration.analysis import METHODS, CalibrationSettings, Method
from emoalign.report.conditions import conditions
from emoalign.report.grid import (
    CELL_ORDER,
    Column,
    Row,
    count,
    grid,
    in_order,
    model_column,
    p,
    readout,
    reason,
    scale_column,
    text,
)
from emoalign.report.nearest import FEW, SMALL
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Finding, Results, Section, View
from emoalign.study.fields import part
from emoalign.tables import CALIBRATION, groups, records
from emoalign.wording import counted, interval, listed, number, out_of, span

PUBLISHED = "up to 14%"
"""The gain that the abstract of Inoshita et al. (2026) reports, over three methods, of labels."""

NAMES = {
    "none": "Uncalibrated model",
    "marginal": "Human average alone",
    "temperature": "Temperature scaling",
    "bias": "Bias per point or label",
    "isotonic": "Isotonic regression",
    "mixture": "Mixture with the human average",
    "vector": "Vector scaling",
    "dirichlet": "Dirichlet calibration",
    "cumulative_logit": "Cumulative-logit map",
}

CITED: dict[Method, str] = {
    "temperature": "temperature scaling [@guo2017]",
    "bias": "a bias per point or label",
    "isotonic": "isotonic regression [@zadrozny2002]",
    "mixture": "a mixture with the human average, that is, the mean human distribution",
    "vector": "vector scaling [@guo2017]",
    "dirichlet": "Dirichlet calibration [@kull2019]",
    "cumulative_logit": "a cumulative-logit map [@mccullagh1980]",
}

Cells = Sequence[tuple[str, ...]]
"""The keys of cells: their values of CELL_ORDER."""

_ABSENT = "No calibration method was tried: {why}."


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
    shown = grid("calibration-table", "Effect of calibration", rows, columns(job), CALIBRATION)
    of_labels = any(card.labels for card in job.datasets.values())
    values = {
        "grid": shown,
        "published": PUBLISHED if of_labels else None,
        "folds": settings.folds,
    }
    return View(
        values, findings=list(findings(judged, job)), methods=[method(settings, judged, results)]
    )


def columns(job: ReportJob) -> tuple[Column, ...]:
    """The columns of a cell and a method."""
    return (
        model_column(job),
        text("Protocol", "protocol"),
        scale_column(job),
        readout(),
        Column("Method", lambda row: NAMES[row["method"]], "method", numeric=False),
        count("Rank", "rank", "By cross-validated JSD, among the methods of the condition."),
        count("Items", "n_items", "Items rated by both people and model."),
        _change("JSD", "jsd", "From the human distributions, in bits; before → after calibration."),
        Column(
            "Reduction of JSD [95% CI]",
            _gain,
            "gain",
            meaning="As a percentage of the mean JSD before calibration; BCa bootstrap over items.",
        ),
        p(
            "p (Holm)",
            "p_holm",
            "Of the change in JSD, adjusted over the methods of the condition.",
        ),
        Column(
            "Against the human average [95% CI]",
            _beyond,
            "beyond_marginal",
            meaning="JSD minus that of the human average alone, in bits. Below 0: the answers add "
            "information about single items.",
        ),
        _change(
            "NLL",
            "nll",
            "Negative log-likelihood of a human rating, in bits: a proper score.",
            optional=True,
        ),
        _change(
            "NLL by label",
            "bernoulli_nll",
            "Negative log-likelihood of a rater choosing a label or not, in bits, averaged over "
            "labels: a proper score.",
            optional=True,
        ),
        _change("RPS", "rps", "Ranked probability score; scales of numbers only.", optional=True),
        _change("Brier", "brier", "Squared difference by label; labels only.", optional=True),
        reason(),
    )


def findings(rows: pd.DataFrame, job: ReportJob) -> Iterator[list[str]]:
    """A paragraph for each scale: the gain of the best method of each cell, and the part of the
    model in it."""
    tried = rows[rows["method"].isin(METHODS)]
    for (dataset, scale), cells in groups(tried, ["dataset", "scale"], sort=False):
        best = cells.loc[cells.groupby(CELL_ORDER)["jsd_after"].idxmin()]
        where = f"{job.datasets[dataset].title}, {scale}"
        useless = _useless(cells)
        message = _gains(best, where, cells["method"].nunique(), useless)
        sentences = [message, *_ends(best.dropna(subset="gain"), job)]
        marginal = rows[rows["method"] == "marginal"].set_index(CELL_ORDER)["jsd_after"]
        own = [tuple(cell[name] for name in CELL_ORDER) for cell in records(best)]
        if alone := span(marginal.reindex(own), 3):
            sentences.append(
                "The human average alone (the mean human distribution over other items, which "
                f"needs no model) diverges by {alone} bits."
            )
        if useless:
            sentences.append(_no_information(useless, best, job))
        yield Finding(sentences, dataset=dataset, scale=scale)


def _gains(best: pd.DataFrame, where: str, n_methods: int, useless: Cells) -> str:
    """In how many cells the best method is nearer to people than the model as it is, and in how
    many of these not nearer than the human average."""
    # The test of a method is adjusted over all methods of its cell.
    clear = best[(best["p_holm"] < SMALL) & (best["gain"] > 0)]
    if clear.empty:
        return (
            f"Cross-validated calibration ({where}): no method clearly reduced the divergence from "
            "the human distributions."
        )
    gains = span(100 * clear["gain"], 0).replace(" to ", "–")
    conditions_clear = ""
    if len(best) > 1:
        conditions_clear = f" in {out_of(len(clear), len(best))} conditions"
    keys = map(tuple, clear[CELL_ORDER].to_numpy())
    without = sum(key in useless for key in keys)
    where_without = "in none of them" if without == len(clear) else f"in {without} of them not"
    but = f", but {where_without} clearly below that of the human average, which needs no model"
    if len(clear) == 1:
        but = ", but not clearly below that of the human average, which needs no model"
    but = but if without else ""
    return (
        f"Cross-validated calibration ({where}) reduced the divergence from the human "
        f"distributions by {gains}%{conditions_clear} (best of {counted(n_methods, 'method')}"
        f"{' per condition' if len(best) > 1 else ''}; Holm-adjusted p < .05){but}."
    )


def _ends(best: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """The divergence before and after, cell by cell where they are few; nothing of models that say
    just what people do, which leaves nothing to reduce."""
    if len(best) > FEW:
        before, after = span(best["jsd_before"], 3), span(best["jsd_after"], 3)
        least, *_, most = records(best.sort_values(["gain", *CELL_ORDER]))
        yield (
            f"The mean Jensen–Shannon divergence was {before} bits before calibration and {after} "
            f"bits after it. The reduction ranged from {_reduction(least)}, for "
            f"{conditions(job, [least])} to {_reduction(most)}, for {conditions(job, [most])}."
        )
        return
    for cell in records(best):
        yield (
            f"For {conditions(job, [cell])}, the mean Jensen–Shannon divergence was "
            f"{number(cell['jsd_before'], 3)} bits before and {number(cell['jsd_after'], 3)} bits "
            f"after calibration by {_in_a_sentence(cell['method'])} ({_reduced(cell)})."
        )


def _reduced(cell: Row) -> str:
    """The gain of a cell, which may be a loss."""
    if round(100 * cell["gain"]) >= 0:
        return f"reduction {_reduction(cell)}"
    turned = {"gain": -cell["gain"], "gain_low": -cell["gain_high"], "gain_high": -cell["gain_low"]}
    return f"increase {_reduction(turned)}"


def _reduction(cell: Row) -> str:
    """The gain of a cell with its interval, in percent."""
    ends = percents(cell)
    return ", ".join(filter(None, (f"{number(100 * cell['gain'], 0)}%", ends and f"95% CI {ends}")))


def percents(cell: Row) -> str:
    """The interval of a gain, in percent; nothing where there is none."""
    low, high = cell["gain_low"], cell["gain_high"]
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"[{number(100 * low, 0)}%, {number(100 * high, 0)}%]"


def _useless(cells: pd.DataFrame) -> Cells:
    """The cells in which no method is nearer to people than the human average."""
    known = cells.dropna(subset=["beyond_marginal_high"])
    clear = known["beyond_marginal_high"].lt(0)
    of_cell = clear.groupby([known[name] for name in CELL_ORDER]).any()
    return list(of_cell.index[~of_cell])


def _no_information(useless: Cells, best: pd.DataFrame, job: ReportJob) -> str:
    """What it means that no method is nearer to people than the human average in some cells."""
    if len(best) == 1:
        where = "Here"
    elif len(useless) > FEW:
        where = f"In {out_of(len(useless), len(best))} conditions"
    else:
        cells_of = [dict(zip(CELL_ORDER, key, strict=True)) for key in useless]
        where = f"For {conditions(job, cells_of)}"
    return (
        f"{where}, no method came clearly closer than that: no usable item-level information was "
        "found in the answers."
    )


def method(settings: CalibrationSettings, judged: pd.DataFrame, results: Results) -> str:
    """The paragraph on calibration in the section on methods, on what was tried in the study."""
    tried = set(judged["method"])
    names = [CITED[name] for name in settings.methods if name in tried]
    labels = {
        (dataset, scale) for dataset, card in results.job.datasets.items() for scale in card.labels
    }
    places = set(
        judged.loc[judged["method"] == "vector", ["dataset", "scale"]].itertuples(
            index=False, name=None
        )
    )
    of_labels = (
        " For labels, vector scaling is a logistic map of each label [@platt1999]."
        if labels & places
        else ""
    )
    apart = "" if not results.clustered else " that keeps items of one cluster together"
    return (
        "In each condition with enough items rated by people, the model's distributions were "
        f"calibrated to the human ones by {listed(names)}.{of_labels} Each method was fitted on "
        f"some of the items and evaluated on the others ({settings.folds}-fold cross-validation"
        f"{apart}); smoothing and penalties were chosen "
        f"by likelihood in {settings.inner_folds} inner folds. Its gain is the relative reduction "
        "of the mean Jensen–Shannon divergence [@inoshita2026], with BCa bootstrap intervals over "
        "items [@efron1987]; p-values are from randomly flipping the signs of the items' changes "
        "and were adjusted over the methods of a condition [@holm1979]."
    )


def _in_a_sentence(name: str) -> str:
    return NAMES[name] if name == "dirichlet" else NAMES[name][0].lower() + NAMES[name][1:]


def _change(title: str, name: str, meaning: str, optional: bool = False) -> Column:
    """A score before and after calibration."""

    def shown(row: Row) -> str:
        if math.isnan(row[f"{name}_after"]):
            return "" if optional else "–"
        before, after = (number(row[f"{name}_{side}"], 3) for side in ("before", "after"))
        return after if row["method"] == "none" else f"{before} → {after}"

    return Column(title, shown, f"{name}_after", meaning=meaning, optional=optional)


def _gain(row: Row) -> str:
    if row["method"] == "none":
        return ""
    return f"{number(100 * row['gain'], 0)}% {percents(row)}".rstrip()


def _beyond(row: Row) -> str:
    if row["method"] == "marginal":
        return ""
    ends = interval(row["beyond_marginal_low"], row["beyond_marginal_high"], 3)
    return f"{number(row['beyond_marginal'], 3)} {ends}".rstrip()


SECTION = Section(
    id="calibration",
    heading="How much closer to the human distributions can calibration bring the answers?",
    label="Calibration",
    view=_view,
    figures=("calibration",),
)
