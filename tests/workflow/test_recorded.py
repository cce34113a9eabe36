"""Recorded ratings from their table to the report, and what runs again when they change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest
from ruamel.yaml import YAML
from scipy import stats

from emoalign.tables import NORMS, RATINGS, STIMULI
from tests.kit.jobs import AGGREGATION, rate_jobs
from tests.kit.project import SMALL, Project, new_project

CARD = "config/models/people.yaml"
TABLE = "resources/recorded/people.csv"
PARTICIPANTS = 5
ASKED = 4
RATED = rate_jobs(("people",), ("asked",))
CHANGED = RATED | AGGREGATION - {("compare_forms", "")} | {("compare_sessions", "")}
"""Participants are told apart; there is one way of asking."""


def recorded(items: pd.DataFrame) -> pd.DataFrame:
    """Made-up ratings of every item but the last, by more people than the study asks for."""
    rng = np.random.default_rng(7)
    rows = [
        {"word": item, "person": f"P{person}", "valence": rng.integers(1, 10), "note": "a, b"}
        for item in items["item_id"][:-1]
        for person in range(1, PARTICIPANTS + 1)
    ]
    return pd.DataFrame([*rows, {**rows[0], "word": "of-another-study"}])


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A finished study of recorded ratings alone. Tests do not change it."""
    project = new_project(tmp_path_factory.mktemp("recorded"))
    card = {
        "title": "Twelve students",
        "engine": "recorded",
        "source": {"file": TABLE, "obtain": "Ask the laboratory."},
        "columns": {"item": "word", "participant": "person", "rating": "valence"},
        "scale": "valence",
    }
    project.write(CARD, card)
    protocol = {"name": "asked", "prompts": "instruction", "participants": ASKED}
    project.edit(SMALL, models=["people"], protocols=[protocol])
    project.run("stimuli")

    failed = project.snakemake("ratings")
    assert failed.returncode == 1
    assert f"{TABLE}: no such file. Ask the laboratory." in failed.stdout + failed.stderr

    table = project.folder / TABLE
    table.parent.mkdir(parents=True)
    items = STIMULI.read(project.results / "stimuli/vader.parquet")
    recorded(items).to_csv(table, index=False, lineterminator="\r\n", encoding="utf-8-sig")
    project.edit(CARD, source={**card["source"], "sha256": sha256(table)})
    project.run()
    return project


@pytest.fixture
def again(people: Project, tmp_path: Path) -> Project:
    """A copy of it that a test may change."""
    return people.copied(tmp_path / "project")


def source(project: Project, **changes: str) -> None:
    content = YAML(typ="safe").load(project.folder / CARD)
    project.edit(CARD, source=content["source"] | changes)


def test_the_numbers_are_those_of_the_table(people: Project) -> None:
    results = people.results
    items = STIMULI.read(results / "stimuli/vader.parquet")
    norms = NORMS.read(results / "norms/vader.parquet").set_index("item_id")
    table = recorded(items)
    table = table[table["word"].isin(items["item_id"]) & (table["person"] <= f"P{ASKED}")]
    means = table.groupby("word")["valence"].mean()
    sds = table.groupby("word")["valence"].std()
    human, human_sd = norms["mean"].reindex(means.index), norms["sd"].reindex(means.index)

    found = pd.read_csv(results / "statistics/alignment.csv").iloc[0]
    assert (found["n_items"], found["n_items_excluded"]) == (11, 1)
    assert (found["n_ok"], found["n_unparsable"]) == (11 * ASKED, 0)
    expected = {
        "pearson_r": stats.pearsonr(means, human).statistic,
        "pearson_p": stats.pearsonr(means, human).pvalue,
        "spearman_rho": stats.spearmanr(means, human).statistic,
        "mae": (means - human).abs().mean(),
        "rmse": ((means - human) ** 2).mean() ** 0.5,
        "bias": (means - human).mean(),
        "slope": stats.linregress(human, means).slope,
        "log_rms_sd_ratio": 0.5 * np.log((sds**2).mean() / (human_sd**2).mean()),
        "sd_model_median": sds.median(),
        "sd_human_median": human_sd.median(),
        "log_sd_ratio": np.log(sds.mean() / human_sd.mean()),
        "ranksum_w": stats.mannwhitneyu(sds, human_sd).statistic,
    }
    assert found[list(expected)].to_dict() == pytest.approx(expected)


