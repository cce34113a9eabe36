"""Stated distributions on the way to the report: items, reliability, doubts, words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.alignment.aligned_cells import alignment
from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.analyses.precision.widths import _ways
from emoalign.analyses.recitation.completed import own_ratings
from emoalign.elicitation.doubts import Asked, doubts, few_ratings
from emoalign.figures.style import filling
from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.report.answers import Answers, little, unusable, usable_shares
from emoalign.report.conditions import condition, named
from emoalign.report.first_screen.asked import _how
from emoalign.report.first_screen.opening import chosen_by
from emoalign.report.sections.asking_in_words import answers_read, protocols_used
from emoalign.statistics.reliability import summary_reliability
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import CELL_KEY, ITEMS, NORMS, RATINGS, STIMULI
from tests.kit.ratings import cell, stimuli
from tests.kit.words import report_job
from tests.unit.test_align import JOB

FIVE = HumanScale(min=1, max=5, direction="higher is better")
MOOD = LabelScale(kind="labels", labels=("joy", "anger", "fear"))
POINTS = np.array(FIVE.points)

Statement = Sequence[float] | str


def statements(item_id: str, *stated: Statement, **fields: Any) -> list[dict[str, Any]]:
    """Rows of what participants 0, 1, … stated of an item: shares, or the status of none."""
    return [
        {
            **dict.fromkeys(RATINGS.schema.names),
            **{"model": "m", "protocol": "p", "dataset": "mine", "scale": "v"},
            **{"readout": "stated", "item_id": item_id, "participant": number},
            "status": one if isinstance(one, str) else "ok",
            "probabilities": None if isinstance(one, str) else list(one),
            "stated_total": None if isinstance(one, str) else 100.0,
            "text": "",
            **fields,
        }
        for number, one in enumerate(stated)
    ]


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    table = pd.DataFrame(list(rows))
    RATINGS.write(table.assign(participant=table["participant"].astype("Int32")), path)
    return path


def items(
    folder: Path,
    *files: Sequence[Mapping[str, Any]],
    scale: HumanScale | LabelScale = FIVE,
    other_points: Mapping[str, tuple[str, ...]] = {},
) -> pd.DataFrame:
    paths = [write(folder / f"{number}.parquet", rows) for number, rows in enumerate(files)]
    asked = sorted({str(row["item_id"]) for rows in files for row in rows})
    STIMULI.write(stimuli(asked), folder / "stimuli.parquet")
    NORMS.write(pd.DataFrame(columns=NORMS.schema.names), folder / "norms.parquet")
    others = {"v": dict(other_points)} if other_points else {}
    job = AggregationJob(dataset="mine", scales={"v": scale}, other_points=others)
    norms, asked_about = folder / "norms.parquet", folder / "stimuli.parquet"
    aggregate(job, paths, norms, asked_about, folder / "items.parquet")
    return ITEMS.read(folder / "items.parquet").set_index("item_id")


# Items


def test_an_item_is_the_mean_of_its_statements_as_numpy_finds_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    said = {f"w{n}": rng.dirichlet(np.full(5, 0.5), size=n) for n in range(1, 7)}
    rows = [row for item, all_of in said.items() for row in statements(item, *all_of, "refusal")]
    found = items(tmp_path, rows)
    for item, all_of in said.items():
        row, mixture = found.loc[item], all_of.mean(axis=0)
        mean = mixture @ POINTS
        assert row["mean"] == pytest.approx(mean, abs=1e-12)
        assert row["sd"] == pytest.approx(np.sqrt(mixture @ (POINTS - mean) ** 2), abs=1e-12)
        assert list(row["distribution"]) == pytest.approx(list(mixture), abs=1e-12)
        assert (row["n_ok"], row["n_refusal"]) == (len(all_of), 1)
        if len(all_of) > 1:
            error = np.std(all_of @ POINTS, ddof=1) / len(all_of) ** 0.5
            assert row["mean_se"] == pytest.approx(error, abs=1e-8)
        else:
            assert np.isnan(row["mean_se"])
        assert row[["mean_low", "mean_high"]].tolist() == pytest.approx([mean, mean])
        assert row[["off_scale_mass", "returned_mass"]].isna().all()


def test_the_mean_and_sd_of_a_planted_distribution_come_back_exactly(tmp_path: Path) -> None:
    planted = [0.1, 0.2, 0.4, 0.2, 0.1]
    row = items(tmp_path, statements("a", planted, planted, planted)).loc["a"]
    assert row["mean"] == pytest.approx(3, abs=1e-12)
    assert row["sd"] == pytest.approx(1.2**0.5, abs=1e-12)
    assert row["mean_se"] == pytest.approx(0, abs=1e-12)
    certain = items(tmp_path, statements("a", [0, 0, 0, 1, 0], [0, 0, 0, 1, 0])).loc["a"]
    assert (certain["mean"], certain["sd"], certain["mean_se"]) == (4, 0, 0)


def test_shares_of_labels_are_averaged_and_have_no_mean(tmp_path: Path) -> None:
    rows = statements("a", [1, 0.5, 0], [0.5, 0.5, 0.25], "unparsable")
    row = items(tmp_path, rows, scale=MOOD).loc["a"]
    assert list(row["distribution"]) == [0.75, 0.5, 0.125]
    assert row[["mean", "sd", "mean_se"]].isna().all()
    assert (row["n_ok"], row["n_unparsable"]) == (2, 1)


def test_an_item_without_any_distribution_is_counted_and_has_no_numbers(tmp_path: Path) -> None:
    found = items(tmp_path, statements("a", "unparsable", "truncated"))
    row = found.loc["a"]
    assert (row["n_ok"], row["n_unparsable"], row["n_truncated"]) == (0, 1, 1)
    assert row[["mean", "sd", "mean_se", "distribution"]].isna().all()


def test_the_order_of_rows_and_files_changes_no_byte(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [
        row
        for number in range(20)
        for row in statements(f"w{number:02d}", *rng.dirichlet(np.full(5, 0.3), size=7))
    ]
    items(tmp_path, rows)
    first = (tmp_path / "items.parquet").read_bytes()
    rng.shuffle(rows)
    items(tmp_path, rows[:31], rows[31:90], rows[90:])
    assert (tmp_path / "items.parquet").read_bytes() == first


def test_statements_are_kept_apart_from_answers_to_the_same_items(tmp_path: Path) -> None:
    answers = [
        row | {"readout": "sampled", "probabilities": None, "rating": rating}
        for rating, row in zip((1.0, 2.0), statements("a", [1], [1]), strict=True)
    ]
    found = items(tmp_path, [*answers, *statements("a", [0, 0, 0, 0, 1.0])]).reset_index()
    means = found.set_index("readout")["mean"].to_dict()
    assert means == {"sampled": 1.5, "stated": 5}


def test_points_of_another_form_count_for_the_mean_and_not_for_the_shares(tmp_path: Path) -> None:
    own = statements("a", [0.2, 0.2, 0.2, 0.2, 0.2], form="five")
    three = statements("a", [0.5, 0.25, 0.25], form="three", participant=1)  # 1, 3 and 5
    row = items(tmp_path, own + three, other_points={"p": ("three",)}).loc["a"]
    assert row["mean"] == pytest.approx((3 + 2.5) / 2, abs=1e-12)
    both = [*zip(POINTS, [0.1] * 5, strict=True), (1, 0.25), (3, 0.125), (5, 0.125)]
    variance = sum(share * (point - 2.75) ** 2 for point, share in both)
    assert row["sd"] == pytest.approx(variance**0.5, abs=1e-12)
    # One statement in each form tells nothing of how statements in one form differ.
    assert row["mean_se"] == pytest.approx(0.5 / 2, abs=1e-8)
    assert list(row["distribution"]) == pytest.approx([0.2] * 5)
    assert (row["n_forms_left_out"], row["n_distribution"], row["n_ok"]) == (1, 1, 2)


# Reliability


def stated_cell(norms: pd.DataFrame, said: np.ndarray) -> pd.DataFrame:
    """The rows of a cell of statements, `said` of shape (items, statements, points)."""
    means = said @ np.arange(1, 10)
    found = cell(norms, np.full((len(norms), 1), 5.0), readout="stated")
    n = means.shape[1]
    return found.assign(
        mean=means.mean(axis=1),
        sd=2.0,
        mean_se=means.std(axis=1, ddof=1) / n**0.5 if n > 1 else np.nan,
        n_ok=n,
    )


def norms_of(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(n)
    return pd.DataFrame(
        {
            "item_id": [f"w{number:04d}" for number in range(n)],
            "scale": "valence",
            "mean": rng.uniform(2, 8, n),
            "sd": 1.5,
            "n": 20,
            "ratings": None,
            "labels": None,
            "raters": None,
        }
    )


def shares_around(means: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Statements about items, shape (items, n, 9): bells around the mean of each, with noise."""
    noisy = means[:, None] + rng.normal(0, 0.8, (len(means), n))
    bells = np.exp(-(((np.arange(1, 10) - noisy[..., None]) / 1.5) ** 2))
    return np.asarray(bells / bells.sum(axis=-1, keepdims=True))


