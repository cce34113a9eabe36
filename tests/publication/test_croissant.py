"""Croissant: the description is valid without warnings, and its records are those of the tables."""

from __future__ import annotations

from pathlib import Path

import mlcroissant
import pytest
from absl import logging

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def test_the_description_is_valid_without_a_warning(
    bundle: Path, caplog: pytest.LogCaptureFixture
) -> None:
    logging.get_absl_logger().propagate = True
    dataset = mlcroissant.Dataset(jsonld=bundle / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert not dataset.metadata.ctx.issues.warnings
    assert not caplog.records
    assert dataset.metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"


def test_records_hold_the_words_that_others_take_for_missing(bundle: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=bundle / "croissant.json")
    rows = list(dataset.records("open-items"))
    words = {row["open-items/word"].decode() for row in rows}
    assert words >= {"NA", "TRUE", "null", "1e5", "=SUM(A1:A9)", "-joy", "None", "nan", "喜び"}
    assert all(len(row["open-items/distribution"]) == 9 for row in rows)


def test_a_restricted_dataset_has_records_of_numbers(bundle: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=bundle / "croissant.json")
    rows = list(dataset.records("secret-ratings"))
    ratings = [row["secret-ratings/rating"] for row in rows]
    assert len(rows) == 4 * 19
    assert sum(1 <= rating <= 9 for rating in ratings if rating is not None) == 3 * 19
