"""The first screen of the report: ranks, headline, figure and worries; and the order of all."""

from __future__ import annotations

import base64
import gzip
import re
from datetime import date
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import orjson
import pandas as pd
import pytest

from emoalign.analyses.alignment.in_words import findings
from emoalign.analyses.catalogue import FIGURES
from emoalign.planning.jobs import reported
from emoalign.report.first_screen.asked import asked
from emoalign.report.first_screen.dots import R, dot_plot
from emoalign.report.first_screen.headline import beside, correlations, of_correlations
from emoalign.report.first_screen.opening import chosen_by, told_rankings
from emoalign.report.first_screen.ranks import Ranking, rankings, ranks
from emoalign.report.first_screen.worries import worries
from emoalign.report.grid import in_order
from emoalign.report.page import FEW_FINDINGS, MANY_FINDINGS, _date, _findings
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Results, View
from emoalign.tables import (
    ALIGNMENT,
    CELL_KEY,
    CONTRASTS,
    DISTRIBUTION_CONTRASTS,
    READOUTS,
    STATUSES,
)
from tests.kit.ratings import norms, rating_rows, ratings
from tests.kit.stages import make_page
from tests.kit.words import report_job, study

Clear = dict[tuple[str, str], bool | None]
"""Pairs of models: whether the first is nearer to people (True), the second (False), or nothing
could be tested (None); of other pairs nothing is clear."""


def contrasts(names: str, clear: Clear, **told: object) -> pd.DataFrame:
    """Contrasts of r of all pairs of models, named by letters."""
    rows = []
    for a, b in combinations(names, 2):
        won = clear.get((a, b), "unclear")
        difference = {True: 0.3, False: -0.3}.get(won, 0.1)  # type: ignore[call-overload]
        told_apart = won in (True, False)
        rows.append(
            dict.fromkeys(CONTRASTS.schema.names, np.nan)
            | {"kind": "model", "within": "p", "dataset": "words", "scale": "valence"}
            | {"a": a, "b": b, "readout": "sampled", "difference": difference}
            | {"difference_low": difference - 0.2, "difference_high": difference + 0.2}
            | {"p_holm": np.nan if won is None else 0.001 if told_apart else 0.4}
            | told
        )
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("names", "clear", "words"),
    [
        ("abc", {("a", "b"): True, ("a", "c"): True, ("b", "c"): True}, "1 A; 2 B; 3 C"),
        ("abc", {("a", "b"): False, ("a", "c"): False, ("b", "c"): False}, "1 C; 2 B; 3 A"),
        (
            "abcd",
            {pair: True for pair in combinations("abcd", 2) if pair != ("b", "c")},
            "1 A; 2–3 B and C (tied); 4 D",
        ),
        ("abc", {("a", "c"): True}, "1–2 A; 1–3 B; 2–3 C"),
        ("abc", {("a", "b"): True, ("b", "c"): True}, "1–2 A; 2 B; 2–3 C"),
        (
            "abc",
            {("a", "b"): True, ("b", "c"): True, ("a", "c"): False},
            "2 A, B and C (tied)",
        ),
        ("abc", {("a", "b"): True, ("a", "c"): None, ("b", "c"): True}, "1–2 A; 2 B; 2–3 C"),
        ("ab", {}, "1–2 A and B (tied)"),
    ],
    ids=["clear", "reversed", "a tie", "intransitive", "gap", "circle", "untested", "nothing"],
)
def test_ranks_are_those_that_paired_contrasts_leave_open(
    names: str, clear: Clear, words: str
) -> None:
    found = ranks(list(names), contrasts(names, clear))
    ranking = Ranking("words", "valence", "p", "sampled", found)
    assert ranking.words({name: name.upper() for name in names}) == words
    assert ranking.tells == (words != "1–2 A and B (tied)")