@pytest.mark.parametrize("readout", ["stated", "exact"])
def test_reliability_is_that_of_means_of_statements_and_foretells_their_repetition(
    readout: str,
) -> None:
    # Exact distributions differ between the participants of sessions, as statements do.
    norms = norms_of(400)
    rng = np.random.default_rng(5)
    true = norms["mean"].to_numpy()
    said, again = (shares_around(true, 4, rng) for _ in range(2))
    cell = stated_cell(norms, said).assign(dataset="words", readout=readout)
    (row,) = alignment(cell, {"words": norms}, JOB).to_dict("records")
    means = said @ np.arange(1, 10)
    by_hand = 1 - np.mean(means.var(axis=1, ddof=1) / 4) / means.mean(axis=1).var(ddof=1)
    assert row["reliability_model"] == pytest.approx(by_hand, abs=1e-9)
    assert row["reliability_model"] == pytest.approx(
        summary_reliability(means.mean(axis=1), means.std(axis=1, ddof=1), 4), abs=1e-9
    )
    assert row["reliability_model_low"] < row["reliability_model"] < row["reliability_model_high"]
    repeated = np.corrcoef(means.mean(axis=1), (again @ np.arange(1, 10)).mean(axis=1))[0, 1]
    assert row["reliability_model"] == pytest.approx(repeated, abs=0.02)


