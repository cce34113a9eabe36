"""OASIS: norms, and the single ratings behind them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoalign.errors import DataError
from emoalign.stimuli.readers.base import HumanRatings, SourceItem
from tests.kit.datasets import items, rated, real, write


def oasis(folder: Path, ends: str = "\r", **files: str) -> list[SourceItem]:
    """Two images, three raters of valence and two of arousal; the edition without quotes."""
    norms = (
        ",Theme,Category,Source,Valence_mean,Valence_SD,Valence_N,"
        "Arousal_mean,Arousal_SD,Arousal_N\n"
        f"I1,Crosswalk 1 ,Scenery,Web,4,{2**0.5},2,6,{2**0.5},2\n"
        "I2,War 2 ,Person,Web,2,1,3,5,0,2\n"
    )
    ratings = "valar,age,I1,I2\nv,20,3,1\nv,21,NA,2\nv,22,5,3\na,23,5,5\na,24,7,5\n"
    told = {"norms": norms, "ratings": ratings} | files
    paths = {
        name: write(folder / f"{name}.csv", text.replace("\n", ends))
        for name, text in told.items()
        if text
    }
    return items("oasis", paths)


@pytest.mark.parametrize("ends", ["\r", "\n", "\r\n"], ids=["CR", "LF", "CRLF"])
def test_single_ratings_stand_behind_the_norms_they_reproduce(ends: str, tmp_path: Path) -> None:
    first, second = oasis(tmp_path, ends)
    assert (first.image, second.image) == ("Crosswalk 1.jpg", "War 2.jpg")
    assert (first.stratum, second.stratum) == ("Scenery", "Person")
    assert rated(first, "valence").ratings == (3, 5)
    assert rated(second, "arousal").ratings == (5, 5)
    assert (rated(second, "valence").mean, rated(second, "valence").n) == (2, 3)


def test_norms_alone_are_enough(tmp_path: Path) -> None:
    first, _ = oasis(tmp_path, ratings="")
    assert rated(first, "valence") == HumanRatings(
        4, 2**0.5, 2, None, f"{tmp_path}/norms.csv, line 2"
    )


@pytest.mark.parametrize(
    ("ratings", "told"),
    [
        ("valar,I1,I2\nv,3,1\na,5,5\n", r"no entry of the column 'valar' \(a, v\) has ratings"),
        ("I1,I2\n3,1\n", "no column 'valar'"),
        ("valar,I1\nv,3\n", "no column 'I2'"),
        (
            "valar,I1,I2\nv,4,2\nv,4,2\nv,NA,2\na,5,5\na,7,5\n",
            "column 'I1', valence: the SD of 2 ratings is 0, but the norms give 1.41421 for 2",
        ),
    ],
)
def test_single_ratings_of_other_norms_are_refused(ratings: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=told):
        oasis(tmp_path, ratings=ratings)


@pytest.mark.shared_data
def test_oasis_is_as_known(shared: Path) -> None:
    found = real(shared, "oasis", norms="oasis/OASIS.csv")
    assert len(found) == 900
    valence, arousal = (
        np.array([rated(item, scale).mean for item in found]) for scale in ("valence", "arousal")
    )
    assert np.corrcoef(valence, arousal)[0, 1] == pytest.approx(-0.058, abs=0.0005)
    assert np.corrcoef(abs(valence - 4), arousal)[0, 1] == pytest.approx(0.473, abs=0.0005)
    assert (arousal.mean(), arousal.std(ddof=1)) == pytest.approx((3.668, 0.838), abs=0.0005)
    for scale, reliability in (("valence", 0.992), ("arousal", 0.960)):
        humans = [rated(item, scale) for item in found]
        error = np.mean([human.sd**2 / (human.n or 0) for human in humans])
        spread = np.var([human.mean for human in humans], ddof=1)
        assert 1 - error / spread == pytest.approx(reliability, abs=0.01)
