"""Aggregation: what a cell says of an item, checked against pandas and against sums by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy import optimize

from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.statistics.pairs import ROUNDING
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import ITEMS, NORMS, RATINGS, STATUSES, STIMULI
from tests.kit.aggregating import FIVE, answers, exact, items, only, row
from tests.kit.ratings import stimuli

POINTS = np.array(FIVE.points)
KEYS = ["model", "protocol", "scale", "readout", "item_id"]


# Sampled


def test_answers_are_counted_by_status_and_only_ratings_have_a_mean(tmp_path: Path) -> None:
    rated: list[float | str] = [4, 5, 5, 2]
    refused: list[float | str] = ["refusal", "content_filter", "refusal"]
    lost: list[float | str] = ["off_scale", "unparsable", "rejected", "truncated", "error"]
    given = answers("a", *rated, *refused, *lost)
    found = only(items(tmp_path, [given]))
    assert {status: found[f"n_{status}"] for status in STATUSES} == {
        "ok": 4,
        "off_scale": 1,
        "unparsable": 1,
        "refusal": 2,
        "content_filter": 1,
        "rejected": 1,
        "truncated": 1,
        "error": 1,
    }
    assert found["mean"] == pytest.approx((4 + 5 + 5 + 2) / 4)
    assert found["sd"] == pytest.approx(np.std([4, 5, 5, 2], ddof=1))
    assert found["distribution"].tolist() == [0, 0.25, 0, 0.25, 0.5]
    for column in ("raw_moment_1", "raw_moment_2", "off_scale_mass", "returned_mass"):
        assert np.isnan(found[column])


def test_one_rating_has_a_mean_but_no_sd(tmp_path: Path) -> None:
    found = only(items(tmp_path, [answers("a", 4, "refusal")]))
    assert (found["n_ok"], found["mean"]) == (1, 4)
    assert np.isnan(found["sd"])


def test_an_item_that_was_always_refused_is_there_with_its_counts_and_no_numbers(
    tmp_path: Path,
) -> None:
    found = items(tmp_path, [[*answers("a", "refusal", "refusal"), *answers("b", 3, 4)]])
    refused = found.iloc[0]
    assert (refused["item_id"], refused["n_ok"], refused["n_refusal"]) == ("a", 0, 2)
    assert refused["distribution"] is None
    written = pq.read_table(tmp_path / "items.parquet").to_pylist()[0]
    for column in ("mean", "sd", "distribution"):
        assert written[column] is None
    assert written["human_mean"] == 3.5


def test_a_dataset_of_nothing_but_refusals_can_be_aggregated(tmp_path: Path) -> None:
    found = items(tmp_path, [[*answers("a", "refusal"), *answers("b", "truncated")]])
    assert found["n_ok"].tolist() == [0, 0]
    assert found["mean"].isna().all()


def test_an_item_without_a_norm_is_kept_with_nulls_beside_it(tmp_path: Path) -> None:
    found = items(tmp_path, [[*answers("a", 3, 4), *answers("unnormed", 2, 2)]])
    assert found["item_id"].tolist() == ["a", "unnormed"]
    assert found["human_mean"].tolist()[0] == 3.5
    assert found["human_n"].tolist()[0] == 10
    assert found.loc[1, ["human_mean", "human_sd", "human_n"]].isna().all()
    assert found.loc[1, "mean"] == 2


def test_a_norm_without_ratings_makes_no_row(tmp_path: Path) -> None:
    assert items(tmp_path, [answers("a", 3)])["item_id"].tolist() == ["a"]


def test_the_distribution_follows_the_points_of_a_fine_scale(tmp_path: Path) -> None:
    fine = AggregationJob(
        dataset="mine",
        scales={"valence": HumanScale(min=0, max=1, step=0.1, direction="higher is better")},
    )
    given = answers("a", 0.3, 0.7, 0.3, 1)
    found = only(items(tmp_path, [given], job=fine))
    assert found["distribution"].tolist() == [0, 0, 0, 0.5, 0, 0, 0, 0.25, 0, 0, 0.25]


# Exact


def test_exact_moments_are_given_raw_and_over_the_mass_on_the_scale(tmp_path: Path) -> None:
    probabilities = np.array([0.1, 0.0, 0.2, 0.3, 0.2])
    found = only(items(tmp_path, [[exact("a", *probabilities)]]))
    assert found["raw_moment_1"] == pytest.approx(0.1 * 1 + 0.2 * 3 + 0.3 * 4 + 0.2 * 5)
    assert found["raw_moment_2"] == pytest.approx(0.1 * 1 + 0.2 * 9 + 0.3 * 16 + 0.2 * 25)
    shares = probabilities / 0.8
    mean = shares @ POINTS
    assert found["mean"] == pytest.approx(mean)
    assert found["sd"] == pytest.approx(np.sqrt(shares @ (POINTS - mean) ** 2))
    assert found["distribution"] == pytest.approx(shares)
    assert found["off_scale_mass"] == pytest.approx(0.1)
    assert found["returned_mass"] == pytest.approx(0.9)
    assert (found["n_ok"], found["readout"]) == (1, "exact")


def bounds(probabilities: np.ndarray, undecided: float) -> dict[str, tuple[float, float]]:
    """Bounds of mean and SD by search: undecided mass on the points, the rest on none."""

    def moments(added: np.ndarray) -> tuple[float, float]:
        shares = (probabilities + added) / (probabilities + added).sum()
        mean = shares @ POINTS
        return mean, np.sqrt(max(0, shares @ (POINTS - mean) ** 2))

    # From every corner of what is allowed and from within, by a method that knows no formula.
    corners = [np.zeros(5), *undecided * np.eye(5), np.full(5, undecided / 6)]
    starts = corners + [undecided * (a + b) / 2 for a in np.eye(5) for b in np.eye(5)]
    found = {}
    for place, name in enumerate(("mean", "sd")):
        ends = []
        for sign in (1, -1):
            best = min(
                optimize.minimize(
                    lambda added, sign=sign, place=place: sign * moments(added)[place],
                    start,
                    bounds=[(0, undecided)] * 5,
                    constraints={"type": "ineq", "fun": lambda added: undecided - added.sum()},
                    method="SLSQP",
                    options={"ftol": 1e-14},
                ).fun
                for start in starts
            )
            corner = min(sign * moments(start)[place] for start in starts)
            ends.append(sign * min(best, corner))
        found[name] = (ends[0], ends[1])
    return found


def test_bounds_are_those_that_a_search_over_all_distributions_finds(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    masses = [
        np.array(masses)
        for masses in (
            (0.1, 0.0, 0.2, 0.3, 0.2),
            (0.0, 0.0, 0.5, 0.0, 0.0),
            (0.02, 0.0, 0.0, 0.0, 0.0),
            (0.4, 0.0, 0.0, 0.0, 0.4),
            *0.6 * random.dirichlet(np.ones(5), 4),
        )
    ]
    unknown = (0.2, 0.4, 0.9, 0.01, 0.3, 0.002, 0.39, 0.1)
    rows = [
        exact(f"i{place}", *mass) | {"off_scale_mass": 1 - u - mass.sum(), "returned_mass": 1 - u}
        for place, (mass, u) in enumerate(zip(masses, unknown, strict=True))
    ]
    found = items(tmp_path, [rows])
    for (_, one), mass, u in zip(found.iterrows(), masses, unknown, strict=True):
        for name, (low, high) in bounds(mass, u).items():
            assert one[f"{name}_low"] == pytest.approx(low, abs=1e-6)
            assert one[f"{name}_high"] == pytest.approx(high, abs=1e-6)


def test_bounds_are_the_mean_and_sd_where_everything_was_returned(tmp_path: Path) -> None:
    everything = {"off_scale_mass": 0.1, "returned_mass": 1.0}
    # Rounding can leave a little more than 1.
    more = {"off_scale_mass": 0.1, "returned_mass": 1 + 2e-7}
    masses = (0.1, 0.3, 0.2, 0.2, 0.1)
    found = items(tmp_path, [[exact("a", *masses) | everything, exact("b", *masses) | more]])
    for name in ("mean", "sd"):
        assert (found[f"{name}_low"] == found[name]).all()
        assert (found[f"{name}_high"] == found[name]).all()


def test_nothing_returned_allows_the_whole_scale_and_sampled_ratings_have_no_bounds(
    tmp_path: Path,
) -> None:
    nothing = exact("a", 0, 0, 0, 0, 0) | {"off_scale_mass": 0.0, "returned_mass": 0.0}
    elsewhere = exact("b", 0, 0, 0, 0, 0) | {"off_scale_mass": 0.9, "returned_mass": 0.9}
    no_scale = exact("c", 0, 0, 0, 0, 0) | {"off_scale_mass": 1.0, "returned_mass": 1.0}
    found = items(tmp_path, [[nothing, elsewhere, no_scale, *answers("d", 3, 4)]])
    ends = found[["mean_low", "mean_high", "sd_low", "sd_high"]].to_numpy()
    assert ends[:2].tolist() == [[1, 5, 0, 2]] * 2
    assert np.isnan(ends[2:]).all()
    assert found["mean"].isna().tolist() == [True, True, True, False]


def test_bounds_hold_at_a_lower_temperature_whatever_was_not_returned(tmp_path: Path) -> None:
    """Tokens that were not returned are less likely than those that were, at T = .5 still more."""
    everything = np.array([0.4, 0.2, 0.15, 0.1, 0.08]), np.array([0.05, 0.02])  # points; returned?
    points, unseen = everything
    tempered = points**2 / (points**2).sum()
    row_of = exact("a", *tempered) | {"off_scale_mass": 0.0, "returned_mass": points.sum()}
    found = only(items(tmp_path, [[row_of]]))
    for place in (0, 4):  # both of the unseen tokens are an end of the scale
        truth = points**2
        truth[place] += (unseen**2).sum()
        mean = truth @ POINTS / truth.sum()
        assert found["mean_low"] <= mean <= found["mean_high"]
        assert mean != pytest.approx(found["mean"], abs=1e-3)


def test_an_exact_distribution_on_one_point_has_sd_0(tmp_path: Path) -> None:
    masses = [0.7, 0.094, *np.random.default_rng(0).uniform(0.05, 1, 40)]
    on_one = [exact(f"i{place}", 0, 0, mass, 0, 0) for place, mass in enumerate(masses)]
    found = items(tmp_path, [on_one])
    assert found["mean"].tolist() == pytest.approx([3] * len(masses))
    # Squares less a square are 1e-7 here, which no table would take for 0.
    assert (found["sd"] < ROUNDING).all()


def test_an_exact_item_with_all_its_mass_off_the_scale_gives_nulls(tmp_path: Path) -> None:
    items(tmp_path, [[exact("a", 0, 0, 0, 0, 0), exact("b", 0.1, 0, 0, 0, 0)]])
    off, on = pq.read_table(tmp_path / "items.parquet").to_pylist()
    assert (off["n_unparsable"], off["n_ok"]) == (1, 0)
    assert (off["mean"], off["sd"], off["distribution"]) == (None, None, None)
    assert (off["raw_moment_1"], off["off_scale_mass"]) == (0, pytest.approx(0.9))
    assert on["mean"] == pytest.approx(1)


# All of it, against pandas


def study(seed: int = 5) -> list[dict[str, object]]:
    """Two models, two protocols, both readouts, with answers of every status."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, object]] = []

    def answered() -> float | str:
        rated = random.random() < 0.7
        return float(random.integers(1, 6)) if rated else str(random.choice(STATUSES[1:]))

    for model in ("tiny", "small"):
        for protocol in ("sheet", "chat"):
            for item_id in ("a", "b", "c"):
                drawn = [answered() for _ in range(20)]
                rows += answers(item_id, *drawn, model=model, protocol=protocol)
                masses = 0.9 * random.dirichlet(np.ones(6))[:5]
                rows.append(exact(item_id, *masses, model=model, protocol=protocol))
    return rows


