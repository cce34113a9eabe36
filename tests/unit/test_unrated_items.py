"""Items that nobody rated change nothing that a study says of those that people rated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from emoalign.items.aggregation import aggregate
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import Jobs, reported
from emoalign.planning.studies import LoadedStudy
from emoalign.tables import NORMS, RATINGS, STIMULI
from tests.kit.analysing import analyse
from tests.kit.ratings import label_norms, label_rows, norms, rating_rows, ratings, stimuli
from tests.kit.stages import page
from tests.kit.words import study, words_of

N = 60
RATED = [f"item-{number:03d}" for number in range(N) if number % 3]
"""Two thirds of the items, between which the others stand."""

OF_ALL = {"variance", "estimation"}
"""Tables about models' ratings alone, and about items that are estimated."""


def made(folder: Path, loaded: LoadedStudy, kept: list[str]) -> None:
    """All tables of a study of some of the items; people rated no others than RATED."""
    every = norms(N, seed=4)
    chosen = label_norms([[["joy"], ["fear"]], [["anger"], ["joy"]]] * (N // 2))
    known = pd.concat([every, chosen])
    answers = pd.concat(
        [
            rating_rows(ratings(every, noise)).assign(model=model)
            for model, noise in (("m", 1.0), ("k", 2.0))
        ]
        + [
            label_rows([["joy"], ["fear"], ["anger", "joy"]] * (N // 3)).assign(model=model)
            for model in ("m", "k")
        ]
    )
    STIMULI.write(
        stimuli(kept, [f"word {name}" for name in kept]), folder / "stimuli/words.parquet"
    )
    NORMS.write(known[known["item_id"].isin(RATED)], folder / "norms/words.parquet")
    file = folder / "ratings/words.parquet"
    RATINGS.write(answers[answers["item_id"].isin(kept)], file)
    aggregate(
        Jobs(loaded).aggregate("words"),
        [file],
        folder / "norms/words.parquet",
        folder / "stimuli/words.parquet",
        folder / "items/words.parquet",
    )
    analyse(analysed_study(loaded), folder)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[LoadedStudy, Path, Path]:
    """A study of rated items, and the same study with items that nobody rated."""
    loaded = study(
        models=("k", "m"),
        labels=("emotions",),
        protocols={"p": {"participants": 10}},
        figures=["means", "spread", "correlations"],
        estimates={},
    )
    rated, every = (tmp_path_factory.mktemp(name) for name in ("rated", "all"))
    made(rated, loaded, RATED)
    made(every, loaded, [f"item-{number:03d}" for number in range(N)])
    return loaded, rated, every


def test_every_table_about_people_is_the_same(both: tuple[LoadedStudy, Path, Path]) -> None:
    _, rated, every = both
    tables = {path.stem for path in rated.glob("statistics/*.parquet")}
    assert len(tables) > 20
    differ = {
        name
        for name in tables
        if not pd.read_parquet(rated / f"statistics/{name}.parquet").equals(
            pd.read_parquet(every / f"statistics/{name}.parquet")
        )
    }
    assert differ == OF_ALL


def test_calibrated_distributions_of_rated_items_are_the_same(
    both: tuple[LoadedStudy, Path, Path],
) -> None:
    _, rated, every = both
    path = "calibrated/words.parquet"
    found = pd.read_parquet(every / path)
    own = found[found["out_of_fold"]].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, pd.read_parquet(rated / path), check_dtype=False)
    assert len(found) > len(own)


def test_the_page_says_how_many_have_no_human_ratings_and_shows_the_same_figures(
    both: tuple[LoadedStudy, Path, Path],
) -> None:
    loaded, rated, every = both
    told = words_of(page(every, reported(loaded)))
    assert f"Of these, {N - len(RATED)} have no human ratings" in told
    assert "no human ratings" not in words_of(page(rated, reported(loaded)))
    drawn = sorted(rated.glob("figures/**/*.png"))
    assert len(drawn) == 3
    for path in drawn:
        other = every / path.relative_to(rated)
        assert np.array_equal(imread(path), imread(other)), path