def test_no_rank_contradicts_a_clear_contrast_whatever_the_contrasts_are() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        pairs = list(combinations("abcde", 2))
        clear: Clear = {pair: bool(rng.integers(2)) for pair in pairs if rng.random() < 0.6}
        found = {rank.name: rank for rank in ranks(list("abcde"), contrasts("abcde", clear))}
        for rank in found.values():
            nearer = sum(
                won != (rank.name == a) for (a, b), won in clear.items() if rank.name in (a, b)
            )
            farther = sum(
                won == (rank.name == a) for (a, b), won in clear.items() if rank.name in (a, b)
            )
            assert (rank.best, rank.worst) == (1 + nearer, 5 - farther)
            assert rank.best <= rank.worst


def test_a_model_is_nearer_only_by_every_metric() -> None:
    lower_is_nearer = {"signedrank_z": -4.0, "difference": -0.3, "p_holm": 0.001}
    lower_is_nearer |= {"difference_low": -0.4, "difference_high": -0.2}
    agreed = [contrasts("ab", {}, metric=name, **lower_is_nearer) for name in ("jsd", "brier")]
    undecided = contrasts("ab", {}, metric="brier", **lower_is_nearer | {"p_holm": 0.4})
    assert [one.shown for one in ranks(["a", "b"], pd.concat(agreed))] == ["1", "2"]
    mixed = pd.concat([agreed[0], undecided])
    assert [one.shown for one in ranks(["a", "b"], mixed)] == ["1–2", "1–2"]


def test_models_are_ranked_by_exact_probabilities_where_these_can_be_compared() -> None:
    sampled = contrasts("ab", {("a", "b"): True})
    exact = contrasts("ab", {("a", "b"): False}, readout="exact")
    untested = exact.assign(p_holm=np.nan)
    [by_exact] = rankings(pd.concat([sampled, exact]), ["a", "b"])
    [by_sampled] = rankings(pd.concat([sampled, untested]), ["a", "b"])
    assert (by_exact.readout, by_exact.ranks[0].name) == ("exact", "b")
    assert (by_sampled.readout, by_sampled.ranks[0].name) == ("sampled", "a")
    of_another = pd.concat([sampled.assign(scale="arousal"), sampled, exact])
    assert [one.scale for one in rankings(of_another, ["a", "b"])] == ["arousal", "valence"]


COUNTS = {f"n_{status}": 300 if status == "ok" else 0 for status in STATUSES}


def cells(*rows: dict[str, Any]) -> pd.DataFrame:
    """Rows of alignment: of model a under p on valence, unless they say otherwise."""
    base = dict.fromkeys(ALIGNMENT.schema.names, np.nan) | {
        **{"model": "a", "protocol": "p", "dataset": "words", "scale": "valence"},
        **{"readout": "sampled", "n_items": 300, "ceiling": 0.98, "one_rating_r": 0.8},
    }
    made = pd.DataFrame([base | row for row in rows])
    ends = {"pearson_low": made["pearson_r"] - 0.05, "pearson_high": made["pearson_r"] + 0.05}
    return made.assign(**{name: made[name].fillna(end) for name, end in ends.items()})


def job(models: str = "ab", protocols: str = "pq", **told: Any) -> ReportJob:
    """What the report is told of a study whose names are letters."""
    named = {name: f"Model {name.upper()}" for name in models}
    return report_job(models=named, protocols=tuple(protocols), **told)


def test_the_headline_is_the_protocol_with_the_highest_r_and_says_how_many_were_tried() -> None:
    rows = of_correlations(
        cells(
            {"protocol": "p", "pearson_r": 0.3},
            {"protocol": "q", "pearson_r": 0.6},
            {"model": "b", "protocol": "q", "pearson_r": 0.2},
        ),
        job(),
    )
    chosen = rows[rows["chosen"]]
    assert list(zip(chosen["model"], chosen["protocol"], chosen["tried"], strict=True)) == [
        ("a", "q", 2),
        ("b", "q", 1),
    ]
    assert list(chosen["person"]) == [0.8, 0.8]