def test_an_exact_item_that_was_withheld_is_counted_and_has_no_numbers(tmp_path: Path) -> None:
    withheld = row("a", readout="exact", status="content_filter")
    table = items(tmp_path, [[withheld, exact("b", 0.1, 0.1, 0.1, 0.1, 0.1)]]).set_index("item_id")
    assert table.loc["a", "n_content_filter"] == 1
    for column in ("mean", "sd", "raw_moment_1", "raw_moment_2", "off_scale_mass"):
        assert np.isnan(table.loc["a", column])
    assert table.loc["a", "distribution"] is None
    assert table.loc["b", "mean"] == pytest.approx(3)


def test_every_cell_and_item_agrees_with_pandas(tmp_path: Path) -> None:
    rows = study()
    found = items(tmp_path, [rows]).set_index(KEYS)
    ratings = pd.DataFrame(rows)
    ratings["rating"] = ratings["rating"].astype(float)
    counts = pd.crosstab([ratings[key] for key in KEYS], ratings["status"])
    counted = found[[f"n_{status}" for status in STATUSES]].set_axis(list(STATUSES), axis=1)
    expected = counts.reindex(columns=list(STATUSES), index=counted.index, fill_value=0)
    assert len(found) == len(expected) == 24
    assert (counted.to_numpy() == expected.to_numpy()).all()
    sampled = found.xs("sampled", level="readout", drop_level=False)
    by_item = ratings[ratings["readout"] == "sampled"].groupby(KEYS)["rating"]
    assert sampled["mean"].to_numpy() == pytest.approx(by_item.mean()[sampled.index].to_numpy())
    assert sampled["sd"].to_numpy() == pytest.approx(by_item.std()[sampled.index].to_numpy())
    distributions = sampled["distribution"].to_dict()
    for key, group in by_item:
        shares = group.value_counts(normalize=True).reindex(POINTS, fill_value=0)
        assert distributions[key] == pytest.approx(shares.to_numpy())


