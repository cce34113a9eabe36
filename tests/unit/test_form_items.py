"""Items of several forms: means of mapped ratings, distributions of the card's own points."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest

from emoalign.items.cells import read_cells
from emoalign.items.item_jobs import AggregationJob
from emoalign.study.scales import HumanScale
from tests.kit.aggregating import FIVE, answers, exact, items, only

NINE = HumanScale(min=1, max=9, direction="higher is better")
WIDE = AggregationJob(
    dataset="mine", scales={"valence": NINE}, other_points={"valence": {"sheet": ("wide",)}}
)
"""The protocol `sheet` has a form `wide`, whose answers are not points of the card."""


def test_a_form_of_other_points_gives_its_mapped_ratings_unrounded(tmp_path: Path) -> None:
    found = only(items(tmp_path, [answers("a", *[3.96] * 7, form="wide")], job=WIDE))
    assert (found["mean"], found["sd"], found["n_ok"]) == (3.96, 0, 7)
    assert (found["distribution"], found["n_distribution"]) == (None, 0)
    assert found["n_forms_left_out"] == 1


def test_means_are_over_all_forms_and_distributions_over_the_cards_own_points(
    tmp_path: Path,
) -> None:
    own = answers("a", 4, 5, 5, "refusal", form="plain")
    wide = answers("a", 3.96, 1.08, "off_scale", form="wide")
    found = only(items(tmp_path, [own, wide], job=WIDE))
    given = [4, 5, 5, 3.96, 1.08]
    assert found["mean"] == pytest.approx(np.mean(given), abs=1e-12)
    assert found["sd"] == pytest.approx(np.std(given, ddof=1), abs=1e-12)
    assert found["distribution"].tolist() == pytest.approx([0, 0, 0, 1 / 3, 2 / 3, 0, 0, 0, 0])
    assert (found["n_ok"], found["n_refusal"], found["n_off_scale"]) == (5, 1, 1)
    assert (found["n_distribution"], found["n_forms_left_out"]) == (3, 1)


def test_a_mapped_rating_that_happens_to_be_a_point_is_not_in_the_distribution(
    tmp_path: Path,
) -> None:
    rows = [*answers("a", 5, form="wide"), *answers("a", 2, form="plain")]
    found = only(items(tmp_path, [rows], job=WIDE))
    assert found["distribution"].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert found["mean"] == 3.5


def test_the_order_of_files_and_rows_changes_no_byte(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    rows = [
        one
        for item in ("a", "b")
        for form in ("plain", "wide")
        for one in answers(item, *(random.integers(0, 101, 30) * 0.08 + 1).round(10), form=form)
    ] + [exact("a", *0.1 * random.dirichlet(np.ones(9)), form=form) for form in "pqr"]
    rows = [
        row | {"rating": row["rating"] and round(row["rating"])} if row["form"] == "plain" else row
        for row in rows
    ]
    written = set()
    for seed in range(4):
        Random(seed).shuffle(rows)
        (folder := tmp_path / str(seed)).mkdir()
        items(folder, [rows[:40], rows[40:]], job=WIDE, threads=1 + seed % 2)
        written.add((folder / "items.parquet").read_bytes())
    assert len(written) == 1


def test_other_protocols_are_counted_in_steps_as_ever(tmp_path: Path) -> None:
    rows = [*answers("a", 3.96, form="wide"), *answers("a", 4, 5, form="wide", protocol="other")]
    found = items(tmp_path, [rows], job=WIDE).set_index("protocol")
    assert found.loc["other", "distribution"].tolist() == [0, 0, 0, 0.5, 0.5, 0, 0, 0, 0]
    assert found["n_forms_left_out"].to_dict() == {"sheet": 1, "other": 0}
    assert pd.isna(found.loc["other", "n_distribution"])


def test_cells_count_the_answers_that_their_distributions_are_made_of(tmp_path: Path) -> None:
    rows = [*answers("a", 4, 5, form="plain"), *answers("a", 3.96, 1.08, 2.04, form="wide")]
    items(tmp_path, [rows], job=WIDE)
    norms = pd.read_parquet(tmp_path / "norms.parquet").query("item_id == 'a'")
    norms.assign(ratings=[[1.0, 2.0, 5.0]]).to_parquet(tmp_path / "norms.parquet")
    tables = {name: tmp_path / f"{name}.parquet" for name in ("items", "norms", "stimuli")}
    (cell,) = read_cells("mine", {"valence": NINE}, tables, 1)  # type: ignore[arg-type]
    assert cell.answers.tolist() == [2]
    assert cell.model_shares.tolist() == [[0, 0, 0, 0.5, 0.5, 0, 0, 0, 0]]


# Probabilities


def test_two_mirrored_forms_give_the_one_distribution(tmp_path: Path) -> None:
    p = 0.9 * np.random.default_rng(2).dirichlet(np.ones(5))
    rows = [exact("a", *p, form=form) for form in ("up", "down")]  # turned back in the ratings
    found = only(items(tmp_path, [rows]))
    assert found["distribution"] == pytest.approx(p / p.sum(), abs=1e-12)
    assert found["mean"] == pytest.approx(p @ np.arange(1, 6) / p.sum(), abs=1e-12)
    assert found["n_ok"] == 2
    assert found["mean_se"] == 0


def test_raw_probabilities_are_averaged_before_they_are_renormalised(tmp_path: Path) -> None:
    p = np.array([[0.5, 0.1, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.1, 0.1], [0.0, 0.3, 0.1, 0.0, 0.0]])
    rows = [exact("a", *row, form=form) for row, form in zip(p, "xyz", strict=True)]
    found = only(items(tmp_path, [rows]))
    expected = p.mean(axis=0) / p.mean(axis=0).sum()
    points = np.arange(1, 6)
    mean = expected @ points
    assert found["distribution"] == pytest.approx(expected, abs=1e-12)
    assert found["mean"] == pytest.approx(mean, abs=1e-12)
    assert found["sd"] == pytest.approx(np.sqrt(expected @ (points - mean) ** 2), abs=1e-12)
    assert found["raw_moment_1"] == pytest.approx(p.mean(axis=0) @ points, abs=1e-12)
    assert found["raw_moment_2"] == pytest.approx(p.mean(axis=0) @ points**2, abs=1e-12)
    assert found["returned_mass"] == pytest.approx(0.9)
    assert found["off_scale_mass"] == pytest.approx(0.9 - p.sum(axis=1).mean())


def test_the_mean_of_answers_drawn_in_all_forms_tends_to_that_of_probabilities(
    tmp_path: Path,
) -> None:
    random = np.random.default_rng(7)
    p = np.array([[0.6, 0.2, 0.0, 0.0, 0.0], [0.0, 0.0, 0.1, 0.1, 0.2]])  # the rest is no rating
    rows = [exact("a", *row, form=form) for row, form in zip(p, "xy", strict=True)]
    for row, form in zip(p, "xy", strict=True):
        drawn = random.choice([1, 2, 3, 4, 5, 0], 20_000, p=[*row, 1 - row.sum()])
        rows += answers("a", *[float(x) if x else "unparsable" for x in drawn], form=form)
    found = items(tmp_path, [rows]).set_index("readout")
    assert found.loc["sampled", "mean"] == pytest.approx(found.loc["exact", "mean"], abs=0.03)
    assert found.loc["sampled", "distribution"] == pytest.approx(
        found.loc["exact", "distribution"], abs=0.01
    )


def test_probabilities_of_other_points_count_in_the_mean_alone(tmp_path: Path) -> None:
    three, five = [0.2, 0.1, 0.3], [0.1, 0.2, 0.3, 0.0, 0.1]  # three points: 1, 3 and 5
    rows = [exact("a", *three, form="wide"), exact("a", *five, form="plain")]
    job = WIDE.model_copy(update={"scales": {"valence": FIVE}})
    found = only(items(tmp_path, [rows], job=job))
    weights, points = np.array([*three, *five]), np.array([1, 3, 5, 1, 2, 3, 4, 5])
    mean = weights @ points / weights.sum()
    assert found["mean"] == pytest.approx(mean, abs=1e-12)
    assert found["sd"] == pytest.approx(
        np.sqrt(weights @ (points - mean) ** 2 / weights.sum()), abs=1e-12
    )
    assert found["distribution"] == pytest.approx(np.array(five) / sum(five), abs=1e-12)
    assert (found["n_distribution"], found["n_forms_left_out"]) == (1, 1)


def test_a_form_without_probabilities_leaves_those_of_the_others(tmp_path: Path) -> None:
    p = [0.1, 0.2, 0.3, 0.0, 0.1]
    lost = exact("a", *p, form="x") | {
        **dict.fromkeys(("probabilities", "off_scale_mass", "returned_mass")),
        "status": "error",
    }
    found = only(items(tmp_path, [[lost, exact("a", *p, form="y")]]))
    alone = only(items(tmp_path, [[exact("a", *p, form="y")]]))
    assert (found["n_ok"], found["n_error"]) == (1, 1)
    for column in ("mean", "sd", "mean_low", "mean_high", "sd_low", "sd_high", "returned_mass"):
        assert found[column] == alone[column]


def test_bounds_of_forms_hold_wherever_their_missing_probability_is(tmp_path: Path) -> None:
    p = np.array([[0.3, 0.2, 0.1, 0.0, 0.1], [0.0, 0.1, 0.2, 0.3, 0.0]])
    missing = np.array([0.2, 0.1])
    rows = [
        exact("a", *row, form=form)
        | {"returned_mass": 1 - gone, "off_scale_mass": 1 - gone - row.sum()}
        for row, gone, form in zip(p, missing, "xy", strict=True)
    ]
    found = only(items(tmp_path, [rows]))
    points = np.arange(1, 6)
    means, sds = [], []
    random = np.random.default_rng(4)
    ends = [np.eye(5)[place] for place in range(5)] + [np.zeros(5)]
    for first, second in [*permutations(ends, 2), *((end, end) for end in ends)]:
        for share in (0.0, 0.5, 1.0, random.random()):
            added = np.array([first * share + second * (1 - share), second])
            whole = (p + missing[:, None] * added).mean(axis=0)
            q = whole / whole.sum()
            means.append(q @ points)
            sds.append(np.sqrt(q @ (points - means[-1]) ** 2))
    assert found["mean_low"] == pytest.approx(min(means), abs=1e-9)
    assert found["mean_high"] == pytest.approx(max(means), abs=1e-9)
    assert found["sd_low"] <= min(sds) + 1e-9
    assert found["sd_high"] >= max(sds) - 1e-9