def test_exact_probabilities_stand_for_a_protocol_even_where_sampled_answers_come_nearer() -> None:
    rows = of_correlations(
        cells(
            {"readout": "exact", "pearson_r": 0.3},
            {"readout": "sampled", "pearson_r": 0.9},
            {"protocol": "q", "pearson_r": 0.4},
        ),
        job(),
    )
    assert dict(zip(rows["protocol"], rows["readout"], strict=True)) == {
        "p": "exact",
        "q": "sampled",
    }
    assert list(rows[rows["chosen"]]["protocol"]) == ["q"]


def test_decisions_beside_exact_probabilities_are_told_apart() -> None:
    rows = of_correlations(
        cells(
            {"readout": "decision", "pearson_r": 0.5},
            {"readout": "exact", "pearson_r": 0.3},
            {"readout": "sampled", "pearson_r": 0.9},
            {"protocol": "q", "pearson_r": 0.4},
        ),
        job("a"),
    )
    plot = dot_plot(rows, R, job("a"))
    assert plot is not None
    names = [dot.name for panel in plot.panels for dot in panel.dots]
    assert names == ["p (decision)", "q", "p (exact)"]
    (note,) = chosen_by(rows, rows.iloc[:0])
    assert "highest r of the 3 tried" in note
    assert note.endswith("sampled answers otherwise; decisions count as a protocol of their own.")
    (note,) = chosen_by(rows[rows["readout"] != "decision"].assign(chosen=True), rows.iloc[:0])
    assert note.endswith("sampled answers otherwise.")


def test_a_model_without_a_correlation_has_a_row_and_no_dot() -> None:
    rows = of_correlations(
        cells({"pearson_r": np.nan}, {"protocol": "q", "pearson_r": np.nan}), job()
    )
    assert list(rows[rows["chosen"]]["protocol"]) == ["p"]
    assert correlations(beside(rows[rows["chosen"]], {}, []), job()).texts[0][3] == "–"
    assert dot_plot(rows, R, job()) is None


def test_ranks_stand_in_the_table_only_beside_the_condition_they_are_of() -> None:
    of_p = list(rankings(contrasts("ab", {("a", "b"): True}), ["a", "b"]))
    alike = cells({"pearson_r": 0.6}, {"model": "b", "pearson_r": 0.3})
    unlike = cells({"pearson_r": 0.6}, {"model": "b", "protocol": "q", "pearson_r": 0.3})
    assert list(beside(alike, {}, of_p)["rank"]) == ["1", "2"]
    assert list(beside(unlike, {}, of_p)["rank"]) == ["", ""]
    shown = correlations(beside(of_correlations(unlike, job()), {}, of_p), job())
    assert "Rank" not in [column.title for column in shown.columns]


@pytest.mark.parametrize(
    ("models", "protocols", "scales", "panels", "rows", "small"),
    [
        (1, 1, 1, 1, 1, None),
        (1, 3, 1, 1, 3, None),
        (1, 3, 2, 2, 3, None),
        (4, 1, 2, 2, 4, None),
        (4, 3, 2, 2, 4, "protocols"),
        (20, 1, 1, 1, 20, None),
        (60, 1, 1, 1, 60, None),
        (1, 1, 35, 1, 35, None),
        (2, 2, 9, 2, 9, "protocols"),
        (20, 1, 3, 1, 20, "scales"),
        (20, 2, 35, 1, 20, "scales"),
    ],
)
def test_the_figure_can_be_read_at_every_size_of_study(
    models: int, protocols: int, scales: int, panels: int, rows: int, small: str | None
) -> None:
    names = [f"m{place:02d}" for place in range(models)]
    asked, of = (
        [f"p{place}" for place in range(protocols)],
        [f"s{place:02d}" for place in range(scales)],
    )
    rng = np.random.default_rng(1)
    made = cells(
        *(
            {
                "model": model,
                "protocol": protocol,
                "scale": scale,
                "pearson_r": rng.uniform(-0.2, 0.9),
            }
            for model in names
            for protocol in asked
            for scale in of
        )
    )
    told = report_job(
        models=dict(zip(names, names, strict=True)), protocols=tuple(asked), scales=tuple(of)
    )
    plot = dot_plot(of_correlations(made, told), R, told)
    assert plot is not None
    assert [len(panel.dots) for panel in plot.panels] == [rows] * panels
    assert plot.small == small
    assert plot.has("small") == (small is not None)
    at = [dot.at for panel in plot.panels for dot in panel.dots]
    assert all(0 <= place <= 100 for place in at)
    if panels == 1 and scales in (1, 3):
        assert at == sorted(at, reverse=True)