def test_the_result_does_not_depend_on_the_order_or_number_of_files(tmp_path: Path) -> None:
    rows = study()
    shuffled = [rows[place] for place in np.random.default_rng(1).permutation(len(rows))]
    one = items(tmp_path / "one", [rows])
    several = items(tmp_path / "several", [shuffled[:7], shuffled[7:200], shuffled[200:]])
    pd.testing.assert_frame_equal(one, several)


def test_rows_are_in_order_and_keep_the_contract(tmp_path: Path) -> None:
    found = items(tmp_path, [study()])
    pd.testing.assert_frame_equal(found, found.sort_values(KEYS, ignore_index=True))
    assert not found.duplicated(KEYS).any()
    written = pq.read_schema(tmp_path / "items.parquet")
    assert written.remove_metadata().equals(ITEMS.schema)


def test_strings_with_odd_characters_stay_apart(tmp_path: Path) -> None:
    ids = ["null", "None", "", "a'b", 'a"b', "ａ", "a", "A", "a "]
    found = items(tmp_path, [[one for item_id in ids for one in answers(item_id, 3)]], normed=ids)
    assert sorted(found["item_id"]) == sorted(ids)
    assert found["human_mean"].notna().all()


# Labels


MOODS = ("joy", "anger", "calm")


def moods(item_id: str, *choices: Sequence[str] | str) -> list[dict[str, object]]:
    """Sampled choices of participants 0, 1, ...: labels, or the status of those that are none."""
    return [
        row(item_id, scale="mood", participant=number, **_chosen(choice))
        for number, choice in enumerate(choices)
    ]


