"""The tables of the stage that compares distributions, from small item tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pingouin
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.distributions.reference_predictors import REFERENCES
from emoalign.statistics import distances
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.study.settings import DistributionSettings
from emoalign.tables import (
    CATEGORIES,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    ITEM_ENTROPIES,
    ITEMS,
    NORMS,
    STATUSES,
    STIMULI,
)
from tests.kit.analysing import run

N_ITEMS = 60
FIVE = HumanScale(min=1, max=5, direction="higher is more")
MOODS = LabelScale(kind="labels", labels=("anger", "fear", "joy", "neutral"))
SCALES = {"texts": {"valence": FIVE, "arousal": FIVE}, "comments": {"moods": MOODS}}
IDS = [f"item-{number:03d}" for number in range(N_ITEMS)]
# The last ten items repeat the texts of the ten before.
TEXTS = [f"text {number if number < 50 else number - 10}" for number in range(N_ITEMS)]


def job(**changes: object) -> DistributionJob:
    settings = DistributionSettings(simulations=20, permutations=5)
    fields = {"scales": SCALES, "seed": 3, "bootstrap_resamples": 300, "settings": settings}
    return DistributionJob.model_validate(fields | changes)


def truth(scale: str, k: int) -> np.ndarray:
    rng = np.random.default_rng(sum(map(ord, scale)))
    return rng.dirichlet(np.full(k, 0.7), N_ITEMS)


def numbered(scale: str, n_raters: int = 6) -> pd.DataFrame:
    rng = np.random.default_rng(len(scale))
    ratings = [(rng.choice(5, n_raters, p=one) + 1.0).tolist() for one in truth(scale, 5)]
    told = {"item_id": IDS, "scale": scale, "mean": 3.0, "sd": 1.0, "n": n_raters}
    return pd.DataFrame(told | {"ratings": ratings, "labels": None, "raters": None})


def labelled() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    chosen = [
        [sorted(set(rng.choice(MOODS.labels, 2, p=one))) for _ in range(4)]
        for one in truth("moods", 4)
    ]
    told = {"item_id": IDS, "scale": "moods", "mean": np.nan, "sd": np.nan, "n": 4}
    return pd.DataFrame(told | {"ratings": None, "labels": chosen, "raters": None})


def answered(scale: str, model: str, protocol: str, blur: float) -> pd.DataFrame:
    """A model that answers from the truth, mixed with as much noise as `blur` says."""
    rng = np.random.default_rng(sum(map(ord, scale + model + protocol)))
    k = 4 if scale == "moods" else 5
    shares = (1 - blur) * truth(scale, k) + blur * rng.dirichlet(np.ones(k), N_ITEMS)
    counts = rng.binomial(10, shares) if scale == "moods" else rng.multinomial(10, shares)
    rows = pd.DataFrame({name: [None] * N_ITEMS for name in ITEMS.schema.names})
    return rows.assign(
        **dict.fromkeys((f"n_{status}" for status in STATUSES if status != "ok"), 0),
        model=model,
        protocol=protocol,
        dataset="comments" if scale == "moods" else "texts",
        scale=scale,
        readout="sampled",
        item_id=IDS,
        n_ok=10,
        distribution=(counts / 10).tolist(),
    )


CELLS = (("good", "T1", 0.1), ("poor", "T1", 0.9), ("good", "T0", 0.1))


def written(folder: Path, order: int = 1, **replaced: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The five tables of a study of two datasets; `order` -1 turns all rows around."""
    norms = {
        "texts": pd.concat([numbered("valence"), numbered("arousal")]),
        "comments": labelled(),
    } | replaced
    files = {kind: folder / kind for kind in ("items", "norms", "stimuli")}
    for dataset, scales in SCALES.items():
        items = pd.concat([answered(scale, *cell) for scale in scales for cell in CELLS])
        ITEMS.write(items[::order], files["items"] / f"{dataset}.parquet")
        NORMS.write(norms[dataset][::order], files["norms"] / f"{dataset}.parquet")
        stimuli = pd.DataFrame({name: [None] * N_ITEMS for name in STIMULI.schema.names})
        stimuli = stimuli.assign(item_id=IDS, text=TEXTS, modality="sentence", shard="0000")
        STIMULI.write(stimuli[::order], files["stimuli"] / f"{dataset}.parquet")
    return compared(folder)


def compared(folder: Path) -> dict[str, pd.DataFrame]:
    run(job(), "compare_distributions", folder)
    tables = (DISTRIBUTIONS, ENTROPY, ITEM_ENTROPIES, CATEGORIES, DISTRIBUTION_CONTRASTS)
    return {Path(table.path).stem: table.read(folder / table.path) for table in tables}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    return written(tmp_path_factory.mktemp("study"))