NO_CONTRASTS = pd.DataFrame(columns=DISTRIBUTION_CONTRASTS.schema.names)
NO_READOUTS = pd.DataFrame(columns=READOUTS.schema.names)
FINE = cells({"pearson_r": 0.7})
KEY = ("a", "p", "words", "valence", "sampled")


def answered(**told: Any) -> pd.DataFrame:
    """Answers of a cell by status: ten about each of 30 items."""
    row = dict(zip(CELL_KEY, KEY, strict=True)) | {f"n_{status}": 0 for status in STATUSES}
    return pd.DataFrame([row | {"answers": 300, "answered": 30} | told])


def guess(**told: Any) -> pd.DataFrame:
    """A contrast of a cell with the uniform guess, which is nearer to people."""
    row = dict.fromkeys(DISTRIBUTION_CONTRASTS.schema.names, np.nan) | {
        **{"kind": "guess", "within": "p", "a": "a", "b": "uniform", "metric": "jsd"},
        **{"dataset": "words", "scale": "valence", "readout": "sampled", "p_holm": 0.001},
        **{"mean_a": 0.64, "mean_b": 0.45, "difference": 0.19, "signedrank_z": 4.0},
        **{"difference_low": 0.1, "difference_high": 0.3},
    }
    return pd.DataFrame([row | told])


def both(**told: Any) -> pd.DataFrame:
    """A cell whose sampled answers and exact probabilities disagree, on a scale from 1 to 9."""
    row = dict.fromkeys(READOUTS.schema.names, np.nan) | {
        **{"model": "a", "protocol": "p", "dataset": "words", "scale": "valence"},
        **{"readout_a": "sampled", "readout_b": "exact", "p_pooled": 0.001, "r_means": 0.05},
        **{"mean_abs_difference": 1.79, "mean_abs_difference_least": 1.79},
    }
    return pd.DataFrame([row | told])


OPEN = {"undecided_mass": 0.13, "mean_width": 2.4, "pearson_least": -0.1, "pearson_most": 0.7}


