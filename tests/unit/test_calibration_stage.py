"""The calibration stage: from item tables to what was gained, and to other people's items."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from ruamel.yaml import YAML
from scipy.spatial.distance import jensenshannon
from statsmodels.stats.multitest import multipletests

from emoalign.analyses.calibration.analysis import METHODS, CalibrationSettings
from emoalign.analyses.calibration.saved import apply, load
from emoalign.commands.app import application
from emoalign.errors import DataError
from emoalign.tables import CALIBRATED, CALIBRATION, CALIBRATION_CURVES, DISTRIBUTIONS, ITEMS
from tests.kit.planted import NAMES, calibrated, planted_study, written
from tests.kit.stages import compare_answers

CARD = {
    "title": "Other items",
    "modality": "sentence",
    "source": {
        "reader": "table",
        "table": {"file": "items.csv"},
        "id": "id",
        "text": "text",
    },
    "scales": {
        "valence": {"min": 1, "max": 5, "direction": "higher is more"},
        "emotions": {"kind": "labels", "labels": list(NAMES)},
    },
    "licence": "CC0",
    "redistribute": True,
    "citation": "none",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    written(folder, n=80, rated=60, copies=2)
    return calibrated(folder)


def gains(results: Path) -> pd.DataFrame:
    return CALIBRATION.read(results / "statistics/calibration.parquet")


def card(folder: Path, **scales: object) -> Path:
    path = folder / "other.yaml"
    content = {**CARD, "scales": {**CARD["scales"], **scales}}
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(content, stream)
    return path


def test_every_method_that_fits_the_scale_has_a_row(results: Path) -> None:
    rows = gains(results)
    ordinal = set(rows[rows["scale"] == "valence"]["method"])
    labels = set(rows[rows["scale"] == "emotions"]["method"])
    assert ordinal == {"none", "marginal", *METHODS}
    assert ordinal - labels == {"dirichlet", "cumulative_logit"}
    csv = pd.read_csv(results / "statistics/calibration.csv")
    assert list(csv.columns) == list(rows.columns)
    assert len(csv) == len(rows)


def test_the_gain_is_the_relative_reduction_of_the_divergence_of_held_out_items(
    results: Path,
) -> None:
    rows = gains(results).set_index(["scale", "method"])
    table = CALIBRATED.read(results / "calibrated/d.parquet")
    items = ITEMS.read(results / "items/d.parquet").set_index(["scale", "item_id"])
    for scale in ("valence", "emotions"):
        made = table[(table["scale"] == scale) & table["out_of_fold"]]
        after = made[made["method"] == "isotonic"].set_index("item_id")["distribution"]
        before = items.loc[scale]["distribution"][after.index]
        people = human(results, scale, list(after.index))
        # An item for which nothing was chosen has no distribution over the labels.
        some = [place for place, shares in enumerate(before) if sum(shares) > 0]
        means = [
            np.mean([jensenshannon(people[at], model.iloc[at], base=2) ** 2 for at in some])
            for model in (before, after)
        ]
        row = rows.loc[scale, "isotonic"]
        assert (row["jsd_before"], row["jsd_after"]) == pytest.approx(means)
        assert row["gain"] == pytest.approx(1 - means[1] / means[0])
        assert row["gain_low"] < row["gain"] < row["gain_high"]
        assert row["jsd_change_low"] < row["jsd_change"] < row["jsd_change_high"]


def test_what_a_method_has_beyond_the_marginal_is_the_difference_of_the_two(results: Path) -> None:
    for _, cell in gains(results).groupby("scale"):
        rows = cell.set_index("method")
        apart = rows["jsd_after"] - rows.loc["marginal", "jsd_after"]
        same = rows.index.isin(["none", "marginal"]) | (rows["scale"] == "valence")
        assert rows.loc[same, "beyond_marginal"].to_numpy() == pytest.approx(apart[same])
        assert rows.loc["isotonic", "beyond_marginal_high"] < 0


def human(results: Path, scale: str, item_ids: list[str]) -> list[np.ndarray]:
    norms = pd.read_parquet(results / "norms/d.parquet")
    rows = norms[norms["scale"] == scale].set_index("item_id").loc[item_ids]
    if scale == "valence":
        return [np.bincount(np.array(one, dtype=int), minlength=6)[1:] for one in rows["ratings"]]
    return [
        np.array([sum(label in chosen for chosen in one) for label in NAMES])
        for one in rows["labels"]
    ]


def test_p_is_adjusted_over_the_methods_of_the_cell(results: Path) -> None:
    for _, cell in gains(results).groupby("scale"):
        tested = cell.dropna(subset=["p"])
        assert set(cell["method"]) - set(tested["method"]) == {"none"}
        expected = multipletests(tested["p"], method="holm")[1]
        assert tested["p_holm"].to_numpy() == pytest.approx(expected)


def test_ranks_follow_the_held_out_divergence_and_likelihood(results: Path) -> None:
    likelihoods = {"valence": "nll", "emotions": "bernoulli_nll"}
    for scale, cell in gains(results).groupby("scale"):
        name = likelihoods.pop(str(scale))
        for rank, score in (("rank", "jsd_after"), (f"rank_{name}", f"{name}_after")):
            assert list(cell.sort_values(rank)[score]) == sorted(cell[score])
            assert cell[rank].min() == 1


def test_a_score_is_the_metric_that_has_its_name_in_the_table_of_distributions(
    results: Path,
) -> None:
    quick = {"simulations": 10, "permutations": 1}
    compare_answers(results, planted_study(distributions=quick))
    found = DISTRIBUTIONS.read(results / DISTRIBUTIONS.path)
    values = found[found["stratum"] == "all"].set_index(["scale", "metric"])["value"]
    rows = gains(results).set_index(["scale", "method"])
    shared = {"valence": ("jsd", "nll", "rps"), "emotions": ("jsd", "bernoulli_jsd", "brier")}
    for scale, names in shared.items():
        for name in names:
            before = rows.loc[(scale, "none"), f"{name}_before"]
            assert before == pytest.approx(values[scale, name]), name


def test_the_likelihoods_of_labels_and_of_points_have_names_of_their_own(results: Path) -> None:
    rows = gains(results).set_index("scale")
    for scale, name, other in (
        ("valence", "nll", "bernoulli_nll"),
        ("emotions", "bernoulli_nll", "nll"),
    ):
        assert rows.loc[scale, [f"{name}_after", f"rank_{name}"]].notna().all(axis=None)
        assert rows.loc[scale, [f"{other}_after", f"rank_{other}"]].isna().all(axis=None)


def test_labels_have_no_order_and_numbers_no_brier_score(results: Path) -> None:
    rows = gains(results).set_index("scale")
    assert rows.loc["emotions", "rps_after"].isna().all()
    assert rows.loc["emotions", ["brier_after", "bernoulli_jsd_after"]].notna().all(axis=None)
    assert rows.loc["valence", "rps_after"].notna().all()
    assert rows.loc["valence", ["brier_after", "bernoulli_jsd_after"]].isna().all(axis=None)


def test_items_that_nobody_rated_are_calibrated_by_what_was_learnt_on_all_others(
    results: Path,
) -> None:
    table = CALIBRATED.read(results / "calibrated/d.parquet")
    items = ITEMS.read(results / "items/d.parquet")
    saved = load(results / "calibrators/d.json")
    for (scale, method), rows in table.groupby(["scale", "method"]):
        assert rows["out_of_fold"].sum() == 60
        assert rows["fold"].isna().equals(~rows["out_of_fold"])
        unrated = rows[~rows["out_of_fold"]]
        assert list(unrated["item_id"]) == [f"i{number:04d}" for number in range(60, 80)]
        said = items[items["scale"] == scale].set_index("item_id")["distribution"]
        cell = saved.of("m", "p", str(scale), "sampled")
        (final,) = [one for one in cell.calibrators if one.method == method]
        expected = final.apply(np.stack(said[unrated["item_id"]].to_list()))
        assert np.stack(unrated["distribution"].to_list()) == pytest.approx(expected)


def test_items_of_one_text_share_a_fold(results: Path) -> None:
    table = CALIBRATED.read(results / "calibrated/d.parquet")
    rated = table[table["out_of_fold"]].assign(
        text=lambda rows: rows["item_id"].str[1:].astype(int) // 2
    )
    assert (rated.groupby(["scale", "method", "text"])["fold"].nunique() == 1).all()
    rows = gains(results)
    assert set(rows["n_items"]) == {60}
    assert set(rows["n_texts"]) == {30}


def test_curves_are_of_all_shares_of_the_rated_items(results: Path) -> None:
    curves = CALIBRATION_CURVES.read(results / "statistics/calibration_curves.parquet")
    counts = curves.groupby(["scale", "method"])["n"].sum()
    assert set(counts["valence"]) == {60 * 5}
    assert set(counts["emotions"]) == {60 * 6}
    weighed = (curves["human"] * curves["n"]).groupby([curves["scale"], curves["method"]]).sum()
    assert weighed["valence"].to_numpy() == pytest.approx(60)


def test_neither_the_order_of_rows_nor_another_model_changes_the_numbers_of_a_cell(
    tmp_path: Path, results: Path
) -> None:
    (tmp_path / "turned").mkdir()
    written(tmp_path / "turned", n=80, rated=60, copies=2, models=("m", "other"), reverse=True)
    turned = gains(calibrated(tmp_path / "turned"))
    own = turned[turned["model"] == "m"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, gains(results))


# Where there is too little


def test_too_few_rated_items_leave_a_reason_and_no_calibrators(tmp_path: Path) -> None:
    written(tmp_path, n=30, rated=12)
    rows = gains(calibrated(tmp_path))
    assert rows["gain"].isna().all()
    assert rows["rank"].isna().all()
    assert (
        rows["reason"] == "only 12 items were rated by both people and model (20 are needed; "
        "calibration: min_items in the study)"
    ).all()
    assert CALIBRATED.read(tmp_path / "calibrated/d.parquet").empty
    (cell, _) = load(tmp_path / "calibrators/d.json").cells
    assert cell.calibrators == ()
    assert "only 12 items" in str(cell.reason)


def test_too_few_texts_leave_a_reason(tmp_path: Path) -> None:
    written(tmp_path, n=24, copies=8)
    rows = gains(calibrated(tmp_path))
    assert rows["reason"].str.contains("only 3 different texts").all()


def test_too_few_raters_leave_a_reason(tmp_path: Path) -> None:
    written(tmp_path, n=24, raters=2)
    rows = gains(calibrated(tmp_path))
    assert rows["reason"].str.contains("no item has enough human raters").all()


def test_a_model_that_never_answered_leaves_a_reason(tmp_path: Path) -> None:
    tables = written(tmp_path, n=24)
    items = ITEMS.read(tables["items"])
    ITEMS.write(items.assign(distribution=None, n_ok=0, n_refusal=10), tables["items"])
    rows = gains(calibrated(tmp_path))
    assert rows["reason"].str.contains("gave no usable answer").all()


def test_a_study_may_try_a_few_methods_alone(tmp_path: Path) -> None:
    written(tmp_path, n=24)
    rows = gains(calibrated(tmp_path, methods=("isotonic", "dirichlet")))
    assert set(rows["method"]) == {"none", "marginal", "isotonic", "dirichlet"}
    turned = CalibrationSettings(methods=("dirichlet", "isotonic"))
    assert CalibrationSettings(methods=("isotonic", "dirichlet")) == turned


# Saved calibrators and items of another study


def _calibrate(*arguments: str | Path) -> Result:
    return CliRunner().invoke(application, ["calibrate", *map(str, arguments)])


def test_a_saved_calibrator_serves_items_without_ratings_in_another_study(
    tmp_path: Path, results: Path
) -> None:
    other = written(tmp_path, n=30, rated=1, dataset="e")
    output = tmp_path / "made/e.parquet"
    arguments = [results / "calibrators/d.json", other["items"], card(tmp_path), output]
    methods = ["--method", "isotonic", "--method", "vector"]
    assert _calibrate(*arguments, *methods).exit_code == 0
    made = CALIBRATED.read(output)
    assert set(made["dataset"]) == {"e"}
    assert set(made["method"]) == {"isotonic", "vector"}
    assert not made["out_of_fold"].any()
    assert len(made) == 2 * 2 * 30
    again = tmp_path / "again.parquet"
    apply(arguments[0], other["items"], arguments[2], again)
    assert set(CALIBRATED.read(again)["method"]) == {"none", "marginal", *METHODS}


def test_a_calibrator_of_another_scale_is_refused_with_what_it_is_for(
    tmp_path: Path, results: Path
) -> None:
    other = written(tmp_path, n=30, rated=1)
    wider = card(tmp_path, valence={"min": 1, "max": 9, "direction": "higher is more"})
    output = tmp_path / "made.parquet"
    arguments = [results / "calibrators/d.json", other["items"], wider, output]
    refused = _calibrate(*arguments)
    assert refused.exit_code == 1
    assert "the 5 points 1, 2, 3, 4, 5" in refused.stderr
    assert "the 9 points 1, 2, 3, 4, 5, 6, 7, 8, 9" in refused.stderr
    assert not output.exists()


def test_a_calibrator_of_another_model_is_refused_with_those_there_are(
    tmp_path: Path, results: Path
) -> None:
    other = written(tmp_path, n=30, rated=1, models=("another",))
    with pytest.raises(DataError, match=r"another, p, emotions, sampled(.|\n)*m, p, d, valence"):
        apply(results / "calibrators/d.json", other["items"], card(tmp_path), tmp_path / "x")


def test_labels_in_another_order_are_refused(tmp_path: Path, results: Path) -> None:
    other = written(tmp_path, n=30, rated=1)
    turned = card(tmp_path, emotions={"kind": "labels", "labels": list(NAMES[::-1])})
    with pytest.raises(DataError, match="the 6 labels f, e, d, c, b, a"):
        apply(results / "calibrators/d.json", other["items"], turned, tmp_path / "x")


def test_another_file_is_no_calibrator(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_text('{"version": 1, "cells": []}')
    with pytest.raises(DataError, match="not a file of calibrators of this version of emoalign"):
        load(path)


def test_a_method_that_was_not_fitted_is_refused_with_those_that_were(
    tmp_path: Path, results: Path
) -> None:
    other = written(tmp_path, n=30, rated=1)
    with pytest.raises(DataError, match="no calibrator 'dirichlet' of m, p, d, emotions"):
        apply(
            results / "calibrators/d.json",
            other["items"],
            card(tmp_path),
            tmp_path / "x",
            ["dirichlet"],
        )


def test_the_settings_by_default_try_all_methods() -> None:
    assert CalibrationSettings().methods == METHODS
