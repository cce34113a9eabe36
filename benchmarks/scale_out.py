"""Large studies: aggregating ten million ratings, and planning two thousand jobs.

    PYTHONPATH=src .venv/bin/python benchmarks/scale_out.py [millions of ratings]

Aggregation is compared with a plain DuckDB group-by of the same files that makes no distributions,
joins no norms and writes nothing. Each runs in a process of its own, so that its memory is its own.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from emoalign.items.aggregation import aggregate
from emoalign.items.item_jobs import AggregationJob
from emoalign.study.scales import HumanScale
from emoalign.tables import NORMS, RATINGS, STIMULI
from in_snakemake import project, write

PARTICIPANTS = 20
ITEMS = 2_000
SHARDS = 4
THREADS = 2
NINE = HumanScale(min=1, max=9, direction="higher is better")
JOB = AggregationJob(dataset="words", scales={"valence": NINE, "arousal": NINE})
JOBS = 2_000

PLAIN = """
SELECT model, protocol, dataset, scale, readout, item_id, count(*), avg(rating), stddev_samp(rating)
FROM read_parquet($files) GROUP BY ALL
"""


def write_ratings(folder: Path, millions: float) -> list[Path]:
    """Rating files as jobs write them, of as many models as it takes."""
    rng = np.random.default_rng(1)
    per_shard = ITEMS // SHARDS * PARTICIPANTS
    files: list[Path] = []
    models = round(millions * 1e6 / (ITEMS * PARTICIPANTS * len(JOB.scales)))
    for model in range(models):
        for scale in JOB.scales:
            for shard in range(SHARDS):
                items = np.arange(shard * ITEMS // SHARDS, (shard + 1) * ITEMS // SHARDS)
                ratings = rng.integers(1, 10, per_shard).astype(float)
                ok = rng.random(per_shard) > 0.05
                rows = pd.DataFrame(
                    {
                        **dict.fromkeys(RATINGS.schema.names),
                        "model": f"model-{model:03d}",
                        "protocol": "zero-shot",
                        "dataset": "words",
                        "scale": scale,
                        "readout": "sampled",
                        "item_id": np.repeat([f"item-{item:05d}" for item in items], PARTICIPANTS),
                        "participant": np.tile(np.arange(PARTICIPANTS), len(items)),
                        "status": np.where(ok, "ok", "unparsable"),
                        "rating": np.where(ok, ratings, np.nan),
                        "text": ratings.astype(int).astype(str),
                        "request_id": np.repeat([f"{item:064x}" for item in items], PARTICIPANTS),
                        "prompt_tokens": 70,
                        "completion_tokens": 1,
                        "latency_s": rng.random(per_shard),
                    }
                )
                files.append(folder / f"{model:03d}-{scale}-{shard}.parquet")
                RATINGS.write(rows, files[-1])
    return files


def write_norms(path: Path) -> None:
    rows = [
        {"item_id": f"item-{item:05d}", "scale": scale, "mean": 5.0, "sd": 1.5, "n": 20}
        for item in range(ITEMS)
        for scale in JOB.scales
    ]
    NORMS.write(pd.DataFrame(rows).assign(ratings=None, labels=None, raters=None), path)


def write_stimuli(path: Path) -> None:
    ids = [f"item-{item:05d}" for item in range(ITEMS)]
    rows = dict.fromkeys(STIMULI.schema.names) | {"item_id": ids, "text": ids}
    STIMULI.write(pd.DataFrame(rows), path)


def plain(files: list[Path], norms: Path, stimuli: Path, output: Path) -> None:
    with duckdb.connect(config={"threads": THREADS}) as database:
        database.execute(PLAIN, {"files": [str(path) for path in files]}).fetchall()


def ours(files: list[Path], norms: Path, stimuli: Path, output: Path) -> None:
    aggregate(JOB, files, norms, stimuli, output, threads=THREADS)


def measured(work: Callable[..., None], *arguments: object) -> tuple[float, float]:
    """Seconds, and the most memory in MiB, of work in a new process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_measure, (work, arguments))


def _measure(work: Callable[..., None], arguments: tuple[object, ...]) -> tuple[float, float]:
    started = time.perf_counter()
    work(*arguments)
    seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def dry_run(folder: Path) -> tuple[int, float]:
    """Jobs and seconds of a dry run of a study with about JOBS jobs."""
    project(folder)
    study = {
        "study": "large",
        "title": "Large",
        "seed": 1,
        "models": ["smollm2-135m"],
        "datasets": [{"dataset": "vader", "sample": 2_000}],
        "protocols": [
            {"name": f"wave-{wave}", "prompts": "instruction", "wave": wave}
            for wave in range(1, 21)
        ],
        "shard_items": 20,
    }
    write(folder / "large.yaml", study)
    command = [sys.executable, "-m", "snakemake", "--cores", "2"]
    with_study = ["--configfile", "large.yaml"]
    subprocess.run([*command, "stimuli", *with_study], cwd=folder, check=True, capture_output=True)
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--dry-run", "--quiet", "rules", *with_study],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    jobs = re.search(r"Study large, ([\d,]+) jobs", done.stdout + done.stderr)
    assert jobs is not None, done.stderr
    return int(jobs[1].replace(",", "")), seconds


def main() -> None:
    millions = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = write_ratings(folder, millions)
        norms, stimuli = folder / "norms.parquet", folder / "stimuli.parquet"
        write_norms(norms)
        write_stimuli(stimuli)
        print(f"{millions:g} million ratings in {len(files)} files", flush=True)
        baseline, baseline_mib = min(
            measured(plain, files, norms, stimuli, folder) for _ in range(2)
        )
        print(f"plain group-by: {baseline:.1f} s, {baseline_mib:.0f} MiB", flush=True)
        seconds, mib = min(
            measured(ours, files, norms, stimuli, folder / "items.parquet") for _ in range(2)
        )
        print(f"item table: {seconds:.1f} s, {mib:.0f} MiB", flush=True)
    with tempfile.TemporaryDirectory() as name:
        jobs, planning = dry_run(Path(name))
        print(f"dry run of {jobs} jobs: {planning:.1f} s")
    print(f"{seconds / baseline:.2f} times the group-by")


if __name__ == "__main__":
    main()