@pytest.mark.parametrize(
    ("told", "sentences"),
    [
        ({}, []),
        ({"usable": {KEY: 0.9}}, []),
        (
            {"usable": {KEY: 0.29}, "counts": answered(n_truncated=200, n_refusal=13)},
            [
                "Only 29% of the answers are ratings, for Model A: 67% of the answers were cut off "
                "at 4 tokens."
            ],
        ),
        (
            {"usable": {KEY: 0.0}, "counts": answered(n_refusal=300)},
            ["No answers are ratings, for Model A: all were refused by the model."],
        ),
        (
            {
                "usable": {(*KEY[:-1], "stated"): 0.4},
                "counts": answered(readout="stated", n_unparsable=180),
            },
            [
                "Only 40% of the answers are distributions, for Model A: 60% of the answers were "
                "unreadable."
            ],
        ),
        # One statement has a spread: it is a distribution.
        ({"counts": answered(readout="stated", answers=30)}, []),
        (
            {"alignment": cells({"rmse": 1.5, "rmse_constant": 1.25})},
            [
                "Giving every item the average human rating would be closer to people than the "
                "mean ratings by Model A are (RMSE 1.25 against 1.50)."
            ],
        ),
        ({"alignment": cells({"rmse": 1.2, "rmse_constant": 1.25})}, []),
        (
            {
                "alignment": cells(
                    {"rmse": 1.2, "rmse_constant": 1.25},
                    {"model": "b", "rmse": 1.5, "rmse_constant": 1.25},
                    {"model": "b", "protocol": "q"},
                )
            },
            [
                "In 1 of 2 conditions, giving every item the average human rating would be closer "
                "to people than the mean ratings of the model are (RMSE)."
            ],
        ),
        (
            {"counts": answered(answers=30)},
            [
                "Each item has a single answer of the model, so the spread and the reliability of "
                "its ratings are unknown."
            ],
        ),
        ({"counts": answered(answers=30), "usable": {(*KEY[:-1], "exact"): 1.0}}, []),
        (
            {"counts": pd.concat([answered(answers=30), answered(model="b")])},
            [
                "In 1 of 2 conditions, each item has a single answer of the model, so the spread "
                "and the reliability of its ratings are unknown."
            ],
        ),
        ({"usable": {KEY: np.nan}}, []),
        ({"usable": {KEY: 0.29}}, ["Only 29% of the answers are ratings, for Model A."]),
        ({"usable": {KEY: 0.0}}, ["No answers are ratings, for Model A."]),
        (
            {"usable": {KEY: 1.0, ("b", *KEY[1:]): 0.5}},
            [
                "In 1 of 2 conditions, fewer than 90% of the answers are ratings; the lowest share "
                "is 50%, for Model B."
            ],
        ),
        (
            {"usable": {(*KEY[:-1], "exact"): 0.1, KEY: 0.5}},
            [
                "In both conditions, fewer than 90% of the answers are ratings, or less than 90% "
                "of the returned probability is on the scale; the lowest share is 10%, for Model A."
            ],
        ),
        (
            {"doubts": ["All replies are alike. Look at them.", "So are these."]},
            ["All replies are alike, and there is 1 more doubt."],
        ),
        (
            {"contrasts": guess()},
            [
                "A uniform guess is closer to the human distributions than Model A, by JSD (0.45 "
                "against 0.64)."
            ],
        ),
        ({"contrasts": guess(difference=-0.19, signedrank_z=-4.0, difference_high=-0.1)}, []),
        ({"contrasts": guess(p_holm=0.2)}, []),
        ({"contrasts": guess(b="marginal")}, []),
        (
            {"contrasts": pd.concat([guess(), guess(a="b", p_holm=0.2)])},
            [
                "A uniform guess is closer to the human distributions than the model is, by at "
                "least one metric, in 1 of 2 conditions."
            ],
        ),
        (
            {"readouts": both()},
            [
                "Sampled answers and exact probabilities disagree for Model A: item means differ "
                "by 1.79 points on average (r = .05)."
            ],
        ),
        ({"readouts": both(p_pooled=0.2)}, []),
        ({"readouts": both(mean_abs_difference_least=0.3)}, []),
        ({"readouts": both(p_pooled=np.nan)}, []),
        (
            {
                "readouts": pd.concat(
                    [
                        both(),
                        both(readout_b="decision", mean_abs_difference_least=2.0),
                        both(readout_a="exact", readout_b="decision", p_pooled=np.nan),
                    ]
                )
            },
            [
                "Readouts disagree in all 3 comparisons, most of all sampled answers and decisions "
                "for Model A: item means differ by 1.79 points on average (r = .05)."
            ],
        ),
        (
            {"readouts": both(readout_a="exact", readout_b="decision", p_pooled=np.nan)},
            [
                "Exact probabilities and decisions disagree for Model A: item means differ by 1.79 "
                "points on average (r = .05)."
            ],
        ),
        (
            {"alignment": cells(OPEN)},
            [
                "For Model A, 13% of the probability was not returned: bounds of item means are "
                "2.40 points apart on average, and r with human means is between −.10 and .70."
            ],
        ),
        ({"alignment": cells(OPEN | {"mean_width": 0.3})}, []),
        (
            {"headline": cells({"pearson_r": 0.3, "pearson_low": 0.05, "pearson_high": 0.52})},
            [
                "The 95% interval of r is wide for Model A: r = .30, 95% CI [.05, .52], over 300 "
                "words."
            ],
        ),
        ({"headline": cells({"pearson_r": np.nan})}, []),
    ],
)
def test_a_worry_is_told_where_there_is_one_and_none_is_made_up(
    told: dict[str, Any], sentences: list[str]
) -> None:
    found = worried(**told)
    assert found == sentences


