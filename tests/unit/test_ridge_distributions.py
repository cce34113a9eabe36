"""Distributions predicted by ridge regression on embeddings, beside those of models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from emoalign.analyses.explained.section import SECTION
from emoalign.analyses.ridge import predict
from emoalign.analyses.ridge.predict import nearest_shares
from emoalign.embeddings.embedding_cards import RIDGE, GgufEmbedding
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import reported
from emoalign.planning.studies import LoadedStudy
from emoalign.report.section import Results, View
from emoalign.tables import DISTRIBUTION_CONTRASTS, DISTRIBUTIONS, PREDICTIONS
from tests.kit.analysing import analyse
from tests.kit.planted import LABELS, POINTS, planted_study, truths, written

N = 120
CARD = GgufEmbedding.model_validate(
    {"title": "Vectors", "kind": "gguf", "weights": {"file": "none.gguf"}}
)


def telling(card: GgufEmbedding, texts: Sequence[str], store: Path) -> np.ndarray:
    """An embedding that knows what people make of a text."""
    known = np.concatenate([truths(N, "ordinal", 1), truths(N, "labels", 2)], axis=1)
    return known[[int(text.split()[1]) for text in texts]]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, LoadedStudy]:
    """Items of both kinds of scales, with all that is compared."""
    monkeypatch.setattr(predict, "embedded", telling)
    monkeypatch.setattr("emoalign.analyses.explained.explain.embedded", telling)
    written(tmp_path, N)
    from dataclasses import replace

    study = replace(planted_study(), embedding=CARD)
    analyse(analysed_study(study), tmp_path, ["ridge", "distributions", "explained"])
    return tmp_path, study


def test_predictions_are_distributions_that_stand_beside_the_models(
    made: tuple[Path, LoadedStudy],
) -> None:
    folder, study = made
    rows = PREDICTIONS.read(folder / "ridge/d.parquet").set_index("scale")
    assert set(rows["model"]) == {RIDGE}
    ordinal = np.stack(rows.loc["valence", "distribution"].tolist())
    labels = np.stack(rows.loc["emotions", "distribution"].tolist())
    assert (ordinal.shape, labels.shape) == ((N, POINTS), (N, LABELS))
    assert ordinal.min() >= 0
    assert ordinal.sum(axis=1) == pytest.approx(1)
    assert (labels.min(), labels.max()) >= (0, 0)
    assert labels.max() <= 1
    distances = DISTRIBUTIONS.read(folder / DISTRIBUTIONS.path)
    whole = distances[(distances["metric"] == "jsd") & (distances["stratum"] == "all")]
    for scale in ("valence", "emotions"):
        [ridge] = whole[(whole["model"] == RIDGE) & (whole["scale"] == scale)].to_dict("records")
        assert ridge["value"] < ridge["marginal"]
        assert ridge["n_items"] == N
    contrasts = DISTRIBUTION_CONTRASTS.read(folder / DISTRIBUTION_CONTRASTS.path)
    assert set(contrasts.loc[contrasts["b"] == RIDGE, "kind"]) == {"baseline"}

    view = SECTION.view(Results(reported(study), folder))
    assert isinstance(view, View)
    told = " ".join(sentence for finding in view.findings for sentence in finding)
    assert "by ridge regression on embeddings diverged from people's for valence of Words" in told
    assert "Compared with them on the same items, models were farther from people in " in told
    assert "shares of human answers were predicted by ridge" in view.methods[-1]


def test_without_an_embedding_there_are_no_predictions(tmp_path: Path) -> None:
    written(tmp_path, N)
    analyse(analysed_study(planted_study()), tmp_path, ["ridge", "distributions"])
    assert not (tmp_path / "ridge").exists()
    assert RIDGE not in set(DISTRIBUTIONS.read(tmp_path / DISTRIBUTIONS.path)["model"])


def test_the_nearest_shares_are_those_of_an_optimiser() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(0.2, 0.4, (5, 6))
    for row, found in zip(values, nearest_shares(values), strict=True):
        best = optimize.minimize(
            lambda shares, row=row: np.sum((shares - row) ** 2),
            np.full(6, 1 / 6),
            bounds=[(0, 1)] * 6,
            constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1},
            tol=1e-12,
        )
        assert found == pytest.approx(best.x, abs=1e-5)
    shares = rng.dirichlet(np.ones(6), 3)
    assert nearest_shares(shares) == pytest.approx(shares)