def test_reliability_is_unknown_from_one_statement_per_item() -> None:
    norms = norms_of(50)
    said = shares_around(norms["mean"].to_numpy(), 1, np.random.default_rng(6))
    (row,) = alignment(
        stated_cell(norms, said).assign(dataset="words"), {"words": norms}, JOB
    ).to_dict("records")
    assert np.isnan(row["reliability_model"])
    assert np.isnan(row["pearson_disattenuated"])
    assert row["pearson_r"] > 0.8


# Doubts and words


def test_the_same_distribution_from_all_participants_is_a_doubt(tmp_path: Path) -> None:
    same = [
        row for number in range(20) for row in statements(f"w{number}", *[[0, 0.5, 0.5, 0, 0]] * 5)
    ]
    path = write(tmp_path / "same.parquet", same)
    (told,) = doubts([path], Asked({"m": None}, {"p": 1.0}))
    assert told.startswith("All participants of m under p gave the same distribution of v, to each")
    assert "(100 distributions)" in told
    other = statements("w0", [0.1, 0.4, 0.5, 0, 0])
    assert not doubts([write(tmp_path / "apart.parquet", same + other)], Asked({"m": None}, {}))


def test_few_distributions_are_told_by_their_name(tmp_path: Path) -> None:
    path = write(tmp_path / "few.parquet", statements("a", [1, 0, 0, 0, 0], "unparsable", "error"))
    (told,) = few_ratings([path])
    assert told.startswith("Only 1 of 3 answers (33%; stated) of m under p about v of mine are dis")