def worried(**told: Any) -> list[str]:
    """The worries about a study in which all is well but for what is told."""
    fine = {"headline": FINE, "usable": {}, "doubts": [], "contrasts": NO_CONTRASTS}
    fine |= {"alignment": FINE, "counts": answered()}
    of = fine | {"readouts": NO_READOUTS, "job": job(protocols="p")} | told
    return [one.sentence for one in worries(**of)]


def test_the_three_most_severe_worries_come_first() -> None:
    wide = cells({"pearson_r": 0.3, "pearson_low": 0.0, "pearson_high": 0.6})
    every = {"usable": {KEY: 0.2}, "contrasts": guess(), "readouts": both(), "headline": wide}
    found = worried(**every)
    assert [one.split(" ")[0] for one in found] == ["Only", "A", "Sampled"]
    assert worried(**every, doubts=["Copies."])[1] == "Copies."


def test_report_and_figures_follow_the_order_of_the_study() -> None:
    told = study(
        models=("b", "a"),
        protocols=("q", "p"),
        datasets=("words", "other"),
        scales=("valence", "arousal"),
    )
    job = reported(told)
    assert job.order == {
        "dataset": ["words", "other"],
        "scale": ["valence", "arousal"],
        "model": ["b", "a"],
        "protocol": ["q", "p"],
        "readout": ["sampled"],
    }
    drawn = job.drawing()
    assert list(drawn.models) == ["b", "a"]
    assert list(drawn.datasets) == ["words", "other"]
    assert list(drawn.datasets["words"].scales) == ["valence", "arousal"]
    assert list(drawn.protocols) == ["q", "p"]


def test_rows_are_in_the_order_of_the_study_and_strangers_last() -> None:
    names = ["dataset", "scale", "model", "protocol", "readout"]
    given = [
        ("words", "arousal", "a", "p", "sampled"),
        ("words", "valence", "stranger", "p", "sampled"),
        ("words", "valence", "a", "q", "sampled"),
        ("words", "valence", "a", "q", "exact"),
        ("words", "valence", "b", "p", "sampled"),
    ]
    told = report_job(models=("b", "a"), protocols=("q", "p"), scales=("valence", "arousal"))
    rows = in_order(pd.DataFrame(given, columns=names), told)
    assert list(rows[names].itertuples(index=False, name=None)) == [
        ("words", "valence", "b", "p", "sampled"),
        ("words", "valence", "a", "q", "sampled"),
        ("words", "valence", "a", "q", "exact"),
        ("words", "valence", "stranger", "p", "sampled"),
        ("words", "arousal", "a", "p", "sampled"),
    ]
    with_no_cells = pd.DataFrame({"check": ["x"]})
    assert in_order(with_no_cells, told) is with_no_cells


def test_many_findings_of_a_section_are_folded_or_left_to_its_tables() -> None:
    def view(n: int, *, summed: bool = False) -> View:
        return View({}, [[f"{n}-{place}"] for place in range(n)], summed=summed)

    few = view(FEW_FINDINGS)
    assert _findings([few, view(1)]) == ([*few.findings, ["1-0"]], [], 0)
    some = view(FEW_FINDINGS + 1, summed=True)
    assert _findings([some]) == (some.findings[:1], some.findings[1:], 0)
    assert _findings([view(FEW_FINDINGS + 1)])[0] == []
    many = view(MANY_FINDINGS + 2, summed=True)
    assert _findings([many]) == (many.findings[:1], [], MANY_FINDINGS + 1)


def test_a_finding_says_what_it_is_about_to_the_filters_of_the_page() -> None:
    telling = cells({"pearson_r": 0.6}, {"model": "b", "pearson_r": 0.3})
    none = pd.DataFrame(columns=CONTRASTS.schema.names)
    found = [finding.about for finding in findings(telling.assign(**COUNTS), none, job())]
    assert found == [
        {"dataset": "words", "scale": "valence", "model": "a"},
        {"dataset": "words", "scale": "valence", "model": "b"},
    ]


