"""The tables of the comparison stage, from item tables made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.arousal.analysis import ArousalJob
from emoalign.analyses.base import ComparisonJob
from emoalign.analyses.contrasts.section import columns
from emoalign.analyses.expectations.check import scored_means
from emoalign.report.report_job import ReportJob
from emoalign.statistics.arousal import residuals
from emoalign.tables import (
    ALIGNMENT,
    AROUSAL,
    AROUSAL_ITEMS,
    CONTRASTS,
    FRAMEWORK,
    ITEMS,
    RESIDUALS,
    SCORECARD,
    Table,
)
from tests.kit.analysing import run
from tests.kit.comparison import (
    N_ITEMS,
    NORM_ROWS,
    SCALES,
    aligned,
    comparison,
    dataset,
    item_rows,
    refused,
)

WRITTEN = (CONTRASTS, FRAMEWORK, AROUSAL, AROUSAL_ITEMS, RESIDUALS, SCORECARD)
KEYS = (
    *("kind", "within", "a", "b", "model", "protocol", "dataset", "datasets"),
    *("scale", "readout", "check", "rank", "item_id"),
)
Tables = dict[str, pd.DataFrame]


def compared(folder: Path, items: pd.DataFrame, job: ComparisonJob | None = None) -> Tables:
    """The tables by name, from item tables of one file per dataset."""
    job = job or comparison()
    for name, rows in items.groupby("dataset"):
        ITEMS.write(rows, folder / f"items/{name}.parquet")
    ALIGNMENT.write(aligned(items, job), folder / ALIGNMENT.path)
    run(job, "compare_pairs", folder)
    run(job, "compare_frameworks", folder)
    run(ArousalJob(**job.model_dump(), worst_items=5), "compare_arousal", folder)
    files = AnalysisFiles.within(folder)
    files.write(SCORECARD, scored_means(job, files))
    return {table.path: read(table, folder) for table in WRITTEN}


def read(table: Table, folder: Path) -> pd.DataFrame:
    rows = table.read(folder / table.path)
    csv = pd.read_csv((folder / table.path).with_suffix(".csv"))
    assert list(csv.columns) == list(rows.columns)
    assert len(csv) == len(rows)
    return rows


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return compared(tmp_path_factory.mktemp("compared"), item_rows())


def r(items: pd.DataFrame, **names: str) -> float:
    cell = items[np.all([items[name] == value for name, value in names.items()], axis=0)]
    return float(stats.pearsonr(cell["mean"], cell["human_mean"]).statistic)


def found(tables: Tables, check: str, **names: str) -> pd.Series:
    rows = tables[SCORECARD.path]
    names = {"model": "m1", "protocol": "p1", "check": check, **names}
    rows = rows[np.all([rows[name] == value for name, value in names.items()], axis=0)]
    assert len(rows) == 1
    return rows.iloc[0]


def test_models_are_compared_within_a_protocol_and_protocols_within_a_model(
    tables: Tables,
) -> None:
    rows = tables[CONTRASTS.path]
    expected = {"model": ({"p1", "p2"}, ("m1", "m2")), "protocol": ({"m1", "m2"}, ("p1", "p2"))}
    for kind, (within, pair) in expected.items():
        of_kind = rows[rows["kind"] == kind]
        assert len(of_kind) == 2 * len(SCALES)
        assert set(of_kind["within"]) == within
        assert set(zip(of_kind["a"], of_kind["b"], strict=True)) == {pair}


def test_a_contrast_holds_the_difference_of_the_two_correlations(tables: Tables) -> None:
    rows = tables[CONTRASTS.path].set_index(["kind", "within", "scale"])
    row = rows.loc["model", "p2", "fear"]
    names = {"protocol": "p2", "scale": "fear"}
    items = item_rows()
    assert row["r_a"] == pytest.approx(r(items, model="m1", **names))
    assert row["difference"] == pytest.approx(
        r(items, model="m1", **names) - r(items, model="m2", **names)
    )
    assert row["difference_low"] < row["difference"] < row["difference_high"]
    assert row["n_clusters"] == row["n_items"]


def test_the_page_shows_the_interval_of_a_difference_that_holds() -> None:
    """Zou's takes items to be independent: where some belong together the bootstrap's stands."""
    shown = {column.title: column for column in columns(ReportJob.model_construct())}
    row = {"difference": 0.1, "difference_low": 0.04, "difference_high": 0.15}
    row |= {"zou_low": 0.03, "zou_high": 0.18, "n_items": 40}
    text = shown["Difference [95% CI]"].text
    assert text(row | {"n_clusters": 40}) == ".10 [.03, .18]"
    assert text(row | {"n_clusters": 39}) == ".10 [.04, .15]"


def test_p_of_contrasts_is_adjusted_over_those_of_one_kind(tables: Tables) -> None:
    rows = tables[CONTRASTS.path]
    for _, family in rows.groupby("kind"):
        expected = multipletests(family["p"], method="holm")[1]
        assert family["p_holm"].to_numpy() == pytest.approx(expected)
        expected = multipletests(family["p"], method="fdr_bh")[1]
        assert family["p_adjusted"].to_numpy() == pytest.approx(expected)


def test_the_framework_row_is_the_difference_of_mean_correlations(tables: Tables) -> None:
    row = tables[FRAMEWORK.path].set_index(["model", "protocol"]).loc["m1", "p2"]
    items = item_rows()
    of = {scale: r(items, model="m1", protocol="p2", scale=scale) for scale in SCALES}
    emotions, dimensions = (of["fear"] + of["happiness"]) / 2, (of["arousal"] + of["valence"]) / 2
    assert row["r_emotions"] == pytest.approx(emotions)
    assert row["difference"] == pytest.approx(emotions - dimensions)
    assert (row["n_emotions"], row["n_dimensions"], row["n_items"]) == (2, 2, 40)
    assert 0 < row["difference_low"] < row["difference"] < row["difference_high"]
    assert row["p"] < 0.05


def test_dimensions_of_one_dataset_stand_against_emotions_of_another(tmp_path: Path) -> None:
    items = pd.concat(
        [
            item_rows(("arousal", "valence"), dataset_name="naps"),
            item_rows(("fear",), dataset_name="be"),
        ]
    )
    job = comparison(naps=dataset("arousal", "valence"), be=dataset("fear"))
    rows = compared(tmp_path, items, job)[FRAMEWORK.path]
    assert set(rows["datasets"]) == {"be+naps"}
    assert set(rows["n_items"]) == {80}
    assert (rows["difference_low"] < rows["difference"]).all()


def test_datasets_of_different_modalities_stay_apart(tmp_path: Path) -> None:
    items = pd.concat(
        [item_rows(("arousal",), dataset_name="images"), item_rows(("fear",), dataset_name="words")]
    )
    images = dataset("arousal").model_copy(update={"modality": "image"})
    found = compared(tmp_path, items, comparison(images=images, words=dataset("fear")))
    assert found[FRAMEWORK.path].empty
    checks = found[SCORECARD.path].set_index("check")
    assert set(checks.loc["emotions above dimensions", "found"]) == {"cannot be told"}


def test_the_worst_items_are_those_furthest_from_the_line(tables: Tables) -> None:
    rows = tables[RESIDUALS.path].set_index(["model", "protocol"]).loc["m2", "p1"]
    items = item_rows().query("model == 'm2' and protocol == 'p1' and scale == 'arousal'")
    left = residuals(items["mean"], items["human_mean"])
    worst = items["item_id"].to_numpy()[np.argsort(-np.abs(left))][:5]
    assert list(rows["rank"]) == [1, 2, 3, 4, 5]
    assert list(rows["item_id"]) == list(worst)
    assert rows["error"].to_numpy() == pytest.approx(rows["model_arousal"] - rows["human_arousal"])
    assert (rows["human_extremity"] <= 4).all()


def test_arousal_rows_relate_arousal_to_the_extremity_of_valence(tables: Tables) -> None:
    row = tables[AROUSAL.path].set_index(["model", "protocol"]).loc["m1", "p1"]
    extreme = (NORM_ROWS["valence"]["mean"] - 5).abs()
    expected = stats.pearsonr(extreme, NORM_ROWS["arousal"]["mean"]).statistic
    assert row["v_human"] == pytest.approx(expected)
    assert row["n_items"] == 40
    assert pd.isna(row["reason"])


def test_the_scorecard_says_what_was_expected_and_found_with_the_numbers(tables: Tables) -> None:
    weakest = found(tables, "arousal weakest")
    assert weakest["found"] == "as expected"
    assert weakest["low"] > 0
    assert " for arousal; lowest of the others: r = " in weakest["evidence"]
    assert found(tables, "emotions above dimensions")["found"] == "as expected"
    assert found(tables, "all positive")["found"] == "as expected"
    # Participants with noise five times that of people differ more from each other.
    spread = found(tables, "less spread than people")
    assert spread["found"] == "not as expected"
    assert spread["high"] < 0
    assert "largest of 4 scales: SD of the model " in spread["evidence"]
    assert "times the human SD for arousal" in spread["evidence"]
    cells = aligned(item_rows(), comparison()).query("model == 'm1' and protocol == 'p1'")
    assert spread["estimate"] == pytest.approx(-cells["log_rms_sd_ratio"].max())
    assert spread["low"] == pytest.approx(-cells["log_rms_sd_ratio_high"].max())
    shape = found(tables, "V shape of people")
    assert shape["found"] in ("as expected", "not as expected", "unclear")
    assert "its scale, 40 items" in shape["evidence"]


def test_the_happiest_is_told_by_the_difference_that_is_smallest(tables: Tables) -> None:
    row = found(tables, "happiness strongest")
    items = item_rows()
    of = {scale: r(items, model="m1", protocol="p1", scale=scale) for scale in SCALES}
    others = max(value for scale, value in of.items() if scale != "happiness")
    assert row["estimate"] == pytest.approx(of["happiness"] - others)


def test_valence_above_arousal_is_told_by_their_difference_on_the_same_items(
    tables: Tables,
) -> None:
    row = found(tables, "valence above arousal")
    items = item_rows()
    of = {scale: r(items, model="m1", protocol="p1", scale=scale) for scale in SCALES}
    assert row["estimate"] == pytest.approx(of["valence"] - of["arousal"])
    assert row["found"] == "as expected"
    assert row["source"] == "Inoshita et al. 2026"
    dominant = found(tables, "arousal above dominance")
    assert dominant["found"] == "cannot be told"
    assert dominant["evidence"] == "the study has no dominance ratings of these items"


def test_neither_the_order_of_datasets_nor_rows_matters(tmp_path: Path) -> None:
    items = pd.concat([item_rows(), item_rows(("arousal", "valence"), dataset_name="more")])
    job = comparison(words=dataset(*SCALES), more=dataset("arousal", "valence"))
    one = compared(tmp_path / "one", items, job)
    shuffled = items.sample(frac=1, random_state=1)
    reordered = ComparisonJob.model_validate(
        job.model_dump() | {"datasets": dict(reversed(job.datasets.items()))}
    )
    other = compared(tmp_path / "other", shuffled, reordered)
    for name, rows in one.items():
        pd.testing.assert_frame_equal(rows, other[name])


def test_another_model_or_dataset_changes_no_number_but_adjusted_p(tmp_path: Path) -> None:
    less = compared(tmp_path / "less", item_rows(models=("m1", "m2")))
    items = pd.concat(
        [item_rows(models=("m0", "m1", "m2")), item_rows(("fear",), dataset_name="more")]
    )
    more = compared(
        tmp_path / "more", items, comparison(words=dataset(*SCALES), more=dataset("fear"))
    )
    for name, rows in less.items():
        keys = [key for key in KEYS if key in rows]
        kept = rows[keys].merge(more[name], on=keys)
        columns = [column for column in rows if column not in ("p_holm", "p_adjusted")]
        pd.testing.assert_frame_equal(kept[columns], rows[columns])


def test_one_model_one_protocol_one_scale_leaves_tables_empty_and_says_why(
    tmp_path: Path,
) -> None:
    items = item_rows(("valence",), models=("m1",), protocols=("p1",))
    found_tables = compared(tmp_path, items, comparison(words=dataset("valence")))
    for table in (CONTRASTS, FRAMEWORK, AROUSAL, RESIDUALS):
        assert found_tables[table.path].empty
    rows = found_tables[SCORECARD.path].set_index("check")
    assert rows.loc["all positive", "found"] == "as expected"
    for check in ("arousal weakest", "V shape of people", "emotions above dimensions"):
        assert rows.loc[check, "found"] == "cannot be told"
        assert rows.loc[check, "evidence"].startswith("the study ")


@pytest.mark.parametrize(
    "change",
    [
        refused,
        lambda items: items.assign(human_mean=np.nan, human_sd=np.nan),
        lambda items: items.assign(mean=5.0, sd=0.0),
        lambda items: items[items["item_id"] == "item-003"],
        lambda items: items.assign(mean=items["human_mean"]),
    ],
    ids=["all refused", "no people", "always the same", "one item", "identical to people"],
)
def test_cells_that_say_nothing_break_nothing(change, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    rows = compared(tmp_path, change(item_rows()))
    contrasts = rows[CONTRASTS.path]
    assert contrasts["p"].isna().all()
    assert contrasts["reason"].notna().all()
    checks = rows[SCORECARD.path].set_index("check")
    for check in ("all positive", "arousal weakest", "emotions above dimensions"):
        assert set(checks.loc[check, "found"]) == {"cannot be told"}
    assert checks["evidence"].str.len().min() > 5


def test_arousal_without_valence_has_residuals_but_no_shape(tmp_path: Path) -> None:
    rows = compared(tmp_path, item_rows(("arousal",)), comparison(words=dataset("arousal")))
    assert rows[AROUSAL.path]["v_human"].isna().all()
    assert set(rows[AROUSAL.path]["reason"]) == {"valence of words was not rated"}
    assert rows[AROUSAL.path]["error_arousal_slope"].isna().all()
    assert len(rows[AROUSAL_ITEMS.path]) == 4 * N_ITEMS
    assert len(rows[RESIDUALS.path]) == 4 * 5
    assert rows[RESIDUALS.path]["human_extremity"].isna().all()


def test_a_study_of_labels_alone_has_empty_tables(tmp_path: Path) -> None:
    job = comparison().model_copy(update={"datasets": {"words": dataset()}})
    for rows in compared(tmp_path, item_rows(), job).values():
        assert rows.empty