def test_the_report_counts_statements_that_are_none_and_shows_them(tmp_path: Path) -> None:
    job = report_job(protocols={"p": {"readouts": ["stated"]}}, scales=("v",))
    rows = statements("a", [1, 0, 0, 0, 0], "unparsable", dataset="words", text='{"1": 60}')
    answers = Answers.of(job, [write(tmp_path / "r.parquet", rows)])
    (counted,) = answers.counts.to_dict("records")
    assert (counted["readout"], counted["answers"], counted["n_unparsable"]) == ("stated", 2, 1)
    assert answers.unused["text"].tolist() == ['{"1": 60}']
    key = ("m", "p", "words", "v", "stated")
    aligned = pd.DataFrame([dict(zip(CELL_KEY, key, strict=True)) | {"returned_mass": np.nan}])
    assert usable_shares(aligned, answers.counts, job) == {key: 0.5}
    assert little(0.5, "stated") == "50% of the answers are distributions"
    assert unusable(counted, "a rating", job) == [
        "Model m gave a distribution in only 50% of its answers (1 unreadable)."
    ]


def test_the_method_section_says_what_was_asked_for_and_how_it_was_read() -> None:
    job = report_job(
        protocols={"p": {"readouts": ["stated"], "participants": 5}, "q": {"participants": 3}}
    )
    told = " ".join(protocols_used(job))
    assert (
        "5 simulated participants stated, in up to 4 tokens, how many of 100 people would give "
        "each answer (stated distributions)"
    ) in told
    assert "3 simulated participants answered in up to 4 tokens (sampled answers)" in told
    assert "Answers were sampled" in told
    assert any("had to add up to the total" in each for each in answers_read(job))
    alone = report_job(protocols={"q": {}})
    assert not any("had to add up to the total" in each for each in answers_read(alone))
    assert _how(job) == (
        " in 2 ways (protocols), with 3 sampled answers per item in 1 of 2 and 5 stated "
        "distributions per item in 1 of 2"
    )


def test_a_condition_is_named_by_its_readout() -> None:
    job = report_job(protocols={"p": {"readouts": ["stated"]}, "q": {}})
    stated = {"model": "m", "protocol": "p", "readout": "stated", "scale": "valence"}
    assert condition(job, stated) == "Model m under p, stated distributions"
    assert "stated distributions" in named(job, stated)


def test_the_first_screen_says_that_statements_were_no_choice_of_readout() -> None:
    rows = pd.DataFrame({"readout": ["stated", "sampled"], "chosen": True, "tried": 2})
    (told,) = chosen_by(rows, rows[:0])
    assert told.endswith("otherwise; stated distributions count as a protocol of their own.")


def test_readouts_are_told_apart_by_their_marks() -> None:
    looks = [filling(name, "black") for name in ("sampled", "exact", "decision", "stated")]
    assert all(one != other for place, one in enumerate(looks) for other in looks[:place])


def test_a_recitation_is_compared_with_answers_before_statements() -> None:
    rows = pd.DataFrame(
        [
            {"model": "m", "scale": "v", "protocol": name, "readout": readout, "item_id": item}
            for name, readout in (("a", "stated"), ("b", "sampled"))
            for item in ("x", "y")
        ]
    ).assign(mean=3.0)
    assert own_ratings(rows, "m", "v", FIVE)[1] == {
        "rated_under": "b",
        "rated_readout": "sampled",
    }
    assert own_ratings(rows[:2], "m", "v", FIVE)[1]["rated_readout"] == "stated"


def test_the_plan_of_precision_takes_statements_as_they_are() -> None:
    job = PrecisionJob.model_construct(participants=(20,), exact=False, decision=False, stated=True)
    assert [way["readout"] for _, way in _ways(job)] == ["sampled", "stated"]
