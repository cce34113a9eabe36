"""A small study run to its end: what it leaves behind, and what runs again after a change.

What runs again is exactly what the change concerns, and what depends on it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import orjson
import pandas as pd
import pytest

from emoalign.tables import (
    ALIGNMENT,
    AROUSAL,
    CATEGORIES,
    CONTRASTS,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    FRAMEWORK,
    ITEMS,
    NORMS,
    RATINGS,
    READOUTS,
    RELIABILITY,
    RESIDUALS,
    SCORECARD,
    STIMULI,
    STRUCTURE,
    VARIANCE,
)
from tests.kit.jobs import (
    AGGREGATION,
    FIGURES,
    PAGES,
    STATISTICS,
    rate_jobs,
)
from tests.kit.project import ROOT, SMALL, STUDY, Project, new_project
from tests.kit.waiting import HANGS_S

DRAWN = AGGREGATION | FIGURES


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose small study has been run to its end, figures too. Tests do not change it."""
    project = new_project(tmp_path_factory.mktemp("finished"))
    project.edit(SMALL, figures=None)
    project.run()
    return project


@pytest.fixture
def rerun(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change."""
    return finished.copied(tmp_path / "project")


# What is left behind


def test_every_table_keeps_its_contract(finished: Project) -> None:
    results = finished.results
    assert len(STIMULI.read(results / "stimuli/vader.parquet")) == 12
    assert len(NORMS.read(results / "norms/vader.parquet")) == 12
    assert len(ITEMS.read(results / "items/vader.parquet")) == 2 * (2 + 1) * 12
    ratings = [RATINGS.read(path) for path in (results / "ratings").rglob("*.parquet")]
    assert sum(map(len, ratings)) == 2 * (12 * 4 + 12 + 12)
    assert len(RELIABILITY.read(results / "statistics/reliability.parquet")) == 1
    assert len(READOUTS.read(results / "statistics/readouts.parquet")) == 2
    assert len(CONTRASTS.read(results / "statistics/contrasts.parquet")) == (2 + 1) + 2
    assert len(SCORECARD.read(results / "statistics/scorecard.parquet")) == 9 * 2 * (2 + 1)
    assert len(VARIANCE.read(results / "statistics/variance.parquet")) == 7 * 2
    distributions = DISTRIBUTIONS.read(results / "statistics/distributions.parquet")
    assert len(distributions) == 2 * (2 + 1) * 4 * 11
    assert distributions.loc[distributions["stratum"] == "all", "human_halves"].notna().all()
    assert len(ENTROPY.read(results / "statistics/entropy.parquet")) == 2 * (2 + 1)
    contrasts = DISTRIBUTION_CONTRASTS.read(results / DISTRIBUTION_CONTRASTS.path)
    assert len(contrasts) == ((2 + 1) + 2 + 2 * 2 * (2 + 1)) * 4
    for table in (FRAMEWORK, STRUCTURE, AROUSAL, RESIDUALS, CATEGORIES):
        assert table.read(results / table.path).empty
    alignment = ALIGNMENT.read(results / "statistics/alignment.parquet")
    csv = pd.read_csv(results / "statistics/alignment.csv")
    assert list(csv.columns[:9]) == [
        "model",
        "protocol",
        "dataset",
        "scale",
        "readout",
        "n_items",
        "n_items_excluded",
        "reliability_source",
        "pearson_r",
    ]
    assert csv["pearson_r"].to_numpy() == pytest.approx(alignment["pearson_r"].to_numpy())


def test_equal_models_give_equal_numbers(finished: Project) -> None:
    """model-a and model-b are the same weights asked the same: only their names differ."""
    table = pd.read_csv(finished.results / "statistics/alignment.csv")
    exact = table[table["readout"] == "exact"].set_index("model")
    a, b = (exact.loc[model].reset_index(drop=True) for model in ("model-a", "model-b"))
    pd.testing.assert_frame_equal(a, b, rtol=1e-4, atol=1e-4)


def test_figures_are_there_as_pdf_and_png(finished: Project) -> None:
    figures = finished.results / "figures"
    for name in ("correlations", "vader/valence/means", "vader/valence/spread"):
        assert (figures / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (figures / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_report_stands_alone(finished: Project) -> None:
    page = (finished.results / "report.html").read_text(encoding="utf-8")
    # What scripts hold are no links; what they may reach is tried in a browser.
    markup = re.sub(r"(<script[^>]*>).*?</script>", r"\1", page, flags=re.DOTALL)
    # Sources can be followed; nothing is loaded.
    markup = re.sub(r'<a href="https://(?:doi|arxiv)\.org/[^"]*">', "<a>", markup)
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:image/png|#)""", markup)
    assert "default-src 'none'" in page
    assert "mean valence ratings by model-a-Instruct correlated" in page
    assert "there are no neutral items" in " ".join(page.split())


