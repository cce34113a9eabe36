"""What a run leaves behind."""

from __future__ import annotations

import os
import re
import subprocess
import sys

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
from tests.kit.jobs import AGGREGATION, FIGURES
from tests.kit.project import ROOT, Project
from tests.kit.waiting import HANGS_S


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
    assert len(distributions) == 2 * (2 + 1) * 4 * 10
    assert distributions.loc[distributions["stratum"] == "all", "human_halves"].notna().all()
    assert len(ENTROPY.read(results / "statistics/entropy.parquet")) == 2 * (2 + 1)
    contrasts = DISTRIBUTION_CONTRASTS.read(results / DISTRIBUTION_CONTRASTS.path)
    assert len(contrasts) == ((2 + 1) + 2) * 2
    for table in (FRAMEWORK, STRUCTURE, AROUSAL, RESIDUALS, CATEGORIES):
        assert table.read(results / table.path).empty
    alignment = ALIGNMENT.read(results / "statistics/alignment.parquet")
    csv = pd.read_csv(results / "statistics/alignment.csv")
    assert list(csv.columns[:8]) == [
        "model",
        "protocol",
        "dataset",
        "scale",
        "readout",
        "n_items",
        "n_items_excluded",
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
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!data:image/png|#)""", markup)
    assert "default-src 'none'" in page
    assert "model-a-Instruct (Q4_1) rated 12 words of VADER lexicon for valence" in page
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
    assert len(logs) == 1 + 8 + len(AGGREGATION | FIGURES)


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
    assert "broken.yaml, line 3, column 1: not valid YAML: found duplicate key" in told
    assert "config/studies/broken.yaml: protocol: unknown key; did you mean 'protocols'?" in told
    assert "there is no config/models/model-z.yaml; did you mean 'model-" in told
    assert "there is no config/prompts/rating-shet.yaml; did you mean 'rating-sheet'?" in told
    assert "datasets.0.sample: Input should be a valid integer" in told
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