def _chosen(choice: Sequence[str] | str) -> dict[str, object]:
    if isinstance(choice, str):
        return {"status": choice}
    return {"status": "ok", "labels": list(choice)}


def labelled_items(folder: Path, rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows))
    RATINGS.write(table.assign(participant=table["participant"].astype("Int32")), folder / "r")
    NORMS.write(
        pd.DataFrame(
            {
                "item_id": ["a", "b", "a"],
                "scale": ["mood", "mood", "valence"],
                "mean": [np.nan, np.nan, 3.5],
                "sd": [np.nan, np.nan, 1.25],
                "raters": None,
                "n": [3, 0, 10],
                "ratings": None,
                "labels": [[["joy"], ["joy", "calm"], []], [], None],
            }
        ),
        folder / "norms",
    )
    scales = {"valence": FIVE, "mood": LabelScale(kind="labels", labels=MOODS, at_least=0)}
    STIMULI.write(stimuli("ab"), folder / "stimuli")
    aggregate(
        AggregationJob(dataset="mine", scales=scales),
        [folder / "r"],
        folder / "norms",
        folder / "stimuli",
        folder / "items",
    )
    return ITEMS.read(folder / "items").set_index(["scale", "item_id"])


def test_shares_of_labels_are_of_the_answers_that_chose_anything_or_nothing_but_answered(
    tmp_path: Path,
) -> None:
    rows = moods("a", ["joy"], ["joy", "calm"], [], "refusal", "unparsable") + moods("b", "refusal")
    found = labelled_items(tmp_path, rows + answers("a", 2, 4))
    assert found.loc[("mood", "a"), "distribution"].tolist() == pytest.approx([2 / 3, 0, 1 / 3])
    assert found.loc[("mood", "a"), "n_ok"] == 3
    assert found.loc[("mood", "b"), "distribution"] is None
    assert found.loc[["mood"], ["mean", "sd"]].isna().all(axis=None)
    assert found.loc[("valence", "a"), "distribution"].tolist() == [0, 0.5, 0, 0.5, 0]
    assert found.loc[("valence", "a"), "mean"] == 3