def test_the_manifest_tells_how_the_numbers_came_about(finished: Project) -> None:
    manifest = orjson.loads((finished.results / "manifest.json").read_bytes())
    assert manifest["study"]["seed"] == 1
    assert len(manifest["datasets"]["vader"]["source_sha256"]) == 64
    engine = manifest["engines"]["model-a"]
    assert engine["settings"]["weights"]["sha256"].startswith("b179c952")
    assert engine["sampling"]["sheet"]["sampled"]["top_p"] == 1.0
    assert engine["settings"]["versions"]["xllamacpp"] == manifest["packages"]["xllamacpp"]
    assert engine["reported"]
    assert set(manifest["prompt_sha256"]) == {"rating-sheet", "instruction"}


def test_every_job_leaves_a_log_and_a_benchmark(finished: Project) -> None:
    results = finished.results
    logs = {path.relative_to(results / "logs").with_suffix("") for path in results.rglob("*.log")}
    timed = {
        path.relative_to(results / "benchmarks").with_suffix("") for path in results.rglob("*.tsv")
    }
    assert logs == timed
    assert len(logs) == 1 + 8 + len(DRAWN)


def test_a_broken_study_is_told_in_words_not_in_tracebacks(finished: Project) -> None:
    broken = finished.folder / "config/studies/broken.yaml"
    broken.write_text(
        "study: broken\ntitle: T\ntitle: T\nseed: 1\nmodels: [model-z]\nprotocol: []\n"
        "datasets: [{dataset: vader, sample: '3'}]\nprotocols: [{name: p, prompts: rating-shet}]\n"
    )
    done = finished.snakemake("--dry-run", study="broken")
    told = done.stdout + done.stderr
    assert done.returncode == 1
    assert "5 problems in the configuration" in told
    assert (
        "broken.yaml, line 3: not valid YAML: duplicate key: title already occurs in line 2" in told
    )
    assert (
        "config/studies/broken.yaml, line 6: protocol: unknown key; did you mean 'protocols'?"
        in told
    )
    assert "there is no config/models/model-z.yaml; did you mean 'model-" in told
    assert "there is no config/prompts/rating-shet.yaml; did you mean 'rating-sheet'?" in told
    assert "broken.yaml, line 7: datasets, entry 1, sample: expected a whole number" in told
    assert "Traceback" not in told


def test_the_workflow_is_in_good_condition_by_snakemakes_own_judgement() -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--lint"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANGS_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# What stands on the terminal


def test_a_run_is_a_line_for_each_job_between_what_it_costs_and_where_it_led(
    rerun: Project,
) -> None:
    rerun.edit(SMALL, title="Another title")
    done = rerun.snakemake()
    first, *jobs, last, log = done.stderr.splitlines()
    assert first == "Study small, 2 jobs: write_manifest, write_report."
    assert [line.partition(":")[0] for line in jobs] == [
        "[1/3] write_manifest",
        "[2/3] write_report",
        "[3/3] all",
    ]
    assert re.fullmatch(r"Done in (\d+ min )?\d+ s. The report: results/small/report.html", last)
    assert log.startswith("Complete log(s): ")
    kept = Path(log.partition(": ")[2]).read_text(encoding="utf-8")
    assert "localrule write_report:\n    input: results/small/ratings/model-a/" in kept
    params = orjson.loads((rerun.results / "logs/write_report.job.json").read_bytes())
    assert params["job"]["title"] == "Another title"
    # What Snakemake compares and prints is short; the file beside the log has it in full.
    reason = rerun.edit(SMALL, title="A third title") or rerun.snakemake("-n", "-p").stdout
    [changed] = {line for line in reason.splitlines() if "Params have changed" in line}
    assert len(changed) < 250, changed


def test_a_dry_run_says_which_keys_of_the_configuration_changed(rerun: Project) -> None:
    rerun.edit(SMALL, protocols=with_participants(6))
    told = rerun.snakemake("--dry-run", "ratings").stdout
    assert "Study small, 4 jobs: 4 rate." in told
    assert "  model-a: at most 84 answers in 24 requests; on this machine, at no cost" in told
    changed = "rate model-a sheet vader valence 0000: Configuration has changed: "
    assert f"{changed}protocol.participants (4, now 6)\n" in told


