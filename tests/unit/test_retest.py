"""The table of two waves, and what the page says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emoalign.analyses.retest.analysis import RetestJob, waves
from emoalign.planning.analysed import analysed_study
from emoalign.planning.studies import LoadedStudy
from emoalign.study.protocols import Protocol
from emoalign.tables import RETEST
from tests.kit.ratings import norms, rating_rows
from tests.kit.stages import make, make_page
from tests.kit.words import study, words_of

NORM_ROWS = norms()
TWO = {"now": {}, "later": {"wave": 2}}


def answers(shift: float = 0.0, seed: int = 1) -> np.ndarray:
    """Ten answers to each item around what people felt."""
    rng = np.random.default_rng(seed)
    means = NORM_ROWS["mean"].to_numpy()[:, None] + shift
    return np.clip(np.rint(means + rng.normal(0, 1, (len(NORM_ROWS), 10))), 1, 9)


def both_waves(
    first: np.ndarray, second: np.ndarray, models: tuple[str | None, str | None] = ("m-1", "m-1")
) -> pd.DataFrame:
    """The first wave on 1 March, but for an answer a month late; the second on 11 March."""
    now = rating_rows(first, protocol="now", received="2026-03-01", model_reported=models[0])
    now.loc[0, "received"] = "2026-04-01"
    later = rating_rows(second, protocol="later", received="2026-03-11", model_reported=models[1])
    return pd.concat([now, later], ignore_index=True)


def table(folder: Path, asked: LoadedStudy, ratings: pd.DataFrame) -> pd.DataFrame:
    make(folder, asked, ratings, NORM_ROWS, analyses=["retest"])
    return RETEST.read(folder / RETEST.path)


def test_two_waves_are_compared_item_by_item(tmp_path: Path) -> None:
    first, second = answers(), answers(0.5, seed=2)
    (row,) = table(tmp_path, study(protocols=TWO), both_waves(first, second)).to_dict("records")
    x, y = first.mean(axis=1), second.mean(axis=1)
    assert (row["first"], row["second"], row["n_items"]) == ("now", "later", 30)
    assert row["r"] == pytest.approx(stats.pearsonr(x, y).statistic)
    assert row["change"] == pytest.approx((y - x).mean())
    assert row["sem"] == pytest.approx((y - x).std(ddof=1) / np.sqrt(2))
    assert row["icc_agreement"] < row["icc_consistency"] < row["icc_consistency_high"]
    assert row["change_low"] < row["change"] < row["change_high"]
    assert pd.isna(row["reason"])


def test_days_are_those_between_the_middle_answers(tmp_path: Path) -> None:
    found = table(tmp_path, study(protocols=TWO), both_waves(answers(), answers(seed=2)))
    assert found["days"].tolist() == [10]


@pytest.mark.parametrize(
    ("models", "changed"),
    [(("m-1", "m-1"), False), (("m-1", "m-2"), True), ((None, None), None), (("m-1", None), None)],
    ids=["the same", "another", "none named", "one named"],
)
def test_a_model_that_the_server_changed_is_told(
    tmp_path: Path, models: tuple[str | None, str | None], changed: bool | None
) -> None:
    rows = both_waves(answers(), answers(seed=2), models)
    assert table(tmp_path, study(protocols=TWO), rows)["model_changed"].tolist() == [changed]


def test_the_order_of_rows_and_protocols_changes_nothing(tmp_path: Path) -> None:
    rows = both_waves(answers(), answers(seed=2))
    one = table(tmp_path / "one", study(protocols=TWO), rows)
    swapped = study(protocols=dict(reversed(TWO.items())))
    other = table(tmp_path / "two", swapped, rows.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(one, other)


def test_waves_with_the_same_means_have_no_intervals(tmp_path: Path) -> None:
    (row,) = table(tmp_path, study(protocols=TWO), both_waves(answers(), answers())).to_dict(
        "records"
    )
    assert (row["icc_consistency"], row["icc_agreement"], row["sem"]) == (1, 1, 0)
    assert row["reason"] == "no interval: too few items differ between the waves, or none"


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (2, "only 2 items with means in both waves; 3 are needed"),
        (0, "no item with means in both waves; 3 are needed"),
    ],
)
def test_too_few_items_have_no_numbers(tmp_path: Path, left: int, reason: str) -> None:
    second = answers(seed=2)
    second[left:] = np.nan
    (row,) = table(tmp_path, study(protocols=TWO), both_waves(answers(), second)).to_dict("records")
    assert np.isnan([row["r"], row["icc_agreement"], row["change"], row["sem"]]).all()
    assert row["reason"] == reason


def test_a_wave_that_does_not_vary_has_no_correlation(tmp_path: Path) -> None:
    constant = np.full((30, 10), 5.0)
    (row,) = table(tmp_path, study(protocols=TWO), both_waves(answers(), constant)).to_dict(
        "records"
    )
    assert np.isnan(row["r"])
    assert row["reason"] == "the means of one wave do not vary"


def protocol(name: str, **told: object) -> Protocol:
    return Protocol.model_validate({"name": name, "prompts": "plain", **told})


def test_protocols_that_differ_in_more_than_their_wave_are_no_pair() -> None:
    asked = [
        protocol("a"),
        protocol("b", wave=2),
        protocol("c", wave=3, participants=20),
        protocol("d", wave=2, temperature=0.5),
        protocol("e", wave=2, participants=10),
        protocol("f", wave=2, prompts="other"),
    ]
    assert waves(asked) == waves(asked[::-1]) == (("a", "b"), ("a", "c"), ("b", "c"))


def test_a_study_of_one_wave_has_no_such_table(tmp_path: Path) -> None:
    rows = rating_rows(answers())
    make(tmp_path, study(), rows, NORM_ROWS, analyses=["retest"])
    assert not (tmp_path / RETEST.path).exists()
    job = RetestJob.of(analysed_study(study(protocols=TWO)))
    assert job.params()["pairs"] == [["now", "later"]]


def test_the_page_shows_how_well_waves_agree(tmp_path: Path) -> None:
    rows = both_waves(answers(), answers(0.5, seed=2), ("m-1", "m-2"))
    text = words_of(make_page(tmp_path, study(protocols=TWO), rows, NORM_ROWS))
    assert "Does a model rate items alike when it is asked again?" in text
    assert "ICC(A,1) was ." in text
    assert "The server named another model in the second wave" in text
    assert "McGraw & Wong" in text


def test_the_page_of_one_wave_says_nothing_of_another(tmp_path: Path) -> None:
    text = words_of(make_page(tmp_path, study(), rating_rows(answers()), NORM_ROWS))
    assert "asked again" not in text