def test_shares_of_people_count_those_who_chose_nothing_and_are_null_without_anybody(
    tmp_path: Path,
) -> None:
    found = labelled_items(tmp_path, moods("a", ["joy"]) + moods("b", ["joy"]))
    human = found["human_distribution"]
    assert human["mood", "a"].tolist() == pytest.approx([2 / 3, 0, 1 / 3])
    assert human["mood", "b"] is None


def test_a_cell_in_which_nobody_chose_any_label_has_shares_of_zero(tmp_path: Path) -> None:
    found = labelled_items(tmp_path, moods("a", [], []))
    assert found.loc[("mood", "a"), "distribution"].tolist() == [0, 0, 0]


def test_a_scale_of_many_points_is_counted_like_one_of_few(tmp_path: Path) -> None:
    scale = HumanScale(min=0, max=100, step=0.5, direction="higher is better")
    job = AggregationJob(dataset="mine", scales={"valence": scale})
    found = only(items(tmp_path, [answers("a", 0, 33.5, 33.5, 100, "refusal")], job=job))
    shares = dict(zip(scale.points, found["distribution"], strict=True))
    assert {point: share for point, share in shares.items() if share} == {
        0: 0.25,
        33.5: 0.5,
        100: 0.25,
    }
    assert found["mean"] == 41.75
    assert found["sd"] == pytest.approx(np.std([0, 33.5, 33.5, 100], ddof=1))


def test_people_are_shares_of_the_points_they_chose_unless_one_chose_between_two(
    tmp_path: Path,
) -> None:
    known = [[2.0, 2.0, 5.0], [2.5, 3.0], [], None]
    norms = pd.DataFrame(
        {
            "item_id": list("abcd"),
            "scale": "valence",
            "mean": 3.0,
            "sd": None,
            "n": [3, 2, 0, None],
            "ratings": known,
            "labels": None,
            "raters": None,
        }
    )
    NORMS.write(norms, tmp_path / "norms")
    RATINGS.write(
        pd.DataFrame([one for item in "abcd" for one in answers(item, 3)]), tmp_path / "r"
    )
    job = AggregationJob(dataset="mine", scales={"valence": FIVE})
    STIMULI.write(stimuli("abcd"), tmp_path / "stimuli")
    aggregate(job, [tmp_path / "r"], tmp_path / "norms", tmp_path / "stimuli", tmp_path / "items")
    shares = list(ITEMS.read(tmp_path / "items")["human_distribution"])
    assert shares[0].tolist() == pytest.approx([0, 2 / 3, 0, 0, 1 / 3])
    assert shares[1:] == [None, None, None]


def test_answers_that_are_all_the_same_have_no_spread_at_all(tmp_path: Path) -> None:
    scale = HumanScale(min=0, max=1, step=0.1, direction="higher is better")
    job = AggregationJob(dataset="mine", scales={"valence": scale})
    found = only(items(tmp_path, [answers("a", 0.3, 0.3, 0.3)], job=job))
    assert found["sd"] == 0


@pytest.mark.parametrize("threads", [1, 2])
def test_shards_give_the_same_file_as_one_piece_to_the_last_byte(
    tmp_path: Path, threads: int
) -> None:
    rng = np.random.default_rng(4)
    names = [f"item-{number:03d}" for number in range(60)]
    rows = {name: answers(name, *rng.integers(1, 6, 20).tolist(), "refusal") for name in names}
    exactly = {name: [exact(name, *(0.17 * rng.dirichlet(np.ones(5))))] for name in names}

    def written(folder: str, shards: Sequence[Sequence[str]]) -> bytes:
        (tmp_path / folder).mkdir()
        files = [[row for name in shard for row in rows[name] + exactly[name]] for shard in shards]
        items(tmp_path / folder, files, normed=names, threads=threads)
        return (tmp_path / folder / "items.parquet").read_bytes()

    whole = written("whole", [names])
    assert written("pieces", [names[i : i + 7] for i in range(0, 60, 7)]) == whole
    shuffled = [str(name) for name in rng.permutation(names)]
    assert written("shuffled", [shuffled[:31], shuffled[31:]]) == whole
