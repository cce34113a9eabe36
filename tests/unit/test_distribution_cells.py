"""Cells of distributions, from the tables that earlier stages leave behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emoalign.analyses.distributions.cell_rows import strata
from emoalign.items.cells import DistributionCell, read_cells
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import BASELINE, ITEMS, NORMS, STATUSES, STIMULI

FIVE = HumanScale(min=1, max=5, direction="higher is more")
HALVES = HumanScale(min=1, max=3, step=0.5, direction="higher is more")
COLOURS = LabelScale(kind="labels", labels=("red", "green", "blue"))


def stimuli(texts: dict[str, str | None]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": list(texts),
            "modality": "sentence",
            "text": list(texts.values()),
            "image_path": None,
            "image_sha256": [None if text else f"sha of {name}" for name, text in texts.items()],
            "strata": None,
            "split": None,
            "cluster": None,
            "covariates": None,
            "shard": "0000",
        }
    )


def norm(item_id: str, answers: list[object] | None, scale: str = "valence") -> dict[str, object]:
    labels = answers if answers and not isinstance(answers[0], (int, float)) else None
    return {
        "item_id": item_id,
        "scale": scale,
        "mean": 3.0,
        "sd": 1.0,
        "n": len(answers or ()),
        "ratings": None if labels else answers,
        "labels": labels,
        "raters": None,
    }


def answer(item_id: str, shares: list[float] | None, **names: object) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(ITEMS.schema.names)
    row |= dict.fromkeys((f"n_{status}" for status in STATUSES), 0)
    row |= {"model": "m", "protocol": "p", "dataset": "d", "scale": "valence"}
    row |= {"readout": "sampled", "item_id": item_id, "distribution": shares}
    return row | {"n_ok": 0 if shares is None else 10} | names


def cells(
    folder: Path,
    scale: HumanScale | LabelScale,
    texts: dict[str, str | None],
    norms: list[dict[str, object]],
    answers: list[dict[str, object]],
    min_raters: int = 3,
    predictions: tuple[Path, ...] = (),
    name: str = "valence",
) -> list[DistributionCell]:
    paths = {kind: folder / f"{kind}.parquet" for kind in ("items", "norms", "stimuli")}
    STIMULI.write(stimuli(texts), paths["stimuli"])
    NORMS.write(pd.DataFrame(norms), paths["norms"])
    ITEMS.write(pd.DataFrame(answers), paths["items"])
    return list(read_cells("d", {name: scale}, paths, min_raters, predictions))


UP, MIDDLE = [0.0, 0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 1.0, 0.0, 0.0]


def test_people_and_model_stand_side_by_side_on_the_same_items(tmp_path: Path) -> None:
    (cell,) = cells(
        tmp_path,
        FIVE,
        {"a": "Hm.", "b": "Oh!", "c": "Hm."},
        [norm("c", [3, 3, 4]), norm("a", [1, 2, 2, 5]), norm("b", [5, 5, 5])],
        [answer("b", UP), answer("a", MIDDLE), answer("c", UP, n_ok=4)],
    )
    assert cell.key == ("m", "p", "d", "valence", "sampled")
    assert cell.item_ids.tolist() == ["a", "b", "c"]
    assert cell.human_shares == pytest.approx(
        np.array([[0.25, 0.5, 0, 0, 0.25], [0, 0, 0, 0, 1], [0, 0, 2 / 3, 1 / 3, 0]])
    )
    assert cell.model_shares.tolist() == [MIDDLE, UP, UP]
    assert cell.human_n.tolist() == [4, 3, 3]
    assert cell.people.sd == pytest.approx(
        [np.std([1, 2, 2, 5], ddof=1), 0, np.std([3, 3, 4], ddof=1)]
    )
    assert cell.answers.tolist() == [10, 10, 4]
    assert cell.groups[0] == cell.groups[2] != cell.groups[1]


def test_what_cannot_be_compared_is_left_out_and_counted(tmp_path: Path) -> None:
    (cell,) = cells(
        tmp_path,
        FIVE,
        {name: name for name in "abcdef"},
        [
            norm("a", [1, 2, 3]),
            norm("b", [1, 2]),
            norm("c", None),
            norm("d", [1, 2.5, 3]),
            norm("e", [1, 1, 1]),
        ],
        [answer(name, None if name in "be" else UP) for name in "abcdef"],
    )
    assert cell.item_ids.tolist() == ["a"]
    assert cell.left_out.no_ratings == 2, "f, which nobody rated, is there to be estimated"
    assert cell.left_out.few_raters == 1
    assert cell.left_out.no_answer == 1


def test_labels_are_known_rater_by_rater(tmp_path: Path) -> None:
    (cell,) = cells(
        tmp_path,
        COLOURS,
        {"a": "x", "b": "y"},
        [
            norm("a", [["red"], ["red", "blue"], ["green"]], "emotions"),
            norm("b", [["blue"], ["blue"], ["blue", "red"], ["red"]], "emotions"),
        ],
        [answer(name, [0.9, 0.2, 0.0], scale="emotions") for name in "ab"],
        name="emotions",
    )
    assert cell.kind == "labels"
    assert cell.labels == ("red", "green", "blue")
    assert cell.human_shares == pytest.approx(np.array([[2 / 3, 1 / 3, 1 / 3], [0.5, 0, 0.75]]))
    assert cell.people.choices is not None
    assert cell.people.choices.shape == (2, 4, 3)
    assert cell.people.choices[0, 1].tolist() == [True, False, True]
    assert not cell.people.choices[0, 3].any()


def test_an_exact_cell_has_endless_answers_and_images_are_known_by_content(tmp_path: Path) -> None:
    (cell,) = cells(
        tmp_path,
        HALVES,
        {"a": None, "b": None},
        [norm("a", [1, 1.5, 3]), norm("b", [1, 1, 1])],
        [answer(name, UP, readout="exact", n_ok=1) for name in "ab"],
    )
    assert np.isinf(cell.answers).all()
    assert cell.points.tolist() == [1, 1.5, 2, 2.5, 3]
    assert cell.human_shares[0] == pytest.approx([1 / 3, 1 / 3, 0, 0, 1 / 3])
    assert cell.groups[0] != cell.groups[1]


def test_every_protocol_and_readout_is_a_cell_of_its_own(tmp_path: Path) -> None:
    answers = [
        answer("a", UP, protocol=protocol, readout=readout)
        for protocol in ("T1.0", "T0.0")
        for readout in ("sampled", "exact")
    ]
    found = cells(tmp_path, FIVE, {"a": "x"}, [norm("a", [1, 2, 3])], answers)
    assert [(cell.protocol, cell.readout) for cell in found] == [
        ("T0.0", "exact"),
        ("T0.0", "sampled"),
        ("T1.0", "exact"),
        ("T1.0", "sampled"),
    ]


def test_predictions_of_a_model_that_nobody_asked_are_cells_too(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    table = pa.table(
        {
            "model": ["roberta", "roberta"],
            "dataset": ["d", "d"],
            "scale": ["valence", "valence"],
            "item_id": ["b", "a"],
            "distribution": [MIDDLE, None],
            "in_training": [False, True],
        }
    )
    pq.write_table(table, path)
    norms = [norm("a", [1, 2, 3]), norm("b", [5, 5, 5])]
    texts = {"a": "x", "b": "y"}
    found = cells(tmp_path, FIVE, texts, norms, [answer("a", UP)], 3, (path,))
    assert [cell.protocol for cell in found] == ["p", BASELINE]
    assert found[1].model == "roberta"
    assert found[1].item_ids.tolist() == ["b"]
    assert found[1].left_out.no_answer == 1
    assert np.isinf(found[1].answers).all()


def test_a_dataset_without_single_ratings_has_cells_without_items(tmp_path: Path) -> None:
    (cell,) = cells(tmp_path, FIVE, {"a": "x"}, [norm("a", None)], [answer("a", UP)])
    assert len(cell.item_ids) == 0
    assert cell.human_shares.shape == cell.model_shares.shape == (0, 5)
    assert cell.left_out.no_ratings == 1


def test_agreement_is_high_below_an_sd_of_3_tenths_and_low_from_7_tenths_of_five_points(
    tmp_path: Path,
) -> None:
    """The bounds of Inoshita et al. (2026); the SDs are .289, .302, .632 and .707."""
    rated: list[list[object]] = [
        [3] * 11 + [4],
        [3] * 10 + [4],
        [2, 3, 3, 3, 3, 4],
        [2, 3, 3, 3, 4],
    ]
    (cell,) = cells(
        tmp_path,
        FIVE,
        {name: name for name in "abcd"},
        [norm(name, answers) for name, answers in zip("abcd", rated, strict=True)],
        [answer(name, UP) for name in "abcd"],
    )
    assert {name: "".join(cell.item_ids[items]) for name, items in strata(cell).items()} == {
        "all": "abcd",
        "high": "a",
        "moderate": "bc",
        "low": "d",
    }
