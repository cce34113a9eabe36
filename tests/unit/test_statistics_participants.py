"""What single participants, and thirds of sessions, do: against pandas, answer by answer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from emoalign.statistics.participants import FEWEST_RATINGS, means_of_others, participants
from emoalign.statistics.session_thirds import by_thirds


@pytest.fixture
def answers() -> pd.DataFrame:
    """Participants of different diligence, some of whose answers are no ratings."""
    rng = np.random.default_rng(1)
    human = rng.normal(5, 1.5, 40)
    rows = pd.DataFrame(
        [(person, item) for person in range(8) for item in rng.permutation(40)[: 20 + 2 * person]],
        columns=["participant", "item"],
    )
    rows["human"] = human[rows["item"]]
    rows["rating"] = np.rint(rows["human"] + rng.normal(0, 1 + rows["participant"] / 3))
    rows.loc[rng.random(len(rows)) < 0.1, "rating"] = np.nan
    rows.loc[rows["item"] == 7, "human"] = np.nan
    rows["position"] = rows.groupby("participant").cumcount() + 1
    return rows


def test_the_mean_of_the_others_leaves_out_the_answer_itself(answers: pd.DataFrame) -> None:
    found = means_of_others(answers["item"].to_numpy(), answers["rating"].to_numpy())
    for row, mean in enumerate(found):
        others = answers[answers["item"] == answers["item"][row]].drop(index=row)["rating"].mean()
        assert mean == pytest.approx(others, nan_ok=True)


def test_each_participant_has_mean_sd_and_agreement(answers: pd.DataFrame) -> None:
    columns = (answers[name].to_numpy() for name in ("participant", "item", "rating", "human"))
    found = participants(*columns)
    others = means_of_others(answers["item"].to_numpy(), answers["rating"].to_numpy())
    for person, rows in answers.assign(others=others).groupby("participant"):
        place = int(str(person))
        assert found.n_ratings[place] == rows["rating"].notna().sum()
        assert found.mean[place] == pytest.approx(rows["rating"].mean())
        assert found.sd[place] == pytest.approx(rows["rating"].std())
        for name, r in (("human", found.r_human), ("others", found.r_others)):
            both = rows.dropna(subset=["rating", name])
            expected = stats.pearsonr(both["rating"], both[name]).statistic
            assert r[place] == pytest.approx(expected)


def test_few_ratings_and_equal_ones_have_no_correlation() -> None:
    n = FEWEST_RATINGS
    rng = np.random.default_rng(2)
    participant = np.repeat([0, 1, 2], [n, n - 1, n])
    item = np.concatenate([np.arange(n), np.arange(n - 1), np.arange(n)])
    rating = rng.normal(5, 1, len(item))
    rating[participant == 2] = 5.0
    found = participants(participant, item, rating, rng.normal(5, 1, len(item)))
    assert np.isfinite(found.r_human).tolist() == [True, False, False]
    assert found.sd[2] == 0


def test_no_answers_are_no_participants() -> None:
    nothing = np.array([], dtype=np.intp)
    assert len(participants(nothing, nothing, np.array([]), np.array([])).mean) == 0


def test_thirds_of_sessions_are_told_apart(answers: pd.DataFrame) -> None:
    rows = answers.sample(frac=1, random_state=1)
    columns = (rows[name].to_numpy() for name in ("participant", "position", "rating", "human"))
    found = by_thirds(*columns)
    length = answers.groupby("participant")["position"].transform("max")
    third = (3 * (answers["position"] - 1)) // length
    for place, part in answers.groupby(third):
        at = int(str(place))
        assert found.ok[at] == pytest.approx(part["rating"].notna().mean())
        within = part.dropna(subset=["rating"]).groupby("participant")["rating"]
        pooled = ((within.count() - 1) * within.var()).sum() / (within.count() - 1).sum()
        assert found.sd[at] == pytest.approx(np.sqrt(pooled))
        both = part.dropna(subset=["rating", "human"])
        assert found.r[at] == pytest.approx(stats.pearsonr(both["rating"], both["human"])[0])


def test_practice_does_not_move_the_thirds_of_a_session() -> None:
    rng = np.random.default_rng(3)
    session, place = np.repeat([0, 1], 30), np.tile(np.arange(30), 2)
    rating, human = rng.normal(size=60), rng.normal(size=60)
    plain = by_thirds(session, place + 1, rating, human)
    after = by_thirds(session, place + 4, rating, human)
    np.testing.assert_array_equal(plain.sd, after.sd)
    np.testing.assert_array_equal(plain.r, after.r)