def test_numbers_given_on_the_command_line_arrive_as_numbers(rerun: Project) -> None:
    more = "statistics={bootstrap_resamples: 300}"
    told = rerun.snakemake("--dry-run", "--config", more).stdout
    assert "align: Configuration has changed: bootstrap_resamples (200, now 300)\n" in told
    assert not re.search(r"\brate\b", told), "the other settings of the study stand as they were"
    lists = rerun.snakemake("-n", "--config", "calibration={methods: [isotonic], folds: 3}").stdout
    assert "methods" in lists
    assert "folds (null, now 3)" in lists
    wrong = rerun.snakemake("--dry-run", "--config", "statistics={bootstrap_resamples: many}")
    assert '--config statistics.bootstrap_resamples: expected a whole number, found "many"' in (
        wrong.stdout + wrong.stderr
    )


@pytest.mark.parametrize("file", ["page.html", "page.zip"])
def test_snakemakes_own_report_has_captions_and_categories(finished: Project, file: str) -> None:
    done = finished.snakemake("--report", file)
    assert done.returncode == 0, done.stderr
    page = finished.folder / file
    if file.endswith(".zip"):
        with zipfile.ZipFile(page) as archive:
            assert "page/report.html" in archive.namelist()
            text = archive.read("page/report.html").decode()
    else:
        text = page.read_text(encoding="utf-8")
    page.unlink()
    for said in ("A table of the study", '"Figures"', '"Tables"', "Correlation with people"):
        assert said in text


# What runs again


def test_a_finished_study_has_nothing_to_do(finished: Project) -> None:
    assert finished.planned() == set()


def test_a_third_model_runs_its_own_jobs_and_what_depends_on_them(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-a", "model-b", "model-c"])
    assert rerun.planned() == rate_jobs(("model-c",), ("sheet", "asked")) | DRAWN


def test_a_removed_model_leaves_only_the_aggregation_to_do(rerun: Project) -> None:
    rerun.edit(SMALL, models=["model-b"])
    assert rerun.planned() == DRAWN


def test_the_load_on_a_server_matters_to_nothing(rerun: Project) -> None:
    rerun.edit("config/models/model-a.yaml", limits={"concurrency": 2, "timeout_s": 60})
    assert rerun.planned() == set()


def test_the_order_of_models_and_protocols_matters_to_pages_and_figures_alone(
    rerun: Project,
) -> None:
    rerun.edit(SMALL, models=["model-b", "model-a"], protocols=list(reversed(STUDY["protocols"])))
    assert rerun.planned() == PAGES | FIGURES


def test_a_new_title_of_the_study_concerns_only_its_pages(rerun: Project) -> None:
    rerun.edit(SMALL, title="Another title")
    assert rerun.planned() == PAGES


def test_one_prompt_changed_asks_only_the_protocols_that_use_it(rerun: Project) -> None:
    file = "config/prompts/instruction.yaml"
    rerun.edit(file, template=rerun.read(file)["template"] + " Take your time.")
    assert rerun.planned() == rate_jobs(("model-a", "model-b"), ("asked",)) | DRAWN


def test_more_resamples_concern_only_the_statistics(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "bootstrap_resamples": 300})
    assert rerun.planned() == STATISTICS | FIGURES | PAGES


def test_another_choice_of_methods_concerns_only_the_calibration(rerun: Project) -> None:
    rerun.edit(SMALL, calibration={"methods": ["isotonic"]})
    calibration = {
        ("calibrate", "dataset=vader"),
        ("draw_figures_vader", ""),
        ("review_calibration", ""),
        ("check_expectations", ""),
    }
    assert rerun.planned() == calibration | PAGES


def test_more_permutations_concern_only_the_structure_and_ways_of_asking(rerun: Project) -> None:
    rerun.edit(SMALL, statistics={**STUDY["statistics"], "permutations": 200})
    drawn = ("draw_figures_vader", "")
    assert rerun.planned() == {("compare_structure", ""), ("compare_forms", ""), drawn} | PAGES


def test_another_choice_of_figures_draws_those_of_the_datasets_it_concerns(rerun: Project) -> None:
    of_dataset = {("draw_figures_vader", "")}
    rerun.edit(SMALL, figures=["correlations", "spread", "means"])
    assert rerun.planned() == of_dataset | PAGES
    rerun.run()
    rerun.edit(SMALL, figures=["means", "spread", "correlations"])
    assert rerun.planned() == set(), "in whatever order they are named"
    rerun.edit(SMALL, figures=["means", "spread"])
    assert rerun.planned() == PAGES
    (rerun.results / "figures/vader/valence/means.png").unlink()
    assert rerun.planned() == of_dataset | PAGES


def with_participants(number: int) -> list[dict[str, object]]:
    """The protocols of the small study with so many participants."""
    sheet, asked = STUDY["protocols"]
    return [sheet | {"participants": number}, asked]


def test_more_participants_are_asked_by_the_protocol_that_has_them(rerun: Project) -> None:
    rerun.edit(SMALL, protocols=with_participants(6))
    assert rerun.planned() == rate_jobs(("model-a", "model-b"), ("sheet",)) | DRAWN


