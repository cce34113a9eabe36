"""The standard error of a model's item mean: forms are strata, participants of sessions are not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.alignment.aligned_cells import alignment
from emoalign.items.item_jobs import AggregationJob
from emoalign.study.scales import HumanScale, LabelScale
from tests.kit.aggregating import answers, exact, items, only
from tests.unit.test_align import JOB
from tests.unit.test_stated_items import norms_of, statements

NINE = HumanScale(min=1, max=9, direction="higher is better")
OF_NINE = AggregationJob(dataset="mine", scales={"valence": NINE})
MOOD = LabelScale(kind="labels", labels=("joy", "anger"))


def in_forms(item_id: str, *of_forms: Sequence[float | str]) -> list[dict[str, object]]:
    """Sampled answers to the forms 0, 1, ..., dealt as participants are."""
    rows = [answers(item_id, *given, form=f"form-{place}") for place, given in enumerate(of_forms)]
    return [row for of_form in rows for row in of_form]


def by_hand(*of_forms: Sequence[float]) -> float:
    """The standard error by another way: the weighted sum of independent means of forms."""
    n = sum(map(len, of_forms))
    of_means = [np.var(given, ddof=1) / len(given) for given in of_forms]
    weights = [len(given) / n for given in of_forms]
    return float(np.sqrt(np.dot(np.square(weights), of_means)))


# Answers


def test_differences_between_forms_are_no_error_of_the_mean(tmp_path: Path) -> None:
    found = only(items(tmp_path, [in_forms("a", [2, 2, 2], [5, 5, 5])], job=OF_NINE))
    assert found["mean_se"] == 0
    assert found["sd"] == pytest.approx(np.std([2, 2, 2, 5, 5, 5], ddof=1))


def test_forms_count_by_their_numbers_of_ratings(tmp_path: Path) -> None:
    up, down, other = [3, 5, 4, 8], [2, 6], [7, 1, 1]
    rows = in_forms("a", up, [*down, "refusal", "unparsable"], [*other, "off_scale"])
    found = only(items(tmp_path, [rows], job=OF_NINE))
    assert found["mean_se"] == pytest.approx(by_hand(up, down, other), abs=1e-8)


def test_one_form_has_the_common_standard_error(tmp_path: Path) -> None:
    given = [3, 5, 4, 8, 8]
    for form in (None, "plain"):
        found = only(items(tmp_path, [answers("a", *given, form=form)], job=OF_NINE))
        assert found["mean_se"] == found["sd"] / np.sqrt(5)
        assert found["mean_se"] == pytest.approx(np.std(given, ddof=1) / np.sqrt(5))


def test_a_form_with_one_rating_is_taken_to_vary_as_the_others_do(tmp_path: Path) -> None:
    up, down = [3, 5, 4, 8], [2, 6]
    found = only(items(tmp_path, [in_forms("a", up, down, [9, "refusal"])], job=OF_NINE))
    pooled = (3 * np.var(up, ddof=1) + np.var(down, ddof=1)) / 4
    squared = (4 * np.var(up, ddof=1) + 2 * np.var(down, ddof=1) + pooled) / 7**2
    assert found["mean_se"] == pytest.approx(np.sqrt(squared), abs=1e-8)


def test_forms_with_one_rating_each_count_as_one_form(tmp_path: Path) -> None:
    rows = [*in_forms("a", [3], [5], [7]), *in_forms("b", [3], ["refusal"], ["refusal"])]
    found = items(tmp_path, [rows], job=OF_NINE).set_index("item_id")
    assert found.loc["a", "mean_se"] == pytest.approx(2 / np.sqrt(3), abs=1e-8)
    assert np.isnan(found.loc["b", "mean_se"])


def test_mapped_ratings_of_other_points_are_strata_too(tmp_path: Path) -> None:
    job = OF_NINE.model_copy(update={"other_points": {"valence": {"sheet": ("form-1",)}}})
    own, wide = [4, 5, 5], [3.96, 1.08, 2.04]
    found = only(items(tmp_path, [in_forms("a", own, wide)], job=job))
    assert found["mean_se"] == pytest.approx(by_hand(own, wide), abs=1e-8)


def test_protocols_scales_and_items_do_not_mix(tmp_path: Path) -> None:
    first, second = ([3, 5, 4], [8, 9, 9]), ([1, 1, 3], [5, 7, 7])
    rows = in_forms("a", *first) + in_forms("b", *second)
    rows += answers("a", 2, 4, 6, form="form-0", protocol="alone")
    found = items(tmp_path, [rows], job=OF_NINE).set_index(["protocol", "item_id"])["mean_se"]
    assert found["sheet", "a"] == pytest.approx(by_hand(*first), abs=1e-8)
    assert found["sheet", "b"] == pytest.approx(by_hand(*second), abs=1e-8)
    assert found["alone", "a"] == pytest.approx(2 / np.sqrt(3), abs=1e-8)


def test_labels_have_no_mean_and_no_error(tmp_path: Path) -> None:
    job = AggregationJob(dataset="mine", scales={"valence": MOOD})
    rows = [row | {"labels": ["joy"], "rating": None} for row in in_forms("a", [1, 1], [1, 1])]
    assert np.isnan(only(items(tmp_path, [rows], job=job))["mean_se"])


def test_the_order_of_files_and_rows_changes_no_byte(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    job = OF_NINE.model_copy(update={"other_points": {"valence": {"sheet": ("form-1",)}}})
    rows = [
        row
        for item in "abcdef"
        for row in in_forms(item, *(1 + 0.08 * random.integers(0, 101, (3, 11)) * [[0], [1], [0]]))
    ]
    rows += [
        exact(item, *0.1 * random.dirichlet(np.ones(9)), participant=number, form="xy"[number % 2])
        for item in "abc"
        for number in range(9)
    ]
    written = set()
    for seed in range(4):
        Random(seed).shuffle(rows)
        (folder := tmp_path / str(seed)).mkdir()
        items(folder, [rows[:70], rows[70:]], job=job, threads=1 + seed % 2)
        written.add((folder / "items.parquet").read_bytes())
    assert len(written) == 1


# Distributions


def means_of(probabilities: np.ndarray) -> np.ndarray:
    points = np.arange(1, probabilities.shape[-1] + 1)
    return np.asarray(probabilities @ points / probabilities.sum(axis=-1))


def test_probabilities_of_sessions_differ_within_forms(tmp_path: Path) -> None:
    p = 0.9 * np.random.default_rng(6).dirichlet(np.ones(5), 7)
    forms = ["up", "up", "down", "up", "down", "down", "down"]
    rows = [
        exact("a", *row, participant=number, form=form)
        for number, (row, form) in enumerate(zip(p, forms, strict=True))
    ]
    found = items(tmp_path, [[*rows, exact("b", *p[0], participant=0)]]).set_index("item_id")
    means = means_of(p)
    of_forms = [means[np.array(forms) == form] for form in ("up", "down")]
    assert found.loc["a", "mean_se"] == pytest.approx(by_hand(*of_forms), abs=1e-8)
    assert np.isnan(found.loc["b", "mean_se"]), "one session does not tell how others differ"


def test_sessions_in_one_form_have_the_standard_error_of_their_means(tmp_path: Path) -> None:
    p = 0.9 * np.random.default_rng(7).dirichlet(np.ones(5), 4)
    rows = [exact("a", *row, participant=number) for number, row in enumerate(p)]
    found = only(items(tmp_path, [rows]))
    assert found["mean_se"] == pytest.approx(means_of(p).std(ddof=1) / 2, abs=1e-8)


def test_probabilities_outside_sessions_have_no_error(tmp_path: Path) -> None:
    p = 0.9 * np.random.default_rng(8).dirichlet(np.ones(5), 3)
    rows = [exact("a", *row, form=form) for row, form in zip(p, "xyz", strict=True)]
    decision = exact("a", *p[0]) | {
        "readout": "decision",
        "off_scale_mass": None,
        "returned_mass": None,
    }
    found = items(tmp_path, [[*rows, decision, exact("b", *np.zeros(5))]])
    found = found.set_index(["readout", "item_id"])["mean_se"]
    assert found["exact", "a"] == found["decision", "a"] == 0
    assert np.isnan(found["exact", "b"]), "nor a mean"


def test_statements_differ_within_forms(tmp_path: Path) -> None:
    rng = np.random.default_rng(9)
    job = AggregationJob(
        dataset="mine",
        scales={
            "v": HumanScale.model_validate({"min": 1, "max": 5, "direction": "higher is better"})
        },
    )
    up, down = rng.dirichlet(np.ones(5), 4), rng.dirichlet(np.ones(5), 3)
    rows = statements("a", *up, form="up") + statements("a", *down, "refusal", form="down")
    found = only(items(tmp_path, [rows], job=job))
    assert found["mean_se"] == pytest.approx(by_hand(means_of(up), means_of(down)), abs=1e-8)


# What the design would find again


def drawn(felt: np.ndarray, numbers: Sequence[int], rng: np.random.Generator) -> list[np.ndarray]:
    """Ratings of items in forms, `felt` of shape (forms, items): (items, number) for each form."""
    noise = [rng.normal(0, 1.5, (felt.shape[1], number)) for number in numbers]
    return [np.clip(np.rint(of[:, None] + e), 1, 9) for of, e in zip(felt, noise, strict=True)]


@pytest.mark.parametrize("numbers", [(4, 4, 4), (2, 6, 3), (5, 4, 1)])
def test_the_squared_standard_error_is_the_variance_of_repeated_means(
    tmp_path: Path, numbers: tuple[int, ...]
) -> None:
    # 3,000 items about which the same is felt: each is a run of the design.
    felt = np.repeat([[4.0], [5.0], [6.5]], 3000, axis=1)
    of_forms = drawn(felt, numbers, np.random.default_rng(sum(numbers)))
    rows = [
        row
        for item in range(3000)
        for row in in_forms(f"w{item}", *(given[item] for given in of_forms))
    ]
    found = items(tmp_path, [rows], job=OF_NINE)
    squared = (found["mean_se"] ** 2).mean()
    assert squared == pytest.approx(found["mean"].var(ddof=1), rel=0.08)
    n = sum(numbers)
    assert (found["sd"] ** 2).mean() / n > 1.2 * squared, "which counts differences between forms"


def test_the_reliability_of_a_mean_over_forms_foretells_its_repetition(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    norms = norms_of(250)
    # Forms differ in level, and differently for each item.
    felt = norms["mean"].to_numpy() / 2 + 2.5 + rng.normal(0, 1.5, (3, 250)) + [[-1], [0], [1]]
    of_forms = drawn(felt, (3, 3, 3), rng)
    rows = [
        row
        for item, name in enumerate(norms["item_id"])
        for row in in_forms(name, *(given[item] for given in of_forms))
    ]
    table = items(tmp_path, [rows], normed=norms["item_id"].tolist(), job=OF_NINE)
    table["human_mean"] = norms["mean"].to_numpy()
    (row,) = alignment(table.assign(dataset="words"), {"words": norms}, JOB).to_dict("records")
    means = [np.concatenate(drawn(felt, (3, 3, 3), rng), axis=1).mean(axis=1) for _ in range(40)]
    repeated = np.corrcoef(means)[np.triu_indices(40, 1)].mean()
    assert row["reliability_model"] == pytest.approx(repeated, abs=0.02)
    of_one_form = 1 - (table["sd"] ** 2 / 9).mean() / table["mean"].var(ddof=1)
    assert of_one_form < repeated - 0.05
    truth = np.corrcoef(np.mean(means, axis=0), norms["mean"])[0, 1]
    error_free = row["pearson_disattenuated"] * np.sqrt(row["reliability_human"])
    assert error_free == pytest.approx(truth, abs=0.03)


def exact_cell(mean_se: float, n: int, norms: pd.DataFrame, folder: Path) -> pd.Series:
    """The row of alignment of probabilities that have this standard error, from n rows each."""
    rows = [exact(name, 0.1, 0.2, 0.3, 0.2, 0.1) for name in norms["item_id"]]
    table = items(folder, [rows], normed=norms["item_id"].tolist())
    human = norms["mean"].to_numpy()
    table = table.assign(dataset="words", mean=human, human_mean=human, mean_se=mean_se, n_ok=n)
    return alignment(table, {"words": norms}, JOB).iloc[0]


def test_probabilities_are_reliable_outside_sessions_and_unknown_in_one(tmp_path: Path) -> None:
    norms = norms_of(40)
    assert exact_cell(0, 1, norms, tmp_path)["reliability_model"] == 1
    assert exact_cell(0, 3, norms, tmp_path)["reliability_model"] == 1
    assert np.isnan(exact_cell(np.nan, 1, norms, tmp_path)["reliability_model"])
    several = exact_cell(0.5, 4, norms, tmp_path)["reliability_model"]
    assert several == pytest.approx(1 - 0.25 / norms["mean"].var(ddof=1), abs=1e-8)
