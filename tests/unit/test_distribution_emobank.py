"""The real EmoBank, sampled as Inoshita et al. (2026) did: what ignorance of a text reaches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from emoalign.planning.studies import STUDY
from emoalign.statistics import distances, predictors
from emoalign.statistics.raters import People
from emoalign.stimuli.norms import human_answers
from emoalign.stimuli.selection import strata_of, stratified_ids
from emoalign.study.reading import read_yaml, validate
from emoalign.study.settings import Strata
from tests.kit.datasets import ROOT, prepared, shipped

pytestmark = pytest.mark.shared_data

SCALES = ("valence", "arousal", "dominance")
FILES = {
    "ratings": "individual_reader_ratings.csv",
    "texts": "raw.csv",
    "splits": "emobank.csv",
    "categories": "meta.tsv",
}
SAMPLES = 20


def published_strata() -> Strata:
    content, _ = read_yaml(ROOT / "config/studies/inoshita2026.yaml")
    study, problems = validate(STUDY, content, "inoshita2026")
    assert study is not None, problems
    (strata,) = [one.strata for one in study.datasets if one.dataset == "emobank"]
    assert strata is not None
    return strata


@pytest.fixture(scope="module")
def samples(
    shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[People, np.ndarray]]]:
    """People's ratings of all texts, skips left in, and which of them samples of 2,000 hold."""
    card = shipped("emobank")
    files = {name: {"file": str(shared / "emobank" / file)} for name, file in FILES.items()}
    source = type(card.source).model_validate(card.source.model_dump() | files | {"skips": "keep"})
    kept = card.model_copy(update={"source": source})
    folder = tmp_path_factory.mktemp("emobank")
    _, norms = prepared(folder, kept, min_raters=3)
    strata = published_strata()
    kinds = strata_of(norms, strata, card.scales)
    drawn = [set(stratified_ids(kinds, strata.wanted(), 2000, seed)) for seed in range(SAMPLES)]
    table = pa.Table.from_pandas(norms, preserve_index=False)
    found = {}
    for scale in SCALES:
        raters = human_answers(table, scale, card.scales[scale])
        found[scale] = [
            (raters, np.array([item_id in ids for item_id in raters.item_ids])) for ids in drawn
        ]
    return found


def means(samples: list[tuple[People, np.ndarray]]) -> Iterator[tuple[float, float, float]]:
    for raters, drawn in samples:
        human = raters.shares[drawn]
        assert len(human) == 2000
        marginal = human.mean(axis=0)
        uniform = predictors.uniform("ordinal", 5)
        yield (
            float(distances.jsd(human, marginal).mean()),
            float(distances.jsd(human, uniform).mean()),
            float(distances.w1(human, marginal).mean()),
        )


@pytest.mark.parametrize(
    ("scale", "published"),
    [
        ("valence", (0.263, 0.407, 0.711)),
        ("arousal", (0.190, 0.388, 0.542)),
        ("dominance", (0.177, 0.420, 0.500)),
    ],
)
def test_the_mean_distribution_of_people_comes_as_near_as_was_published(
    scale: str,
    published: tuple[float, float, float],
    samples: dict[str, list[tuple[People, np.ndarray]]],
) -> None:
    """In-sample, skipped texts counted as rated 1: divergence of the mean distribution of all
    sampled texts, of the uniform one, and the earth mover's distance of the first. The published
    sample is one of many; over samples the means are within .005, and any within .01 (W1 .025)."""
    found = np.array(list(means(samples[scale])))
    assert found.mean(axis=0) == pytest.approx(published, abs=0.005)
    assert (np.abs(found - published).max(axis=0) < (0.01, 0.01, 0.025)).all()
