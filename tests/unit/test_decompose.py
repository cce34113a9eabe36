"""The table of variance, from rating files as rating jobs write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.variance.analysis import DecompositionJob, Varied
from emoalign.statistics.components import variance_components
from emoalign.tables import RATINGS, VARIANCE
from tests.kit.analysing import run

N_ITEMS, N_PEOPLE = 25, 8
SOURCES = ["item", "form", "temperature", "persona", "item x form", "item x temperature"]


def job(**protocols: float) -> DecompositionJob:
    return DecompositionJob(
        protocols={name: Varied(temperature=temperature) for name, temperature in protocols.items()}
    )


def ratings(
    protocol: str, mean: np.ndarray, seed: int = 0, form: str = "x", personas: bool = False
) -> pd.DataFrame:
    """Ratings of every item by every participant, with unit noise around `mean`."""
    rng = np.random.default_rng(seed)
    item, participant = np.indices((N_ITEMS, N_PEOPLE)).reshape(2, -1)
    values = np.broadcast_to(mean, (N_ITEMS, N_PEOPLE)).ravel()
    return pd.DataFrame(
        {
            **dict.fromkeys(RATINGS.schema.names),
            "model": "m",
            "protocol": protocol,
            "dataset": "words",
            "scale": "valence",
            "readout": "sampled",
            "item_id": [f"item-{number:02d}" for number in item],
            "participant": participant,
            "persona": [f"person {number}" for number in participant] if personas else None,
            "form": form,
            "status": "ok",
            "rating": np.rint(4 * (values + rng.normal(0, 1, item.size))) / 4,
        }
    )


def table(folder: Path, files: list[pd.DataFrame], of: DecompositionJob) -> pd.DataFrame:
    for number, rows in enumerate(files):
        RATINGS.write(rows, folder / f"ratings/{number}.parquet")
    run(of, "decompose", folder)
    found = VARIANCE.read(folder / VARIANCE.path)
    assert len(pd.read_csv(folder / "statistics/variance.csv")) == len(found)
    return found


def by_source(found: pd.DataFrame) -> Mapping[str, pd.Series]:
    assert list(found["source"]) == [*SOURCES, "residual"]
    return {row["source"]: row for _, row in found.iterrows()}


def means(seed: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).normal(5, 2, (N_ITEMS, 1))


FOUR = {"a": (0.5, "x"), "b": (0.5, "y"), "c": (1.5, "x"), "d": (1.5, "y")}
FOUR_JOB = {name: temperature for name, (temperature, _) in FOUR.items()}


def test_every_source_gets_its_share(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    own = {form: rng.normal(0, 1, (N_ITEMS, 1)) for form in "xy"}
    files = [
        ratings(name, means() + 3 * (form == "y") + own[form], seed, form)
        for seed, (name, (_, form)) in enumerate(FOUR.items())
    ]
    found = by_source(table(tmp_path, files, job(**FOUR_JOB)))
    assert found["item"]["variance"] == pytest.approx(4, abs=2.5)
    assert found["form"]["variance"] == pytest.approx(4.5, abs=1.5)
    assert found["item x form"]["variance"] == pytest.approx(1, abs=0.6)
    assert found["temperature"]["share"] < 0.02
    assert found["residual"]["variance"] == pytest.approx(1, abs=0.15)
    assert found["persona"]["reason"] == "not used for these ratings"
    assert found["item"]["n_ratings"] == 4 * N_ITEMS * N_PEOPLE
    assert (found["form"]["n_levels"], found["item"]["n_levels"]) == (2, N_ITEMS)


def test_personas_are_a_source_where_participants_are_somebody(tmp_path: Path) -> None:
    moods = np.random.default_rng(2).normal(0, 2, (1, N_PEOPLE))
    files = [ratings("nobody", means(), 1), ratings("people", means() + moods, 2, personas=True)]
    found = by_source(table(tmp_path, files, job(nobody=1, people=1)))
    assert found["persona"]["n_levels"] == N_PEOPLE
    assert found["persona"]["variance"] == pytest.approx(moods.var(ddof=1), rel=0.5)
    assert found["form"]["reason"] == "does not vary among these ratings"


def test_the_numbers_are_those_of_the_single_ratings(tmp_path: Path) -> None:
    rows = pd.concat([ratings("a", means(), 1), ratings("b", means() + 1, 2, "y")])
    found = by_source(table(tmp_path, [rows], job(a=1, b=1)))
    item = pd.factorize(rows["item_id"], sort=True)[0]
    form = (rows["protocol"] == "b").to_numpy().astype(int)
    y = rows["rating"].to_numpy()
    expected = variance_components(
        {"item": item, "form": form, "both": item * 2 + form}, np.ones(y.size), y, y**2
    )
    assert found["form"]["variance"] == pytest.approx(expected["form"].variance)
    assert found["item x form"]["variance"] == pytest.approx(expected["both"].variance)
    assert found["residual"]["share"] == pytest.approx(expected["residual"].share)


def test_neither_the_order_nor_the_number_of_files_matters(tmp_path: Path) -> None:
    files = [
        ratings(name, means(), seed, form) for seed, (name, (_, form)) in enumerate(FOUR.items())
    ]
    for rows in files:
        rows["rating"] /= 7  # sums of which depend on their order
    one = table(
        tmp_path / "one", [pd.concat(files).sample(frac=1, random_state=1)], job(**FOUR_JOB)
    )
    four = table(tmp_path / "four", files[::-1], job(**dict(reversed(FOUR_JOB.items()))))
    pd.testing.assert_frame_equal(one, four)


def test_one_protocol_leaves_items_and_the_residual(tmp_path: Path) -> None:
    found = by_source(table(tmp_path, [ratings("a", means())], job(a=1)))
    assert {name for name, row in found.items() if np.isfinite(row["variance"])} == {
        "item",
        "residual",
    }
    assert found["item"]["share"] + found["residual"]["share"] == pytest.approx(1)


def test_forms_and_temperatures_that_change_together_are_not_told_apart(tmp_path: Path) -> None:
    files = [ratings("a", means(), 1), ratings("b", means(), 2, "y")]
    found = by_source(table(tmp_path, files, job(a=0.5, b=1)))
    assert found["form"]["reason"] == "changes only together with another source"
    assert np.isnan(found["temperature"]["variance"])
    assert np.isfinite(found["item"]["variance"])


def test_the_providers_own_sampling_is_a_level_of_temperature(tmp_path: Path) -> None:
    files = [ratings("a", means(), 1), ratings("b", means() + 2, 2)]
    protocols = {
        name: Varied(temperature=temperature) for name, temperature in (("a", 1.0), ("b", None))
    }
    found = by_source(table(tmp_path, files, DecompositionJob(protocols=protocols)))
    assert found["temperature"]["n_levels"] == 2
    assert found["temperature"]["variance"] == pytest.approx(2, abs=0.5)


def test_thinking_is_a_source_where_its_levels_differ(tmp_path: Path) -> None:
    own = np.random.default_rng(3).normal(0, 1, (N_ITEMS, 1))
    files = [ratings("a", means(), 1), ratings("b", means() + 2 + own, 2)]
    protocols = {
        name: Varied(temperature=1.0, thinking=thinking)
        for name, thinking in (("a", "off"), ("b", "high"))
    }
    found = table(tmp_path, files, DecompositionJob(protocols=protocols))
    rows = {row["source"]: row for _, row in found.iterrows()}
    assert list(rows) == [
        *("item", "form", "temperature", "thinking", "persona"),
        *("item x form", "item x temperature", "item x thinking", "residual"),
    ]
    assert rows["thinking"]["variance"] == pytest.approx(2, abs=0.8)
    assert rows["item x thinking"]["variance"] == pytest.approx(0.5, abs=0.3)
    assert rows["residual"]["variance"] == pytest.approx(1, abs=0.15)


def test_refusals_and_exact_readouts_are_no_ratings(tmp_path: Path) -> None:
    kept = ratings("a", means())
    refusals = kept.assign(status="refusal", rating=None)
    exact = kept.assign(readout="exact", rating=None, status="ok")
    found = table(tmp_path / "all", [kept, refusals, exact], job(a=1))
    pd.testing.assert_frame_equal(found, table(tmp_path / "kept", [kept], job(a=1)))
    assert table(tmp_path / "none", [refusals, exact], job(a=1)).empty


def test_one_answer_per_item_has_items_and_residual_in_one(tmp_path: Path) -> None:
    one = ratings("a", means())
    found = by_source(table(tmp_path, [one[one["participant"] == 0]], job(a=0)))
    assert found["item"]["reason"] == "changes only together with another source"


def test_forms_of_one_protocol_are_levels(tmp_path: Path) -> None:
    own = np.random.default_rng(5).normal(0, 1, (N_ITEMS, 1))
    files = [ratings("a", means(), 1, "words"), ratings("a", means() + 2 + own, 2, "words-down")]
    found = by_source(table(tmp_path, files, job(a=1)))
    assert found["form"]["n_levels"] == 2
    assert found["form"]["variance"] == pytest.approx(2, abs=0.8)
    assert found["item x form"]["variance"] == pytest.approx(0.5, abs=0.3)


def test_a_wave_is_a_source_where_a_study_has_two(tmp_path: Path) -> None:
    files = [ratings("a", means(), 1), ratings("b", means() + 2, 2)]
    protocols = {"a": Varied(temperature=1), "b": Varied(temperature=1, wave=2)}
    found = table(tmp_path, files, DecompositionJob(protocols=protocols)).set_index("source")
    assert found.loc["wave", "variance"] == pytest.approx(2, abs=0.5)
    assert abs(found.loc["item x wave", "share"]) < 0.02


def in_sessions(
    protocol: str, seed: int, size: int = 5, personas: bool = False
) -> tuple[pd.DataFrame, np.ndarray]:
    """Eight sweeps, dealt into sessions of so many items with a level of their own (SD 2), and
    these levels."""
    rng = np.random.default_rng(seed)
    lists = N_ITEMS // size
    moods = rng.normal(0, 2, (N_PEOPLE, lists))
    dealt = np.stack([rng.permutation(N_ITEMS) // size for _ in range(N_PEOPLE)], axis=1)
    rows = ratings(protocol, means() + moods[np.arange(N_PEOPLE), dealt], seed, personas=personas)
    session = (dealt + lists * np.arange(N_PEOPLE)).ravel()
    if personas:
        rows["persona"] = [f"person {number}" for number in session]
    return rows.assign(session=session, participant=session), moods


def test_the_participants_of_sessions_are_those_of_each_protocol(tmp_path: Path) -> None:
    (first, one), (second, other) = in_sessions("a", 1), in_sessions("b", 2)
    found = table(tmp_path, [first, second], job(a=1, b=1)).set_index("source")
    assert found.loc["participant", "n_levels"] == 80
    expected = np.concatenate((one, other)).var()
    assert found.loc["participant", "variance"] == pytest.approx(expected, rel=0.25)
    assert found.loc["residual", "variance"] == pytest.approx(1, abs=0.2)


def test_ratings_outside_sessions_have_no_participant(tmp_path: Path) -> None:
    session, _ = in_sessions("a", 1)
    files = [session, ratings("b", means(), 2)]
    found = table(tmp_path, files, job(a=1, b=1)).set_index("source")
    assert found.loc["participant", "n_levels"] == 40
    assert found.loc["participant", "variance"] == pytest.approx(4, rel=0.5)


def test_a_persona_with_a_session_of_its_own_is_counted_once(tmp_path: Path) -> None:
    rows, moods = in_sessions("a", 1, personas=True)
    found = table(tmp_path, [rows], job(a=1)).set_index("source")
    assert "participant" not in found.index
    assert found.loc["persona", "variance"] == pytest.approx(moods.var(), rel=0.25)


def test_recorded_ratings_have_no_form(tmp_path: Path) -> None:
    rows = ratings("a", means()).assign(form=None)
    found = by_source(table(tmp_path, [rows], job(a=1)))
    for source in ("form", "item x form"):
        assert found[source]["reason"] == "not used for these ratings"
        assert found[source]["n_levels"] == 0
    assert np.isfinite(found["item"]["share"])


def test_an_answer_that_two_protocols_share_counts_once(tmp_path: Path) -> None:
    one = ratings("a", means()).assign(request_id="x" + ratings("a", means())["item_id"])
    more = ratings("b", means(), seed=1).assign(request_id=one["request_id"])
    more["participant"] += N_PEOPLE
    both = [pd.concat([one, more]), one.assign(protocol="b")]
    again = table(tmp_path / "again", both, job(a=1.0, b=1.0))
    once = table(tmp_path / "once", both[:1], job(a=1.0, b=1.0))
    assert again["n_ratings"].eq(2 * N_ITEMS * N_PEOPLE).all()
    pd.testing.assert_frame_equal(again, once)


def test_more_answers_under_one_form_do_not_make_it_count_more(tmp_path: Path) -> None:
    own = np.random.default_rng(5).normal(0, 2, (N_ITEMS, 1))
    odd = ratings("a", means() + own, 1, "x")
    forms = [odd, ratings("a", means(), 2, "y"), ratings("a", means(), 3, "z")]
    more = pd.concat([odd.assign(protocol="b")] * 4)
    equal = table(tmp_path / "equal", forms, job(a=1)).set_index("source")["variance"]
    found = table(tmp_path / "more", [*forms, more], job(a=1, b=1)).set_index("source")["variance"]
    for source in ("item", "form"):
        assert found[source] == pytest.approx(equal[source])
    assert found["item x form"] == pytest.approx(equal["item x form"], rel=0.05)
    assert found["residual"] == pytest.approx(equal["residual"], rel=0.05)
