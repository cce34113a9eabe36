"""Adjusted p-values, against statsmodels and the example of Benjamini & Hochberg."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from emoalign.statistics.significance import benjamini_hochberg, holm

METHODS = pytest.mark.parametrize(
    ("adjust", "name"), [(benjamini_hochberg, "fdr_bh"), (holm, "holm")]
)
# Benjamini & Hochberg (1995), section 3.2: 15 hypotheses.
PUBLISHED = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_four_of_the_published_hypotheses_are_discoveries_and_three_survive_holm() -> None:
    assert np.sum(benjamini_hochberg(PUBLISHED) <= 0.05) == 4
    assert np.sum(holm(PUBLISHED) <= 0.05) == 3


@METHODS
@settings(deadline=None, max_examples=50, database=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_adjusted_p_is_that_of_statsmodels(adjust, name: str, p: list[float]) -> None:  # type: ignore[no-untyped-def]
    assert adjust(p) == pytest.approx(multipletests(p, method=name)[1])


@METHODS
def test_undefined_p_stays_undefined_and_is_no_member_of_the_family(adjust, name: str) -> None:  # type: ignore[no-untyped-def]
    p = np.array([0.01, np.nan, 0.04, 0.02, np.nan])
    expected = np.full(5, np.nan)
    expected[[0, 2, 3]] = multipletests(p[[0, 2, 3]], method=name)[1]
    assert adjust(p) == pytest.approx(expected, nan_ok=True)
    assert p[0] == 0.01


@METHODS
def test_a_family_keeps_its_shape_and_may_be_empty(adjust, name: str) -> None:  # type: ignore[no-untyped-def]
    p = np.array([[0.01, 0.5], [0.03, 0.04]])
    assert adjust(p).ravel() == pytest.approx(multipletests(p.ravel(), method=name)[1])
    assert adjust([]).shape == (0,)
    assert np.isnan(adjust([np.nan, np.nan])).all()


@METHODS
@pytest.mark.parametrize("wrong", [-0.1, 1.2, np.inf])
def test_what_is_no_p_value_is_refused(adjust, name: str, wrong: float) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match="found the p-value"):
        adjust([0.5, wrong])