def row(table: pd.DataFrame, **wanted: str) -> pd.Series:
    for name, value in wanted.items():
        table = table[table[name] == value]
    assert len(table) == 1, table
    return table.iloc[0]


def test_every_metric_of_every_cell_stands_beside_all_it_is_compared_with(
    tables: dict[str, pd.DataFrame],
) -> None:
    found = tables["distributions"]
    assert len(found) == 3 * 4 * (2 * 11 + 9)
    told = found[(found["stratum"] == "all") & (found["metric"] != "kendall")]
    beside = list(REFERENCES)
    assert told[["value", "value_low", "value_high", *beside]].notna().all().all()
    assert told["reason"].isna().all()
    assert (told["value_low"] < told["value"]).all()
    assert (told["value"] < told["value_high"]).all()
    assert told["n_texts"].eq(50).all()
    no_order = found[(found["stratum"] == "all") & (found["metric"] == "kendall")]
    assert no_order["uniform"].isna().all()
    assert no_order["reason"].eq("undefined for uniform").all()


def test_a_good_model_is_near_what_a_perfect_one_reaches_and_a_poor_one_is_not(
    tables: dict[str, pd.DataFrame],
) -> None:
    for dataset, scale in (("texts", "valence"), ("comments", "moods")):
        cell = {"dataset": dataset, "scale": scale, "protocol": "T1", "stratum": "all"}
        good, poor = (
            row(tables["distributions"], model=model, metric="jsd", **cell)
            for model in ("good", "poor")
        )
        assert good["value"] < poor["value"]
        assert good["value"] < good["shuffled"]
        assert abs(good["value"] - good["perfect"]) < 0.05
    valence = row(
        tables["distributions"],
        dataset="texts",
        scale="valence",
        model="good",
        protocol="T1",
        stratum="all",
        metric="jsd",
    )
    human = numbered("valence")["ratings"].map(
        lambda ratings: np.bincount(np.array(ratings, dtype=int), minlength=6)[1:] / 6
    )
    model = answered("valence", "good", "T1", 0.1)["distribution"]
    expected = distances.jsd(np.stack(human.to_list()), np.stack(model.to_list())).mean()
    assert valence["value"] == pytest.approx(expected)


def test_strata_hold_all_items_between_them(tables: dict[str, pd.DataFrame]) -> None:
    found = tables["distributions"]
    for metric in ("jsd", "tvd"):
        one = found[(found["metric"] == metric) & (found["model"] == "poor")]
        for _, cell in one.groupby("scale"):
            n = cell.set_index("stratum")["n_items"]
            assert n.drop("all").sum() == n["all"] == N_ITEMS
            value = cell.set_index("stratum")["value"].fillna(0)
            assert (value * n).drop("all").sum() == pytest.approx(value["all"] * N_ITEMS)


def test_entropies_of_people_and_model_are_correlated_over_items(
    tables: dict[str, pd.DataFrame],
) -> None:
    found = row(tables["entropy"], scale="valence", model="good", protocol="T1")
    counts = np.stack(
        [np.bincount(np.array(one, int), minlength=6)[1:] for one in numbered("valence")["ratings"]]
    )
    model = np.stack(answered("valence", "good", "T1", 0.1)["distribution"].to_list())
    of_people, of_model = (
        stats.entropy(one, base=2, axis=1).round(9) for one in (counts / 6, model)
    )
    assert found["spearman_rho"] == pytest.approx(stats.spearmanr(of_people, of_model).statistic)
    assert found["entropy_difference"] == pytest.approx((of_model - of_people).mean())
    assert found["spearman_rho_low"] < found["spearman_rho"] < found["spearman_rho_high"]
    assert 0 < found["rho_perfect"] < 1
    assert found["rho_human_halves"] < 1
    items = tables["item_entropies"]
    items = items[(items["scale"] == "valence") & (items["model"] == "good")]
    items = items[items["protocol"] == "T1"].set_index("item_id").loc[IDS]
    assert items["human_entropy"].to_list() == pytest.approx(list(of_people))
    assert items["model_entropy"].to_list() == pytest.approx(list(of_model))


def test_every_label_is_compared_by_itself(tables: dict[str, pd.DataFrame]) -> None:
    found = tables["categories"]
    assert len(found) == 3 * 4
    joy = row(found, label="joy", model="poor", protocol="T1")
    human = np.array(
        [np.mean(["joy" in one for one in choices]) for choices in labelled()["labels"]]
    )
    model = np.stack(answered("moods", "poor", "T1", 0.9)["distribution"].to_list())[:, 2]
    assert joy["rate_difference"] == pytest.approx(model.mean() - human.mean())
    assert joy["spearman_rho"] == pytest.approx(stats.spearmanr(model, human).statistic)
    assert joy["brier"] == pytest.approx(np.mean((human - model) ** 2))
    of_labels = found[(found["model"] == "poor")].set_index("label")
    macro = row(tables["distributions"], model="poor", scale="moods", metric="brier", stratum="all")
    assert of_labels["brier"].mean() == pytest.approx(macro["value"])
    for name in REFERENCES:
        assert of_labels[f"brier_{name}"].mean() == pytest.approx(macro[name])