def test_every_rating_keeps_its_place(people: Project) -> None:
    files = sorted((people.results / "ratings/people").rglob("*.parquet"))
    rows = pd.concat([RATINGS.read(file) for file in files])
    assert len(files) == 2
    table = recorded(STIMULI.read(people.results / "stimuli/vader.parquet"))
    table["participant"] = table["person"].str.removeprefix("P").astype(int) - 1
    written = table.set_index(["word", "participant"])["valence"]
    read = rows.dropna(subset=["rating"]).set_index(["item_id", "participant"])["rating"]
    assert len(read) == 11 * ASKED
    assert (written.reindex(read.index) == read).all()
    assert set(rows["model_reported"]) == {"recorded: people.csv"}
    assert not (people.folder / "results/journal").exists()


def test_logs_tell_what_was_not_used(people: Project) -> None:
    logs = people.results / "logs/rate/people/asked/vader/valence"
    told = "".join(path.read_text(encoding="utf-8") for path in sorted(logs.glob("*.log")))
    assert "does not have them in this study: 1 (line 57)" in told
    assert "ratings left out: 6; the protocol asks for 4 participants per item" in told
    assert "items without any rating: 1 of 6" in told


def test_the_report_and_the_manifest_say_that_they_were_recorded(people: Project) -> None:
    results = people.results
    page = " ".join((results / "report.html").read_text(encoding="utf-8").split())
    assert (
        "Across 11 words (VADER lexicon), mean valence ratings by Twelve students correlated"
        in page
    )
    assert f"not collected for this study but read from a file ({TABLE})" in page
    assert "(temperature" not in page
    assert "Example prompt" not in page
    engine = orjson.loads((results / "manifest.json").read_bytes())["engines"]["people"]
    assert engine["settings"]["source"]["sha256"] == sha256(people.folder / TABLE)
    assert engine["reported"] == ["recorded: people.csv"]
    assert engine["sampling"] == {"asked": {}}


def test_a_finished_study_of_recorded_ratings_has_nothing_to_do(people: Project) -> None:
    assert people.planned() == set()


def test_another_title_reads_no_table_again(again: Project) -> None:
    again.edit(CARD, title="Other students")
    planned = again.planned()
    assert ("write_report", "") in planned
    assert not planned & (RATED | {("aggregate_items", "dataset=vader"), ("align", "")})


def test_another_file_with_its_checksum_is_read(again: Project) -> None:
    table = again.folder / TABLE
    table.write_bytes(table.read_bytes().replace(b"P1,", b"P9,"))
    source(again, sha256=sha256(table))
    assert again.planned() == CHANGED
    assert again.run() == CHANGED


def test_a_changed_file_is_noticed_and_is_not_the_one_the_checksum_says(again: Project) -> None:
    table = again.folder / TABLE
    table.write_bytes(table.read_bytes().replace(b"P1,", b"P9,"))
    done = again.snakemake("ratings")
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "this is another file than expected" in told
    assert "Traceback" not in told


def test_another_column_is_read(again: Project) -> None:
    table = again.folder / TABLE
    content = table.read_bytes()
    assert b"valence" in content
    again.edit(CARD, columns={"item": "word", "participant": "person", "rating": "note"})
    assert again.planned() == CHANGED
    done = again.snakemake("ratings")
    assert done.returncode == 1
    told = done.stdout + done.stderr
    assert f"{TABLE}, line 2, column 'note': expected a number, found 'a, b'" in told
