"""Frictionless: every CSV file fits its schema, and words stay words."""

from __future__ import annotations

from pathlib import Path

import frictionless

OPEN = {"NA", "TRUE", "null", "1e5", "'=SUM(A1:A9)", "'-joy", "'+1", "007", "None", 'quo"te', "nan"}


def test_the_package_is_valid(bundle: Path) -> None:
    report = frictionless.validate(bundle / "datapackage.json")
    assert report.valid, report.flatten(["rowNumber", "fieldName", "type", "note"])
    assert report.stats["tasks"] == 6


def test_words_are_texts_as_they_were_rated(bundle: Path) -> None:
    package = frictionless.Package(bundle / "datapackage.json")
    rows = package.get_resource("open-items").read_rows()
    assert {row["word"] for row in rows} >= OPEN
    assert all(isinstance(row["distribution"], list) for row in rows)
    assert all(isinstance(row["mean"].__float__(), float) for row in rows)


def test_a_changed_file_is_no_longer_valid(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for path in ("datapackage.json", *(f"data/{file.name}" for file in bundle.glob("data/*.csv"))):
        (tmp_path / path).write_bytes((bundle / path).read_bytes())
    file = tmp_path / "data/open-items.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",5,", ",x,", 1), encoding="utf-8")
    assert not frictionless.validate(tmp_path / "datapackage.json").valid
