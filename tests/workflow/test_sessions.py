"""A study with sessions, run to its report: rules, files, and what runs again after a change."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from emoalign.tables import ITEMS, RATINGS, STIMULI, TRIALS
from tests.kit.project import FEW, SMALL, Project, new_project

SESSION: dict[str, Any] = {
    "name": "session",
    "prompts": "rating-sheet-session",
    "readouts": ["sampled", "exact"],
    "participants": 2,
    "session": {"items": 6},
}
CELL = "model-a/session/vader/valence"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Twelve words, in shards of six, by themselves and in sessions of six, to the report."""
    made = new_project(tmp_path_factory.mktemp("sessions"))
    alone = {key: SESSION[key] for key in ("prompts", "readouts", "participants")}
    made.edit(
        SMALL,
        models=["model-a"],
        protocols=[{"name": "alone", **alone}, SESSION],
        statistics=FEW,
    )
    made.run()
    return made


def ratings(project: Project) -> pd.DataFrame:
    return RATINGS.read(project.results / f"ratings/{CELL}/sessions.parquet")


def test_sessions_go_through_all_items_whatever_shards_there_are(project: Project) -> None:
    stimuli = STIMULI.read(project.results / "stimuli/vader.parquet")
    assert stimuli["shard"].nunique() == 2
    rows = ratings(project)
    sampled = rows[rows["readout"] == "sampled"]
    assert sorted(sampled["session"].unique()) == [0, 1, 2, 3]
    assert (sampled.groupby("item_id").size() == 2).all()
    assert set(sampled["item_id"]) == set(stimuli["item_id"])
    assert set(sampled["position"]) == set(range(4, 10)), "after three words for practice"
    trials = TRIALS.read(project.results / f"trials/{CELL}.parquet")
    assert len(trials) == 4 * (3 + 6)


def test_exact_answers_are_those_after_each_participants_own_answers(project: Project) -> None:
    rows = ratings(project)
    exact = rows[rows["readout"] == "exact"]
    assert sorted(exact["participant"].unique()) == [0, 1, 2, 3]
    items = ITEMS.read(project.results / "items/vader.parquet").query(
        "protocol == 'session' and readout == 'exact'"
    )
    assert items["mean_se"].notna().all()
    for _, row in items.iterrows():
        own = exact[exact["item_id"] == row["item_id"]]["probabilities"]
        mean = sum(own) / len(own)
        assert row["distribution"] == pytest.approx(mean / mean.sum(), abs=1e-12)


def test_nothing_runs_again_and_the_report_tells_of_sessions(project: Project) -> None:
    assert not project.planned()
    page = (project.results / "report.html").read_text(encoding="utf-8")
    assert "items were rated one after another in sessions of up to 6 items, after 3 texts" in page
    assert "Under alone, each item was presented alone" in page
    assert "(earlier item) = (its answer)" in page


def test_more_participants_ask_only_for_new_sweeps(project: Project) -> None:
    before = ratings(project)
    journal = project.journal()
    name = "model-a/vader/valence/session.sessions.jsonl"
    protocols = project.read(SMALL)["protocols"]
    project.edit(SMALL, protocols=[protocols[0], {**protocols[1], "participants": 3}])
    ran = {job for job in project.run("ratings") if job[0].startswith("rate")}
    assert ran == {
        ("rate_in_sessions", "model=model-a, protocol=session, dataset=vader, scale=valence")
    }
    assert project.journal()[name].startswith(journal[name])
    after = ratings(project)
    pd.testing.assert_frame_equal(
        before.reset_index(drop=True), after[after["session"] < 4].reset_index(drop=True)
    )
    assert len(after) == len(before) * 3 // 2