@pytest.mark.parametrize(
    ("manifest", "date"),
    [('{"date": "2026-11-28"}', "2026-11-28"), ('{"emoalign": "0.1.0"}', None), (None, None)],
)
def test_a_report_is_of_the_day_of_its_manifest(
    tmp_path: Path, manifest: str | None, date: str | None
) -> None:
    if manifest is not None:
        (tmp_path / "manifest.json").write_text(manifest)
    assert _date(tmp_path / "manifest.json") == date


def test_findings_tables_and_filters_of_a_page_are_in_the_order_of_the_study(
    tmp_path: Path,
) -> None:
    named = {"models": {"b": "Bea", "a": "Ann"}, "scales": ("valence", "arousal")}
    told = study(protocols={"p": {"participants": 10}}, **named)
    people = {
        scale: norms(12, scale=scale, seed=seed) for seed, scale in enumerate(named["scales"])
    }
    answers = [
        rating_rows(ratings(of_scale, noise), model=model, scale=scale)
        for scale, of_scale in people.items()
        for model, noise in (("a", 1.0), ("b", 3.0))
    ]
    html = make_page(tmp_path, told, pd.concat(answers), pd.concat(people.values()))
    wanted = [("valence", "Bea"), ("valence", "Ann"), ("arousal", "Bea"), ("arousal", "Ann")]
    findings = html[html.index('<section id="findings"') : html.index('id="models"')]
    about = re.findall(r'data-scale="(\w+)" data-model="(\w+)"', findings)
    assert about == [(scale, name[0].lower()) for scale, name in wanted]
    for table in ("headline-table", "alignment-table"):
        body = html[html.index(f'<table id="{table}"') :]
        rows = re.findall(r"<tr>.*?</tr>", body[: body.index("</table>")], re.DOTALL)[1:]
        assert [
            (scale, name) for row in rows for scale, name in wanted if scale in row and name in row
        ] == wanted
    [packed] = re.findall(r'id="names">(.*?)</script>', html)
    names = orjson.loads(gzip.decompress(base64.b64decode(packed)))
    assert list(names["model"]) == ["b", "a"]
    assert list(names["scale"]) == ["valence", "arousal"]


def test_figures_are_shown_in_the_order_of_the_study(tmp_path: Path) -> None:
    scales = ("valence", "arousal")
    job = report_job(datasets=("words", "other"), scales=scales, figures=["means", "spread"])
    planned = Results(job, tmp_path, kinds=FIGURES).planned_figures
    kinds = list(dict.fromkeys(figure.kind.name for figure in planned))
    assert [(figure.kind.name, figure.dataset, figure.scale) for figure in planned] == [
        (kind, dataset, scale)
        for kind in kinds
        for dataset in ("words", "other")
        for scale in scales
    ]


DAYS = {"a": (date(2026, 3, 3), date(2026, 3, 5)), "b": (date(2026, 3, 4), date(2026, 11, 28))}


