"""What the literature leads one to expect of distributions, beside what tables say."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from emoalign.analyses.expectations.of_distributions import (
    EXPECTED,
    DistributionTables,
    distribution_scorecard,
)
from emoalign.tables import (
    CALIBRATION,
    DISTRIBUTION_CONTRASTS,
    ENTROPY,
    TRANSPARENCY_GRADIENT,
    Table,
)
from emoalign.wording import MINUS

CELL = {
    "model": "m",
    "protocol": "p",
    "dataset": "comments",
    "scale": "emotions",
    "readout": "sampled",
}
LABELS = {"comments": ["emotions"]}


def entropy(rho: float, **names: object) -> dict[str, object]:
    ends = {"spearman_rho_low": rho - 0.1, "spearman_rho_high": rho + 0.1}
    return {**CELL, "n_items": 50, "spearman_rho": rho, **ends, **names}


def contrast(difference: float, b: str = "roberta", **names: object) -> dict[str, object]:
    return {
        **{name: CELL[name] for name in ("dataset", "scale", "readout")},
        "kind": "baseline",
        "within": "p",
        "a": "m",
        "b": b,
        "metric": "jsd",
        "n_items": 50,
        "mean_a": 0.5,
        "mean_b": 0.5 - difference,
        "difference": difference,
        "difference_low": difference - 0.05,
        "difference_high": difference + 0.05,
        **names,
    }


def gain(value: float, margin: float = 0.02, method: str = "isotonic") -> dict[str, object]:
    ends = {"gain": value, "gain_low": value - margin, "gain_high": value + margin}
    return {**CELL, "method": method, "jsd_before": 0.5, "jsd_after": 0.45, **ends}


def gradient(rho: float, predictor: str = "t", margin: float = 0.3) -> dict[str, object]:
    ends = {"rho": rho, "rho_low": rho - margin, "rho_high": rho + margin, "n_labels": 28}
    return {**CELL, "predictor": predictor, **ends}


def rows(table: Table, *given: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame([{**dict.fromkeys(table.schema.names), **one} for one in given]).reindex(
        columns=table.schema.names
    )


def tables(
    entropies: list[dict[str, object]],
    contrasts: list[dict[str, object]] | None = None,
    gains: list[dict[str, object]] | None = None,
    gradients: list[dict[str, object]] | None = None,
) -> DistributionTables:
    return DistributionTables(
        rows(ENTROPY, *entropies),
        rows(DISTRIBUTION_CONTRASTS, *(contrasts or [])),
        rows(CALIBRATION, *(gains or [])),
        rows(TRANSPARENCY_GRADIENT, *(gradients or [])),
    )


def found(given: DistributionTables, check: str) -> pd.Series:
    told = distribution_scorecard(LABELS, given).set_index("check")
    return told.loc[check]


@pytest.mark.parametrize(
    ("rho", "related", "loosely"),
    [
        (0.22, "as expected", "as expected"),
        (0.05, "unclear", "as expected"),
        (-0.3, "not as expected", "as expected"),
        (0.45, "as expected", "unclear"),
        (0.8, "as expected", "not as expected"),
    ],
)
def test_entropies_are_expected_to_be_related_but_loosely(
    rho: float, related: str, loosely: str
) -> None:
    given = tables([entropy(rho)])
    assert found(given, "entropies related")["found"] == related
    assert found(given, "entropies loosely related")["found"] == loosely


def test_what_is_expected_on_every_scale_is_decided_by_the_worst() -> None:
    given = tables([entropy(0.3, scale="valence"), entropy(0.02, scale="arousal")])
    row = found(given, "entropies related")
    assert row["estimate"] == 0.02
    assert row["low"] == pytest.approx(-0.08)
    assert row["evidence"] == "lowest of 2 scales: ρ = .02 for arousal"
    assert (
        "highest of 2 scales: ρ = .30 for valence"
        in found(given, "entropies loosely related").evidence
    )


def test_a_model_is_held_against_the_baseline_it_comes_nearest_to() -> None:
    row = found(
        tables([entropy(0.2)], [contrast(0.2), contrast(0.02, b="leaky")]), "asked above fine-tuned"
    )
    assert row["estimate"] == 0.02
    assert row["found"] == "unclear"
    assert row["evidence"] == ("JSD = 0.50 bits, leaky 0.48 bits, for 50 items of emotions")
    assert found(tables([entropy(0.2)], [contrast(0.2)]), "asked above fine-tuned").found == (
        "as expected"
    )


@pytest.mark.parametrize(
    ("value", "margin", "outcome"),
    [
        (0.11, 0.02, "as expected"),
        (0.03, 0.02, "as expected"),
        (0.13, 0.02, "unclear"),
        (0.01, 0.02, "unclear"),
        (0.07, 0.1, "unclear"),
        (-0.03, 0.02, "not as expected"),
        (0.4, 0.02, "not as expected"),
    ],
)
def test_a_gain_is_as_expected_only_if_its_whole_interval_is_above_0_and_at_most_the_published(
    value: float, margin: float, outcome: str
) -> None:
    row = found(tables([entropy(0.2)], gains=[gain(value, margin)]), "calibration gain")
    assert row["found"] == outcome
    assert f"{value:.1%}".replace("-", MINUS) in row["evidence"]


def test_the_gain_is_that_of_the_best_of_the_published_methods_alone() -> None:
    gains = [gain(0.05), gain(0.1, method="bias"), gain(0.5, method="vector")]
    row = found(tables([entropy(0.2)], gains=gains), "calibration gain")
    assert row["estimate"] == pytest.approx(0.04)
    assert "by a bias for each label: " in row["evidence"]
    assert found(tables([entropy(0.2)], gains=gains[2:]), "calibration gain")["found"] == (
        "cannot be told"
    )


def test_transparency_goes_by_the_published_measure_and_not_by_its_parts() -> None:
    given = tables(
        [entropy(0.2)], gradients=[gradient(0.9, "l"), gradient(0.5), gradient(0.8, "e")]
    )
    row = found(given, "transparent labels")
    assert row["estimate"] == 0.5
    assert row["found"] == "as expected"


def test_what_cannot_be_told_says_why() -> None:
    unknown = {"reason": "only 2 items", "spearman_rho_low": math.nan}
    told = distribution_scorecard(LABELS, tables([entropy(math.nan, **unknown)])).set_index("check")
    assert set(told["found"]) == {"cannot be told"}
    assert (
        told.loc["entropies related", "evidence"]
        == "no correlation of entropies for emotions: only 2 items"
    )
    assert told.loc["asked above fine-tuned", "evidence"] == (
        "the study has no fine-tuned baseline for emotions"
    )
    assert set(told["source"]) == {"Inoshita et al. 2026"}


def test_baselines_are_not_asked_and_have_no_rows_of_their_own() -> None:
    given = tables([entropy(0.2), entropy(0.4, model="roberta", protocol="(baseline)")])
    assert set(distribution_scorecard(LABELS, given)["model"]) == {"m"}


def test_scales_of_numbers_have_the_checks_of_entropy_alone() -> None:
    rows = distribution_scorecard({}, tables([entropy(0.2, scale="valence")]))
    assert list(rows["check"]) == ["entropies related", "entropies loosely related"]


def test_rows_stand_in_the_order_of_the_expectations_whatever_the_order_of_the_tables() -> None:
    cells = [entropy(0.2, model=model) for model in ("m", "a")]
    one, other = (
        distribution_scorecard(LABELS, tables(some, [contrast(0.1)], [gain(0.1)], [gradient(0.5)]))
        for some in (cells, cells[::-1])
    )
    pd.testing.assert_frame_equal(one, other)
    assert list(one[one["model"] == "a"]["check"]) == list(EXPECTED)