def test_contrasts_are_paired_over_texts(tables: dict[str, pd.DataFrame]) -> None:
    found = tables["distribution_contrasts"]
    assert found["kind"].value_counts().to_dict() == {"model": 10, "protocol": 10, "guess": 60}
    one = row(found, kind="model", scale="valence", metric="rps")
    assert (one["a"], one["b"], one["within"]) == ("good", "poor", "T1")
    human = np.stack(
        [np.bincount(np.array(x, int), minlength=6)[1:] / 6 for x in numbered("valence")["ratings"]]
    )
    good, poor = (
        distances.rps(human, np.stack(answered("valence", *cell)["distribution"].to_list()))
        for cell in CELLS[:2]
    )
    # scipy ranks the last digit, in which equal differences are apart.
    texts = pd.Series(good - poor).groupby(TEXTS).mean().round(12)
    test = stats.wilcoxon(texts, zero_method="wilcox", correction=True, method="asymptotic")
    effect = pingouin.wilcoxon(texts, alternative="two-sided")["RBC"].iloc[0]
    assert one["difference"] == pytest.approx((good - poor).mean())
    assert one["p"] == pytest.approx(test.pvalue)
    assert one["rank_biserial"] == pytest.approx(effect)
    assert one["d_z"] == pytest.approx(texts.mean() / texts.std())
    assert one["difference_high"] < 0
    family = found[(found["kind"] == "model") & (found["metric"] == "jsd")]
    assert family["p_holm"].to_numpy() == pytest.approx(
        multipletests(family["p"], method="holm")[1]
    )


def test_every_cell_is_compared_with_the_guesses_it_stands_beside(
    tables: dict[str, pd.DataFrame],
) -> None:
    of_cells = tables["distributions"].query("stratum == 'all'")
    for _, beside in tables["distribution_contrasts"].query("kind == 'guess'").iterrows():
        names = {name: beside[name] for name in ("dataset", "scale", "readout", "metric")}
        own = row(of_cells, model=beside["a"], protocol=beside["within"], **names)
        assert beside["mean_a"] == pytest.approx(own["value"])
        assert beside["mean_b"] == pytest.approx(own[beside["b"]])
        assert beside["difference"] == pytest.approx(own["value"] - own[beside["b"]])
        assert beside["n_items"] == own["n_items"]


def test_no_order_of_rows_matters(tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    again = written(tmp_path, order=-1)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(again[name], table)


def test_a_study_without_single_ratings_says_so_in_every_row(tmp_path: Path) -> None:
    unknown = pd.concat([numbered("valence"), numbered("arousal")]).assign(ratings=None)
    found = written(tmp_path, texts=unknown)
    of_texts = found["distributions"][found["distributions"]["dataset"] == "texts"]
    assert of_texts["value"].isna().all()
    assert of_texts["n_no_ratings"].eq(N_ITEMS).all()
    why = "no item has both a usable answer and enough single human ratings"
    assert of_texts["reason"].eq(why).all()
    entropy = found["entropy"][found["entropy"]["dataset"] == "texts"]
    assert entropy["reason"].eq(why).all()
    contrasts = found["distribution_contrasts"]
    assert contrasts[contrasts["dataset"] == "texts"]["reason"].notna().all()
    assert found["categories"]["brier"].notna().all()


def test_predictions_are_compared_with_every_model_that_was_asked(tmp_path: Path) -> None:
    written(tmp_path)
    path = tmp_path / "baselines/roberta/comments.parquet"
    path.parent.mkdir(parents=True)
    shares = np.random.default_rng(1).random((N_ITEMS, 4))
    pq.write_table(
        pa.table(
            {
                "model": ["roberta"] * N_ITEMS,
                "dataset": ["comments"] * N_ITEMS,
                "scale": ["moods"] * N_ITEMS,
                "item_id": IDS,
                "distribution": shares.tolist(),
            }
        ),
        path,
    )
    found = compared(tmp_path)
    contrasts = found["distribution_contrasts"]
    beside = contrasts[(contrasts["kind"] == "baseline") & (contrasts["metric"] == "jsd")]
    assert beside[["within", "a", "b"]].to_numpy().tolist() == [
        ["T0", "good", "roberta"],
        ["T1", "good", "roberta"],
        ["T1", "poor", "roberta"],
    ]
    cell = row(found["entropy"], model="roberta")
    assert cell["protocol"] == "(baseline)"
    assert cell["readout"] == "exact"