@pytest.mark.parametrize(
    ("told", "received", "n_items", "sentences"),
    [
        (
            {"models": {"a": "Ann"}},
            {},
            30,
            [
                "Ann was asked to rate 30 words (Words) on valence, with "
                "20 sampled answers per item."
            ],
        ),
        (
            {"models": {"a": "Ann", "b": "Bea"}, "scales": ("valence", "arousal")},
            DAYS,
            30,
            [
                "Ann and Bea were asked to rate 30 words (Words) on valence and arousal, with "
                "20 sampled answers per item and scale.",
                "Answers were collected from 3 March 2026 to 28 November 2026 (UTC).",
            ],
        ),
        (
            {"models": {f"m{n}": f"Model {n}" for n in range(5)}, "protocols": ("p", "q")},
            {"m1": (date(2026, 3, 3), date(2026, 3, 3))},
            30,
            [
                "5 models were asked to rate 30 words (Words) on valence in 2 ways (protocols), "
                "with 20 sampled answers per item.",
                "Answers were collected on 3 March 2026 (UTC).",
            ],
        ),
        (
            {
                "models": {"a": "Ann"},
                "datasets": tuple("vwxyz"),
                "scales": ("joy", "fear", "anger", "valence", "arousal"),
                "readouts": ("sampled", "exact"),
            },
            {},
            30,
            [
                "Ann was asked to rate 150 items from 5 datasets on 5 scales, with 20 sampled "
                "answers per item and scale and the exact probability of each rating."
            ],
        ),
        (
            {
                "models": {"a": "Ann"},
                "protocols": {
                    "p": {"readouts": ["sampled", "exact"], "participants": 20},
                    "q": {"readouts": ["exact"], "participants": None},
                },
            },
            {},
            30,
            [
                "Ann was asked to rate 30 words (Words) on valence in 2 ways (protocols), with 20 "
                "sampled answers per item in 1 of 2 and the exact probability of each rating in "
                "both."
            ],
        ),
    ],
)
def test_the_report_opens_with_who_was_asked_what(
    told: dict[str, Any],
    received: dict[str, tuple[date, date]],
    n_items: int,
    sentences: list[str],
) -> None:
    job = report_job(**told)
    results = SimpleNamespace(
        job=job,
        stimuli=lambda _: range(n_items),
        answers=SimpleNamespace(received=received, counts=pd.DataFrame()),
    )
    compared = pd.DataFrame({"dataset": list(job.datasets), "n_items": n_items})
    assert list(asked(cast(Results, results), compared)) == sentences


@pytest.mark.parametrize(
    ("protocols", "scales", "told"),
    [
        ("p", 1, ["Words, s0, p (sampled answers)"]),
        ("pq", 2, [f"Words, s{n}, {name} (sampled answers)" for n in (0, 1) for name in "pq"]),
        ("pqr", 2, [f"Words, s{n}, q (sampled answers)" for n in (0, 1)]),
        ("p", 5, []),
        ("pq", 5, []),
    ],
)
def test_rankings_are_told_where_they_are_few(protocols: str, scales: int, told: list[str]) -> None:
    of = [f"s{n}" for n in range(scales)]
    clear: Clear = {("a", "b"): True}
    made = [contrasts("ab", clear, within=one, scale=scale) for scale in of for one in protocols]
    shown = cells(
        *({"model": name, "protocol": "q", "scale": scale} for name in "ab" for scale in of)
    )
    every = list(rankings(pd.concat(made), ["a", "b"]))
    found = list(told_rankings(every, shown, job(protocols="pqr", scales=tuple(of))))
    assert [one.where for one in found] == told
    assert {one.words for one in found} <= {"1 Model A; 2 Model B"}


def test_models_that_no_contrast_tells_apart_have_no_ranks() -> None:
    every = list(rankings(contrasts("abc", {}), list("abc")))
    [told] = told_rankings(every, cells({}), job("abc"))
    assert told.words == "no ranks, because the contrasts tell none of the 3 models apart"
    assert not told.tells


def test_twenty_models_are_not_ranked_in_a_sentence() -> None:
    names = "abcdefghijklmnopqrst"
    every = list(rankings(contrasts(names, {("a", "b"): True}), list(names)))
    assert len(every[0].ranks) == 20
    assert list(told_rankings(every, cells({}), job(names))) == []


@pytest.mark.parametrize(
    ("known", "called"),
    [
        ([{"one_human_r": 0.7}], "rater"),
        ([{}], "rating"),
        ([{"one_human_r": 0.7}, {"scale": "arousal"}], "rater or rating"),
        ([{"one_human_r": 0.7}, {"scale": "arousal", "one_rating_r": np.nan}], "rater"),
    ],
)
def test_a_single_rating_is_not_called_a_rater(known: list[dict[str, Any]], called: str) -> None:
    told = job(scales=("valence", "arousal"))
    rows = of_correlations(cells(*({"pearson_r": 0.5} | one for one in known)), told)
    titles = [column.title for column in correlations(beside(rows, {}, []), told).columns]
    assert f"Single {called}" in titles
    plot = dot_plot(rows, R, told)
    assert plot is not None
    assert plot.one == called