def test_a_job_that_failed_after_a_change_is_run_again(rerun: Project) -> None:
    """Snakemake alone takes the results of before for those of the change."""
    rerun.edit(SMALL, protocols=with_participants(6))
    journals = list((rerun.folder / "results/journal").rglob("sheet*.jsonl"))
    before = {journal: journal.read_bytes() for journal in journals}
    for journal, answers in before.items():
        journal.write_bytes(answers + b"no answer\n" * 20)
    failed = rerun.snakemake("ratings", "--keep-going")
    assert failed.returncode == 1
    assert "4 jobs failed:\nrate model-" in failed.stdout + failed.stderr
    for journal, answers in before.items():
        journal.write_bytes(answers)
    assert rate_jobs(("model-a", "model-b"), ("sheet",)) | DRAWN <= rerun.planned()


@pytest.fixture(scope="module")
def grown(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study with a third model and with more participants, run again."""
    project = finished.copied(tmp_path_factory.mktemp("grown") / "project")
    models = ("model-a", "model-b", "model-c")
    project.edit(SMALL, models=list(models), protocols=with_participants(6), figures=[])
    rated = rate_jobs(models, ("sheet",)) | rate_jobs(("model-c",), ("asked",))
    assert project.run() == rated | AGGREGATION
    return project


def test_a_third_model_writes_into_files_of_its_own(finished: Project, grown: Project) -> None:
    new = set(grown.journal()) - set(finished.journal())
    assert len(new) == 4
    assert all(path.startswith("model-c/") for path in new)


def test_more_participants_are_asked_without_asking_the_first_ones_again(
    finished: Project, grown: Project
) -> None:
    after = grown.journal()
    for path, before in finished.journal().items():
        assert after[path].startswith(before)
        lines = [orjson.loads(line) for line in after[path].splitlines()]
        keys = [(line["request_id"], line["participant"]) for line in lines]
        assert len(keys) == len(set(keys))
        added = len(keys) - len(before.splitlines())
        assert added == (6 * 2 if "/sheet." in path else 0)


def test_lost_results_come_back_from_the_journal_without_a_request(rerun: Project) -> None:
    before = rerun.journal()
    for ratings in (rerun.results / "ratings/model-a").rglob("*.parquet"):
        ratings.unlink()
    assert rate_jobs(("model-a",), ("sheet", "asked")) <= rerun.run("ratings")
    assert rerun.journal() == before


@pytest.mark.parametrize(
    ("deleted", "target", "made"),
    [
        (("ratings", "norms"), "ratings", "prepare_stimuli"),
        (("stimuli/vader.shards.json", "items"), "items", "aggregate_items"),
        (("stimuli/vader.parquet",), "stimuli", "prepare_stimuli"),
        (("stimuli/vader.shards.json",), "stimuli", "prepare_stimuli"),
        (("statistics/alignment.csv",), "statistics", "align"),
        (("figures",), "figures", "draw_figures_vader"),
    ],
)
def test_whatever_somebody_deletes_its_target_makes_anew(
    deleted: tuple[str, ...], target: str, made: str, rerun: Project
) -> None:
    for name in deleted:
        path = rerun.results / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert made in {rule for rule, _ in rerun.planned(target)}


def test_ratings_come_back_though_all_but_the_stimuli_was_deleted(rerun: Project) -> None:
    before = rerun.journal()
    for path in rerun.results.iterdir():
        if path.name != "stimuli":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert rate_jobs(("model-a", "model-b"), ("sheet", "asked")) <= rerun.run("ratings")
    assert rerun.journal() == before


def test_a_half_written_rating_file_is_told_and_comes_back_once_it_is_deleted(
    rerun: Project,
) -> None:
    broken = next((rerun.results / "ratings/model-a/sheet").rglob("*.parquet"))
    broken.write_bytes(broken.read_bytes()[:500])
    told = rerun.snakemake("items")
    message = told.stdout + told.stderr
    assert told.returncode != 0
    assert f"{broken.relative_to(rerun.folder)}: incomplete Parquet file" in message
    assert "Traceback" not in message
    broken.unlink()
    assert ("aggregate_items", "dataset=vader") in rerun.run("items")


def test_one_shard_gives_the_same_items_as_two_and_asks_for_nothing(rerun: Project) -> None:
    table = rerun.results / "items/vader.parquet"
    of_two, answers = table.read_bytes(), sum(map(len, rerun.journal().values()))
    rerun.edit(SMALL, shard_items=None)
    ran = rerun.run("items")
    assert ("aggregate_items", "dataset=vader") in ran
    assert not [job for job in ran if job[0] == "rate" and "shard=0001" in job[1]]
    assert table.read_bytes() == of_two
    assert sum(map(len, rerun.journal().values())) == answers
